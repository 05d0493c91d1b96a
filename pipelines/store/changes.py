"""The change feed as a consumer reads it: changes after a cursor, and waiting for more.

The feed itself is SQL: `news.changes`, `news.change`, `news.last_cursor` (migration 0003, docs/contract.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipelines.errors import PublishError, StoreError, Unavailable
from pipelines.store.database import Connection

CHANNEL = "news_change"
"""Notified, without a payload, by each commit that told a change."""
_CODES = {"AW001": "lost_future", "AW002": "no_cursor", "AW003": "usage", "AW004": "moved"}
_LISTENING_MOST = (
    30.0  # seconds; a notification may be lost with a pooler between: then this is how late a change comes
)


async def after(connection: Connection, cursor: str | None, *, most: int) -> list[dict[str, Any]]:
    """Up to `most` changes after a cursor, in order, each with the article's present `title` and `url`, if it has one.

    Raises PublishError `lost_future` where this database has lost what the cursor saw, `no_cursor` where it is none,
    `moved` where nothing comes any more, since the installation went elsewhere.
    """
    try:
        async with connection.cursor(row_factory=dict_row) as rows:
            await rows.execute(
                """
                SELECT c.cursor, c.kind, c.outlet, c.article_id, c.revision, c.material, c.changed, c.reason, c.withheld,
                       c.told_at, a.title, a.url
                FROM news.changes(%s, %s) c LEFT JOIN news.article a ON a.id = c.article_id
                ORDER BY c.position
                """,
                (cursor, most),
            )
            return await rows.fetchall()
    except psycopg.Error as error:
        raise _translated(error) from error


async def last_cursor(connection: Connection) -> str:
    """The present end of the feed."""
    try:
        row = await (await connection.execute("SELECT news.last_cursor()")).fetchone()
    except psycopg.Error as error:
        raise _translated(error) from error
    assert row is not None  # noqa: S101 -- a query without FROM has one row
    return str(row[0])


async def follow(connection: Connection, cursor: str | None, *, most: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Changes after a cursor as they come, in batches of up to `most`, for ever; the connection is on autocommit.

    Raises as `after` does, and Unavailable where Postgres goes away: then go on with another connection from the last
    cursor.
    """
    try:
        await connection.execute(f"LISTEN {CHANNEL}".encode())
        while True:
            # Listening first: what commits between the question and the wait is notified.
            batch = await after(connection, cursor, most=most)
            if batch:
                cursor = batch[-1]["cursor"]
                yield batch
            else:
                async with aclosing(connection.notifies(timeout=_LISTENING_MOST, stop_after=1)) as notified:
                    async for _ in notified:
                        pass
    except psycopg.Error as error:
        raise _translated(error) from error


def _translated(error: psycopg.Error) -> PublishError | StoreError:
    code = _CODES.get(error.sqlstate or "")
    if code is not None:
        told = [error.diag.message_primary, error.diag.message_detail, error.diag.message_hint]
        return PublishError("\n".join(line for line in told if line), code=code)
    if isinstance(error, psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName):
        return PublishError("this database has no change feed: `aiwire db migrate` makes it", code="no_feed")
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(f"Postgres is away: {error}")
    return StoreError(f"Postgres refused: {error}")
