"""Articles: writes what a page brings to the article that it is, in one transaction.

Which article that is, is found by `pipelines.store.known_articles`; whether it is new or a revision is judged by
`pipelines.verdict`; a revision's rows are written by `pipelines.store.revisions`. The change feed tells what is written
here by itself (trigger `tell_change`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pipelines import verdict
from pipelines.identity import article_id, canonical_url, trusted_canonical
from pipelines.records import Ingested
from pipelines.store import known_articles, repetition
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


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nothing was written: somebody asked that this address be forgotten (`aiwire forget`)."""


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
) -> Stored | Doubt | Forgotten:
    """Write an article's first or next revision, or nothing where it is unchanged; one that was withdrawn is restored.

    `claimed_key` is the canonical form of the URL that the source gave; the page's own URL differs after a redirect.
    `before` answers a Doubt: what differs by our rules alone becomes a revision of its own. `certain` says that it can't
    be answered.
    """
    extraction = ingested.extraction
    fetched = canonical_url(extraction.url)
    present = trusted_canonical(extraction.url, extraction.canonical_url) or fetched
    own = list(dict.fromkeys([fetched, claimed_key]))
    async with connection.pipeline():
        await lock(connection, outlet)
        addresses = await known_articles.of_addresses(connection, outlet, [*own, present], guid)
    article = addresses.article(extraction, own=own, canonical=present)
    withdrawn = article.withdrawn_reason if article else None
    if addresses.forgotten or withdrawn == "forgotten":
        return Forgotten()
    known = article.known if article else None
    # A canonical URL that another article holds is not this one's.
    holder = addresses.holder(present)
    url = present if holder is None or (known is not None and holder == known.article_id) else fetched
    judged = verdict.judge(known, ingested)
    if known is not None and isinstance(judged, verdict.Revision) and known.rules != reading.rules and not certain:
        if before is None or before.revision != known.revision:
            return Doubt(article_id=known.article_id, revision=known.revision)
        known, _ = await _re_extract(connection, known, before, now)
        judged = verdict.judge(known, ingested)
    id_ = known.article_id if known else article_id(outlet, url)
    revision = 1 if known is None else known.revision + isinstance(judged, verdict.Revision)
    learned = Learned()
    async with connection.pipeline():
        if isinstance(judged, verdict.New):
            await _insert(connection, id_, outlet, url=url, ingested=ingested, now=now)
            reason = Reason(number=1, why="first")
        elif isinstance(judged, verdict.Revision):
            await _update(connection, id_, revision, url=url, ingested=ingested, now=now)
            reason = Reason(
                number=revision,
                why="publisher_edit",
                changed=judged.changed,
                material=getattr(judged, "material", True),
            )
        elif known is not None and (known.url != url or withdrawn is not None):
            await _show(connection, id_, url=url)
        if not isinstance(judged, verdict.Unchanged):
            sha256 = capture_sha256
            await write_revision(connection, id_, reason, ingested, reading=reading, capture_sha256=sha256, now=now)
        await _remember(connection, outlet, id_, [*own, url], guid)
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
        brought_by_other=known is not None and addresses.holder(claimed_key) != id_,
        learned=learned,
    )


async def store_again(
    connection: Connection, *, outlet: str, article_id: UUID, again: ReadAgain, now: datetime
) -> tuple[str, ...] | None:
    """Write what an article's own page says by today's rules, as `re_extraction`; returns the fields that changed.

    None where a newer revision was stored meanwhile: that one is not read from this page. One that was withdrawn stays
    as it is.
    """
    await lock(connection, outlet)
    article = await known_articles.by_id(connection, article_id)
    if article is None or article.known.revision != again.revision:
        return None
    if article.withdrawn_reason is not None:
        return ()
    _, changed = await _re_extract(connection, article.known, again, now)
    return changed


async def _re_extract(
    connection: Connection, known: verdict.Known, again: ReadAgain, now: datetime
) -> tuple[verdict.Known, tuple[str, ...]]:
    """The article as its own page says by today's rules, with a revision where that differs; and what differed."""
    judged = verdict.judge(known, again.ingested)
    if not isinstance(judged, verdict.Revision):
        return known, ()
    id_, number = known.article_id, known.revision + 1
    await _update(connection, id_, number, url=known.url, ingested=again.ingested, now=now)
    ours = Reason(number=number, why="re_extraction", changed=judged.changed)
    sha256 = again.capture_sha256
    await write_revision(connection, id_, ours, again.ingested, reading=again.reading, capture_sha256=sha256, now=now)
    article = await known_articles.by_id(connection, id_)
    return article.known if article else known, judged.changed


async def _insert(
    connection: Connection, id_: UUID, outlet: str, *, url: str, ingested: Ingested, now: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, published_at, first_seen_at, changed_at)
        VALUES (%s, %s, %s, 1, %s, %s, %s, %s)
        """,
        (id_, outlet, url, ingested.content_hash, published_at(ingested.extraction), now, now),
    )


async def _update(
    connection: Connection, id_: UUID, number: int, *, url: str, ingested: Ingested, now: datetime
) -> None:
    await connection.execute(
        """
        UPDATE aiwire.article SET revision = %s, content_hash = %s, published_at = %s, changed_at = %s, url = %s,
            withdrawn_at = NULL, withdrawn_reason = NULL, withheld = false
        WHERE id = %s
        """,
        (number, ingested.content_hash, published_at(ingested.extraction), now, url, id_),
    )


async def _show(connection: Connection, id_: UUID, *, url: str) -> None:
    """It is at this address, and there again if it was withdrawn; its text is as it was."""
    await connection.execute(
        """
        UPDATE aiwire.article SET url = %s, withdrawn_at = NULL, withdrawn_reason = NULL, withheld = false WHERE id = %s
        """,
        (url, id_),
    )


async def _remember(connection: Connection, outlet: str, id_: UUID, urls: list[str], guid: str | None) -> None:
    keys = [("url", url) for url in dict.fromkeys(urls)] + ([("guid", guid)] if guid else [])
    await connection.execute(
        """
        INSERT INTO aiwire.article_url (outlet, kind, value, article_id)
        SELECT %s, kind, value, %s FROM unnest(%s::text[], %s::text[]) AS k (kind, value) ON CONFLICT DO NOTHING
        """,
        (outlet, id_, [kind for kind, _ in keys], [value for _, value in keys]),
    )
