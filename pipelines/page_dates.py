"""When a page's article was published and modified: every place that says so, and which of them is believed.

Dates as text are read by `pipelines.dates` and `pipelines.discovery.dates`; the page's date lines are found by
`pipelines.date_lines`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pipelines import dates, jsonld
from pipelines.blocks import Block
from pipelines.date_lines import (
    DateLine,
    Reading,
    headlines,
    lines_elsewhere,
    lines_near,
    time_of,
    times_by_block,
)
from pipelines.date_roles import Role
from pipelines.records import Context, Field, Origin, Page, Precision, When
from pipelines.selectors import select
from pipelines.stated_dates import Told, stated_dates

_HOME_ZONES = {
    "it": "Europe/Rome", "de": "Europe/Berlin", "fr": "Europe/Paris", "es": "Europe/Madrid", "nl": "Europe/Amsterdam",
    "pl": "Europe/Warsaw", "sv": "Europe/Stockholm", "da": "Europe/Copenhagen", "no": "Europe/Oslo", "nb": "Europe/Oslo",
    "fi": "Europe/Helsinki", "cs": "Europe/Prague", "hu": "Europe/Budapest", "ro": "Europe/Bucharest", "el": "Europe/Athens",
    "tr": "Europe/Istanbul", "uk": "Europe/Kyiv", "ja": "Asia/Tokyo", "ko": "Asia/Seoul", "vi": "Asia/Ho_Chi_Minh",
    "id": "Asia/Jakarta",
}  # fmt: skip
"""Where most of a language's outlets are: asked only whether it explains why an instant in UTC and a shown day differ."""


def read_dates(  # noqa: PLR0917
    tree: Any,
    page: Page,
    context: Context,
    article: dict[str, Any],
    meta: dict[str, str],
    blocks: Sequence[Block],
) -> tuple[Field[When] | None, Field[When] | None]:
    """When the article was published and when it was modified, None where the page doesn't say.

    `article` is what `jsonld.find_article` found, `meta` the page's meta elements by name, `blocks` its text blocks.
    The date shown at the headline is believed before what the markup states: that is often the day of a rebuild. A
    stated instant on that day is the finer word for it.
    """
    reading = Reading(context.timezone, page.fetched_at, _is_american(tree, page, context, meta))
    times = times_by_block(tree, blocks)
    tops = headlines(blocks, _titles(tree, article, meta))
    near = lines_near(blocks, tops, times, reading)
    published, modified = stated_dates(tree, page, article, meta, reading, blocks[tops[0]].element if tops else None)
    ruled = [
        (Origin.OUTLET_RULE, when)
        for selector in context.hints.date
        for element in select(tree, selector)
        if (when := time_of(element, reading))
    ]
    url_day = dates.day_in_url(page.url, reading.zone)
    around = [
        *([(Origin.SOURCE, context.entry.published)] if context.entry and context.entry.published else []),
        *([(Origin.URL, url_day)] if url_day and reading.plausible(url_day) else []),
    ]
    language = _tag(tree, context, meta)[:2].lower()
    own_zone = context.timezone or _HOME_ZONES.get(language)

    shown = _shown(near, published, modified, around)
    changed = [_told(line) for line in near if line.role is Role.MODIFIED]
    everywhere: list[DateLine] = []
    if (shown is None and not published) or not (changed or modified):
        everywhere = list(lines_elsewhere(blocks, tops, times, reading))
    if shown is not None:
        told = [*_believing(shown, published, around, own_zone), *around]
    else:
        said, unsaid = _shown_elsewhere(everywhere, times, reading)
        told = [*_in_own_zone(published, around, own_zone), *said, *around, *unsaid]
    if not told and not ruled:
        told = list(_datelines(blocks, tops, reading))
    first_published = _field([*ruled, *told])

    told = _believing(changed[0], modified, [], own_zone) if changed else modified
    told = [*told, *changed[1:], *(_told(line) for line in everywhere if line.role is Role.MODIFIED)]
    if first_published:  # nothing is modified before it is published
        told = [pair for pair in told if pair[1].utc > first_published.value.utc - timedelta(days=1)]
    return first_published, _field(told)


def _shown(
    near: Sequence[DateLine], published: Sequence[Told], modified: Sequence[Told], around: Sequence[Told]
) -> Told | None:
    """The date line at the headline: one that says that it is of publication, else one that says nothing.

    One that says nothing is of the change where it shows the day that markup calls so, and another day for publication.
    "2 hours ago" is no word against what is stated: pages state it of their teasers too.
    """
    days = {when.day for _, when in (*published, *around)}
    changed = {when.day for _, when in modified[:1]} - days if published else set()
    said = [line for role in (Role.PUBLISHED, Role.UNSAID) for line in near if line.role is role]
    said = [line for line in said if line.in_words or line.when.day not in changed]
    said = [line for line in said if not (line.relative and published)]
    if not said:
        return None
    line = said[0]
    if line.other is not None and line.when.day not in days and line.other.day in days:
        return (Origin.BYLINE_LINE, line.other)
    return _told(line)


def _told(line: DateLine) -> Told:
    return (Origin.TIME_ELEMENT if line.is_element else Origin.BYLINE_LINE, line.when)


