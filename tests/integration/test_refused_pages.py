"""Pages that Postgres refuses all the same (a spider of one's own brought them) cost their batch nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from stored import NOW, SITE, an_outlet, ingested

from crawler.storing import StoringLane
from pipelines.errors import AiwireError
from pipelines.records import Entry
from pipelines.store import entries, sources
from pipelines.store.arrivals import Arrival, Forgotten, Stored
from pipelines.store.claims import Claim, write_claims
from pipelines.store.database import Database
from pipelines.store.entries import Disposition, Settlement

TEXT = "The foundry delays {} substrates by a year because panels warped during soldering and failed their tests."
NOISE = "".join(chr(0x4E00 + n * n * 31 % 20_000) for n in range(3_400))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as opened:
        await an_outlet(opened)
        yield opened


async def claimed(database: Database, number: int) -> list[int]:
    """Entries to be settled."""
    claims = [
        Claim(entry=Entry(url=f"{SITE}/{n}"), url_key=f"{SITE}/{n}", host="news.example", fingerprint=b"")
        for n in range(number)
    ]
    async with database.transaction() as connection:
        source = (await sources.due_sources(connection, "news.example", NOW))[0]
        await write_claims(connection, source_id=source.id, outlet="example", claims=claims, now=NOW)
        return [work.id for work in await entries.due(connection, "news.example", NOW, most=number)]


async def test_page_that_is_refused_takes_no_neighbour_along(database: Database) -> None:
    bad = {
        "NUL": "a\x00b",
        "half a surrogate pair": "a\ud800b",
        "a guid too long for an index": NOISE,
        "an address too long for an index": f"{SITE}/{'x' * 10_000}",
    }
    wrong = dict(zip(range(1, 9, 2), bad, strict=True))
    lane = StoringLane(database)
    ids = await claimed(database, 9)

    async def store(n: int) -> Stored | Forgotten | AiwireError:
        found = ingested(f"/{n}", TEXT.format(n), title=f"Number {n} {bad.get(wrong.get(n, ''), '')}"[:40])
        guid = None
        if wrong.get(n) == "a guid too long for an index":
            guid = NOISE
        if wrong.get(n) == "an address too long for an index":
            found = replace(found, extraction=replace(found.extraction, url=bad[wrong[n]]))

        def settle(_: Stored | Forgotten) -> Settlement:
            return Settlement(entry_id=ids[n], disposition=Disposition.STORED, now=NOW)

        try:  # an address is refused before it waits with others
            arrival = Arrival(
                outlet="example", ingested=found, claimed_key=f"{SITE}/{n}", guid=guid, capture_sha256=b"", now=NOW
            )
            outcome = await lane.store(arrival, settle)
        except AiwireError as error:
            return error
        assert isinstance(outcome, Stored | Forgotten)
        return outcome

    outcomes = await asyncio.gather(*map(store, range(9)))
    codes = {wrong[n]: outcome.code for n, outcome in enumerate(outcomes) if isinstance(outcome, AiwireError)}
    assert codes == {
        "NUL": "store",
        "half a surrogate pair": "store",
        "a guid too long for an index": "store",  # and not `store_unavailable`: it would be tried for ever
        "an address too long for an index": "url_too_long",
    }
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT url FROM news.article ORDER BY url")
        assert [row[0] for row in await cursor.fetchall()] == [f"{SITE}/{n}" for n in range(0, 9, 2)]
        cursor = await connection.execute("SELECT url FROM aiwire.entry WHERE state = 'settled' ORDER BY url")
        assert [row[0] for row in await cursor.fetchall()] == [f"{SITE}/{n}" for n in range(0, 9, 2)]
