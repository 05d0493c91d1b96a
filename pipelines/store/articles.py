"""Articles and their revisions: finds the article that a page is, and writes what differs, in one transaction.

Whether a page is a new article or a revision is judged by `pipelines.verdict`; what a page says, by `pipelines.ingest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pipelines import verdict
from pipelines.identity import article_id, canonical_url, same_article, trusted_canonical
from pipelines.records import Extraction, Field, Ingested, When
from pipelines.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a page: `brought_by_other` is true where another entry had already brought its article."""

    article_id: UUID
    url: str
    revision: int
    new: bool
    revised: bool
    brought_by_other: bool


async def store(
    connection: Connection,
    *,
    outlet: str,
    ingested: Ingested,
    claimed_key: str,
    guid: str | None,
    capture_sha256: bytes,
    now: datetime,
) -> Stored:
    """Write an article's first or next revision, or nothing where it is unchanged.

    `claimed_key` is the canonical form of the URL that the source gave; the page's own URL differs after a redirect.
    """
    # Two hosts of one outlet may bring the same article at once; within an outlet identity is decided one by one.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"article:{outlet}",))
    extraction = ingested.extraction
    fetched = canonical_url(extraction.url)
    present = trusted_canonical(extraction.url, extraction.canonical_url) or fetched
    own = list(dict.fromkeys([fetched, claimed_key]))
    known = await _known(connection, outlet, own, present, guid, extraction)
    if known is None:
        url = present if await _is_free(connection, outlet, present) else fetched
    else:
        url = present
    judged = verdict.judge(known, ingested)
    id_ = known.article_id if known else article_id(outlet, url)
    brought = known is not None and not await _knows(connection, outlet, claimed_key, id_)
    revision = 1 if known is None else known.revision
    if isinstance(judged, verdict.New):
        await connection.execute(
            """
            INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
            VALUES (%s, %s, %s, 1, %s, %s, %s)
            """,
            (id_, outlet, url, ingested.content_hash, now, now),
        )
        await _write_revision(connection, id_, 1, "first", (), ingested, capture_sha256, now)
    elif isinstance(judged, verdict.Revision):
        revision += 1
        await connection.execute(
            "UPDATE aiwire.article SET revision = %s, content_hash = %s, changed_at = %s, url = %s WHERE id = %s",
            (revision, ingested.content_hash, now, url, id_),
        )
        await _write_revision(
            connection, id_, revision, "publisher_edit", judged.changed, ingested, capture_sha256, now
        )
    elif known is not None and known.url != url:
        await connection.execute("UPDATE aiwire.article SET url = %s WHERE id = %s", (url, id_))
    await _remember(connection, outlet, id_, [*own, url], guid)
    return Stored(
        article_id=id_,
        url=url,
        revision=revision,
        new=isinstance(judged, verdict.New),
        revised=isinstance(judged, verdict.Revision),
        brought_by_other=brought,
    )


async def _known(
    connection: Connection, outlet: str, own: list[str], canonical: str, guid: str | None, extraction: Extraction
) -> verdict.Known | None:
    """The article that this page is. Its own URLs decide; a canonical URL or guid only where the texts agree.

    Outlets are seen that give every page the same rel=canonical, or reuse guids: believed blindly, they would make
    one article of many.
    """
    cursor = await connection.execute(
        """
        SELECT u.kind, u.value, a.id, a.url, a.revision, a.content_hash, r.title, r.standfirst, r.authors,
               r.published, r.modified, r.text
        FROM aiwire.article_url u
        JOIN aiwire.article a ON a.id = u.article_id
        JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision
        WHERE u.outlet = %s AND ((u.kind = 'url' AND u.value = ANY(%s)) OR (u.kind = 'guid' AND u.value = %s))
        """,
        (outlet, [*own, canonical], guid),
    )
    rows = await cursor.fetchall()
    candidates = {(row[0], row[1]): _known_from(row) for row in rows}
    for url in own:
        if found := candidates.get(("url", url)):
            return found
    title = extraction.title.value if extraction.title else ""
    for key in (("url", canonical), ("guid", guid or "")):
        found = candidates.get(key)
        if found is not None and same_article(found.title, found.text, title, extraction.text):
            return found
    return None


