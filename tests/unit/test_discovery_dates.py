"""Dates of feeds and sitemaps: what was stated is kept, what was not is not made up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.discovery.dates import claimed_date, read_date
from pipelines.records import Precision

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Mon, 12 Jan 2026 10:00:00 +0100", "2026-01-12T10:00:00+01:00"),
        ("Mon, 12 Jan 2026 10:00:00 +01:00", "2026-01-12T10:00:00+01:00"),
        ("Mon, 12 Jan 2026 10:00 GMT", "2026-01-12T10:00+00:00"),
        ("Mon, 12 Jan 2026 10:00:00 -0000", "2026-01-12T10:00:00+00:00"),
        ("12 Jan 26 10:00:00 EST", "2026-01-12T10:00:00-05:00"),
        ("Mon, 12 Jan 2026 10:00:00 CEST", "2026-01-12T10:00:00+02:00"),
        ("Mon, 12 Jan 2026 10:00:00 IST", "2026-01-12T10:00:00+05:30"),
        ("Mon, 12 Jan 2026 10:00:00 GMT+1", "2026-01-12T10:00:00+01:00"),
        ("Monday, 12-Jan-26 10:00:00 UTC", "2026-01-12T10:00:00+00:00"),
        ("Thu Jan 15 10:11:12 PST 2026", "2026-01-15T10:11:12-08:00"),
        ("January 12, 2026 3:05 PM EST", "2026-01-12T15:05-05:00"),
        ("12 Jan 2026 12:05 AM GMT", "2026-01-12T00:05+00:00"),
        ("2026-01-12T10:00:00Z", "2026-01-12T10:00:00+00:00"),
        ("2026-01-12T10:00:00.123456+05:45", "2026-01-12T10:00:00+05:45"),
        ("2026-01-12 10:00+0100", "2026-01-12T10:00+01:00"),
        ("2026-01-12T10:00:00+01", "2026-01-12T10:00:00+01:00"),
        ("2026-01-12T10:00:00+01:00[Europe/Rome]", "2026-01-12T10:00:00+01:00"),
        ("20260112T101500Z", "2026-01-12T10:15:00+00:00"),
        ("2026-01-12T24:00:00Z", "2026-01-13T00:00:00+00:00"),
        ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59+00:00"),
    ],
)
def test_offset_and_precision_are_kept_as_stated(text: str, stated: str) -> None:
    found = read_date(text, "Asia/Tokyo")

    assert found is not None
    assert (found.isoformat(), found.zone_assumed) == (stated, False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-07-12T10:00:00", "2026-07-12T10:00:00+02:00"),
        ("2026-01-12 10:00", "2026-01-12T10:00+01:00"),
        ("Mon, 12 Jan 2026 10:00:00", "2026-01-12T10:00:00+01:00"),
        ("Mon, 12 Jan 2026 10:00:00 XYZ", "2026-01-12T10:00:00+01:00"),
        ("Thu Jan 15 10:11:12 2026", "2026-01-15T10:11:12+01:00"),
        ("20260112101500", "2026-01-12T10:15:00+01:00"),
    ],
)
def test_date_without_offset_is_in_the_outlets_zone_and_says_so(text: str, read: str) -> None:
    found = read_date(text, "Europe/Rome")

    assert found is not None
    assert (found.isoformat(), found.zone_assumed) == (read, True)


@pytest.mark.parametrize(
    "text", ["2026-01-12", "20260112", "12 Jan 2026", "Mon, 12 Jan 2026", "January 12, 2026", "2026/1/12"]
)
def test_bare_day_stays_a_day(text: str) -> None:
    found = read_date(text, "Europe/Rome")

    assert found is not None
    assert found.precision is Precision.DAY
    assert found.isoformat() == "2026-01-12"
    assert found.instant.isoformat() == "2026-01-12T00:00:00+01:00"


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "2026", "2026-01", "January 2026", "yesterday", "1768210000", "1768210000123", "2026-02-31",
        "2026-13-01", "2026-01-12T25:00:00Z", "2026-01-12T10:61:00Z", "Fri, 31 Jun 2026 10:00:00 GMT",
        "2026-01-12T10:00:00+99:00", "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT", "0001-01-01T00:00:00",
        "12 Foo 2026", "9999-12-31",
    ],
)  # fmt: skip
def test_no_date_is_made_of_what_is_none(text: str | None) -> None:
    assert claimed_date(text, "Europe/Rome", now=NOW) is None


@pytest.mark.parametrize(
    ("text", "zone", "read"),
    [
        ("Lun, 12 Gen 2026 10:00:00 +0200", "Europe/Rome", "2026-01-12T10:00:00+02:00"),
        ("Lun, 12 Gen 2026 10:00:00 GMT", "Europe/Rome", "2026-01-12T10:00:00+00:00"),
        ("lunedì 12 gennaio 2026 10:00", "Europe/Rome", "2026-01-12T10:00+01:00"),
        ("Mo, 12 Mai 2026 10:00:00 +0200", "Europe/Berlin", "2026-05-12T10:00:00+02:00"),
        ("12/01/2026", "Europe/Rome", "2026-01-12"),
        ("01/12/2026", "America/New_York", "2026-01-12"),
    ],
)
def test_date_as_people_write_it_is_read_where_no_machine_wrote_one(text: str, zone: str, read: str) -> None:
    found = claimed_date(text, zone, now=NOW)

    assert found is not None
    assert found.isoformat() == read


@given(
    st.text(max_size=60)
    | st.from_regex(r"\d{1,20}[-/ ]\d{1,9}[-/ ]\d{1,9}[T ]\d{1,3}:\d{2}( [+-]\d{1,4}| [A-Z]{3}| giorni fa)?")
)
def test_no_text_makes_it_fail(text: str) -> None:
    found = claimed_date(text, None, now=NOW)

    assert found is None or 1990 <= found.instant.year <= 2101


@pytest.mark.parametrize("text", [f"{'9' * 30} hours ago", "lunedì 12 gennaio 2026 10:00 +9959"])
def test_impossible_numbers_are_no_date(text: str) -> None:
    assert claimed_date(text, None, now=NOW) is None
