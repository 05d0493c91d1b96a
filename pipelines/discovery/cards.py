"""What a listing says of one article: the texts and dates in the block around its link.

Which links are articles is decided in `pipelines.discovery.listing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.discovery.entries import plain

_LEVELS = 5
"""How far above a link its card may begin; a page with a single article must not be that article's card."""
_WHOLE = ("article", "li", "tr")
_OUTSIDE = ("main", "body", "html", "header", "nav", "footer", "aside", "table", "ul", "ol")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SILENT = ("script", "style", "svg", "template", "noscript", "time")
_INLINE = (
    "a",
    "abbr",
    "b",
    "cite",
    "code",
    "em",
    "font",
    "i",
    "mark",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
    "wbr",
)
_TITLE_CLASS = re.compile(r"(?:^|[\s_-])(?:title|titolo|headline|heading|titre|titel)(?:$|[\s_-])", re.IGNORECASE)
_MORE = re.compile(
    r"(?:leggi(?: tutto| di più| ancora| l['’]articolo(?: completo)?| la notizia| qui)?|continua(?: a leggere| la lettura)?"
    r"|scopri(?: di più)?|vai all['’]articolo|(?:read|see|view|learn)(?: more| on| now| full story| the full story| (?:the )?article)?"
    r"|continue reading|more|full story|(?:hier )?(?:mehr|weiter)(?: lesen| erfahren)?|weiterlesen|zum artikel"
    r"|lire(?: la suite| plus| l['’]article)?|en savoir plus|leer(?: más)?|seguir leyendo|sigue leyendo|ver más"
    r"|(?:\d+ )?(?:comment[oi]|comments?|kommentare?|commentaires?|comentarios?)|condividi|share|\d+|\W*)"
    r"[\s»›→>.…:]*",
    re.IGNORECASE,
)
"""Link texts that invite to read on: no titles."""
_LEAD_IN = re.compile(
    r"(?:leggi(?: tutto| di più| l['’]articolo)?|continua a leggere|read(?: more| the full story| (?:the )?article)?(?: about)?"
    r"|continue reading|weiterlesen|mehr (?:zu|über)|lire (?:la suite|l['’]article)(?: de)?|leer más(?: sobre)?|link (?:a|to)"
    r"|permalink (?:a|to))\s*[:–—\-\"“«]\s*",
    re.IGNORECASE,
)


class Card:
    """The block around one link that holds no other article's link.

    `owner` maps the anchors of all articles of the page to their addresses.
    """

    def __init__(self, anchor: Any, owner: Mapping[Any, str]) -> None:
        self.anchor = anchor
        self.block = anchor
        for level, block in enumerate(anchor.iterancestors()):
            if level == _LEVELS or block.tag in _OUTSIDE or self._holds_another(block, owner):
                break
            self.block = block
            if block.tag in _WHOLE:
                break

    def _holds_another(self, block: Any, owner: Mapping[Any, str]) -> bool:
        mine = owner[self.anchor]
        return any(owner.get(other, mine) != mine for other in block.iter("a"))

    def times(self) -> Iterator[str]:
        """The `datetime` of each `<time>`, in the card's order."""
        for time in self.block.iter("time"):
            if time.get("datetime"):
                yield time.get("datetime")

    def titles(self) -> Iterator[tuple[int, str]]:
        """What may be the title, each with its rank: 0 for headings, higher for what is less surely one."""
        for heading in (*self.anchor.iterancestors(*_HEADINGS), *self.anchor.iter(*_HEADINGS)):
            yield 0, _text(heading)
        for element in self.anchor.iter():
            if isinstance(element.tag, str) and _TITLE_CLASS.search(element.get("class") or ""):
                yield 1, _text(element)
        yield 2, _text(self.anchor)
        for name in ("title", "aria-label"):
            yield 3, _LEAD_IN.sub("", self.anchor.get(name) or "", count=1)
        for image in self.anchor.iter("img"):
            yield 4, image.get("alt") or ""
        for heading in self.block.iter(*_HEADINGS):
            yield 5, _text(heading)


def title_of(cards: list[Card]) -> str | None:
    """The best title among all links to one article: the surest kind, of it the longest that is no teaser."""
    ranked: dict[int, list[str]] = {}
    for card in cards:
        for rank, text in card.titles():
            if (cleaned := plain(text, markup=False)) and len(cleaned) <= 300 and not _MORE.fullmatch(cleaned):
                ranked.setdefault(rank, []).append(cleaned)
    for rank in sorted(ranked):
        if telling := [text for text in ranked[rank] if rank == 0 or 12 <= len(text) <= 160]:
            return max(telling, key=len)
    return max((text for texts in ranked.values() for text in texts), key=len, default=None)


def _text(element: Any) -> str:
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: Any) -> Iterator[str]:
    gap = "" if element.tag in _INLINE else " "
    yield gap
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SILENT:
            yield from _pieces(child)
        yield child.tail or ""
        following = child.getnext()
        # Spans without a space between them are lines of their own: a kicker, then the title.
        if following is not None and "span" in (child.tag, following.tag) and not child.tail:
            yield " "
    yield gap
