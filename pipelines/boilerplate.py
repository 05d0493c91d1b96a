"""Says of each block of a page whether it is the article, and of each that is not why, and by which rule.

The probabilities come from `pipelines.weighing`; what stands here is what a weight can't know: what the outlet's rules say, what its
other articles repeat, what the fields already hold. What is left is put together by `pipelines.rendering`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines import dates, wording
from pipelines.blocks import INSIDE, Block
from pipelines.evidence import squeeze
from pipelines.identity import block_fingerprint
from pipelines.marks import MARKS
from pipelines.records import Metadata, Origin, Reason, RemovedBlock

_HEAD, _TAIL = 10, 12  # kept blocks at the text's ends among which the fields are repeated
_LINE_MOST = 400  # characters: longer blocks are no lines of boilerplate
_LINK_DENSE = 0.5  # share of a block's characters that stand in links
_DIGIT = re.compile(r"\d")
_CREDIT_WORD = re.compile(
    r"^\W*(?:a cura|scritto|da|di|by|von|par|por|text|testo|pubblicat|ultim|publish|updat|aktualisiert)", re.IGNORECASE
)
_PUBLISHED_BY = re.compile(
    r"^\W*(?:pubblicat[oa]|ultim[ao] (?:revisione|modifica|aggiornamento)|aggiornat[oa]|published|updated|last updated|posted|"
    r"veröffentlicht|aktualisiert|publié|publicado)\b",
    re.IGNORECASE,
)
_CREDITED = re.compile(
    r"^\W*(?:a cura di|(?:scritto\s+)?da|di|by|von|par|por|text|testo)\s*:?\s+(.{2,90})$", re.IGNORECASE
)
_BIO_VERB = re.compile(
    r"\b(?:è\s+(?:un|una|stat[oa]|il|la)|scrive|lavora|collabora|si\s+occupa|appassionat[oa]|is\s+(?:a|an|the)|was|writes|covers|reports|joined|has\s+(?:been|written)|"
    r"ist|schreibt|arbeitet|berichtet|studierte|est\s+(?:un|une|journaliste)|écrit|couvre|es\s+(?:un|una|periodista)|escribe|cubre)\b",
    re.IGNORECASE,
)
_PARAGRAPH = 120  # characters: from here on a block reads like a paragraph

_BOXES = tuple((MARKS[rule], reason, rule) for reason, rule, _ in wording.CONTAINERS)
_MARKUP_RULES = {"figure", *(rule for _, _, rule in _BOXES)}
_FAMILIES = (
    (MARKS["caption"], Reason.CAPTION, "caption"),
    (MARKS["bio"], Reason.AUTHOR_BIO, "bio"),
    (MARKS["newsletter"], Reason.NEWSLETTER, "newsletter"),
    (MARKS["share"], Reason.SHARE, "share"),
    (MARKS["comments"], Reason.COMMENTS_UI, "comments"),
    (MARKS["related"], Reason.RELATED, "related"),
    (MARKS["consent"], Reason.COOKIE, "consent"),
    (MARKS["promo"], Reason.PROMO, "promo"),
    (MARKS["byline"], Reason.BYLINE_LINE, "byline"),
    (MARKS["date"], Reason.DATE_LINE, "date"),
    (MARKS["tags"] | MARKS["navigation"], Reason.NAVIGATION, "navigation"),
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SURE = 0.9
"""Probability from which on wording counts for nothing: of a line that says so, it cost more text than residue."""
_DOUBTED = 0.1
"""Probability from which on a block that went was near to being kept."""
_FRAME = INSIDE["nav"] | INSIDE["hidden"] | INSIDE["button"] | INSIDE["noscript"]
_CHROME = _FRAME | INSIDE["footer"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a block is not the article."""

    reason: Reason
    rule: str


