"""What speaks for and against each block of a page, as numbers: its words, markup, place, and what surrounds it.

What the numbers weigh is learned (`pipelines.weighing`); which blocks go, and for which reason, `pipelines.boilerplate` says.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines import wording
from pipelines.blocks import INSIDE, Block, Layout
from pipelines.containers import Containers
from pipelines.marks import MARKS
from pipelines.records import Metadata

Table = npt.NDArray[np.float32]
"""A row a block, a column a piece of evidence."""

_TAGS = {
    "p": 0, "li": 1, "h1": 2, "h2": 3, "h3": 4, "h4": 5, "h5": 5, "h6": 5, "td": 6, "th": 6, "tr": 6, "div": 7, "section": 7, "article": 7,
    "figcaption": 8, "caption": 8, "blockquote": 9, "dt": 10, "dd": 10, "pre": 11, "button": 12, "legend": 12, "form": 12, "body": 14,
}  # fmt: skip
_OTHER_TAG = 7
_WORD = re.compile(r"\w+")
_CJK = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CJK_WEIGHT = 2.2  # a character of these scripts says as much as so many letters
_SENTENCE_END = re.compile(r"[.!?…。！？][\s\"”’»)\]]*$")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_ADDRESS = re.compile(r"https?://|www\.|@\w")
_RIGHTS = re.compile(r"©|\(c\)\s|copyright|all rights|diritti riservati", re.IGNORECASE)
_CREDITING = re.compile(
    r"\W*(?:by|di|von|par|por|door|a cura di|text|testo|words|foto|photo|image|credit|source|fonte|quelle)\b",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"[\"“”„«»「]")
_DIGIT = re.compile(r"\d")
_MORE = ("…", "...", "»", "›", "→", ">")
_LINE_MOST = 400  # characters: what is longer is no line of boilerplate
_PREFIX = 40  # characters of a long block whose presence in another's text says that the block is there


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another reader takes the article's text for: squeezed lines, and all of it squeezed (`squeeze`)."""

    lines: frozenset[str]
    text: str

    @classmethod
    def of(cls, text: str) -> Opinion:
        return cls(frozenset(map(squeeze, text.split("\n"))), squeeze(text))


def squeeze(text: str) -> str:
    """Letters and digits alone, in lower case: what differs in spacing and punctuation is the same."""
    return "".join(_WORD.findall(text.casefold()))


_TEXT_COLUMNS = (
    "len", "words", "share", "links", "strong", "short", "upper", "end", "commas", "digits", "colon", "more", "capitals", "year", "address",
    "rights", "crediting", "quote", "piped", "question", "tag", "soft", "depth", "is_title", "in_title", "is_standfirst", "is_description",
    "names_author", "is_author", "twins", "in_body", *(f"line_{rule}" for _, rule, _ in wording.LINES),
)  # fmt: skip


