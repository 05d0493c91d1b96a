"""What is made ahead and what is taken away, once an hour: partitions, days of captures with their objects, old visits.

When it runs is `crawler.schedule`'s affair, how a day goes that of `pipelines.store.capture_days`.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

import structlog

from crawler.object_storage import ObjectStorage, open_storage
from crawler.settings import Settings
from pipelines.errors import StoreError
from pipelines.store import capture_days, runs
from pipelines.store.database import Database, SessionLocks

log = structlog.get_logger(__name__)

_RUNS_KEPT = timedelta(days=30)


async def retain(settings: Settings, url: str) -> None:
    """Make the partitions that will be needed, count the days that are over, drop what is older than it has to be.

    A day that can't be dropped now (its object storage is away, a backup reads it) is left for the next time, and keeps
    no other from going. Raises Unavailable where Postgres is away.
    """
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(url, size=1, name="aiwire-retention", role="owner"))
        locks = SessionLocks(database, "retention")
        stack.push_async_callback(locks.close)
        if not await locks.try_acquire("retention"):
            return  # another process is at it: `aiwire run --once` beside the daemon
        async with database.transaction() as connection:
            await capture_days.ensure_partitions(connection)
        async with database.transaction() as connection:
            await capture_days.count_days(connection)
            await runs.drop_older(connection, datetime.now(UTC) - _RUNS_KEPT)
            days = await capture_days.to_drop(connection, keep=settings.capture_days)
        storage = open_storage(settings.captures)
        if storage is not None:
            stack.callback(storage.close)
        for day in days:
            await _drop(database, day, storage)


async def _drop(database: Database, day: date, storage: ObjectStorage | None) -> None:
    try:
        dropped = await capture_days.drop_day(database, day, storage)
    except StoreError as error:
        log.warning("captures_not_dropped", day=str(day), code=error.code, reason=error.message)
        return
    if dropped.done:
        log.info("captures_dropped", day=str(day), carried_over=dropped.carried, objects=dropped.objects)
    else:
        reason = "its objects stay: setting captures does not say where they are"
        log.warning("captures_not_dropped", day=str(day), code="captures_elsewhere", reason=reason)