class Judge:
    """Judges one page's blocks; `squeezed` holds their texts as `evidence.squeeze` gives them."""

    def __init__(self, blocks: Sequence[Block], squeezed: Sequence[str], fields: Metadata) -> None:
        self._blocks, self._squeezed = blocks, squeezed
        self._title = squeeze(fields.title.value) if fields.title else ""
        shown = fields.standfirst is not None and fields.standfirst.origin is Origin.HEADING
        self._standfirst = squeeze(fields.standfirst.value) if shown and fields.standfirst else ""
        self._described = squeeze(fields.standfirst.value) if fields.standfirst and not shown else ""
        self._byline = squeeze(fields.byline.value) if fields.byline else ""
        self._people = fields.authors.value if fields.authors else ()
        self._names = {squeeze(name) for name in self._people} | {squeeze("".join(self._people))}

    def residue(self, kept: Sequence[int], chances: Sequence[float]) -> dict[int, Cut]:
        """Those of the kept blocks that are not the article.

        They say again what the fields hold (title, standfirst, byline, dates, an author's bio), or are worded as residue is
        and the weighing is not sure of them.
        """
        found: dict[int, Cut] = {}
        total = sum(len(self._squeezed[at]) for at in kept)
        for place, at in enumerate(kept):
            head, tail = place < _HEAD, place >= len(kept) - _TAIL
            cut = None
            if head or tail:
                cut = self._says_field(at, head=head) or dateline(self._blocks[at].text, self._people)
                if (
                    cut is not None
                    and cut.rule == "standfirst_repeat"
                    and not self._only_repeats(at, chances[at], total)
                ):
                    cut = None
                if cut is None and tail and self._is_bio(self._blocks[at].text):
                    cut = Cut(Reason.AUTHOR_BIO, "bio_paragraph")
            if cut is None and chances[at] < _SURE:
                cut = _line(self._blocks[at].text)
            if cut is not None:
                found[at] = cut
        return found

    def why(self, at: int) -> Cut:
        """The reason that fits a block which the weighing left out."""
        block = self._blocks[at]
        return self._says_field(at, head=True) or self._by_words(block) or self._by_markup(block)

    def names(self, at: int, cut: Cut) -> bool:
        """Whether the reason is one that this block gave, rather than its place in the page's frame."""
        if cut.reason is Reason.NAVIGATION or cut.rule in ("weighed", "link_dense"):
            return False
        by_markup = cut.rule in _MARKUP_RULES or cut.rule.startswith("marked_")
        return not self._blocks[at].inside & (_CHROME if by_markup else _FRAME)

    def _says_field(self, at: int, *, head: bool) -> Cut | None:
        """Whether a block is, as a whole, what a field holds; title and standfirst only at the text's head."""
        bare = self._squeezed[at]
        if not bare:
            return None
        if head and bare == self._title:
            return Cut(Reason.TITLE_REPEAT, "title_repeat")
        if head and bare in self._standfirst and len(bare) * 3 > len(self._standfirst):
            return Cut(Reason.TITLE_REPEAT, "standfirst_repeat")
        if head and bare == self._described and _set_apart(self._blocks[at]):
            return Cut(Reason.TITLE_REPEAT, "standfirst_repeat")
        if bare == self._byline:
            return Cut(Reason.BYLINE_LINE, "byline_line")
        return Cut(Reason.BYLINE_LINE, "author_name") if bare in self._names else None

    def _only_repeats(self, at: int, chance: float, total: int) -> bool:
        """Whether a shown standfirst stands above the text of `total` characters, and is not its opening, or all of it."""
        if len(self._standfirst) * 3 > total:
            return False
        return chance <= _SURE or _set_apart(self._blocks[at])

    def _is_bio(self, line: str) -> bool:
        for name in self._people:
            if (
                line.startswith(name) or (line.startswith(name.split()[0]) and len(line) > _PARAGRAPH)
            ) and _BIO_VERB.search(line[:120]):
                return True
        return False

    def _by_words(self, block: Block) -> Cut | None:
        if len(block.text) > _LINE_MOST:
            return Cut(Reason.AUTHOR_BIO, "bio_paragraph") if self._is_bio(block.text) else None
        if cut := dateline(block.text, self._people):
            return cut
        if cut := _line(block.text):
            return cut
        return Cut(Reason.AUTHOR_BIO, "bio_paragraph") if self._is_bio(block.text) else None

    def _by_markup(self, block: Block) -> Cut:
        for bit, reason, rule in _BOXES:
            if block.marked & bit:
                return Cut(reason, rule)
        if block.inside & (INSIDE["figure"] | INSIDE["figcaption"]):
            return Cut(Reason.CAPTION, "figure")
        for held in (block.near, block.marked):
            for bit, reason, family in _FAMILIES:
                if held & bit:
                    return Cut(reason, f"marked_{family}")
        if block.inside & INSIDE["nav"]:
            return Cut(Reason.NAVIGATION, "nav")
        if block.linked >= _LINK_DENSE * len(block.text):
            return Cut(Reason.RELATED, "link_dense")
        return Cut(Reason.OTHER, "weighed")


