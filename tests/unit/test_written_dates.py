"""Dates as people write them in pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.dates import day_in_url, find_date, has_date, without_dates

NOW = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Pubblicato Lunedì, 12 Gennaio 2026 a cura di Anna S.", "2026-01-12"),
        ("12 gennaio 2026 alle 14:05", "2026-01-12T14:05+01:00"),
        ("Stand: 12. Januar 2026, 14:05 Uhr", "2026-01-12T14:05+01:00"),
        ("January 12, 2026 3:04 pm ET", "2026-01-12T15:04-05:00"),
        ("le 1er août 2026", "2026-08-01"),
        ("12 de enero de 2026", "2026-01-12"),
        ("am 12.1.2026", "2026-01-12"),
        ("2026年1月12日", "2026-01-12"),
        ("vor 2 Stunden", "2026-01-12T09:00+01:00"),
        ("3 ore fa", "2026-01-12T08:00+01:00"),
        ("30 February 2026", None),
        ("nel 2026", None),
        ("versione 12.1", None),
    ],
)
def test_date_is_found_with_its_precision(text: str, wanted: str | None) -> None:
    found = find_date(text, zone="Europe/Rome", now=NOW)
    assert (found.isoformat() if found else None) == wanted


def test_date_without_a_zone_says_so() -> None:
    local = find_date("12 gennaio 2026, 14:05", zone="Europe/Rome", now=NOW)
    named = find_date("January 12, 2026 3:04 pm ET", zone="Europe/Rome", now=NOW)
    assert local is not None
    assert named is not None
    assert (local.zone_assumed, named.zone_assumed) == (True, False)


def test_american_order_is_read_where_it_is_told() -> None:
    found = find_date("03/04/2026", zone=None, now=NOW, month_first=True)
    assert found is not None
    assert found.isoformat() == "2026-03-04"


def test_day_in_a_path_is_found_and_numbers_are_not_days() -> None:
    found = day_in_url("https://a.example/2026/01/12/x", None)
    assert found is not None
    assert found.isoformat() == "2026-01-12"
    assert day_in_url("https://a.example/p/20261312/x", None) is None


def test_line_without_its_date_is_what_else_it_says() -> None:
    assert has_date("Ultima revisione: Lunedì, 12 Gennaio 2026")
    assert without_dates("Ultima revisione: 12 Gennaio 2026, 14:05").split() == ["Ultima", "revisione:"]
