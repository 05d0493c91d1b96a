"""Outlets, their sources and hosts: what the TOML says, poll state, and what is due.

When a source is due next is decided by `crawler.cadence`; entries are `pipelines.store.entries`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipelines.storable import as_it_came, clean, clean_record
from pipelines.store.database import QUEUE_SCHEMA, Connection

QUEUED_FOR = timedelta(minutes=5)
"""How long a fired host counts as under way: a visit ends after at most half of it, or its worker is dead."""


LOST_AFTER = timedelta(seconds=10)
"""A host whose job is not to be found after this long has no job any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletRow:
    """An outlet as configured: `definition` is its whole TOML, as JSON; `sources` are (kind, url, host)."""

    slug: str
    name: str
    homepage: str
    language: str
    policy: str
    definition: dict[str, object]
    sources: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A source that is due, with what the last poll left behind."""

    id: int
    outlet: str
    kind: str
    url: str
    host: str
    etag: str | None
    last_modified: str | None
    state: str
    failures: int
    error_code: str | None
    definition: dict[str, object]
    next_poll_at: datetime


async def sync(connection: Connection, outlets: Sequence[OutletRow], now: datetime) -> None:
    """Make the tables say what the configuration says; what left it keeps its rows and stops being polled."""
    for outlet in outlets:
        await connection.execute(
            """
            INSERT INTO aiwire.outlet AS o (slug, name, homepage, language, policy, definition, changed_at)
            VALUES (%(slug)s, %(name)s, %(homepage)s, %(language)s, %(policy)s, %(definition)s, %(now)s)
            ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name, homepage = EXCLUDED.homepage,
                language = EXCLUDED.language, policy = EXCLUDED.policy, definition = EXCLUDED.definition,
                active = true, changed_at = EXCLUDED.changed_at
            WHERE (o.definition, o.active) IS DISTINCT FROM (EXCLUDED.definition, true)
            """,
            {
                "slug": outlet.slug,
                "name": outlet.name,
                "homepage": outlet.homepage,
                "language": outlet.language,
                "policy": outlet.policy,
                "definition": Jsonb(outlet.definition),
                "now": now,
            },
        )
        for kind, url, host in outlet.sources:
            await add_hosts(connection, [host])
            # Update first: an upsert would draw a sequence value for every source at every start.
            updated = await connection.execute(
                """
                UPDATE aiwire.source SET active = true, kind = %(kind)s, host = %(host)s,
                    next_poll_at = CASE WHEN active THEN next_poll_at ELSE %(now)s END
                WHERE outlet = %(outlet)s AND url = %(url)s
                """,
                {"outlet": outlet.slug, "url": url, "kind": kind, "host": host, "now": now},
            )
            if not updated.rowcount:
                await connection.execute(
                    "INSERT INTO aiwire.source (outlet, kind, url, host, next_poll_at) VALUES (%s, %s, %s, %s, %s)",
                    (outlet.slug, kind, url, host, now),
                )
        await connection.execute(
            "UPDATE aiwire.source SET active = false WHERE outlet = %s AND active AND NOT url = ANY(%s)",
            (outlet.slug, [url for _, url, _ in outlet.sources]),
        )
    configured = [outlet.slug for outlet in outlets]
    await connection.execute(
        "UPDATE aiwire.outlet SET active = false WHERE active AND NOT slug = ANY(%s)", (configured,)
    )
    await connection.execute(
        "UPDATE aiwire.source SET active = false WHERE active AND NOT outlet = ANY(%s)", (configured,)
    )


async def add_hosts(connection: Connection, names: Sequence[str]) -> None:
    await connection.execute(
        "INSERT INTO aiwire.host (name) SELECT DISTINCT unnest(%s::text[]) ON CONFLICT DO NOTHING", (list(names),)
    )


_DUE_HOSTS = """
    SELECT h.name FROM aiwire.host h
    WHERE (h.hold_until IS NULL OR h.hold_until <= %(now)s)
      AND (EXISTS (SELECT FROM aiwire.source s WHERE s.host = h.name AND s.active AND s.next_poll_at <= %(now)s)
           OR EXISTS (SELECT FROM aiwire.entry e JOIN aiwire.outlet o ON o.slug = e.outlet
                      WHERE e.host = h.name AND e.due_at <= %(now)s AND o.active)
           OR EXISTS (SELECT FROM aiwire.re_extraction x WHERE x.host = h.name AND x.due_at <= %(now)s))
"""


async def fire(connection: Connection, now: datetime) -> list[str]:
    """Take the hosts that are due and not under way, and mark them as under way.

    The mark is forgotten after QUEUED_FOR: a job that was lost with its worker goes out again.
    """
    cursor = await connection.execute(
        "UPDATE aiwire.host SET queued_at = %(now)s WHERE name IN ("  # noqa: S608 -- a constant
        + _DUE_HOSTS
        + """ AND (h.queued_at IS NULL OR h.queued_at < %(now)s - %(queued_for)s)
              ORDER BY h.name FOR UPDATE OF h SKIP LOCKED) RETURNING name
        """,
        {"now": now, "queued_for": QUEUED_FOR},
    )
    return sorted(row[0] for row in await cursor.fetchall())


async def visited(connection: Connection, hosts: Sequence[str]) -> None:
    """Forget that the hosts were under way, so that they can be fired again."""
    await connection.execute(
        "UPDATE aiwire.host SET queued_at = NULL WHERE name = ANY(%s) AND queued_at IS NOT NULL", (list(hosts),)
    )


async def forget_lost(connection: Connection, now: datetime) -> list[str]:
    """Hosts that count as under way and are in no job: their worker drained, or died with Postgres. They become due again."""
    cursor = await connection.execute(
        f"""
        UPDATE aiwire.host h SET queued_at = NULL
        WHERE h.queued_at < %(now)s - %(settled)s AND NOT EXISTS (
            SELECT FROM {QUEUE_SCHEMA}.procrastinate_jobs j
            WHERE j.status IN ('todo', 'doing') AND j.args -> 'hosts' ? h.name)
        RETURNING h.name
        """.encode(),  # noqa: S608 -- a constant
        {"now": now, "settled": LOST_AFTER},
    )
    return sorted(row[0] for row in await cursor.fetchall())


async def due_sources(connection: Connection, host: str, now: datetime) -> list[SourceState]:
    async with connection.cursor(row_factory=class_row(SourceState)) as cursor:
        await cursor.execute(
            """
            SELECT s.id, s.outlet, s.kind, s.url, s.host, s.etag, s.last_modified, s.state, s.failures,
                   s.error_code, s.next_poll_at, o.definition
            FROM aiwire.source s JOIN aiwire.outlet o ON o.slug = s.outlet
            WHERE s.host = %s AND s.active AND o.active AND s.next_poll_at <= %s ORDER BY s.next_poll_at, s.id
            """,
            (host, now),
        )
        return await cursor.fetchall()


async def polled(
    connection: Connection,
    source_id: int,
    *,
    now: datetime,
    next_poll_at: datetime,
    state: str,
    entries_seen: int | None = None,
    found: bool = False,
    validators: tuple[str | None, str | None] | None = None,
    message: str | None = None,
) -> None:
    """Record a poll that was answered.

    `validators` are (ETag, Last-Modified) of a 200, None for a 304; `message` says why a source is empty.
    """
    # A validator is sent back as it came, or not at all.
    etag, last_modified = map(as_it_came, validators or (None, None))
    await connection.execute(
        """
        UPDATE aiwire.source SET last_poll_at = %(now)s, last_answer_at = %(now)s, next_poll_at = %(next)s,
            state = %(state)s, failures = 0, error_code = NULL,
            error_message = CASE WHEN %(state)s = 'empty' THEN coalesce(%(message)s, error_message) END,
            last_new_at = CASE WHEN %(found)s THEN %(now)s ELSE last_new_at END,
            entries_seen = coalesce(%(seen)s, entries_seen),
            etag = CASE WHEN %(fresh)s THEN %(etag)s ELSE etag END,
            last_modified = CASE WHEN %(fresh)s THEN %(last_modified)s ELSE last_modified END
        WHERE id = %(id)s
        """,
        {
            "id": source_id,
            "now": now,
            "next": next_poll_at,
            "state": state,
            "message": clean_record(message),
            "found": found,
            "seen": entries_seen,
            "fresh": validators is not None,
            "etag": etag,
            "last_modified": last_modified,
        },
    )


async def poll_failed(
    connection: Connection,
    source_id: int,
    *,
    now: datetime,
    next_poll_at: datetime,
    state: str,
    code: str,
    message: str,
) -> None:
    """Record a poll without an answer that could be used; validators stay."""
    await connection.execute(
        """
        UPDATE aiwire.source SET last_poll_at = %s, next_poll_at = %s, state = %s, failures = failures + 1,
            error_code = %s, error_message = %s WHERE id = %s
        """,
        (now, next_poll_at, state, code, clean(message), source_id),
    )


async def poll_now(connection: Connection, outlet: str, now: datetime) -> None:
    """Make an outlet's sources due at once, without validators: a person asked to see what they say."""
    await connection.execute(
        """
        UPDATE aiwire.source SET next_poll_at = %s, etag = NULL, last_modified = NULL WHERE outlet = %s AND active
        """,
        (now, outlet),
    )


async def hosts_of(connection: Connection, outlet: str) -> list[str]:
    """The hosts of an outlet's sources first, then those of its entries that wait."""
    cursor = await connection.execute(
        """
        SELECT host, min(rank) FROM (
            SELECT host, 0 AS rank FROM aiwire.source WHERE outlet = %(outlet)s AND active
            UNION ALL SELECT host, 1 FROM aiwire.entry WHERE outlet = %(outlet)s AND due_at IS NOT NULL
        ) AS h GROUP BY host ORDER BY 2, 1
        """,
        {"outlet": outlet},
    )
    return [row[0] for row in await cursor.fetchall()]
