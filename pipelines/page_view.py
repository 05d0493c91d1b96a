"""A page as those see it who say what it is: its text, headlines and words, each computed when it is first asked for.

What they conclude stands in `pipelines.page_kinds` and `pipelines.walls`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pipelines.blocks import INSIDE, Block
from pipelines.jsonld import address_of
from pipelines.length import weight
from pipelines.records import Metadata

STUB = 500
"""Characters of text beside what a page is there for, at most."""
_SITE = re.compile(r"\s+[|–—•·:-]\s+")
_LD_TYPE = re.compile(r"\"@type\"\s*:\s*\[?\s*\"(\w{1,40})\"")


class Kind(StrEnum):
    """The kinds of pages that are none; each is the code of an ExtractError and an entry's reason."""

    CONSENT_WALL = "consent_wall"
    PAYWALL_TEASER = "paywall_teaser"
    ERROR_PAGE = "error_page"
    """Answered with status 200, and says that there is nothing."""
    CHALLENGE_PAGE = "challenge_page"
    """A firewall wants proof that its reader is human, or refuses."""
    VIDEO_STUB = "video_stub"
    GALLERY_STUB = "gallery_stub"
    INDEX_PAGE = "index_page"
    LIVE_BLOG = "live_blog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a page is, and the sentence that says why."""

    kind: Kind
    evidence: str


class SeenPage:
    """What several looks ask of one page, computed when first asked."""

    def __init__(
        self,
        tree: Any,
        *,
        url: str,
        article: dict[str, Any],
        fields: Metadata,
        blocks: Sequence[Block],
        text: str,
    ) -> None:
        self.tree, self.url, self.article, self.fields, self.blocks = tree, url, article, fields, blocks
        self.lines = [line for line in text.split("\n") if line]
        self.weight = weight(text)
        self.path = urlsplit(url).path or "/"

    @cached_property
    def kept(self) -> list[Block]:
        """The blocks of which the text consists."""
        lines = set(self.lines)
        return [block for block in self.blocks if block.text in lines]

    @cached_property
    def prose(self) -> int:
        """Characters of the text that no link holds."""
        return max(0, self.weight - sum(block.linked for block in self.kept if block.linked * 2 > len(block.text)))

    @cached_property
    def own(self) -> bool:
        """Whether the JSON-LD describes an article that is this page's, not one that it links to."""
        if not self.article:
            return False
        address = address_of(self.article)
        if address is None or not (self.url or self.fields.canonical_url):
            return True
        return _bare(address) in (_bare(self.url), _bare(self.fields.canonical_url or self.url))

    @cached_property
    def og_type(self) -> str:
        metas = (meta for meta in self.tree.iter("meta") if meta.get("property") == "og:type")
        return next((meta.get("content") or "" for meta in metas), "").strip().lower()

    @cached_property
    def heads(self) -> list[str]:
        """Its title and its headlines, each without what follows a bar or dash."""
        title = self.tree.findtext(".//title") or ""
        names = [title, *(block.text for block in self.blocks[:400] if block.tag in ("h1", "h2"))][:8]
        return [part for name in names for part in (name[:120], *_SITE.split(name[:120])[:2]) if part.strip()]

    @cached_property
    def types(self) -> set[str]:
        """All that its JSON-LD names as a type."""
        return {
            name
            for script in self.tree.iter("script")
            if "ld+json" in (script.get("type") or "")
            for name in _LD_TYPE.findall((script.text or "")[:100_000])
        }

    @cached_property
    def spoken(self) -> Spoken:
        return Spoken([block for block in self.blocks if not block.inside & INSIDE["hidden"]][:3_000])


class Spoken:
    """The visible blocks as one text in which many phrases are looked for at once."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = [block for block in blocks if len(block.text) <= 1_200]
        texts = [block.text.casefold() for block in self.blocks]
        self._text = "\n".join(["", *texts, ""])

    def find(self, phrases: Sequence[str]) -> Iterator[tuple[int, str]]:
        """The number of the first block, from 0, that holds a phrase, and the phrase; for each that occurs.

        A phrase between line ends is a block of its own.
        """
        for phrase in phrases:
            at = self._text.find(phrase)
            if at >= 0:
                yield max(0, self._text.count("\n", 0, at) - 1), phrase


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}"
