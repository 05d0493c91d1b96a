"""Raw pages: the bytes that a URL answered with, kept before anything parses them.

What becomes of them is settled in `pipelines.store.entries`; what they say in `pipelines.store.articles`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import zstandard
from psycopg.types.json import Jsonb

from pipelines.records import Page
from pipelines.storable import as_it_came, clean, json_safe
from pipelines.store.database import Connection

_LEVEL = 6  # the knee for HTML: a fifth of the bytes at about 100 MB/s
_MAX_SIZE = 64 << 20  # bytes; a frame of ours that claims more is damaged


async def save(connection: Connection, entry_id: int, page: Page) -> int:
    """Write the page and mark the entry `captured`; returns the capture's id."""
    cursor = await connection.execute(
        """
        WITH saved AS (
            INSERT INTO aiwire.capture (entry_id, url, status, headers, body, size, sha256, captured_at)
            VALUES (%(entry)s, %(url)s, %(status)s, %(headers)s, %(body)s, %(size)s, %(sha256)s, %(at)s)
            RETURNING id
        )
        UPDATE aiwire.entry SET state = 'captured', capture_id = saved.id, due_at = %(at)s,
               etag = %(etag)s, last_modified = %(last_modified)s, attempts = 0
        FROM saved WHERE entry.id = %(entry)s
        RETURNING saved.id
        """,
        {
            "entry": entry_id,
            "url": clean(page.url),
            "status": page.status,
            "headers": Jsonb(json_safe(page.headers)),
            "body": zstandard.ZstdCompressor(level=_LEVEL).compress(page.body),
            "size": len(page.body),
            "sha256": hashlib.sha256(page.body).digest(),
            "at": page.fetched_at,
            "etag": as_it_came(page.header("ETag")),
            "last_modified": as_it_came(page.header("Last-Modified")),
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- the visit holds the host: its entries cannot vanish
    return int(row[0])


async def load(connection: Connection, capture_id: int) -> Page | None:
    """The page as it was captured; None once retention dropped it."""
    cursor = await connection.execute(
        """
        SELECT c.url, e.url, c.status, c.headers, c.body, c.captured_at
        FROM aiwire.capture c JOIN aiwire.entry e ON e.id = c.entry_id WHERE c.id = %s
        """,
        (capture_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    url, requested, status, headers, body, captured_at = row
    return Page(
        url=url,
        requested_url=requested,
        status=status,
        headers=tuple((str(k), str(v)) for k, v in headers),
        body=zstandard.ZstdDecompressor().decompress(body, max_output_size=_MAX_SIZE),
        fetched_at=captured_at,
    )


async def drop_older(connection: Connection, before: datetime, *, most: int = 1_000) -> int:
    """Drop captures taken before an instant, those still to be processed excepted; returns how many."""
    cursor = await connection.execute(
        """
        DELETE FROM aiwire.capture WHERE id IN (
            SELECT c.id FROM aiwire.capture c JOIN aiwire.entry e ON e.id = c.entry_id
            WHERE c.captured_at < %s AND e.state <> 'captured' ORDER BY c.captured_at LIMIT %s
        )
        """,
        (before, most),
    )
    return cursor.rowcount
