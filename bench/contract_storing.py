"""Articles stored as the worker stores them, beside a bare COPY of the very rows that this wrote.

Each visit brings one page after another to its process' StoringLane, which stores together what waits and settles the
entries with it; the pages were read before. What reading them costs is `bench/extraction.py`'s affair.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

from bench.contract_articles import Press
from bench.contract_copying import Copying, copied
from bench.contract_processes import gathered
from bench.contract_server import ServerCpu, database
from crawler.roles import collect_seldom
from crawler.storing import StoringLane
from pipelines.records import Ingested
from pipelines.store import sources
from pipelines.store.arrivals import Arrival, Forgotten, Stored
from pipelines.store.database import Database
from pipelines.store.entries import Disposition, Settlement
from pipelines.store.revisions import Reading
from pipelines.store.sources import OutletRow

TABLES = (
    "article", "article_url", "attribution", "block_sighting", "change", "entry", "outlet_extraction", "removed_block",
    "revision",
)  # fmt: skip
_SHA256 = hashlib.sha256(b"page").digest()
_WARM_UP = 20  # articles of each visit before the clock starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """`rate` in articles a second, of `visits` at once in so many processes; CPU in milliseconds an article."""

    visits: int
    processes: int
    transactions: int
    stored: int
    seconds: float
    client_ms: float
    server_ms: float

    @property
    def rate(self) -> float:
        return self.stored / self.seconds


def outlet_row(slug: str) -> OutletRow:
    return OutletRow(
        slug=slug,
        name=slug,
        homepage=f"https://{slug}.example",
        language="en",
        policy="scrape",
        definition={"name": slug},
        sources=(("feed", f"https://{slug}.example/feed", f"{slug}.example"),),
    )


def run(server_url: str, *, count: int, shapes: tuple[tuple[int, int], ...]) -> tuple[list[Storing], list[Copying]]:
    """Store `count` articles for each (processes, visits of each); copy the rows of the first."""
    storings: list[Storing] = []
    copyings: list[Copying] = []
    for processes, visits in shapes:
        with database(server_url) as url:
            storings.append(_store(url, count=count, processes=processes, visits=visits))
            if not copyings:
                copyings = copied(url, TABLES, things=storings[0].stored + _WARM_UP * visits * processes)
    return storings, copyings


# -- storing -----------------------------------------------------------------------------------------------------------


def _store(url: str, *, count: int, processes: int, visits: int) -> Storing:
    outlets = [f"outlet{n}" for n in range(processes * visits)]
    each = count // len(outlets)
    asyncio.run(_prepare(url, outlets, each + _WARM_UP))
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    answers: Any = context.Queue()
    workers = [
        context.Process(target=work, args=(url, outlets[n::processes], each, barrier, answers), daemon=True)
        for n in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait(timeout=300)
    cpu = ServerCpu(url)
    told = gathered(answers, workers, len(workers))
    used = cpu.seconds()
    for worker in workers:
        worker.join()
    stored = each * len(outlets)
    return Storing(
        visits=len(outlets),
        processes=processes,
        transactions=sum(transactions for *_, transactions in told),
        stored=stored,
        seconds=max(end for _, end, *_ in told) - min(begin for begin, *_ in told),
        client_ms=1_000 * sum(client for _, _, client, _ in told) / stored,
        server_ms=1_000 * used / stored,
    )


async def _prepare(url: str, outlets: list[str], each: int) -> None:
    """The outlets, and an entry for each article, as a poll and a fetch leave it."""
    now = datetime.now(UTC)
    async with Database(url, size=1) as store, store.transaction() as connection:
        await sources.sync(connection, [outlet_row(slug) for slug in outlets], now)
        await connection.execute(
            """
            INSERT INTO aiwire.entry (outlet, host, url, url_key, title, discovered_at, state, due_at)
            SELECT o, o || '.example', url, url, 'A title as the feed gives it', %(now)s, 'pending', %(now)s
            FROM unnest(%(outlets)s::text[]) AS o, generate_series(0, %(each)s - 1) AS n,
                 format('https://%%s.example/2026/%%s/story-%%s', o, lpad((n %% 12 + 1)::text, 2, '0'), n) AS url
            ORDER BY n, o
            """,
            {"outlets": outlets, "each": each, "now": now},
        )


def work(url: str, outlets: list[str], each: int, barrier: Barrier, answers: Any) -> None:
    """A process: a visit an outlet; answers with (begin, end, CPU seconds, transactions)."""
    collect_seldom()
    answers.put(asyncio.run(_work(url, outlets, each, barrier)))


class _Counted(StoringLane):
    transactions = 0

    async def _write(self, batch: Any) -> Any:
        self.transactions += 1
        return await super()._write(batch)


async def _work(url: str, outlets: list[str], each: int, barrier: Barrier) -> tuple[float, float, float, int]:
    async with Database(url, size=4) as store:
        ready = [await _ready(store, slug, each + _WARM_UP) for slug in outlets]
        lane = _Counted(store)
        await asyncio.gather(*(_visit(lane, one, first=0, last=_WARM_UP) for one in ready))
        lane.transactions = 0
        await asyncio.to_thread(barrier.wait, 300)
        begin, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(_visit(lane, one, first=_WARM_UP, last=each + _WARM_UP) for one in ready))
        return begin, time.monotonic(), time.process_time() - cpu, lane.transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    """An outlet's pages as they were read, and their entries."""

    slug: str
    found: list[Ingested]
    entry_ids: list[int]
    reading: Reading


async def _ready(store: Database, slug: str, each: int) -> _Pages:
    press = Press(slug)
    async with store.transaction() as connection:
        cursor = await connection.execute("SELECT id FROM aiwire.entry WHERE outlet = %s ORDER BY id", (slug,))
        ids = [row[0] for row in await cursor.fetchall()]
    reading = Reading(rules=b"12345678", repeated=press.repeated)
    return _Pages(slug=slug, found=[press.article(n) for n in range(each)], entry_ids=ids, reading=reading)


async def _visit(lane: StoringLane, pages: _Pages, *, first: int, last: int) -> None:
    """As `crawler.fetching` does with each page that was read."""
    for n in range(first, last):
        now = datetime.now(UTC)
        ingested = pages.found[n]
        arrival = Arrival(
            outlet=pages.slug,
            ingested=ingested,
            claimed_key=ingested.extraction.url,
            guid=f"{pages.slug}-{n}",
            capture_sha256=_SHA256,
            now=now,
            reading=pages.reading,
        )

        def settle(became: Stored | Forgotten, entry_id: int = pages.entry_ids[n], now: datetime = now) -> Settlement:
            return Settlement(
                entry_id=entry_id,
                disposition=Disposition.STORED,
                now=now,
                article_id=became.article_id if isinstance(became, Stored) else None,
                look_again_at=now + timedelta(hours=1),
                looks_from=now,
            )

        stored = await lane.store(arrival, settle)
        if not isinstance(stored, Stored) or not stored.new:
            raise SystemExit(f"{ingested.extraction.url} was not stored as new")
