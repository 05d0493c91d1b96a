"""The worker role: takes jobs from the queue, holds each host by a lock while it visits it, drains on request.

What a visit does is `crawler.visit`'s affair; when hosts are due, `crawler.schedule`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import procrastinate
import psycopg_pool
import structlog
from procrastinate.exceptions import ConnectorException

from crawler import telemetry
from crawler.context import Counts, VisitContext
from crawler.export_jobs import Means, work_part
from crawler.queue import BULK, HEARTBEAT, STALLED_AFTER, VISITS, open_queue
from crawler.settings import Settings
from crawler.station import Station
from crawler.visit import visit
from pipelines.errors import SandboxBroken, StoreError, Unavailable
from pipelines.store import capture_objects, hosts, sources

log = structlog.get_logger(__name__)

_AGAIN = 2.0  # seconds between attempts to reach a Postgres that is away
_AWAY_FOR = timedelta(minutes=5)
_VISIT_GRACE = 60  # seconds over its deadline that a visit may take for the step it is in


class Worker:
    """Visits hosts, several at a time, one worker a host."""

    def __init__(self, station: Station, *, stop: asyncio.Event) -> None:
        self._station = station
        self._stop = stop
        self._lanes = asyncio.Semaphore(station.settings.concurrency)
        self.totals = Counts()
        self.fatal: SandboxBroken | None = None

    async def visit_hosts(self, names: Sequence[str]) -> None:
        """Visit each host once; one host's trouble is not another's."""
        await asyncio.gather(*(self._visit_host(host) for host in names))

    async def export_part(self, export_id: int, number: int) -> None:
        """Write a part of an export."""
        station = self._station
        means = Means(settings=station.settings, database=station.database, storage=station.storage)
        await work_part(means, export_id, number, self._stop)

    async def _visit_host(self, host: str) -> None:
        async with self._lanes:
            if self._stop.is_set():
                return
            try:
                if not await self._station.locks.try_acquire(host):
                    return  # another worker is there; what is due stays due
                try:
                    await self._hold_and_visit(host)
                finally:
                    await self._station.locks.release(host)
            except Unavailable as error:
                # Nothing is lost: the host is due again as soon as its mark has gone (QUEUED_FOR, or the rescue).
                event = error.code if error.code == capture_objects.AWAY else "postgres_away"
                log.warning(event, host=host, reason=error.message)
            except SandboxBroken as error:
                # The installation, not a page: end, and let the parent start us anew.
                if not self._stop.is_set():
                    log.error("sandbox_broken", reason=error.message)
                    self.fatal = error
                    self._stop.set()
            except Exception as error:
                telemetry.capture(error, host=host, stage="visit")
                log.exception("visit_failed", host=host)

    async def _hold_and_visit(self, host: str) -> None:
        context = VisitContext(host=host, station=self._station, stop=self._stop)
        deadline = self._station.settings.visit_deadline + _VISIT_GRACE
        try:
            async with asyncio.timeout(deadline):
                await visit(context)
        except TimeoutError:
            log.error("visit_overdue", host=host, seconds=deadline)
        except StoreError as error:
            if isinstance(error, Unavailable):
                if error.code == capture_objects.AWAY:
                    await self._spare(host)
                raise
            telemetry.capture(error, host=host, stage="store")
            log.error("store_refused", host=host, code=error.code, reason=error.message)
        finally:
            self.totals = self.totals.plus(context.counts)
            # However it ended, the host may be fired again.
            with contextlib.suppress(StoreError):
                async with self._station.database.transaction() as connection:
                    await sources.visited(connection, [host])

    async def _spare(self, host: str) -> None:
        """Pages can't be kept for now: the host is not asked for them again every second."""
        until = datetime.now(UTC) + _AWAY_FOR
        with contextlib.suppress(StoreError):
            async with self._station.database.transaction() as connection:
                await hosts.hold(connection, host, until=until, reason="raw pages can't be kept: captures_unavailable")


async def work(station: Station, *, stop: asyncio.Event, wait: bool = True) -> Counts:
    """Take jobs until `stop` is set (or, without `wait`, until the queue is empty); then drain.

    A Postgres that goes away is waited for. Visits end at their next step after `stop`.
    """
    worker = Worker(station, stop=stop)
    told = False
    while not stop.is_set():
        queue = open_queue(station.database, worker.visit_hosts, worker.export_part)
        try:
            async with queue.open_async():
                await _run_queue(queue, station.settings, stop, wait=wait)
                told = False
                if not wait:
                    break
        except (ConnectorException, psycopg_pool.PoolTimeout, OSError) as error:
            if not told:
                log.warning("postgres_away", reason=str(error) or type(error).__name__)
                told = True
            await _pause(stop, _AGAIN)
    if worker.fatal is not None:
        raise worker.fatal
    return worker.totals


async def _run_queue(queue: procrastinate.App, settings: Settings, stop: asyncio.Event, *, wait: bool) -> None:
    # Two workers of Procrastinate's, so that no visit waits for an export's part, however long that takes.
    lanes = {VISITS: settings.concurrency, **({BULK: 1} if wait else {})}
    running = [
        asyncio.ensure_future(
            queue.run_worker_async(
                queues=[name],
                name=f"aiwire-{name}",
                concurrency=concurrency,
                wait=wait,
                install_signal_handlers=False,
                delete_jobs="always",
                fetch_job_polling_interval=2.0,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED_AFTER.total_seconds(),
                shutdown_graceful_timeout=settings.drain_deadline,
            )
        )
        for name, concurrency in lanes.items()
    ]
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for one in running:
        if not one.done():
            one.cancel()  # Procrastinate takes it as "finish what you are at, take nothing new"
    for error in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
            raise error


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