def _set_apart(block: Block) -> bool:
    """Whether the markup calls a block the standfirst, or shows it as a heading."""
    return bool(block.near & MARKS["standfirst"]) or block.tag in _HEADINGS


def _line(text: str) -> Cut | None:
    """Whether a block as a whole is worded as lines of residue are."""
    if len(text) > _LINE_MOST:
        return None
    return next((Cut(reason, rule) for reason, rule, pattern in wording.LINES if pattern.match(text)), None)


def repeated(
    blocks: Sequence[Block], kept: Sequence[int], known: frozenset[bytes], shared: Sequence[str]
) -> dict[int, Cut]:
    """Those of the kept blocks that the outlet's other articles have, too; `shared` are texts that they may."""
    unwanted = known - {block_fingerprint(text) for text in shared}
    if not unwanted:
        return {}
    cut = Cut(Reason.REPEATED, "repeated")
    return {at: cut for at in kept if block_fingerprint(blocks[at].text) in unwanted}


def dateline(line: str, people: Sequence[str] = ()) -> Cut | None:
    """Whether a line only says when, or when and by whom, the article appeared."""
    if len(line) > 200 or not (_DIGIT.search(line) or _CREDIT_WORD.match(line)):
        return None  # the cheap question first: most lines hold neither a number nor a word of crediting
    dated = dates.has_date(line)
    credited = _CREDITED.match(line) and any(name.casefold() in line.casefold() for name in people)
    if not dated and not credited:
        return None
    rest = dates.without_dates(line)
    for name in people:
        rest = re.sub(re.escape(name), " ", rest, flags=re.IGNORECASE)
    words = re.sub(r"[\W\d_]+", " ", wording.PUBLISHED_WORDS.sub(" ", rest)).split()
    if dated and not words:
        return Cut(Reason.DATE_LINE, "date_line")
    if dated and _PUBLISHED_BY.match(line) and len(words) <= 12:
        return Cut(Reason.BYLINE_LINE, "published_by") if len(words) > 1 else Cut(Reason.DATE_LINE, "date_line")
    return Cut(Reason.BYLINE_LINE, "byline_line") if credited and len(words) <= 6 else None


def evidence_of(
    blocks: Sequence[Block], cuts: Mapping[int, Cut], kept: Sequence[int], chances: Sequence[float], judge: Judge
) -> list[tuple[Block, Cut]]:
    """The blocks that were taken out, each with its reason; all numbers are places in `blocks`.

    What surrounds every page of a site (navigation, footers) was never the article's: of that only what stands between
    the article's parts, or what the weighing doubted, is kept.
    """
    first, last = (kept[0], kept[-1]) if kept else (0, -1)
    taken = set(kept)
    told = []
    for at, block in enumerate(blocks):
        if at in taken:
            continue
        if at in cuts:
            told.append((block, cuts[at]))
            continue
        doubted = first <= at <= last or chances[at] > _DOUBTED
        if not doubted and block.inside & _FRAME:
            continue
        cut = judge.why(at)
        if told and cut.rule == "link_dense" and told[-1][0] is blocks[at - 1] and told[-1][1].reason is Reason.RELATED:
            cut = told[-1][1]  # what "Related articles" announced
        elif not (doubted or judge.names(at, cut)):
            continue
        told.append((block, cut))
    return told


def joined(told: Iterable[tuple[Block, Cut]]) -> tuple[RemovedBlock, ...]:
    """Blocks in the page's order; neighbours that went for one reason are one, but for repeated ones, which are counted one by one."""
    found: list[RemovedBlock] = []
    previous = -2
    for block, cut in sorted(told, key=lambda pair: pair[0].position):
        last = found[-1] if found else None
        if (
            last is not None
            and block.position == previous + 1
            and (last.reason, last.rule) == (cut.reason, cut.rule)
            and cut.reason is not Reason.REPEATED
        ):
            found[-1] = replace(last, text=f"{last.text}\n{block.text}")
        else:
            found.append(RemovedBlock(text=block.text, reason=cut.reason, rule=cut.rule, position=block.position))
        previous = block.position
    return tuple(found)
