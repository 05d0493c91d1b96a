"""One revision's rows: its text and fields with their provenance, what was removed, whom it credits.

Whether there is a new revision is decided before, by `pipelines.verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
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


async def write_revision(
    connection: Connection,
    id_: UUID,
    reason: Reason,
    ingested: Ingested,
    *,
    reading: Reading,
    capture_sha256: bytes,
    now: datetime,
) -> None:
    """Write a revision with its removed blocks and attributions; `capture_sha256` names the bytes it was read from."""
    number = reason.number
    extraction = ingested.extraction
    published, modified = _value(extraction.published), _value(extraction.modified)
    await connection.execute(
        """
        INSERT INTO aiwire.revision (article_id, number, reason, changed, title, standfirst, byline, authors,
            published_at, published_precision, published, modified_at, modified_precision, modified, language,
            section, image, paywalled, text, relevant, relevance_score, relevance_why, provenance, content_hash,
            capture_sha256, seen_at, rights, markdown, second_opinion, rules, material, cleaned)
        VALUES (%(id)s, %(number)s, %(reason)s, %(changed)s, %(title)s, %(standfirst)s, %(byline)s, %(authors)s,
            %(published_at)s, %(published_precision)s, %(published)s, %(modified_at)s, %(modified_precision)s,
            %(modified)s, %(language)s, %(section)s, %(image)s, %(paywalled)s, %(text)s, %(relevant)s, %(score)s,
            %(why)s, %(provenance)s, %(hash)s, %(sha256)s, %(now)s, %(rights)s, %(markdown)s, %(second)s, %(rules)s,
            %(material)s, %(cleaned)s)
        """,
        {
            "id": id_,
            "number": number,
            "reason": reason.why,
            "changed": list(reason.changed),
            "title": _value(extraction.title) or "",
            "standfirst": _value(extraction.standfirst),
            "byline": _value(extraction.byline),
            "authors": list(_value(extraction.authors) or ()),
            "published_at": published.utc if published else None,
            "published_precision": published.precision if published else None,
            "published": published.isoformat() if published else None,
            "modified_at": modified.utc if modified else None,
            "modified_precision": modified.precision if modified else None,
            "modified": modified.isoformat() if modified else None,
            "language": _value(extraction.language),
            "section": _value(extraction.section),
            "image": _value(extraction.image),
            "paywalled": bool(_value(extraction.paywalled)),
            "text": extraction.text,
            "relevant": ingested.relevance.relevant,
            "score": ingested.relevance.score,
            "why": list(ingested.relevance.why),
            "provenance": Jsonb(_provenance(extraction)),
            "hash": ingested.content_hash,
            "sha256": capture_sha256,
            "now": now,
            "rights": _value(extraction.rights),
            "markdown": extraction.markdown if reading.markdown else None,
            "second": extraction.second_opinion,
            "rules": reading.rules,
            "material": reason.material,
            "cleaned": list(getattr(ingested, "cleaned", ())),
        },
    )
    if extraction.removed:
        await connection.execute(
            """
            INSERT INTO aiwire.removed_block (article_id, revision, ordinal, position, text, reason, rule)
            SELECT %s, %s, ordinality - 1, position, text, reason, rule
            FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS b (position, text, reason, rule, ordinality)
            """,
            (
                id_,
                number,
                [block.position for block in extraction.removed],
                [block.text for block in extraction.removed],
                [block.reason for block in extraction.removed],
                [block.rule for block in extraction.removed],
            ),
        )
    if ingested.attributions:
        await connection.execute(
            """
            INSERT INTO aiwire.attribution (article_id, revision, ordinal, credited, form, evidence, confidence)
            SELECT %s, %s, ordinality - 1, credited, form, evidence, confidence
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::real[])
                 WITH ORDINALITY AS t (credited, form, evidence, confidence, ordinality)
            """,
            (
                id_,
                number,
                [found.credited for found in ingested.attributions],
                [found.form for found in ingested.attributions],
                [found.evidence for found in ingested.attributions],
                [found.confidence for found in ingested.attributions],
            ),
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
