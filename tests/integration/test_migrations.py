"""From each released schema to this one with data in it, on databases in use, by starters that are killed or many."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pipelines.errors import StoreError, Unavailable
from pipelines.store import migrate as migrations
from pipelines.store.migrate import is_current, migrate
from tests.conftest import _database as scratch_database

CHECKOUT = Path(__file__).resolve().parents[2]
RELEASED = sorted(path.stem for path in (Path(__file__).parent / "released").glob("*.sql"))
QWEN = "0a000000-0000-5000-8000-000000000001"


def leave(url: str, revision: str) -> None:
    """Make the database what an installation is that began with the first release and was brought to this one."""
    for name in RELEASED:
        migrations._migrate_ours(url, None, to=name)
        with psycopg.connect(url, autocommit=True) as connection:
            if name == RELEASED[0]:
                migrations._migrate_queue(connection)
            with connection.transaction():
                connection.execute((Path(__file__).parent / "released" / f"{name}.sql").read_bytes())
        if name == revision:
            return


def rows(url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), parameters or None).fetchall()


def offered(url: str, columns: dict[str, list[str]] | None = None) -> dict[str, tuple[list[str], list[Any]]]:
    """Of each view in schema news its columns, or those that are asked for, and its rows as text."""
    found = {}
    for view, there in rows(
        url,
        """
        SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'news'::regnamespace AND c.relkind = 'v' GROUP BY 1
        """,
    ):
        if columns is not None and view not in columns:
            continue
        names = there if columns is None else columns[view]
        assert there[: len(names)] == names, f"news.{view} lost columns, or has them in another order"
        listed = ", ".join(f'"{name}"' for name in names)
        found[view] = (names, sorted(rows(url, f"SELECT ROW({listed})::text FROM news.{view}")))
    return found


def counts(url: str) -> dict[str, int]:
    """Rows of each table of ours and of the queue."""
    tables = rows(
        url,
        """
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace IN ('aiwire'::regnamespace, 'aiwire_queue'::regnamespace) AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition
        """,
    )
    return {name: rows(url, f"SELECT count(*) FROM {name}")[0][0] for (name,) in tables}


PAGES = """
    SELECT e.url_key, c.url, c.status, c.headers::text, c.body, c.size, c.sha256, c.captured_at, e.capture_id = c.id
    FROM aiwire.entry e JOIN aiwire.capture c ON c.entry_id = e.id ORDER BY c.id