def _believing(shown: Told, stated: Sequence[Told], around: Sequence[Told], zone: str | None) -> list[Told]:
    """The places in order: those that state the day shown, the line itself, the others.

    Where the shown day stands alone against markup and the URL or the feed, those are believed.
    """
    local = [_localised(pair, shown[1], zone) for pair in stated]
    same = [pair for pair in local if pair[1].day == shown[1].day]
    if stated and (
        _has_own_clock(stated[0][1], shown[1]) or (not same and any(when.day == stated[0][1].day for _, when in around))
    ):
        return [*stated, shown]
    return [*same, shown, *(pair for pair in local if pair not in same)]


def _has_own_clock(stated: When, shown: When) -> bool:
    """It states a clock and an offset of its own, and the day shown is the next: the day of the printed paper."""
    return (
        stated.precision is not Precision.DAY
        and shown.precision is Precision.DAY
        and bool(stated.instant.utcoffset())
        and not stated.zone_assumed
        and abs((stated.day - shown.day).days) == 1
    )


def _in_own_zone(stated: Sequence[Told], around: Sequence[Told], zone: str | None) -> list[Told]:
    """What is stated, and where the URL names a neighbouring day, the same instant in the outlet's zone."""
    days = [when for origin, when in around if origin is Origin.URL]
    return [_localised(pair, days[0], zone) for pair in stated] if days else list(stated)


def _localised(pair: Told, shown: When, zone: str | None) -> Told:
    """An instant stated in UTC, on the publisher's clock, where that explains why another day is shown."""
    origin, when = pair
    if (
        zone
        and when.precision is not Precision.DAY
        and not when.instant.utcoffset()
        and abs((when.day - shown.day).days) == 1
        and (local := when.instant.astimezone(ZoneInfo(zone))).date() == shown.day
    ):
        return origin, When(instant=local, precision=when.precision, zone_assumed=when.zone_assumed)
    return pair


def _shown_elsewhere(
    lines: Sequence[DateLine], times: dict[int, list[Any]], reading: Reading
) -> tuple[list[Told], list[Told]]:
    """Away from the headline: the line that says "published"; and the one day that the page shows."""
    said = [line for line in lines if line.role is Role.PUBLISHED]
    unsaid = [_told(line) for line in lines if line.role is Role.UNSAID]
    unsaid += [(Origin.TIME_ELEMENT, when) for element in times.get(-1, ())[:4] if (when := time_of(element, reading))]
    return (
        [_told(next((line for line in said if line.alone), said[0]))] if said else [],
        unsaid[:1] if len({when.day for _, when in unsaid}) == 1 else [],
    )


def _datelines(blocks: Sequence[Block], tops: Sequence[int], reading: Reading) -> Iterator[Told]:
    """The date with which an article's text begins: "ROMA, 12 gennaio 2026 – …"."""
    top = tops[0] if tops else -1
    prose = [block for block in blocks[top + 1 : top + 40] if block.tag == "p" and len(block.text) > 120]
    for block in prose[:2]:
        found = next(reading.dates(block.text[:140]), None)
        if (
            found
            and found.start <= 60
            and reading.plausible(found.when)
            and re.match(r"\s?\)?\s?[-–—:(/]", block.text[found.end :])
        ):
            yield Origin.BYLINE_LINE, found.when


def _field(told: Sequence[Told]) -> Field[When] | None:
    if not told:
        return None
    origin, when = told[0]
    others = []
    for other, said in told[1:]:
        if not _agree(when, said) and (other, said.isoformat()) not in others:
            others.append((other, said.isoformat()))
    return Field(value=when, origin=origin, disagreeing=tuple(others))


def _agree(one: When, other: When) -> bool:
    if Precision.DAY in (one.precision, other.precision):
        return one.day == other.day
    return abs(one.utc - other.utc) < timedelta(minutes=1)


def _titles(tree: Any, article: dict[str, Any], meta: dict[str, str]) -> list[str]:
    element = next(tree.iter("title"), None)
    told = (
        jsonld.text_of(article.get("headline")),
        meta.get("og:title"),
        meta.get("twitter:title"),
        element.text if element is not None else None,
    )
    return [title for title in told if title]


def _tag(tree: Any, context: Context, meta: dict[str, str]) -> str:
    return tree.get("lang") or meta.get("og:locale") or meta.get("content-language") or context.language or ""


def _is_american(tree: Any, page: Page, context: Context, meta: dict[str, str]) -> bool:
    """Whether 03/04/2026 is 4 March here: by the land that the page's language names, else by zone and domain."""
    language, _, land = _tag(tree, context, meta).replace("_", "-").partition("-")
    if language.lower() != "en":
        return False
    if land and land[:2].upper() not in ("US", "EN"):
        return False
    if context.timezone:
        return context.timezone.startswith(("America/", "US/", "Pacific/Honolulu"))
    try:
        host = urlsplit(page.url).hostname or ""
    except ValueError:
        return True
    return not re.search(r"\.(?:uk|au|nz|ie|in|za|eu|it|de|fr|es|nl|be|ch|at|ng|ke|sg|hk|my|pk)$", host)
