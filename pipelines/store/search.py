"""Full text search: bringing its documents up to date, and asking as a consumer does.

The search itself is SQL: `news.search`, `aiwire.index_changes` (migration 0005, docs/contract.md). When documents are
brought up to date is the affair of `crawler.schedule`; how what was found is shown, of `crawler.searching`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pipelines.errors import PublishError
from pipelines.store.database import Connection, Database

BATCH = 200
"""Changes whose documents are written in one transaction: 0.3 s of Postgres' time where all are new, 2 s beside a million others."""
MARKS = ("⟦", "⟧")
"""What stands around each word in a highlight that was looked for; in the texts themselves they are [ and ]."""


async def index_changes(database: Database, *, batches: int | None = None) -> int:
    """Bring the documents up to date with the change feed, a transaction a batch; returns how many changes it took.

    At most `batches` of them; None: until nothing is left, or another session is at it.
    """
    taken = 0
    while batches is None or batches > 0:
        async with database.transaction() as connection:
            row = await (await connection.execute("SELECT aiwire.index_changes(%s)", (BATCH,))).fetchone()
        if row is None or not row[0]:
            break
        taken += row[0]
        batches = None if batches is None else batches - 1
    return taken


async def search(
    connection: Connection,
    query: str,
    *,
    language: str | None = None,
    outlet: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = 20,
    newest: bool = False,
) -> list[dict[str, Any]]:
    """Up to `most` articles with the words, best first, or newest first; columns as docs/contract.md has them.

    Raises PublishError `usage` where `most` is not 1 to 1,000, `no_search` where the database has no search yet.
    """
    try:
        async with connection.cursor(row_factory=dict_row) as rows:
            await rows.execute(
                """
                SELECT article_id, outlet, url, title, published_at, language, rank, title_highlight, highlight
                FROM news.search(%(query)s, language => %(language)s, outlet => %(outlet)s, since => %(since)s,
                                 until => %(until)s, max => %(most)s, newest => %(newest)s)
                """,
                {
                    "query": query,
                    "language": language,
                    "outlet": outlet,
                    "since": since,
                    "until": until,
                    "most": most,
                    "newest": newest,
                },
            )
            return await rows.fetchall()
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName) as error:
        raise PublishError("this database has no search: `aiwire db migrate` makes it", code="no_search") from error
    except psycopg.Error as error:
        if error.sqlstate != "AW003":
            raise
        raise PublishError(str(error.diag.message_primary), code="usage") from error
