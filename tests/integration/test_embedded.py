"""The embedded Postgres: real servers, real processes, real kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crawler.binaries import source_binaries
from crawler.embedded import EmbeddedPostgres
from pipelines.errors import StoreError

DEBIAN = Path("/usr/lib/postgresql/15/bin")
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory that the server's user may enter; pytest's own is closed to it."""
    made = Path(tempfile.mkdtemp(prefix="aiwire-embedded-"))
    made.chmod(0o755)
    try:
        yield made / "postgres"
    finally:
        shutil.rmtree(made, ignore_errors=True)


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the server until its standard input closes."""
    program = (
        "import sys; from pathlib import Path; from crawler.embedded import EmbeddedPostgres\n"
        "with EmbeddedPostgres(Path(sys.argv[1])) as server: print(server.url, flush=True); sys.stdin.read()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def running(folder: Path) -> bool:
    try:
        psycopg.connect(EmbeddedPostgres(folder).url.replace("/aiwire?", "/postgres?"), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def pid_of(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])


def test_first_holder_starts_it_and_the_last_one_stops_it(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('still here')")
        other = holder(folder)
        assert other.stdout is not None
        assert other.stdout.readline().strip() == server.url
    assert running(folder)
    other.communicate()
    assert not running(folder)
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("still here",)


def test_four_racing_starters_share_one_server(folder: Path) -> None:
    racers = [holder(folder) for _ in range(4)]
    urls = {racer.stdout.readline().strip() for racer in racers if racer.stdout}
    assert urls == {EmbeddedPostgres(folder).url}
    for racer in racers:
        racer.communicate()
    assert not running(folder)


def test_killed_server_comes_back_with_what_was_committed(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        assert server.ensure_alive() is False
        os.kill(pid_of(folder), signal.SIGKILL)
        while running(folder):
            time.sleep(0.02)
        assert server.ensure_alive() is True
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_server_whose_holder_was_killed_is_taken_over_and_stopped(folder: Path) -> None:
    lost = holder(folder)
    assert lost.stdout is not None
    lost.stdout.readline()
    lost.kill()
    lost.communicate()
    assert running(folder)
    with EmbeddedPostgres(folder):
        pass
    assert not running(folder)


def test_stale_pid_of_another_program_does_not_keep_it_down(folder: Path) -> None:
    """After a reboot the number in postmaster.pid may be any process'."""
    with EmbeddedPostgres(folder) as server:
        first = pid_of(folder)
    stale = folder / "cluster" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{folder / 'cluster'}\n")
    if AS_ROOT:
        shutil.chown(stale, (folder / "cluster").owner())
    with server:
        assert pid_of(folder) not in (first, os.getpid())


@pytest.mark.slow
def test_long_path_still_has_a_socket(folder: Path) -> None:
    deep = folder.parent.joinpath(*["quite-a-long-folder-name"] * 5, "postgres")
    deep.parent.mkdir(parents=True)
    with EmbeddedPostgres(deep) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("aiwire",)


def test_nobody_listens_on_a_port(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.skipif(not (DEBIAN / "initdb").exists(), reason="Debian's PostgreSQL 15 is not installed")
def test_debians_binaries_work_unchanged(folder: Path) -> None:
    with EmbeddedPostgres(folder, binaries=DEBIAN) as server, psycopg.connect(server.url) as connection:
        assert connection.info.server_version // 10_000 == 15


@pytest.mark.skipif(not AS_ROOT, reason="only root may act as another user")
def test_ordinary_user_runs_it_as_themselves(folder: Path) -> None:
    folder.parent.chmod(0o777)
    program = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; from crawler.embedded import EmbeddedPostgres\n"
        "with EmbeddedPostgres(Path(sys.argv[1])): pass"
    )
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    closed = [parent for parent in Path(sys.executable).resolve().parents if not parent.stat().st_mode & 0o001]
    if closed:
        pytest.skip(f"this Python is closed to other users: {closed[0]}")
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), str(Path(__file__).parents[2])],
        user="nobody", group="nogroup", extra_groups=[], capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": packages, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / "cluster").owner() == "nobody"


@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_folder_closed_to_the_servers_user_is_told_with_what_to_do(folder: Path) -> None:
    folder.parent.chmod(0o700)
    with pytest.raises(StoreError, match="AIWIRE_DATA_DIR"):
        EmbeddedPostgres(folder).acquire()


@pytest.mark.slow
@pytest.mark.skipif(not AS_ROOT, reason="only root runs the server as somebody else")
def test_binaries_under_a_closed_folder_are_copied_where_the_server_can_run_them(folder: Path) -> None:
    """A checkout under root's own home: Postgres runs as a user who can't enter it."""
    closed = Path(tempfile.mkdtemp(prefix="aiwire-closed-"))  # 0700
    try:
        package = source_binaries(None).parent.parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, closed / part.name, symlinks=True)
        binaries = closed / package.name / "pginstall18" / "bin"
        with EmbeddedPostgres(folder, binaries=binaries) as server, psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        shutil.rmtree(closed)
