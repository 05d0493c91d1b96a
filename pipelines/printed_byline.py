"""The credit line that a page's readers see: near the headline, else behind the text.

Which of the page's places is believed is decided by `pipelines.page_authors`, what of a line are names by `pipelines.authors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from pipelines import authors
from pipelines.blocks import INSIDE, Block
from pipelines.dates import has_date, without_dates
from pipelines.marks import MARKS
from pipelines.markup import text_of

_BEFORE, _BEHIND = 8, 16  # blocks around the headline; 95 % of the printed bylines of the development pages stand there
_LEAD_MOST = 30  # characters that a credit line behind the text has besides the names
_ALONE_AT_MOST = 5  # blocks behind the headline, where a name alone, with a date beside it, is the author's
_CLOSE = 6  # blocks behind the headline
_AROUND = 3  # elements around a line whose marks count for it
_SAYING = ("class", "id", "itemprop", "data-testid", "rel")
_NOT_ALONE = frozenset({"h1", "h2", "h3", "button", "li", "td", "th", "figcaption", "dt"})
_TEXT_MOST = 300  # characters of a block
_LINE_MOST = 160  # characters of a credit line
_NAME_MOST = 60  # and of a name alone
_DATE_MOST = 80  # and of the line beside it that has the date
_INNER_MOST = 80  # elements looked at inside a block
_MARKS = (
    "author", "autor", "auteur", "byline", "by-line", "by_line", "firma", "writer", "writter", "redattore", "signature", "verfasser",
    "contributor", "journalist", "posted-by", "postedby", "written", "vcard", "creator", "scritto", "attribution",
)  # fmt: skip
_NO_MARK = re.compile(r"autor(?:e?is|ot|el|ef|un)|[a-z]firma|firma[a-z]|[a-z]creator|handwritten|digital-?signature")
_ELSE = re.compile(
    r"avatar|image|\bimg|photo|picture|date|time|\brole|job|position|desc|social|follow|\bbio\b|share|label|count|comment|related|"
    r"icon|publication|company|read|prefix|intro|thumbnail|email|twitter|linkedin|expert|review|editor|title(?!-wr)",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"/(?:authors?|autor(?:e|i|en|es|in)?|auteurs?|contributors?|contributori|staff(?:_name)?|bylines?|by|producers|verfasser|"
    r"journalist(?:en|es|s)?|giornalist[ai]|redaktion|redazione|firmas?|writers?|columnists?|people|person|team)/[^/?#]|[?&]author=|/@[\w.-]+/?$",
    re.IGNORECASE,
)
_LEADS = frozenset(("by", "di", "da", "de", "von", "vom", "par", "por", "door", "af", "av", "cura", "yazan"))
_OTHERS = re.compile(
    r"^(?:media\s|press\s)?(?:contacts?|kontakt|contatti)\b|"
    r"\b(?:edited|reviewed|checked|verified|photo\w*|foto\w*|illustr\w+|translated)\s+(?:by|di|von|par|por)\b",
    re.IGNORECASE,
)
_IN_SECTION = re.compile(r"^\W*in\s[\w &-]{2,40}$")
_People = Callable[[Sequence[str]], tuple[str, ...]]
_CARDS = MARKS["related_box"] | MARKS["comments_box"]
_ASIDE = (
    INSIDE["aside"] | INSIDE["nav"] | INSIDE["footer"] | INSIDE["form"] | INSIDE["figcaption"] | INSIDE["blockquote"]
)


@dataclass(slots=True)
class Printed:
    """A block that may be a byline: the names in it, and how much speaks for it."""

    line: str
    names: tuple[str, ...]
    points: float
    position: int
    look: str
    sure: bool
    """A word or the markup says that it credits somebody."""
    alone: tuple[str, ...] = ()
    """The names of the line itself, without those in the lines like it that follow."""


def find_printed(blocks: Sequence[Block], titles: Sequence[str], people: _People) -> Printed | None:
    """The byline near the headline with the most that speaks for it; else one that says so elsewhere in the article."""
    headline = _headline(blocks, titles)
    near: list[Printed] = []
    led = others = False
    for block in blocks[max(0, headline - _BEFORE) : headline + _BEHIND + 1]:
        if block.position != headline:
            beside = blocks[max(0, block.position - 2) : block.position + 3]
            found = None if others else _candidate(block, headline, led=led, beside=beside, people=people)
            if found:
                near.append(found)
        led = authors.is_lead_alone(block.text)
        others = len(block.text) <= 40 and _OTHERS.search(block.text) is not None
    if not near:
        return _far(blocks, headline, people)
    best = max(near, key=lambda one: one.points)
    names = dict.fromkeys(best.names)
    last = best.position
    for one in near:  # several authors, a block each
        if best.look and last < one.position <= last + 3 and one.look == best.look and one.sure:
            names.update(dict.fromkeys(one.names))
            last = one.position
    best.alone, best.names = best.names, tuple(names)
    return best


def _far(blocks: Sequence[Block], headline: int, people: _People) -> Printed | None:
    """A credit line behind the text, or the box about the author; none where cards of other articles have them, too."""
    found: dict[tuple[str, ...], Printed] = {}
    for block in blocks[headline + 1 :]:
        if len(block.text) > _LINE_MOST or block.inside & _ASIDE:
            continue
        boxed = block.marked & MARKS["author_box"]
        if not (boxed or (_may_lead(block.text) and authors.is_led(block.text))):
            continue
        one = _candidate(block, headline, led=False, beside=(), people=people)
        if (
            one
            and _are_persons(one.names)
            and not any(c.isdigit() for c in one.line)
            and len(one.line) <= sum(map(len, one.names)) + _LEAD_MOST
        ):
            one.sure = False
            found.setdefault(one.names, one)
    return next(iter(found.values())) if len(found) == 1 else None


def _headline(blocks: Sequence[Block], titles: Sequence[str]) -> int:
    """The position of the headline: what has the text of a title, a heading before anything else; else the first h1."""
    wanted = [authors.bare(title) for title in titles]
    headings = [block for block in blocks if block.tag in ("h1", "h2")]
    for block in headings:
        text = authors.bare(block.text)
        if text and any(text == title or (len(text) > 15 and title.startswith(text)) for title in wanted):
            return block.position
    starts = {title[:8].casefold() for title in titles}
    for block in blocks:
        if block.text[:8].casefold() in starts and not block.linked and authors.bare(block.text) in wanted:
            return block.position
    return next((block.position for block in headings if block.tag == "h1"), 0)


def _candidate(block: Block, headline: int, *, led: bool, beside: Sequence[Block], people: _People) -> Printed | None:
    """What of a block may be a byline: `led` by the block before it, `beside` are its neighbours."""
    if len(block.text) > _TEXT_MOST or block.inside & INSIDE["figcaption"] or block.marked & _CARDS:
        return None
    text = _without_others(block.text)
    element = block.element
    away = block.position - headline
    around = _marked_around(element)
    inner = _inner(element, text, around=around) if len(element) and len(text) <= _LINE_MOST else []
    alone = (
        0 < away <= _ALONE_AT_MOST
        and len(text) <= _NAME_MOST
        and block.tag not in _NOT_ALONE
        and (not block.links or " in " in text)
        and text[:1].isupper()
    )
    if not (inner or around or led or alone or _may_lead(text)):
        return None
    line = _spaced(element, text)
    says = led or (len(text) <= _LINE_MOST and authors.is_led(line))
    names = people(inner) if inner else ()
    points = 3.0 * bool(names) + 3.0 * says + 2.0 * around
    if not names and len(text) <= _LINE_MOST and (points or alone):
        names = people([line])
    if not names:
        return None
    if points == 0 and not (
        _is_name_alone(line, names, beside) or (away == 1 and len(names) > 1 and _are_persons(names))
    ):
        return None
    if not (inner or says) and any(" " in name and not _is_author(name) for name in names):
        return None
    if not says and len(names) > 1 and not any(_is_author(name) for name in names):
        return None
    if not (inner or around) and any(name[0].islower() and " " in name for name in names):
        return None
    points += _are_persons(names)
    if block.inside & _ASIDE:
        points -= 3
    if points <= 0:
        return None
    return Printed(
        line=block.text,
        names=names,
        points=points + (0 < away <= _CLOSE) - (0.1 * away if away > 0 else -0.2 * away),
        position=block.position,
        look=element.get("class") or ("li" if block.tag == "li" else ""),
        sure=bool(inner) or around or (says and away <= _BEHIND // 2),
    )


def _is_name_alone(line: str, names: Sequence[str], beside: Sequence[Block]) -> bool:
    """Whether the line is a person's name and at most a date and "in" a section, with a date in it or beside it."""
    return (
        len(names) == 1
        and authors.is_persons(names[0])
        and "," not in names[0]
        and any(len(one.text) <= _DATE_MOST and has_date(one.text) for one in beside)
        and not any(c.isalpha() for c in _IN_SECTION.sub(" ", without_dates(line.replace(names[0], " "))))
    )


