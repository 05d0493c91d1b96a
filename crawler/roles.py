"""The children of the daemon: one process a role, with a heartbeat to the parent, drained on SIGTERM.

    python -m crawler.roles scheduler|worker CONFIG_DIR

The scheduler's work is `crawler.schedule`'s, the worker's `crawler.worker`'s; who restarts them is `crawler.daemon`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from crawler import telemetry
from crawler.settings import Settings, load_settings
from pipelines.errors import AiwireError, Unavailable
from pipelines.store import runs
from pipelines.store.database import Database
from pipelines.store.migrate import whereabouts

log = structlog.get_logger(__name__)

_BEAT = 2.0  # seconds between signs of life to the parent
_BEAT_ROW = 10.0  # and to Postgres
_WHEREABOUTS = 5.0  # seconds between questions whether the installation is still here
_PR_SET_PDEATHSIG = 1
MOVED = 4
"""The exit code of a role whose installation was moved elsewhere: to start it again would help nobody."""


async def scheduler(settings: Settings, stop: asyncio.Event, reload: asyncio.Event) -> None:
    from crawler.schedule import Scheduler  # noqa: PLC0415 -- each role imports its own world

    async with Database(database_url(settings), size=3, name="aiwire-scheduler", role="ingest") as database:
        await Scheduler(settings, database).run(stop, reload=reload)


async def worker(settings: Settings, stop: asyncio.Event, reload: asyncio.Event) -> None:
    from crawler.station import open_station  # noqa: PLC0415
    from crawler.worker import work  # noqa: PLC0415

    _ = reload  # outlets are read from Postgres at every visit
    async with open_station(settings, database_url(settings)) as station:
        beating = asyncio.ensure_future(_beat_row("worker", station.database))
        try:
            await work(station, stop=stop)
        finally:
            beating.cancel()


ROLES: dict[str, Callable[[Settings, asyncio.Event, asyncio.Event], Awaitable[None]]] = {
    "scheduler": scheduler,
    "worker": worker,
}


def database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise AiwireError("a role needs DATABASE_URL: start it through `aiwire run`", code="no_database")
    return settings.database_url.get_secret_value()


def collect_seldom() -> None:
    """Look for cycles of garbage after 50,000 objects, not 700, and never again among those that are there at the start.

    A page makes thousands of objects that die by themselves; at Python's own pace a fifth of a worker's CPU went into looking
    for others (`make bench-contract`, storing).
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def run(role: str, settings: Settings) -> int:
    """Run a role until a signal, or until the parent is gone; returns the exit code."""
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    beating = asyncio.ensure_future(_beat(stop))
    staying = asyncio.ensure_future(_leave_when_moved(settings, stop))
    told = False
    try:
        while not stop.is_set():
            try:
                await ROLES[role](settings, stop, reload)
            except Unavailable as error:
                if not told:
                    log.warning("postgres_away", reason=error.message)
                    told = True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1.0)
    except AiwireError as error:
        telemetry.capture(error, stage=role)
        log.error("role_failed", code=error.code, reason=str(error))
        return 1
    finally:
        beating.cancel()
        moved = staying.done() and not staying.cancelled() and staying.exception() is None
        staying.cancel()
        telemetry.flush()
    return MOVED if moved else 0


async def _leave_when_moved(settings: Settings, stop: asyncio.Event) -> None:
    """Stop the role once `aiwire db move` is done: nothing is written here any more."""
    url = database_url(settings)
    while True:
        await asyncio.sleep(_WHEREABOUTS)
        with contextlib.suppress(AiwireError):
            if went := await asyncio.to_thread(whereabouts, url):
                log.error("moved", to=went)
                stop.set()
                return


async def _beat(stop: asyncio.Event) -> None:
    """A byte to the parent every now and then, from the very loop that does the work: a stalled loop falls silent."""
    number = os.environ.pop("AIWIRE_HEARTBEAT_FD", None)
    if number is None:
        return
    pipe = int(number)
    os.set_blocking(pipe, False)
    while True:
        try:
            os.write(pipe, b".")
        except BlockingIOError:
            pass
        except OSError:  # the parent was killed: nobody would restart us, so drain and end
            log.warning("parent_gone")
            stop.set()
            return
        await asyncio.sleep(_BEAT)


async def _beat_row(role: str, database: Database) -> None:
    started, process = datetime.now(UTC), f"{socket.gethostname()}:{os.getpid()}"
    try:
        while True:
            with contextlib.suppress(AiwireError):
                async with database.transaction() as connection:
                    await runs.beat(
                        connection, role=role, process=process, leads=False, started=started, now=datetime.now(UTC)
                    )
            await asyncio.sleep(_BEAT_ROW)
    finally:
        with contextlib.suppress(AiwireError):
            async with database.transaction() as connection:
                await runs.gone(connection, role=role, process=process)


def main(argv: list[str] | None = None) -> int:
    """The entry of a child process."""
    role, config_dir = (argv or sys.argv)[1:3]
    faulthandler.enable()
    if sys.platform == "linux":
        # Should the parent be killed: SIGTERM, so that what is at hand is finished.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = load_settings(config_dir=Path(config_dir))
    telemetry.configure(
        role=role,
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
        environment=settings.environment,
        twisted=role == "worker",
    )
    if role == "worker":
        collect_seldom()
        from crawler.engine import run_in_reactor  # noqa: PLC0415 -- Scrapy wants Twisted's reactor

        return run_in_reactor(lambda: run(role, settings))
    return asyncio.run(run(role, settings))


if __name__ == "__main__":
    sys.exit(main())
