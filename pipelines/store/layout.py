"""Which tables of ours a database has, in which order they can be filled, and partitions made after another's.

What is in them is carried by `pipelines.store.transfer`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter

import psycopg
from psycopg import sql

from pipelines.errors import StoreError

# Of the place, not of the installation: which schema there is, who is alive, where it went.
_LEFT = ("alembic_version", "heartbeat", "moved")
_PARTITION = re.compile(r"(revision|change|capture)_[0-9a-z_]+")
_BOUND = re.compile(r"FOR VALUES FROM \((MINVALUE|'[0-9: +-]+'|[0-9]+)\) TO \((MAXVALUE|'[0-9: +-]+'|[0-9]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of schema aiwire, a partitioned one with its partitions: (name, bound)."""

    name: str
    columns: tuple[str, ...]
    partitions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a source holds: tables in an order that foreign keys allow, its schema's version, its last cursor."""

    schema: str
    tables: tuple[Table, ...]
    epoch: str
    position: int
    server: str


def layout_of(connection: psycopg.Connection) -> Layout:
    """The layout of the database as of the connection's snapshot. Raises StoreError where nothing of ours is there."""
    found = connection.execute(
        """
        SELECT c.relname,
               (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
               ARRAY(SELECT DISTINCT f.relname::text FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid
                     WHERE k.conrelid = c.oid AND k.contype = 'f' AND f.oid <> c.oid),
               ARRAY(SELECT ARRAY[p.relname::text, pg_get_expr(p.relpartbound, p.oid)]
                     FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                     WHERE i.inhparent = c.oid AND NOT i.inhdetachpending ORDER BY p.relname)
        FROM pg_class c
        WHERE c.relnamespace = to_regnamespace('aiwire') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname <> ALL (%s) ORDER BY 1
        """,
        (list(_LEFT),),
    ).fetchall()
    if not found:
        raise StoreError("there is no installation of aiwire", code="no_installation")
    order = TopologicalSorter({name: needs for name, _, needs, _ in found}).static_order()
    tables = {
        name: Table(name=name, columns=tuple(columns), partitions=tuple((part, bound) for part, bound in partitions))
        for name, columns, _, partitions in found
    }
    schema = connection.execute("SELECT version_num FROM aiwire.alembic_version").fetchone()
    told = connection.execute(
        """
        SELECT (SELECT id FROM aiwire.epoch ORDER BY number DESC LIMIT 1), coalesce(max(position), 0),
               current_setting('server_version') FROM aiwire.change
        """
    ).fetchone()
    assert schema is not None and told is not None  # noqa: S101, PT018 -- it was migrated
    return Layout(
        schema=schema[0], tables=tuple(tables[name] for name in order), epoch=told[0], position=told[1], server=told[2]
    )


def remake_partitions(connection: psycopg.Connection, table: Table) -> None:
    """Give a table the source's partitions: those that a new database has begin with the present month."""
    parent = sql.Identifier("aiwire", table.name)
    for (there,) in connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (f"aiwire.{table.name}",)
    ).fetchall():
        connection.execute(f"DROP TABLE {there}".encode())
    for name, bound in table.partitions:
        if not _PARTITION.fullmatch(name) or not _BOUND.fullmatch(bound):  # it may come from a file
            raise StoreError("it has a partition that can't be made", subject=table.name, code="schema_differs")
        partition = sql.Identifier("aiwire", name)
        connection.execute(
            sql.SQL(
                "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING STORAGE)"
            ).format(partition, parent)
        )
        connection.execute(sql.SQL("ALTER TABLE {} ATTACH PARTITION {} {}").format(parent, partition, sql.SQL(bound)))
