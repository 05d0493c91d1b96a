"""When to poll a source next, and when to look at an article again; pure.

Intervals are fixed or cron expressions for now, with jitter and a back-off for failures; what is due is kept as
columns (`pipelines.store.sources`, `pipelines.store.entries`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from crawler.outlets import Outlet, Source
from pipelines.records import Precision, When

DEFAULT_EVERY = 900.0
"""Seconds between polls where neither the source nor the outlet says."""
JITTER = 0.1
"""Share of the interval by which a source's polls are moved, so that sources of one interval spread out."""
BACKOFF_MOST = 3_600.0
"""Seconds: a source that fails is asked again within the hour, so that a network that comes back is noticed soon."""
_CLOCKS_APART = timedelta(minutes=1)


def next_poll(
    source: Source, outlet: Outlet, *, last: datetime, now: datetime, failures: int = 0, key: str = ""
) -> datetime:
    """The next poll's instant, UTC, after `now`, the end of the present poll.

    `last` is when the present poll was due; `failures` the polls that failed in a row, this one included; `key` chooses
    the jitter, one and the same for a source all day. A failing source is asked again after its interval, then twice
    that, four times, up to an hour (or its interval, where that is longer); between the times of a cron expression it
    is tried again in the same way.
    """
    every, cron = interval_of(source, outlet), cron_of(source, outlet)
    if failures:
        every = min(every * 2.0 ** min(failures - 1, 16), max(BACKOFF_MOST, every))
    polled = now + timedelta(seconds=every * (1 + JITTER * _spread(f"{key}{now:%Y-%m-%d}")))
    if cron is None:
        return polled
    # A worker whose clock is behind the one that set `last` must not run that local time again.
    due = next_local(cron, outlet.zone, max(now, min(last, now + _CLOCKS_APART)))
    return min(due, polled) if failures else due


def interval_of(source: Source, outlet: Outlet) -> float:
    """Seconds between two polls: as the source says, else its outlet, else the default within the outlet's bounds."""
    every = source.every or (None if source.cron else outlet.poll.every)
    if every is not None:
        return every
    return min(max(DEFAULT_EVERY, outlet.poll.min or 0.0), outlet.poll.max or math.inf)


def cron_of(source: Source, outlet: Outlet) -> str | None:
    """The cron expression by which the source is polled, if it is polled by one."""
    return source.cron or (None if source.every else outlet.poll.cron)


def next_local(cron: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The next instant after `now` at which the expression's local time comes, UTC; each local time once.

    Local times are walked without a zone and then placed: one that the clock skips in spring runs as much later as the
    clock jumps, one that comes twice in autumn runs the first time (APScheduler 3.11.3 runs 03:15 Helsinki twice).
    """
    # Some hours back: a time that the clock has just skipped may be still to come.
    local = (now.astimezone(zone) - timedelta(hours=3)).replace(tzinfo=None)
    times: Any = croniter(cron, local)
    while True:
        wanted: datetime = times.get_next(datetime)
        instant = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if instant > now:
            return instant


def looks_from(discovered: datetime, published: When | None, delays: Sequence[float]) -> datetime:
    """Since when an article's looks are counted: its publication, as far as that tells when it will be edited.

    Its discovery where the hour of publication is not known, lies ahead, or is so long ago that all looks were over: an
    outlet that is added brings its backlog, and what was read once is looked at again, too.
    """
    if published is None or published.precision is Precision.DAY:
        return discovered
    age = (discovered - published.utc).total_seconds()
    return published.utc if 0 <= age < max(delays, default=0.0) else discovered


def next_look(since: datetime, delays: Sequence[float], now: datetime) -> datetime | None:
    """When to look at an article again: the first of `delays` (seconds after `since`) to come, else None."""
    return min((at for delay in delays if (at := since + timedelta(seconds=delay)) > now), default=None)


def _spread(key: str) -> float:
    """A number in [-1, 1) that depends on nothing but the key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**31 - 1
