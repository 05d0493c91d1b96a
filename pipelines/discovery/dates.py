"""Dates as machines write them in feeds and sitemaps: RFC 822, ISO 8601, W3CDTF.

Dates as people write them in pages are `pipelines.dates`' affair.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from zoneinfo import ZoneInfo

from pipelines.records import Precision, When

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"\d{1,2}:\d{2}:\d{2}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
# RFC 822 knows the American zones only; these are met in the feeds of the outlets' countries.
_NAMED = {"CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "BST": 1, "WET": 0, "WEST": 1, "EET": 2, "EEST": 3, "JST": 9, "MSK": 3, "IST": 5.5}
_YEARS = range(1990, 2101)


def read_date(text: str | None, zone: str | None = None) -> When | None:
    """The instant that the text states, None where it states none; without a zone it is in `zone`, else UTC, and says so."""
    if not text or not (text := text.strip()):
        return None
    try:
        found = _iso(text, zone) or _rfc822(text, zone)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and found.instant.year in _YEARS else None


def _iso(text: str, zone: str | None) -> When | None:
    match = _ISO.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second, offset = match.groups()
    date = (int(year), int(month), int(day))
    if hour is None:
        return When(
            instant=datetime(*date, tzinfo=_zone(zone)), precision=Precision.DAY, zone_assumed=True
        )
    tz = _offset(offset) if offset else _zone(zone)
    return When(
        instant=datetime(*date, int(hour), int(minute), min(int(second or 0), 59), tzinfo=tz),
        precision=Precision.SECOND if second else Precision.MINUTE,
        zone_assumed=offset is None,
    )


def _rfc822(text: str, zone: str | None) -> When | None:
    named = re.search(r"\b([A-Z]{3,4})\s*$", text)
    if named and named[1] in _NAMED:
        hours = _NAMED[named[1]]
        text = text[: named.start()] + f"{int(hours):+03d}{int(hours % 1 * 60):02d}"
    parsed = parsedate_tz(text)
    if parsed is None:
        return None
    # parsedate_tz gives -0000 and no zone alike as None or 0: look at the text itself.
    stated = bool(re.search(r"[+-]\d{4}\s*(\(.*\))?$|\b(UT|UTC|GMT|Z|[ECMP][SD]T)\s*$", text))
    tz = timezone(timedelta(seconds=parsed[9] or 0)) if stated else _zone(zone)
    if not _CLOCK.search(text):
        return When(instant=datetime(*parsed[:3], tzinfo=tz), precision=Precision.DAY, zone_assumed=True)
    precise = Precision.SECOND if _SECONDS.search(text) else Precision.MINUTE
    return When(
        instant=datetime(*parsed[:5], min(parsed[5], 59), tzinfo=tz), precision=precise, zone_assumed=not stated
    )


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC


def _offset(text: str) -> tzinfo:
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "").ljust(4, "0")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
