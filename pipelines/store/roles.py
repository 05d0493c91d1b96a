"""The groups that own, write and read: made where the login may, and given what is theirs.

`aiwire_owner` owns all that is in our schemas and migrates, `aiwire_ingest` is what the daemon works as, `aiwire_reader`
sees schema `news` alone. They belong to the cluster, not to a database. What they may do stands in `schema/grants.sql`;
when it is run is the affair of `pipelines.store.migrate`, who works as which of `pipelines.store.database`.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

Role = Literal["owner", "ingest", "reader"]

GROUPS: dict[Role, str] = {"owner": "aiwire_owner", "ingest": "aiwire_ingest", "reader": "aiwire_reader"}
SCHEMAS = ("aiwire", "news", "aiwire_queue")

_LOCK = 0x6169776A  # of the cluster; held in database postgres, which every starter of every database can name
_LOCK_SECONDS = 10
_TRIES = 20
_GRANTS = Path(__file__).parent / "schema" / "grants.sql"
_MARK = "grants "

MAY_TAKE = """
    SELECT pg_has_role(session_user, r.oid,
                       CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END)
           AND CASE %(role)s WHEN 'owner' THEN n.nspowner = r.oid ELSE has_schema_privilege(r.oid, n.oid, 'USAGE') END
    FROM pg_roles r, pg_namespace n
    WHERE r.rolname = 'aiwire_' || %(role)s AND n.nspname = CASE %(role)s WHEN 'reader' THEN 'news' ELSE 'aiwire' END
"""
"""Whether the login may work as %(role)s, and the role has been given its rights in this database; no row: it has not.

The groups may well be there, made for another database of the cluster."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a migration may work as aiwire_owner; what could not be done, a sentence each, with what to do about it."""

    owns: bool
    left_out: tuple[str, ...]


def prepare(connection: psycopg.Connection, url: str) -> Standing:
    """Make the groups, and the login a member of each, as far as it may; `connection` is on autocommit.

    Nothing is written, and nothing refused, where all is done or nothing may be done.
    """
    left_out = [*_make(connection, url), *_join(connection)]
    owner = GROUPS["owner"]
    if not _is_member(connection, owner) or _missing(connection):
        return Standing(False, tuple(left_out))
    if not _one(connection, "SELECT has_database_privilege(%s, current_database(), 'CREATE')", owner):
        name = connection.info.dbname
        grant = sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(owner))
        # Asked first: the refusal would stand in the server's log at every start.
        if _one(
            connection,
            "SELECT pg_has_role(session_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()",
        ):
            _surely(connection, grant)
        else:
            left_out.append(
                f'the database belongs to another: its owner must run GRANT CREATE ON DATABASE "{name}" TO {owner}'
            )
            return Standing(False, tuple(left_out))
    return Standing(True, tuple(left_out))


def own(connection: psycopg.Connection) -> tuple[bool, tuple[str, ...]]:
    """Give aiwire_owner what is in our schemas and not its own yet; whether there was any, and what can't be given.

    One transaction. REASSIGN OWNED would take what the login owns elsewhere in the database as well.
    """
    found = connection.execute(_NOT_OWNED, {"owner": GROUPS["owner"], "schemas": list(SCHEMAS)}).fetchall()
    ours = [(kind, name) for kind, name, may in found if may]
    owner = sql.Identifier(GROUPS["owner"])
    if ours:
        with connection.transaction():
            schemas = [name for kind, name in ours if kind == "SCHEMA"]
            for name in schemas:
                connection.execute(
                    sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(sql.Identifier(name), owner)
                )
            # Views first, as readers take them: one that holds a view and waits for its table would end in a deadlock.
            # The schemas go last: until then the login needs its own right to look into them.
            for kind, name in sorted(ours, key=lambda one: (one[0] == "SCHEMA", one[0] != "VIEW")):
                connection.execute(sql.SQL("ALTER {} {} OWNER TO {}").format(sql.SQL(kind), sql.SQL(name), owner))
    theirs = tuple(f"{kind.lower()} {name} belongs to another, and stays so" for kind, name, may in found if not may)
    return bool(ours), theirs


def grant(connection: psycopg.Connection, version: str, *, anew: bool) -> bool:
    """Run grants.sql as aiwire_owner, unless it ran for this `version` of the schema; whether it did.

    `connection` works as aiwire_owner, on autocommit. What was granted to others is left alone.
    """
    text = _GRANTS.read_bytes()
    mark = _MARK + hashlib.sha256(text + version.encode()).hexdigest()[:16]
    done = _one(
        connection,
        "SELECT obj_description('aiwire.alembic_version'::regclass, 'pg_class') = %s"
        " AND has_schema_privilege('aiwire_ingest', 'aiwire', 'USAGE') AND has_schema_privilege('aiwire_reader', 'news', 'USAGE')",
        mark,
    )
    if done and not anew:
        return False
    with connection.transaction():
        connection.execute(text)
        connection.execute(sql.SQL("COMMENT ON TABLE aiwire.alembic_version IS {}").format(sql.Literal(mark)))
    return True


