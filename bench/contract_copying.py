"""A bare COPY: the rows that stand in tables, copied into empty tables of the same columns, as fast as this server can.

What wrote the rows is measured by `bench/contract_storing.py` and `bench/contract_feed.py`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from bench.contract_server import ServerCpu

_TIMES = 3  # that the same rows are copied; the median counts
_INDEXES: dict[str, Callable[[str], bool]] = {
    "none": lambda _: False,
    "primary keys": lambda definition: "pkey" in definition,
    "all": lambda _: True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """A COPY of all rows of `things` things: `size` bytes of COPY's text format, into tables with those `indexes`.

    `server_ms` is the CPU of a thing.
    """

    indexes: str
    things: int
    size: int
    seconds: float
    server_ms: float

    @property
    def rate(self) -> float:
        """Things a second."""
        return self.things / self.seconds


def copied(url: str, tables: Sequence[str], *, things: int, indexes: Sequence[str] = tuple(_INDEXES)) -> list[Copying]:
    """Copy what stands in tables of schema aiwire, once for each kind of indexes: one stream, one commit."""
    with psycopg.connect(url) as connection:
        rows = {table: _dump(connection, table) for table in tables}
    size = sum(map(len, rows.values()))
    found = []
    for kind in indexes:
        seconds, used = [], 0.0
        for _ in range(_TIMES):
            with psycopg.connect(url, autocommit=True) as connection:
                _empty_tables(connection, tables, _INDEXES[kind])
                cpu = ServerCpu(url)
                begin = time.monotonic()
                with connection.transaction():
                    for table, taken in rows.items():
                        _load(connection, table, taken)
                seconds.append(time.monotonic() - begin)
                used += cpu.seconds() / _TIMES
        middle = statistics.median(seconds)
        found.append(
            Copying(indexes=kind, things=things, size=size, seconds=middle, server_ms=1_000 * used / max(things, 1))
        )
    return found


def _dump(connection: psycopg.Connection[Any], table: str) -> bytes:
    query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier("aiwire", table))
    with connection.cursor().copy(query) as copy:
        return b"".join(copy)


def _load(connection: psycopg.Connection[Any], table: str, rows: bytes) -> None:
    query = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier("bench", table))
    with connection.cursor().copy(query) as copy:
        for at in range(0, len(rows), 1 << 18):
            copy.write(rows[at : at + (1 << 18)])


def _empty_tables(connection: psycopg.Connection[Any], tables: Sequence[str], wanted: Callable[[str], bool]) -> None:
    """Plain tables of the same columns in schema `bench`, with those of the indexes whose definition is wanted."""
    connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
    connection.execute("CREATE SCHEMA bench")
    for table in tables:
        both = sql.Identifier("bench", table), sql.Identifier("aiwire", table)
        connection.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(*both))
        found = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'aiwire' AND tablename = %s", (table,)
        ).fetchall()
        for (definition,) in found:
            if wanted(definition):
                moved = definition.replace(" ON ONLY ", " ON ").replace(f" ON aiwire.{table} ", f" ON bench.{table} ")
                connection.execute(moved.encode())
    connection.execute("CHECKPOINT")
