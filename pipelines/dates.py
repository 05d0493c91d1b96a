"""Dates as people write them in pages, in the outlets' languages; and the day that a URL names.

Dates as machines write them are read in `pipelines.discovery.dates`; the words of dates are in `pipelines.date_words`;
which of a page's dates counts is decided in `pipelines.page_dates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from pipelines.date_words import TODAY, YESTERDAY, ZONES, month_named, seconds_of
from pipelines.records import Precision, When

_WORD = r"[^\W\d_]{3,14}"
_DATE = re.compile(
    # 2026-01-12, 2026/1/12, 2026. 1. 12., 2026年1月12日, 2026년 1월 12일
    r"(?<!\d)(?P<y1>(?:19|20)\d\d)\s?[-/.年년]\s?(?P<m1>\d{1,2})\s?[-/.月월]\s?(?P<d1>\d{1,2})(?!\d)\s?[日日일号號]?"
    # 12 gennaio 2026, 12th of January, 2026, 1er août 2026, 12. Januar 2026, 12-Jan-2026, 12 de enero de 2026
    r"|(?<!\d)(?P<d2>\d{1,2})(?:st|nd|rd|th|er|[.ºª°])?[\s/-]{1,3}(?:de\s|of\s|d['’])?"
    rf"(?P<n2>{_WORD})[.,]{{0,2}}[\s/-]{{1,3}}(?:del?\s)?(?P<y2>\d{{4}})(?!\d)"
    # January 12, 2026, Jan. 12th 2026; what stands in a span of its own touches the word before: "PoliticsJan 12, 2026"
    rf"|(?:\b|(?<=(?-i:[a-zß-ÿ]))(?=(?-i:[A-Z])))(?P<n3>{_WORD})\.?\s{{1,3}}(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?,\s{{0,3}}|\s{{1,3}})(?P<y3>\d{{4}})(?!\d)"
    # 2026. január 12., 2026 January 12
    rf"|(?<!\d)(?P<y4>(?:19|20)\d\d)\.?,?\s(?P<n4>{_WORD})\.?\s(?P<d4>\d{{1,2}})(?![\d:])\.?"
    # 12.1.2026, 12. 1. 2026, 1/12/2026; 12.01.26 where both parts have two digits
    r"|(?<![\d.,/-])(?:(?P<a>\d{1,2})(?P<sep>[./-])\s?(?P<b>\d{1,2})(?P=sep)\s?(?P<y5>(?:19|20)\d\d)(?!\d)"
    r"|(?P<a2>\d\d)(?P<sep2>[./-])(?P<b2>\d\d)(?P=sep2)(?P<y6>\d\d)(?![\d./:-]))"
    # 12 tháng 1, 2026
    r"|(?<!\d)(?P<d7>\d{1,2})\s(?:tháng\s)(?P<m7>\d{1,2}),?\s(?:năm\s)?(?P<y7>\d{4})(?!\d)",
    re.IGNORECASE,
)
_SPAN = (
    r"(?:sec(?:ond|ondi|ondo|ondes?)?s?|segundos?|sekund\w{0,3}|min(?:ut\w{0,3})?s?|dakika|hours?|hrs?|ore|ora|stunden?|std|heures?|"
    r"horas?|uur|uren|tim(?:m|er|mar)\w{0,3}|godz\w{0,4}|hodin\w{0,3}|saat|days?|giorn[oi]|tage?n?|jours?|d[ií]as?|dag(?:en|ar|e)?|dni|dzień|dny|"
    r"gün|секунд\w?|минут\w?|час\w{0,2}|дн\w{1,2}|день|годин\w?|хвилин\w?)"
)
_ONE = r"(?:an?|one|un['’]?|una|uno|une|eine[rmsn]?|uma?|een|en|ett|et)"
_AGO = re.compile(
    rf"\b(?:vor|il\s+y\s+a|hace|há|för|for)\s+(?P<n1>\d{{1,3}}|{_ONE})\s*(?P<u1>{_SPAN})(?!\w)"
    rf"|(?<![\w.,])(?P<n2>\d{{1,3}}|{_ONE})\s?(?P<u2>{_SPAN}|[hm])\.?\s+(?:ago|fa|geleden|temu|sedan|siden|atrás|önce|назад|тому)(?!\w)"
    r"|(?<!\d)(?P<n3>\d{1,3})\s?(?P<u3>秒|分钟|分鐘|分|小时|小時|時間|天|日|초|분|시간|일)\s?[前전]",
    re.IGNORECASE,
)
_RELATIVE_WORDS = (
    "ago", " fa", "vor ", "y a ", "hace", "há ", "geleden", "temu", "sedan", "siden", "atrás", "önce", "назад", "тому", "前", "전",
    *TODAY, *YESTERDAY,
)  # fmt: skip
_DAY_WORD = re.compile(
    rf"(?<!\w)(?P<day>{'|'.join(sorted(map(re.escape, TODAY | YESTERDAY), key=len, reverse=True))})(?!\w)",
    re.IGNORECASE,
)
_ZONE = (
    rf"(?P<zone>(?:UTC|GMT)?\s?[+-]\d{{1,2}}:?\d\d(?!\d)|(?:{'|'.join(sorted(ZONES, key=len, reverse=True))})(?!\w))"
)
_TIME = (
    r"(?P<hour>\d{1,2})(?:\s?[:.h時时시]\s?(?P<minute>\d\d)(?!\d)(?::(?P<second>\d\d)(?:\.\d{1,6})?)?\s?[分분]?(?!\.\d)|(?=\s?(?:[ap]\.?m|uhr)\b))"
    rf"\s?(?:uhr\b|hrs?\b)?\s?(?P<half>[ap]\.?m\b\.?)?\s?\(?{_ZONE}?"
)
_CLOCK = re.compile(
    rf"[\s,|·•–—@/(-]{{0,4}}(?:(?:alle\s+ore|alle|ore|dalle|at|um|à|a\s+las|às|klo?|om|ob|kell|o\s+godz|o|в|о|saat|t)[.:,]?)?\s{{0,3}}{_TIME}",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_CLOCK_BEGUN = re.compile(r"[tT]\d")
_CLOCK_BEFORE = re.compile(
    rf"(?<![\d.,:]){_TIME}\)?[\s,|·•–—-]{{1,4}}(?:(?:on|del|am|vom|du|of)\s+)?(?:{_WORD}\.?,?\s{{0,3}})?$",
    re.IGNORECASE,
)
_URL_DAY = re.compile(
    r"[/_.-](20[0-4]\d|199\d)(?:[/_-](0?[1-9]|1[0-2]|[a-z]{3,9})[/_-](0?[1-9]|[12]\d|3[01])|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))(?=[/_.?-]|$)"
)
_YEARS = range(1990, 2101)
_JOINED = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")  # "PoliticsJan": spans side by side
_BEFORE_MOST = 48  # characters of "10:32 AM EST, Friday "


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it stands in a text, its clock included: from `start` to `end`."""

    start: int
    end: int
    when: When
    other: When | None = None
    """What 03/04/2026 says in the other order, where both are days."""
    relative: bool = False
    """Said from when the page is read: "2 hours ago"."""