"""


@dataclass(frozen=True)
class Upgraded:
    """A database that a released version left, migrated; what it held and offered before."""

    url: str
    offered: dict[str, tuple[list[str], list[Any]]]
    counts: dict[str, int]
    pages: list[tuple[Any, ...]]


@pytest.fixture(scope="module", params=RELEASED)
def upgraded(request: pytest.FixtureRequest, postgres: str) -> Iterator[Upgraded]:
    with scratch_database(postgres) as url:
        leave(url, request.param)
        found = Upgraded(url, offered(url), counts(url), rows(url, PAGES))
        assert all(there for _, there in found.offered.values())
        assert all(count for name, count in found.counts.items() if name.startswith("aiwire."))
        assert migrate(url) == ()
        yield found


# -- the schema ------------------------------------------------------------------------------------------------------------

_SPACES = "WITH s AS (SELECT * FROM pg_namespace WHERE nspname IN ('aiwire', 'news', 'aiwire_queue'))"
CATALOG = {
    "schema": "SELECT nspname, nspowner::regrole, acl(nspacl), obj_description(oid, 'pg_namespace') FROM s",
    "relation": """
        SELECT s.nspname, c.relname, c.relkind, c.relpersistence, c.relowner::regrole, acl(c.relacl), c.reloptions,
               c.relispartition, pg_get_partkeydef(c.oid), obj_description(c.oid, 'pg_class'), c.relreplident
        FROM pg_class c JOIN s ON s.oid = c.relnamespace""",
    "column": """
        SELECT s.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity,
               a.attgenerated, a.attstorage, a.attcollation::regcollation, acl(a.attacl), col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN s ON s.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'c')""",
    "constraint": """
        SELECT s.nspname, n.conrelid::regclass, n.conname, pg_get_constraintdef(n.oid), n.convalidated, n.condeferrable
        FROM pg_constraint n JOIN s ON s.oid = n.connamespace""",
    "index": """
        SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisunique, i.indisclustered
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN s ON s.oid = c.relnamespace""",
    "view": """
        SELECT s.nspname, c.relname, pg_get_viewdef(c.oid) FROM pg_class c JOIN s ON s.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm')""",
    "routine": """
        SELECT pg_get_functiondef(p.oid), p.proowner::regrole, acl(p.proacl), obj_description(p.oid, 'pg_proc')
        FROM pg_proc p JOIN s ON s.oid = p.pronamespace WHERE p.prokind <> 'a'""",
    "trigger": """
        SELECT pg_get_triggerdef(t.oid), t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN s ON s.oid = c.relnamespace WHERE NOT t.tgisinternal""",
    "sequence": """
        SELECT s.nspname, c.relname, q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcache, q.seqcycle,
               (SELECT format('%s.%s %s', d.refobjid::regclass, d.refobjsubid, d.deptype) FROM pg_depend d
                WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
        FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid JOIN s ON s.oid = c.relnamespace""",
    "type": """
        SELECT s.nspname, t.typname, t.typtype, t.typowner::regrole, acl(t.typacl),
               ARRAY(SELECT enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY enumsortorder)
        FROM pg_type t JOIN s ON s.oid = t.typnamespace""",
    "text search": """
        SELECT s.nspname, t.cfgname, t.cfgowner::regrole FROM pg_ts_config t JOIN s ON s.oid = t.cfgnamespace
        UNION ALL SELECT s.nspname, t.dictname, t.dictowner::regrole FROM pg_ts_dict t JOIN s ON s.oid = t.dictnamespace""",
    "statistics": "SELECT pg_get_statisticsobjdef(t.oid), t.stxowner::regrole FROM pg_statistic_ext t JOIN s ON s.oid = t.stxnamespace",
    "default right": "SELECT d.defaclrole::regrole, s.nspname, d.defaclobjtype, acl(d.defaclacl) FROM pg_default_acl d LEFT JOIN s ON s.oid = d.defaclnamespace",
}


def catalog(url: str) -> set[str]:
    """All that Postgres knows of our schemas, a line each; partitions are one, whichever months and days there are."""
    found: set[str] = set()
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = pg_catalog")
        connection.execute(
            "CREATE FUNCTION pg_temp.acl(aclitem[]) RETURNS text[] LANGUAGE sql"
            " AS 'SELECT array_agg(one::text ORDER BY one::text) FROM unnest($1) AS one'"
        )
        partitions = connection.execute(
            """
            SELECT c.relname, p.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            JOIN pg_class p ON p.oid = i.inhparent WHERE p.relkind = 'p'
            """
        ).fetchall()
        for kind, query in CATALOG.items():
            for row in connection.execute(f"{_SPACES} {query.replace('acl(', 'pg_temp.acl(')}".encode()).fetchall():
                line = f"{kind}: {row}"
                for name, parent in sorted(partitions, key=lambda pair: -len(pair[0])):
                    line = line.replace(name, f"{parent} PARTITION")
                found.add(line)
        connection.rollback()
    return found


def test_migrated_schema_equals_a_fresh_one(upgraded: Upgraded, template: str) -> None:
    migrated, fresh = catalog(upgraded.url), catalog(make_conninfo(upgraded.url, dbname=template))
    assert len(fresh) > 200
    assert sorted(migrated - fresh) == []
    assert sorted(fresh - migrated) == []


def test_every_version_but_the_newest_release_has_a_database_with_data() -> None:
    versions = sorted(path.name[:4] for path in (migrations.SCHEMA / "versions").glob("*.sql"))
    assert versions[: len(RELEASED)] == RELEASED


# -- the data --------------------------------------------------------------------------------------------------------------


def test_data_reads_as_before_through_schema_news(upgraded: Upgraded) -> None:
    columns = {view: names for view, (names, _) in upgraded.offered.items()}
    assert offered(upgraded.url, columns) == upgraded.offered


def test_no_row_is_lost(upgraded: Upgraded) -> None:
    after = counts(upgraded.url)
    assert {name: after.get(name) for name in upgraded.counts} == upgraded.counts
    assert rows(upgraded.url, PAGES) == upgraded.pages


