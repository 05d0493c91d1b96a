"""How much there is, and what each day brought, told in milliseconds however much that is.

What is small is counted; what is large is told as the server's statistics have it (autovacuum renews them), and said to be
so. Articles and sources themselves are `pipelines.store.reading`'s affair.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from psycopg.rows import dict_row

from pipelines.store.capture_days import FIGURES_OF_A_DAY
from pipelines.store.database import Connection

Row = dict[str, Any]

COUNTED_MOST = 20_000  # rows of a table; a million takes 50 to 300 ms to count, by its width
_OUTLET_MOST = 1_000  # articles of an outlet that the statistics do not name: it has few
_DAYS = 7


async def counts(connection: Connection) -> Row:
    """Articles, revisions, removed blocks; entries by disposition; what waits to be done, and processes that live.

    `estimated` names the figures that are the server's estimates.
    """
    row: Row = {}
    estimated = []
    for name, table in (
        ("articles", "article"),
        ("revisions", "revision"),
        ("removed_blocks", "removed_block"),
        ("entries", "entry"),
    ):
        row[name], exact = await _count(connection, table)
        if not exact:
            estimated.append(name)
    row |= (
        await _rows(
            connection,
            # Entries that wait are due some time: the index of what is due has them.
            """
            SELECT (SELECT count(*) FROM aiwire.entry WHERE due_at IS NOT NULL AND state <> 'settled') AS waiting,
                   (SELECT count(*) FROM aiwire.heartbeat WHERE beat_at > now() - interval '60 s') AS processes
            """,
        )
    )[0]
    told = await _shares(connection, "entry", "disposition") if "entries" in estimated else None
    if told is None:
        found = await _rows(
            connection,
            """
            SELECT disposition, count(*) AS n FROM aiwire.entry WHERE disposition IS NOT NULL
            GROUP BY disposition ORDER BY disposition
            """,
        )
        row["dispositions"] = {one["disposition"]: one["n"] for one in found}
    else:
        row["dispositions"] = {value: round(share * row["entries"]) for value, share in sorted(told.items())}
        estimated.append("dispositions")
    row["estimated"] = estimated
    return row


async def articles_by_outlet(connection: Connection, outlets: list[str]) -> dict[str, int]:
    """How many articles each outlet has: counted where there are few, else by the server's statistics."""
    total, exact = await _count(connection, "article")
    told = None if exact else await _shares(connection, "article", "outlet")
    if told is None:
        found = await _rows(connection, "SELECT outlet, count(*) AS n FROM aiwire.article GROUP BY outlet")
        return {one["outlet"]: one["n"] for one in found}
    known = {outlet: round(share * total) for outlet, share in told.items()}
    found = await _rows(
        connection,
        """
        SELECT o.slug, (SELECT count(*) FROM (SELECT FROM aiwire.article a WHERE a.outlet = o.slug LIMIT %(most)s) AS few) AS n
        FROM unnest(%(outlets)s::text[]) AS o (slug)
        """,
        {"outlets": [outlet for outlet in outlets if outlet not in known], "most": _OUTLET_MOST},
    )
    return known | {one["slug"]: one["n"] for one in found}


async def days(connection: Connection) -> list[Row]:
    """What each of the last seven days brought, UTC, the newest first: captures, their compressed bytes, articles, revisions."""
    known = await _rows(
        connection,
        """
        SELECT t.today, f.day, f.captures, f.capture_bytes, f.articles, f.revisions
        FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS t
        LEFT JOIN aiwire.day_figure f ON f.day > t.today - %(days)s AND f.day < t.today
        """,
        {"days": _DAYS},
    )
    today: date = known[0].pop("today")
    by_day = {one["day"]: one for one in known if one["day"] is not None}
    found = []
    for n in range(_DAYS):
        day = today - timedelta(days=n)
        one = (
            by_day.get(day)
            or (
                await _rows(
                    connection,
                    f"SELECT d.day, f.* FROM (SELECT %(day)s::date AS day) AS d CROSS JOIN LATERAL ({FIGURES_OF_A_DAY}) AS f",  # noqa: S608 -- a constant
                    {"day": day},
                )
            )[0]
        )
        found.append({name: value for name, value in one.items() if name != "today"})
    return found


async def sizes(connection: Connection) -> Row:
    """Bytes: the whole database, and the raw pages in it; on how many days' pages are kept."""
    return (
        await _rows(
            connection,
            """
            SELECT pg_database_size(current_database()) AS database_bytes,
                   (SELECT coalesce(sum(pg_total_relation_size(t.relid)), 0)::bigint
                    FROM pg_partition_tree('aiwire.capture') t WHERE t.isleaf) AS capture_table_bytes,
                   (SELECT count(*) FROM aiwire.capture_day WHERE day <= (now() AT TIME ZONE 'UTC')::date) AS capture_days
            """,
        )
    )[0]


async def _count(connection: Connection, table: str) -> tuple[int, bool]:
    """The rows of a table of ours, partitions and all, and whether they were counted."""
    estimate = (
        await _rows(
            connection,
            """
            SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint AS n FROM pg_class c
            WHERE c.relkind = 'r' AND (c.oid = %(table)s::regclass
                                       OR c.oid IN (SELECT relid FROM pg_partition_tree(%(table)s)))
            """,
            {"table": f"aiwire.{table}"},
        )
    )[0]["n"]
    if estimate > COUNTED_MOST:
        return estimate, False
    return (await _rows(connection, f"SELECT count(*) AS n FROM aiwire.{table}"))[0]["n"], True  # noqa: S608 -- ours


async def _shares(connection: Connection, table: str, column: str) -> dict[str, float] | None:
    """The most common values of a text column, each with its share of the rows; None where nobody analysed the table."""
    found = await _rows(
        connection,
        """
        SELECT v.value, v.share FROM pg_stats s,
               unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS v (value, share)
        WHERE s.schemaname = 'aiwire' AND s.tablename = %(table)s AND s.attname = %(column)s
        """,
        {"table": table, "column": column},
    )
    return {one["value"]: one["share"] for one in found} or None


async def _rows(connection: Connection, query: str, parameters: dict[str, object] | None = None) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()