def _is_author(name: str) -> bool:
    return authors.is_persons(name) or authors.is_crew(name)


def _are_persons(names: Sequence[str]) -> bool:
    return all(authors.is_persons(name) for name in names)


def _without_others(text: str) -> str:
    """The line up to where it credits a reviewer, an editor or a photographer."""
    other = _OTHERS.search(text)
    return text[: other.start()] if other else text


def _marked_around(element: Any) -> bool:
    """Whether the markup of the line or of what is close around it calls it the author's."""
    for one in (element, *islice(element.iterancestors(), _AROUND)):
        if one.tag in ("body", "html", "article", "main"):
            return False
        attributes = one.attrib
        if attributes and any(_is_mark(attributes[key]) for key in _SAYING if key in attributes):
            return True
        if one.tag == "a" and _PROFILE.search(attributes.get("href", "")):
            return True
    return False


def _may_lead(text: str) -> bool:
    """Whether it is worth a closer look: it has a word that leads to a name."""
    return (
        ":" in text
        or "：" in text
        or text.startswith(("By", "by", "von"))
        or not _LEADS.isdisjoint(text.casefold().split())
    )


@lru_cache(maxsize=4_096)
def _is_mark(words: str) -> bool:
    lowered = words.casefold()
    return any(mark in lowered for mark in _MARKS) and any(mark in _NO_MARK.sub(" ", lowered) for mark in _MARKS)


