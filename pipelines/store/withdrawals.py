"""Articles that are withdrawn: gone from their outlet, their rights reserved, or to be forgotten.

When that is so is decided in `crawler.withdrawing`; the change feed tells it by itself (trigger `tell_change`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pipelines.store.database import Connection


async def withdraw(
    connection: Connection, article_id: UUID, reason: str, *, withheld: bool, now: datetime, entry_id: int
) -> bool:
    """Mark an article as withdrawn for `reason` (`gone`, `rights_reserved`); returns whether that is news.

    `withheld`: consumers see its text no longer. An article that is gone at the address of `entry_id` and there at
    another is not gone.
    """
    cursor = await connection.execute(
        """
        UPDATE aiwire.article a SET withdrawn_at = %(now)s, withdrawn_reason = %(reason)s, withheld = %(withheld)s
        WHERE a.id = %(id)s AND (a.withdrawn_reason, a.withheld) IS DISTINCT FROM (%(reason)s, %(withheld)s)
          AND a.withdrawn_reason IS DISTINCT FROM 'forgotten'
          AND (%(reason)s <> 'gone' OR NOT EXISTS (
                SELECT FROM aiwire.entry e WHERE e.article_id = a.id AND e.id <> %(entry)s
                    AND e.disposition IN ('stored', 'duplicate') AND e.missing_since IS NULL))
        """,
        {"id": article_id, "reason": reason, "withheld": withheld, "now": now, "entry": entry_id},
    )
    return cursor.rowcount == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known by an address: articles, entries, and every address of theirs."""

    articles: tuple[UUID, ...]
    entries: tuple[int, ...]
    urls: tuple[str, ...]


async def find(connection: Connection, url_key: str) -> Found:
    """The articles of all outlets that were ever known by a canonical URL, and the entries that brought them."""
    cursor = await connection.execute(
        """
        WITH article AS (
            SELECT article_id AS id FROM aiwire.article_url WHERE kind = 'url' AND value = %(key)s
            UNION SELECT article_id FROM aiwire.entry WHERE url_key = %(key)s AND article_id IS NOT NULL
        ), entry AS (
            SELECT id, url_key FROM aiwire.entry
            WHERE url_key = %(key)s OR article_id IN (SELECT id FROM article)
        )
        SELECT ARRAY(SELECT id FROM article ORDER BY id), ARRAY(SELECT id FROM entry ORDER BY id),
               ARRAY(SELECT url_key FROM entry
                     UNION SELECT u.value FROM aiwire.article_url u WHERE u.kind = 'url' AND u.article_id IN (SELECT id FROM article)
                     UNION SELECT %(key)s ORDER BY 1)
        """,
        {"key": url_key},
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- a query without FROM has one row
    return Found(articles=tuple(row[0]), entries=tuple(row[1]), urls=tuple(row[2]))


async def outlets_of(connection: Connection, url_key: str) -> list[str]:
    """The outlets that know the address, in the order in which their locks are to be taken."""
    cursor = await connection.execute(
        """
        SELECT outlet FROM aiwire.article_url WHERE kind = 'url' AND value = %(key)s
        UNION SELECT outlet FROM aiwire.entry WHERE url_key = %(key)s ORDER BY 1
        """,
        {"key": url_key},
    )
    return [row[0] for row in await cursor.fetchall()]


async def forget(connection: Connection, found: Found, now: datetime) -> None:
    """Remove text, revisions and what was read of them, leave tombstones, and never fetch the addresses again.

    Raw bytes are `pipelines.store.captures.erase`'s part, in the same transaction. Needs the owner's role: nobody else
    may delete a revision.
    """
    articles, entries = list(found.articles), list(found.entries)
    await connection.execute(
        """
        INSERT INTO aiwire.forgotten (url_key, forgotten_at) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING
        """,
        (list(found.urls), now),
    )
    for table in ("revision", "removed_block", "attribution", "re_extraction", "search_document"):
        await connection.execute(f"DELETE FROM aiwire.{table} WHERE article_id = ANY(%s)".encode(), (articles,))  # noqa: S608 -- names of tables
    # A block that only one of them had would be its words; one that others have is the outlet's.
    await connection.execute(
        "DELETE FROM aiwire.block_sighting WHERE stored_in <@ %s::uuid[] AND stored_in <> '{}'", (articles,)
    )
    await connection.execute(
        """
        UPDATE aiwire.block_sighting SET stored_in = ARRAY(SELECT unnest(stored_in) EXCEPT SELECT unnest(%(ids)s::uuid[]))
        WHERE stored_in && %(ids)s::uuid[]
        """,
        {"ids": articles},
    )
    await connection.execute(
        """
        UPDATE aiwire.article SET withdrawn_at = %s, withdrawn_reason = 'forgotten', withheld = true, content_hash = '',
            published_at = NULL
        WHERE id = ANY(%s) AND withdrawn_reason IS DISTINCT FROM 'forgotten'
        """,
        (now, articles),
    )
    await connection.execute(
        """
        UPDATE aiwire.entry SET state = 'settled', disposition = 'refused', reason = 'forgotten', message = NULL, title = NULL,
            summary = NULL, published = NULL, modified = NULL, guid = NULL, due_at = NULL, etag = NULL, last_modified = NULL,
            capture_day = NULL, capture_id = NULL, missing_since = NULL, settled_at = %s
        WHERE id = ANY(%s)
        """,
        (now, entries),
    )
    await connection.execute("DELETE FROM aiwire.claim WHERE entry_id = ANY(%s)", (entries,))
    await connection.execute("DELETE FROM aiwire.page_figure WHERE entry_id = ANY(%s)", (entries,))


async def forgotten(connection: Connection, url_keys: Sequence[str]) -> frozenset[str]:
    """Those of the canonical URLs that must not be fetched."""
    cursor = await connection.execute("SELECT url_key FROM aiwire.forgotten WHERE url_key = ANY(%s)", (list(url_keys),))
    return frozenset(row[0] for row in await cursor.fetchall())
