"""What politeness must remember of a host across workers and restarts: gap, hold, robots.txt.

How long a gap or a hold is, and what robots.txt says, is decided in `crawler.politeness`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipelines.storable import clean, json_safe
from pipelines.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """`robots` are the rules for our agent as JSON, valid until `robots_until`; `robots_status` says how they came.

    `re_extractions` says that kept pages wait to be read again.
    """

    name: str
    next_request_at: datetime | None = None
    hold_until: datetime | None = None
    failures: int = 0
    robots: dict[str, object] | None = None
    robots_status: str | None = None
    robots_until: datetime | None = None
    re_extractions: bool = False


async def load(connection: Connection, name: str) -> HostState:
    async with connection.cursor(row_factory=class_row(HostState)) as cursor:
        await cursor.execute(
            """
            SELECT name, next_request_at, hold_until, failures, robots, robots_status, robots_until,
                   EXISTS (SELECT FROM aiwire.re_extraction x WHERE x.host = name) AS re_extractions
            FROM aiwire.host WHERE name = %s
            """,
            (name,),
        )
        return await cursor.fetchone() or HostState(name=name)


async def save_robots(
    connection: Connection, name: str, *, robots: dict[str, object], status: str, until: datetime
) -> None:
    await connection.execute(
        "UPDATE aiwire.host SET robots = %s, robots_status = %s, robots_until = %s WHERE name = %s",
        (Jsonb(json_safe(robots)), status, until, name),
    )


async def requested(connection: Connection, name: str, *, next_request_at: datetime) -> None:
    """The host answered; remember when it may be asked next: the gap holds across workers and restarts."""
    await connection.execute(
        "UPDATE aiwire.host SET next_request_at = %s, failures = 0 WHERE name = %s", (next_request_at, name)
    )


async def hold(connection: Connection, name: str, *, until: datetime, reason: str, unreachable: bool = False) -> None:
    """Leave the host alone until then; a longer hold is never shortened. `unreachable` counts towards its failures."""
    await connection.execute(
        """
        UPDATE aiwire.host SET hold_until = greatest(hold_until, %s), hold_reason = %s, failures = failures + %s
        WHERE name = %s
        """,
        (until, clean(reason), int(unreachable), name),
    )