def test_what_was_stored_before_is_told_by_the_change_feed(upgraded: Upgraded) -> None:
    told = rows(upgraded.url, "SELECT article_id::text, revision, kind FROM news.changes()")
    assert sorted((article, number) for article, number, _ in told) == rows(
        upgraded.url, "SELECT article_id::text, revision FROM news.revision ORDER BY 1, 2"
    )
    assert [kind for article, _, kind in told if article == QWEN] == ["new", "edit", "edit"]
    with psycopg.connect(upgraded.url) as connection:
        after = connection.execute("SELECT news.last_cursor()").fetchone()
        connection.execute("UPDATE aiwire.article SET url = url || '#moved' WHERE id = %s", (QWEN,))
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert connection.execute("SELECT kind, article_id::text FROM news.changes(%s)", after).fetchall() == [
            ("moved", QWEN)
        ]
        connection.rollback()


def test_daemon_of_the_release_before_reads_and_writes_on(empty_database_url: str) -> None:
    leave(empty_database_url, RELEASED[-1])
    with psycopg.connect(empty_database_url, autocommit=True) as daemon:
        migrate(empty_database_url)

        daemon.execute(
            """
            INSERT INTO aiwire.entry (outlet, host, url, url_key, discovered_at, state, due_at)
            VALUES ('example', 'news.example', 'https://news.example/late', 'news.example/late', now(), 'pending', now())
            """
        )
        daemon.execute("UPDATE aiwire.source SET next_poll_at = now(), state = 'ok' WHERE outlet = 'example'")
        with daemon.transaction():
            daemon.execute(
                """
                INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
                VALUES ('0a000000-0000-5000-8000-000000000009', 'example', 'https://news.example/late', 1, '\\x91', now(), now());
                INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant,
                    relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at, rights, markdown,
                    second_opinion, rules)
                VALUES ('0a000000-0000-5000-8000-000000000009', 1, 'first', '{}', 'Late', '{}', false, 'Text.', true, 1, '{}', '{}',
                    '\\x91', '\\xe9', now(), NULL, NULL, false, '\\xaa')
                """
            )
        assert daemon.execute("SELECT title FROM news.article WHERE url ~ 'late'").fetchone() == ("Late",)
        assert daemon.execute(
            "SELECT count(*) FROM news.changes() WHERE kind = 'new' AND told_at > now() - interval '1 min'"
        ).fetchone() == (1,)


# -- on a database in use --------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are waited for a tenth of a second, not three."""
    monkeypatch.setattr(migrations, "_OPTIONS", migrations._OPTIONS.replace("lock_timeout=3s", "lock_timeout=100ms"))
    monkeypatch.setattr(migrations, "_LOCK_PAUSE", 0.1)


@contextlib.contextmanager
def held(url: str, table: str = "aiwire.article") -> Iterator[psycopg.Connection]:
    """A long reader: its transaction keeps the table from being altered."""
    with psycopg.connect(url, application_name="long reader") as connection:
        connection.execute(f"SELECT count(*) FROM {table}".encode())
        yield connection


def test_long_reader_delays_the_migration_and_nobody_else(empty_database_url: str, hasty: None) -> None:
    leave(empty_database_url, RELEASED[-1])
    outcome: list[object] = []
    with held(empty_database_url) as reader:
        migrating = threading.Thread(target=lambda: outcome.append(migrate(empty_database_url)))
        migrating.start()
        with psycopg.connect(empty_database_url, autocommit=True, options="-c statement_timeout=2s") as other:
            for _ in range(10):
                other.execute("SELECT count(*) FROM aiwire.article")
                other.execute("UPDATE aiwire.article SET url = url")
                time.sleep(0.05)
        assert migrating.is_alive()
        reader.rollback()
        migrating.join(60)
    assert outcome == [()]
    assert is_current(empty_database_url)


