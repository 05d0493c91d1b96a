"""What is known of each host, and what it allows: robots.txt, the gap between requests, holds.

It decides and remembers; asking and waiting is the middleware's part (`crawler.politeness.middleware`), and
keeping it across restarts the visit's (`crawler.visit`, table `host`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipelines.discovery.robots import RobotsRules
from pipelines.store.hosts import HostState

ROBOTS_FRESH = timedelta(hours=24)
"""RFC 9309 section 2.4: a copy should not be used for more than 24 hours."""
ROBOTS_RETRY = timedelta(hours=1)
"""A robots.txt that answered with a server error forbids everything for this long, then it is asked again."""
HOLD_FIRST = timedelta(hours=1)
"""429 or 503 without a Retry-After that can be read."""
HOLD_MOST = timedelta(hours=24)
NEVER_SCRAPED = ("bloomberg.com", "reuters.com", "wsj.com", "ft.com")
"""Their reporting reaches us through the outlets that credit it; no request ever goes there."""


@dataclass(slots=True)
class HostMemory:
    """One host as this process knows it; instants are UTC."""

    gap: timedelta
    rules: RobotsRules | None = None
    rules_until: datetime | None = None
    rules_status: str | None = None
    next_request_at: datetime | None = None
    hold_until: datetime | None = None
    hold_reason: str | None = None
    robots_fetched: bool = False
    """Whether `rules` are newer than what Postgres has."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Courtesy:
    """The memory of all hosts that this process talks to."""

    def __init__(self, *, gap: timedelta, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._gap = gap
        self._clock = clock
        self._hosts: dict[str, HostMemory] = {}

    def host(self, name: str) -> HostMemory:
        return self._hosts.setdefault(name, HostMemory(gap=self._gap))

    def recall(self, state: HostState) -> HostMemory:
        """Take over what another worker, or this one before a restart, left in Postgres."""
        memory = self.host(state.name)
        memory.next_request_at = _later(memory.next_request_at, state.next_request_at)
        memory.hold_until = _later(memory.hold_until, state.hold_until)
        if state.robots is not None and not memory.robots_fetched:
            memory.rules = RobotsRules.from_json(state.robots)
            memory.rules_until, memory.rules_status = state.robots_until, state.robots_status
        return memory

    def rules(self, name: str) -> RobotsRules | None:
        """The host's rules while they are fresh, else None: ask for robots.txt."""
        memory = self.host(name)
        if memory.rules is None or memory.rules_until is None or memory.rules_until <= self._clock():
            return None
        return memory.rules

    def learn(self, name: str, rules: RobotsRules, *, status: str, fresh_for: timedelta) -> None:
        memory = self.host(name)
        memory.rules, memory.rules_status = rules, status
        memory.rules_until = self._clock() + fresh_for
        memory.robots_fetched = True

    def wait(self, name: str) -> float:
        """Seconds until the host may be asked; 0 when it may be asked now."""
        at = self.host(name).next_request_at
        return max(0.0, (at - self._clock()).total_seconds()) if at else 0.0

    def asked(self, name: str) -> None:
        """A request begins or has ended: the gap counts from the later of the two."""
        memory = self.host(name)
        crawl_delay = memory.rules.crawl_delay if memory.rules else None
        gap = max(memory.gap, timedelta(seconds=crawl_delay)) if crawl_delay else memory.gap
        memory.next_request_at = self._clock() + gap

    def held(self, name: str) -> datetime | None:
        """Until when the host wants silence, if it does."""
        until = self.host(name).hold_until
        return until if until is not None and until > self._clock() else None

    def told_to_wait(self, name: str, *, status: int, retry_after: str | None) -> datetime:
        """A 429 or 503: leave the host alone as long as it says (RFC 9110 section 10.2.3), an hour if it does not say."""
        now = self._clock()
        until = min(read_retry_after(retry_after, now) or now + HOLD_FIRST, now + HOLD_MOST)
        memory = self.host(name)
        memory.hold_until = _later(memory.hold_until, until)
        memory.hold_reason = f"HTTP {status}" + (f", Retry-After: {retry_after}" if retry_after else "")
        return until


def read_retry_after(value: str | None, now: datetime) -> datetime | None:
    """A Retry-After header, delay in seconds or HTTP date, as an instant; None where it cannot be read."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return now + timedelta(seconds=min(int(value), 10 * 365 * 86_400))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