def dates_in(text: str, *, zone: str | None, now: datetime, month_first: bool = False) -> Iterator[Written]:
    """The dates of a text in its order; `now` is when the page was fetched, for "2 hours ago".

    `month_first` reads 03/04/2026 as 4 March (en-US). A date without a zone is in `zone`, else UTC, and says so.
    """
    met = False
    for found in _DATE.finditer(text):
        if (parts := _parts(found, now, month_first=month_first)) is None:
            continue
        (year, month, day), swapped = parts
        after = _CLOCK.match(text, found.end())
        clock = after if after and _is_clock(after) else None
        start, end = found.start(), clock.end() if clock else found.end()
        if clock is None and _CLOCK_BEGUN.match(text, end):
            continue  # 2026-01-12T25:00 is damaged, not a bare day
        if clock is None:
            from_here = max(0, start - _BEFORE_MOST)
            before = _CLOCK_BEFORE.search(text[from_here:start]) if _DIGIT.search(text, from_here, start) else None
            if before and _is_clock(before):
                clock, start = before, from_here + before.start()
        if when := _made(year, month, day, clock, zone):
            met = True
            yield Written(start, end, when, _made(year, day, month, clock, zone) if swapped else None)
    if not met:
        lowered = text.lower()
        if any(word in lowered for word in _RELATIVE_WORDS):  # patterns of so many words are slow
            yield from _relative(text, zone, now)


def find_date(text: str, *, zone: str | None, now: datetime, month_first: bool = False) -> When | None:
    """The first date in a piece of text, as `dates_in` reads it."""
    return next((found.when for found in dates_in(text, zone=zone, now=now, month_first=month_first)), None)


def day_in_url(url: str, zone: str | None) -> When | None:
    """The day that a path such as /2026/01/12/, /2026-01-12-name or /2026/jan/12/ names; a month alone is no day."""
    for found in _URL_DAY.finditer(url.partition("?")[0].lower()):
        month = found[2] or found[4]
        number = int(month) if month.isdigit() else month_named(month)
        if number and (when := _made(int(found[1]), number, int(found[3] or found[5]), None, zone)):
            return when
    return None


