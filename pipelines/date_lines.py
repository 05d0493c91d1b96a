"""A page's date lines: the short blocks and <time> elements that say when its article was published or modified.

Dates as text are read by `pipelines.dates`; which of a page's dates counts is decided in `pipelines.page_dates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipelines import wording
from pipelines.blocks import INSIDE, Block
from pipelines.date_roles import SAYS_MODIFIED, SAYS_PUBLISHED, Role, is_far, role_of
from pipelines.dates import Written, dates_in
from pipelines.discovery.dates import read_date
from pipelines.marks import MARKS
from pipelines.records import Precision, When


@dataclass(frozen=True, slots=True)
class DateLine:
    """A date with its role. `near` counts the blocks between it and the headline, None where it stands elsewhere."""

    when: When
    role: Role
    near: int | None
    other: When | None = None
    """What 03/04/2026 says in the other order."""
    is_element: bool = False
    """A <time> element states it."""
    relative: bool = False
    """Said from when the page is read: "2 hours ago"."""
    in_words: bool = False
    """Words say the role; else class names do."""
    alone: bool = True
    """The block says little else."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to read a page's dates as text: the zone of those without one, when the page came, whose order."""

    zone: str | None
    now: datetime
    month_first: bool = False

    def dates(self, text: str) -> Iterator[Written]:
        return dates_in(text, zone=self.zone, now=self.now, month_first=self.month_first)

    def plausible(self, when: When | None) -> bool:
        """A page can't have been published after it was fetched; a day is left for zones."""
        return when is not None and when.utc <= self.now + timedelta(days=1)


_LETTERS = re.compile(r"[^\W\d_]{2,}")
_DIGIT, _YEAR = re.compile(r"\d"), re.compile(r"(?:19|20)\d\d")
_AN_HOUR_AGO = re.compile(r"\b(?:ago|fa|vor|y a|hace|geleden)\b")
_ELSEWHERE, _ARTICLE = INSIDE["nav"] | INSIDE["form"], INSIDE["article"] | INSIDE["main"]
_NOT_ARTICLE = (
    MARKS["related_box"] | MARKS["comments_box"] | MARKS["cookie_box"] | MARKS["promo_box"] | MARKS["newsletter_box"]
)
_HEADINGS = frozenset({"h1", "h2"})
_TITLES = frozenset({"h2", "h3", "h4", "h5", "h6", "p", "div", "span"})
_ABOVE_IS = 3  # blocks farther off
_LINE_MOST, _NOTE_MOST = (
    200,
    320,
)  # characters of a date line; of a sentence such as "This article was first published on …"
_BELOW_MOST, _ABOVE_MOST = 30, 8  # blocks between headline and date line
_PROSE_BELOW, _PROSE_ABOVE = 900, 250  # characters of other text between them: a standfirst, not the article
_WORDS_MOST, _WORDS_BESIDE = (
    8,
    14,
)  # around the date: a name, a section, "5 min read"; before or after it: a name and a post
_TIMES_MOST, _LINES_MOST = 100, 300  # elements and blocks with a year that are read: a page may be one long table
_HEADLINES_MOST, _TITLE_MOST = 3, 250


def headlines(blocks: Sequence[Block], titles: Sequence[str]) -> list[int]:
    """Positions of the page's headline: of h1 those that say one of its titles; else the first h1 and what says it."""
    bare = [short for title in titles if len(short := _bare(title)) > 8]
    beginnings = {title.lstrip()[:4].casefold() for title in titles}
    told: list[int] = []
    same: list[int] = []
    first: list[int] = []
    for position, block in enumerate(blocks):
        heading = block.tag == "h1"
        if not heading and (block.text[:4].casefold() not in beginnings or not 12 <= len(block.text) <= _TITLE_MOST):
            continue
        if heading and not first:
            first.append(position)
        text = _bare(block.text)
        if any(text == title or (len(text) > 14 and title.startswith(text)) for title in bare):
            (told if heading else same).append(position)
        elif heading and any(len(title) > 14 and text.startswith(title) for title in bare):
            told.append(position)
    return (told or [*first, *same])[:_HEADLINES_MOST]


def lines_near(
    blocks: Sequence[Block], tops: Sequence[int], times: dict[int, list[Any]], reading: Reading
) -> list[DateLine]:
    """The date lines around the headline, the nearest first: above it they count as farther off than below."""
    found: list[DateLine] = []
    seen = set(tops)
    for top in tops:
        ignored = blocks[top].marked  # what the headline stands in too is the page's, not a box's
        if top in times:
            found += _lines_of(blocks, top, times[top], reading, near=0, ignored=ignored)
        for step, most, budget in ((1, _BELOW_MOST, _PROSE_BELOW), (-1, _ABOVE_MOST, _PROSE_ABOVE)):
            prose = 0
            for away in range(1, most):
                position = top + step * away
                if not 0 <= position < len(blocks) or prose > budget:
                    break
                block = blocks[position]
                if block.tag in _TITLES and wording.RELATED.match(block.text[:160]):
                    break
                if position not in seen:
                    seen.add(position)
                    near = away if step > 0 else away + _ABOVE_IS
                    lines = list(
                        _lines_of(blocks, position, times.get(position, ()), reading, near=near, ignored=ignored)
                    )
                    found += lines
                    prose += 0 if lines or len(block.text) < 40 else len(block.text)
    return sorted(found, key=lambda line: line.near or 0)


