"""How far the reprocessing of an outlet's kept pages has come, and which pages come next.

What is read of them, and what is shown, is `crawler.reprocess`' affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from pipelines.store.captures import Key
from pipelines.store.database import Connection

_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The last article and the last entry that it is done with, and what came of it up to there."""

    after_article: UUID = _FIRST
    after_entry: int = 0
    pages: int = 0
    changed: int = 0

    @property
    def begun(self) -> bool:
        return self.after_article != _FIRST or self.after_entry != 0


async def begin(
    connection: Connection, outlet: str, *, since: datetime | None, rules: bytes, now: datetime
) -> Progress:
    """Begin, or go on where the same reprocessing was stopped; one by other rules, or with another `since`, begins anew."""
    await connection.execute(
        """
        INSERT INTO aiwire.reprocess AS p (outlet, since, rules, after_article, after_entry, started_at)
        VALUES (%(outlet)s, %(since)s, %(rules)s, %(first)s, 0, %(now)s)
        ON CONFLICT (outlet) DO UPDATE SET since = EXCLUDED.since, rules = EXCLUDED.rules,
            after_article = EXCLUDED.after_article, after_entry = 0, pages = 0, changed = 0,
            started_at = EXCLUDED.started_at, finished_at = NULL
        WHERE p.finished_at IS NOT NULL OR (p.since, p.rules) IS DISTINCT FROM (EXCLUDED.since, EXCLUDED.rules)
        """,
        {"outlet": outlet, "since": since, "rules": rules, "first": _FIRST, "now": now},
    )
    return await stopped(connection, outlet, since=since, rules=rules)


async def stopped(connection: Connection, outlet: str, *, since: datetime | None, rules: bytes) -> Progress:
    """Where the same reprocessing was stopped; the beginning where there is none."""
    async with connection.cursor(row_factory=class_row(Progress)) as cursor:
        await cursor.execute(
            """
            SELECT after_article, after_entry, pages, changed FROM aiwire.reprocess
            WHERE outlet = %s AND finished_at IS NULL AND rules = %s AND since IS NOT DISTINCT FROM %s
            """,
            (outlet, rules, since),
        )
        return await cursor.fetchone() or Progress()


async def advance(connection: Connection, outlet: str, progress: Progress) -> None:
    """In the transaction that writes what came of the pages."""
    await connection.execute(
        """
        UPDATE aiwire.reprocess SET after_article = %s, after_entry = %s, pages = %s, changed = %s WHERE outlet = %s
        """,
        (progress.after_article, progress.after_entry, progress.pages, progress.changed, outlet),
    )


async def finish(connection: Connection, outlet: str, now: datetime) -> None:
    await connection.execute("UPDATE aiwire.reprocess SET finished_at = %s WHERE outlet = %s", (now, outlet))


async def articles_after(
    connection: Connection, outlet: str, after: UUID, *, since: datetime | None, most: int
) -> list[UUID]:
    """The outlet's next articles, by id; with `since` those of which a page was captured then or later."""
    cursor = await connection.execute(
        """
        SELECT a.id FROM aiwire.article a
        WHERE a.outlet = %(outlet)s AND a.id > %(after)s
          AND (%(since)s::timestamptz IS NULL OR EXISTS (
                SELECT FROM aiwire.entry e JOIN aiwire.capture c ON c.entry_id = e.id
                WHERE e.article_id = a.id AND c.captured_at >= %(since)s))
        ORDER BY a.id LIMIT %(most)s
        """,
        {"outlet": outlet, "after": after, "since": since, "most": most},
    )
    return [row[0] for row in await cursor.fetchall()]


async def entries_after(
    connection: Connection, outlet: str, after: int, *, since: datetime | None, most: int
) -> list[tuple[int, Key]]:
    """The next entries that were given up or held no article though a page of theirs is kept: (entry, its last capture)."""
    cursor = await connection.execute(
        """
        SELECT e.id, c.day, c.id FROM aiwire.entry e
        CROSS JOIN LATERAL (SELECT c.day, c.id, c.captured_at FROM aiwire.capture c WHERE c.entry_id = e.id
                            ORDER BY c.captured_at DESC LIMIT 1) AS c
        WHERE e.outlet = %(outlet)s AND e.id > %(after)s AND e.state = 'settled'
          AND e.disposition IN ('not_article', 'failed')
          AND (%(since)s::timestamptz IS NULL OR c.captured_at >= %(since)s)
        ORDER BY e.id LIMIT %(most)s
        """,
        {"outlet": outlet, "after": after, "since": since, "most": most},
    )
    return [(row[0], Key(row[1], row[2])) for row in await cursor.fetchall()]
