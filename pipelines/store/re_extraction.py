"""Articles whose kept page is to be read again, and what an article's text was read from.

Reading it is the worker's affair (`crawler.re_extraction`), writing what differs that of `pipelines.store.articles`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pipelines.store import entries
from pipelines.store.captures import Key
from pipelines.store.database import Connection
from pipelines.store.entries import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The raw page of an article's current revision, and the entry that brought it."""

    article_id: UUID
    revision: int
    capture: Key
    work: Work


async def ask(connection: Connection, articles: Collection[UUID], now: datetime) -> None:
    """Have articles read again by the next visit of the host that brought them."""
    await connection.execute(
        """
        INSERT INTO aiwire.re_extraction (article_id, host, due_at)
        SELECT DISTINCT ON (u.article_id) u.article_id, e.host, %s
        FROM aiwire.article_url u JOIN aiwire.entry e ON e.outlet = u.outlet AND e.url_key = u.value
        WHERE u.kind = 'url' AND u.article_id = ANY(%s) ORDER BY u.article_id, e.id
        ON CONFLICT DO NOTHING
        """,
        (now, list(articles)),
    )


async def due(connection: Connection, host: str, now: datetime, *, most: int) -> list[UUID]:
    """Articles that wait for the host's visit."""
    cursor = await connection.execute(
        "SELECT article_id FROM aiwire.re_extraction WHERE host = %s AND due_at <= %s ORDER BY due_at, article_id LIMIT %s",
        (host, now, most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def done(connection: Connection, article_id: UUID) -> None:
    await connection.execute("DELETE FROM aiwire.re_extraction WHERE article_id = %s", (article_id,))


async def begun(connection: Connection, article_id: UUID, *, again_at: datetime, most: int) -> bool:
    """Count an attempt before the work begins; whether it is to be made: after `most` the article is left as it is."""
    cursor = await connection.execute(
        """
        UPDATE aiwire.re_extraction SET attempts = attempts + 1, due_at = %s WHERE article_id = %s RETURNING attempts
        """,
        (again_at, article_id),
    )
    row = await cursor.fetchone()
    return row is not None and row[0] <= most


async def kept(connection: Connection, article_id: UUID) -> Kept | None:
    """What the article's current text was read from; None once retention dropped it.

    The very bytes where they are still there, else a later capture that was found to say the same. What was not
    understood as the article (an error page since) does not count.
    """
    cursor = await connection.execute(
        """
        SELECT a.revision, c.day, c.id, e.id FROM aiwire.article a
        JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
        JOIN aiwire.entry e ON e.article_id = a.id
        JOIN aiwire.capture c ON c.entry_id = e.id
        WHERE a.id = %s AND (c.sha256 = r.capture_sha256 OR (e.disposition = 'stored' AND e.reason IS NULL
                                                             AND e.state = 'settled' AND c.captured_at >= r.seen_at))
        ORDER BY c.sha256 = r.capture_sha256 DESC, c.captured_at DESC LIMIT 1
        """,
        (article_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    revision, day, capture_id, entry_id = row
    work = await entries.load(connection, entry_id)
    return (
        None
        if work is None
        else Kept(article_id=article_id, revision=revision, capture=Key(day, capture_id), work=work)
    )
