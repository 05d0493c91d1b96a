"""Judges what a page is to what is known: a new article, a revision of one, or the same as before.

Pure: finding the known article, and writing, is `pipelines.store.articles`' part.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pipelines.records import Ingested


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An article as its current revision has it; `published` and `modified` as `When.isoformat()` wrote them."""

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


@dataclass(frozen=True, slots=True)
class New:
    """Never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Seen, and now different in these fields."""

    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Seen, and the same to a reader."""


Verdict = New | Revision | Unchanged


def judge(known: Known | None, ingested: Ingested) -> Verdict:
    """What the page is to what is known."""
    if known is None:
        return New()
    if known.content_hash == ingested.content_hash:
        return Unchanged()
    extraction = ingested.extraction
    now = {
        "title": extraction.title.value if extraction.title else "",
        "standfirst": extraction.standfirst.value if extraction.standfirst else None,
        "authors": extraction.authors.value if extraction.authors else (),
        "published": extraction.published.value.isoformat() if extraction.published else None,
        "modified": extraction.modified.value.isoformat() if extraction.modified else None,
        "text": extraction.text,
    }
    return Revision(changed=tuple(name for name, value in now.items() if value != getattr(known, name)))
