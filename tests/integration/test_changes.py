"""The change feed: what is told, in which order, to whom a cursor is good, and who is woken."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from stored import NOW, SITE, an_outlet, ingested, store_at, withdraw_at

from crawler import changes as shell
from crawler.settings import load_settings
from pipelines.errors import PublishError, Unavailable
from pipelines.store import articles, changes
from pipelines.store.arrivals import ReadAgain
from pipelines.store.database import Database
from pipelines.store.revisions import Reading

TEXT = "The council of the old town decided on Monday that the bridge is to be rebuilt from the month of March on."
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=4) as opened:
        await an_outlet(opened)
        yield opened


async def told(database: Database, after: str | None = None, *, most: int = 1_000) -> list[dict[str, object]]:
    async with database.transaction() as connection:
        return await changes.after(connection, after, most=most)


async def kinds(database: Database) -> list[tuple[object, object, object]]:
    return [(change["kind"], change["revision"], change["material"]) for change in await told(database)]


# -- what is told --------------------------------------------------------------------------------------------------


async def test_article_is_told_as_new_and_its_edits_as_material_or_cosmetic(database: Database) -> None:
    await store_at(database, ingested("/a", TEXT.replace("bridge", "brigde"), language="en"))
    await store_at(database, ingested("/a", TEXT, language="en"))
    later = NOW + timedelta(hours=1)
    await store_at(database, ingested("/a", f"{TEXT} It costs eleven million.", language="en"), now=later)

    assert await kinds(database) == [("new", 1, None), ("edit", 2, False), ("edit", 3, True)]
    (_, edit, _) = await told(database)
    assert edit["changed"] == ["text"]


async def test_page_that_says_the_same_tells_nothing(database: Database) -> None:
    await store_at(database, ingested("/a", TEXT))
    await store_at(database, ingested("/a", TEXT))
    assert len(await told(database)) == 1


async def test_what_we_read_better_is_told_apart_from_what_the_outlet_changed(database: Database) -> None:
    stored = await store_at(database, ingested("/a", TEXT + " Follow us on all channels."))
    again = ReadAgain(
        revision=1,
        ingested=ingested("/a", TEXT),
        reading=Reading(rules=b"new"),
        capture_sha256=hashlib.sha256().digest(),
    )
    async with database.transaction() as connection:
        await articles.store_again(connection, outlet="example", article_id=stored.article_id, again=again, now=NOW)
    assert await kinds(database) == [("new", 1, None), ("re_extraction", 2, None)]


async def test_two_revisions_of_one_transaction_are_both_told_ours_first(database: Database) -> None:
    await store_at(database, ingested("/a", TEXT + " Follow us on all channels."))
    before = ReadAgain(
        revision=1,
        ingested=ingested("/a", TEXT),
        reading=Reading(rules=b"new"),
        capture_sha256=hashlib.sha256().digest(),
    )
    async with database.transaction() as connection:
        await articles.store(
            connection,
            outlet="example",
            ingested=ingested("/a", TEXT + " It costs eleven million."),
            claimed_key=f"{SITE}/a",
            guid=None,
            capture_sha256=b"",
            now=NOW,
            reading=Reading(rules=b"new"),
            before=before,
        )
    assert await kinds(database) == [("new", 1, None), ("re_extraction", 2, None), ("edit", 3, True)]


async def test_withheld_article_is_told_without_its_words_and_restored_with_them(database: Database) -> None:
    await store_at(database, ingested("/a", TEXT))
    await withdraw_at(database, "/a", withheld=True)
    (_, withdrawn) = await told(database)
    assert (withdrawn["kind"], withdrawn["reason"], withdrawn["withheld"]) == ("withdrawn", "rights_reserved", True)
    assert (withdrawn["title"], withdrawn["url"]) == (None, None)

    await store_at(database, ingested("/a", TEXT))

    assert [kind for kind, _, _ in await kinds(database)] == ["new", "withdrawn", "restored"]
    assert (await told(database))[-1]["url"] == f"{SITE}/a"


async def store_slowly(database: Database, *, lock_timeout: str, then: Exception | None = None) -> None:
    """Store an article, and end the transaction with an error."""
    async with database.transaction() as connection:
        await connection.execute(f"SET LOCAL lock_timeout = '{lock_timeout}'".encode())
        await articles.store(
            connection,
            outlet="example",
            ingested=ingested("/slow", TEXT),
            claimed_key=f"{SITE}/slow",
            guid=None,
            capture_sha256=b"",
            now=NOW,
        )
        if then is not None:
            raise then


async def test_rolled_back_article_is_not_told(database: Database) -> None:
    with pytest.raises(RuntimeError):
        await store_slowly(database, lock_timeout="10s", then=RuntimeError())
    await store_at(database, ingested("/a", TEXT))
    assert len(await told(database)) == 1


async def test_slow_transaction_is_told_after_those_that_were_faster(database: Database) -> None:
    """What an id cursor loses: the slow one began, and drew its ids, first."""
    async with database.transaction() as slow:
        await articles.store(
            slow,
            outlet="example",
            ingested=ingested("/slow", TEXT),
            claimed_key=f"{SITE}/slow",
            guid=None,
            capture_sha256=b"",
            now=NOW,
        )
        await an_outlet(database, "other")
        await store_at(database, ingested("/fast", TEXT), outlet="other")
        (fast,) = await told(database)
    (slow_one,) = await told(database, str(fast["cursor"]))
    assert (fast["url"], slow_one["url"]) == (f"{SITE}/fast", f"{SITE}/slow")


async def test_commit_that_waits_too_long_for_its_turn_fails_whole_and_may_be_tried_again(database: Database) -> None:
    async with database.transaction() as holder:
        await holder.execute("SELECT aiwire.lock_changes()")
        with pytest.raises(Unavailable):
            await store_slowly(database, lock_timeout="200ms")
    assert await told(database) == []
    await store_at(database, ingested("/a", TEXT))
    assert len(await told(database)) == 1


# -- cursors -------------------------------------------------------------------------------------------------------


async def test_cursor_goes_on_where_it_was_and_at_the_end_there_is_nothing(database: Database) -> None:
    for n in range(5):
        await store_at(database, ingested(f"/{n}", f"{TEXT} {n}", title=f"The article with the number {n}"))
    first = await told(database, most=2)
    rest = await told(database, str(first[-1]["cursor"]))
    assert [change["url"] for change in (*first, *rest)] == [f"{SITE}/{n}" for n in range(5)]
    assert await told(database, str(rest[-1]["cursor"])) == []
    async with database.transaction() as connection:
        assert await changes.last_cursor(connection) == rest[-1]["cursor"]


@pytest.mark.parametrize(
    "cursor", ["x", "12345678", "12345678-", "1234567Z-1", "12345678-1; DROP", "12345678-" + "9" * 30]
)
async def test_what_is_no_cursor_is_told_so(database: Database, cursor: str) -> None:
    with pytest.raises(PublishError, match="is no cursor") as raised:
        await told(database, cursor)
    assert raised.value.code == "no_cursor"


async def test_cursor_of_another_database_is_refused(database: Database) -> None:
    with pytest.raises(PublishError, match="another database") as raised:
        await told(database, "00000000-1")
    assert raised.value.code == "lost_future"


async def test_cursor_survives_a_move_and_one_from_a_lost_future_is_refused(database: Database) -> None:
    for n in range(3):
        await store_at(database, ingested(f"/{n}", f"{TEXT} {n}", title=f"The article with the number {n}"))
    one, two, three = (str(change["cursor"]) for change in await told(database))
    async with database.transaction() as connection:  # an older backup: it ends after the second article
        await connection.execute("DELETE FROM aiwire.change WHERE position > %s", (int(two.split("-")[1]),))
        await connection.execute("SELECT setval('aiwire.change_position', %s)", (int(two.split("-")[1]),))
        await connection.execute("UPDATE aiwire.epoch SET place = 'another place'")
        await connection.execute("SELECT aiwire.settle_epoch(), aiwire.settle_epoch()")

    await store_at(database, ingested("/new", TEXT, title="One that came after the restore"))

    assert [change["url"] for change in await told(database, two)] == [f"{SITE}/new"]
    assert len(await told(database, one)) == 2
    with pytest.raises(PublishError, match="has lost") as raised:
        await told(database, three)
    assert raised.value.code == "lost_future"
    assert two in raised.value.message, "it says where to go on from"
    (new,) = await told(database, two)
    assert str(new["cursor"]).split("-")[0] != two.split("-")[0]
    assert await told(database, str(new["cursor"])) == []


# -- following -----------------------------------------------------------------------------------------------------


async def test_follower_is_woken_by_a_commit(database: Database) -> None:
    connection = await database.connect()
    async with connection, aclosing(changes.follow(connection, None, most=10)) as batches:
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await store_at(database, ingested("/a", TEXT))
        (change,) = await asyncio.wait_for(waiting, 5)
        assert change["url"] == f"{SITE}/a"


async def test_shell_follows_and_goes_on_after_its_connection_was_cut(database: Database, tmp_path: Path) -> None:
    follower = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "crawler.cli", "changes", "--follow", "--json"),
        env={**os.environ, "DATABASE_URL": database.url, "AIWIRE_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    async def url() -> str:
        assert follower.stdout is not None
        line = await asyncio.wait_for(follower.stdout.readline(), 30)
        return str(json.loads(line)["url"])

    try:
        await store_at(database, ingested("/a", TEXT))
        assert await url() == f"{SITE}/a"
        with psycopg.connect(database.url) as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'aiwire-locks' AND pid <> pg_backend_pid()"
            ).fetchall()
        assert cut == [(True,)]
        await store_at(database, ingested("/b", TEXT, title="Another one of some length"))
        assert await url() == f"{SITE}/b"
    finally:
        follower.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(follower.communicate(), 30)
    assert follower.returncode in (0, 130)
    assert errors.count(b"trying again") == 1
    assert b"Traceback" not in errors


async def test_shell_shows_more_than_it_asks_for_at_a_time(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(5):
        await store_at(database, ingested(f"/{n}", f"{TEXT} {n}", title=f"The article with the number {n}"))
    monkeypatch.setattr(shell, "_BATCH", 2)
    monkeypatch.setenv("DATABASE_URL", database.url)
    settings = load_settings(data_dir=tmp_path)

    def shown(most: int | None) -> list[str]:
        shell.show_changes(settings, cursor=None, most=most, follow=False, end=False, as_json=True)
        return [json.loads(line)["url"] for line in capsys.readouterr().out.splitlines()]

    assert await asyncio.to_thread(shown, None) == [f"{SITE}/{n}" for n in range(5)]
    assert await asyncio.to_thread(shown, 3) == [f"{SITE}/{n}" for n in range(3)]
