"""The store on a real Postgres: claims, identity, revisions, locks, migrations."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest
from stored import NOW, SITE, claim, ingested

from pipelines.errors import StoreError, Unavailable
from pipelines.records import (
    Ingested,
    Page,
)
from pipelines.store import articles, captures, entries, sources
from pipelines.store.arrivals import Stored
from pipelines.store.claims import Claim, Claimed, write_claims
from pipelines.store.database import Database, SessionLocks
from pipelines.store.entries import Disposition
from pipelines.store.migrate import is_current, migrate
from pipelines.store.sources import OutletRow


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=4) as opened:
        async with opened.transaction() as connection:
            await sources.sync(connection, [outlet()], NOW)
        yield opened


def outlet(*urls: str) -> OutletRow:
    return OutletRow(
        slug="example",
        name="Example",
        homepage=SITE,
        language="en",
        policy="scrape",
        definition={"name": "Example"},
        sources=tuple(("feed", url, "news.example") for url in urls or (f"{SITE}/feed",)),
    )


async def store(database: Database, found: Ingested, *, guid: str | None = None, key: str | None = None) -> Stored:
    async with database.transaction() as connection:
        return await articles.store(
            connection,
            outlet="example",
            ingested=found,
            claimed_key=key or found.extraction.url,
            guid=guid,
            capture_sha256=hashlib.sha256(b"page").digest(),
            now=NOW,
        )


async def one(database: Database, query: str) -> object:
    async with database.transaction() as connection:
        row = await (await connection.execute(query.encode())).fetchone()
    return row[0] if row else None


async def poll(database: Database, *claims: Claim, now: datetime = NOW) -> Claimed:
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT id FROM aiwire.source ORDER BY id LIMIT 1")
        row = await cursor.fetchone()
        assert row is not None
        return await write_claims(connection, source_id=row[0], outlet="example", claims=claims, now=now)


# -- claims --------------------------------------------------------------------------------------------------------


async def test_same_claims_again_write_nothing_and_draw_no_number(database: Database) -> None:
    seen = [claim(f"/{n}", title=f"Title {n}") for n in range(5)]
    assert await poll(database, *seen) == Claimed(new=5, changed=0)
    before = await one(database, "SELECT max(xmin::text::bigint) FROM aiwire.entry")
    drawn = await one(database, "SELECT last_value FROM aiwire.entry_id_seq")
    assert await poll(database, *seen, now=NOW + timedelta(hours=1)) == Claimed(new=0, changed=0)
    assert await one(database, "SELECT max(xmin::text::bigint) FROM aiwire.entry") == before
    assert await one(database, "SELECT last_value FROM aiwire.entry_id_seq") == drawn


async def test_changed_claim_makes_a_settled_entry_due_again(database: Database) -> None:
    await poll(database, claim("/a", title="Before"))
    async with database.transaction() as connection:
        work = (await entries.due(connection, "news.example", NOW, most=9))[0]
        await entries.settle(connection, work.id, Disposition.STORED, now=NOW)
        assert await entries.due(connection, "news.example", NOW, most=9) == []
    assert (await poll(database, claim("/a", title="After"), now=NOW + timedelta(minutes=5))).changed == 1
    async with database.transaction() as connection:
        due = await entries.due(connection, "news.example", NOW + timedelta(minutes=5), most=9)
    assert [(work.title, work.state) for work in due] == [("After", "settled")]


async def test_two_claims_for_one_address_in_a_batch_are_one_entry(database: Database) -> None:
    twice = claim("/a", title="First"), claim("/a?utm_source=rss", title="Second")
    assert (await poll(database, *twice)).new == 1
    assert await one(database, "SELECT title FROM aiwire.entry") == "First"


async def test_captured_bytes_are_processed_before_anything_is_fetched(database: Database) -> None:
    await poll(database, claim("/a"), claim("/b"))
    page = Page(url=f"{SITE}/b", body="<p>è</p>".encode(), fetched_at=NOW, headers=(("ETag", '"x"'),))
    async with database.transaction() as connection:
        second = (await entries.due(connection, "news.example", NOW, most=9))[1]
        capture = await captures.save(connection, second.id, page)
    async with database.transaction() as connection:
        due = await entries.due(connection, "news.example", NOW, most=9)
        kept = await captures.load(connection, capture)
    assert [(work.url, work.state) for work in due] == [(f"{SITE}/b", "captured"), (f"{SITE}/a", "pending")]
    assert kept is not None
    assert (kept.body, kept.header("etag")) == (page.body, '"x"')


# -- articles ------------------------------------------------------------------------------------------------------

TEXT = "The foundry delays glass substrates by a year because panels warped during soldering and failed tests."
OTHER = "Readers may win two tickets for Saturday's match against last year's champions, kick-off half past three."


async def test_unchanged_article_writes_nothing(database: Database) -> None:
    first = await store(database, ingested("/a", TEXT))
    again = await store(database, ingested("/a", TEXT))
    assert (first.new, again.new, again.revised, again.revision) == (True, False, False, 1)
    assert await one(database, "SELECT count(*) FROM aiwire.revision") == 1


async def test_edit_becomes_a_revision_of_the_same_article(database: Database) -> None:
    first = await store(database, ingested("/a", TEXT))
    edit = await store(database, ingested("/a", TEXT + " Corrected.", title="Another title"))
    assert (edit.article_id, edit.revision) == (first.article_id, 2)
    assert await one(database, "SELECT changed FROM news.revision WHERE revision = 2") == ["title", "text"]
    assert await one(database, "SELECT title FROM news.article") == "Another title"


async def test_moved_article_is_known_by_its_guid(database: Database) -> None:
    first = await store(database, ingested("/a", TEXT), guid="g1")
    moved = await store(database, ingested("/b", TEXT), guid="g1")
    assert moved.article_id == first.article_id
    assert await one(database, "SELECT url FROM news.article") == f"{SITE}/b"


async def test_reused_guid_makes_two_articles_of_two_texts(database: Database) -> None:
    await store(database, ingested("/a", TEXT), guid="always-the-same")
    await store(database, ingested("/b", OTHER, title="Two tickets"), guid="always-the-same")
    assert await one(database, "SELECT count(*) FROM news.article") == 2


async def test_same_canonical_on_every_page_makes_two_articles_of_two_texts(database: Database) -> None:
    await store(database, ingested("/a", TEXT, canonical=f"{SITE}/wrong/page"))
    await store(database, ingested("/b", OTHER, title="Two tickets", canonical=f"{SITE}/wrong/page"))
    assert await one(database, "SELECT count(*) FROM news.article") == 2
    again = await store(database, ingested("/b", OTHER, title="Two tickets", canonical=f"{SITE}/wrong/page"))
    assert (again.new, again.revised) == (False, False)


async def test_refused_text_takes_no_neighbour_along(database: Database) -> None:
    """NUL is cleaned by ingest; should one slip through, its transaction alone is lost."""
    await store(database, ingested("/a", TEXT))
    with pytest.raises(StoreError):
        await store(database, ingested("/b", TEXT + "\x00"))
    await store(database, ingested("/c", OTHER))
    assert await one(database, "SELECT count(*) FROM news.article") == 2


# -- sources -------------------------------------------------------------------------------------------------------


async def test_fired_hosts_are_not_fired_again_until_visited_or_forgotten(database: Database) -> None:
    async def fire(at: datetime) -> list[str]:
        async with database.transaction() as connection:
            return await sources.fire(connection, at)

    assert await fire(NOW) == ["news.example"]
    assert await fire(NOW) == []
    assert await fire(NOW + sources.QUEUED_FOR + timedelta(seconds=1)) == ["news.example"]
    async with database.transaction() as connection:
        await sources.visited(connection, ["news.example"])
    assert await fire(NOW) == ["news.example"]


async def test_source_that_left_the_configuration_is_not_due(database: Database) -> None:
    async with database.transaction() as connection:
        await sources.sync(connection, [replace(outlet(), sources=(("feed", f"{SITE}/new", "news.example"),))], NOW)
        due = await sources.due_sources(connection, "news.example", NOW)
    assert [source.url for source in due] == [f"{SITE}/new"]


async def test_starting_again_draws_no_number_for_known_sources(database: Database) -> None:
    drawn = await one(database, "SELECT last_value FROM aiwire.source_id_seq")
    async with database.transaction() as connection:
        await sources.sync(connection, [outlet()], NOW)
    assert await one(database, "SELECT last_value FROM aiwire.source_id_seq") == drawn


# -- locks and migrations ------------------------------------------------------------------------------------------


async def test_host_is_held_by_one_and_freed_when_its_connection_breaks(database: Database) -> None:
    mine, theirs = SessionLocks(database, "host"), SessionLocks(database, "host")
    assert await mine.try_acquire("a.example")
    assert not await mine.try_acquire("a.example"), "a session may take its own lock twice; we may not"
    assert not await theirs.try_acquire("a.example")
    assert await theirs.try_acquire("b.example")
    async with database.transaction() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aiwire-locks'"
            " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') AND datname = current_database()"
        )
    assert not await mine.holds("a.example")
    with pytest.raises(Unavailable):
        await theirs.try_acquire("a.example")
    assert await theirs.try_acquire("a.example")
    await mine.close()
    await theirs.close()


async def test_transaction_outlives_a_restart_of_postgres(database: Database) -> None:
    """The pool hands out no dead connection twice: the next use works."""
    async with database.transaction() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await one(database, "SELECT 1") == 1


def test_two_starters_migrate_once(empty_database_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            migrate(empty_database_url)
        except BaseException as error:  # noqa: BLE001 -- told to the test
            failures.append(error)

    starters = [threading.Thread(target=start) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert failures == []
    assert is_current(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM news.article").fetchone() == (0,)


async def test_wrong_address_says_so_at_start() -> None:
    with pytest.raises(Unavailable, match="DATABASE_URL"):
        async with asyncio.timeout(30):
            await Database("postgresql://nobody@127.0.0.1:9/nothing?connect_timeout=1", size=1).open()


async def test_host_whose_job_was_lost_becomes_due_again(database: Database) -> None:
    async with database.transaction() as connection:
        assert await sources.fire(connection, NOW) == ["news.example"]
        assert await sources.forget_lost(connection, NOW + timedelta(seconds=5)) == []
        await connection.execute("SET LOCAL search_path TO aiwire_queue")
        await connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('visits', 'visit', '{\"hosts\": [\"news.example\"]}')"
        )
        assert await sources.forget_lost(connection, NOW + timedelta(minutes=1)) == []
        await connection.execute("DELETE FROM procrastinate_jobs")
        assert await sources.forget_lost(connection, NOW + timedelta(minutes=1)) == ["news.example"]
        assert await sources.fire(connection, NOW) == ["news.example"]
