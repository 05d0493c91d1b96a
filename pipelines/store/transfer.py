"""Streams all rows of ours from one database to another, or into a file and back: whole or not at all, in flat memory.

A source is read as of one moment; a target is filled in one transaction, with a new epoch at its end, so that cursors go on.
Rows travel as COPY's text, which every version of Postgres reads. Neither roles nor rights, nor the queue's jobs, are
taken along: the target makes its own, and what is due is columns. How a file is laid out is `crawler.backup`'s affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

import psycopg
from psycopg import errors, sql

from pipelines.errors import StoreError, Unavailable
from pipelines.store import roles
from pipelines.store.addresses import place_of
from pipelines.store.layout import Layout, Table, layout_of, remake_partitions
from pipelines.store.migrate import migrate, moved_to

_LOCK_SECONDS = 2  # for which others wait behind us, should somebody write for long
_LOCK_PATIENCE = 120.0
# A long copy is no hanging session; and whatever the server's settings are, both sides write and read alike.
_OPTIONS = (
    "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=10s -c timezone=UTC -c datestyle=ISO"
    " -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex -c client_encoding=UTF8 -c synchronous_commit=on"
)


Told = Callable[[str, int], None]
"""Called after each table with its name and its rows."""


class Source:
    """A database as of one moment; made by `reading`."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self.layout = layout_of(connection)

    def rows(self, table: Table, write: Callable[[bytes], object]) -> int:
        """Hand a table to `write` as COPY's text, block by block; returns the number of rows."""
        query = sql.SQL("COPY (SELECT {} FROM aiwire.{}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, table.columns)), sql.Identifier(table.name)
        )
        with self._connection.cursor() as cursor:
            with cursor.copy(query) as copy:
                for block in copy:
                    write(bytes(block))
            return cursor.rowcount

    def sequences(self) -> dict[str, tuple[int, bool]]:
        """Of each sequence its last value, and whether it was drawn; after the rows, so that none is beyond it."""
        found = {}
        for (name,) in self._connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'aiwire'::regnamespace AND relkind = 'S' ORDER BY 1"
        ).fetchall():
            query = sql.SQL("SELECT last_value, is_called FROM aiwire.{}").format(sql.Identifier(name))
            row = self._connection.execute(query).fetchone()
            assert row is not None  # noqa: S101 -- a sequence is one row
            found[name] = (row[0], row[1])
        return found

    def pages_elsewhere(self) -> int:
        """How many raw pages are on object storage: only their names are rows."""
        row = self._connection.execute("SELECT count(*) FROM aiwire.capture WHERE object IS NOT NULL").fetchone()
        return int(row[0]) if row else 0

    def close(self, went: str) -> None:
        """Refuse writes from now on, and tell where the installation went."""
        self._connection.execute("SELECT aiwire.close(%s)", (went,))


class Target:
    """A database of ours in one transaction, its tables emptied; made by `filling`."""

    def __init__(self, connection: psycopg.Connection, tables: tuple[Table, ...]) -> None:
        self._connection = connection
        connection.execute("ALTER TABLE aiwire.article DISABLE TRIGGER USER")  # what was told is told
        names = sql.SQL(", ").join(sql.Identifier("aiwire", table.name) for table in tables)
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
        for table in tables:
            if table.partitions:
                remake_partitions(connection, table)

    def writer(self, table: Table) -> Writer:
        """What fills a table from COPY's text."""
        return Writer(self._connection, table)

    def commit(self) -> None:
        self._connection.commit()

    def finish(self, layout: Layout, sequences: dict[str, tuple[int, bool]]) -> None:
        """Sequences, a new epoch, and the proof that the last change is the source's. Raises StoreError."""
        for name, (value, drawn) in sequences.items():
            there = self._connection.execute("SELECT to_regclass(%s)", (f'aiwire."{name}"',)).fetchone()
            if there and there[0]:
                self._connection.execute("SELECT setval(to_regclass(%s), %s, %s)", (f'aiwire."{name}"', value, drawn))
        # No job went along: a host that waits for one would wait for an hour.
        self._connection.execute("UPDATE aiwire.host SET queued_at = NULL WHERE queued_at IS NOT NULL")
        self._connection.execute("ALTER TABLE aiwire.article ENABLE TRIGGER USER")
        row = self._connection.execute("SELECT coalesce(max(position), 0) FROM aiwire.change").fetchone()
        if row is None or row[0] != layout.position:
            raise StoreError(
                f"the last change is {row and row[0]}, and should be {layout.position}: nothing was kept",
                code="transfer_incomplete",
            )
        self._connection.execute("SELECT aiwire.begin_epoch()")
        self._connection.execute("SELECT aiwire.make_partitions((now() AT TIME ZONE 'UTC')::date)")


class Writer:
    """A table being filled: `with writer as write: write(block)`; afterwards `rows`."""

    def __init__(self, connection: psycopg.Connection, table: Table) -> None:
        query = sql.SQL("COPY aiwire.{} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
        )
        self._cursor = connection.cursor()
        self._copying = self._cursor.copy(query)

    def __enter__(self) -> Callable[[bytes], None]:
        return self._copying.__enter__().write

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._copying.__exit__(kind, error, trace)

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return self._cursor.rowcount


