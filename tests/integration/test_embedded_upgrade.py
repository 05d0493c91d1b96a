"""The embedded server's data is brought to another major version: real servers, real kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from test_moving import cursors, every_row, fill, position

from crawler import binaries as found_binaries
from crawler import upgrading
from crawler.binaries import binaries_of, major_of, source_binaries
from crawler.embedded import EmbeddedPostgres
from crawler.settings import load_settings
from pipelines.errors import StoreError
from pipelines.store.migrate import migrate

CHECKOUT = Path(__file__).resolve().parents[2]
DEBIAN = Path("/usr/lib/postgresql/15/bin")
PACKAGED = source_binaries(None).parent.parent / "pginstall" / "bin"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory that the server's user may enter."""
    made = Path(tempfile.mkdtemp(prefix="aiwire-upgrade-"))
    made.chmod(0o755)
    try:
        yield made / "postgres"
    finally:
        shutil.rmtree(made, ignore_errors=True)


async def left_by(older: Path, folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """What an installation on earlier binaries holds and told; a reader of an operator's own is there, too."""
    with EmbeddedPostgres(folder, binaries=older) as server:
        migrate(server.url)
        await fill(server.url)
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE ROLE anna LOGIN PASSWORD 'pw' IN ROLE aiwire_reader")
            connection.execute("CREATE TABLE public.mine AS SELECT 7 AS n")
        return every_row(server.url), cursors(server.url)


def check(folder: Path, rows: dict[str, list[str]], told: list[str]) -> None:
    with EmbeddedPostgres(folder) as server:
        migrate(server.url)
        assert every_row(server.url) == rows
        for cursor in (told[2], told[-1]):
            later = [position(one) for one in cursors(server.url, cursor)]
            assert later == [position(one) for one in told if position(one) > position(cursor)]
        with psycopg.connect(server.url) as connection:
            assert connection.info.server_version // 10_000 == major_of(source_binaries(None))
            assert connection.execute("SELECT pg_has_role('anna', 'aiwire_reader', 'USAGE')").fetchone() == (True,)
            assert connection.execute("SELECT n FROM mine").fetchone() == (7,)
            assert connection.execute("SELECT count(*) FROM aiwire.epoch").fetchone() == (2,)


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("cluster.upgrad*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "older",
    [
        pytest.param(PACKAGED, id="16"),
        pytest.param(
            DEBIAN,
            id="15",
            marks=pytest.mark.skipif(
                not (DEBIAN / "initdb").exists(), reason="Debian's PostgreSQL 15 is not installed"
            ),
        ),
    ],
)
async def test_data_of_an_earlier_version_is_upgraded_at_start_and_kept(folder: Path, older: Path) -> None:
    rows, told = await left_by(older, folder)
    check(folder, rows, told)
    kept = folder / f"cluster.{major_of(older)}"
    assert upgrading.cluster_major(kept) == major_of(older)
    assert leftovers(folder) == []
    check(folder, rows, told)  # and once only


@pytest.mark.slow
async def test_killed_server_of_an_earlier_version_is_recovered_by_its_own_binaries_first(folder: Path) -> None:
    rows, told = await left_by(PACKAGED, folder)
    server = EmbeddedPostgres(folder, binaries=PACKAGED)
    server.acquire()
    with psycopg.connect(server.url) as connection:
        connection.execute("UPDATE mine SET n = n")
    pid = int((folder / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(pid, signal.SIGKILL)
    server.release()
    check(folder, rows, told)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["initdb", "pg_upgrade", "made", "kept"])
async def test_kill_at_any_step_leaves_data_that_the_next_start_upgrades(folder: Path, step: str) -> None:
    rows, told = await left_by(PACKAGED, folder)
    program = f"""
import os, signal, subprocess, sys, threading, time
from pathlib import Path
from crawler.embedded import EmbeddedPostgres
step, rename, popen = {step!r}, Path.rename, subprocess.Popen.__init__
def die(): os.kill(os.getpid(), signal.SIGKILL)
def renamed(self, target):
    rename(self, target)
    name = Path(target).name
    if step == "made" and name == "cluster.upgraded" or step == "kept" and name == "cluster.16": die()
def started(self, arguments, *rest, **options):
    popen(self, arguments, *rest, **options)
    if Path(os.fspath(arguments[0])).name == step:
        threading.Timer(0.3 if step == "initdb" else 2.5, die).start()
Path.rename, subprocess.Popen.__init__ = renamed, started
EmbeddedPostgres(Path(sys.argv[1])).acquire()
"""
    killed = subprocess.run([sys.executable, "-c", program, str(folder)], cwd=CHECKOUT, check=False)  # noqa: ASYNC221
    assert killed.returncode == -signal.SIGKILL
    check(folder, rows, told)
    assert leftovers(folder) == []


@pytest.mark.slow
async def test_full_disk_is_told_before_anything_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await left_by(PACKAGED, folder)
    monkeypatch.setattr(upgrading, "_SPARE", 10**15)
    with pytest.raises(StoreError, match="free disk space") as refused:
        EmbeddedPostgres(folder).acquire()
    assert refused.value.code == "embedded_upgrade"
    assert upgrading.cluster_major(folder / "cluster") == 16


def cluster_of(folder: Path, major: int) -> Path:
    cluster = folder / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text(f"{major}\n")
    return cluster


def test_without_the_earlier_binaries_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster_of(folder, 16)
    monkeypatch.setattr("crawler.upgrading.binaries_of", lambda _major: None)
    with pytest.raises(StoreError, match="apt install postgresql-16") as refused:
        EmbeddedPostgres(folder).acquire()
    assert "AIWIRE_OLD_POSTGRES" in str(refused.value)


def test_data_of_a_newer_version_is_refused(folder: Path) -> None:
    cluster_of(folder, 99)
    with pytest.raises(StoreError, match="install the release that brought 99"):
        EmbeddedPostgres(folder).acquire()


def test_binaries_are_found_where_they_are_told_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    older = major_of(PACKAGED)
    assert older is not None
    assert binaries_of(older) == PACKAGED
    monkeypatch.setenv("AIWIRE_OLD_POSTGRES", "/nowhere")
    load_settings(config_dir=None)  # which takes an unknown variable for a mistake
    monkeypatch.setattr(found_binaries, "_SYSTEMS", ())
    assert binaries_of(older) == PACKAGED
    assert binaries_of(9) is None


def test_last_rename_is_done_after_a_kill_and_leftovers_go(folder: Path) -> None:
    folder.mkdir()
    for name in ("cluster.upgraded", "cluster.upgrading", "cluster.16"):
        (folder / name).mkdir()
        (folder / name / "PG_VERSION").write_text("18" if name == "cluster.upgraded" else "16")
    upgrading.recover(folder / "cluster")
    assert sorted(path.name for path in folder.iterdir()) == ["cluster", "cluster.16"]
    assert upgrading.cluster_major(folder / "cluster") == 18


def test_upgraded_copy_is_worth_nothing_while_the_data_is_still_in_its_place(folder: Path) -> None:
    """An earlier release may have written to it since."""
    cluster_of(folder, 16)
    (folder / "cluster.upgraded").mkdir()
    upgrading.recover(folder / "cluster")
    assert [path.name for path in folder.iterdir()] == ["cluster"]
    assert upgrading.cluster_major(folder / "cluster") == 16
