"""`aiwire db move`: every row arrives, cursors go on, and the place that was left says where to go."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from stored import NOW, an_outlet, ingested, store_at, withdraw_at

from crawler import moving, roles
from crawler.binaries import source_binaries
from crawler.embedded import EmbeddedPostgres
from crawler.settings import load_settings
from pipelines.errors import PublishError, StoreError
from pipelines.store import changes, transfer
from pipelines.store.addresses import place_of, without_password
from pipelines.store.database import Database
from pipelines.store.migrate import migrate, whereabouts

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = "The council of the old town decided on Monday that the bridge is to be rebuilt from the month of March on."
DEBIAN = Path("/usr/lib/postgresql/15/bin")
OLDER = DEBIAN if (DEBIAN / "initdb").exists() else source_binaries(None).parent.parent / "pginstall" / "bin"


async def fill(url: str, articles: int = 6) -> None:
    """Articles with an edit, a withdrawal, awkward characters, old revisions, and a raw page of an old day."""
    async with Database(url, role="ingest") as database:
        await an_outlet(database)
        for number in range(articles):
            await store_at(
                database, ingested(f"/{number}", f"{TEXT} \\N \\. {number}\tends\r\n", title="Più “x” 🦜 \\")
            )
        await store_at(database, ingested("/0", f"{TEXT} It costs more."), now=NOW + timedelta(hours=1))
        if articles > 1:
            await withdraw_at(database, "/1", withheld=True)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT aiwire.make_capture_days('2026-01-03', '2026-01-03')")
        connection.execute(
            """
            INSERT INTO aiwire.capture (day, entry_id, url, status, headers, body, size, stored_size, sha256, captured_at)
            VALUES ('2026-01-03', 1, 'https://news.example/0', 200, '{"a": "\\u00e9"}', %s, 4, 4, '\\x00', '2026-01-03')
            """,
            (b"\x00\xff\n\\",),
        )
        connection.execute("UPDATE aiwire.host SET queued_at = now()")


def every_row(url: str) -> dict[str, list[str]]:
    """The rows of each table that moves, as text; but for what is the place's own."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'aiwire'::regnamespace AND relkind IN ('r', 'p')"
                " AND NOT relispartition AND relname NOT IN ('epoch', 'moved', 'heartbeat')"
            )
        ]
        return {
            name: sorted(row[0] for row in connection.execute(f"SELECT t::text FROM aiwire.{name} t"))
            for name in names
            if name != "host"
        }


