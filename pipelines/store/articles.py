"""Articles: finds the article that a page is, and writes what differs, in one transaction.

Whether a page is a new article or a revision is judged by `pipelines.verdict`; a revision's rows are written by
`pipelines.store.revisions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pipelines import verdict
from pipelines.identity import article_id, canonical_url, same_article, trusted_canonical
from pipelines.records import Extraction, Ingested
from pipelines.store import repetition
from pipelines.store.database import Connection
from pipelines.store.repetition import Learned
from pipelines.store.revisions import Reading, Reason, published_at, write_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a page: `brought_by_other` is true where another entry had already brought its article.

    `revised` says that the publisher changed it. `learned` is what became known of the outlet's repeated blocks.
    """

    article_id: UUID
    url: str
    revision: int
    new: bool
    revised: bool
    brought_by_other: bool
    learned: Learned = field(default_factory=Learned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Nothing was written: the page differs from the article's revision, but the rules by which that was read differ, too.

    Whether the publisher or we changed it shows when the revision's page is read by today's rules: see ReadAgain.
    """

    article_id: UUID
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """The kept page of a revision, as today's rules read it."""

    revision: int
    ingested: Ingested
    reading: Reading
    capture_sha256: bytes


async def lock(connection: Connection, outlet: str) -> None:
    """Two hosts of one outlet may bring the same article at once; within an outlet identity is decided one by one."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"article:{outlet}",))


async def store(
    connection: Connection,
    *,
    outlet: str,
    ingested: Ingested,
    claimed_key: str,
    guid: str | None,
    capture_sha256: bytes,
    now: datetime,
    reading: Reading = Reading(),  # noqa: B008 -- frozen
    before: ReadAgain | None = None,
    certain: bool = False,
) -> Stored | Doubt:
    """Write an article's first or next revision, or nothing where it is unchanged.

    `claimed_key` is the canonical form of the URL that the source gave; the page's own URL differs after a redirect.
    `before` answers a Doubt: what differs by our rules alone becomes a revision of its own. `certain` says that it can't
    be answered.
    """
    await lock(connection, outlet)
    extraction = ingested.extraction
    fetched = canonical_url(extraction.url)
    present = trusted_canonical(extraction.url, extraction.canonical_url) or fetched
    own = list(dict.fromkeys([fetched, claimed_key]))
    known = await _known(connection, outlet, extraction, own=own, canonical=present, guid=guid)
    # A canonical URL that another article holds is not this one's.
    holder = await _holder(connection, outlet, present)
    url = present if holder is None or (known is not None and holder == known.article_id) else fetched
    judged = verdict.judge(known, ingested)
    if known is not None and isinstance(judged, verdict.Revision) and known.rules != reading.rules and not certain:
        if before is None or before.revision != known.revision:
            return Doubt(article_id=known.article_id, revision=known.revision)
        known, _ = await _re_extract(connection, known, before, now)
        judged = verdict.judge(known, ingested)
    id_ = known.article_id if known else article_id(outlet, url)
    brought = known is not None and await _holder(connection, outlet, claimed_key) != id_
    revision = 1 if known is None else known.revision
    if isinstance(judged, verdict.New):
        await connection.execute(
            """
            INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, published_at, first_seen_at, changed_at)
            VALUES (%s, %s, %s, 1, %s, %s, %s, %s)
            """,
            (id_, outlet, url, ingested.content_hash, published_at(extraction), now, now),
        )
        first = Reason(number=1, why="first")
        await write_revision(connection, id_, first, ingested, reading=reading, capture_sha256=capture_sha256, now=now)
    elif isinstance(judged, verdict.Revision):
        revision += 1
        await connection.execute(
            """
            UPDATE aiwire.article SET revision = %s, content_hash = %s, published_at = %s, changed_at = %s, url = %s
            WHERE id = %s
            """,
            (revision, ingested.content_hash, published_at(extraction), now, url, id_),
        )
        edit = Reason(number=revision, why="publisher_edit", changed=judged.changed)
        await write_revision(connection, id_, edit, ingested, reading=reading, capture_sha256=capture_sha256, now=now)
    elif known is not None and known.url != url:
        await connection.execute("UPDATE aiwire.article SET url = %s WHERE id = %s", (url, id_))
    await _remember(connection, outlet, id_, [*own, url], guid)
    learned = Learned()
    if isinstance(judged, verdict.New):
        learned = await repetition.count(connection, outlet, id_, extraction=extraction, reading=reading, now=now)
    elif isinstance(judged, verdict.Revision):
        await repetition.ask_if_late(connection, outlet, id_, extraction=extraction, reading=reading, now=now)
    return Stored(
        article_id=id_,
        url=url,
        revision=revision,
        new=isinstance(judged, verdict.New),
        revised=isinstance(judged, verdict.Revision),
        brought_by_other=brought,
        learned=learned,
    )


async def store_again(
    connection: Connection, *, outlet: str, article_id: UUID, again: ReadAgain, now: datetime
) -> tuple[str, ...] | None:
    """Write what an article's own page says by today's rules, as `re_extraction`; returns the fields that changed.

    None where a newer revision was stored meanwhile: that one is not read from this page.
    """
    await lock(connection, outlet)
    known = await known_by_id(connection, article_id)
    if known is None or known.revision != again.revision:
        return None
    _, changed = await _re_extract(connection, known, again, now)
    return changed


async def _re_extract(
    connection: Connection, known: verdict.Known, again: ReadAgain, now: datetime
) -> tuple[verdict.Known, tuple[str, ...]]:
    """The article as its own page says by today's rules, with a revision where that differs; and what differed."""
    judged = verdict.judge(known, again.ingested)
    if not isinstance(judged, verdict.Revision):
        return known, ()
    id_, number = known.article_id, known.revision + 1
    await connection.execute(
        "UPDATE aiwire.article SET revision = %s, content_hash = %s, published_at = %s, changed_at = %s WHERE id = %s",
        (number, again.ingested.content_hash, published_at(again.ingested.extraction), now, id_),
    )
    ours = Reason(number=number, why="re_extraction", changed=judged.changed)
    sha256 = again.capture_sha256
    await write_revision(connection, id_, ours, again.ingested, reading=again.reading, capture_sha256=sha256, now=now)
    return await known_by_id(connection, id_) or known, judged.changed


async def known_by_id(connection: Connection, article_id: UUID) -> verdict.Known | None:
    cursor = await connection.execute(f"{_KNOWN} WHERE a.id = %s".encode(), (article_id,))
    row = await cursor.fetchone()
    return None if row is None else _known_from(row)


_KNOWN = """
    SELECT a.id, a.url, a.revision, a.content_hash, r.title, r.standfirst, r.authors, r.published, r.modified, r.text,
           r.rules
    FROM aiwire.article a
    JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
"""


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
               r.published, r.modified, r.text, r.rules
        FROM aiwire.article_url u
        JOIN aiwire.article a ON a.id = u.article_id
        JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
        WHERE u.outlet = %s AND ((u.kind = 'url' AND u.value = ANY(%s)) OR (u.kind = 'guid' AND u.value = %s))
        """,
        (outlet, [*own, canonical], guid),
    )
    rows = await cursor.fetchall()
    candidates = {(row[0], row[1]): _known_from(row[2:]) for row in rows}
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
    id_, url, revision, content_hash, title, standfirst, authors, published, modified, text, rules = row
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
        rules=None if rules is None else bytes(rules),
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
