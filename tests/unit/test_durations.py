"""Durations with their unit, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.durations import seconds, words


@pytest.mark.parametrize(
    ("written", "length"),
    [("5s", 5.0), ("15m", 900.0), ("1h", 3_600.0), ("7d", 604_800.0), ("0.5s", 0.5), (" 2 m ", 120.0), ("0s", 0.0)],
)
def test_number_with_unit_is_read_as_seconds(written: str, length: float) -> None:
    assert seconds(written) == length


@pytest.mark.parametrize(
    "written", [15, "15", "15.0", "1w", "1h30m", "-5s", "", None, True, "٥s", "367d", float("nan"), -1.0]
)
def test_anything_but_a_number_with_unit_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        seconds(written)


def test_bare_number_is_told_how_to_write_it() -> None:
    with pytest.raises(ValueError, match=r'such as "5s", "15m", "1h" or "7d", not 15$'):
        seconds(15)


@pytest.mark.parametrize(
    ("length", "written"), [(900.0, "15m"), (90.0, "90s"), (0.0, "0s"), (86_400.0, "1d"), (0.05, "0.05s")]
)
def test_seconds_are_written_in_the_largest_whole_unit(length: float, written: str) -> None:
    assert words(length) == written


@given(st.floats(min_value=0, max_value=366 * 86_400))
def test_what_is_written_reads_the_same_again(length: float) -> None:
    read = seconds(length)

    assert seconds(words(read)) == read
