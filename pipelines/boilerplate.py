"""Takes out of a page what is not the article, and keeps each block as evidence with its reason and rule.

Two passes: containers of the page's tree before the text is extracted, lines of the text after. Words are weighed with
markup, position and density of links (`pipelines.wording`); the text itself is `pipelines.extract`'s affair.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines import dates, wording
from pipelines.blocks import lines_of
from pipelines.records import Hints, Metadata, Reason, RemovedBlock
from pipelines.selectors import select

_BLOCKS = (
    "p",
    "div",
    "section",
    "aside",
    "li",
    "ul",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "span",
    "strong",
    "b",
    "em",
    "i",
    "a",
    "td",
    "figcaption",
    "small",
    "footer",
    "address",
    "form",
)
_CONTAINERS = ("div", "section", "aside", "ul", "ol", "form", "footer", "nav", "p", "figure", "table", "details")
_PARAGRAPH = 120  # characters: from here on a block reads like a paragraph
_BOX_MOST = 1_500  # characters of a box that is no article
_BOX_SHARE = 0.35  # of the page's text
_LINK_DENSE = 0.5  # share of a block's characters that stand in links
_HEAD, _TAIL = 8, 12  # lines at the text's ends where residue sits
_DIGIT = re.compile(r"\d")
_CREDIT_WORD = re.compile(
    r"^\W*(?:a cura|scritto|da|di|by|von|par|por|text|testo|pubblicat|ultim|publish|updat|aktualisiert)", re.IGNORECASE
)
_BIO_VERB = re.compile(
    r"\b(?:è\s+(?:un|una|stat[oa]|il|la)|scrive|lavora|collabora|si\s+occupa|appassionat[oa]|is\s+(?:a|an|the)|was|writes|covers|reports|joined|has\s+(?:been|written)|"
    r"ist|schreibt|arbeitet|berichtet|studierte|est\s+(?:un|une|journaliste)|écrit|couvre|es\s+(?:un|una|periodista)|escribe|cubre)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A block that was taken out, before its position in the page is known."""

    text: str
    reason: Reason
    rule: str


def prune(tree: Any, hints: Hints, metadata: Metadata) -> list[Cut]:
    """Take containers that are not the article out of the tree (in place); returns them."""
    cuts: list[Cut] = []
    for selector in hints.prune:
        for element in select(tree, selector):
            _cut(element, Reason.OUTLET_RULE, f"prune {selector}", cuts)
    body = tree.find(".//body")
    root = body if body is not None else tree
    total = max(len(_text(root)), 1)
    for element in list(root.iter(*_CONTAINERS)):
        marked = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('role') or ''}".strip()
        if not marked:
            continue
        for reason, rule, pattern in wording.CONTAINERS:
            if pattern.search(marked) and _is_box(element, total):
                _cut(element, reason, rule, cuts)
                break
    _prune_by_words(root, total, metadata, cuts)
    return cuts


def clean(lines: Sequence[str], tree_standfirst: str | None, metadata: Metadata) -> tuple[list[str], list[Cut]]:
    """The text's lines without residue at their ends; `tree_standfirst` is the standfirst if the page sets it apart."""
    kept = list(lines)
    cuts: list[Cut] = []
    title = metadata.title.value if metadata.title else ""
    people = metadata.authors.value if metadata.authors else ()

    def judge(line: str, *, head: bool, tail: bool) -> tuple[Reason, str] | None:
        if head and _same(line, title):
            return Reason.TITLE_REPEAT, "title_repeat"
        if head and tree_standfirst and _same(line, tree_standfirst):
            return Reason.TITLE_REPEAT, "standfirst_repeat"
        if (head and people and _same(line, ", ".join(people))) or line.strip() in people:
            return Reason.BYLINE_LINE, "author_name"
        if found := dateline(line, people):
            return found
        for reason, rule, pattern in wording.LINES:
            if len(line) <= 400 and pattern.match(line):
                return reason, rule
        if tail and people and _is_bio(line, people):
            return Reason.AUTHOR_BIO, "bio_paragraph"
        return None

    last = len(kept)
    result: list[str] = []
    for n, line in enumerate(kept):
        head, tail = n < _HEAD, n >= last - _TAIL
        verdict = judge(line, head=head, tail=tail) if head or tail or len(line) < 60 else None
        if verdict is None:
            result.append(line)
        else:
            cuts.append(Cut(line, *verdict))
    return result, cuts


def dateline(line: str, people: Sequence[str] = ()) -> tuple[Reason, str] | None:
    """Whether a line only says when, or when and by whom, the article appeared."""
    if len(line) > 200 or not (_DIGIT.search(line) or _CREDIT_WORD.match(line)):
        return None  # the cheap question first: most lines hold neither a number nor a word of crediting
    dated = dates.has_date(line)
    rest = dates.without_dates(line)
    for name in people:
        rest = re.sub(re.escape(name), " ", rest, flags=re.IGNORECASE)
    words = re.sub(r"[\W\d_]+", " ", wording.PUBLISHED_WORDS.sub(" ", rest)).split()
    if dated and not words:
        return Reason.DATE_LINE, "date_line"
    if (
        dated
        and re.match(
            r"^\W*(?:pubblicat[oa]|ultim[ao] (?:revisione|modifica|aggiornamento)|aggiornat[oa]|published|updated|last updated|posted|veröffentlicht|aktualisiert|publié|publicado)\b",
            line,
            re.IGNORECASE,
        )
        and len(words) <= 12
    ):
        return (Reason.BYLINE_LINE, "published_by") if len(words) > 1 else (Reason.DATE_LINE, "date_line")
    credit = re.match(
        r"^\W*(?:a cura di|(?:scritto\s+)?da|di|by|von|par|por|text|testo)\s*:?\s+(.{2,90})$", line, re.IGNORECASE
    )
    if credit and people and any(name.casefold() in line.casefold() for name in people) and len(words) <= 6:
        return Reason.BYLINE_LINE, "byline_line"
    # What an extractor leaves of "Pubblicato … a cura di …" when it cut the date out.
    if re.match(
        r"^\W*(?:pubblicato|ultima revisione:?|published|updated|aktualisiert:?)\W*(?:a cura di .{2,60}|by .{2,60})?$",
        line,
        re.IGNORECASE,
    ):
        return Reason.DATE_LINE, "date_line_rest"
    return None


