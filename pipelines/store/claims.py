"""Claims: what a poll found, written as entries; what each source last said of them.

What is done about an entry, and how it ends, is `pipelines.store.entries`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg.types.json import Jsonb

from pipelines.records import Entry, When
from pipelines.storable import clean, clean_record
from pipelines.store import sources, withdrawals
from pipelines.store.database import Connection
from pipelines.store.entries import Disposition


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
class Claimed:
    """What a poll brought: entries never seen before, and known ones of which the source now says something else."""

    new: int
    changed: int


async def write_claims(
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
