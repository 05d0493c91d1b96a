"""The pool, transactions and session locks: how everything else in `pipelines.store` reaches Postgres.

What is written inside a transaction is the affair of the module of its subject.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pipelines.errors import StoreError, Unavailable
from pipelines.store.roles import GROUPS, MAY_TAKE, Role

Connection = psycopg.AsyncConnection[TupleRow]

QUEUE_SCHEMA = "aiwire_queue"
"""Where Procrastinate's tables are; ours are in `aiwire`, what consumers read in `news`."""
MOVED = "AW004"
"""SQLSTATE of a write, and of a reader's last question, where the installation was moved elsewhere."""
_CONNECT_TIMEOUT = 10  # seconds
# A holder that hangs must not hold: reliability.md 18. No transaction of ours spans a request or the sandbox. To compile
# one of our statements takes longer than to run it.
_OPTIONS = "-c idle_in_transaction_session_timeout=30s -c lock_timeout=10s -c timezone=UTC -c jit=off"
# What is written is at fault, though psycopg counts SQLSTATE class 54 among the server's troubles: a key too long for an
# index, JSON too deep. Of half a surrogate pair it makes no error of its own.
_REFUSALS = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex, UnicodeEncodeError)


class Database:
    """A pool of connections to one database, which work as a role of ours where the login may take it, else as the login.

    `role`: "ingest" writes, "owner" changes the schema and takes away, "reader" sees schema `news` alone. Every method
    raises Unavailable when Postgres is away (the same call may work in a moment), and StoreError when it refuses.
    """

    def __init__(self, url: str, *, size: int = 4, name: str = "aiwire", role: Role | None = None) -> None:
        self.url = url
        self.taken: Role | None = None
        """The role that connections take; known from the first one on."""
        self._role = role
        self._asked = False
        self._name = name
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            name=name,
            timeout=_CONNECT_TIMEOUT,
            reconnect_timeout=60,
            # After a restart of Postgres the pool would hand out dead connections: reliability.md 17.
            check=AsyncConnectionPool.check_connection,
            configure=self._configure,
            kwargs=self._arguments,
        )

    async def open(self) -> None:
        """Open the pool; connect once before, so that a wrong URL shows at start, with its reason and at once."""
        first = await self.connect()
        try:
            await self._configure(first)
        except psycopg.OperationalError as error:
            raise Unavailable(f"Postgres is away: {_first_line(error)}") from error
        except psycopg.Error as error:
            raise StoreError(f"Postgres refused: {_first_line(error)}") from error
        finally:
            await first.close()
        await self._pool.open()
        try:
            await self._pool.wait(timeout=_CONNECT_TIMEOUT)
        except PoolTimeout as error:
            await self._pool.close()
            raise Unavailable(
                "cannot reach Postgres: is it running, and is DATABASE_URL right?", code="store_unavailable"
            ) from error

    async def close(self) -> None:
        await self._pool.close(timeout=5)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside one transaction: committed at the end, rolled back on any exception."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except _REFUSALS as error:
            raise StoreError(f"Postgres refused: {_first_line(error)}") from error
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise Unavailable(f"Postgres is away: {_first_line(error)}") from error
        except psycopg.Error as error:
            if (
                error.sqlstate == MOVED
            ):  # nothing was wrong with what was to be written: it waits until it is written there
                raise Unavailable(f"Postgres refused: {_first_line(error)}", code="moved") from error
            raise StoreError(f"Postgres refused: {_first_line(error)}") from error

    async def connect(self) -> Connection:
        """A connection of its own outside the pool, on autocommit: for session locks and listening."""
        try:
            if self._role is not None and not self._asked:
                async with await self._connect() as connection:
                    cursor = await connection.execute(MAY_TAKE.encode(), {"role": self._role})
                    row = await cursor.fetchone()
                    self.taken = self._role if row and row[0] else None
                    self._asked = True
            return await self._connect()
        except psycopg.OperationalError as error:
            raise Unavailable(f"Postgres is away (DATABASE_URL?): {_first_line(error)}") from error

    async def _connect(self) -> Connection:
        arguments = {**self._arguments(), "application_name": "aiwire-locks"}
        return await psycopg.AsyncConnection.connect(self.url, autocommit=True, **arguments)

    def _arguments(self) -> dict[str, Any]:
        # As an option of the connection, so that RESET ROLE comes back to it.
        role = f" -c role={GROUPS[self.taken]}" if self.taken else ""
        return {"options": _OPTIONS + role, "connect_timeout": _CONNECT_TIMEOUT, "application_name": self._name}

    async def _configure(self, connection: Connection) -> None:
        """Once for each connection of the pool, before anybody uses it."""
        # A consumer's cursor must never point at what a crash of the server can undo.
        await connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )
        if self._role != "reader":
            cursor = await connection.execute(
                "SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('aiwire') AND proname = 'settle_epoch'"
                " AND has_schema_privilege(pronamespace, 'USAGE') AND has_function_privilege(oid, 'EXECUTE')"
            )
            if cursor.rowcount:
                await connection.execute("SELECT aiwire.settle_epoch()")
        await connection.commit()


class SessionLocks:
    """Advisory locks that live as long as one connection: Postgres drops them when this process dies.

    Locks of one name are exclusive within this process, too (a session may take its own lock twice).
    Needs a real session: a pooler between us and Postgres must not be in transaction mode.
    """

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()  # one statement at a time on the one connection
        self._held: set[str] = set()

    async def try_acquire(self, name: str) -> bool:
        """Whether the lock is now ours; never waits for another holder."""
        async with self._turn:
            if name in self._held:
                return False
            got = await self._ask("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", name)
            if got:
                self._held.add(name)
            return got

    async def release(self, name: str) -> None:
        async with self._turn:
            if name in self._held:
                self._held.discard(name)
                if self._connection is not None and not self._connection.closed:
                    await self._ask("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)

    async def holds(self, name: str) -> bool:
        """Whether the lock is still ours: false once the connection broke, since Postgres dropped it then."""
        async with self._turn:
            if name not in self._held or self._connection is None:
                return False
            try:
                await self._connection.execute("SELECT 1")
            except psycopg.Error:
                self._held.clear()
                return False
            return True

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        self._held.clear()

    async def _ask(self, query: str, name: str) -> bool:
        if self._connection is None or self._connection.closed:
            self._held.clear()
            self._connection = await self._database.connect()
        try:
            cursor = await self._connection.execute(query.encode(), (f"{self._namespace}:{name}",))
            row: Any = await cursor.fetchone()
        except psycopg.OperationalError as error:
            self._held.clear()
            await self._connection.close()
            raise Unavailable(f"Postgres is away: {_first_line(error)}") from error
        return bool(row and row[0])


def libpq_environment(url: str) -> dict[str, str]:
    """The URL as the variables that libpq's programs read: a password in an argument would show in the process list."""
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
    }
    parts = conninfo_to_dict(url)
    return {variable: str(parts[name]) for name, variable in names.items() if parts.get(name) is not None}


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
