"""What every suite shares: the corpora, and databases of a real Postgres that are made and dropped here.

The server is the one that DATABASE_URL names, whose own database is never touched, or an embedded one of our own.
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
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from crawler.embedded import EmbeddedPostgres
from pipelines.store.migrate import migrate

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pages and corpora beside the checkout; absent in a user's clone."""
    folder = CHECKOUT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no corpora: {folder} is not there (they are not part of the project)")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server on which databases may be made; not of a database to use."""
    if told := os.environ.get("DATABASE_URL"):
        yield told
        return
    # Not under pytest's own folder: as root the server runs as another user, who could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="aiwire-tests-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres(folder / "postgres") as server:
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _database(postgres: str, template: str | None = None) -> Iterator[str]:
    name = f"aiwire_test_{secrets.token_hex(6)}"
    admin = make_conninfo(postgres, dbname="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        source = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + source)
    try:
        yield _url(postgres, name)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _url(postgres: str, name: str) -> str:
    return make_conninfo(postgres, dbname=name)


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """The name of a migrated database that others are cloned from: migrating each would take longer than its test."""
    with _database(postgres) as url:
        migrate(url)
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    """A migrated database of this test's own."""
    with _database(postgres, template) as url:
        yield url


@pytest.fixture
def other_database_url(postgres: str, template: str) -> Iterator[str]:
    """A second one, for what goes from one database to another."""
    with _database(postgres, template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(postgres: str, template: str) -> Iterator[str]:
    """A migrated database of this module's own."""
    with _database(postgres, template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """A database of this test's own without any schema of ours."""
    with _database(postgres) as url:
        yield url
