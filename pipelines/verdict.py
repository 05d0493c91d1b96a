"""Judges what a page is to what is known: a new article, a revision of one, or the same as before.

Pure: finding the known article, and writing, is `pipelines.store.articles`' part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from pipelines.identity import paragraphs, spaced
from pipelines.materiality import is_cosmetic, names_cosmetic
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
    """Seen, and now different in these fields: names of `Known`, at least one.

    Without `material` it is cosmetic: the article says the same, as `pipelines.materiality` tells it.
    """

    changed: tuple[str, ...]
    material: bool


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
    language = extraction.language.value if extraction.language else None
    before = _Seen(known.title, known.standfirst, known.authors, known.published, known.modified, known.text)
    now = _Seen(
        extraction.title.value if extraction.title else None,
        extraction.standfirst.value if extraction.standfirst else None,
        extraction.authors.value if extraction.authors else (),
        extraction.published.value.isoformat() if extraction.published else None,
        extraction.modified.value.isoformat() if extraction.modified else None,
        extraction.text,
    )
    changed = tuple(
        name for name in _Seen._fields if _read(name, getattr(before, name)) != _read(name, getattr(now, name))
    )
    # Hashes of other releases differ for other reasons: the modification date alone is none, whatever they say.
    if set(changed) <= {"modified"}:
        return Unchanged()
    return Revision(changed=changed, material=any(_material(name, before, now, language) for name in changed))


class _Seen(NamedTuple):
    """What a reader sees of an article; the fields that a revision may change, in the order in which they are told."""

    title: str | None
    standfirst: str | None
    authors: tuple[str, ...]
    published: str | None
    modified: str | None
    text: str


def _read(name: str, value: str | tuple[str, ...] | None) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(map(spaced, value))
    return paragraphs(value or "") if name == "text" else spaced(value or "")


def _material(name: str, before: _Seen, now: _Seen, language: str | None) -> bool:
    """Whether what changed in this field is material; a modification date never is: it only says that something is."""
    if name in ("published", "modified"):
        return name == "published"
    if name == "authors":
        return not names_cosmetic(before.authors, now.authors, language)
    return not is_cosmetic(getattr(before, name) or "", getattr(now, name) or "", language)
