"""What the steps of one visit share: the host, what is at hand, the deadline, the counts.

The steps are `crawler.polling` and `crawler.fetching`; their order is `crawler.visit`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from crawler.outlets import Outlet
from crawler.spiders.base import OutletSpider
from crawler.spiders.loader import spider_for
from crawler.station import Station
from pipelines.errors import FetchError
from pipelines.store import hosts, repetition
from pipelines.store.database import Connection

_NEVER = datetime.max.replace(tzinfo=UTC)
_BACKOFF_FIRST, _BACKOFF_MOST = 30, 900  # seconds; doubles with each failure in a row


@dataclass(slots=True)
class Counts:
    """What visits did: `stored` are articles and revisions, `unchanged` second looks answered with 304."""

    polls: int = 0
    fetched: int = 0
    stored: int = 0
    failed: int = 0
    unchanged: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(
            polls=self.polls + other.polls,
            fetched=self.fetched + other.fetched,
            stored=self.stored + other.stored,
            failed=self.failed + other.failed,
            unchanged=self.unchanged + other.unchanged,
        )

    @property
    def told(self) -> bool:
        """Whether there is something to tell: an unchanged poll is not."""
        return bool(self.fetched or self.stored or self.failed)


class HostAway(Exception):
    """The host can't be reached, or asked for silence: not an error, but the early end of a visit."""

    def __init__(self, error: FetchError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True, kw_only=True)
class VisitContext:
    """`most` bounds the pages that are fetched; `stop` ends the visit at its next step."""

    host: str
    station: Station
    stop: asyncio.Event
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    most: int | None = None
    deadline: datetime = _NEVER
    counts: Counts = field(default_factory=Counts)
    _spiders: dict[str, OutletSpider] = field(default_factory=dict)
    _knowing: set[str] = field(default_factory=set)

    def over(self) -> bool:
        return self.stop.is_set() or self.clock() >= self.deadline

    def spider(self, slug: str, definition: dict[str, object]) -> OutletSpider:
        """The outlet's spider, made from the definition that Postgres holds: every machine agrees on it."""
        if slug not in self._spiders:
            self._spiders[slug] = spider_for(Outlet.model_validate(definition))
        return self._spiders[slug]

    async def learned(self, spider: OutletSpider, *, anew: bool = False) -> None:
        """Let the spider know what its outlet's articles repeat: one query an outlet and visit, or when that changed."""
        slug = spider.outlet.slug
        if slug not in self._knowing or anew:
            async with self.station.database.transaction() as connection:
                spider.repeated = await repetition.learned(connection, slug)
            self._knowing.add(slug)

    async def answered(self, connection: Connection) -> None:
        """Commit the host's gap with what it gave us."""
        at = self.station.courtesy.host(self.host).next_request_at or self.clock()
        await hosts.requested(connection, self.host, next_request_at=at)


def backoff(failures: int) -> timedelta:
    """How long to leave alone what failed so many times in a row before."""
    return timedelta(seconds=min(_BACKOFF_FIRST * 2 ** min(failures, 16), _BACKOFF_MOST))
