"""Dates as people write them in pages, in the outlets' languages; and the day that a URL names.

Dates as machines write them are read in `pipelines.discovery.dates`; which of a page's dates counts, in
`pipelines.metadata`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from pipelines.records import Precision, When

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "gennaio gen january jan januar jänner janvier janv enero ene janeiro januari",
            "febbraio feb february februar februari février févr fevrier febrero fevereiro",
            "marzo mar march märz maerz mrz mars março maart",
            "aprile apr april avril avr abril abr",
            "maggio mag may mai mayo maio mei",
            "giugno giu june jun juni juin junio junho",
            "luglio lug july jul juli juillet juil julio julho",
            "agosto ago august aug août aout augustus",
            "settembre set sett september sep sept septembre septiembre setembro",
            "ottobre ott october oct oktober okt octobre octubre outubro",
            "novembre nov november noviembre novembro",
            "dicembre dic december dec dezember dez décembre décembre déc diciembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
_NAMES = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_CLOCK = r"(?:\s*[,|·•–-]?\s*(?:alle|ore|at|um|à|a las|às|h)?\.?\s*(?:ore\s+)?(\d{1,2})[:.h](\d{2})(?::(\d{2}))?\s*(?:uhr\b)?\s*([ap]\.?m\.?)?\s*(UTC|GMT|CET|CEST|MEZ|MESZ|BST|EST|EDT|PST|PDT|ET|PT)?)?"
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|º|°|er)?\.?\s+(?:de\s+|of\s+)?({_NAMES})\.?,?\s+(?:de\s+|del\s+)?(\d{{4}})\b{_CLOCK}",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(rf"\b({_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b{_CLOCK}", re.IGNORECASE)
_NUMERIC = re.compile(rf"\b(\d{{1,2}})[./-](\d{{1,2}})[./-](\d{{4}})\b{_CLOCK}", re.IGNORECASE)
_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_CJK = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日(?:\s*(\d{1,2})[:时時](\d{2})?)?")
_AGO = re.compile(
    r"\b(?:vor\s+(\d+)\s+(sekunden?|minuten?|stunden?|tage?n?)|(\d+)\s+(secondi?|minut[oi]|or[ae]|giorn[oi])\s+fa|"
    r"(\d+)\s+(seconds?|minutes?|mins?|hours?|days?)\s+ago|il\s+y\s+a\s+(\d+)\s+(secondes?|minutes?|heures?|jours?)|"
    r"hace\s+(\d+)\s+(segundos?|minutos?|horas?|días?))",
    re.IGNORECASE,
)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "o": 3_600, "u": 3_600, "d": 86_400, "t": 86_400, "g": 86_400, "j": 86_400}
_ZONES = {
    "UTC": "UTC", "GMT": "UTC", "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin",
    "MESZ": "Europe/Berlin", "BST": "Europe/London", "ET": "America/New_York", "EST": "America/New_York",
    "EDT": "America/New_York", "PT": "America/Los_Angeles", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
}  # fmt: skip
_URL_DAY = re.compile(r"/(20[0-4]\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
_YEARS = range(1990, 2101)


def find_date(text: str, *, zone: str | None, now: datetime, month_first: bool = False) -> When | None:
    """The first date in a piece of text; `now` is when the page was fetched, for "2 hours ago".

    `month_first` reads 03/04/2026 as 4 March (en-US). A date without a zone is in `zone`, else UTC, and says so.
    """
    if found := _ISO_DAY.search(text):
        return _made(found[1], found[2], found[3], (None, None, None, None, None), zone)
    if found := _DAY_FIRST.search(text):
        return _made(found[3], str(_MONTHS[found[2].lower()]), found[1], found.groups()[3:], zone)
    if found := _MONTH_FIRST.search(text):
        return _made(found[3], str(_MONTHS[found[1].lower()]), found[2], found.groups()[3:], zone)
    if found := _NUMERIC.search(text):
        day, month = (found[2], found[1]) if month_first else (found[1], found[2])
        return _made(found[3], month, day, found.groups()[3:], zone)
    if found := _CJK.search(text):
        return _made(found[1], found[2], found[3], (found[4], found[5] or "00", None, None, None), zone)
    if found := _AGO.search(text):
        amount, unit = [group for group in found.groups() if group][:2]
        ago = timedelta(seconds=int(amount) * _seconds(unit))
        return When(instant=(now - ago).astimezone(_zone(zone)), precision=Precision.MINUTE, zone_assumed=True)
    return None


def day_in_url(url: str, zone: str | None) -> When | None:
    """The day that a path such as /2026/01/12/ names."""
    found = _URL_DAY.search(url)
    return _made(found[1], found[2], found[3], (None, None, None, None, None), zone) if found else None


def has_date(text: str) -> bool:
    return any(pattern.search(text) for pattern in (_DAY_FIRST, _MONTH_FIRST, _NUMERIC, _ISO_DAY, _CJK, _AGO))


def without_dates(text: str) -> str:
    """The text with its dates and times cut out: what is left tells whether the line says more than when."""
    for pattern in (_DAY_FIRST, _MONTH_FIRST, _NUMERIC, _ISO_DAY, _CJK, _AGO):
        text = pattern.sub(" ", text)
    return re.sub(r"\b\d{1,2}[:.]\d{2}\b(?:\s*[ap]\.?m\.?)?", " ", text, flags=re.IGNORECASE)


def _made(year: str, month: str, day: str, clock: tuple[str | None, ...], zone: str | None) -> When | None:
    hour, minute, second, half, named = clock
    tz: tzinfo = ZoneInfo(_ZONES[named.upper()]) if named else _zone(zone)
    try:
        if int(year) not in _YEARS:
            return None
        if hour is None:
            instant = datetime(int(year), int(month), int(day), tzinfo=tz)
            return When(instant=instant, precision=Precision.DAY, zone_assumed=True)
        hours = int(hour) % 12 + (12 if half[0].lower() == "p" else 0) if half else int(hour)
        instant = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0), tzinfo=tz)
    except ValueError:
        return None
    precision = Precision.SECOND if second else Precision.MINUTE
    return When(instant=instant, precision=precision, zone_assumed=named is None)


def _seconds(unit: str) -> int:
    unit = unit.lower()
    return 3_600 if unit.startswith("st") else _UNITS[unit[0]]


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC
