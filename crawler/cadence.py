"""When to poll a source next, and when to look at an article again; pure.

Intervals are fixed or cron expressions for now, with jitter and a back-off for failures; what is due is kept as
columns (`pipelines.store.sources`, `pipelines.store.entries`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from crawler.outlets import DEFAULT_EVERY, Outlet, Source

JITTER = 0.1
"""Share of the interval by which a source's polls are moved, so that sources of one interval spread out."""
BACKOFF_MOST = 3_600.0
"""Seconds: a source that fails is asked again within the hour, so that a network that comes back is noticed soon."""


def next_poll(
    source: Source, outlet: Outlet, *, last: datetime, now: datetime, failures: int = 0, key: str = ""
) -> datetime:
    """The next poll's instant, UTC, after `now`.

    `last` is when this poll was due; `failures` the polls that failed in a row; `key` chooses the jitter, the same
    for one source every time.
    """
    cron = source.cron or (None if source.every else outlet.poll.cron)
    if cron:
        due = next_local(cron, outlet.zone, now)
        return min(due, now + timedelta(seconds=BACKOFF_MOST)) if failures else due
    every = source.every or outlet.poll.every or DEFAULT_EVERY
    every = min(max(every, outlet.poll.min if source.every is None and outlet.poll.every is None else 0.0), outlet.poll.max)
    if failures:
        every = min(every * 2 ** min(failures - 1, 16), max(BACKOFF_MOST, every))
    _ = last
    return now + timedelta(seconds=every * (1 + JITTER * _spread(f"{key}{now.date()}")))


def next_local(cron: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The next instant after `now` at which the expression's local time comes, UTC; each local time once.

    Local times are walked without a zone and then placed: one that the clock skips in spring runs when the clock has
    jumped, one that comes twice in autumn runs the first time (APScheduler 3.11.3 runs 03:15 Helsinki twice).
    """
    # Two hours back: in the hour that comes twice, local time has already been where it is going again.
    local = (now.astimezone(zone) - timedelta(hours=2)).replace(tzinfo=None)
    times = croniter(cron, local)
    while True:
        wanted: datetime = times.get_next(datetime)
        instant = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if instant > now:
            return instant


def next_look(discovered: datetime, delays: Sequence[float], now: datetime) -> datetime | None:
    """When to look at an article again: the first of `delays` (seconds after its discovery) to come, else None."""
    return min((at for delay in delays if (at := discovered + timedelta(seconds=delay)) > now), default=None)


def _spread(key: str) -> float:
    """A number in [-1, 1) that depends on nothing but the key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**31 - 1
