"""Visits in the foreground: `run --once`, which does what is due through the queue, and `crawl OUTLET`, a first contact.

A visit's own steps are `crawler.visit`'s affair; how the outcome is shown, `crawler.present`'s.
"""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import UTC, datetime

import structlog

from crawler import present, queue
from crawler.commands import database
from crawler.context import Counts, VisitContext
from crawler.engine import run_in_reactor
from crawler.outlets import Outlet, load_outlets
from crawler.retention import retain
from crawler.schedule import sync_outlets
from crawler.settings import Settings
from crawler.station import Station, open_station
from crawler.visit import visit
from crawler.worker import work
from pipelines.errors import ConfigError
from pipelines.store import reading, search, sources

log = structlog.get_logger(__name__)

_FAILED = ("unreachable", "refused", "broken")
_INDEX_BATCHES = 50  # what a foreground run brings; an earlier release's articles are the daemon's affair


def run_once(settings: Settings) -> int:
    """Do what is due through queue, visits and store, and end; 1 when a source failed."""
    outlets = load_outlets(settings.config_dir)
    started = time.monotonic()
    with database(settings) as url:
        failed, totals = run_in_reactor(lambda: _once(settings, url, outlets))
    log.info(
        "done",
        polls=totals.polls,
        fetched=totals.fetched,
        stored=totals.stored,
        failed=totals.failed,
        seconds=round(time.monotonic() - started, 1),
    )
    for row in failed:
        words = f"{row['outlet']}: {row['kind']} {row['url']}: {row['state']}: {row['error_message']}"
        present.errors.print(words, markup=False, soft_wrap=True)
    return 1 if failed else 0


async def _once(settings: Settings, url: str, outlets: tuple[Outlet, ...]) -> tuple[list[reading.Row], Counts]:
    stop = _stop_on_signals()
    totals = Counts()
    async with open_station(settings, url) as station:
        await sync_outlets(station.database, outlets)
        jobs = queue.open_queue(station.database)
        async with jobs.open_async():
            await queue.rescue(jobs, station.database)
            while not stop.is_set():
                async with station.database.transaction() as connection:
                    hosts = await sources.fire(connection, datetime.now(UTC))
                    if hosts:
                        await queue.defer(jobs, connection, hosts, lanes=settings.concurrency)
                # Also without a host of ours: what another process deferred is worked off, too.
                totals = totals.plus(await work(station, stop=stop, wait=False))
                if not hosts:
                    break
        await search.index_changes(station.database, batches=_INDEX_BATCHES)
        await retain(settings, url)  # where no daemon runs, nobody else does it
        async with station.database.transaction() as connection:
            rows = await reading.sources(connection)
    return [row for row in rows if row["state"] in _FAILED], totals


def crawl_outlet(settings: Settings, slug: str, limit: int | None) -> int:
    """Poll one outlet's sources and fetch its articles now; 1 where a source failed or brought nothing."""
    outlets = load_outlets(settings.config_dir)
    if slug not in {outlet.slug for outlet in outlets}:
        known = ", ".join(outlet.slug for outlet in outlets)
        raise ConfigError(f"there is no such outlet; there are {known}", subject=slug, code="no_outlet")
    with database(settings) as url:
        rows, articles = run_in_reactor(lambda: _crawl(settings, url, outlets, slug, limit))
    if articles:
        present.console.print(present.articles(articles))
    present.console.print(present.sources(rows, present.utcnow()))
    return 0 if all(row["state"] == "ok" for row in rows) else 1


async def _crawl(
    settings: Settings, url: str, outlets: tuple[Outlet, ...], slug: str, limit: int | None
) -> tuple[list[reading.Row], list[reading.Row]]:
    stop = _stop_on_signals()
    left = limit
    async with open_station(settings, url) as station:
        await sync_outlets(station.database, outlets)
        async with station.database.transaction() as connection:
            await sources.poll_now(connection, slug, datetime.now(UTC))
        visited: set[str] = set()
        # A feed's host comes first; the hosts of its articles are known once it was read.
        while not stop.is_set() and (left is None or left > 0):
            async with station.database.transaction() as connection:
                hosts = [host for host in await sources.hosts_of(connection, slug) if host not in visited]
            if not hosts:
                break
            visited.add(hosts[0])
            counts = await _visit(station, hosts[0], stop, left)
            left = None if left is None else left - counts.fetched
        await search.index_changes(station.database, batches=_INDEX_BATCHES)
        async with station.database.transaction() as connection:
            rows = [row for row in await reading.sources(connection) if row["outlet"] == slug]
            return rows, await reading.articles(connection, outlet=slug, most=limit or 20)


async def _visit(station: Station, host: str, stop: asyncio.Event, most: int | None) -> Counts:
    if not await station.locks.try_acquire(host):
        log.warning("host_busy", host=host, reason="another aiwire is visiting it: its articles land there")
        return Counts()
    try:
        counts = await visit(VisitContext(host=host, station=station, stop=stop, most=most))
    finally:
        await station.locks.release(host)
    log.info(
        "visited", host=host, polls=counts.polls, fetched=counts.fetched, stored=counts.stored, failed=counts.failed
    )
    return counts


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
