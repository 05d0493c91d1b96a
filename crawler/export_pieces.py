"""What an export writes, piece by piece: each with the place from which it goes on after it.

Where pieces go is `crawler.export_file`'s and `crawler.export_jobs`' affair; what is read `pipelines.store.export`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from crawler.export_warc import Record, info, response
from pipelines.errors import Damaged
from pipelines.store import captures, export
from pipelines.store.capture_objects import ObjectStore
from pipelines.store.database import Database
from pipelines.store.export import Plan, Wish

log = structlog.get_logger(__name__)

CHANGES = 20_000
"""An article that changed several times stands once in so many changes: more would have to be remembered."""
_ARTICLES = 100  # read at a time, with all that is theirs
_HISTORIES = 20
_KEYS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes, the place after them, how many articles or pages they are, and how many pages were passed over."""

    content: bytes
    place: str
    written: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the first record of a WARC file says of where it comes from; `gzip`: each record is packed by itself."""

    software: str
    contact: str | None
    filename: str
    gzip: bool = True


async def pieces(
    database: Database,
    storage: ObjectStore | None,
    wish: Wish,
    plan: Plan,
    *,
    origin: Origin,
    place: str | None = None,
    after: str | None = None,
    until: str | None = None,
) -> AsyncIterator[Piece]:
    """All pieces of a plan, or of its part after `after` and up to `until`; from `place` on if an earlier call came so far.

    Raises Unavailable, and StoreError `captures_elsewhere` where raw pages are on object storage and no setting says where.
    """
    if plan.kind == "articles":
        found = _articles(database, wish, place or after, until)
    elif plan.kind == "changes":
        start = place or after or str(plan.after)
        found = _changes(database, wish, start, int(until) if until else plan.until)
    else:
        found = _captures(database, storage, wish, plan, origin=origin, place=place, after=after, until=until)
    async for piece in found:
        yield piece


async def _articles(database: Database, wish: Wish, after: str | None, until: str | None) -> AsyncIterator[Piece]:
    most = _HISTORIES if wish.history else _ARTICLES
    while True:
        async with database.transaction() as connection:
            rows = await export.article_lines(connection, wish, after=after, until=until, most=most)
        if not rows:
            return
        after = rows[-1][0]
        yield Piece(content=_joined([line for _, line in rows]), place=after, written=len(rows))


async def _changes(database: Database, wish: Wish, start: str, until: int) -> AsyncIterator[Piece]:
    """A place is the position before a window of changes, and how many of the window's articles are done."""
    most = _HISTORIES if wish.history else _ARTICLES
    told, _, so_far = start.partition("+")
    position, done = int(told), int(so_far or 0)
    while True:
        async with database.transaction() as connection:
            ids, end = await export.changed(connection, wish, after=position, until=until, most=CHANGES)
        if end is None:
            return
        while done < len(ids):
            batch = ids[done : done + most]
            async with database.transaction() as connection:
                lines = await export.lines_of(connection, wish, batch)
            done += len(batch)
            yield Piece(content=_joined(lines), place=f"{position}+{done}", written=len(lines))
        position, done = end, 0


async def _captures(
    database: Database,
    storage: ObjectStore | None,
    wish: Wish,
    plan: Plan,
    *,
    origin: Origin,
    place: str | None,
    after: str | None,
    until: str | None,
) -> AsyncIterator[Piece]:
    if place is None:
        about = info(origin.software, origin.contact, origin.filename, gzip=origin.gzip)
        yield Piece(content=about, place=after or "0001-01-01/0")
    place = place or after
    while True:
        async with database.transaction() as connection:
            keys = await export.capture_keys(connection, wish, plan, after=place, until=until, most=_KEYS)
        if not keys:
            return
        for place, key in keys:
            async with database.transaction() as connection:
                kept = await captures.find(connection, key) if await export.exportable(connection, key) else None
            if kept is None:  # dropped, or withdrawn, since its key was read
                yield Piece(content=b"", place=place, skipped=1)
                continue
            try:
                page = await captures.read(kept, storage)
            except Damaged as error:
                log.error("capture_not_exported", url=kept.page.url, code=error.code, reason=error.message)
                yield Piece(content=b"", place=place, skipped=1)
                continue
            record = Record(page=page, sha256=kept.sha256)
            content = await asyncio.to_thread(response, record, gzip=origin.gzip)
            yield Piece(content=content, place=place, written=1)


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
