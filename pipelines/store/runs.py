"""What the processes tell of themselves: visits with something to tell, signs of life, and what grows old.

What an operator reads of it is `pipelines.store.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.storable import clean_record
from pipelines.store.database import Connection

HEARTBEAT_LOST = timedelta(seconds=60)
"""A process that has not beaten for this long is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One visit: `polls` asked, pages `fetched`, articles and revisions `stored`, entries or polls `failed`."""

    host: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    polls: int
    fetched: int
    stored: int
    failed: int
    message: str | None = None


async def record(connection: Connection, run: Run) -> None:
    await connection.execute(
        """
        INSERT INTO aiwire.run (host, started_at, ended_at, outcome, polls, fetched, stored, failed, message)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            run.host,
            run.started_at,
            run.ended_at,
            run.outcome,
            run.polls,
            run.fetched,
            run.stored,
            run.failed,
            clean_record(run.message),
        ),
    )


async def beat(
    connection: Connection, *, role: str, process: str, leads: bool, started: datetime, now: datetime
) -> None:
    """A sign of life; the rows of processes that were lost long ago go."""
    await connection.execute(
        """
        INSERT INTO aiwire.heartbeat (role, process, leads, started_at, beat_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (role, process) DO UPDATE SET leads = EXCLUDED.leads, beat_at = EXCLUDED.beat_at
        """,
        (role, process, leads, started, now),
    )
    await connection.execute("DELETE FROM aiwire.heartbeat WHERE beat_at < %s", (now - 10 * HEARTBEAT_LOST,))


async def gone(connection: Connection, *, role: str, process: str) -> None:
    """The process ends in good order."""
    await connection.execute("DELETE FROM aiwire.heartbeat WHERE role = %s AND process = %s", (role, process))


async def drop_older(connection: Connection, before: datetime) -> int:
    cursor = await connection.execute("DELETE FROM aiwire.run WHERE ended_at < %s", (before,))
    return cursor.rowcount
