"""When a source is polled next, and when an article is looked at again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crawler.cadence import looks_from, next_local, next_look, next_poll
from crawler.outlets import Outlet, Source
from pipelines.records import Precision, When

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HELSINKI, ROME = ZoneInfo("Europe/Helsinki"), ZoneInfo("Europe/Rome")


def outlet(poll: dict[str, Any] | None = None, timezone: str = "Europe/Rome", **source: Any) -> tuple[Source, Outlet]:
    found = Outlet.model_validate(
        {
            "slug": "gazzetta",
            "name": "Gazzetta",
            "homepage": "https://gazzetta.example",
            "language": "it",
            "timezone": timezone,
            "policy": "scrape",
            "poll": poll or {},
            "source": [{"kind": "feed", "url": "https://gazzetta.example/feed", **source}],
        }
    )
    return found.sources[0], found


def wait(poll: dict[str, Any] | None = None, *, failures: int = 0, key: str = "k", **source: Any) -> timedelta:
    return next_poll(*outlet(poll, **source), last=NOON, now=NOON, failures=failures, key=key) - NOON


def about(expected: timedelta) -> Any:
    return pytest.approx(expected, abs=expected * 0.1)


# -- intervals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "poll", "expected"),
    [
        ({"every": "5m"}, {"every": "1h"}, timedelta(minutes=5)),
        ({}, {"every": "1h"}, timedelta(hours=1)),
        ({}, {}, timedelta(minutes=15)),
        ({}, {"min": "30m"}, timedelta(minutes=30)),
        ({}, {"max": "5m"}, timedelta(minutes=5)),
        ({"every": "2s"}, {"cron": "0 6 * * *"}, timedelta(seconds=2)),
    ],
)
def test_source_goes_before_outlet_before_default(
    source: dict[str, Any], poll: dict[str, Any], expected: timedelta
) -> None:
    assert wait(poll, **source) == about(expected)


def test_sources_of_one_interval_spread_out_within_a_tenth() -> None:
    waits = {wait(every="1h", key=f"https://a.example/{n}") for n in range(200)}

    assert len(waits) == 200
    assert timedelta(minutes=54) <= min(waits) < timedelta(minutes=56)
    assert timedelta(minutes=64) < max(waits) <= timedelta(minutes=66)


def test_jitter_of_a_source_is_the_same_after_a_restart() -> None:
    assert wait(every="1h", key="one") == wait(every="1h", key="one")


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (50, 60), (100_000, 60)],
)
def test_failing_source_is_asked_ever_less_but_within_the_hour(failures: int, minutes: int) -> None:
    assert wait(every="5m", failures=failures) == about(timedelta(minutes=minutes))


def test_failures_never_shorten_a_long_interval() -> None:
    assert wait(every="6h", failures=3) == about(timedelta(hours=6))


@pytest.mark.parametrize(("failures", "minutes"), [(1, 15), (2, 30), (9, 60)])
def test_failed_daily_poll_is_tried_again_before_the_next_day(failures: int, minutes: int) -> None:
    assert wait(cron="0 6 * * *", failures=failures) == about(timedelta(minutes=minutes))


def test_failed_poll_waits_no_longer_than_its_cron_time() -> None:
    assert wait(cron="5 13 * * *", failures=9) == timedelta(minutes=5)  # 13:05 in Rome is 12:05 UTC


# -- cron --------------------------------------------------------------------------------------------------------------


def test_cron_means_the_outlets_own_time() -> None:
    rome = next_poll(*outlet(cron="0 6 * * *"), last=NOON, now=NOON)
    tokyo = next_poll(*outlet(cron="0 6 * * *", timezone="Asia/Tokyo"), last=NOON, now=NOON)

    assert (rome.isoformat(), tokyo.isoformat()) == ("2026-11-25T05:00:00+00:00", "2026-11-24T21:00:00+00:00")


def test_clock_that_is_behind_does_not_run_a_time_twice() -> None:
    due = datetime(2026, 11, 25, 5, tzinfo=UTC)  # 06:00 in Rome
    behind = due - timedelta(milliseconds=300)

    assert next_poll(*outlet(cron="0 6 * * *"), last=due, now=behind) == due + timedelta(days=1)


def test_poll_asked_for_in_between_leaves_the_next_time_as_it_is() -> None:
    due = datetime(2026, 11, 25, 5, tzinfo=UTC)

    assert next_poll(*outlet(cron="0 6 * * *"), last=due, now=due - timedelta(hours=3)) == due


def runs(cron: str, zone: ZoneInfo, start: datetime, days: int) -> list[str]:
    """Every run of so many days, in local time with its offset."""
    found, now, end = [], start, start + timedelta(days=days)
    while (now := next_local(cron, zone, now)) < end:
        found.append(now.astimezone(zone).isoformat(timespec="minutes"))
    return found


@pytest.mark.parametrize(
    ("zone", "cron", "start", "expected"),
    [
        (  # the clock jumps from 03:00 to 04:00
            HELSINKI,
            "15 3 * * *",
            datetime(2027, 3, 27, tzinfo=UTC),
            ["2027-03-27T03:15+02:00", "2027-03-28T04:15+03:00", "2027-03-29T03:15+03:00"],
        ),
        (  # 03:00 to 04:00 comes twice
            HELSINKI,
            "15 3 * * *",
            datetime(2026, 10, 24, tzinfo=UTC),
            ["2026-10-24T03:15+03:00", "2026-10-25T03:15+03:00", "2026-10-26T03:15+02:00"],
        ),
        (  # the clock jumps from 02:00 to 03:00
            ROME,
            "30 2 * * *",
            datetime(2027, 3, 27, tzinfo=UTC),
            ["2027-03-27T02:30+01:00", "2027-03-28T03:30+02:00", "2027-03-29T02:30+02:00"],
        ),
        (  # 02:00 to 03:00 comes twice
            ROME,
            "30 2 * * *",
            datetime(2026, 10, 24, tzinfo=UTC),
            ["2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
        ),
    ],
)
def test_daily_time_comes_once_on_the_days_the_clock_changes(
    zone: ZoneInfo, cron: str, start: datetime, expected: list[str]
) -> None:
    assert runs(cron, zone, start, 3) == expected


def test_hourly_time_that_the_clock_skips_falls_together_with_the_next() -> None:
    found = runs("15 * * * *", HELSINKI, datetime(2027, 3, 27, 23, 30, tzinfo=UTC), 1)[:4]

    assert found == [
        "2027-03-28T02:15+02:00",
        "2027-03-28T04:15+03:00",
        "2027-03-28T05:15+03:00",
        "2027-03-28T06:15+03:00",
    ]


@pytest.mark.parametrize("minute", range(0, 180, 10))
def test_next_run_is_the_same_from_wherever_one_asks(minute: int) -> None:
    """A daemon that starts within the changed hours neither skips a time nor runs one again."""
    start = datetime(2027, 3, 28, 0, 0, tzinfo=UTC)
    every = [datetime(2027, 3, 28, 1, 15, tzinfo=UTC), datetime(2027, 3, 29, 0, 15, tzinfo=UTC)]
    asked = start + timedelta(minutes=minute)

    assert next_local("15 3 * * *", HELSINKI, asked) == min(run for run in every if run > asked)


def test_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    try:
        found = next_local("0 6 * * *", ROME, NOON)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert found == datetime(2026, 11, 25, 5, tzinfo=UTC)


# -- second looks ------------------------------------------------------------------------------------------------------


def test_article_is_looked_at_again_after_each_delay_then_no_more() -> None:
    delays = (3_600.0, 86_400.0, 604_800.0)
    looks, now = [], NOON
    while look := next_look(NOON, delays, now):
        looks.append(look - NOON)
        now = look

    assert looks == [timedelta(hours=1), timedelta(days=1), timedelta(days=7)]


def test_looks_that_were_missed_are_not_made_up_for() -> None:
    assert next_look(NOON, (3_600.0, 86_400.0), NOON + timedelta(hours=5)) == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("published", "precision", "since"),
    [
        pytest.param(timedelta(minutes=-20), Precision.MINUTE, timedelta(minutes=-20), id="just published"),
        pytest.param(timedelta(days=-6), Precision.SECOND, timedelta(days=-6), id="some looks are over"),
        pytest.param(timedelta(days=-8), Precision.MINUTE, timedelta(0), id="all looks would be over"),
        pytest.param(timedelta(hours=2), Precision.MINUTE, timedelta(0), id="it lies ahead"),
        pytest.param(timedelta(hours=-5), Precision.DAY, timedelta(0), id="the hour is not known"),
    ],
)
def test_looks_are_counted_from_publication_where_that_tells(
    published: timedelta, precision: Precision, since: timedelta
) -> None:
    discovered = datetime(2026, 3, 10, 12, tzinfo=UTC)
    when = When(instant=discovered + published, precision=precision)
    assert looks_from(discovered, when, (3_600, 86_400, 604_800)) == discovered + since


def test_looks_are_counted_from_discovery_where_no_date_is_known() -> None:
    discovered = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert looks_from(discovered, None, (3_600,)) == discovered
