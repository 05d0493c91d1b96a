"""What a host is owed: gaps, holds, Retry-After; with a clock of our own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.politeness.courtesy import HOLD_FIRST, HOLD_MOST, ROBOTS_FRESH, Courtesy, read_retry_after
from pipelines.discovery.robots import RobotsRules
from pipelines.store.hosts import HostState

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def courtesy(clock: Clock) -> Courtesy:
    return Courtesy(gap=timedelta(seconds=5), clock=clock)


def test_gap_is_waited_for_and_no_longer(courtesy: Courtesy, clock: Clock) -> None:
    assert courtesy.wait("a.example") == 0
    courtesy.asked("a.example")
    assert courtesy.wait("a.example") == 5
    assert courtesy.wait("b.example") == 0
    clock.now += timedelta(seconds=5)
    assert courtesy.wait("a.example") == 0


def test_crawl_delay_lengthens_the_gap_and_never_shortens_it(courtesy: Courtesy) -> None:
    courtesy.learn("a.example", RobotsRules(crawl_delay=12.0), status="200", fresh_for=ROBOTS_FRESH)
    courtesy.asked("a.example")
    assert courtesy.wait("a.example") == 12
    courtesy.learn("b.example", RobotsRules(crawl_delay=1.0), status="200", fresh_for=ROBOTS_FRESH)
    courtesy.asked("b.example")
    assert courtesy.wait("b.example") == 5


def test_gap_and_hold_survive_a_restart(courtesy: Courtesy) -> None:
    left = HostState(name="a.example", next_request_at=NOW + timedelta(seconds=3), hold_until=NOW + timedelta(hours=1))
    courtesy.recall(left)
    assert courtesy.wait("a.example") == 3
    assert courtesy.held("a.example") == NOW + timedelta(hours=1)


def test_rules_are_asked_for_again_after_a_day(courtesy: Courtesy, clock: Clock) -> None:
    rules = RobotsRules(rules=((False, "/private"),))
    courtesy.learn("a.example", rules, status="200", fresh_for=ROBOTS_FRESH)
    assert courtesy.rules("a.example") == rules
    clock.now += ROBOTS_FRESH
    assert courtesy.rules("a.example") is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Feb 2026 12:30:00 GMT", 1_800),
        ("soon", None),
        ("", None),
        (None, None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: int | None) -> None:
    wanted = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert read_retry_after(header, NOW) == wanted


@pytest.mark.parametrize(
    ("header", "hold"),
    [("60", timedelta(seconds=60)), (None, HOLD_FIRST), ("nonsense", HOLD_FIRST), ("9999999", HOLD_MOST)],
)
def test_busy_host_is_held_as_long_as_it_says_within_a_day(
    courtesy: Courtesy, header: str | None, hold: timedelta
) -> None:
    assert courtesy.told_to_wait("a.example", status=429, retry_after=header) == NOW + hold
    assert courtesy.held("a.example") == NOW + hold


def test_longer_hold_is_not_shortened(courtesy: Courtesy) -> None:
    courtesy.told_to_wait("a.example", status=503, retry_after="7200")
    courtesy.told_to_wait("a.example", status=503, retry_after="60")
    assert courtesy.held("a.example") == NOW + timedelta(hours=2)
