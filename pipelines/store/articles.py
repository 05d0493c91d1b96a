"""Articles: writes what a page brings to the article that it is, in one transaction.

Which article that is, is found by `pipelines.store.known_articles`; whether it is new or a revision is judged by
`pipelines.verdict`; a revision's rows are written by `pipelines.store.revisions`. The change feed tells what is written
here by itself (trigger `tell_change`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pipelines import verdict
from pipelines.identity import article_id
from pipelines.records import Ingested
from pipelines.store import known_articles, repetition
from pipelines.store.arrivals import Arrival, Doubt, Forgotten, ReadAgain, Stored
from pipelines.store.database import Connection
from pipelines.store.known_articles import Addresses
from pipelines.store.repetition import Counting, Learned
from pipelines.store.revisions import Reason, Written, published_at, write_revisions


async def lock(connection: Connection, outlet: str) -> None:
    """Two hosts of one outlet may bring the same article at once; within an outlet identity is decided one by one."""
    await _lock_all(connection, [outlet])


async def _lock_all(connection: Connection, outlets: Iterable[str]) -> None:
    # In one order, or two transactions would wait for each other.
    keys = [f"article:{outlet}" for outlet in sorted(set(outlets))]
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(key, 1)) FROM unnest(%s::text[]) AS k (key)", (keys,)
    )


async def store(connection: Connection, **arrival: Any) -> Stored | Doubt | Forgotten:
    """Store one page; its keywords are those of Arrival."""
    (outcome,) = await store_all(connection, [Arrival(**arrival)])
    return outcome


async def store_all(connection: Connection, arrivals: Sequence[Arrival]) -> list[Stored | Doubt | Forgotten]:
    """Write each page's article's first or next revision, or nothing where it is unchanged; a withdrawn one is restored.

    Pages of one article are stored one after another, in the order given.
    """
    outcomes: list[Stored | Doubt | Forgotten] = []
    await _lock_all(connection, (arrival.outlet for arrival in arrivals))
    rest = list(arrivals)
    while rest:
        group, rest = _apart(rest)
        outcomes += await _store_group(connection, group)
    return outcomes


def _apart(arrivals: Sequence[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """The first of the pages, as far as no two of them can be one article; and the rest."""
    taken: set[tuple[str, str]] = set()
    for n, arrival in enumerate(arrivals):
        guid = [f"guid {arrival.guid}"] if arrival.guid else []
        keys = {(arrival.outlet, key) for key in (*arrival.own, arrival.present, *guid)}
        if taken & keys:
            return list(arrivals[:n]), list(arrivals[n:])
        taken |= keys
    return list(arrivals), []


@dataclass(slots=True, kw_only=True)
class _Step:
    """What one page comes to; `written` is its revision, if there is one."""

    arrival: Arrival
    article_id: UUID
    url: str
    revision: int
    verdict: verdict.Verdict
    brought_by_other: bool
    written: Written | None = None
    learned: Learned = field(default_factory=Learned)

    @property
    def stored(self) -> Stored:
        return Stored(
            article_id=self.article_id,
            url=self.url,
            revision=self.revision,
            new=isinstance(self.verdict, verdict.New),
            revised=isinstance(self.verdict, verdict.Revision),
            brought_by_other=self.brought_by_other,
            learned=self.learned,
        )


async def _store_group(connection: Connection, group: Sequence[Arrival]) -> list[Stored | Doubt | Forgotten]:
    """Pages of which no two are one article."""
    asked = [(one.outlet, (*one.own, one.present), one.guid) for one in group]
    known = await known_articles.of_addresses(connection, asked)
    outcomes = [await _judge(connection, one, addresses) for one, addresses in zip(group, known, strict=True)]
    steps = [outcome for outcome in outcomes if isinstance(outcome, _Step)]
    await _insert(connection, [step for step in steps if isinstance(step.verdict, verdict.New)])
    await write_revisions(connection, [step.written for step in steps if step.written is not None])
    await _remember(connection, steps)
    new = [step for step in steps if isinstance(step.verdict, verdict.New)]
    counted = await repetition.count_all(connection, [_counting(step) for step in new]) if new else []
    for step, learned in zip(new, counted, strict=True):
        step.learned = learned
    for step in steps:
        if isinstance(step.verdict, verdict.Revision):
            await repetition.ask_if_late(connection, _counting(step))
    return [outcome.stored if isinstance(outcome, _Step) else outcome for outcome in outcomes]


async def _judge(connection: Connection, arrival: Arrival, addresses: Addresses) -> _Step | Doubt | Forgotten:
    """Find out what a page is to what is known, and update its article's row; a new one's is written by the group."""
    ingested, reading = arrival.ingested, arrival.reading
    article = addresses.article(ingested.extraction, own=arrival.own, canonical=arrival.present)
    withdrawn = article.withdrawn_reason if article else None
    if addresses.forgotten or withdrawn == "forgotten":
        return Forgotten()
    known = article.known if article else None
    # A canonical URL that another article holds is not this one's.
    holder = addresses.holder(arrival.present)
    free = holder is None or (known is not None and holder == known.article_id)
    url = arrival.present if free else arrival.fetched
    judged = verdict.judge(known, ingested)
    in_doubt = isinstance(judged, verdict.Revision) and known is not None and known.rules != reading.rules
    if known is not None and in_doubt and not arrival.certain:
        if arrival.before is None or arrival.before.revision != known.revision:
            return Doubt(article_id=known.article_id, revision=known.revision)
        known, _ = await _re_extract(connection, known, arrival.before, arrival.now)
        judged = verdict.judge(known, ingested)
    id_ = known.article_id if known else article_id(arrival.outlet, url)
    step = _Step(
        arrival=arrival,
        article_id=id_,
        url=url,
        revision=1 if known is None else known.revision + isinstance(judged, verdict.Revision),
        verdict=judged,
        brought_by_other=known is not None and addresses.holder(arrival.claimed_key) != id_,
    )
    if isinstance(judged, verdict.New):
        step.written = _written(step, Reason(number=1, why="first"))
    elif isinstance(judged, verdict.Revision):
        why = Reason(number=step.revision, why="publisher_edit", changed=judged.changed, material=judged.material)
        step.written = _written(step, why)
        await _update(connection, id_, step.revision, url=url, ingested=ingested, now=arrival.now)
    elif known is not None and (known.url != url or withdrawn is not None):
        await _show(connection, id_, url=url)
    return step


def _written(step: _Step, reason: Reason) -> Written:
    arrival = step.arrival
    return Written(
        article_id=step.article_id,
        reason=reason,
        ingested=arrival.ingested,
        reading=arrival.reading,
        capture_sha256=arrival.capture_sha256,
        now=arrival.now,
    )


def _counting(step: _Step) -> Counting:
    arrival = step.arrival
    return Counting(
        outlet=arrival.outlet,
        article_id=step.article_id,
        seen=arrival.ingested.seen,
        reading=arrival.reading,
        now=arrival.now,
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
    written = Written(
        article_id=id_,
        reason=ours,
        ingested=again.ingested,
        reading=again.reading,
        capture_sha256=again.capture_sha256,
        now=now,
    )
    await write_revisions(connection, [written])
    article = await known_articles.by_id(connection, id_)
    return article.known if article else known, judged.changed


async def _insert(connection: Connection, new: Sequence[_Step]) -> None:
    if not new:
        return
    await connection.execute(
        """
        INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, published_at, first_seen_at, changed_at)
        SELECT id, outlet, url, 1, content_hash, published_at, now, now
        FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::timestamptz[], %s::timestamptz[])
             AS n (id, outlet, url, content_hash, published_at, now)
        """,
        (
            [step.article_id for step in new],
            [step.arrival.outlet for step in new],
            [step.url for step in new],
            [step.arrival.ingested.content_hash for step in new],
            [published_at(step.arrival.ingested.extraction) for step in new],
            [step.arrival.now for step in new],
        ),
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


async def _remember(connection: Connection, steps: Sequence[_Step]) -> None:
    """The addresses by which the articles are known from now on."""
    keys: list[tuple[str, str, str, UUID]] = []
    for step in steps:
        arrival = step.arrival
        keys += [(arrival.outlet, "url", url, step.article_id) for url in dict.fromkeys((*arrival.own, step.url))]
        if arrival.guid:
            keys.append((arrival.outlet, "guid", arrival.guid, step.article_id))
    if keys:
        await connection.execute(
            """
            INSERT INTO aiwire.article_url (outlet, kind, value, article_id)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::uuid[]) ON CONFLICT DO NOTHING
            """,
            tuple(list(column) for column in zip(*keys, strict=True)),
        )