def drawn(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'aiwire'")
        return {name: value for name, value in found if value is not None}


def cursors(url: str, after: str | None = None) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT cursor FROM news.changes(%s)", (after,))]


def position(cursor: str) -> int:
    return int(cursor.partition("-")[2])


async def test_every_row_and_sequence_arrives_and_nothing_is_told_anew(
    database_url: str, empty_database_url: str
) -> None:
    await fill(database_url)
    before, numbers, told = every_row(database_url), drawn(database_url), cursors(database_url)
    transfer.move(database_url, empty_database_url)
    assert every_row(empty_database_url) == before
    assert drawn(empty_database_url) == numbers
    assert [position(cursor) for cursor in cursors(empty_database_url)] == [position(cursor) for cursor in told]
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM aiwire.host WHERE queued_at IS NOT NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM aiwire.capture_2026_01_03").fetchone() == (1,)


async def test_moved_installation_works_where_it_went(database_url: str, other_database_url: str) -> None:
    await fill(database_url)
    seen = cursors(database_url)
    transfer.move(database_url, other_database_url)
    async with Database(other_database_url, role="ingest") as database:
        await store_at(database, ingested("/later", TEXT), now=datetime.now(UTC))
    for cursor in seen:
        later = [position(one) for one in cursors(other_database_url, cursor)]
        assert later[: len(seen)] == [position(one) for one in seen if position(one) > position(cursor)] + later[-1:]


async def test_place_that_was_left_refuses_writes_and_names_where_it_went(
    database_url: str, other_database_url: str
) -> None:
    await fill(database_url)
    (*_, last) = cursors(database_url)
    transfer.move(database_url, other_database_url)
    went = place_of(other_database_url)
    async with Database(database_url, role="ingest") as database:
        with pytest.raises(StoreError, match="was moved to") as refused:
            await store_at(database, ingested("/later", TEXT))
        assert refused.value.code == "moved"
    assert whereabouts(database_url) == went
    with pytest.raises(StoreError, match="set DATABASE_URL"):
        migrate(database_url)
    with pytest.raises(StoreError, match="was moved to"):
        transfer.move(database_url, other_database_url)
    async with Database(database_url, role="reader") as database, database.transaction() as connection:
        assert len(await changes.after(connection, None, most=3)) == 3  # what it has it still tells
        with pytest.raises(PublishError, match="your cursor goes on") as moved:
            await changes.after(connection, last, most=1)
        assert moved.value.code == "moved"


async def test_move_can_be_taken_back_at_the_source(database_url: str, other_database_url: str) -> None:
    await fill(database_url)
    transfer.move(database_url, other_database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT aiwire.reopen()")
    migrate(database_url)
    async with Database(database_url, role="ingest") as database:
        await store_at(database, ingested("/later", TEXT))


async def test_follower_misses_and_doubles_nothing_while_articles_are_stored(
    database_url: str, other_database_url: str
) -> None:
    """Four writers store without a pause until they are refused, then where it went; a follower follows its cursor."""
    async with Database(database_url, role="ingest") as database:
        await an_outlet(database)
    here = database_url
    stored: list[str] = []
    taken: list[int] = []
    enough, done = asyncio.Event(), asyncio.Event()

    async def write(writer: int) -> None:
        for where in (database_url, other_database_url):
            async with Database(where, size=1, role="ingest") as opened:
                for number in range(15 if where != here else 10_000):
                    path = f"/{writer}-{number}-{where != here}"
                    try:
                        await store_at(opened, ingested(path, f"{TEXT} {path}"))
                    except StoreError as error:
                        if error.code != "moved":  # it waited for the move in vain: the worker tries again, too
                            continue
                        break
                    stored.append(path)
                    if len(stored) >= 20:
                        enough.set()

    async def follow() -> None:
        cursor: str | None = None
        where = database_url
        while True:
            async with Database(where, size=1, role="reader") as opened:
                while True:
                    finished = done.is_set()
                    async with opened.transaction() as connection:
                        try:
                            batch = await changes.after(connection, cursor, most=7)
                        except PublishError:  # moved: another reason comes again there
                            assert where == database_url
                            where = other_database_url
                            break
                    taken.extend(change["article_id"] for change in batch)
                    cursor = batch[-1]["cursor"] if batch else cursor
                    if not batch and finished:
                        return
                    await asyncio.sleep(0 if batch else 0.01)

    following = asyncio.ensure_future(follow())
    writing = [asyncio.ensure_future(write(number)) for number in range(4)]
    await enough.wait()
    await asyncio.to_thread(transfer.move, database_url, other_database_url)
    await asyncio.gather(*writing)
    done.set()
    await following
    assert len(taken) == len(set(taken)) == len(stored)
    with psycopg.connect(other_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM news.article").fetchone() == (len(stored),)


async def test_target_that_holds_an_installation_is_refused_and_left_alone(
    database_url: str, other_database_url: str
) -> None:
    await fill(database_url, 1)
    migrate(other_database_url)
    async with Database(other_database_url, role="ingest") as database:
        await an_outlet(database, "other")
    with pytest.raises(StoreError, match="give an empty database"):
        transfer.move(database_url, other_database_url)
    assert whereabouts(database_url) is None
    with psycopg.connect(other_database_url) as connection:
        assert connection.execute("SELECT slug FROM aiwire.outlet").fetchall() == [("other",)]


async def test_failed_move_leaves_the_source_open_and_the_target_without_rows(
    database_url: str, other_database_url: str
) -> None:
    await fill(database_url)

    def fail(name: str, _rows: int) -> None:
        if name == "revision":
            raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="terminal"):
        transfer.move(database_url, other_database_url, fail)
    transfer.check_empty(other_database_url)
    async with Database(database_url, role="ingest") as database:
        await store_at(database, ingested("/later", TEXT))
    transfer.move(database_url, other_database_url)
    assert len(cursors(other_database_url)) == 9


async def test_killed_move_leaves_the_source_open_and_can_be_run_again(
    database_url: str, other_database_url: str
) -> None:
    await fill(database_url)
    program = (
        "import os, signal, sys; from pipelines.store import transfer\n"
        "def told(name, rows):\n    if name == 'article': os.kill(os.getpid(), signal.SIGKILL)\n"
        "transfer.move(sys.argv[1], sys.argv[2], told)"
    )
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, database_url, other_database_url], cwd=CHECKOUT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    transfer.check_empty(other_database_url)
    async with Database(database_url, role="ingest") as database:
        await store_at(database, ingested("/later", TEXT))
    transfer.move(database_url, other_database_url)
    assert len(cursors(other_database_url)) == 9


async def test_writer_waits_and_reader_goes_on_while_it_moves(database_url: str, other_database_url: str) -> None:
    await fill(database_url)
    moving_on, go_on = threading.Event(), threading.Event()

    def pause(name: str, _rows: int) -> None:
        if name == "article":
            moving_on.set()
            assert go_on.wait(30)

    move = asyncio.create_task(asyncio.to_thread(transfer.move, database_url, other_database_url, pause))
    await asyncio.to_thread(moving_on.wait, 30)
    assert len(cursors(database_url)) == 8
    with (
        psycopg.connect(database_url, options="-c lock_timeout=100ms") as connection,
        pytest.raises(psycopg.errors.LockNotAvailable),
    ):
        connection.execute("UPDATE aiwire.source SET failures = 1")
    go_on.set()
    await move


async def test_roles_of_the_daemon_end_once_it_is_moved(
    database_url: str, other_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url, 1)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr(roles, "_WHEREABOUTS", 0.05)

    async def stay(_settings: Any, stop: asyncio.Event, _reload: asyncio.Event) -> None:
        await stop.wait()

    monkeypatch.setitem(roles.ROLES, "scheduler", stay)
    role = asyncio.ensure_future(roles.run("scheduler", load_settings(config_dir=None)))
    await asyncio.sleep(0.2)
    assert not role.done()
    await asyncio.to_thread(transfer.move, database_url, other_database_url)
    assert await asyncio.wait_for(role, 20) == roles.MOVED


def test_command_says_what_to_set_and_never_the_password(
    database_url: str, other_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(database_url, 1))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AIWIRE_MOVE_TO", "read by the command line; no mistake among the settings")
    assert (
        moving.move_database(load_settings(config_dir=None), make_conninfo(other_database_url, password="hunter2")) == 0
    )
    printed = capsys.readouterr()
    assert "DATABASE_URL=" in printed.out
    assert "hunter2" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://anna:pw@db.example:6432/news?sslmode=require", "postgresql://anna@db.example:6432/news?sslmode=require"),
        ("postgres://anna@db.example/news?password=pw", "postgresql://anna@db.example/news"),
        ("postgresql://aiwire:p%40w@/aiwire?host=%2Frun%2Fpg", "postgresql://aiwire@/aiwire?host=%2Frun%2Fpg"),
        ("postgresql://a:pw@[::1]:5/b", "postgresql://a@[::1]:5/b"),
        ("host=db user=anna password=pw dbname=news", "host=db user=anna dbname=news"),
    ],
)  # fmt: skip
def test_password_is_taken_out_of_every_form_of_a_url(url: str, shown: str) -> None:
    told = without_password(url)
    assert "pw" not in told
    assert sorted(told.split()) == sorted(shown.split())


