"""What a process needs to visit hosts, opened together and closed in the reverse order.

Who visits which host is `crawler.worker`'s affair, what a visit does `crawler.visit`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import structlog

from crawler.engine import Engine
from crawler.object_storage import ObjectStorage, open_storage
from crawler.politeness.courtesy import Courtesy
from crawler.settings import Settings
from crawler.storing import StoringLane
from crawler.tools import new_sandbox
from pipelines.sandbox import Sandbox
from pipelines.store.database import Database, SessionLocks

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """`locks` are those of hosts: one visit a host, on however many machines; `storage` is None where raw pages are kept
    in Postgres.
    """

    settings: Settings
    database: Database
    sandbox: Sandbox
    engine: Engine
    courtesy: Courtesy
    locks: SessionLocks
    storing: StoringLane
    storage: ObjectStorage | None = None


@contextlib.asynccontextmanager
async def open_station(settings: Settings, database_url: str) -> AsyncIterator[Station]:
    """Raises Unavailable where Postgres is away, SandboxError where the sandbox does not start."""
    courtesy = Courtesy(gap=timedelta(seconds=settings.gap))
    async with contextlib.AsyncExitStack() as stack:
        sandbox = new_sandbox(settings)
        stack.callback(sandbox.close)
        await asyncio.to_thread(sandbox.start)
        database = await stack.enter_async_context(
            Database(database_url, size=settings.concurrency, name="aiwire-worker", role="ingest")
        )
        locks = SessionLocks(database, "host")
        stack.push_async_callback(locks.close)
        storage = open_storage(settings.captures)
        if storage is not None:
            stack.callback(storage.close)
            if (trouble := await storage.trouble()) is not None:
                log.error("captures_unavailable", reason=trouble, until="pages are fetched once they can be kept")
        engine = await stack.enter_async_context(Engine(settings, courtesy=courtesy, sandbox=sandbox))
        yield Station(
            settings=settings,
            database=database,
            sandbox=sandbox,
            engine=engine,
            courtesy=courtesy,
            locks=locks,
            storing=StoringLane(database),
            storage=storage,
        )