def lines_elsewhere(
    blocks: Sequence[Block], tops: Sequence[int], times: dict[int, list[Any]], reading: Reading
) -> Iterator[DateLine]:
    """The date lines of the whole page, in its order, with no word on where they stand."""
    ignored = blocks[tops[0]].marked if tops else 0
    tried = 0
    for position, block in enumerate(blocks):
        text = block.text
        if position in times or (
            len(text) <= _NOTE_MOST
            and _YEAR.search(text)
            and (len(text) <= _LINE_MOST or SAYS_PUBLISHED.search(text) or SAYS_MODIFIED.search(text))
        ):
            tried += 1
            if tried > _LINES_MOST:
                return
            yield from _lines_of(blocks, position, times.get(position, ()), reading, near=None, ignored=ignored)


def times_by_block(tree: Any, blocks: Sequence[Block]) -> dict[int, list[Any]]:
    """The <time> elements by the position of the block in which their text stands; -1 for those that show none."""
    found: dict[int, list[Any]] = {}
    of_element: dict[Any, list[int]] | None = None
    for number, element in enumerate(tree.iter("time")):
        if number >= _TIMES_MOST:
            break
        if of_element is None:
            of_element = {}
            for position, block in enumerate(blocks):
                of_element.setdefault(block.element, []).append(position)
        holder = element
        while holder is not None and holder not in of_element:
            holder = holder.getparent()
        positions = of_element.get(holder, [])
        text = shown_by(element)
        position = next((p for p in positions if text and text in blocks[p].text), -1)
        found.setdefault(position, []).append(element)
    return found


def shown_by(element: Any) -> str:
    """The text of a short element; the beginning of a long one, which a page never closed."""
    parts, length = [], 0
    for part in element.itertext():
        parts.append(part[:_NOTE_MOST])
        length += len(part)
        if length > _NOTE_MOST:
            break
    return " ".join("".join(parts).split())[:_LINE_MOST]


def time_of(element: Any, reading: Reading) -> When | None:
    """What a <time> or a marked element states in its attributes, else in its text."""
    for attribute in ("datetime", "content", "title"):
        if value := (element.get(attribute) or "").strip()[:80]:
            if (found := read_date(value, reading.zone)) and reading.plausible(found):
                return found
            if found := next((w.when for w in reading.dates(value) if reading.plausible(w.when)), None):
                return found
    return next((w.when for w in reading.dates(shown_by(element)) if reading.plausible(w.when)), None)


def _lines_of(
    blocks: Sequence[Block], position: int, times: Sequence[Any], reading: Reading, *, near: int | None, ignored: int
) -> Iterator[DateLine]:
    block = blocks[position]
    text = block.text
    if block.inside & _ELSEWHERE or block.marked & _NOT_ARTICLE & ~ignored or len(text) > _NOTE_MOST:
        return
    if block.inside & INSIDE["footer"] and (near is None or not block.inside & _ARTICLE):  # an article has its own
        return
    if near is None and block.inside & INSIDE["aside"]:
        return
    if not times and not (_DIGIT.search(text) or (len(text) <= 60 and _AN_HOUR_AGO.search(text))):
        return
    if near != 0 and block.linked > 40 and block.linked > 0.8 * len(text):  # a teaser
        return
    written = [
        found for found in reading.dates(text) if reading.plausible(found.when) or reading.plausible(found.other)
    ]
    if _is_range(text, written):
        return
    stated = [(shown_by(element), element) for element in times]
    above = blocks[position - 1].text if position and blocks[position - 1].tag not in _HEADINGS else ""
    short = len(text) <= _LINE_MOST and _is_line(text, written)
    at = 0
    for found in written:
        before, after = text[at : found.start], text[found.end : found.end + 24]
        at = found.end
        shown = text[found.start : found.end]
        element = next((e for said, e in stated if shown in said or said in shown), None)
        role, in_words = role_of(before, after, "" if before.strip() else above, element, block)
        if role is None or (role is Role.UNSAID and not short) or (role is not Role.UNSAID and is_far(before, role)):
            continue
        told = found.when if reading.plausible(found.when) else found.other or found.when
        exact = _exact(element, told, reading) if element is not None else None
        other = found.other if exact is None and told is found.when else None
        relative = found.relative and exact is None
        yield DateLine(exact or told, role, near, other, element is not None, relative, in_words, short)
    if not written:
        for said, element in stated:
            if when := time_of(element, reading):
                before = text[: max(text.find(said), 0)]
                role, in_words = role_of(before, "", "" if before else above, element, block)
                if role:
                    yield DateLine(when, role, near, None, is_element=True, in_words=in_words, alone=short)


def _exact(element: Any, shown: When, reading: Reading) -> When | None:
    """The instant that a <time> states, unless it is another day than the one shown by more than a zone."""
    stated = read_date((element.get("datetime") or "").strip()[:80], reading.zone)
    if stated is None or not reading.plausible(stated):
        return None
    if stated.day == shown.day or stated.precision is Precision.DAY or abs(stated.utc - shown.utc) > timedelta(days=2):
        return stated
    return None  # the same instant in UTC: the day shown is the publisher's


def _is_line(text: str, written: Sequence[Written]) -> bool:
    """Beside its dates the text says little: no sentence that mentions a day."""
    rest = text
    for found in reversed(written):
        rest = rest[: found.start] + " | " + rest[found.end :]
    words = len(_LETTERS.findall(rest))
    at_end = bool(written) and (written[0].start == 0 or written[-1].end == len(text))
    return words <= (_WORDS_BESIDE if at_end else _WORDS_MOST)


def _is_range(text: str, written: Sequence[Written]) -> bool:
    """Two days with a dash between them are when something takes place."""
    return (
        len(written) == 2
        and re.fullmatch(r"\s*(?:[-–—]|to|al|bis|au|until)\s*", text[written[0].end : written[1].start]) is not None
        and written[0].when.day != written[1].when.day
    )


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text[:_TITLE_MOST].casefold()).strip()
