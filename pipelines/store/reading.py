"""What commands show of the database: articles with their evidence, the state of sources.

Consumers read schema `news` themselves; how much there is tells `pipelines.store.figures`; how this is printed is `crawler.present`'s affair.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from pipelines.store import figures
from pipelines.store.database import Connection

Row = dict[str, Any]


async def articles(connection: Connection, *, outlet: str | None = None, most: int = 50) -> list[Row]:
    """The newest articles, each with its first credited sentence and the number of blocks removed."""
    return await _rows(
        connection,
        """
        SELECT a.id, a.outlet, a.outlet_name, a.url, a.title, a.authors, a.published, a.language, a.credited, a.relevant,
               a.revision, a.first_seen_at, a.changed_at,
               (SELECT t.evidence FROM news.attribution t WHERE t.article_id = a.id AND t.revision = a.revision
                ORDER BY t.ordinal LIMIT 1) AS evidence,
               (SELECT coalesce(jsonb_object_agg(reason, n), '{}') FROM (
                    SELECT reason, count(*) AS n FROM news.removed_block b
                    WHERE b.article_id = a.id AND b.revision = a.revision GROUP BY reason) AS counted) AS removed
        FROM news.article a
        WHERE %(outlet)s::text IS NULL OR a.outlet = %(outlet)s
        ORDER BY a.published_at DESC NULLS LAST, a.id LIMIT %(most)s
        """,
        {"outlet": outlet, "most": most},
    )


async def known_by(connection: Connection, key: str) -> list[Row]:
    """The articles whose id is, or begins with, the key, or that were known by this URL: two at most."""
    return await _rows(
        connection,
        """
        SELECT a.* FROM news.article a WHERE a.id::text LIKE %(prefix)s || '%%'
        UNION
        SELECT a.* FROM news.article a JOIN aiwire.article_url u ON u.article_id = a.id
        WHERE u.kind = 'url' AND u.value = %(key)s LIMIT 2
        """,
        {"key": key, "prefix": key.replace("%", "").replace("_", "") or "-"},
    )


async def revisions(connection: Connection, article_id: UUID) -> list[Row]:
    """Why and when each revision of an article came, without its fields."""
    return await _rows(
        connection,
        """
        SELECT revision, reason, material, changed, seen_at FROM news.revision
        WHERE article_id = %(id)s ORDER BY revision
        """,
        {"id": article_id},
    )


async def revision_fields(connection: Connection, article_id: UUID, number: int) -> Row:
    """What a reader sees of a revision that is there."""
    found = await _rows(
        connection,
        """
        SELECT title, standfirst, authors, published, modified, text FROM news.revision
        WHERE article_id = %(id)s AND revision = %(number)s
        """,
        {"id": article_id, "number": number},
    )
    return found[0]


async def article(connection: Connection, key: str) -> Row | None:
    """One article by its id, the beginning of one, or any URL it was known by; with revisions, removals and credits."""
    found = await known_by(connection, key)
    if len(found) != 1:
        return None
    one = found[0]
    key_ = {"id": one["id"], "revision": one["revision"]}
    one["revisions"] = await _rows(
        connection,
        "SELECT revision, reason, changed, title, text, seen_at FROM news.revision WHERE article_id = %(id)s ORDER BY revision",
        key_,
    )
    one["removed"] = await _rows(
        connection,
        """
        SELECT position, text, reason, rule FROM news.removed_block
        WHERE article_id = %(id)s AND revision = %(revision)s ORDER BY ordinal
        """,
        key_,
    )
    one["attributions"] = await _rows(
        connection,
        """
        SELECT credited, form, evidence, confidence FROM news.attribution
        WHERE article_id = %(id)s AND revision = %(revision)s ORDER BY ordinal
        """,
        key_,
    )
    return one


async def sources(connection: Connection) -> list[Row]:
    """The state of every active source, by outlet, with how many articles it has (an estimate where they are many)."""
    found = await _rows(
        connection,
        """
        SELECT o.slug AS outlet, o.name AS outlet_name, o.policy, s.kind, s.url, s.state, s.last_poll_at, s.last_answer_at,
               s.last_new_at, greatest(s.next_poll_at, h.hold_until) AS next_poll_at, s.failures,
               s.error_code, s.error_message, s.entries_seen,
               (SELECT max(a.first_seen_at) FROM aiwire.article a WHERE a.outlet = o.slug) AS last_article_at
        FROM aiwire.outlet o
        LEFT JOIN aiwire.source s ON s.outlet = o.slug AND s.active
        LEFT JOIN aiwire.host h ON h.name = s.host
        WHERE o.active ORDER BY o.slug, s.id
        """,
    )
    articles = await figures.articles_by_outlet(connection, sorted({row["outlet"] for row in found}))
    return [row | {"articles": articles.get(row["outlet"], 0)} for row in found]


async def drifting(connection: Connection) -> list[Row]:
    """Outlets whose pages have moved away from their past, with the evidence."""
    return await _rows(
        connection,
        """
        SELECT x.outlet, x.drifted_at, x.evidence FROM aiwire.outlet_extraction x JOIN aiwire.outlet o ON o.slug = x.outlet
        WHERE x.drifted_at IS NOT NULL AND o.active ORDER BY x.outlet
        """,
    )


async def _rows(connection: Connection, query: str, parameters: dict[str, object] | None = None) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()