def test_readers_are_held_up_and_never_refused(empty_database_url: str) -> None:
    leave(empty_database_url, RELEASED[-1])
    done = threading.Event()
    refused: list[str] = []

    def read(view: str) -> None:
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            while not done.is_set():
                try:
                    connection.execute(f"SELECT count(*) FROM news.{view}".encode())
                except psycopg.Error as error:
                    refused.append(str(error))

    readers = [threading.Thread(target=read, args=(view,)) for view in ("article", "revision", "attribution")]
    for reader in readers:
        reader.start()
    try:
        attempts: list[str] = []
        step = migrations._migrate_ours

        def counted(*arguments: Any) -> None:
            attempts.append("")
            step(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(migrations, "_migrate_ours", counted)
            migrate(empty_database_url)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert refused == []
    assert len(attempts) == 1


def test_lock_that_is_never_let_go_is_told_with_its_holder(
    empty_database_url: str, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(empty_database_url, RELEASED[-1])
    monkeypatch.setattr(migrations, "_LOCK_PATIENCE", 0.3)
    with held(empty_database_url) as reader:
        with pytest.raises(Unavailable, match=rf"process {reader.info.backend_pid} \(long reader\)") as caught:
            migrate(empty_database_url)
        assert caught.value.code == "migration_blocked"
    migrate(empty_database_url)
    assert is_current(empty_database_url)


def test_starter_that_was_killed_leaves_what_the_next_one_completes(empty_database_url: str, hasty: None) -> None:
    leave(empty_database_url, RELEASED[-1])
    with held(empty_database_url):
        starter = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from pipelines.store.migrate import migrate; migrate(sys.argv[1])",
                empty_database_url,
            ],
            cwd=CHECKOUT,
        )
        while not rows(
            empty_database_url,
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'ALTER TABLE' AND wait_event_type = 'Lock'",
        ):
            assert starter.poll() is None
            time.sleep(0.02)
        starter.kill()
        starter.wait()
    migrate(empty_database_url)

    assert is_current(empty_database_url)
    assert rows(empty_database_url, "SELECT count(*) FROM news.article") == [(4,)]


def test_database_of_a_newer_release_is_left_alone(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE aiwire.alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match="newer release"):
        migrate(database_url)


# -- indexes on tables in use ----------------------------------------------------------------------------------------------


@pytest.fixture
def indexing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that builds an index without keeping anybody from writing."""
    schema = tmp_path / "schema"
    shutil.copytree(migrations.SCHEMA, schema, ignore=shutil.ignore_patterns("__pycache__"))
    (schema / "versions" / "9000_index.py").write_text(
        f"""
from pipelines.store.concurrent_index import build_index

revision = "9000"
down_revision = "{migrations._head()}"


def upgrade() -> None:
    build_index("run_message", "aiwire.run (message)")
""",
        encoding="utf-8",
    )
    monkeypatch.setattr(migrations, "SCHEMA", schema)


def index(url: str) -> list[tuple[Any, ...]]:
    return rows(
        url,
        """
        SELECT indisvalid, pg_get_indexdef(indexrelid), relowner::regrole::text
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relname = 'run_message'
        """,
    )


BUILT = [(True, "CREATE INDEX run_message ON aiwire.run USING btree (message)", "aiwire_owner")]


def test_index_is_built_while_others_write(database_url: str, indexing: None, hasty: None) -> None:
    outcome: list[object] = []
    with psycopg.connect(database_url) as writer:
        writer.execute(RUN)
        migrating = threading.Thread(target=lambda: outcome.append(migrate(database_url)))
        migrating.start()
        deadline = time.monotonic() + 30
        while not index(database_url):  # it has begun, and waits for the writer
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with psycopg.connect(database_url, options="-c statement_timeout=2s") as other:
            other.execute(RUN)
        assert migrating.is_alive()
        writer.commit()
        migrating.join(60)
    assert outcome == [()]
    assert index(database_url) == BUILT
    assert is_current(database_url)


def test_index_that_was_left_half_built_is_built_anew(database_url: str, indexing: None) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(RUN)
        connection.execute(RUN)
        connection.execute("SET ROLE aiwire_owner")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY run_message ON aiwire.run (message)")
    assert [valid for valid, _, _ in index(database_url)] == [False]

    migrate(database_url)

    assert index(database_url) == BUILT


def test_two_starters_build_one_index(database_url: str, indexing: None) -> None:
    outcome: list[object] = []
    starters = [threading.Thread(target=lambda: outcome.append(migrate(database_url))) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    assert outcome == [(), (), ()]
    assert index(database_url) == BUILT


RUN = """
    INSERT INTO aiwire.run (host, started_at, ended_at, outcome, polls, fetched, stored, failed, message)
    VALUES ('news.example', now(), now(), 'ok', 1, 0, 0, 0, 'same')
"""