def _known_from(row: tuple[Any, ...]) -> verdict.Known:
    _, _, id_, url, revision, content_hash, title, standfirst, authors, published, modified, text = row
    return verdict.Known(
        article_id=id_,
        url=url,
        revision=revision,
        content_hash=content_hash,
        title=title,
        standfirst=standfirst,
        authors=tuple(authors),
        published=published,
        modified=modified,
        text=text,
    )


async def _is_free(connection: Connection, outlet: str, url: str) -> bool:
    cursor = await connection.execute(
        "SELECT 1 FROM aiwire.article_url WHERE outlet = %s AND kind = 'url' AND value = %s", (outlet, url)
    )
    return await cursor.fetchone() is None


async def _knows(connection: Connection, outlet: str, url: str, id_: UUID) -> bool:
    cursor = await connection.execute(
        "SELECT 1 FROM aiwire.article_url WHERE outlet = %s AND kind = 'url' AND value = %s AND article_id = %s",
        (outlet, url, id_),
    )
    return await cursor.fetchone() is not None


async def _remember(connection: Connection, outlet: str, id_: UUID, urls: list[str], guid: str | None) -> None:
    keys = [("url", url) for url in dict.fromkeys(urls)] + ([("guid", guid)] if guid else [])
    await connection.execute(
        """
        INSERT INTO aiwire.article_url (outlet, kind, value, article_id)
        SELECT %s, kind, value, %s FROM unnest(%s::text[], %s::text[]) AS k (kind, value) ON CONFLICT DO NOTHING
        """,
        (outlet, id_, [kind for kind, _ in keys], [value for _, value in keys]),
    )


async def _write_revision(
    connection: Connection,
    id_: UUID,
    number: int,
    reason: str,
    changed: tuple[str, ...],
    ingested: Ingested,
    capture_sha256: bytes,
    now: datetime,
) -> None:
    extraction = ingested.extraction
    published, modified = _value(extraction.published), _value(extraction.modified)
    await connection.execute(
        """
        INSERT INTO aiwire.revision (article_id, number, reason, changed, title, standfirst, byline, authors,
            published_at, published_precision, published, modified_at, modified_precision, modified, language,
            section, image, paywalled, text, relevant, relevance_score, relevance_why, provenance, content_hash,
            capture_sha256, seen_at)
        VALUES (%(id)s, %(number)s, %(reason)s, %(changed)s, %(title)s, %(standfirst)s, %(byline)s, %(authors)s,
            %(published_at)s, %(published_precision)s, %(published)s, %(modified_at)s, %(modified_precision)s,
            %(modified)s, %(language)s, %(section)s, %(image)s, %(paywalled)s, %(text)s, %(relevant)s, %(score)s,
            %(why)s, %(provenance)s, %(hash)s, %(sha256)s, %(now)s)
        """,
        {
            "id": id_,
            "number": number,
            "reason": reason,
            "changed": list(changed),
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
            "paywalled": extraction.paywalled,
            "text": extraction.text,
            "relevant": ingested.relevance.relevant,
            "score": ingested.relevance.score,
            "why": list(ingested.relevance.why),
            "provenance": Jsonb(_provenance(extraction)),
            "hash": ingested.content_hash,
            "sha256": capture_sha256,
            "now": now,
        },
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO aiwire.removed_block (article_id, revision, ordinal, position, text, reason, rule)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (id_, number, ordinal, block.position, block.text, block.reason, block.rule)
                for ordinal, block in enumerate(extraction.removed)
            ],
        )
        await cursor.executemany(
            """
            INSERT INTO aiwire.attribution (article_id, revision, ordinal, credited, form, evidence, confidence)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (id_, number, ordinal, found.credited, found.form, found.evidence, found.confidence)
                for ordinal, found in enumerate(ingested.attributions)
            ],
        )


_FIELDS = ("title", "standfirst", "byline", "authors", "published", "modified", "language", "section", "image")


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
