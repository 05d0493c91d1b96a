"""Dates as people write them in pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.dates import dates_in, day_in_url, find_date, has_date, without_dates

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
        ("10:32 AM EST, Fri January 9, 2026", "2026-01-09T10:32-05:00"),
        ("9 p.m. 12 January 2026", "2026-01-12T21:00+01:00"),
        ("2026-01-12T10:00:00.123Z", "2026-01-12T10:00:00+00:00"),
        ("12 de janeiro de 2026 às 14h05", "2026-01-12T14:05+01:00"),
        ("12 januari 2026 om 14:05", "2026-01-12T14:05+01:00"),
        ("12 stycznia 2026, 14:05", "2026-01-12T14:05+01:00"),
        ("12. ledna 2026", "2026-01-12"),
        ("12. tammikuuta 2026 klo 14.05", "2026-01-12T14:05+01:00"),
        ("2026. január 12. 14:05", "2026-01-12T14:05+01:00"),
        ("12 Ocak 2026 14:05", "2026-01-12T14:05+01:00"),
        ("12 ianuarie 2026", "2026-01-12"),
        ("12 января 2026, 14:05", "2026-01-12T14:05+01:00"),
        ("12 січня 2026", "2026-01-12"),
        ("12 Ιανουαρίου 2026", "2026-01-12"),
        ("12 يناير 2026", "2026-01-12"),
        ("12 tháng 1, 2026", "2026-01-12"),
        ("2026年1月12日 14時05分", "2026-01-12T14:05+01:00"),
        ("2026년 1월 12일", "2026-01-12"),
        ("입력 2026.01.12 14:05", "2026-01-12T14:05+01:00"),
        ("PoliticsJan 12, 2026", "2026-01-12"),
        ("1ER FEVRIER 2026", "2026-02-01"),
        ("12/01/26", "2026-01-12"),
        ("12.10.45", None),
        ("13/01/2026", "2026-01-13"),
        ("01/13/2026", "2026-01-13"),
        ("2026-01-12T25:00", None),
        ("un'ora fa", "2026-01-12T10:00+01:00"),
        ("2 giorni fa", "2026-01-10"),
        ("il y a 20 minutes", "2026-01-12T10:40+01:00"),
        ("há 2 horas", "2026-01-12T09:00+01:00"),
        ("2 uur geleden", "2026-01-12T09:00+01:00"),
        ("5分前", "2026-01-12T10:55+01:00"),
        ("ieri alle 10:30", "2026-01-11T10:30+01:00"),
        ("Heute, 8:05 Uhr", "2026-01-12T08:05+01:00"),
        ("Today we know more", None),
        ("12 gennaio 2026. 10.55 milioni", "2026-01-12"),
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


def test_american_order_is_the_slashs_alone() -> None:
    for text in ("03.04.2026", "03-04-2026"):
        found = find_date(text, zone=None, now=NOW, month_first=True)
        assert found is not None
        assert found.isoformat() == "2026-04-03"


def test_all_dates_of_a_line_are_found_in_order() -> None:
    line = "Published 9:15 a.m. ET Jan. 10, 2026 Updated 10:00 a.m. ET Jan. 11, 2026"
    found = list(dates_in(line, zone=None, now=NOW))
    assert [one.when.isoformat() for one in found] == ["2026-01-10T09:15-05:00", "2026-01-11T10:00-05:00"]
    assert [line[one.start : one.end] for one in found] == ["9:15 a.m. ET Jan. 10, 2026", "10:00 a.m. ET Jan. 11, 2026"]


@pytest.mark.parametrize("piece", ["12 ", "abc ", "2026 ", "1.", "10:10 ", "Jan 12 ", "12 Jan 2026 ", "vor 2 "])
def test_long_text_of_half_dates_ends(piece: str) -> None:
    has_date(piece * 20_000)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/2026/01/12/x", "2026-01-12"),
        ("/2026-01-12-nome", "2026-01-12"),
        ("/nome-20260112", "2026-01-12"),
        ("/nome_2026_01_12.html", "2026-01-12"),
        ("/world/2026/jan/12/x", "2026-01-12"),
        ("/2026/january/12/x", "2026-01-12"),
        ("/2026/01/x", None),
        ("/x?when=/2026/01/12/", None),
    ],
)
def test_day_in_a_url_in_the_forms_of_publishers(path: str, wanted: str | None) -> None:
    found = day_in_url(f"https://a.example{path}", None)
    assert (found.isoformat() if found else None) == wanted


def test_day_in_a_path_is_found_and_numbers_are_not_days() -> None:
    found = day_in_url("https://a.example/2026/01/12/x", None)
    assert found is not None
    assert found.isoformat() == "2026-01-12"
    assert day_in_url("https://a.example/p/20261312/x", None) is None


def test_line_without_its_date_is_what_else_it_says() -> None:
    assert has_date("Ultima revisione: Lunedì, 12 Gennaio 2026")
    assert without_dates("Ultima revisione: 12 Gennaio 2026, 14:05").split() == ["Ultima", "revisione:"]
