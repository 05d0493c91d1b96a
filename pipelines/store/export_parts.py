"""Rows of exports in parts: how they are cut, which is still to be done, and which is.

A job of the queue names a part and no more: what is waiting stands here, so that jobs may be lost. What a part holds is
`pipelines.store.export`'s affair, who does it `crawler.export_jobs`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipelines.store.database import QUEUE_SCHEMA, Connection
from pipelines.store.export import Plan, Wish

Row = dict[str, Any]
QUEUED_MOST = 32
"""Jobs of parts in the queue at a time: more would only make it long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that is to be written."""

    export_id: int
    number: int
    target: str
    token: str
    wish: Wish
    plan: Plan
    after: str | None
    until: str | None

    @property
    def file(self) -> str:
        return f"part-{self.number:05}.{'warc' if self.plan.kind == 'captures' else 'jsonl'}.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a part: its articles or pages, pages passed over, bytes of its file and their digest."""

    written: int
    skipped: int
    size: int
    sha256: bytes


async def cut(connection: Connection, plan: Plan, size: int) -> list[tuple[str | None, str | None]]:
    """The ranges of a plan in order, each of about `size` articles, changes or pages; together they are all of it."""
    if plan.kind == "articles":
        return _ranges(None, [str(id_) for id_ in await _article_cuts(connection, size)], None)
    if plan.kind == "changes":
        ends = await _change_cuts(connection, plan, size)
        return _ranges(str(plan.after), [str(end) for end in ends], str(plan.until))
    ranges: list[tuple[str | None, str | None]] = []
    cursor = await connection.execute("SELECT day::text FROM aiwire.capture_day WHERE NOT closing ORDER BY day")
    for (day,) in await cursor.fetchall():
        ids, last = await _capture_cuts(connection, plan, day, size)
        if last is not None:
            ranges += _ranges(f"{day}/{plan.after}", [f"{day}/{id_}" for id_ in ids], f"{day}/{plan.until}")
    return ranges


