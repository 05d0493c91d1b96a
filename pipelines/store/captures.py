"""Raw pages: the bytes that a URL answered with, kept before anything parses them, in Postgres or on object storage.

What becomes of them is settled in `pipelines.store.entries`; what they say in `pipelines.store.articles`; how long they
stay in `pipelines.store.capture_days`. The object storage itself is `crawler.object_storage`'s affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import zstandard
from psycopg import sql
from psycopg.types.json import Jsonb

from pipelines.errors import Damaged, Unavailable
from pipelines.records import Page
from pipelines.storable import as_it_came, clean, json_safe
from pipelines.store.capture_objects import AWAY, ObjectStore, Written, clear, elsewhere, folder_of, pack
from pipelines.store.database import Connection

_MAX_SIZE = 256 << 20  # bytes, the most that max_body_mb allows; a frame of ours that claims more is damaged


class Key(NamedTuple):
    """Names a capture; the day also tells its partition."""

    day: date
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A page as its row tells it: `page` is still without its body, which is `packed`, or the object `object_name`."""

    page: Page
    sha256: bytes
    packed: bytes | None
    object_name: str | None


async def save(connection: Connection, entry_id: int, page: Page, *, written: Written | None = None) -> Key | None:
    """Write the page and mark the entry `captured`; where it was `written` as an object, the row has all but its bytes.

    None where the entry was forgotten while its page was fetched: nothing is written, and the object is to be deleted.
    """
    packed = None if written else pack(page.body)
    cursor = await connection.execute(
        """
        WITH held AS (
            -- Who forgets it holds it, too: this waits, and reads it anew.
            SELECT id FROM aiwire.entry WHERE id = %(entry)s AND reason IS DISTINCT FROM 'forgotten' FOR UPDATE
        ), saved AS (
            INSERT INTO aiwire.capture (day, entry_id, url, status, headers, body, object, size, stored_size, sha256,
                                        captured_at)
            SELECT coalesce(%(day)s, aiwire.open_capture_day()), id, %(url)s, %(status)s, %(headers)s, %(body)s,
                   %(object)s, %(size)s, %(stored_size)s, %(sha256)s, %(at)s FROM held
            RETURNING day, id
        )
        UPDATE aiwire.entry SET state = 'captured', capture_day = saved.day, capture_id = saved.id, due_at = %(at)s,
               etag = %(etag)s, last_modified = %(last_modified)s, attempts = 0
        FROM saved WHERE entry.id = %(entry)s
        RETURNING saved.day, saved.id
        """,
        {
            "day": written.day if written else None,
            "entry": entry_id,
            "url": clean(page.url),
            "status": page.status,
            "headers": Jsonb(json_safe([list(pair) for pair in page.headers])),
            "body": packed,
            "object": written.name if written else None,
            "size": len(page.body),
            "stored_size": written.stored_size if written else len(packed or b""),
            "sha256": hashlib.sha256(page.body).digest(),
            "at": page.fetched_at,
            "etag": as_it_came(page.header("ETag")),
            "last_modified": as_it_came(page.header("Last-Modified")),
        },
    )
    row = await cursor.fetchone()
    return None if row is None else Key(*row)


_CAPTURE = """
    SELECT c.url, e.url, c.status, c.headers, c.body, c.object, c.sha256, c.captured_at
    FROM aiwire.entry e JOIN aiwire.capture c ON {}
"""


async def waiting(connection: Connection, entry_id: int) -> Capture | None:
    """The page of an entry that is `captured`, for `read`, wherever it is by now; None where it is lost."""
    same = _CAPTURE.format("c.day = e.capture_day AND c.id = e.capture_id")
    cursor = await connection.execute(f"{same} WHERE e.id = %s".encode(), (entry_id,))
    row = await cursor.fetchone()
    if row is None:
        # Carried over once it was detached: for a moment it is nowhere.
        cursor = await connection.execute(
            """
            SELECT FROM aiwire.entry e JOIN aiwire.capture_day d ON d.day = e.capture_day AND d.closing WHERE e.id = %s
            """,
            (entry_id,),
        )
        if await cursor.fetchone() is not None:
            raise Unavailable("its day is being dropped, and it is about to be carried over", code=AWAY)
    return None if row is None else _capture(row)


