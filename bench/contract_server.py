"""A Postgres for the benches, databases on it, and what it costs: CPU of its processes, bytes on disk.

The server is the embedded one in a temporary folder, or the one that DATABASE_URL names, whose own database is never touched.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from crawler.embedded import EmbeddedPostgres
from pipelines.store.migrate import migrate

_TICK = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a server on which databases may be made."""
    if told := os.environ.get("DATABASE_URL"):
        yield told
        return
    folder = Path(tempfile.mkdtemp(prefix="aiwire-bench-"))
    folder.chmod(0o755)  # as root the server runs as another user, who must enter it
    try:
        with EmbeddedPostgres(folder / "postgres") as embedded:
            yield embedded.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a migrated database that is dropped afterwards."""
    name = f"aiwire_bench_{secrets.token_hex(4)}"
    admin = make_conninfo(server_url, dbname="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        url = make_conninfo(server_url, dbname=name)
        migrate(url)
        yield url
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class ServerCpu:
    """CPU seconds that the server's processes used since this was made; 0 where it runs on another machine."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None  # noqa: S101 -- a query without FROM has one row
            stat = _stat(row[0])
        self._postmaster = int(stat[1]) if stat else 0
        self._before = self._now()

    def seconds(self) -> float:
        return self._now() - self._before

    def _now(self) -> float:
        own = _stat(self._postmaster)
        if own is None:
            return 0.0
        used = sum(int(own[at]) for at in (11, 12, 13, 14))  # with the children that ended
        for path in Path("/proc").glob("[0-9]*"):
            child = _stat(int(path.name))
            if child is not None and int(child[1]) == self._postmaster:
                used += int(child[11]) + int(child[12])
        return used / _TICK


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return None
