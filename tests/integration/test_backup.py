"""Backups, ours and pg_dump's: what comes back, and what a cursor is worth afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from stored import NOW, ingested, store_at
from test_moving import TEXT, cursors, drawn, every_row, fill, position

from crawler import backup
from crawler.binaries import binaries_of
from crawler.settings import load_settings
from pipelines.errors import ConfigError, StoreError
from pipelines.store import transfer
from pipelines.store.database import Database, libpq_environment
from pipelines.store.layout import Table
from pipelines.store.migrate import is_current, migrate, migrate_to


async def store_later(url: str, path: str) -> None:
    """What the daemon does after a restore: it opens its pool, and stores."""
    migrate(url)
    async with Database(url, role="ingest") as database:
        await store_at(database, ingested(path, f"{TEXT} {path}"), now=NOW + timedelta(days=2))


# -- ours ----------------------------------------------------------------------------------------------------------


async def test_everything_comes_back_into_an_empty_database(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    await fill(database_url)
    seen = cursors(database_url)
    file = tmp_path / "news.backup"
    written = backup.write(database_url, file)
    assert backup.read_manifest(file) == written
    assert file.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "news.backup.part").exists()

    backup.restore(file, empty_database_url)
    assert every_row(empty_database_url) == every_row(database_url)
    assert drawn(empty_database_url) == drawn(database_url)
    await store_later(empty_database_url, "/later")
    assert [position(one) for one in cursors(empty_database_url, seen[3])][:-1] == [position(one) for one in seen[4:]]


async def test_backup_holds_one_moment_while_articles_are_stored(
    database_url: str, other_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url)
    before = every_row(database_url)
    real = transfer.Source.rows
    counted = iter(range(1000))

    def rows(self: transfer.Source, table: Table, write: Callable[[bytes], object]) -> int:
        with psycopg.connect(database_url) as connection:  # between any two tables
            connection.execute(
                "UPDATE aiwire.article SET url = url || 'x', withdrawn_at = NULL, withdrawn_reason = NULL, withheld = false"
            )
            connection.execute("INSERT INTO aiwire.forgotten VALUES (%s, now())", (f"url {next(counted)}",))
        return real(self, table, write)

    monkeypatch.setattr(transfer.Source, "rows", rows)
    backup.write(database_url, tmp_path / "b")
    backup.restore(tmp_path / "b", other_database_url)
    assert every_row(other_database_url) == before


async def test_cursor_of_a_lost_future_is_refused_and_new_changes_are_told_once(
    database_url: str, tmp_path: Path
) -> None:
    await fill(database_url)
    before = cursors(database_url)
    backup.write(database_url, tmp_path / "b")
    await store_later(database_url, "/lost")
    (lost,) = cursors(database_url, before[-1])
    with pytest.raises(StoreError, match="give an empty database"):
        backup.restore(tmp_path / "b", database_url)

    backup.restore(tmp_path / "b", database_url, replace=True)
    await store_later(database_url, "/after")
    with psycopg.connect(database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.DatabaseError, match="has lost") as refused:
            connection.execute("SELECT * FROM news.changes(%s)", (lost,))
        assert refused.value.sqlstate == "AW001"
        assert before[-1] in str(refused.value.diag.message_hint)
    (told,) = cursors(database_url, before[-1])
    assert position(told) > position(before[-1])
    assert cursors(database_url, told) == []


async def test_backup_of_an_earlier_schema_is_restored_and_migrated(empty_database_url: str, tmp_path: Path) -> None:
    migrate_to(empty_database_url, "0007")
    await fill(empty_database_url)
    rows, seen = every_row(empty_database_url), cursors(empty_database_url)
    backup.write(empty_database_url, tmp_path / "b")
    with pytest.raises(StoreError, match="of an earlier release"):
        backup.restore(tmp_path / "b", empty_database_url, replace=True)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("DROP SCHEMA aiwire, news CASCADE")
    backup.restore(tmp_path / "b", empty_database_url)
    assert is_current(empty_database_url)
    assert every_row(empty_database_url) | {"alembic_version": []} == rows | {"alembic_version": []}
    assert [position(one) for one in cursors(empty_database_url, seen[0])] == [position(one) for one in seen[1:]]


async def test_damaged_backup_changes_nothing(database_url: str, other_database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    file, damaged = tmp_path / "b", tmp_path / "damaged"
    backup.write(database_url, file)
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(damaged, "w") as made:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "manifest.json":
                document = json.loads(content)
                next(table for table in document["tables"] if table["name"] == "entry")["sha256"] = "0" * 64
                content = json.dumps(document).encode()
            made.writestr(name, content)
    migrate(other_database_url)
    empty = every_row(other_database_url)
    with pytest.raises(StoreError, match="damaged"):
        backup.restore(damaged, other_database_url)
    assert every_row(other_database_url) == empty

    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigError, match="not a whole one"):
        backup.restore(file, other_database_url)


async def test_statements_in_a_forged_backup_are_not_run(
    database_url: str, other_database_url: str, tmp_path: Path
) -> None:
    await fill(database_url, 1)
    backup.write(database_url, tmp_path / "b")
    with zipfile.ZipFile(tmp_path / "b") as whole, zipfile.ZipFile(tmp_path / "forged", "w") as made:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "manifest.json":
                content = content.replace(
                    b"FOR VALUES FROM (MINVALUE)", b"FOR VALUES FROM (MINVALUE); DROP SCHEMA news; --"
                )
            made.writestr(name, content)
    with pytest.raises(StoreError, match="can't be made"):
        backup.restore(tmp_path / "forged", other_database_url)


async def test_restore_waits_for_nobody_but_refuses_beside_a_daemon(database_url: str, tmp_path: Path) -> None:
    await fill(database_url, 1)
    backup.write(database_url, tmp_path / "b")
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO aiwire.heartbeat VALUES ('worker', 'here:7', false, now(), now())")
    with pytest.raises(StoreError, match="worker here:7"):
        backup.restore(tmp_path / "b", database_url, replace=True)


def test_backup_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(ConfigError, match="there already"):
        backup.write("postgresql://nowhere/x", tmp_path / "b")


async def test_commands_say_what_is_not_in_the_file_and_ask_before_they_replace(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE aiwire.capture SET body = NULL, object = '2026-01-03/00/1.zst'")
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings = load_settings(config_dir=None)

    def run() -> tuple[int, int, int]:
        return (
            backup.back_up(settings, tmp_path / "b"),
            backup.restore_from(settings, tmp_path / "b", replace=True, yes=False),
            backup.restore_from(settings, tmp_path / "b", replace=True, yes=True),
        )

    assert await asyncio.to_thread(run) == (0, 1, 0)
    printed = capsys.readouterr()
    assert "1 of the raw pages are on object storage" in printed.err
    assert "Nothing was changed" in printed.err
    assert "6 articles" in printed.out


# -- an operator's pg_dump -----------------------------------------------------------------------------------------


def program(name: str, url: str) -> str:
    """A client program of the server's own version: a later pg_restore sets what an earlier server does not know."""
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10_000
    folder = binaries_of(server)
    if folder is None or not (folder / name).exists():
        pytest.skip(f"no {name} of Postgres {server}")
    return str(folder / name)


