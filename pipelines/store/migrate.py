"""Brings a database to this release's schema: ours through Alembic, the queue's through Procrastinate's own SQL.

Safe on a database in use: a statement that waits for a lock makes everybody else wait behind it, so it gives up soon, and
its step begins anew. Who may do what is `pipelines.store.roles`' affair; where the database is, and when to migrate, the
caller's (`crawler.embedded`, `aiwire db migrate`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from procrastinate.schema import SchemaManager, migrations_path
from psycopg import errors, sql

from pipelines.errors import StoreError, Unavailable
from pipelines.store import roles
from pipelines.store.database import QUEUE_SCHEMA

OLDEST_POSTGRES = 15
T = TypeVar("T")
SCHEMA = Path(__file__).parent / "schema"
_LOCK = 0x61697769  # "aiwi": every starter of every machine agrees on it
_PATIENCE = 120.0  # seconds to wait for another starter's migration
_LOCK_TIMEOUT = 3  # seconds that a statement may keep others waiting behind it
_LOCK_PAUSE = 1.0  # seconds in which they go on before the step begins anew
_LOCK_PATIENCE = 300.0  # seconds after which whoever holds the lock is told
_WHO_MAY = "; run `aiwire db migrate` as a login that may take the role aiwire_owner, or owns the database"
_ALEMBIC = threading.Lock()  # its context is one for the whole process
# A migration may take its time, and waits for nobody between two statements.
_OPTIONS = (
    f"-c lock_timeout={_LOCK_TIMEOUT}s -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c synchronous_commit=on -c timezone=UTC"
)


def migrate(url: str) -> tuple[str, ...]:
    """Create or upgrade the schemas `aiwire`, `news` and `aiwire_queue`; nothing happens if they are current.

    Two starters at once are fine: one migrates, the other waits. One that was killed leaves a database which the next
    one completes. Returns what was left out for want of a right, in sentences that say what to do about it; everything
    works without, as the login.

    Raises Unavailable when Postgres cannot be reached, or somebody keeps a table locked for minutes; StoreError when it
    is too old or refuses, or the installation went elsewhere (`moved`).
    """
    try:
        with _connect(url) as connection:
            _check_version(connection)
            _lock(connection)
            standing = roles.prepare(connection, url)
            left_out = list(standing.left_out)
            moved = False
            if standing.owns:
                moved, theirs = _patiently(connection, lambda: roles.own(connection))
                left_out += theirs
            role = _role(connection, owns=standing.owns)
            with _connect(url, role) as working:
                if went := moved_to(working):
                    raise StoreError(
                        f"this installation was moved to {went}: set DATABASE_URL to it (docs/operations.md, Moving)",
                        code="moved",
                    )
                if not _is_current(working):
                    _patiently(connection, lambda: _migrate_ours(url, role))
                    _patiently(connection, lambda: _migrate_queue(working))
                if role == "owner":
                    version = f"{_head()} {_queue_head()}"
                    _patiently(connection, lambda: roles.grant(working, version, anew=moved))
                _patiently(connection, lambda: _settle(working))
            return tuple(left_out)
    except CommandError as error:
        raise StoreError(
            f"the migration failed: {error}; the database may be of a newer release than this one",
            code="migration_failed",
        ) from error
    except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        cause = _cause(error)
        if isinstance(cause, psycopg.OperationalError):
            raise Unavailable(f"cannot reach Postgres: {cause}", code="store_unavailable") from error
        hint = _WHO_MAY if isinstance(cause, errors.InsufficientPrivilege) else ""
        raise StoreError(f"the migration failed: {cause}{hint}", code="migration_failed") from error


def is_current(url: str) -> bool:
    """Whether the database has this release's schema."""
    with _connect(url) as connection:
        role = _role(connection, owns=False)
    with _connect(url, role) as connection:
        return _is_current(connection)


def migrate_to(url: str, version: str) -> None:
    """Bring an empty database to an earlier schema, for rows of that time; `migrate` completes it then.

    Raises StoreError for a version that this release does not know.
    """
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version not in known:
        raise StoreError(f"schema {version} is of a newer release: install that one", code="migration_failed")
    with _connect(url) as connection:
        _check_version(connection)
    _migrate_ours(url, None, to=version)


def latest_schema() -> str:
    """This release's version of the schema."""
    return str(_head())


def moved_to(connection: psycopg.Connection) -> str | None:
    """Where the installation went, as host:port/database; None while it is here."""
    there = connection.execute(
        "SELECT FROM pg_class WHERE relnamespace = to_regnamespace('aiwire') AND relname = 'moved'"
        " AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')"
    )
    if not there.rowcount:
        return None
    row = connection.execute('SELECT "to" FROM aiwire.moved').fetchone()
    return row[0] if row else None


def whereabouts(url: str) -> str | None:
    """The same of the database at a URL; Unavailable where it is away."""
    try:
        with _connect(url) as connection:
            role = _role(connection, owns=False)
        with _connect(url, role) as connection:
            return moved_to(connection)
    except psycopg.Error as error:
        raise Unavailable(f"cannot reach Postgres: {error}", code="store_unavailable") from error


