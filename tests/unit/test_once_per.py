"""How often the same cause may be told."""

from __future__ import annotations

from crawler.telemetry import OncePer


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_key_passes_once_in_its_period() -> None:
    clock = Clock()
    limit = OncePer(60, clock)

    assert limit.passes("sandbox|infogioco")
    clock.seconds += 59.9
    assert not limit.passes("sandbox|infogioco")
    clock.seconds += 0.1
    assert limit.passes("sandbox|infogioco")


def test_what_was_held_back_does_not_lengthen_the_period() -> None:
    clock = Clock()
    limit = OncePer(60, clock)

    passed = []
    for _ in range(5):
        passed.append(limit.passes("tick"))
        clock.seconds += 30

    assert passed == [True, False, True, False, True]


def test_keys_are_counted_apart() -> None:
    limit = OncePer(60, Clock())

    assert limit.passes("sandbox|infogioco")
    assert limit.passes("sandbox|heise")


def test_old_keys_are_forgotten() -> None:
    """A daemon runs for months; causes that no longer happen take no memory."""
    clock = Clock()
    limit = OncePer(60, clock)
    for number in range(100):
        limit.passes(f"cause {number}")

    clock.seconds += 60
    limit.passes("another")

    assert list(limit._last) == ["another"]
