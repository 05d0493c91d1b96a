"""Entries: what sources claimed, what is still to be done about each, and its one final disposition.

The pages behind them are `pipelines.store.captures`, the articles `pipelines.store.articles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pipelines.records import Entry, Precision, When
from pipelines.storable import clean, clean_record
from pipelines.store.database import Connection


class Disposition(StrEnum):
    """The final fate of an entry; every entry ends in exactly one."""

    STORED = "stored"
    """Its page is an article of ours; with a reason, it last answered with something else: a wall, an error page."""
    DUPLICATE = "duplicate"
    """Its page is an article that another entry brought."""
    NOT_ARTICLE = "not_article"
    """Its page was read, and holds no article."""
    REFUSED = "refused"
    """robots.txt, the outlet's policy or ours forbids the fetch."""
    GONE = "gone"
    """404 or 410."""
    FAILED = "failed"
    """Given up after several attempts; the reason tells which stage."""
    DISCOVERED = "discovered"
    """Only what the source said is kept: the outlet's policy is discovery-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An entry on which something is due: `state` tells what."""

    id: int
    outlet: str
    host: str
    url: str
    url_key: str
    title: str | None
    summary: str | None
    published: dict[str, Any] | None
    modified: dict[str, Any] | None
    guid: str | None
    discovered_at: datetime
    state: str
    attempts: int
    looks: int
    capture_id: int | None
    etag: str | None
    last_modified: str | None
    article_id: UUID | None
    looks_from: datetime | None
    missing_since: datetime | None
    definition: dict[str, object]

    @property
    def entry(self) -> Entry:
        return Entry(
            url=self.url,
            title=self.title,
            summary=self.summary,
            guid=self.guid,
            published=_when(self.published),
            modified=_when(self.modified),
        )


_WORK = """
    SELECT e.id, e.outlet, e.host, e.url, e.url_key, e.title, e.summary, e.published, e.modified, e.guid,
           e.discovered_at, e.state, e.attempts, e.looks, e.capture_id, e.etag, e.last_modified,
           e.article_id, e.looks_from, e.missing_since, o.definition
    FROM aiwire.entry e JOIN aiwire.outlet o ON o.slug = e.outlet
"""


async def due(connection: Connection, host: str, now: datetime, *, most: int) -> list[Work]:
    """Entries of a host on which something is due; bytes that wait come first, then the oldest claims."""
    async with connection.cursor(row_factory=class_row(Work)) as cursor:
        await cursor.execute(
            f"""
            {_WORK} WHERE e.host = %s AND e.due_at <= %s AND o.active
            ORDER BY e.state = 'captured' DESC, e.state = 'pending' DESC, e.due_at, e.id LIMIT %s
            """.encode(),
            (host, now, most),
        )
        return await cursor.fetchall()


async def load(connection: Connection, entry_id: int, *, hold: bool = False) -> Work | None:
    """One entry, whether or not anything is due on it; `hold` keeps others from changing it in this transaction."""
    locked = " FOR UPDATE OF e" if hold else ""
    async with connection.cursor(row_factory=class_row(Work)) as cursor:
        await cursor.execute(f"{_WORK} WHERE e.id = %s{locked}".encode(), (entry_id,))
        return await cursor.fetchone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """An entry's final disposition; `look_again_at` is when its page is next asked whether it changed.

    `looks_from` is since when such looks are counted; once said it stays.
    """

    entry_id: int
    disposition: Disposition
    now: datetime
    reason: str | None = None
    message: str | None = None
    article_id: UUID | None = None
    look_again_at: datetime | None = None
    looks_from: datetime | None = None
    looked: bool = False


async def settle(connection: Connection, entry_id: int, disposition: Disposition, **settlement: Any) -> None:
    """Settle one entry; the other keywords are those of Settlement."""
    await settle_all(connection, [Settlement(entry_id=entry_id, disposition=disposition, **settlement)])


async def settle_all(connection: Connection, settlements: Sequence[Settlement]) -> None:
    """Settle entries, each named once."""
    if not settlements:
        return
    await connection.execute(
        """
        UPDATE aiwire.entry e SET state = 'settled', disposition = s.disposition, reason = s.reason, message = s.message,
            article_id = coalesce(s.article, e.article_id), settled_at = s.now, due_at = s.again, capture_day = NULL,
            capture_id = NULL, attempts = 0, looks = e.looks + s.looked, missing_since = NULL,
            looks_from = coalesce(e.looks_from, s.since)
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[], %s::timestamptz[],
                    %s::timestamptz[], %s::int[])
             AS s (id, disposition, reason, message, article, now, again, since, looked)
        WHERE e.id = s.id
        """,
        (
            [one.entry_id for one in settlements],
            [one.disposition for one in settlements],
            [one.reason for one in settlements],
            [clean_record(one.message) for one in settlements],  # it may quote the page
            [one.article_id for one in settlements],
            [one.now for one in settlements],
            [one.look_again_at for one in settlements],
            [one.looks_from for one in settlements],
            [int(one.looked) for one in settlements],
        ),
    )


async def look_later(connection: Connection, entry_id: int, *, look_again_at: datetime | None) -> None:
    """A second look found the page unchanged (304): only the time of the next look moves."""
    await connection.execute(
        """
        UPDATE aiwire.entry SET due_at = %s, looks = looks + 1, attempts = 0, missing_since = NULL,
            reason = CASE WHEN missing_since IS NULL THEN reason END,
            message = CASE WHEN missing_since IS NULL THEN message END
        WHERE id = %s
        """,
        (look_again_at, entry_id),
    )


async def missing(
    connection: Connection, entry_id: int, *, reason: str, message: str, since: datetime, look_again_at: datetime
) -> None:
    """A stored article's page is not found: it counts as stored until that was so for a while."""
    await connection.execute(
        """
        UPDATE aiwire.entry SET state = 'settled', disposition = 'stored', reason = %s, message = %s, missing_since = %s,
            due_at = %s, capture_day = NULL, capture_id = NULL, attempts = 0, looks = looks + 1
        WHERE id = %s
        """,
        (reason, clean(message), since, look_again_at, entry_id),
    )


async def retry(connection: Connection, entry_id: int, *, at: datetime, reason: str, message: str) -> None:
    """Try again then; the entry stays what it is."""
    await connection.execute(
        "UPDATE aiwire.entry SET due_at = %s, attempts = attempts + 1, reason = %s, message = %s WHERE id = %s",
        (at, reason, clean(message), entry_id),
    )


async def started(connection: Connection, entry_id: int) -> None:
    """Count an attempt before the work on captured bytes begins, so that what kills its worker is noticed."""
    await connection.execute("UPDATE aiwire.entry SET attempts = attempts + 1 WHERE id = %s", (entry_id,))


def _when(stated: dict[str, Any] | None) -> When | None:
    if stated is None:
        return None
    return When(
        instant=datetime.fromisoformat(stated["instant"]),
        precision=Precision(stated["precision"]),
        zone_assumed=stated["zone_assumed"],
    )
