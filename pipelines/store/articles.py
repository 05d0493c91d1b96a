"""Articles: finds the article that a page is, and writes what differs, in one transaction.

Whether a page is a new article or a revision is judged by `pipelines.verdict`; a revision's rows are written by
`pipelines.store.revisions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pipelines import verdict
from pipelines.identity import article_id, canonical_url, same_article, trusted_canonical
from pipelines.records import Extraction, Ingested
from pipelines.store.database import Connection
from pipelines.store.revisions import Reason, write_revision


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
    known = await _known(connection, outlet, extraction, own=own, canonical=present, guid=guid)
    # A canonical URL that another article holds is not this one's.
    holder = await _holder(connection, outlet, present)
    url = present if holder is None or (known is not None and holder == known.article_id) else fetched
    judged = verdict.judge(known, ingested)
    id_ = known.article_id if known else article_id(outlet, url)
    brought = known is not None and await _holder(connection, outlet, claimed_key) != id_
    revision = 1 if known is None else known.revision
    if isinstance(judged, verdict.New):
        await connection.execute(
            """
            INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
            VALUES (%s, %s, %s, 1, %s, %s, %s)
            """,
            (id_, outlet, url, ingested.content_hash, now, now),
        )
        first = Reason(number=1, why="first")
        await write_revision(connection, id_, first, ingested, capture_sha256=capture_sha256, now=now)
    elif isinstance(judged, verdict.Revision):
        revision += 1
        await connection.execute(
            "UPDATE aiwire.article SET revision = %s, content_hash = %s, changed_at = %s, url = %s WHERE id = %s",
            (revision, ingested.content_hash, now, url, id_),
        )
        edit = Reason(number=revision, why="publisher_edit", changed=judged.changed)
        await write_revision(connection, id_, edit, ingested, capture_sha256=capture_sha256, now=now)
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
    connection: Connection, outlet: str, extraction: Extraction, *, own: list[str], canonical: str, guid: str | None
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


async def _holder(connection: Connection, outlet: str, url: str) -> UUID | None:
    """The article that is known by this URL."""
    cursor = await connection.execute(
        "SELECT article_id FROM aiwire.article_url WHERE outlet = %s AND kind = 'url' AND value = %s", (outlet, url)
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def _remember(connection: Connection, outlet: str, id_: UUID, urls: list[str], guid: str | None) -> None:
    keys = [("url", url) for url in dict.fromkeys(urls)] + ([("guid", guid)] if guid else [])
    await connection.execute(
        """
        INSERT INTO aiwire.article_url (outlet, kind, value, article_id)
        SELECT %s, kind, value, %s FROM unnest(%s::text[], %s::text[]) AS k (kind, value) ON CONFLICT DO NOTHING
        """,
        (outlet, id_, [kind for kind, _ in keys], [value for _, value in keys]),
    )