def positioned(cuts: Sequence[Cut], blocks: Sequence[str]) -> tuple[RemovedBlock, ...]:
    """The cuts with their places among the page's text blocks; each block once."""
    index: dict[str, int] = {}
    for n, block in enumerate(blocks):
        index.setdefault(_bare(block)[:80], n)
    seen: dict[tuple[str, Reason], RemovedBlock] = {}
    for cut in cuts:
        text = cut.text.strip()
        if text:
            first_line = text.split("\n", 1)[0]
            position = index.get(_bare(first_line)[:80], len(blocks))
            seen.setdefault(
                (text, cut.reason), RemovedBlock(text=text, reason=cut.reason, rule=cut.rule, position=position)
            )
    return tuple(sorted(seen.values(), key=lambda block: block.position))


def _prune_by_words(root: Any, total: int, metadata: Metadata, cuts: list[Cut]) -> None:
    people = metadata.authors.value if metadata.authors else ()
    for element in list(root.iter(*_BLOCKS)):
        if element.getparent() is None or element is root or not _attached(element, root):
            continue
        text = _text(element)
        if not 2 <= len(text) <= 200:
            continue
        if verdict := dateline(text, people):
            if not any(child.tag in _CONTAINERS for child in element):
                _cut(element, *verdict, cuts)
            continue
        if wording.ALL_BY_AUTHOR.match(text):
            _cut(_author_box(element, total), Reason.AUTHOR_BIO, "all_by_author", cuts)
        elif (
            element.tag in ("h2", "h3", "h4", "h5", "h6", "p", "div", "strong", "span", "b")
            and wording.RELATED.match(text)
            and len(text) <= 60
        ):
            _cut_related(element, total, cuts)
        elif wording.PROMO.match(text) and len(text) <= 60 and element.tag != "a":
            _cut(element, Reason.PROMO, "promo_line", cuts)


def _author_box(element: Any, total: int) -> Any:
    """The largest box around "all articles by …" that is still short of an article."""
    box = element
    for ancestor in element.iterancestors("div", "section", "aside", "footer", "p"):
        text = _text(ancestor)
        if len(text) > _BOX_MOST or len(text) > _BOX_SHARE * total or ancestor.find(".//h1") is not None:
            break
        box = ancestor
    return box


def _cut_related(heading: Any, total: int, cuts: list[Cut]) -> None:
    """A heading "related articles" with the list of links below it."""
    box = heading
    for ancestor in heading.iterancestors("div", "section", "aside", "footer", "nav", "ul"):
        if not _is_box(ancestor, total) or _link_share(ancestor) < _LINK_DENSE:
            break
        box = ancestor
    if box is not heading:
        _cut(box, Reason.RELATED, "related_box", cuts)
        return
    following = heading.getnext()
    _cut(heading, Reason.RELATED, "related_line", cuts)
    while following is not None and _link_share(following) >= _LINK_DENSE and len(_text(following)) <= _BOX_MOST:
        following, current = following.getnext(), following
        _cut(current, Reason.RELATED, "related_links", cuts)


def _is_box(element: Any, total: int) -> bool:
    """Whether an element can be a box beside the article: short, and without the page's heading."""
    length = len(_text(element))
    return (
        length <= _BOX_MOST
        and length <= _BOX_SHARE * total
        and element.find(".//h1") is None
        and element.find(".//article") is None
    )


def _link_share(element: Any) -> float:
    text = _text(element)
    return sum(len(_text(link)) for link in element.iter("a")) / len(text) if text else 0.0


def _is_bio(line: str, people: Sequence[str]) -> bool:
    for name in people:
        first = name.split()[0]
        if (line.startswith(name) or (line.startswith(first) and len(line) > _PARAGRAPH)) and _BIO_VERB.search(
            line[:120]
        ):
            return True
    return False


def _cut(element: Any, reason: Reason, rule: str, cuts: list[Cut]) -> None:
    parent = element.getparent()
    if parent is None:
        return
    text = "\n".join(line for line in lines_of(element) if line)
    if text:
        cuts.append(Cut(text, reason, rule))
    previous, tail = element.getprevious(), element.tail
    if tail and tail.strip():  # text after the element is the parent's own
        if previous is not None:
            previous.tail = (previous.tail or "") + " " + tail
        else:
            parent.text = (parent.text or "") + " " + tail
    parent.remove(element)


def _attached(element: Any, root: Any) -> bool:
    return any(ancestor is root for ancestor in element.iterancestors())


def _text(element: Any) -> str:
    return " ".join(element.text_content().split())


def _same(one: str, other: str) -> bool:
    return bool(one) and bool(other) and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