async def find(connection: Connection, key: Key) -> Capture | None:
    """What is kept under the key, for `read`; None once retention dropped it."""
    same = _CAPTURE.format("c.entry_id = e.id")
    cursor = await connection.execute(f"{same} WHERE c.day = %s AND c.id = %s".encode(), key)
    row = await cursor.fetchone()
    return None if row is None else _capture(row)


async def read(capture: Capture, storage: ObjectStore | None) -> Page:
    """The page as it was captured. Not to be awaited inside a transaction: an object may take its time.

    Raises Unavailable, Damaged where the bytes are lost or are not those that were captured, and StoreError
    `captures_elsewhere` where they are on object storage and no setting says on which.
    """
    packed = capture.packed
    if packed is None:
        if storage is None or capture.object_name is None:
            raise elsewhere(capture.page.url)
        packed = await storage.read(capture.object_name)
        if packed is None:
            raise Damaged(
                f"{capture.object_name} is not on the object storage", subject=capture.page.url, code="capture_missing"
            )
    try:
        body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_SIZE)
    except zstandard.ZstdError as error:
        raise Damaged(f"its kept bytes can't be unpacked: {error}", subject=capture.page.url) from error
    if hashlib.sha256(body).digest() != capture.sha256:
        raise Damaged("its kept bytes are not those that were captured", subject=capture.page.url)
    return replace(capture.page, body=body)


async def load(connection: Connection, key: Key, storage: ObjectStore | None = None) -> Page | None:
    """`find` and `read` in one, where no object storage is, or nobody waits for the transaction."""
    capture = await find(connection, key)
    return None if capture is None else await read(capture, storage)


async def erase(connection: Connection, entry_ids: Collection[int], storage: ObjectStore | None) -> int:
    """Take away all that was ever captured for entries, objects and rows; returns how many rows.

    Objects go first, also those whose row never came: should the transaction fail, the same call ends what it began.
    An entry that waited with its page is left in its state, without one. Needs the owner's role. Raises Unavailable, and StoreError
    `captures_elsewhere` where there are objects and no setting says where.
    """
    ids = sorted(entry_ids)
    # An object storage takes its time, and the erasure is one transaction.
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
    cursor = await connection.execute("SELECT day FROM aiwire.capture_day WHERE objects ORDER BY day")
    days = [row[0] for row in await cursor.fetchall()]
    if storage is None:
        cursor = await connection.execute(
            "SELECT url FROM aiwire.capture WHERE entry_id = ANY(%s) AND object IS NOT NULL LIMIT 1", (ids,)
        )
        if (row := await cursor.fetchone()) is not None:
            raise elsewhere(row[0])
    else:
        for day in days:
            for folder in sorted({folder_of(day, id_) for id_ in ids}):
                await clear(storage, folder, starts=tuple(f"{folder}/{id_}-" for id_ in ids))
    await connection.execute(
        "UPDATE aiwire.entry SET capture_day = NULL, capture_id = NULL WHERE id = ANY(%s) AND capture_id IS NOT NULL",
        (ids,),
    )
    cursor = await connection.execute("DELETE FROM aiwire.capture WHERE entry_id = ANY(%s)", (ids,))
    gone = cursor.rowcount
    # A day that is being dropped may be out of its table already, and still be there.
    cursor = await connection.execute(
        "SELECT day FROM aiwire.capture_day WHERE closing AND to_regclass('aiwire.capture_' || to_char(day, 'YYYY_MM_DD')) IS NOT NULL"
    )
    for (day,) in await cursor.fetchall():
        cursor = await connection.execute(
            sql.SQL("DELETE FROM {} WHERE entry_id = ANY(%s)").format(partition_of(day)), (ids,)
        )
        gone += cursor.rowcount
    return gone


def partition_of(day: date) -> sql.Identifier:
    """The table of a day's captures, attached or not."""
    return sql.Identifier("aiwire", f"capture_{day:%Y_%m_%d}")


def _capture(row: tuple[Any, ...]) -> Capture:
    url, requested, status, headers, packed, name, sha256, captured_at = row
    page = Page(
        url=url,
        requested_url=requested,
        status=status,
        headers=tuple((str(k), str(v)) for k, v in headers),
        body=b"",
        fetched_at=captured_at,
    )
    return Capture(page=page, sha256=sha256, packed=packed, object_name=name)
