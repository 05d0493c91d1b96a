"""An article's title: the heading that readers see, where what the page states elsewhere bears it out.

Where the stated titles are read is the affair of `pipelines.page_head` and `pipelines.jsonld`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipelines.markup import first
from pipelines.records import Field, Origin
from pipelines.site_names import SiteNames, bare, folded, slug_words, words_of

_TITLE_MOST = 400
"""Characters: longer is a text, not a title (the longest real title of 784 pages has 228)."""
_HEADINGS_MOST = 30
_PIECES_MOST = 24
_DEPTH_MOST = 20  # levels of elements inside a heading
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_CLASS = re.compile(
    r"(?:^|[\s_-])(?:sr-only|visually-?hidden|visuallyhidden|screen-?reader(?:-text)?|assistive-text|a11y-hidden|"
    r"(?:u|is)-hidden)(?![\w-])",
    re.IGNORECASE,
)
_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "button", "select", "iframe", "audio", "video"})
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "nobr", "q",
     "s", "small", "span", "strong", "sub", "sup", "u", "var", "wbr"}
)  # fmt: skip
_AROUND = 4  # elements around a heading that may hide it
_APART = ("nav", "footer", "aside", "dialog")
_TEMPLATE = re.compile(r"\{\{|\}\}|<%|\$\{")
_LETTER = re.compile(r"[^\W\d_]")
_BEFORE = re.compile(r"\s+(?:[|–—·•»›/:⋆]|-{1,2}|::)\s|\s*[|ㅣ]|--")
_AFTER = re.compile(r"(?:\s(?:[|–—·•»›/:⋆]|-{1,2}|::)|:)\s+$")
_NAME_MOST = 80  # characters
_KICKER = re.compile(
    r"kicker|over-?line|top-?line|eyebrow|pre-?title|sur-?titre|super-?title|supra|dachzeile|spitzmarke|roofline|occhiello|"
    r"antetitulo|bovenkop|chapeau",
    re.IGNORECASE,
)
_UNLIKE = 0.5
"""Shared words at or below which a heading is another text than the stated title: of 15 such on 784 pages where the
address sides with the stated one, 13 are not the title."""
_STRANGE = 0.2
_HEADINGS_FEW = 3
_SENTENCES = 200  # characters: longer headings are an introduction set large
_CUT_LEAST = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its visible text, and the pieces (whitespace as it comes) that its markup makes of it.

    `apart` tells that it is hidden or stands in navigation. `kicker` is the number of pieces at its beginning that the markup calls a line above the title.
    """

    text: str
    pieces: tuple[str, ...]
    kicker: int
    apart: bool


def headings_of(elements: Iterable[Any]) -> list[Heading]:
    """The headings as they are shown; those without a letter are none."""
    found: list[Heading] = []
    for element in elements:
        if len(found) >= _HEADINGS_MOST:
            break
        parts = list(islice(_pieces(element), _PIECES_MOST))
        told = [text for text, _ in parts if text.strip()]
        if len(told) > 1 and len({bare(text) for text in told}) == 1:
            parts = [(told[0], False)]  # once for narrow screens, once for wide ones
        text = _joined([text for text, _ in parts])
        if not _LETTER.search(text) or len(text) > _TITLE_MOST or _TEMPLATE.search(text):
            continue
        above = next((n for n, (text, kicker) in enumerate(parts) if not kicker and _LETTER.search(text)), 0)
        found.append(Heading(text, tuple(text for text, _ in parts), above, _hidden(element) or _stands_apart(element)))
    return found


def read_title(
    headings: Sequence[Heading],
    stated: Sequence[tuple[Origin, str | None]],
    names: Iterable[str | None],
    url: str,
    *,
    section: str | None = None,
    announced: str | None = None,
    subheadings: Iterable[Any] = (),
) -> Field[str] | None:
    """The title, and what disagrees with it.

    `stated` are the titles that the page's head tells, the most trusted first; `names` what its site is called;
    `announced` what the source that led to the page calls it. Of the second-level headings (the elements `subheadings`)
    only those count that say a stated title word by word: what readers see where the first-level heading is written for
    machines.
    """
    whole = [
        (origin, title)
        for origin, value in stated
        if (title := folded(value or "")) and len(title) <= _TITLE_MOST and not _TEMPLATE.search(title)
    ]
    beside = _beside([title for _, title in whole], headings)
    if section and not any(bare(title) == bare(section) for _, title in whole):
        names = (*names, section)
    site = SiteNames([*names, *beside], url)
    told = [(origin, title) for origin, value in whole if (title := site.strip(value)) and not site.is_name(title)]
    told = _untruncated(told)
    said = [title for _, title in told] + ([announced] if announced else [])
    known = {bare(title) for title in said}
    if not any(bare(heading.text) in known and not heading.apart for heading in headings):
        visible = (heading for heading in headings_of(subheadings) if not heading.apart)
        headings = [*headings, *(heading for heading in visible if bare(heading.text) in known)]
    best = _heading(headings, said, site, url)
    return first(
        (Origin.HEADING, best),
        *told,
        (Origin.SOURCE, announced),
        (Origin.HEADING, next((h.text for h in headings if not site.is_name(h.text)), None)),
    )