async def create(
    connection: Connection,
    *,
    target: str,
    token: str,
    wish: Wish,
    plan: Plan,
    ranges: list[tuple[str | None, str | None]],
    now: datetime,
) -> int:
    """Write an export and its parts, all waiting; returns its number."""
    cursor = await connection.execute(
        """
        INSERT INTO aiwire.export (target, token, wish, plan, started_at) VALUES (%s, %s, %s, %s, %s) RETURNING id
        """,
        (target, token, Jsonb(wish.told()), Jsonb(plan.told()), now),
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- an INSERT returns its row
    await connection.execute(
        """
        INSERT INTO aiwire.export_part (export_id, number, after, until, due_at)
        SELECT %s, number, nullif(after, ''), nullif(until, ''), %s
        FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS r (after, until, number)
        """,
        (row[0], now, [after or "" for after, _ in ranges], [until or "" for _, until in ranges]),
    )
    return int(row[0])


async def to_queue(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """Parts that are due and in no job, as export and number; number 0: all parts are done, and it is to be finished."""
    cursor = await connection.execute(
        f"""
        WITH job AS (SELECT (j.args ->> 'export')::bigint AS export_id, (j.args ->> 'part')::integer AS number
                     FROM {QUEUE_SCHEMA}.procrastinate_jobs j
                     WHERE j.task_name = 'export_part' AND j.status IN ('todo', 'doing'))
        SELECT d.export_id, d.number FROM (
            SELECT p.export_id, p.number FROM aiwire.export_part p JOIN aiwire.export x ON x.id = p.export_id
            WHERE p.state = 'waiting' AND p.due_at <= %(now)s AND x.state = 'running'
            UNION ALL
            SELECT x.id, 0 FROM aiwire.export x
            WHERE x.state = 'running' AND NOT EXISTS (
                SELECT FROM aiwire.export_part p WHERE p.export_id = x.id AND (p.state = 'waiting' OR p.due_at > %(now)s))) AS d
        WHERE NOT EXISTS (SELECT FROM job WHERE job.export_id = d.export_id AND job.number = d.number)
        ORDER BY d.export_id, d.number LIMIT greatest(0, %(most)s - (SELECT count(*) FROM job))
        """.encode(),  # noqa: S608 -- a constant
        {"now": now, "most": QUEUED_MOST},
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def waiting(connection: Connection, export_id: int, number: int) -> Part | None:
    """A part that is still to be done; None where it is done, or its export is over."""
    cursor = await connection.execute(
        """
        SELECT x.target, x.token, x.wish, x.plan, p.after, p.until
        FROM aiwire.export_part p JOIN aiwire.export x ON x.id = p.export_id
        WHERE p.export_id = %s AND p.number = %s AND p.state = 'waiting' AND x.state = 'running'
        """,
        (export_id, number),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    target, token, wish, plan, after, until = row
    return Part(
        export_id=export_id,
        number=number,
        target=target,
        token=token,
        wish=Wish(**wish),
        plan=Plan.of(plan),
        after=after,
        until=until,
    )


async def hold(connection: Connection, part: Part) -> bool:
    """Hold a part's row until the end of the transaction; false where another has done it, or its export is over."""
    # What holds it then moves a file, which may take longer than a transaction may idle.
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '5min'")
    cursor = await connection.execute(
        """
        SELECT FROM aiwire.export_part p JOIN aiwire.export x ON x.id = p.export_id
        WHERE p.export_id = %s AND p.number = %s AND p.state = 'waiting' AND x.state = 'running' FOR UPDATE OF p
        """,
        (part.export_id, part.number),
    )
    return await cursor.fetchone() is not None


async def done(connection: Connection, part: Part, written: Written, now: datetime) -> None:
    """The part's file is in its place; in the transaction that holds it."""
    await connection.execute(
        """
        UPDATE aiwire.export_part SET state = 'done', file = %s, written = %s, skipped = %s, size = %s, sha256 = %s, done_at = %s,
            message = NULL
        WHERE export_id = %s AND number = %s
        """,
        (
            part.file,
            written.written,
            written.skipped,
            written.size,
            written.sha256,
            now,
            part.export_id,
            part.number,
        ),
    )


async def failed(connection: Connection, export_id: int, number: int, message: str, now: datetime) -> None:
    """A part could not be written: it is due again later and later, up to ten minutes; number 0: it could not be finished."""
    await connection.execute(
        """
        UPDATE aiwire.export_part SET attempts = attempts + 1, message = %(message)s,
            due_at = %(now)s + least(600, 5 * 2 ^ least(attempts, 10)) * interval '1 s'
        WHERE export_id = %(export)s AND (%(number)s = 0 OR (number = %(number)s AND state = 'waiting'))
        """,
        {"export": export_id, "number": number, "message": message, "now": now},
    )


async def whole(connection: Connection, export_id: int) -> Row | None:
    """A running export all of whose parts are done, with them; None where there is still something to do, or nothing."""
    rows = await _rows(
        connection,
        """
        SELECT x.id, x.target, x.token, x.wish, x.plan, x.started_at FROM aiwire.export x
        WHERE x.id = %s AND x.state = 'running' AND NOT EXISTS (
            SELECT FROM aiwire.export_part p WHERE p.export_id = x.id AND p.state = 'waiting')
        """,
        export_id,
    )
    if not rows:
        return None
    rows[0]["parts"] = await _rows(
        connection,
        """
        SELECT file, written, skipped, size, encode(sha256, 'hex') AS sha256 FROM aiwire.export_part
        WHERE export_id = %s ORDER BY number
        """,
        export_id,
    )
    return rows[0]


async def end(connection: Connection, export_id: int, state: str, now: datetime) -> None:
    """Mark a running export as `done` or `cancelled`."""
    await connection.execute(
        "UPDATE aiwire.export SET state = %s, ended_at = %s WHERE id = %s AND state = 'running'",
        (state, now, export_id),
    )


async def progress(connection: Connection, target: str | None = None) -> list[Row]:
    """The last export to a target; or all that are running, with their parts, and what went wrong with one last."""
    return await _rows(
        connection,
        """
        SELECT x.id, x.target, x.state, x.wish, x.plan ->> 'cursor' AS cursor, x.started_at, x.ended_at, p.*,
               (SELECT q.message FROM aiwire.export_part q WHERE q.export_id = x.id AND q.message IS NOT NULL
                ORDER BY q.due_at DESC LIMIT 1) AS message
        FROM aiwire.export x CROSS JOIN LATERAL (
            SELECT count(*) AS parts, count(*) FILTER (WHERE p.state = 'done') AS done,
                   coalesce(sum(p.written), 0)::bigint AS written, coalesce(sum(p.skipped), 0)::bigint AS skipped,
                   coalesce(sum(p.size), 0)::bigint AS size
            FROM aiwire.export_part p WHERE p.export_id = x.id) AS p
        WHERE CASE WHEN %(target)s::text IS NULL THEN x.state = 'running'
                   ELSE x.id = (SELECT max(y.id) FROM aiwire.export y WHERE y.target = %(target)s) END
        ORDER BY x.id
        """,
        {"target": target},
    )


def _ranges(first: str | None, ends: list[str], last: str | None) -> list[tuple[str | None, str | None]]:
    return list(zip([first, *ends], [*ends, last], strict=True))


async def _article_cuts(connection: Connection, size: int) -> list[UUID]:
    """Every size-th id; whoever comes later falls into a range, too."""
    return await _cuts(
        connection, "SELECT id FROM aiwire.article WHERE id > %s ORDER BY id OFFSET %s LIMIT 1", (UUID(int=0), size)
    )


async def _change_cuts(connection: Connection, plan: Plan, size: int) -> list[int]:
    return await _cuts(
        connection,
        """
        SELECT position FROM aiwire.change WHERE position > %s AND position < %s ORDER BY position OFFSET %s LIMIT 1
        """,
        (plan.after, plan.until, size),
    )


async def _capture_cuts(connection: Connection, plan: Plan, day: str, size: int) -> tuple[list[int], int | None]:
    cursor = await connection.execute(
        "SELECT min(id) FROM aiwire.capture WHERE day = %s AND id > %s AND id <= %s", (day, plan.after, plan.until)
    )
    row = await cursor.fetchone()
    last = row[0] if row else None
    if last is None:
        return [], None
    cuts = await _cuts(
        connection,
        "SELECT id FROM aiwire.capture WHERE id > %s AND id < %s AND day = %s ORDER BY id OFFSET %s LIMIT 1",
        (plan.after, plan.until, day, size),
    )
    return cuts, last


async def _cuts(connection: Connection, query: str, parameters: tuple[Any, ...]) -> list[Any]:
    """Where a query's rows are cut: it finds the row `size` after its first parameter, and goes on from there."""
    found: list[Any] = []
    first, *rest = parameters
    rest[-1] -= 1
    while True:
        row = await (await connection.execute(query.encode(), (first, *rest))).fetchone()
        if row is None:
            return found
        first = row[0]
        found.append(first)


async def _rows(connection: Connection, query: str, parameters: Any) -> list[Row]:
    told = parameters if isinstance(parameters, dict) else (parameters,)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), told)
        return await cursor.fetchall()
