"""Where a worker's visits bring what they have read: stored together, as many as wait, in one transaction.

While one transaction is under way others' pages gather for the next, as commits do in a database: a lone page is stored at
once, and a backlog costs a fraction of what one transaction a page would. What is written is the affair of
`pipelines.store.articles`; what becomes of the entry that of `crawler.settling`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from pipelines.errors import Unavailable
from pipelines.store import articles, entries
from pipelines.store.arrivals import Arrival, Doubt, Forgotten, Stored
from pipelines.store.database import Database
from pipelines.store.entries import Settlement

log = structlog.get_logger(__name__)

MOST = 16
"""Pages in one transaction: more gain little, and hold the outlets' locks for longer."""
AT_ONCE = 2
"""Transactions under way: while Postgres works on one, the next is prepared."""

Outcome = Stored | Doubt | Forgotten
Settle = Callable[[Stored | Forgotten], Settlement]


@dataclass(slots=True, kw_only=True)
class _Waiting:
    arrival: Arrival
    settle: Settle
    outcome: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class StoringLane:
    """Stores the pages of one process, a few transactions at a time."""

    def __init__(self, database: Database, *, most: int = MOST) -> None:
        self._database = database
        self._most = most
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def store(self, arrival: Arrival, settle: Settle) -> Outcome:
        """Store a page and settle its entry, both or neither; a Doubt writes nothing.

        Raises Unavailable where Postgres is away, and what Postgres refuses of this very page (StoreError): its neighbours
        are stored all the same.
        """
        waiting = _Waiting(arrival=arrival, settle=settle)
        self._waiting.append(waiting)
        if self._under_way < AT_ONCE:
            self._under_way += 1
            task = asyncio.create_task(self._run(), name="storing")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.outcome

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._together(batch)
        finally:
            self._under_way -= 1  # in the step that found nothing waiting: whoever comes next starts anew

    async def _together(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._write(batch)
        except Unavailable as error:
            for one in batch:
                _fail(one, error)
        except Exception as error:  # noqa: BLE001 -- handed to whoever waits for it
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            # One of them is to blame, and nothing was written: which one shows when each comes by itself.
            log.debug("stored_one_by_one", pages=len(batch), reason=str(error))
            for one in batch:
                await self._together([one])
        else:
            for one, outcome in zip(batch, outcomes, strict=True):
                if not one.outcome.done():  # its visit may have ended meanwhile; what it brought is stored
                    one.outcome.set_result(outcome)

    async def _write(self, batch: list[_Waiting]) -> list[Outcome]:
        async with self._database.transaction() as connection:
            outcomes = await articles.store_all(connection, [one.arrival for one in batch])
            settled = [
                one.settle(outcome)
                for one, outcome in zip(batch, outcomes, strict=True)
                if not isinstance(outcome, Doubt)
            ]
            await entries.settle_all(connection, settled)
        return outcomes


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.outcome.done():
        one.outcome.set_exception(error)
