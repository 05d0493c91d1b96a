"""What an export comes to when it begins: its bounds, and the cursor from which the next one goes on.

What is read between the bounds is `pipelines.store.export`'s affair.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pipelines.errors import PublishError
from pipelines.store import changes
from pipelines.store.database import Connection
from pipelines.store.export import Plan, Wish

_CURSOR = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})")
_CAPTURES = re.compile(r"([0-9a-f]{8})\.([0-9]{1,18})")


async def plan(connection: Connection, wish: Wish) -> Plan:
    """The bounds of an export that begins now. Raises PublishError `no_cursor`, or `lost_future`, and says what to do."""
    if wish.format == "warc":
        return await _captures(connection, wish)
    # Taken before anything is read: what changes meanwhile is told again after it.
    end = await changes.last_cursor(connection)
    until = int(end.partition("-")[2])
    if wish.since is None:
        return Plan(kind="articles", cursor=end, until=until)
    if (at := _instant(wish.since)) is None:
        if _CAPTURES.fullmatch(wish.since):
            raise PublishError("that is a cursor of raw pages (--format warc)", subject=wish.since, code="no_cursor")
        await changes.after(connection, wish.since, most=1)  # raises where it is no good here
        return Plan(kind="changes", cursor=end, after=int(wish.since.partition("-")[2]), until=until)
    found = await connection.execute("SELECT min(c.position) FROM news.change c WHERE c.told_at >= %s", (at,))
    row = await found.fetchone()
    first = row[0] if row and row[0] is not None else until + 1
    return Plan(kind="changes", cursor=end, after=min(first - 1, until), until=until)


async def still_good(connection: Connection, planned: Plan) -> None:
    """Raise PublishError `lost_future` where this is not the database on which the plan was made, or it has lost what was."""
    if planned.kind == "captures":
        await _captures_after(connection, planned.cursor)
    else:
        await changes.after(connection, planned.cursor, most=1)


async def _captures(connection: Connection, wish: Wish) -> Plan:
    """Up to the last page of which it is known whether it may be kept: pages that wait to be read come with the next export."""
    at = _instant(wish.since) if wish.since else None
    after = await _captures_after(connection, wish.since) if wish.since and at is None else 0
    last = await _one(connection, "SELECT aiwire.last_capture()")
    await connection.commit()  # ends its lock
    cursor = await connection.execute(
        """
        SELECT (SELECT id FROM aiwire.epoch ORDER BY number DESC LIMIT 1),
               (SELECT min(e.capture_id) FROM aiwire.entry e
                WHERE e.due_at IS NOT NULL AND e.capture_id IS NOT NULL AND e.state = 'captured'
                  AND (%(outlet)s::text IS NULL OR e.outlet = %(outlet)s))
        """,
        {"outlet": wish.outlet},
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- a query without FROM has one row
    epoch, waits = row
    until = max(last if waits is None else min(last, waits - 1), after)
    return Plan(kind="captures", cursor=f"{epoch}.{until}", after=after, until=until, at=at.isoformat() if at else None)


async def _captures_after(connection: Connection, told: str) -> int:
    parts = _CAPTURES.fullmatch(told)
    if parts is None:
        what = "a cursor of the change feed" if _CURSOR.fullmatch(told) else "no cursor of raw pages, and no date"
        raise PublishError(f"that is {what}", subject=told, code="no_cursor")
    cursor = await connection.execute(
        """
        SELECT (SELECT id FROM aiwire.epoch ORDER BY number DESC LIMIT 1),
               coalesce(pg_sequence_last_value('aiwire.capture_id_seq'), 0)
        """
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- a query without FROM has one row
    if row[0] != parts[1] or row[1] < int(parts[2]):
        raise PublishError(
            "the cursor comes from another database, or from before this one was restored or moved: pages may have been"
            " lost, and numbers given anew.\nGo on with --since and the day of your last export; a page that you have"
            " already has the same WARC-Record-ID.",
            subject=told,
            code="lost_future",
        )
    return int(parts[2])


def _instant(told: str) -> datetime | None:
    """The instant that is meant, UTC where no zone is told; None where it is none."""
    if _CURSOR.fullmatch(told):  # 20260112-10 can be read as an instant, too
        return None
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _one(connection: Connection, query: str) -> int:
    row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None  # noqa: S101 -- a query without FROM has one row
    return int(row[0])
