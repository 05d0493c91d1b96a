"""Brings a database to this release's schema: ours through Alembic, the queue's through Procrastinate's own SQL.

Where the database is, and when to migrate, is the caller's affair (`crawler.embedded`, `aiwire db migrate`).
"""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager, migrations_path
from psycopg import sql

from pipelines.errors import StoreError, Unavailable
from pipelines.store.database import QUEUE_SCHEMA

OLDEST_POSTGRES = 15
_LOCK = 0x61697769  # "aiwi": every starter of every machine agrees on it
_PATIENCE = 120  # seconds to wait for another starter's migration


def migrate(url: str) -> None:
    """Create or upgrade the schemas `aiwire`, `news` and `aiwire_queue`; nothing happens if they are current.

    Two starters at once are fine: one migrates, the other waits.

    Raises Unavailable when Postgres cannot be reached, StoreError when it is too old or refuses.
    """
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            _check_version(connection)
            _lock(connection)
            _migrate_ours(url)
            _migrate_queue(connection)
    except psycopg.OperationalError as error:
        raise Unavailable(f"cannot reach Postgres: {error}", code="store_unavailable") from error
    except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        raise StoreError(f"the migration failed: {error}", code="migration_failed") from error


def is_current(url: str) -> bool:
    """Whether the database has this release's schema."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        there = connection.execute("SELECT to_regclass('aiwire.alembic_version') IS NOT NULL").fetchone()
        if not there or not there[0]:
            return False
        row = connection.execute("SELECT version_num FROM aiwire.alembic_version").fetchone()
        return row is not None and row[0] == ScriptDirectory.from_config(_config()).get_current_head()


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
                f"another process has been migrating this database for {_PATIENCE} s: see pg_locks",
                code="migration_locked",
            )
        time.sleep(0.1)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "schema"))
    return config


def _migrate_ours(url: str) -> None:
    # Alembic speaks SQLAlchemy; the libpq URL goes to psycopg untouched, so that every form of it works.
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS aiwire")
        connection.commit()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _migrate_queue(connection: psycopg.Connection) -> None:
    """Procrastinate has no record of its own of what was applied: ours is the comment on its schema."""
    names = sorted(path.name for path in Path(migrations_path).glob("*.sql"))
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (QUEUE_SCHEMA,)
    ).fetchone()
    applied = row[0] if row else None
    if applied == names[-1]:
        return
    schema = sql.Identifier(QUEUE_SCHEMA)
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(schema))
        if applied is None:
            connection.execute(SchemaManager.get_schema())
        else:
            for name in (name for name in names if name > applied):
                connection.execute((Path(migrations_path) / name).read_bytes())
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(names[-1])))
