"""One revision's rows: its text and fields with their provenance, what was removed, whom it credits.

Whether there is a new revision is decided before, by `pipelines.verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pipelines.records import Extraction, Field, Ingested, When
from pipelines.repetition import Limits
from pipelines.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a page was read, and what of it is to be stored.

    `rules` is its `pipelines.rules_version`; `repeated` what was taken out as repeated, `shared` what must not be (both
    `identity.block_fingerprint`s).
    """

    rules: bytes = b""
    repeated: frozenset[bytes] = frozenset()
    shared: frozenset[bytes] = frozenset()
    limits: Limits = field(default_factory=Limits)
    markdown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a revision exists: `first`, `publisher_edit` or `re_extraction`, and the fields that changed.

    `material` says of a publisher's edit whether it is more than cosmetic.
    """

    number: int
    why: str
    changed: tuple[str, ...] = ()
    material: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A revision that is to be written; `capture_sha256` names the bytes it was read from."""

    article_id: UUID
    reason: Reason
    ingested: Ingested
    reading: Reading
    capture_sha256: bytes
    now: datetime


async def write_revisions(connection: Connection, revisions: Sequence[Written]) -> None:
    """Write revisions with their removed blocks and attributions."""
    await _copy(connection, "revision", _COLUMNS, map(_row, revisions))
    await _copy(
        connection,
        "removed_block",
        ("article_id", "revision", "ordinal", "position", "text", "reason", "rule"),
        (
            (one.article_id, one.reason.number, ordinal, block.position, block.text, block.reason, block.rule)
            for one in revisions
            for ordinal, block in enumerate(one.ingested.extraction.removed)
        ),
    )
    await _copy(
        connection,
        "attribution",
        ("article_id", "revision", "ordinal", "credited", "form", "evidence", "confidence"),
        (
            (one.article_id, one.reason.number, ordinal, found.credited, found.form, found.evidence, found.confidence)
            for one in revisions
            for ordinal, found in enumerate(one.ingested.attributions)
        ),
    )


async def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY: at this many columns a row costs a third of an INSERT's."""
    first = next(waiting := iter(rows), None)
    if first is None:
        return
    statement = f"COPY aiwire.{table} ({', '.join(columns)}) FROM STDIN"
    async with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in chain((first,), waiting):
            await copy.write_row(row)


_COLUMNS = (
    "article_id", "number", "reason", "changed", "material", "title", "standfirst", "byline", "authors", "published_at",
    "published_precision", "published", "modified_at", "modified_precision", "modified", "language", "section", "image",
    "paywalled", "text", "relevant", "relevance_score", "relevance_why", "provenance", "content_hash", "capture_sha256",
    "seen_at", "rights", "markdown", "second_opinion", "rules", "cleaned",
)  # fmt: skip


def _row(one: Written) -> tuple[Any, ...]:
    """The values of _COLUMNS."""
    extraction, relevance = one.ingested.extraction, one.ingested.relevance
    published, modified = _value(extraction.published), _value(extraction.modified)
    return (
        one.article_id,
        one.reason.number,
        one.reason.why,
        list(one.reason.changed),
        one.reason.material,
        _value(extraction.title) or "",
        _value(extraction.standfirst),
        _value(extraction.byline),
        list(_value(extraction.authors) or ()),
        published.utc if published else None,
        published.precision if published else None,
        published.isoformat() if published else None,
        modified.utc if modified else None,
        modified.precision if modified else None,
        modified.isoformat() if modified else None,
        _value(extraction.language),
        _value(extraction.section),
        _value(extraction.image),
        bool(_value(extraction.paywalled)),
        extraction.text,
        relevance.relevant,
        relevance.score,
        list(relevance.why),
        Jsonb(_provenance(extraction)),
        one.ingested.content_hash,
        one.capture_sha256,
        one.now,
        _value(extraction.rights),
        extraction.markdown if one.reading.markdown else None,
        extraction.second_opinion,
        one.reading.rules,
        list(one.ingested.cleaned),
    )


def published_at(extraction: Extraction) -> datetime | None:
    """The instant of publication as it stands in the row; UTC."""
    when = _value(extraction.published)
    return when.utc if when else None


_FIELDS = (
    "title", "standfirst", "byline", "authors", "published", "modified", "language", "section", "image", "paywalled", "rights",
)  # fmt: skip


def _provenance(extraction: Extraction) -> dict[str, object]:
    """For each field that has a value: where it was read, what other places said, and an assumed zone."""
    told: dict[str, object] = {}
    for name in _FIELDS:
        field: Field[Any] | None = getattr(extraction, name)
        if field is None:
            continue
        said: dict[str, object] = {"origin": field.origin}
        if field.disagreeing:
            said["disagreeing"] = [{"origin": origin, "value": value} for origin, value in field.disagreeing]
        if isinstance(field.value, When) and field.value.zone_assumed:
            said["zone_assumed"] = True
        told[name] = said
    return told


def _value(field: Field[Any] | None) -> Any:
    return None if field is None else field.value
