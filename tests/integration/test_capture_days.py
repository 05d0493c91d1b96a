"""Captures by day on a real Postgres: partitions ahead, days dropped whole beside readers, nothing lost that waits."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import date, timedelta

import psycopg
import pytest
from stored import NOW, SITE, an_outlet, new_entry, rows

from pipelines.errors import Damaged, Unavailable
from pipelines.records import Page
from pipelines.store import capture_days, captures, entries
from pipelines.store import migrate as migrations
from pipelines.store.database import Database
from pipelines.store.entries import Disposition
from pipelines.store.migrate import migrate

BODY = "<p>Perché</p>".encode()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=3) as opened:
        await an_outlet(opened)
        yield opened


async def today(database: Database) -> date:
    day: date = (await rows(database, "SELECT (now() AT TIME ZONE 'UTC')::date"))[0][0]
    return day


async def captured(database: Database, path: str, day: date | None = None, *, settled: bool = False) -> int:
    """An entry whose page was captured, on that day where one is told; its id."""
    id_ = await new_entry(database, path)
    async with database.transaction() as connection:
        await captures.save(connection, id_, Page(url=f"{SITE}{path}", body=BODY, fetched_at=NOW))
    if day is not None:
        await rows(database, "SELECT aiwire.make_capture_days(%s, %s)", day, day)
        await rows(database, "UPDATE aiwire.capture SET day = %s WHERE entry_id = %s", day, id_)
        await rows(database, "UPDATE aiwire.entry SET capture_day = %s WHERE id = %s", day, id_)
    if settled:
        async with database.transaction() as connection:
            await entries.settle(connection, id_, Disposition.NOT_ARTICLE, now=NOW)
    return id_


async def partitions(database: Database) -> list[str]:
    found = await rows(
        database,
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'aiwire.capture'::regclass ORDER BY 1",
    )
    return [row[0] for row in found]


def named(day: date) -> str:
    return f"capture_{day:%Y_%m_%d}"


async def read_waiting(database: Database, entry_id: int) -> Page | None:
    async with database.transaction() as connection:
        found = await captures.waiting(connection, entry_id)
    return await captures.read(found, None) if found else None


# -- partitions ahead -----------------------------------------------------------------------------------------------


async def test_partitions_are_there_for_today_and_a_week_ahead(database: Database) -> None:
    first = await today(database)
    assert await partitions(database) == [named(first + timedelta(days=n)) for n in range(8)]
    async with database.transaction() as connection:
        await capture_days.ensure_partitions(connection)
        await capture_days.ensure_partitions(connection, first + timedelta(days=1))
    assert len(await partitions(database)) == 9


async def test_page_goes_to_the_nearest_day_where_nobody_made_a_partition_for_today(database: Database) -> None:
    for name in await partitions(database):
        await rows(database, f"DROP TABLE aiwire.{name}")
    await rows(database, "DELETE FROM aiwire.capture_day")
    now = await today(database)
    for days in (-40, -20):
        day = now + timedelta(days=days)
        await rows(database, "SELECT aiwire.make_capture_days(%s, %s)", day, day)
    await captured(database, "/a")
    assert await rows(database, "SELECT day FROM aiwire.capture") == [(now - timedelta(days=20),)]

    # A clock that went back: all that is there is ahead.
    for name in await partitions(database):
        await rows(database, f"DROP TABLE aiwire.{name}")
    await rows(database, "DELETE FROM aiwire.capture_day")
    await rows(database, "SELECT aiwire.make_capture_days(%s, %s)", now + timedelta(days=3), now + timedelta(days=4))
    await captured(database, "/b")
    assert await rows(database, "SELECT day FROM aiwire.capture") == [(now + timedelta(days=3),)]


async def test_partitions_are_made_while_others_read_and_write(database: Database) -> None:
    first = await today(database)
    async with database.transaction() as reader:
        await reader.execute("SELECT count(*) FROM aiwire.capture")
        await reader.execute("UPDATE aiwire.capture SET status = status")
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            await capture_days.ensure_partitions(connection, first + timedelta(days=30))
    assert named(first + timedelta(days=37)) in await partitions(database)


async def test_two_that_make_partitions_at_once_do_not_meet(database: Database) -> None:
    day = await today(database) + timedelta(days=100)

    async def make() -> None:
        async with database.transaction() as connection:
            await capture_days.ensure_partitions(connection, day)

    await asyncio.gather(make(), make(), make())
    assert named(day) in await partitions(database)


# -- reading ----------------------------------------------------------------------------------------------------------


async def test_page_is_found_in_its_day_alone(database: Database) -> None:
    id_ = await captured(database, "/a")
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "EXPLAIN (ANALYZE, COSTS off) SELECT c.id FROM aiwire.entry e"
            " JOIN aiwire.capture c ON c.day = e.capture_day AND c.id = e.capture_id WHERE e.id = %s",
            (id_,),
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    touched = [line for line in plan.splitlines() if " on capture_" in line and "never executed" not in line]
    assert len(touched) == 1, plan


async def test_bytes_that_are_not_those_that_were_captured_are_refused(database: Database) -> None:
    id_ = await captured(database, "/a")
    await rows(database, "UPDATE aiwire.capture SET sha256 = %s", hashlib.sha256(b"other").digest())
    with pytest.raises(Damaged, match="not those that were captured"):
        await read_waiting(database, id_)
    await rows(database, "UPDATE aiwire.capture SET body = %s", b"no frame at all")
    with pytest.raises(Damaged, match="unpacked"):
        await read_waiting(database, id_)


async def test_headers_that_postgres_cannot_hold_are_kept_clean(database: Database) -> None:
    id_ = await new_entry(database, "/a")
    page = Page(url=f"{SITE}/a", body=b"", fetched_at=NOW, headers=(("ETag", '"a\x00b"'), ("X-\ud800", "\udfff")))
    async with database.transaction() as connection:
        await captures.save(connection, id_, page)
    found = await read_waiting(database, id_)
    assert found is not None
    assert found.headers == (("ETag", '"a\ufffdb"'), ("X-\ufffd", "\ufffd"))


# -- days dropped -------------------------------------------------------------------------------------------------------


async def test_days_are_dropped_whole_and_what_waits_is_carried_over(database: Database) -> None:
    now = await today(database)
    old = now - timedelta(days=31)
    waits = await captured(database, "/waits", old)
    await captured(database, "/done", old, settled=True)
    await captured(database, "/kept", now - timedelta(days=30), settled=True)
    async with database.transaction() as connection:
        assert await capture_days.to_drop(connection, keep=30) == [old]
    dropped = await capture_days.drop_day(database, old, None)
    assert (dropped.carried, dropped.objects, dropped.done) == (1, 0, True)
    assert named(old) not in await partitions(database)
    assert await rows(database, "SELECT to_regclass(%s)", f"aiwire.{named(old)}") == [(None,)]
    assert await rows(database, "SELECT count(*) FROM aiwire.capture") == [(2,)]
    assert await rows(database, "SELECT capture_day FROM aiwire.entry WHERE id = %s", waits) == [(now,)]
    page = await read_waiting(database, waits)
    assert page is not None
    assert page.body == BODY
    dangling = (
        "SELECT count(*) FROM aiwire.entry e WHERE capture_id IS NOT NULL AND NOT EXISTS"
        " (SELECT FROM aiwire.capture c WHERE c.day = e.capture_day AND c.id = e.capture_id)"
    )
    assert await rows(database, dangling) == [(0,)]


async def test_day_that_somebody_reads_is_left_and_nobody_else_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_days, "_LOCK_TIMEOUT", "300ms")
    now = await today(database)
    old = now - timedelta(days=40)
    await captured(database, "/old", old, settled=True)
    async with database.transaction() as reader:  # pg_dump is such a one
        await reader.execute("SELECT count(*) FROM aiwire.capture")
        dropping = asyncio.ensure_future(capture_days.drop_day(database, old, None))
        await asyncio.sleep(0.1)
        async with database.transaction() as writer:
            await writer.execute("SET LOCAL lock_timeout = '100ms'")
            await writer.execute("SELECT count(*) FROM aiwire.capture")
            await writer.execute("UPDATE aiwire.capture SET status = status WHERE day = %s", (now,))
        with pytest.raises(Unavailable, match="long transaction"):
            await dropping
        async with database.transaction() as connection:
            assert await capture_days.to_drop(connection, keep=30) == [old]
            await capture_days.ensure_partitions(connection, now + timedelta(days=20))
    await captured(database, "/new")
    assert (await capture_days.drop_day(database, old, None)).done, "what was begun is ended"
    assert named(old) not in await partitions(database)


async def test_page_that_came_to_a_day_while_it_was_detached_is_carried_over(database: Database) -> None:
    now = await today(database)
    old = now - timedelta(days=40)
    waits = await captured(database, "/waits", old)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("UPDATE aiwire.capture_day SET closing = true WHERE day = %s", (old,))
        connection.execute(f"ALTER TABLE aiwire.capture DETACH PARTITION aiwire.{named(old)} CONCURRENTLY")
    with pytest.raises(Unavailable):
        await read_waiting(database, waits)
    assert (await capture_days.drop_day(database, old, None)).carried == 1
    page = await read_waiting(database, waits)
    assert page is not None
    assert page.body == BODY


async def test_nothing_is_stored_in_a_day_that_is_being_dropped(database: Database) -> None:
    now = await today(database)
    await rows(database, "UPDATE aiwire.capture_day SET closing = true WHERE day = %s", now)
    await captured(database, "/a")
    assert await rows(database, "SELECT day FROM aiwire.capture") == [(now + timedelta(days=1),)]


async def test_what_is_erased_leaves_no_bytes(database: Database) -> None:
    now = await today(database)
    one = await captured(database, "/one", now - timedelta(days=3), settled=True)
    async with database.transaction() as connection:
        await captures.save(connection, one, Page(url=f"{SITE}/one", body=b"again", fetched_at=NOW))
    other = await captured(database, "/other")
    async with database.transaction() as connection:
        assert await captures.erase(connection, [one], None) == 2
    assert await rows(database, "SELECT entry_id FROM aiwire.capture") == [(other,)]
    assert await rows(database, "SELECT capture_day, capture_id FROM aiwire.entry WHERE id = %s", one) == [(None, None)]


async def test_page_that_came_while_its_entry_was_forgotten_is_not_kept(database: Database) -> None:
    id_ = await new_entry(database, "/a")
    page = Page(url=f"{SITE}/a", body=BODY, fetched_at=NOW)

    async def save() -> object:
        async with database.transaction() as connection:
            return await captures.save(connection, id_, page)

    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE aiwire.entry SET state = 'settled', disposition = 'refused', reason = 'forgotten', due_at = NULL"
        )
        saving = asyncio.ensure_future(save())
        await asyncio.sleep(0.2)
        assert not saving.done(), "it waits for who forgets"
    assert await saving is None
    assert await rows(database, "SELECT count(*) FROM aiwire.capture") == [(0,)]
    assert await rows(database, "SELECT state FROM aiwire.entry") == [("settled",)]


async def test_what_is_erased_is_gone_from_a_day_that_is_just_being_dropped(database: Database) -> None:
    old = await today(database) - timedelta(days=40)
    id_ = await captured(database, "/a", old, settled=True)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("UPDATE aiwire.capture_day SET closing = true WHERE day = %s", (old,))
        connection.execute(f"ALTER TABLE aiwire.capture DETACH PARTITION aiwire.{named(old)} CONCURRENTLY")
    async with database.transaction() as connection:
        assert await captures.erase(connection, [id_], None) == 1
    assert await rows(database, f"SELECT count(*) FROM aiwire.{named(old)}") == [(0,)]


# -- figures ------------------------------------------------------------------------------------------------------------


async def test_days_that_are_over_are_counted_once(database: Database) -> None:
    now = await today(database)
    yesterday = now - timedelta(days=1)
    await captured(database, "/a", yesterday)
    for _ in range(2):
        async with database.transaction() as connection:
            await capture_days.count_days(connection)
    found = await rows(database, "SELECT day, captures, capture_bytes FROM aiwire.day_figure ORDER BY day DESC")
    assert len(found) == 7
    assert found[0][:2] == (yesterday, 1)
    assert found[0][2] > 0


# -- from the release before ------------------------------------------------------------------------------------------


def test_pages_of_the_release_before_come_to_their_days(empty_database_url: str) -> None:
    migrations._migrate_ours(empty_database_url, None, to="0003")
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            """
            INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, definition) VALUES ('o', '', '', 'en', 'scrape', '{}');
            INSERT INTO aiwire.host (name) VALUES ('h');
            INSERT INTO aiwire.entry (outlet, host, url, url_key, discovered_at, state, due_at)
            VALUES ('o', 'h', 'u', 'u', now(), 'captured', now());
            INSERT INTO aiwire.capture (entry_id, url, status, headers, body, size, sha256, captured_at)
            SELECT 1, 'u', 200, '[]', convert_to(repeat(n::text, 5000), 'UTF8'), n, '', at
            FROM (VALUES (1, '2026-01-31 23:59:59.9Z'::timestamptz), (2, '2026-02-01 00:00Z'), (3, '2026-02-01 23:00Z'),
                         (4, now() + interval '400 days')) AS c (n, at);
            UPDATE aiwire.entry SET capture_id = 3;
            """
        )
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        today = (connection.execute("SELECT (now() AT TIME ZONE 'UTC')::date").fetchone() or [None])[0]
        found = connection.execute(
            "SELECT day, id, (SELECT relname FROM pg_class p WHERE p.oid = c.tableoid), convert_from(body, 'UTF8') = repeat(id::text, 5000), stored_size"
            " FROM aiwire.capture c ORDER BY id"
        ).fetchall()
        assert found == [
            (day, n + 1, named(day), True, 5000)
            for n, day in enumerate((date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 1), today))
        ]
        assert connection.execute("SELECT capture_day, capture_id FROM aiwire.entry").fetchone() == (
            date(2026, 2, 1),
            3,
        )
        assert connection.execute("SELECT nextval('aiwire.capture_id_seq')").fetchone() == (5,)
        days = connection.execute(
            "SELECT count(*) FROM aiwire.capture_day WHERE NOT closing AND NOT objects"
        ).fetchone()
        assert days == (10,), "two of old, today, and a week ahead"