def may_take(connection: psycopg.Connection, role: Role) -> bool:
    """Whether the login may work as this role in this database."""
    row = connection.execute(MAY_TAKE.encode(), {"role": role}).fetchone()
    return bool(row and row[0])


def _make(connection: psycopg.Connection, url: str) -> list[str]:
    missing = _missing(connection)
    if not missing:
        return []
    if not _one(connection, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = session_user"):
        statements = "; ".join(f"CREATE ROLE {name} NOLOGIN" for name in missing)
        return [
            f"{', '.join(missing)} not made, as this login may not create roles: an administrator can run {statements}"
        ]
    with _cluster_lock(url):
        for name in missing:
            _surely(connection, sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
    return []


def _join(connection: psycopg.Connection) -> list[str]:
    """Make the login a member; a superuser may take any role without being one."""
    refused = []
    for name in GROUPS.values():
        if _is_member(connection, name) is not False:
            continue
        if connection.info.server_version >= 160_000:
            options = " WITH INHERIT TRUE, SET TRUE"
            may = "SELECT pg_has_role(session_user, %s, 'MEMBER WITH ADMIN OPTION')"
        else:
            options = ""
            may = (
                "SELECT rolcreaterole OR pg_has_role(session_user, %s, 'MEMBER WITH ADMIN OPTION')"
                " FROM pg_roles WHERE rolname = session_user"
            )
        if _one(connection, may, name):
            login = sql.Identifier(str(_one(connection, "SELECT session_user::text")))
            _surely(connection, sql.SQL("GRANT {} TO {}" + options).format(sql.Identifier(name), login))
        else:
            refused.append(name)
    if not refused:
        return []
    login_ = _one(connection, "SELECT session_user::text")
    groups = ", ".join(refused)
    return [f'this login is no member of {groups}: an administrator can run GRANT {groups} TO "{login_}"']


def _surely(connection: psycopg.Connection, statement: sql.Composed) -> None:
    """Run a statement on what the whole cluster shares, against others who run the same one at this moment."""
    for left in reversed(range(_TRIES)):
        try:
            connection.execute(statement)
        except (errors.DuplicateObject, errors.UniqueViolation):
            return  # somebody else did it
        except errors.InternalError_:  # "tuple concurrently updated"
            if not left:
                raise
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def _cluster_lock(url: str) -> Iterator[None]:
    """Alone in the cluster among those who make the groups, if database postgres can be reached: a courtesy, not a need.

    An advisory lock is a database's own. In template1 it would stop others from making databases.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(psycopg.Error):
            lock = stack.enter_context(
                psycopg.connect(
                    make_conninfo(url, dbname="postgres"),
                    autocommit=True,
                    connect_timeout=5,
                    options=f"-c lock_timeout={_LOCK_SECONDS}s",
                )
            )
            lock.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield


def _missing(connection: psycopg.Connection) -> list[str]:
    there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname ^@ 'aiwire_'")}
    return [name for name in GROUPS.values() if name not in there]


def _is_member(connection: psycopg.Connection, group: str) -> bool | None:
    """Whether the login may take the group; None where there is no such group."""
    kind = "SET" if connection.info.server_version >= 160_000 else "MEMBER"
    answer: bool | None = _one(
        connection, "SELECT pg_has_role(session_user, oid, %s) FROM pg_roles WHERE rolname = %s", kind, group
    )
    return answer


def _one(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    return row and row[0]


# What an ALTER … OWNER TO is needed for. Indexes, and sequences that belong to a column, follow their table; array types
# and the row types of tables follow, too. Third: whether the login has the present owner's rights.
_NOT_OWNED = """
    WITH spaces AS (SELECT oid, nspname, nspowner FROM pg_namespace WHERE nspname = ANY(%(schemas)s)),
    things(kind, name, owner) AS (
        SELECT 'SCHEMA', quote_ident(nspname), nspowner FROM spaces
        UNION ALL
        SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                              WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END,
               format('%%I.%%I', s.nspname, c.relname), c.relowner
        FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
           OR c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
               AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
        UNION ALL
        SELECT 'ROUTINE', format('%%I.%%I(%%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner
        FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
        UNION ALL
        SELECT 'TYPE', format('%%I.%%I', s.nspname, t.typname), t.typowner
        FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
        WHERE t.typtype IN ('d', 'e', 'r') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
        UNION ALL
        SELECT 'TEXT SEARCH CONFIGURATION', format('%%I.%%I', s.nspname, t.cfgname), t.cfgowner
        FROM pg_ts_config t JOIN spaces s ON s.oid = t.cfgnamespace
        UNION ALL
        SELECT 'TEXT SEARCH DICTIONARY', format('%%I.%%I', s.nspname, t.dictname), t.dictowner
        FROM pg_ts_dict t JOIN spaces s ON s.oid = t.dictnamespace
        UNION ALL
        SELECT 'STATISTICS', format('%%I.%%I', s.nspname, t.stxname), t.stxowner
        FROM pg_statistic_ext t JOIN spaces s ON s.oid = t.stxnamespace
    )
    SELECT kind, name, pg_has_role(session_user, owner, 'USAGE') FROM things
    WHERE owner <> (SELECT oid FROM pg_roles WHERE rolname = %(owner)s) ORDER BY kind, name
"""