class Evidence:
    """The evidence on one page's blocks. `title_at` is the position of its headline, None where none is shown."""

    def __init__(self, layout: Layout, fields: Metadata, *, body: str | None) -> None:
        """`body` is the page's own statement of the text (JSON-LD articleBody)."""
        self.blocks = layout.blocks
        self.stated = squeeze(body or "")
        self.squeezed = [squeeze(block.text) for block in self.blocks]
        self.title_at = self._headline(fields)
        self._columns: list[tuple[str, npt.NDArray[Any]]] = []
        if not self.blocks:
            return
        texts = self._texts(fields)
        length = texts[:, 0].astype(np.float64)
        containers = Containers(layout, length)
        for n, name in enumerate(_TEXT_COLUMNS, start=1):
            self._add(name, texts[:, n])
        self._add("has_body", np.full(len(self.blocks), float(bool(body))))
        self._bits()
        for name, column in containers.columns():
            self._add(name, column)
        self._places(length)
        self._neighbours(("len", "share", "tag", "end", "s1m", "up6", "cm6", "dh", "dk"), containers.good)

    def table(self) -> Table:
        """What the page alone says."""
        return self._stacked(self._columns)

    def table_with(self, opinion: Opinion) -> Table:
        """The same with what another reader says."""
        votes = np.array([_vote(text, opinion) for text in self.squeezed], dtype=np.float32)
        told = [k for k, vote in enumerate(votes) if vote >= 0.6 and len(self.squeezed[k]) > 20]
        first, last = (told[0], told[-1]) if told else (0, -1)
        at = np.arange(len(votes))
        columns = [*self._columns, ("vote", votes)]
        columns.append(("from_first_vote", np.clip(at - first, -20, 50)))
        columns.append(("from_last_vote", np.clip(at - last, -50, 20)))
        columns.append(("between_votes", ((at >= first) & (at <= last)).astype(float)))
        for reach in (5, 12):
            columns.append((f"votes_{reach}", _around(votes, reach)))
            columns.append((f"votes_after_{reach}", _after(votes, reach)))
        columns.extend((f"vote@{step}", _shifted(votes, step)) for step in (-2, -1, 1, 2))
        return self._stacked(columns)

    def names(self, *, voted: bool) -> list[str]:
        """The columns' names, as the learned weights know them."""
        names = [name for name, _ in self._columns]
        if voted:
            names += [
                "vote",
                "from_first_vote",
                "from_last_vote",
                "between_votes",
                "votes_5",
                "votes_after_5",
                "votes_12",
                "votes_after_12",
            ]
            names += [f"vote@{step}" for step in (-2, -1, 1, 2)]
        return names

    # -- one group of columns each -----------------------------------------------------------------------------------

    def _add(self, name: str, column: Any) -> None:
        self._columns.append((name, np.asarray(column, dtype=np.float32)))

    @staticmethod
    def _stacked(columns: Sequence[tuple[str, npt.NDArray[Any]]]) -> Table:
        return np.column_stack([column for _, column in columns]).astype(np.float32, copy=False)

    def _headline(self, fields: Metadata) -> int | None:
        title = squeeze(fields.title.value) if fields.title else ""
        first = None
        for k, block in enumerate(self.blocks):
            if title and self.squeezed[k] == title:
                if block.tag == "h1":
                    return k
                first = k if first is None else first
        return first if first is not None else next((k for k, b in enumerate(self.blocks) if b.tag == "h1"), None)

    def _texts(self, fields: Metadata) -> npt.NDArray[np.float32]:
        """A row a block: its weighted characters, then _TEXT_COLUMNS."""
        title = squeeze(fields.title.value) if fields.title else ""
        standfirst = squeeze(fields.standfirst.value) if fields.standfirst else ""
        summary = ""
        if fields.standfirst:
            said = (fields.standfirst.value, *(value for _, value in fields.standfirst.disagreeing))
            summary = squeeze(max(said, key=len))[:60]
        people = [name for name in map(squeeze, fields.authors.value if fields.authors else ()) if name]
        seen = Counter(self.squeezed)
        rows = []
        for block, bare in zip(self.blocks, self.squeezed, strict=True):
            row = _text_row(block)
            row += (
                bool(title) and bare == title,
                bool(title) and len(bare) > 8 and bare in title,
                bool(standfirst) and bare == standfirst,
                len(summary) > 30 and bare.startswith(summary),
                len(bare) < 200 and any(name in bare for name in people),
                bare in people,
                min(seen[bare], 5),
                _stated(bare, self.stated),
            )
            short = len(block.text) <= _LINE_MOST
            row += [short and pattern.match(block.text) is not None for _, _, pattern in wording.LINES]
            rows.append(row)
        return np.array(rows, dtype=np.float32)

    def _bits(self) -> None:
        for prefix, bits, values in (
            ("in_", INSIDE, [block.inside for block in self.blocks]),
            ("near_", MARKS, [block.near for block in self.blocks]),
            ("marked_", MARKS, [block.marked for block in self.blocks]),
        ):
            held = np.asarray(values, dtype=np.int64)[:, None] & np.asarray(list(bits.values()))
            told = (held != 0).astype(np.float32)
            self._columns.extend((prefix + name, told[:, n]) for n, name in enumerate(bits))

    def _places(self, length: npt.NDArray[np.float64]) -> None:
        count = len(self.blocks)
        at = np.arange(count)
        before = np.concatenate([[0.0], np.cumsum(length)[:-1]])
        total = max(float(np.sum(length)), 1.0)
        title = self.title_at or 0
        distance = before - before[title]
        self._add("has_title", np.full(count, float(self.title_at is not None)))
        self._add("from_title", np.clip(at - title, -30, 200))
        self._add("chars_from_title", np.sign(distance) * np.log1p(np.abs(distance)))
        self._add("position", at / count)
        self._add("text_position", before / total)
        self._add("to_end", np.minimum(count - at, 100))

    def _neighbours(self, names: Sequence[str], good: npt.NDArray[np.float64]) -> None:
        columns = dict(self._columns)
        for step in (-1, 1):
            for name in names:
                self._add(f"{name}@{step}", _shifted(columns[name], step))
        for step in (-2, 2):
            for name in ("len", "share"):
                self._add(f"{name}@{step}", _shifted(columns[name], step))
        for reach in (5, 12):
            self._add(f"len_{reach}", _around(columns["len"], reach))
            self._add(f"share_{reach}", _around(columns["share"], reach))
            self._add(f"prose_after_{reach}", np.log1p(_after(good, reach) * reach))
            self._add(f"prose_before_{reach}", np.log1p(_after(good[::-1], reach)[::-1] * reach))


