"""What saved pages of one site repeat, learned from all of them before any is cleaned: `aiwire extract --batch --learn`.

When a block is boilerplate is judged by `pipelines.repetition`, as for the daemon; reading pages is `crawler.batch`'s part.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crawler.settings import Settings
from pipelines import repetition
from pipelines.errors import ParseError
from pipelines.identity import canonical_url, host_of, registrable_domain, trusted_canonical
from pipelines.records import Extraction, SeenBlock
from pipelines.repetition import Limits, Sighting

_PAGES_MOST = 100  # that are remembered for a block, to find reprints


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one page tells of its site: who that is, which article it is, and its blocks."""

    site: str
    article: str
    blocks: tuple[SeenBlock, ...]


def limits_of(settings: Settings) -> Limits:
    """When a block of text counts as repeated in this installation."""
    return Limits(
        articles=settings.repetition_articles, share=settings.repetition_share, window=settings.repetition_window
    )


def lesson_of(extraction: Extraction, outlet: str | None) -> Lesson | None:
    """None where nobody knows whose page it is: by the outlet's name, else by the registrable domain of its address."""
    try:
        address = canonical_url(extraction.url)
        site = outlet or registrable_domain(host_of(address))
    except ParseError:
        if outlet is None:
            return None
        address, site = "", outlet
    article = (trusted_canonical(address, extraction.canonical_url) if address else None) or address
    return Lesson(site=site, article=article, blocks=repetition.seen_blocks(extraction))


@dataclass(slots=True)
class _Site:
    """Flat arrays, twelve bytes a block: `ends` has for each page where its blocks end."""

    pages: array[int] = field(default_factory=lambda: array("Q"))
    articles: list[bytes] = field(default_factory=list)
    ends: array[int] = field(default_factory=lambda: array("Q"))
    prints: array[int] = field(default_factory=lambda: array("Q"))
    weights: array[int] = field(default_factory=lambda: array("I"))


class Lessons:
    """What all pages told. Of texts only fingerprints are held, some 400 bytes a page."""

    def __init__(self) -> None:
        self._sites: dict[str, _Site] = {}

    def add(self, page: int, lesson: Lesson) -> None:
        """`page` is a number that names it; they come in rising order."""
        site = self._sites.setdefault(lesson.site, _Site())
        site.pages.append(page)
        site.articles.append(
            hashlib.blake2b(lesson.article.encode(), digest_size=8).digest() if lesson.article else b""
        )
        site.prints.extend(int.from_bytes(block.fingerprint) for block in lesson.blocks)
        site.weights.extend(block.weight for block in lesson.blocks)
        site.ends.append(len(site.prints))

    def repeated(self, limits: Limits) -> dict[int, frozenset[bytes]]:
        """For each page in which such a block stands: all blocks that its site repeats."""
        found: dict[int, frozenset[bytes]] = {}
        for site in self._sites.values():
            learned = frozenset(_learned(site, limits))
            if learned:
                for page, blocks in zip(site.pages, _blocks(site), strict=True):
                    if any(block.fingerprint in learned for block in blocks):
                        found[page] = learned
        return found


def _learned(site: _Site, limits: Limits) -> Iterator[bytes]:
    articles = _articles(site)
    counts = Counter(block.fingerprint for blocks in articles for block in blocks)
    recurring = {fingerprint for fingerprint, n in counts.items() if n > 1}
    heads: Counter[bytes] = Counter()
    tails: Counter[bytes] = Counter()
    weights: dict[bytes, int] = {}
    for blocks in articles:
        head, tail = repetition.outer(blocks, recurring)
        heads.update(head)
        tails.update(tail)
        weights.update((block.fingerprint, block.weight) for block in blocks if block.fingerprint in recurring)
    for fingerprint in recurring:
        sighting = Sighting(
            articles=counts[fingerprint],
            heads=heads[fingerprint],
            tails=tails[fingerprint],
            chances=len(articles),
            weight=weights[fingerprint],
        )
        if repetition.repeated(sighting, limits):
            yield fingerprint


def _articles(site: _Site) -> list[Sequence[SeenBlock]]:
    """The blocks of each article, once an article: under however many addresses, however often it was saved."""
    pages = Counter(site.prints)
    seen_in: dict[bytes, list[int]] = {}
    addresses: set[bytes] = set()
    found: list[Sequence[SeenBlock]] = []
    for n, (address, blocks) in enumerate(zip(site.articles, _blocks(site), strict=True)):
        if (address and address in addresses) or repetition.twin(blocks, seen_in) is not None:
            continue
        addresses.add(address)
        found.append(blocks)
        for block in blocks:
            if pages[int.from_bytes(block.fingerprint)] > 1:
                others = seen_in.setdefault(block.fingerprint, [])
                if len(others) < _PAGES_MOST:
                    others.append(n)
    return found


def _blocks(site: _Site) -> Iterator[Sequence[SeenBlock]]:
    start = 0
    for end in site.ends:
        yield [SeenBlock(site.prints[n].to_bytes(8), "", site.weights[n], kept=True) for n in range(start, end)]
        start = end
