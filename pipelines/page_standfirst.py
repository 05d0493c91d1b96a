"""An article's standfirst: the summary that its page shows under the headline, else a description that is not the text.

What a page's head describes is read by `pipelines.metadata`; that the standfirst is no part of the text is the affair of
`pipelines.extract`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from pipelines import dates
from pipelines.blocks import INSIDE, Block
from pipelines.markup import first
from pipelines.records import Field, Origin
from pipelines.site_names import bare

_LEAST, _MOST = 25, 800
"""Characters: shorter lines below a headline are its date, byline and section, longer ones the text."""
_PROSE = 80  # characters: a block from which on it is a paragraph of text
_SENTENCE = 40  # characters
_PART_LEAST = 12  # letters and digits of a heading that is part of the title
_BETWEEN_MOST = 8  # blocks between the two headlines
_WINDOW = 40  # blocks below the headline
_PROSE_BEFORE = 1
"""Paragraphs that may stand above the standfirst: the caption of a picture set as one."""
_STANDFIRST = re.compile(
    r"stand-?first|sub-?(?:title|head(?:line|ing)?|line)(?![a-z])|sotto-?titolo|occhiello|sommario|catenaccio|(?:^|[\s_-])dek(?![a-z])|"
    r"(?:^|[\s_-])deck(?![a-z])|(?:^|[\s_-])lead(?:in|-?text|paragraph)?(?![a-z])|(?:^|[\s_-])lede|summary|excerpt|abstract|chap(?:o|eau)(?![a-z])|"
    r"vorspann|einleitung|anleser|(?:^|[\s_-])intro(?:text|duction)?(?![a-z])|bajada|entradilla|copete|preamble|ingress|manchet|"
    r"preface|teaser-?text|underrubrik|descri(?:ption|zione)|linha-?fina|onderkop",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OTHERS = re.compile(
    r"caption|byline|author|related|card|promo|newsletter|share|social|comment|breadcrumb|gallery|image|photo|video|advert|"
    r"disclos|meta(?![a-z])|tags?(?![a-z])|(?:^|[\s_-])(?:date|time)(?![a-z])",
    re.IGNORECASE,
)
_NOT_HERE = (
    INSIDE["nav"] | INSIDE["footer"] | INSIDE["aside"] | INSIDE["form"] | INSIDE["figure"] | INSIDE["figcaption"]
    | INSIDE["table"] | INSIDE["li"] | INSIDE["button"] | INSIDE["hidden"] | INSIDE["address"] | INSIDE["details"]
)  # fmt: skip
_POSTED = re.compile(
    r"(?:author|posted|written|published|updated|last\s+updated|reviewed|pubblicato|aggiornato|scritto|a\s+cura|veröffentlicht|aktualisiert|"
    r"publié|mis\s+à\s+jour|publicado|actualizado|atualizado|gepubliceerd|by\s|di\s+[A-Z]|von\s+[A-Z]|par\s+[A-Z]|por\s+[A-Z]|door\s+[A-Z])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_CUT = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\W*$")
_NAMES = ("class", "id", "itemprop", "data-testid", "data-component")
_MARK_MOST = 300  # characters of a class
_ALIKE = 50  # letters and digits: two texts that begin so begin alike
_COMPARED = 600  # characters of a paragraph that a description is looked for in
_PARAGRAPHS = 8  # of the page, that a description is compared with


def read_standfirst(
    blocks: Sequence[Block], titles: Sequence[str], described: Sequence[tuple[Origin, str | None]]
) -> Field[str] | None:
    """The standfirst as it is printed, its origin `heading`; without one on the page, what the head describes.

    `described` are the descriptions of the page's head, the most trusted first. A description that is the text's
    beginning, whole or cut off, is none.
    """
    told = [(origin, text) for origin, text in described if text and len(text) >= _LEAST]
    known = [bare(_CUT.sub("", text)) for _, text in told]
    named = {bare(title) for title in titles} - {""}
    above, below = _headlines(blocks, named)
    shown = _between(blocks, above, named) or _shown(blocks, below, known, named)
    if shown:
        return first((Origin.HEADING, shown), *told)
    prose = (
        [bare(block.text[:_COMPARED]) for block in islice((b for b in blocks if len(b.text) >= _PROSE), _PARAGRAPHS)]
        if told
        else []
    )
    return first(
        *(
            (origin, text)
            for (origin, text), plain in zip(told, known, strict=True)
            if plain not in named
            and not _CUT.search(text)
            and not any(_begins(paragraph, plain) for paragraph in prose)
        )
    )


def _headlines(blocks: Sequence[Block], named: set[str]) -> tuple[list[int], int]:
    """The blocks that say the title, and the first block below the headline.

    The headline is the last first-level heading before the text that says the title or part of it, else the first block
    that says it and isn't a link.
    """
    most = max(map(len, named), default=0)
    least = min(map(len, named), default=0)
    saying: list[int] = []
    heading = None
    for n, block in enumerate(blocks):
        length = len(block.text)
        if block.tag != "h1" and not least <= length <= 2 * most:
            if heading is not None and length > 2 * most + _SENTENCE:
                break
            continue
        text = bare(block.text)
        if text in named:
            if not block.inside & _NOT_HERE:
                saying.append(n)
            if _in_heading(block):
                heading = n
        elif len(text) > _PART_LEAST and block.tag == "h1" and any(text in name or name in text for name in named):
            heading = n
    if heading is None:
        heading = next((n for n in saying if not blocks[n].links), None)
    return saying, len(blocks) if heading is None else heading + 1


def _between(blocks: Sequence[Block], saying: Sequence[int], named: set[str]) -> str | None:
    """The one sentence between the headline of the page's head and the same headline above the text."""
    for above, below in pairwise(saying):
        if below - above > _BETWEEN_MOST:
            return None
        lines = [block.text for block in blocks[above + 1 : below] if len(block.text) >= _SENTENCE and _is_line(block)]
        if len(lines) == 1 and bare(lines[0]) not in named:
            return lines[0]
    return None


