"""Entries: what sources claimed, what is still to be done about each, and its one final disposition.

The pages behind them are `pipelines.store.captures`, the articles `pipelines.store.articles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipelines.records import Entry, Precision, When
from pipelines.storable import clean, clean_record
from pipelines.store import sources, withdrawals
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
class Claim:
    """An entry as one source gave it; `url_key` is its canonical URL, `fingerprint` changes when the claim does.

    With a `disposition` it is settled as it comes: nothing will be fetched.
    """

    entry: Entry
    url_key: str
    host: str
    fingerprint: bytes
    disposition: Disposition | None = None
    reason: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a poll brought: entries never seen before, and known ones of which the source now says something else."""

    new: int
    changed: int


async def claim(
    connection: Connection, *, source_id: int, outlet: str, claims: Sequence[Claim], now: datetime
) -> Claimed:
    """Write what a poll found; claims without news write nothing. Two claims for one `url_key`: the first counts."""
    claims = list({claim.url_key: claim for claim in reversed(claims)}.values())[::-1]
    if not claims:
        return Claimed(new=0, changed=0)
    keys = [claim.url_key for claim in claims]
    cursor = await connection.execute(
        """
        SELECT e.url_key, e.id, c.fingerprint FROM aiwire.entry e
        LEFT JOIN aiwire.claim c ON c.entry_id = e.id AND c.source_id = %s
        WHERE e.outlet = %s AND e.url_key = ANY(%s)
        """,
        (source_id, outlet, keys),
    )
    known: dict[str, tuple[int, bytes | None]] = {key: (id_, print_) for key, id_, print_ in await cursor.fetchall()}
    fresh = [claim for claim in claims if claim.url_key not in known]
    ids = {key: id_ for key, (id_, _) in known.items()}
    if fresh:
        await sources.add_hosts(connection, [claim.host for claim in fresh])
        forgotten = await withdrawals.forgotten(connection, [claim.url_key for claim in fresh])
        fresh = [_refused(claim) if claim.url_key in forgotten else claim for claim in fresh]
        ids |= await _insert(connection, outlet, fresh, now)
    changed = [c for c in claims if c.url_key in known and known[c.url_key][1] not in (None, c.fingerprint)]
    first = [c for c in claims if c.url_key in ids and known.get(c.url_key, (0, None))[1] is None]
    if changed or first:
        await connection.execute(
            """
            INSERT INTO aiwire.claim (source_id, entry_id, fingerprint, seen_at)
            SELECT %s, entry_id, fingerprint, %s FROM unnest(%s::bigint[], %s::bytea[]) AS c (entry_id, fingerprint)
            ON CONFLICT (source_id, entry_id) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, seen_at = EXCLUDED.seen_at
            """,
            (
                source_id,
                now,
                [ids[c.url_key] for c in (*changed, *first)],
                [c.fingerprint for c in (*changed, *first)],
            ),
        )
    for claim_ in changed:
        await _claim_changed(connection, ids[claim_.url_key], claim_, now)
    return Claimed(new=len(fresh), changed=len(changed))


def _refused(claim: Claim) -> Claim:
    """A claim on an address that is to be forgotten: nothing that the source says of it is kept."""
    bare = Entry(url=claim.entry.url)
    return replace(claim, entry=bare, disposition=Disposition.REFUSED, reason="forgotten")


async def _insert(connection: Connection, outlet: str, fresh: Sequence[Claim], now: datetime) -> dict[str, int]:
    ids: dict[str, int] = {}
    for claim in fresh:
        entry = claim.entry
        cursor = await connection.execute(
            """
            INSERT INTO aiwire.entry (outlet, host, url, url_key, title, summary, published, modified, guid,
                                      discovered_at, state, due_at, disposition, reason, settled_at)
            VALUES (%(outlet)s, %(host)s, %(url)s, %(key)s, %(title)s, %(summary)s, %(published)s, %(modified)s,
                    %(guid)s, %(now)s, %(state)s, %(due)s, %(disposition)s, %(reason)s, %(settled)s)
            ON CONFLICT (outlet, url_key) DO UPDATE SET url_key = EXCLUDED.url_key RETURNING id
            """,
            {
                "outlet": outlet,
                "host": claim.host,
                "url": clean(entry.url),
                "key": claim.url_key,
                **_said(entry),
                "now": now,
                "state": "settled" if claim.disposition else "pending",
                "due": None if claim.disposition else now,
                "disposition": claim.disposition,
                "reason": claim.reason,
                "settled": now if claim.disposition else None,
            },
        )
        row = await cursor.fetchone()
        ids[claim.url_key] = row[0] if row else 0
    return ids


async def _claim_changed(connection: Connection, entry_id: int, claim: Claim, now: datetime) -> None:
    # What was refused or given up stays so; an article whose title, date or summary changed is fetched again.
    await connection.execute(
        """
        UPDATE aiwire.entry SET title = %(title)s, summary = %(summary)s, published = %(published)s,
            modified = %(modified)s, guid = %(guid)s,
            due_at = CASE WHEN %(fetch)s AND disposition IS DISTINCT FROM 'refused'
                          THEN least(due_at, %(now)s) ELSE due_at END
        WHERE id = %(id)s
        """,
        {"id": entry_id, **_said(claim.entry), "now": now, "fetch": claim.disposition is None},
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


def _said(entry: Entry) -> dict[str, object]:
    entry = clean_record(entry)  # one that can't be held would take its whole feed along
    return {
        "title": entry.title,
        "summary": entry.summary,
        "published": _stated(entry.published),
        "modified": _stated(entry.modified),
        "guid": entry.guid,
    }


def _stated(when: When | None) -> Jsonb | None:
    if when is None:
        return None
    return Jsonb({"instant": when.instant.isoformat(), "precision": when.precision, "zone_assumed": when.zone_assumed})


def _when(stated: dict[str, Any] | None) -> When | None:
    if stated is None:
        return None
    return When(
        instant=datetime.fromisoformat(stated["instant"]),
        precision=Precision(stated["precision"]),
        zone_assumed=stated["zone_assumed"],
    )
