"""What `aiwire status` tells of how much there is: counted where it is little, estimated where it is much."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from stored import an_outlet, ingested, store_at

from pipelines.store import capture_days, figures, reading
from pipelines.store.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=2) as opened:
        await an_outlet(opened)
        yield opened


async def test_day_tells_its_pages_articles_and_revisions(database: Database) -> None:
    await store_at(database, ingested("/a", "The foundry delays glass substrates by a year."))
    await store_at(database, ingested("/b", "Readers may win two tickets for Saturday's match."))
    await store_at(database, ingested("/b", "Readers may win three tickets for Saturday's match."))
    async with database.transaction() as connection:
        days = await figures.days(connection)
    assert [(day["articles"], day["revisions"]) for day in days] == [(2, 3)] + [(0, 0)] * 6
    assert [days[0]["day"] - day["day"] for day in days] == [timedelta(days=n) for n in range(7)]


async def test_day_that_is_over_is_told_as_it_was_counted(database: Database) -> None:
    async with database.transaction() as connection:
        await capture_days.count_days(connection)
        await connection.execute(
            "UPDATE aiwire.day_figure SET captures = 5, capture_bytes = 7 WHERE day = (now() AT TIME ZONE 'UTC')::date - 2"
        )
        days = await figures.days(connection)
    assert [(day["captures"], day["capture_bytes"]) for day in days] == [(0, 0), (0, 0), (5, 7)] + [(0, 0)] * 4


async def test_little_is_counted_and_much_is_estimated(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        await store_at(
            database, ingested(f"/{n}", f"The foundry delays glass substrates by {n} years, says its chief.")
        )
    async with database.transaction() as connection:
        told = await figures.counts(connection)
        assert (told["articles"], told["revisions"], told["entries"], told["estimated"]) == (6, 6, 0, [])
        await connection.execute(
            b"""
            INSERT INTO aiwire.host (name) VALUES ('h') ON CONFLICT DO NOTHING;
            INSERT INTO aiwire.entry (outlet, host, url, url_key, discovered_at, state, disposition, due_at)
            SELECT 'example', 'h', n::text, n::text, now(), CASE WHEN n = 9 THEN 'pending' ELSE 'settled' END,
                   CASE WHEN n < 9 THEN 'stored' END, CASE WHEN n = 9 THEN now() END FROM generate_series(0, 9) AS n
            WHERE n <> 8
            """
        )
    async with database.transaction() as connection:
        await connection.execute("ANALYZE aiwire.article, aiwire.revision, aiwire.entry")
        monkeypatch.setattr(figures, "COUNTED_MOST", 5)
        told = await figures.counts(connection)
        sources = await reading.sources(connection)
    assert told["estimated"] == ["articles", "revisions", "entries", "dispositions"]
    assert (told["articles"], told["revisions"], told["entries"], told["waiting"]) == (6, 6, 9, 1)
    assert told["dispositions"] == {"stored": 8}
    assert [row["articles"] for row in sources] == [6]


async def test_sizes_are_those_of_the_database(database: Database) -> None:
    async with database.transaction() as connection:
        sizes = await figures.sizes(connection)
    assert sizes["database_bytes"] > sizes["capture_table_bytes"] > 0
    assert sizes["capture_days"] == 1