@contextlib.contextmanager
def server(binaries: Path | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="aiwire-moving-") as made:
        Path(made).chmod(0o755)
        with EmbeddedPostgres(Path(made) / "postgres", binaries=binaries) as started:
            yield started.url


@pytest.mark.slow
@pytest.mark.parametrize("upwards", [True, False], ids=["to a newer version", "to an older version"])
async def test_it_moves_between_versions_of_postgres(*, upwards: bool) -> None:
    with server(OLDER) as older, server(None) as newer:
        source, target = (older, newer) if upwards else (newer, older)
        migrate(source)
        await fill(source)
        before, told = every_row(source), cursors(source)
        transfer.move(source, target)
        assert every_row(target) == before
        assert [position(one) for one in cursors(target, told[2])] == [position(one) for one in told[3:]]


@pytest.mark.slow
async def test_login_that_may_make_no_roles_can_receive_it(
    postgres: str, database_url: str, empty_database_url: str
) -> None:
    """As on a managed Postgres: the login owns the database, and nothing else."""
    await fill(database_url)
    name = f"plain_{Path(tempfile.mktemp()).name}"
    with psycopg.connect(empty_database_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'x'")
        admin.execute(f'ALTER DATABASE "{admin.info.dbname}" OWNER TO "{name}"')
    try:
        transfer.move(database_url, make_conninfo(empty_database_url, user=name, password="x"))
        assert every_row(empty_database_url) == every_row(database_url)
    finally:
        with psycopg.connect(empty_database_url, autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{admin.info.dbname}" OWNER TO CURRENT_USER')
            admin.execute(f'REASSIGN OWNED BY "{name}" TO CURRENT_USER')
            admin.execute(f'DROP OWNED BY "{name}"')
            admin.execute(f'DROP ROLE "{name}"')