def run(name: str, url: str, *arguments: str) -> str:
    """Run a client program; returns what it complained about."""
    environment = {**os.environ, **libpq_environment(url)}
    done = subprocess.run(
        [program(name, url), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or "--clean" in arguments, done.stderr
    return done.stderr


def dump(url: str, file: Path) -> None:
    run("pg_dump", url, "-Fc", "-n", "aiwire", "-n", "news", "-n", "aiwire_queue", "-f", str(file))


async def test_cursors_go_on_after_pg_dump_into_a_new_database(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    await fill(database_url)
    seen = cursors(database_url)
    dump(database_url, tmp_path / "dump")
    with psycopg.connect(empty_database_url) as connection:
        name = connection.info.dbname
    run("pg_restore", empty_database_url, "--exit-on-error", "-d", name, str(tmp_path / "dump"))
    assert every_row(empty_database_url) == every_row(database_url)
    await store_later(empty_database_url, "/later")
    for cursor in (seen[2], seen[-1]):
        told = [position(one) for one in cursors(empty_database_url, cursor)]
        assert told[:-1] == [position(one) for one in seen if position(one) > position(cursor)]
        assert told[-1] > position(seen[-1])


@pytest.mark.parametrize("clean", [True, False], ids=["--clean", "schemas dropped first"])
async def test_cursor_of_a_lost_future_is_refused_after_pg_restore_in_place(
    database_url: str, tmp_path: Path, *, clean: bool
) -> None:
    await fill(database_url)
    before, kept = cursors(database_url), every_row(database_url)
    dump(database_url, tmp_path / "dump")
    await store_later(database_url, "/lost")
    (lost,) = cursors(database_url, before[-1])
    with psycopg.connect(database_url) as connection:
        name = connection.info.dbname
        if not clean:
            connection.execute("DROP SCHEMA aiwire, news, aiwire_queue CASCADE")
    options = ("--clean", "--if-exists") if clean else ("--exit-on-error",)
    complaints = run("pg_restore", database_url, *options, "-d", name, str(tmp_path / "dump"))
    # pg_restore tries to drop the keys of partitions before their tables, is refused, and goes on.
    assert all("inherited constraint" in line for line in complaints.splitlines() if "ERROR" in line)
    assert every_row(database_url) == kept
    await store_later(database_url, "/after")
    await store_later(database_url, "/after-2")
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.DatabaseError, match="has lost") as refused:
        connection.execute("SELECT * FROM news.changes(%s)", (lost,))
    assert refused.value.sqlstate == "AW001"
    assert len(cursors(database_url, before[-1])) == 2


async def test_files_put_back_by_hand_are_told_with_a_command(database_url: str) -> None:
    """As after a copy of the server's folder: same system identifier, same timeline, and fewer changes than before."""
    await fill(database_url)
    before = cursors(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM aiwire.change WHERE position = %s", (position(before[-1]),))
    assert transfer.begin_epoch(database_url).endswith(f"-{position(before[-2])}")
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.DatabaseError, match="has lost"):
        connection.execute("SELECT * FROM news.changes(%s)", (before[-1],))
    assert cursors(database_url, before[-2]) == []
