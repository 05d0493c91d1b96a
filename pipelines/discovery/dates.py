"""Dates as machines write them in feeds, sitemaps and metadata: RFC 822, ISO 8601, W3CDTF, asctime.

Dates as people write them are `pipelines.dates`' affair; a source that writes them so is helped by `claimed_date`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from pipelines.dates import find_date
from pipelines.records import Precision, When

_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?(?!\d)\s*(?P<half>[ap]\.?m\b\.?)?"
_ZONE = r"\s*(?P<zone>(?:UTC|GMT|UT)?[+-]\d{1,2}(?::?\d{2})?(?!\d)|[a-z]{1,5}\b)?"
_WEEKDAY = r"(?:[^\W\d_]{2,9}\.?,?\s+)?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})(?P<dash>[-/])(?P<month>\d{{1,2}})(?P=dash)(?P<day>\d{{1,2}})(?!\d)"
    rf"(?:(?:\s*T\s*|,?\s+){_TIME}{_ZONE})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
    r"(?P<half>)(?P<zone>Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_RFC822 = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})[\s-]+(?P<name>[a-z]{{3,9}})\.?,?[\s-]+(?P<year>\d{{4}}|\d{{2}})(?!\d)"
    rf"(?:,?\s+{_TIME}{_ZONE})?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<name>[a-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})(?!\d)(?:,?\s+{_TIME}{_ZONE})?",
    re.IGNORECASE,
)
_ASCTIME = re.compile(
    rf"{_WEEKDAY}(?P<name>[a-z]{{3,9}})\.?\s+(?P<day>\d{{1,2}})\s+{_TIME}{_ZONE}\s+(?P<year>\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_LAST_ZONE = re.compile(r"\s*(?<![\w-])((?:UTC|GMT|UT)?[+-]\d{1,2}:?\d{2}|UTC|GMT|UT|Z)\s*$", re.IGNORECASE)
_ENGLISH = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NAMED_ZONES = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "MET": 1, "CEST": 2, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "TRT": 3, "IDT": 3, "SAST": 2, "GST": 4, "PKT": 5, "IST": 5.5, "WIB": 7, "ICT": 7,
    "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "BRT": -3, "ART": -3, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
"""Hours from UTC. RFC 822 section 5 knows the American names; the others are met in feeds. IST is read as India's."""
_YEARS = range(1990, 2101)
"""Epoch zero, year 1 and the like are what software writes where it knows no date."""


def read_date(text: str | None, zone: str | None = None) -> When | None:
    """The instant that a text begins with, None where it states none or an impossible one.

    A date without an offset is in `zone` (an IANA name), else UTC, and says so; a date without a clock is a bare day.
    A year or a month alone is no date.
    """
    text = (text or "").strip()
    for pattern in (_ISO, _RFC822, _MONTH_FIRST, _ASCTIME):
        if found := pattern.match(text):
            return _made(found, zone)
    return _made(found, zone) if (found := _COMPACT.fullmatch(text)) else None


def claimed_date(text: str | None, zone: str | None, *, now: datetime) -> When | None:
    """As `read_date`, and where that finds none, a date as people write it: "Lun, 12 Gen 2026 10:00:00 +0100".

    03/04/2026 is 4 March where `zone` is American, 3 April elsewhere; `now` is when the source was fetched.
    """
    if not text or (found := read_date(text, zone)):
        return found if text else None
    stated = _LAST_ZONE.search(text)
    try:
        offset = _offset(stated[1]) if stated else None
        plain = text[: stated.start()] if stated else text
        human = find_date(plain, zone=zone, now=now, month_first=(zone or "").startswith("America/"))
    except (ValueError, OverflowError):  # an offset of 99 hours, "999999999999 days ago"
        return None
    if human is None or offset is None or human.precision is Precision.DAY:
        return human
    return When(instant=human.instant.replace(tzinfo=offset), precision=human.precision)


def _made(found: re.Match[str], zone: str | None) -> When | None:
    parts = found.groupdict()
    try:
        year, month, day = _year(parts["year"]), _month(parts), int(parts["day"])
        if year not in _YEARS:
            return None
        if not parts["hour"]:
            return When(
                instant=datetime(year, month, day, tzinfo=_zone(zone)), precision=Precision.DAY, zone_assumed=True
            )
        offset = _offset(parts["zone"])
        hour, next_day = int(parts["hour"]), timedelta()
        if parts["half"]:
            hour = hour % 12 + (12 if parts["half"][0] in "pP" else 0)
        elif hour == 24:  # midnight at the end of the day (ISO 8601:2004 section 4.2.3)
            hour, next_day = 0, timedelta(days=1)
        second = min(int(parts["second"] or 0), 59)  # a leap second is not Python's
        instant = datetime(year, month, day, hour, int(parts["minute"]), second, tzinfo=offset or _zone(zone))
        return When(
            instant=instant + next_day,
            precision=Precision.SECOND if parts["second"] else Precision.MINUTE,
            zone_assumed=offset is None,
        )
    except ValueError:  # 31 February, 25 o'clock, an offset of 99 hours, a month that is none
        return None


def _year(text: str) -> int:
    if len(text) == 2:  # RFC 5322 section 4.3
        return int(text) + (2000 if int(text) < 50 else 1900)
    return int(text)


def _month(parts: dict[str, str]) -> int:
    if name := parts.get("name"):
        return 1 + next(
            (
                index
                for index, month in enumerate(_ENGLISH)
                if month.startswith(name.lower()) or name.lower() == month[:4]
            ),
            -1,
        )
    return int(parts["month"])


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC


def _offset(text: str | None) -> tzinfo | None:
    """The zone that an offset or a name states; None where it is no zone that we know."""
    if not text:
        return None
    digits = text.lstrip("UTCGMutcgm")
    if digits[:1] not in ("+", "-"):
        hours = _NAMED_ZONES.get(text.upper())
        return None if hours is None else timezone(timedelta(hours=hours)) if hours else UTC
    sign = -1 if digits[0] == "-" else 1
    digits = digits[1:].replace(":", "")
    hour, minute = (digits, "0") if len(digits) < 3 else (digits[:-2], digits[-2:])
    return timezone(sign * timedelta(hours=int(hour), minutes=int(minute))) if int(hour) or int(minute) else UTC
