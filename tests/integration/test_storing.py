"""Pages that wait are stored together: whole, one by one where Postgres refuses one, never twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from stored import NOW, SITE, an_outlet, ingested

from crawler.storing import MOST, StoringLane
from pipelines.errors import StoreError, Unavailable
from pipelines.records import Field, Ingested, Origin
from pipelines.store.arrivals import Arrival, Doubt, Forgotten, Stored
from pipelines.store.database import Database
from pipelines.store.entries import Disposition, Settlement
from pipelines.store.revisions import Reading

WORDS = "The council of the old town decided on Monday that a bridge is to be rebuilt"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=2) as opened:
        await an_outlet(opened)
        await an_outlet(opened, "other")
        yield opened


def page(n: int, *, outlet: str = "example", more: str = "", rules: bytes = b"") -> Arrival:
    found = ingested(f"/{outlet}/{n}", f"{WORDS}, number {n} of all.{more}", title=f"The bridge with the number {n}")
    return arrival(found, outlet=outlet, rules=rules)


def arrival(found: Ingested, *, outlet: str = "example", rules: bytes = b"") -> Arrival:
    url = found.extraction.url
    return Arrival(
        outlet=outlet,
        ingested=found,
        claimed_key=url,
        guid=None,
        capture_sha256=b"",
        now=NOW,
        reading=Reading(rules=rules),
    )


def settle(became: Stored | Forgotten) -> Settlement:
    assert isinstance(became, Stored)
    return Settlement(entry_id=0, disposition=Disposition.STORED, now=NOW, article_id=became.article_id)


async def ids(database: Database, query: str) -> list[object]:
    async with database.transaction() as connection:
        return [row[0] for row in await (await connection.execute(query.encode())).fetchall()]


async def test_pages_that_come_together_share_transactions(database: Database) -> None:
    lane = StoringLane(database)
    pages = [page(n, outlet=outlet) for n in range(20) for outlet in ("example", "other")]

    outcomes = await asyncio.gather(*(lane.store(one, settle) for one in pages))

    assert all(isinstance(one, Stored) and one.new for one in outcomes)
    assert len(await ids(database, "SELECT id FROM news.article")) == 40
    assert len(await ids(database, "SELECT DISTINCT xmin::text FROM aiwire.article")) == -(-len(pages) // MOST)


async def test_two_pages_of_one_article_are_stored_one_after_the_other(database: Database) -> None:
    lane = StoringLane(database)
    outcomes = await asyncio.gather(
        *(lane.store(one, settle) for one in (page(0), page(1), page(1, more=" It costs eleven million."), page(2)))
    )
    assert [(one.new, one.revised, one.revision) for one in outcomes if isinstance(one, Stored)] == [
        (True, False, 1),
        (True, False, 1),
        (False, True, 2),
        (True, False, 1),
    ]
    kinds = await ids(database, "SELECT kind || revision FROM news.change ORDER BY position")
    assert sorted(map(str, kinds)) == ["edit2", "new1", "new1", "new1"]


async def test_page_that_postgres_refuses_takes_no_neighbour_along(database: Database) -> None:
    lane = StoringLane(database)
    bad = page(3).ingested
    bad = replace(bad, extraction=replace(bad.extraction, section=Field(value="a\x00b", origin=Origin.META)))
    pages = [page(0), page(1), page(2), arrival(bad), page(4)]

    outcomes = await asyncio.gather(*(lane.store(one, settle) for one in pages), return_exceptions=True)

    assert [isinstance(one, Stored) for one in outcomes] == [True, True, True, False, True]
    assert isinstance(outcomes[3], StoreError)
    assert not isinstance(outcomes[3], Unavailable)
    assert len(await ids(database, "SELECT id FROM news.article")) == 4


async def test_lane_goes_on_after_postgres_was_away(database: Database, database_url: str) -> None:
    lane = StoringLane(database)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("BEGIN; LOCK TABLE aiwire.article")
        waiting = asyncio.ensure_future(lane.store(page(0), settle))
        await asyncio.sleep(0.5)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        connection.execute("COMMIT")
    with pytest.raises(Unavailable):
        await waiting
    assert isinstance(await lane.store(page(0), settle), Stored)
    assert len(await ids(database, "SELECT id FROM news.article")) == 1


async def test_page_in_doubt_writes_nothing_and_its_neighbours_land(database: Database) -> None:
    lane = StoringLane(database)
    await lane.store(page(0, rules=b"old"), settle)
    outcomes = await asyncio.gather(
        *(lane.store(one, settle) for one in (page(1), page(0, more=" New.", rules=b"new"), page(2)))
    )
    assert [type(one) for one in outcomes] == [Stored, Doubt, Stored]
    assert len(await ids(database, "SELECT revision FROM news.revision WHERE title LIKE '%number 0'")) == 1


async def test_visit_that_ends_meanwhile_does_not_undo_what_it_brought(database: Database) -> None:
    lane = StoringLane(database)
    first = asyncio.ensure_future(lane.store(page(0), settle))
    second = asyncio.ensure_future(lane.store(page(1), settle))
    await asyncio.sleep(0)
    second.cancel()
    await first
    await lane.store(page(2), settle)
    urls = await ids(database, "SELECT url FROM news.article ORDER BY url")
    assert urls == [f"{SITE}/example/{n}" for n in range(3)]
