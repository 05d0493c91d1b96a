"""Who may do what: groups made with and without the right to make them, statements that are denied, pools in their role."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege

from crawler import queue
from pipelines.errors import StoreError, Unavailable
from pipelines.store.database import Database, SessionLocks
from pipelines.store.migrate import is_current, migrate
from pipelines.store.roles import GROUPS, Role

ARTICLE = "00000000-0000-0000-0000-000000000001"
STORE = f"""
    INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, definition)
    VALUES ('example', 'Example', 'https://news.example', 'en', 'scrape', '{{}}') ON CONFLICT DO NOTHING;
    INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
    VALUES ('{ARTICLE}', 'example', 'https://news.example/1', 1, '\\x01', '2026-11-02 10:00Z', '2026-11-02 10:00Z');
    INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant,
        relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at)
    VALUES ('{ARTICLE}', 1, 'first', '{{}}', 'One', '{{}}', false, 'Text.', true, 1, '{{}}', '{{}}', '\\x01', '\\x01',
        '2026-11-02 10:00Z')
"""


class Cluster:
    """A server without the groups: databases and logins are made here, and are gone with it."""

    def __init__(self, url: str) -> None:
        self.url = make_conninfo(url, dbname="postgres")
        self._databases: list[str] = []
        self._logins: list[str] = []

    def run(self, query: str, *names: str, dbname: str = "postgres") -> None:
        with psycopg.connect(self.url, dbname=dbname, autocommit=True) as connection:
            connection.execute(sql.SQL(query).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    def login(self, options: str = "") -> str:
        name = f"aiwire_test_login_{secrets.token_hex(4)}"
        self.run(f"CREATE ROLE {{}} LOGIN PASSWORD 'secret' {options}", name)
        self._logins.append(name)
        return name

    def database(self, owner: str | None = None) -> str:
        """The URL of an empty database as its owner sees it; without one, as the administrator does."""
        name = f"aiwire_test_{secrets.token_hex(6)}"
        self.run("CREATE DATABASE {}" + (" OWNER {}" if owner else ""), name, *([owner] if owner else []))
        self._databases.append(name)
        url = make_conninfo(self.url, dbname=name)
        return as_login(url, owner) if owner else url

    def close(self) -> None:
        for name in self._databases:
            self.run("DROP DATABASE {} WITH (FORCE)", name)
        for name in self._logins:
            self.run("DROP ROLE {}", name)


@pytest.fixture
def cluster(postgres: str) -> Iterator[Cluster]:
    """The groups of other tests' databases keep what is theirs, under another name for a while.

    So nobody else may test on this server at the same time.
    """
    made = Cluster(postgres)
    token = secrets.token_hex(4)
    aside = {name: f"{name}_aside_{token}" for name in GROUPS.values() if role_exists(made, name)}
    for name, other in aside.items():
        made.run("ALTER ROLE {} RENAME TO {}", name, other)
    try:
        yield made
    finally:
        made.close()
        for name in GROUPS.values():
            try:
                made.run("DROP ROLE IF EXISTS {}", name)
            except psycopg.errors.DependentObjectsStillExist:  # somebody did: at least leave no mess
                made.run("ALTER ROLE {} RENAME TO {}", name, f"{name}_left_{token}")
        for name, other in aside.items():
            made.run("ALTER ROLE {} RENAME TO {}", other, name)


def role_exists(cluster: Cluster, name: str) -> bool:
    return one(cluster.url, "SELECT count(*) FROM pg_roles WHERE rolname = %s", name) == 1


def as_login(url: str, login: str) -> str:
    return make_conninfo(url, user=login, password="secret")


def one(url: str, query: str, *parameters: object) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode(), parameters or None).fetchone()
        return row and row[0]


def owners(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """
            WITH spaces AS (SELECT oid, nspowner FROM pg_namespace WHERE nspname IN ('aiwire', 'news', 'aiwire_queue'))
            SELECT nspowner::regrole::text FROM spaces
            UNION SELECT relowner::regrole::text FROM pg_class JOIN spaces s ON s.oid = relnamespace
            UNION SELECT proowner::regrole::text FROM pg_proc JOIN spaces s ON s.oid = pronamespace
            UNION SELECT typowner::regrole::text FROM pg_type JOIN spaces s ON s.oid = typnamespace
            """
        ).fetchall()
    return {row[0] for row in rows}


async def works_as(url: str, role: Role | None) -> str:
    """Store an article and read it through schema news; the name of whom this was done as."""
    async with Database(url, size=1, role=role) as database, database.transaction() as connection:
        await connection.execute(STORE.encode())
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor = await connection.execute("SELECT current_user::text, (SELECT title FROM news.article)")
        row = await cursor.fetchone()
        assert row is not None
        assert row[1] == "One"
        return str(row[0])


# -- with and without the right to make roles ------------------------------------------------------------------------------


async def test_superuser_makes_groups_that_own_everything(cluster: Cluster) -> None:
    url = cluster.database()

    assert migrate(url) == ()

    assert owners(url) == {"aiwire_owner"}
    assert await works_as(url, "ingest") == "aiwire_ingest"


async def test_login_that_may_create_roles_needs_no_superuser(cluster: Cluster) -> None:
    url = cluster.database(cluster.login("CREATEROLE"))

    assert migrate(url) == ()
    assert migrate(url) == ()

    assert owners(url) == {"aiwire_owner"}
    assert await works_as(url, "ingest") == "aiwire_ingest"


async def test_login_without_right_goes_on_as_itself_and_is_told_what_is_left_out(cluster: Cluster) -> None:
    login = cluster.login()
    url = cluster.database(login)

    left_out = migrate(url)

    assert len(left_out) == 1
    assert "CREATE ROLE aiwire_owner NOLOGIN" in left_out[0]
    assert migrate(url) == left_out
    assert is_current(url)
    assert owners(url) == {login}
    assert await works_as(url, "ingest") == login


async def test_groups_of_which_login_is_no_member_are_told(cluster: Cluster) -> None:
    migrate(cluster.database())
    login = cluster.login()
    url = cluster.database(login)

    left_out = migrate(url)

    assert left_out == (
        (
            f"this login is no member of aiwire_owner, aiwire_ingest, aiwire_reader: an administrator can run"
            f' GRANT aiwire_owner, aiwire_ingest, aiwire_reader TO "{login}"'
        ),
    )
    assert owners(url) == {login}
    assert await works_as(url, "ingest") == login


async def test_what_administrator_grants_later_is_taken_up(cluster: Cluster) -> None:
    login = cluster.login()
    url = cluster.database(login)
    migrate(url)
    await works_as(url, "ingest")
    migrate(cluster.database())  # the groups are made by another
    cluster.run("GRANT aiwire_owner, aiwire_ingest, aiwire_reader TO {}", login)

    assert migrate(url) == ()

    assert owners(url) == {"aiwire_owner"}
    async with Database(url, size=1, role="reader") as database, database.transaction() as connection:
        cursor = await connection.execute("SELECT current_user::text, title FROM news.article")
        assert await cursor.fetchall() == [("aiwire_reader", "One")]


@pytest.mark.slow
async def test_second_login_that_may_create_roles_works_beside_the_first(cluster: Cluster) -> None:
    migrate(cluster.database(cluster.login("CREATEROLE")))
    login = cluster.login("CREATEROLE")
    url = cluster.database(login)

    left_out = migrate(url)

    # From Postgres 16 on it may not make itself a member of what another made.
    assert await works_as(url, "ingest") == (login if left_out else "aiwire_ingest")


def test_database_of_another_owner_is_told(cluster: Cluster) -> None:
    admin = cluster.database()
    migrate(admin)
    login = cluster.login()
    cluster.run("GRANT aiwire_owner, aiwire_ingest, aiwire_reader TO {}", login)
    name = str(conninfo_to_dict(url := cluster.database(cluster.login()))["dbname"])
    cluster.run("GRANT CREATE ON DATABASE {} TO {}", name, login)

    left_out = migrate(as_login(url, login))

    assert left_out == (
        f'the database belongs to another: its owner must run GRANT CREATE ON DATABASE "{name}" TO aiwire_owner',
    )
    assert is_current(as_login(url, login))


async def test_login_of_a_daemon_needs_no_more_than_ingest(cluster: Cluster) -> None:
    url = cluster.database()
    migrate(url)
    login = cluster.login("NOINHERIT")
    cluster.run("GRANT aiwire_ingest TO {}", login)
    daemon = as_login(url, login)

    left_out = migrate(daemon)

    assert len(left_out) == 1
    assert is_current(daemon)
    assert await works_as(daemon, "ingest") == "aiwire_ingest"
    async with Database(daemon, size=1, role="owner") as database:
        assert database.taken is None


def test_login_that_may_not_migrate_is_told_who_may(cluster: Cluster) -> None:
    url = cluster.database()
    login = cluster.login()

    with pytest.raises(StoreError, match="as a login that may take the role aiwire_owner"):
        migrate(as_login(url, login))


@pytest.mark.slow
def test_view_of_an_operator_in_our_schema_stays_his(cluster: Cluster) -> None:
    login = cluster.login()
    url = cluster.database(login)
    migrate(url)
    migrate(admin := cluster.database())
    assert owners(admin) == {"aiwire_owner"}
    name, other = str(conninfo_to_dict(url)["dbname"]), cluster.login()
    cluster.run("GRANT CREATE, USAGE ON SCHEMA news TO {}", other, dbname=name)
    with psycopg.connect(as_login(url, other)) as connection:
        connection.execute("CREATE VIEW news.mine AS SELECT 1 AS one")
    cluster.run("GRANT aiwire_owner, aiwire_ingest, aiwire_reader TO {}", login)

    assert migrate(url) == ("view news.mine belongs to another, and stays so",)

    assert owners(url) == {"aiwire_owner", other}


def at_once(*work: Callable[[], object]) -> list[object]:
    """What each returned, or raised, when all ran at the same time."""
    outcomes: list[object] = []
    barrier = threading.Barrier(len(work))

    def go(one_: Callable[[], object]) -> None:
        barrier.wait()
        try:
            outcomes.append(one_())
        except Exception as error:  # noqa: BLE001 -- told to the test
            outcomes.append(error)

    threads = [threading.Thread(target=go, args=(one_,)) for one_ in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_databases_of_one_cluster_are_migrated_at_once(cluster: Cluster) -> None:
    urls = [cluster.database() for _ in range(2)]

    assert at_once(*(lambda url=url: migrate(url) for url in [*urls, urls[0]])) == [()] * 3  # type: ignore[misc]

    assert [owners(url) for url in urls] == [{"aiwire_owner"}] * 2


@pytest.mark.slow
def test_groups_are_made_without_the_lock_that_spares_races(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    from pipelines.store import roles

    monkeypatch.setattr(roles, "_cluster_lock", lambda url: nullcontext())
    login = cluster.login("CREATEROLE")
    urls = [cluster.database(login) for _ in range(4)]

    assert at_once(*(lambda url=url: migrate(url) for url in urls)) == [()] * 4  # type: ignore[misc]


# -- what each may do ------------------------------------------------------------------------------------------------------

DENIED: dict[Role, tuple[str, ...]] = {
    "reader": (
        "SELECT FROM aiwire.article",
        "SELECT FROM aiwire.revision",
        "SELECT FROM aiwire.capture",
        "SELECT FROM aiwire_queue.procrastinate_jobs",
        "SELECT aiwire.settle_epoch()",
        "SELECT aiwire.lock_changes()",
        "SELECT nextval('aiwire.change_position')",
        "UPDATE news.withdrawal SET url = 'x'",
        "DELETE FROM news.withdrawal",
        "CREATE TABLE news.mine (one integer)",
        "CREATE VIEW news.article_2 AS SELECT 1",
        "CREATE OR REPLACE FUNCTION news.last_cursor() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (one integer)",
        "DROP VIEW news.article",
        "SET ROLE pg_read_server_files",
    ),
    "ingest": (
        "UPDATE aiwire.change SET kind = 'new'",
        "DELETE FROM aiwire.change",
        "UPDATE aiwire.revision SET text = 'x'",
        "DELETE FROM aiwire.revision",
        "UPDATE aiwire.removed_block SET text = 'x'",
        "DELETE FROM aiwire.removed_block",
        "UPDATE aiwire.attribution SET credited = 'x'",
        "DELETE FROM aiwire.attribution",
        "INSERT INTO aiwire.epoch (number, id, began_after, began_at, place) VALUES (9, '00000000', 0, now(), 'x')",
        "UPDATE aiwire.epoch SET began_after = 0",
        "DELETE FROM aiwire.epoch",
        "DELETE FROM aiwire.article",
        "DELETE FROM aiwire.article_url",
        "DELETE FROM aiwire.entry",
        "DELETE FROM aiwire.outlet",
        "DELETE FROM aiwire.forgotten",
        "INSERT INTO aiwire.forgotten (url_key, forgotten_at) VALUES ('x', now())",
        "UPDATE aiwire.capture SET body = ''",
        "DELETE FROM aiwire.capture",
        "DELETE FROM aiwire.run",
        "INSERT INTO aiwire.search_document SELECT * FROM aiwire.search_document",
        "UPDATE aiwire.search_progress SET position = 0",
        "UPDATE aiwire.alembic_version SET version_num = '0001'",
        "SELECT setval('aiwire.change_position', 1)",
        "SELECT FROM aiwire.revision_before",
        "INSERT INTO aiwire.change_00000 SELECT * FROM aiwire.change",
        "TRUNCATE aiwire.heartbeat",
        "CREATE TABLE aiwire.mine (one integer)",
        "CREATE TABLE news.mine (one integer)",
        "CREATE TABLE aiwire_queue.mine (one integer)",
        "ALTER TABLE aiwire.article ADD COLUMN mine integer",
        "ALTER TABLE aiwire.article DISABLE TRIGGER ALL",
        "CREATE INDEX ON aiwire.article (url)",
        "DROP TABLE aiwire.revision_before",
        "LOCK TABLE aiwire.change IN ACCESS EXCLUSIVE MODE",
        "SELECT aiwire.make_partitions('2031-01-01')",
        "CREATE OR REPLACE FUNCTION aiwire.lock_changes() RETURNS void LANGUAGE sql AS $$ SELECT $$",
        "CREATE SCHEMA mine",
        "DELETE FROM news.withdrawal",
    ),
}

ALLOWED: dict[Role, tuple[str, ...]] = {
    "reader": (
        "SELECT * FROM news.article",
        "SELECT * FROM news.revision",
        "SELECT * FROM news.removed_block",
        "SELECT * FROM news.attribution",
        "SELECT * FROM news.change",
        "SELECT * FROM news.withdrawal",
        "SELECT * FROM news.outlet",
        "SELECT * FROM news.source_health",
        "SELECT * FROM news.changes()",
        "SELECT * FROM news.changes(news.last_cursor(), 10)",
        "SELECT * FROM news.search('text')",
        "LISTEN news_change",
    ),
    "ingest": (
        "SELECT * FROM news.article",
        "SELECT * FROM news.changes()",
        "UPDATE aiwire.article SET url = 'https://news.example/2'; SET CONSTRAINTS ALL IMMEDIATE",
        "SELECT version_num FROM aiwire.alembic_version",
        "SELECT aiwire.index_changes()",
        "SELECT aiwire.settle_epoch()",
        (
            "INSERT INTO aiwire.run (host, started_at, ended_at, outcome, polls, fetched, stored, failed)"
            " VALUES ('news.example', now(), now(), 'ok', 1, 0, 0, 0)"
        ),
        "DELETE FROM aiwire.heartbeat",
        "DELETE FROM aiwire.block_sighting",
        "DELETE FROM aiwire.page_figure",
        "DELETE FROM aiwire.re_extraction",
        "DELETE FROM aiwire_queue.procrastinate_jobs",
        "LISTEN news_change",
    ),
    "owner": (
        "DELETE FROM aiwire.revision",
        "DELETE FROM aiwire.change",
        "SELECT aiwire.make_partitions('2031-01-01')",
        "CREATE TABLE aiwire.mine (one integer)",
    ),
}


@pytest.fixture
def stored(database_url: str) -> str:
    """A database with an article in it."""
    with psycopg.connect(database_url) as connection:
        connection.execute(STORE.encode())
    return database_url


@pytest.mark.parametrize("role", ["reader", "ingest"])
def test_statements_are_denied(stored: str, role: Role) -> None:
    with psycopg.connect(stored, options=f"-c role={GROUPS[role]}", autocommit=True) as connection:
        passed = []
        # As somebody who was never more than this: a superuser's session might take any role.
        connection.execute("SET search_path = pg_catalog")
        for statement in DENIED[role]:
            if statement.startswith("SET ROLE"):
                continue
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(statement.encode())
            except InsufficientPrivilege:
                continue
            passed.append(statement)
    assert passed == []


@pytest.mark.parametrize("role", ["reader", "ingest", "owner"])
def test_statements_are_allowed(stored: str, role: Role) -> None:
    with psycopg.connect(stored, options=f"-c role={GROUPS[role]}", autocommit=True) as connection:
        for statement in ALLOWED[role]:
            with connection.transaction(force_rollback=True):
                connection.execute(statement.encode())


def test_member_of_readers_alone_can_not_become_more(cluster: Cluster) -> None:
    url = cluster.database()
    migrate(url)
    login = cluster.login("IN ROLE aiwire_reader")

    with psycopg.connect(as_login(url, login), autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM news.article").fetchone() == (0,)
        for statement in (*DENIED["reader"], "SET ROLE aiwire_ingest", "SET ROLE aiwire_owner"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())


def test_stranger_has_no_right_at_all(cluster: Cluster) -> None:
    url = cluster.database()
    migrate(url)
    login = cluster.login()
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """
            WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('aiwire', 'news', 'aiwire_queue'))
            SELECT nspname::text FROM spaces WHERE has_schema_privilege(%(login)s, oid, 'USAGE, CREATE')
            UNION ALL
            SELECT c.oid::regclass::text FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v')
              AND has_table_privilege(%(login)s, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            UNION ALL
            SELECT c.oid::regclass::text FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
            WHERE CASE c.relkind WHEN 'S' THEN has_sequence_privilege(%(login)s, c.oid, 'USAGE, SELECT, UPDATE') END
            UNION ALL
            SELECT p.oid::regprocedure::text FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
            WHERE has_function_privilege(%(login)s, p.oid, 'EXECUTE')
            """,
            {"login": login},
        ).fetchall()
    assert rows == []


def test_functions_that_work_as_their_owner_look_nowhere_else(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            """
            SELECT oid::regprocedure::text FROM pg_proc
            WHERE pronamespace IN ('aiwire'::regnamespace, 'news'::regnamespace) AND prosecdef
              AND NOT coalesce(proconfig::text ~ 'search_path=', false)
            """
        ).fetchall()
    assert rows == []


def test_partitions_made_later_are_reached_through_their_table_alone(stored: str) -> None:
    with psycopg.connect(stored, options="-c role=aiwire_owner") as connection:
        connection.execute("SELECT aiwire.make_partitions('2031-01-01')")
        owner = connection.execute("SELECT relowner::regrole::text FROM pg_class WHERE relname = 'revision_2031_01'")
        assert owner.fetchone() == ("aiwire_owner",)
    with psycopg.connect(stored, options="-c role=aiwire_ingest", autocommit=True) as connection:
        connection.execute(
            STORE.replace("2026-11-02", "2031-01-05").replace(ARTICLE, ARTICLE[:-1] + "2").encode(),
        )
        assert connection.execute("SELECT count(*) FROM news.revision WHERE seen_at > '2031-01-01'").fetchone() == (1,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT FROM aiwire.revision_2031_01")


def test_rights_taken_away_come_back_with_the_next_migration_that_changes_something(cluster: Cluster) -> None:
    url = cluster.database()
    migrate(url)
    name = str(conninfo_to_dict(url)["dbname"])
    cluster.run("REVOKE ALL ON SCHEMA news FROM {}", "aiwire_reader", dbname=name)  # as a restore without privileges

    migrate(url)

    assert one(url, "SELECT has_schema_privilege('aiwire_reader', 'news', 'USAGE')")


def test_current_database_is_not_written(cluster: Cluster) -> None:
    written = """
        SELECT array_agg(line ORDER BY line) FROM (
            SELECT format('%s %s', xmin, relname) AS line FROM pg_class UNION ALL
            SELECT format('%s %s', xmin, nspname) FROM pg_namespace UNION ALL
            SELECT format('%s %s', xmin, oid) FROM pg_proc UNION ALL
            SELECT format('%s %s', xmin, defaclobjtype) FROM pg_default_acl UNION ALL
            SELECT format('%s %s', xmin, description) FROM pg_description UNION ALL
            SELECT format('%s %s', xmin, place) FROM aiwire.epoch) AS lines
    """
    url = cluster.database()
    migrate(url)
    before = one(url, written)

    migrate(url)

    assert one(url, written) == before


# -- pools -----------------------------------------------------------------------------------------------------------------


async def test_pool_works_in_its_role_and_comes_back_to_it(database_url: str) -> None:
    for role, group in GROUPS.items():
        async with Database(database_url, size=1, role=role) as database:
            async with database.transaction() as connection:
                await connection.execute("SET ROLE NONE")
                await connection.execute("RESET ROLE")
                cursor = await connection.execute("SELECT current_user::text")
                assert await cursor.fetchone() == (group,)
            own = await database.connect()
            cursor = await own.execute("SELECT current_user::text")
            assert await cursor.fetchone() == (group,)
            await own.close()


async def test_connection_of_its_own_needs_no_open_pool_to_take_the_role(database_url: str) -> None:
    async with await Database(database_url, role="reader").connect() as connection:
        cursor = await connection.execute("SELECT current_user::text")
        assert await cursor.fetchone() == ("aiwire_reader",)


async def test_pool_without_role_works_as_the_login(database_url: str) -> None:
    async with Database(database_url, size=1) as database, database.transaction() as connection:
        cursor = await connection.execute("SELECT current_user = session_user")
        assert await cursor.fetchone() == (True,)
        assert database.taken is None


async def test_role_without_rights_in_this_database_is_not_taken(
    postgres: str, empty_database_url: str, template: str
) -> None:
    assert one(postgres, "SELECT count(*) FROM pg_roles WHERE rolname = 'aiwire_ingest'") == 1
    async with Database(empty_database_url, size=1, role="ingest") as database:
        assert database.taken is None


async def test_session_locks_are_held_in_the_role(database_url: str) -> None:
    async with Database(database_url, size=1, role="ingest") as database:
        locks = SessionLocks(database, "host")
        assert await locks.try_acquire("news.example")
        assert await locks.holds("news.example")
        await locks.close()


async def test_queue_carries_jobs_in_the_role(database_url: str) -> None:
    visited: list[str] = []

    async def visit(hosts: Any) -> None:
        visited.extend(hosts)

    async with Database(database_url, size=1, role="ingest") as database:
        app = queue.open_queue(database, visit)
        async with app.open_async():
            async with database.transaction() as connection:
                await queue.defer(app, connection, ["a.example", "b.example"], lanes=1)
            await app.run_worker_async(
                queues=[queue.VISITS], wait=False, install_signal_handlers=False, delete_jobs="always"
            )
            assert await queue.rescue(app, database) == []
    assert sorted(visited) == ["a.example", "b.example"]
    assert one(database_url, "SELECT count(*) FROM aiwire_queue.procrastinate_jobs") == 0


@pytest.mark.parametrize(("default", "used"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
async def test_what_a_cursor_points_at_survives_a_crash(database_url: str, default: str, used: str) -> None:
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET synchronous_commit = {}").format(sql.Identifier(name), sql.Literal(default))
        )
    async with Database(database_url, size=1, role="ingest") as database, database.transaction() as connection:
        cursor = await connection.execute("SHOW synchronous_commit")
        assert await cursor.fetchone() == (used,)


async def test_writers_settle_the_epoch_before_they_write(stored: str) -> None:
    def epochs() -> int:
        return int(one(stored, "SELECT count(*) FROM aiwire.epoch"))

    migrate(stored)  # the template's epoch is another place's
    before = epochs()
    with psycopg.connect(stored) as connection:
        connection.execute("UPDATE aiwire.epoch SET place = 'elsewhere'")
    async with Database(stored, size=1, role="reader"):
        assert epochs() == before
    async with Database(stored, size=3, role="ingest") as database:
        assert epochs() == before + 1
        async with database.transaction() as connection:
            await connection.execute("SELECT 1")
    assert epochs() == before + 1


async def test_right_that_was_withdrawn_shows_as_away(cluster: Cluster) -> None:
    url = cluster.database()
    migrate(url)
    login = cluster.login("IN ROLE aiwire_ingest")
    async with Database(as_login(url, login), size=1, role="ingest") as database:
        cluster.run("REVOKE aiwire_ingest FROM {}", login)
        with pytest.raises(Unavailable, match="permission denied to set role"):
            await database.connect()