def _text_row(block: Block) -> list[float]:
    """Weighted characters, then what _TEXT_COLUMNS names up to `depth`."""
    text = block.text
    size = len(text)
    words = text.split()
    count = len(words)
    chars = float(size) if text.isascii() else size + (_CJK_WEIGHT - 1) * len(_CJK.findall(text))
    return [
        chars,
        math.log1p(chars),
        min(count, 200),
        min(1.0, block.linked / size),
        min(block.links, 20),
        min(1.0, block.strong / size),
        len([word for word in words if len(word) <= 4 and word.islower()]) / count,
        len([word for word in words if word[0].isupper()]) / count,
        _SENTENCE_END.search(text[-8:]) is not None,
        min(text.count(",") + text.count("，") + text.count("、"), 30),
        len(_DIGIT.findall(text)) / size,
        text[-1] == ":",
        text.endswith(_MORE),
        text.isupper(),
        size < 200 and _YEAR.search(text) is not None,
        _ADDRESS.search(text) is not None,
        size <= _LINE_MOST and _RIGHTS.search(text) is not None,
        size < 200 and _CREDITING.match(text) is not None,
        _QUOTE.search(text) is not None,
        "|" in text or "•" in text or "·" in text,
        text[-1] == "?",
        _TAGS.get(block.tag, _OTHER_TAG),
        block.soft,
        block.depth,
    ]


def _vote(text: str, opinion: Opinion) -> float:
    size = len(text)
    if text in opinion.lines:
        return 1.0 if text else 0.0
    if size >= 25 and text in opinion.text:
        return 0.9
    if size >= 80 and (text[:_PREFIX] in opinion.text or text[-_PREFIX:] in opinion.text):
        return 0.6
    return 0.5 if size >= 12 and text in opinion.text else 0.0


def _stated(text: str, body: str) -> float:
    size = len(text)
    if not body or size < 6:
        return 0.0
    if text in body:
        return 1.0 if size >= 20 else 0.5
    return 0.7 if size >= 60 and text[:_PREFIX] in body else 0.0


def _shifted(column: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """The value of the block `step` further on; -1 beyond the page's ends."""
    moved = np.full(len(column), -1.0, dtype=np.float32)
    if step > 0:
        moved[:-step] = column[step:]
    else:
        moved[-step:] = column[:step]
    return moved


def _around(column: npt.NDArray[Any], reach: int) -> npt.NDArray[Any]:
    """The mean over the blocks up to `reach` before and after, itself included."""
    total = np.concatenate([[0.0], np.cumsum(column, dtype=np.float64)])
    at = np.arange(len(column))
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(column))
    return np.asarray((total[high] - total[low]) / (high - low))


def _after(column: npt.NDArray[Any], reach: int) -> npt.NDArray[Any]:
    """The mean over the up to `reach` blocks that follow; 0 where none does."""
    total = np.concatenate([[0.0], np.cumsum(column, dtype=np.float64)])
    at = np.arange(len(column))
    low, high = at + 1, np.minimum(at + reach + 1, len(column))
    return np.asarray((total[np.maximum(high, low)] - total[low]) / np.maximum(high - low, 1))