def _is_line(block: Block) -> bool:
    """It may be a standfirst by its length and place, and is no line of links."""
    text = block.text
    return (
        _LEAST <= len(text) <= _MOST
        and not block.inside & _NOT_HERE
        and block.linked * 2 <= len(text)
        and not _line_of_facts(text)
    )


def _in_heading(block: Block) -> bool:
    return block.tag == "h1" or next(block.element.iterancestors("h1"), None) is not None


def _shown(blocks: Sequence[Block], start: int, known: Sequence[str], named: set[str]) -> str | None:
    window = blocks[start : start + _WINDOW]
    paragraphs = 0
    for n, block in enumerate(window):
        text = block.text
        if paragraphs > _PROSE_BEFORE:
            return None
        if not _is_line(block) or _in_heading(block):
            continue
        plain = bare(text)
        if any(plain in name or (name in plain and len(name) * 3 > len(plain)) for name in named):
            continue
        marks = list(_marks(block.element))
        if any(_OTHERS.search(mark) for mark in marks):
            continue
        same = any(plain == other or (len(other) > _LEAST and plain.startswith(other)) for other in known)
        marked = any(_STANDFIRST.search(mark) for mark in marks)
        own = any(_STANDFIRST.search(mark) for mark in _marks_of(block.element))
        # What the head describes, and looks unlike the text; or what its own markup calls a standfirst; or what a
        # container calls so and stands in the headline's header. On 784 pages 159 of 194 such are no part of the text.
        in_header = bool(block.inside & INSIDE["header"])
        if (marked and (same or in_header)) or (
            ((own and not paragraphs) or same) and _differs(block, window[n + 1 :])
        ):
            return _whole(block, window[n + 1 :])
        if len(text) >= _PROSE:
            paragraphs += 1
    return None


def _line_of_facts(text: str) -> bool:
    """A line of date, byline or reading time, not a sentence."""
    return len(text) < 160 and (
        bool(_POSTED.match(text)) or (dates.has_date(text) and len(_WORD.findall(dates.without_dates(text))) < 8)
    )


def _whole(block: Block, after: Sequence[Block]) -> str:
    """The standfirst with the lines that a <br> sets below its first."""
    parts = [block.text]
    for other in after:
        if not other.soft or other.element is not block.element:
            break
        parts.append(other.text)
    return " ".join(parts)


def _marks_of(element: Any) -> Iterator[str]:
    for name in _NAMES:
        if value := element.get(name):
            yield _CAMEL.sub("-", value[:_MARK_MOST])


def _marks(element: Any) -> Iterator[str]:
    """What class, id and itemprop call an element and the two around it, as far as they hold little else."""
    for _ in range(3):
        if element is None or element.tag in ("article", "main", "body", "section"):
            return
        yield from _marks_of(element)
        element = element.getparent()
        if element is not None and len(element) > 3:
            return


def _differs(block: Block, after: Sequence[Block]) -> bool:
    """The block is not the first paragraph of the text: those that follow stand elsewhere, or look otherwise."""
    if block.strong * 10 >= len(block.text) * 9:
        return True
    prose = [other for other in after if len(other.text) >= _PROSE and not other.inside & _NOT_HERE][:3]
    if not prose:
        return True
    own = _looks(block.element)
    return all(_looks(other.element) != own for other in prose)


def _looks(element: Any) -> tuple[Any, ...]:
    parent = element.getparent()
    return (element.tag, element.get("class"), None if parent is None else (parent.tag, parent.get("class")))


def _begins(paragraph: str, plain: str) -> bool:
    """The paragraph holds the description, or begins as it does."""
    return plain in paragraph or paragraph[:_ALIKE] == plain[:_ALIKE]