def _connect(url: str, role: roles.Role | None = None) -> psycopg.Connection:
    options = _OPTIONS + (f" -c role={roles.GROUPS[role]}" if role else "")
    return psycopg.connect(url, autocommit=True, connect_timeout=10, options=options)


def _role(connection: psycopg.Connection, *, owns: bool) -> roles.Role | None:
    """Whom to work as: the owner; or one who may look, where another login migrates."""
    if owns:
        return "owner"
    choices: tuple[roles.Role, ...] = ("owner", "ingest")
    return next((role for role in choices if roles.may_take(connection, role)), None)


def _check_version(connection: psycopg.Connection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_POSTGRES:
        raise StoreError(
            f"Postgres {version} is too old: aiwire needs {OLDEST_POSTGRES} or newer", code="postgres_too_old"
        )


def _lock(connection: psycopg.Connection) -> None:
    # Polled, on autocommit: a blocking advisory lock around CREATE INDEX CONCURRENTLY deadlocks, because
    # the waiter's snapshot is one that the index build waits for.
    deadline = time.monotonic() + _PATIENCE
    while True:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if row and row[0]:
            return
        if time.monotonic() > deadline:
            raise Unavailable(
                f"another process has been migrating this database for {_PATIENCE:.0f} s: see pg_locks",
                code="migration_locked",
            )
        time.sleep(0.1)


def _patiently(connection: psycopg.Connection, step: Callable[[], T]) -> T:
    """Do a step, and do it anew as long as others hold what it needs; between two attempts they go on."""
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            return step()
        except (psycopg.Error, sqlalchemy.exc.DBAPIError) as error:
            if not isinstance(_cause(error), errors.LockNotAvailable | errors.DeadlockDetected):
                raise
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"the migration waits for a lock in vain: {_longest(connection)}", code="migration_blocked"
                ) from error
            time.sleep(_LOCK_PAUSE)


def _cause(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error


def _longest(connection: psycopg.Connection) -> str:
    row = connection.execute(
        """
        SELECT pid, coalesce(nullif(application_name, ''), usename, '?'), extract(epoch FROM now() - xact_start)::integer
        FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1
        """
    ).fetchone()
    if row is None:
        return "see pg_locks"
    return f"process {row[0]} ({row[1]}) has had a transaction open for {row[2]} s: end it, or SELECT pg_terminate_backend({row[0]})"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCHEMA).replace("%", "%%"))
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _queue_head() -> str:
    return max(path.name for path in Path(migrations_path).glob("*.sql"))


def _is_current(connection: psycopg.Connection) -> bool:
    there = connection.execute("SELECT to_regnamespace('aiwire') IS NOT NULL").fetchone()
    if not there or not there[0]:
        return False
    there = connection.execute("SELECT to_regclass('aiwire.alembic_version') IS NOT NULL").fetchone()
    if not there or not there[0]:
        return False
    row = connection.execute("SELECT version_num FROM aiwire.alembic_version").fetchone()
    return row is not None and row[0] == _head() and _queue_applied(connection) == _queue_head()


def _migrate_ours(url: str, role: roles.Role | None, to: str = "head") -> None:
    # Alembic speaks SQLAlchemy; the libpq URL goes to psycopg untouched, so that every form of it works.
    def connect() -> psycopg.Connection:
        connection = _connect(url, role)
        connection.autocommit = False
        return connection

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=connect, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        if connection.exec_driver_sql("SELECT to_regnamespace('aiwire')").scalar() is None:
            connection.exec_driver_sql("CREATE SCHEMA aiwire")
        connection.commit()
        config = _config()
        config.attributes["connection"] = connection
        with _ALEMBIC:
            command.upgrade(config, to)
        connection.commit()


def _migrate_queue(connection: psycopg.Connection) -> None:
    """Procrastinate has no record of its own of what was applied: ours is the comment on its schema."""
    names = sorted(path.name for path in Path(migrations_path).glob("*.sql"))
    applied = _queue_applied(connection)
    if applied == names[-1]:
        return
    schema = sql.Identifier(QUEUE_SCHEMA)
    with connection.transaction():
        if applied is None:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(schema))
        if applied is None:
            connection.execute(SchemaManager.get_schema())
        else:
            for name in (name for name in names if name > applied):
                connection.execute((Path(migrations_path) / name).read_bytes())
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(names[-1])))


def _queue_applied(connection: psycopg.Connection) -> str | None:
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (QUEUE_SCHEMA,)
    ).fetchone()
    return row[0] if row else None


def _settle(connection: psycopg.Connection) -> None:
    """What every start sees to: that cursors know where this database is, and that there are partitions ahead."""
    connection.execute("SELECT aiwire.settle_epoch()")
    row = connection.execute(
        "SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'aiwire'"
    ).fetchone()
    if row and row[0]:
        connection.execute("SELECT aiwire.make_partitions((now() AT TIME ZONE 'UTC')::date)")