def has_date(text: str) -> bool:
    return next(dates_in(text, zone=None, now=_ANY_TIME), None) is not None


def without_dates(text: str) -> str:
    """The text with its dates and times cut out: what is left tells whether the line says more than when."""
    kept, at = [], 0
    for found in dates_in(text, zone=None, now=_ANY_TIME):
        kept.append(text[at : max(at, found.start)])
        at = max(at, found.end)
    kept.append(text[at:])
    return re.sub(r"\b\d{1,2}[:.]\d{2}\b(?:\s*[ap]\.?m\.?)?", " ", " ".join(kept), flags=re.IGNORECASE)


_ANY_TIME = datetime(2100, 1, 1, tzinfo=UTC)
"""Whether a text holds a date doesn't depend on when it is read."""


def _parts(found: re.Match[str], now: datetime, *, month_first: bool) -> tuple[tuple[int, int, int], bool] | None:
    """Year, month and day; and whether the other order of day and month is a date too."""
    group = found.groupdict()
    if group["y1"]:
        return (int(group["y1"]), int(group["m1"]), int(group["d1"])), False
    if group["y7"]:
        return (int(group["y7"]), int(group["m7"]), int(group["d7"])), False
    for n in "234":
        if name := group[f"n{n}"]:
            month = month_named(name) or month_named(_JOINED.split(name)[-1])
            return ((int(group[f"y{n}"]), month, int(group[f"d{n}"])), False) if month else None
    first, second = int(group["a"] or group["a2"]), int(group["b"] or group["b2"])
    year = int(group["y5"]) if group["y5"] else 2_000 + int(group["y6"])
    if group["y6"] and year > now.year:  # 12.10.45 is no day that a page may have been published on
        return None
    american = month_first and (group["sep"] or group["sep2"]) == "/"
    day, month = (second, first) if (american and first <= 12) or second > 12 else (first, second)
    return (year, month, day), day <= 12 and day != month


def _relative(text: str, zone: str | None, now: datetime) -> Iterator[Written]:
    """What says how long ago: "vor 2 Stunden", "3 days ago", "ieri alle 10:30"."""
    if found := _AGO.search(text):
        number = found["n1"] or found["n2"] or found["n3"]
        span = seconds_of(found["u1"] or found["u2"] or found["u3"])
        instant = (now - timedelta(seconds=(int(number) if number.isdigit() else 1) * span)).astimezone(_zone(zone))
        if span == 86_400:
            instant = instant.replace(hour=0, minute=0, second=0, microsecond=0)
        precision = Precision.DAY if span == 86_400 else Precision.MINUTE
        yield Written(
            found.start(), found.end(), When(instant=instant, precision=precision, zone_assumed=True), relative=True
        )
    elif found := _DAY_WORD.search(text):
        clock = _CLOCK.match(text, found.end())
        if clock and _is_clock(clock):  # without one, "today" is a word of the language
            today = now.astimezone(_zone(zone)) - timedelta(days=found["day"].lower() in YESTERDAY)
            if when := _made(today.year, today.month, today.day, clock, zone):
                yield Written(found.start(), clock.end(), when, relative=True)


def _is_clock(found: re.Match[str]) -> bool:
    return int(found["hour"]) <= 24 and int(found["minute"] or 0) < 60


def _made(year: int, month: int, day: int, clock: re.Match[str] | None, zone: str | None) -> When | None:
    if year not in _YEARS:
        return None
    try:
        if clock is None:
            return When(
                instant=datetime(year, month, day, tzinfo=_zone(zone)), precision=Precision.DAY, zone_assumed=True
            )
        hour, half, second = int(clock["hour"]), clock["half"], clock["second"]
        if half and hour <= 12:
            hour = hour % 12 + (12 if half[0] in "pP" else 0)
        stated = _stated_zone(clock["zone"])
        instant = datetime(
            year, month, day, hour % 24, int(clock["minute"] or 0), int(second or 0), tzinfo=stated or _zone(zone)
        )
    except ValueError:  # 30 February, an offset of 99 hours
        return None
    precision = Precision.SECOND if second else Precision.MINUTE
    return When(instant=instant, precision=precision, zone_assumed=stated is None)


def _stated_zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if named := ZONES.get(text.upper()):
        return ZoneInfo(named) if named != "UTC" else UTC
    sign, digits = re.sub(r"[^\d+-]", "", text)[0], re.sub(r"\D", "", text)
    offset = timedelta(hours=int(digits[:-2]), minutes=int(digits[-2:]))
    return timezone(-offset if sign == "-" else offset)


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC
