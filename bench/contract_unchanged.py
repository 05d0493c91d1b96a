"""Polls that find a source unchanged, by the functions that `crawler.polling` calls: what they write, and what not.

The requests, and the 304 that answers each, are not part of it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from pipelines.identity import canonical_url, claim_fingerprint
from pipelines.records import Entry
from pipelines.store import hosts, sources
from pipelines.store.claims import Claim, write_claims
from pipelines.store.database import Database
from pipelines.store.sources import OutletRow

SOURCES = 40
POLLED = frozenset({"aiwire.source", "aiwire.host"})
"""The tables in which a poll writes down when it was, and when the next is due."""
_ENTRIES = 20  # of each source
_AT_ONCE = 8
_ENDING = 10.0  # seconds
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What can be told of a database from outside: rows written by table, numbers drawn by sequence, bytes by table."""

    inserted: dict[str, int]
    updated: dict[str, int]
    deleted: dict[str, int]
    drawn: dict[str, int | None]
    sizes: dict[str, int]

    def written_since(self, before: Traces) -> dict[str, tuple[int, int, int]]:
        """Rows inserted, updated and deleted in the meantime, of each table in which any were."""
        found = {
            table: (
                self.inserted[table] - before.inserted.get(table, 0),
                self.updated[table] - before.updated.get(table, 0),
                self.deleted[table] - before.deleted.get(table, 0),
            )
            for table in self.inserted
        }
        return {table: rows for table, rows in found.items() if any(rows)}

    def drawn_since(self, before: Traces) -> dict[str, tuple[int | None, int | None]]:
        """Sequences of which a number was drawn in the meantime."""
        both = {name: (before.drawn.get(name), value) for name, value in self.drawn.items()}
        return {name: values for name, values in both.items() if values[0] != values[1]}


def traces(url: str) -> Traces:
    """Look at every table and sequence of our schemas, once all sessions have ended: what they wrote counts only then."""
    with psycopg.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + _ENDING
        while connection.execute(_OTHERS).fetchone() != (0,) and time.monotonic() < deadline:
            time.sleep(0.02)
        connection.execute("SELECT pg_stat_clear_snapshot()")
        rows = connection.execute(
            """
            SELECT schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del, pg_total_relation_size(relid)
            FROM pg_stat_user_tables WHERE schemaname LIKE 'aiwire%'
            """
        ).fetchall()
        drawn = connection.execute(
            "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE schemaname LIKE 'aiwire%'"
        ).fetchall()
    return Traces(
        inserted={row[0]: row[1] for row in rows},
        updated={row[0]: row[2] for row in rows},
        deleted={row[0]: row[3] for row in rows},
        drawn=dict(drawn),
        sizes={row[0]: row[4] for row in rows},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """What `polls` polls left behind; `halfway` and `after` are bytes of the tables in which they write."""

    polls: int
    seconds: float
    written: dict[str, tuple[int, int, int]]
    drawn: dict[str, tuple[int | None, int | None]]
    halfway: dict[str, int]
    after: dict[str, int]

    @property
    def elsewhere(self) -> dict[str, tuple[int, int, int]]:
        """Rows written anywhere but where a poll writes down that it was; those inserted or deleted there, too."""
        return {
            table: rows for table, rows in self.written.items() if table not in POLLED or (rows[0], rows[2]) != (0, 0)
        }


def run(url: str, *, polls: int) -> Unchanged:
    asyncio.run(_prepare(url))
    before = traces(url)
    begin = time.monotonic()
    asyncio.run(_poll(url, polls // 2))
    halfway = traces(url)
    asyncio.run(_poll(url, polls - polls // 2))
    seconds = time.monotonic() - begin
    after = traces(url)
    return Unchanged(
        polls=polls,
        seconds=seconds,
        written=after.written_since(before),
        drawn=after.drawn_since(before),
        halfway={table: halfway.sizes[table] for table in POLLED},
        after={table: after.sizes[table] for table in POLLED},
    )


async def _prepare(url: str) -> None:
    """Sources that were polled once, with what they told of."""
    now = datetime.now(UTC)
    outlets = [
        OutletRow(
            slug=f"outlet{n}",
            name=f"Outlet {n}",
            homepage=f"https://outlet{n}.example",
            language="en",
            policy="scrape",
            definition={},
            sources=(("feed", f"https://outlet{n}.example/feed", f"outlet{n}.example"),),
        )
        for n in range(SOURCES)
    ]
    async with Database(url, size=1) as database, database.transaction() as connection:
        await sources.sync(connection, outlets, now)
        for id_, outlet in await _sources(connection):
            told = [Entry(url=f"https://{outlet}.example/{n}", title=f"Title {n}") for n in range(_ENTRIES)]
            claims = [
                Claim(
                    entry=entry,
                    url_key=canonical_url(entry.url),
                    host=f"{outlet}.example",
                    fingerprint=claim_fingerprint(entry),
                )
                for entry in told
            ]
            await write_claims(connection, source_id=id_, outlet=outlet, claims=claims, now=now)


async def _sources(connection: psycopg.AsyncConnection) -> list[tuple[int, str]]:
    return await (await connection.execute("SELECT id, outlet FROM aiwire.source ORDER BY id")).fetchall()


async def _poll(url: str, polls: int) -> None:
    """As `crawler.polling._poll_unchanged`, for one source after another."""
    async with Database(url, size=_AT_ONCE) as database:
        async with database.transaction() as connection:
            known = await _sources(connection)

        async def poll_some(first: int) -> None:
            for n in range(first, polls, _AT_ONCE):
                id_, outlet = known[n % len(known)]
                now = datetime.now(UTC)
                later = now + timedelta(minutes=5)
                async with database.transaction() as connection:
                    await sources.polled(connection, id_, now=now, next_poll_at=later, state="ok")
                    await hosts.requested(connection, f"{outlet}.example", next_request_at=later)

        await asyncio.gather(*(poll_some(first) for first in range(_AT_ONCE)))