@lru_cache(maxsize=4_096)
def _is_elses(words: str) -> bool:
    return _ELSE.search(words) is not None


def _inner(element: Any, text: str, *, around: bool) -> list[str]:
    """The texts of the elements inside a line that are marked as an author's name; inside a marked line, names side by side."""
    marked: list[Any] = []
    for one in islice(element.iterdescendants(), _INNER_MOST):
        attributes = one.attrib if isinstance(one.tag, str) else None
        if not attributes:
            continue
        words = " ".join(attributes[key] for key in _SAYING if key in attributes)
        if (
            (words and _is_mark(words) and not _is_elses(words))
            or (around and attributes.get("itemprop") == "name")
            or attributes.get("rel") == "author"
            or (one.tag == "a" and _PROFILE.search(attributes.get("href", "")))
        ):
            outer = set(islice(one.iterancestors(), _INNER_MOST))
            marked = [other for other in marked if other not in outer]
            marked.append(one)
    if not marked and around:
        children = [said for one in element if isinstance(one.tag, str) and (said := text_of(one))]
        if len(children) > 1 and " ".join(children) == text and all(authors.is_persons(said) for said in children):
            return children
    texts = [text_of(one) or one.get("content") for one in marked]
    return [said for said in texts if said and said in text]


def _spaced(element: Any, text: str) -> str:
    """The line with a bar where two elements' texts touch without a space."""
    pieces = list(islice(element.itertext(), _INNER_MOST))
    if len(pieces) < 2 or " ".join("".join(pieces).split()) != text:
        return text
    spaced = ""
    for piece in pieces:
        glued = spaced and piece and spaced[-1].isalnum() and piece[0].isalnum()
        spaced += f" | {piece}" if glued else piece
    return " ".join(spaced.split())
