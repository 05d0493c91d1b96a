"""Judges what a page is to what is known: a new article, a revision of one, or the same as before.

Pure: finding the known article, and writing, is `pipelines.store.articles`' part.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pipelines.identity import spaced
from pipelines.records import Ingested


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An article as its current revision has it; `published` and `modified` as `When.isoformat()` wrote them.

    `rules` is the `pipelines.rules_version` by which it was read, None where nobody noted it.
    """

    article_id: UUID
    url: str
    revision: int
    content_hash: bytes
    title: str
    standfirst: str | None
    authors: tuple[str, ...]
    published: str | None
    modified: str | None
    text: str
    rules: bytes | None = None


@dataclass(frozen=True, slots=True)
class New:
    """Never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Seen, and now different in these fields: names of `Known`, at least one."""

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Seen, and the same to a reader."""


Verdict = New | Revision | Unchanged


def judge(known: Known | None, ingested: Ingested) -> Verdict:
    """What the page is to what is known; never a revision in which a reader would find nothing changed."""
    if known is None:
        return New()
    if known.content_hash == ingested.content_hash:
        return Unchanged()
    extraction = ingested.extraction
    now: dict[str, str | tuple[str, ...]] = {
        "title": extraction.title.value if extraction.title else "",
        "standfirst": extraction.standfirst.value if extraction.standfirst else "",
        "authors": extraction.authors.value if extraction.authors else (),
        "published": extraction.published.value.isoformat() if extraction.published else "",
        "modified": extraction.modified.value.isoformat() if extraction.modified else "",
        "text": extraction.text,
    }
    changed = tuple(name for name, value in now.items() if _seen(value or "") != _seen(getattr(known, name) or ""))
    return Revision(changed=changed) if changed else Unchanged()


def _seen(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(spaced, (value,) if isinstance(value, str) else value))