def move(source_url: str, target_url: str, told: Told = lambda _name, _rows: None) -> Layout:
    """Take the installation at one URL to another, empty one, and close the first; returns what was taken.

    Who writes at the source waits or is refused meanwhile, who reads goes on. Until the target has committed, a failure or a
    kill leaves the source as it was and the target without rows. Raises StoreError where the target holds an
    installation (`target_not_empty`) or what is taken does not arrive, Unavailable where one of the two is away.
    """
    with translated():
        migrate(source_url)
        check_empty(target_url)
        migrate(target_url)
        with reading(source_url, fence=True) as source, filling(target_url, source.layout) as target:
            for table in source.layout.tables:
                writer = target.writer(table)
                with writer as write:
                    sent = source.rows(table, write)
                if writer.rows != sent:
                    raise StoreError(
                        f"{sent} rows were sent, {writer.rows} arrived", subject=table.name, code="transfer_incomplete"
                    )
                told(table.name, sent)
            target.finish(source.layout, source.sequences())
            layout = source.layout
            target.commit()
            source.close(place_of(target_url))  # at once: between the two both are open
        analyze(target_url)
    return layout


@contextmanager
def reading(url: str, *, fence: bool = False) -> Iterator[Source]:
    """The database at `url` as of now; with `fence` nobody writes to it until the end, at which all is committed."""
    with connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if fence:
            _fence(connection)
        yield Source(connection)


@contextmanager
def filling(url: str, layout: Layout) -> Iterator[Target]:
    """A transaction in which the database at `url` is emptied, to be filled; committed at the end, or nothing happened."""
    with connect(url) as connection:
        there = layout_of(connection)
        if there.schema != layout.schema:
            raise StoreError(f"the schema is {there.schema}, and should be {layout.schema}", code="schema_differs")
        known = {table.name: set(table.columns) for table in there.tables}
        for table in layout.tables:
            if set(table.columns) != known.pop(table.name, set()):
                raise StoreError("it has other columns there", subject=table.name, code="schema_differs")
        yield Target(connection, layout.tables)


def connect(url: str) -> psycopg.Connection:
    """A connection in a transaction, as aiwire_owner where the login may, with every time limit lifted."""
    connection = psycopg.connect(url, connect_timeout=10, options=_OPTIONS, application_name="aiwire-transfer")
    connection.autocommit = True
    if connection.info.server_version >= 170_000:
        connection.execute("SET transaction_timeout = 0")
    if roles.may_take(connection, "owner"):
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(roles.GROUPS["owner"])))
    connection.autocommit = False
    return connection


def check_empty(url: str) -> None:
    """Raises StoreError `target_not_empty` where an installation of ours has rows, `moved` where it left."""
    with translated(), psycopg.connect(url, autocommit=True, connect_timeout=10, options=_OPTIONS) as connection:
        encoding = connection.execute("SHOW server_encoding").fetchone()
        if encoding != ("UTF8",):
            raise StoreError(
                f"its encoding is {encoding and encoding[0]}: make it with ENCODING 'UTF8' TEMPLATE template0",
                subject=place_of(url),
                code="target_encoding",
            )
        if went := moved_to(connection):
            raise StoreError(f"the installation there was moved to {went}", subject=place_of(url), code="moved")
        for name in ("outlet", "article", "change"):
            there = connection.execute("SELECT to_regclass(%s)", (f"aiwire.{name}",)).fetchone()
            if there and there[0] and connection.execute(f"SELECT FROM aiwire.{name} LIMIT 1".encode()).rowcount:
                raise StoreError(
                    "it holds an installation of aiwire already; give an empty database", subject=place_of(url),
                    code="target_not_empty",
                )  # fmt: skip


def analyze(url: str) -> None:
    """Let the planner know what came: until then it takes every table for an empty one."""
    with translated(), connect(url) as connection:
        connection.commit()
        connection.autocommit = True
        for table in layout_of(connection).tables:
            connection.execute(sql.SQL("ANALYZE aiwire.{}").format(sql.Identifier(table.name)))


def begin_epoch(url: str) -> str:
    """Begin a new epoch by hand; returns the cursor at its begin."""
    with translated(), connect(url) as connection:
        connection.execute("SELECT aiwire.begin_epoch()")
        row = connection.execute("SELECT news.last_cursor()").fetchone()
        return str(row and row[0])


def at_work(url: str) -> list[str]:
    """The processes of aiwire that gave a sign of life in the last half minute, as "role host:pid"."""
    with translated(), psycopg.connect(url, autocommit=True, connect_timeout=10, options=_OPTIONS) as connection:
        there = connection.execute("SELECT to_regclass('aiwire.heartbeat')").fetchone()
        if not there or there[0] is None:
            return []
        found = connection.execute(
            "SELECT role || ' ' || process FROM aiwire.heartbeat WHERE beat_at > now() - interval '30 s' ORDER BY 1"
        )
        return [row[0] for row in found]


def _fence(connection: psycopg.Connection) -> None:
    """Let nobody write: readers go on, writers wait. Its snapshot is taken afterwards, so that what is read is the last."""
    connection.autocommit = True
    names = sql.SQL(", ").join(sql.Identifier("aiwire", table.name) for table in layout_of(connection).tables)
    connection.autocommit = False
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'".encode())
            connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            connection.rollback()
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"somebody has been writing for {_LOCK_PATIENCE:.0f} s: see pg_stat_activity", code="move_blocked"
                ) from error
            time.sleep(0.5)
        else:
            return


@contextmanager
def translated() -> Iterator[None]:
    """Errors of Postgres as ours: Unavailable where it is away, else StoreError."""
    try:
        yield
    except psycopg.Error as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        if isinstance(error, psycopg.OperationalError) and not isinstance(error, errors.ProgramLimitExceeded):
            raise Unavailable(f"Postgres is away: {first}", code="store_unavailable") from error
        raise StoreError(f"Postgres refused: {first}", code="transfer_failed") from error
