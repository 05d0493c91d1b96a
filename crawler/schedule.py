"""The scheduler role: APScheduler with a few fixed jobs, no job store, one leader by advisory lock.

What is due is columns in Postgres, so a tick that is missed costs nothing: the next one finds the same rows. The jobs'
work is done by `crawler.queue` and `pipelines.store`; visits by `crawler.worker`.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from crawler import export_jobs, queue, telemetry
from crawler.outlets import Outlet, load_outlets
from crawler.retention import retain
from crawler.settings import Settings
from pipelines.errors import ConfigError, Unavailable
from pipelines.identity import host_of
from pipelines.store import runs, search, sources
from pipelines.store.database import Database, SessionLocks
from pipelines.store.sources import OutletRow

log = structlog.get_logger(__name__)

RELOAD_EVERY = 5  # seconds between looks at the outlets' files
RESCUE_EVERY = 10
BEAT_EVERY = 10
RETAIN_EVERY = 3_600
INDEX_EVERY = 1
EXPORT_EVERY = 2
_INDEX_BATCHES = 20  # a tick; then it asks whether this process still leads
_LEADER = "scheduler"


class Scheduler:
    """Fires hosts with due work into the queue, as long as it leads; `await run(stop)`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._queue = queue.open_queue(database)
        self._leadership = SessionLocks(database, "leader")
        self._leads = False
        self._away = False
        self._loaded: dict[Path, float] | None = None
        self._started = datetime.now(UTC)
        self.process = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self, stop: asyncio.Event, *, reload: asyncio.Event) -> None:
        """Tick until `stop` is set; `reload` (SIGHUP) reads the outlets again at once."""
        scheduler = AsyncIOScheduler(
            timezone=UTC,
            # The default grace of 1 s drops runs; coalescing makes of many missed ones a single late one.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        jobs: list[tuple[Callable[[], Awaitable[None]], float]] = [
            (self._fire, self._settings.fire_every),
            (self._reload, RELOAD_EVERY),
            (self._rescue, RESCUE_EVERY),
            (self._beat, BEAT_EVERY),
            (self._retain, RETAIN_EVERY),
            (self._index, INDEX_EVERY),
            (self._export, EXPORT_EVERY),
        ]
        for job, seconds in jobs:
            name = job.__name__.strip("_")
            scheduler.add_job(
                self._guarded, "interval", seconds=seconds, args=[name, job], id=name, next_run_time=datetime.now(UTC)
            )
        async with self._queue.open_async():
            scheduler.start()
            try:
                while not stop.is_set():
                    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(reload.wait())]
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                    for wait in waits:
                        wait.cancel()
                    if reload.is_set() and not stop.is_set():
                        reload.clear()
                        self._loaded = None
                        await self._guarded("reload", self._reload)
            finally:
                scheduler.shutdown(wait=False)
                await self._resign()

    async def _guarded(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        """One tick of one job, if we lead; its trouble is told once and the next tick tries again."""
        try:
            if not await self._lead():
                return
            await job()
            self._away = False
        except Unavailable as error:
            if not self._away:
                log.warning("postgres_away", job=name, reason=error.message)
                self._away = True
        except Exception as error:
            telemetry.capture(error, stage="schedule", job=name)
            log.exception("tick_failed", job=name)

    async def _lead(self) -> bool:
        leads = await self._leadership.holds(_LEADER) or await self._leadership.try_acquire(_LEADER)
        if leads != self._leads:
            self._leads = leads
            log.info("leading" if leads else "standing_by", process=self.process)
        return leads

    async def _fire(self) -> None:
        now = datetime.now(UTC)
        async with self._database.transaction() as connection:
            hosts = await sources.fire(connection, now)
            if hosts:
                await queue.defer(self._queue, connection, hosts, lanes=self._settings.concurrency)
        if hosts:
            log.debug("hosts_fired", hosts=len(hosts))

    async def _reload(self) -> None:
        stamps = _stamps(self._settings.config_dir)
        if stamps == self._loaded:
            return
        first, self._loaded = self._loaded is None, stamps
        try:
            outlets = load_outlets(self._settings.config_dir)
        except ConfigError as error:
            # What runs goes on running with what it had.
            log.error("outlets_not_reloaded", reason=str(error))
            return
        await sync_outlets(self._database, outlets)
        log.info("outlets_loaded" if first else "outlets_reloaded", outlets=len(outlets))

    async def _export(self) -> None:
        await export_jobs.fire(self._queue, self._database)

    async def _rescue(self) -> None:
        hosts = await queue.rescue(self._queue, self._database)
        if hosts:
            log.warning("jobs_rescued", hosts=hosts)

    async def _beat(self) -> None:
        async with self._database.transaction() as connection:
            await runs.beat(
                connection,
                role="scheduler",
                process=self.process,
                leads=True,
                started=self._started,
                now=datetime.now(UTC),
            )
        telemetry.checkin("aiwire-scheduler", schedule_minutes=1, status="ok")

    async def _retain(self) -> None:
        await retain(self._settings, self._database.url)

    async def _index(self) -> None:
        taken = await search.index_changes(self._database, batches=_INDEX_BATCHES)
        if taken > search.BATCH:  # an earlier release's articles, or a wave of new ones
            log.info("search_catching_up", changes=taken)

    async def _resign(self) -> None:
        try:
            if self._leads:
                async with self._database.transaction() as connection:
                    await runs.gone(connection, role="scheduler", process=self.process)
        except Unavailable:
            pass  # its row grows old and goes
        await self._leadership.close()


async def sync_outlets(database: Database, outlets: tuple[Outlet, ...]) -> None:
    """Bring what the TOML says into Postgres, where every worker of every machine reads it."""
    rows = [
        OutletRow(
            slug=outlet.slug,
            name=outlet.name,
            homepage=outlet.homepage,
            language=outlet.language,
            policy=outlet.policy,
            definition=outlet.model_dump(mode="json"),
            sources=tuple((source.kind, source.url, host_of(source.url)) for source in outlet.sources),
        )
        for outlet in outlets
    ]
    async with database.transaction() as connection:
        await sources.sync(connection, rows, datetime.now(UTC))


def _stamps(config_dir: Path) -> dict[Path, float]:
    found = {}
    for path in (config_dir / "outlets").glob("*.toml"):
        try:
            found[path] = path.stat().st_mtime
        except FileNotFoundError:  # removed between the two calls: the next look sees it
            continue
    return found