def _beside(titles: Sequence[str], headings: Sequence[Heading]) -> Iterator[str]:
    """What stands in one stated title before or after another, behind a separator: the site's name, or its section's.

    What a heading says as well belongs to the title.
    """
    for longer in titles:
        for shorter in titles:
            if not 8 <= len(shorter) < len(longer):
                continue
            if longer.startswith(shorter):
                rest, edge = longer[len(shorter) :], _BEFORE.match(longer, len(shorter))
            elif longer.endswith(shorter):
                rest, edge = longer[: -len(shorter)], _AFTER.search(longer[: -len(shorter)])
            else:
                continue
            if edge and len(rest) <= _NAME_MOST and not any(rest.strip() in heading.text for heading in headings):
                yield rest


def _untruncated(told: list[tuple[Origin, str]]) -> list[tuple[Origin, str]]:
    """The titles, those that are only another's beginning behind it (JSON-LD cuts headlines at 110 characters)."""
    cut = [
        any(len(other) > len(title) and other.startswith(title.rstrip("….").rstrip()) for _, other in told)
        and (len(title) > _CUT_LEAST or title.endswith(("…", "...")))
        for _, title in told
    ]
    return [pair for pair, is_cut in zip(told, cut, strict=True) if not is_cut] + [
        pair for pair, is_cut in zip(told, cut, strict=True) if is_cut
    ]


def _heading(headings: Sequence[Heading], said: Sequence[str], site: SiteNames, url: str) -> str | None:
    """The heading that is the title: of those that name neither site nor section, the one most like what is said.

    None where another title is more credible: one that the address was made from, while the heading shares little.
    """
    words = [words_of(other) for other in said]
    slug = slug_words(url)
    known = {bare(other): other for other in reversed(said)}
    best, most, like = None, -1.0, 0.0
    for heading in headings:
        if site.is_name(heading.text):
            continue
        text = _title_in(heading, known, site)
        own = words_of(text)
        likeness = max((_overlap(own, other) for other in words), default=0.5)
        rank = 2.0 if bare(text) in known else likeness + _dice(own, slug) / 2
        rank -= heading.apart
        if rank > most:
            best, most, like = text, rank, likeness
    if best is None or not said:
        return best
    if like <= _UNLIKE and bare(best) not in known:
        stranger = like < _STRANGE or len(headings) > _HEADINGS_FEW or len(best) > _SENTENCES
        if stranger or _dice(words_of(best), slug) < _dice(words[0], slug):
            return None
    return best


def _title_in(heading: Heading, known: dict[str, str], site: SiteNames) -> str:
    """The heading without what stands before or after the title inside it.

    A stated title tells them apart, or the markup does.
    """
    count = len(heading.pieces)
    if (same := bare(heading.text)) in known:
        # The pieces are set apart by looks alone; the stated title has the colon that belongs there.
        return known[same] if count > 1 and known[same].count(":") > heading.text.count(":") else heading.text
    for length in range(count - 1, 0, -1):
        for start in range(count - length + 1):
            if bare(part := _joined(heading.pieces[start : start + length])) in known:
                return part
    return site.strip(_joined(heading.pieces[heading.kicker :]))


def _joined(pieces: Sequence[str]) -> str:
    """The pieces as one line; where a capital follows right behind a small letter, only looks set them apart."""
    line = ""
    for piece in pieces:
        if line and piece and piece[0].isupper() and (line[-1].islower() or line[-1].isdigit()):
            line += " "
        line += piece
    return folded(line).strip(" |–—·•-:")


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared words as a share of the shorter's; of fewer than three words no share is whole."""
    return len(one & other) / max(min(len(one), len(other)), 3)


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / ((len(one) + len(other)) or 1)


def _pieces(element: Any, kicker: bool = False, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """The texts between a heading's tags, as they are shown; True for what the markup calls a kicker."""
    if element.text:
        yield element.text, kicker
    for child in element if depth < _DEPTH_MOST else ():
        if isinstance(child.tag, str) and not _hidden(child):
            apart = child.tag not in _INLINE
            if apart:
                yield " ", kicker
            yield from _pieces(child, kicker or bool(_KICKER.search(child.get("class") or "")), depth + 1)
            if apart:
                yield " ", kicker
        if child.tail:
            yield child.tail, kicker


def _hidden(element: Any) -> bool:
    if element.tag in _UNSEEN:
        return True
    attributes = element.attrib
    return bool(attributes) and (
        "hidden" in attributes
        or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
        or bool(_HIDDEN_CLASS.search(attributes.get("class") or ""))
    )


def _stands_apart(element: Any) -> bool:
    """It stands in navigation, or one of the elements around it is hidden."""
    return any(
        parent.tag in _APART or (level < _AROUND and _hidden(parent))
        for level, parent in enumerate(element.iterancestors())
    )
