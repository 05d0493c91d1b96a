"""What differs between an article as it is stored and as its page is read now, in a few words.

Which fields count is `pipelines.verdict`'s affair.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pipelines.records import Ingested
from pipelines.verdict import Known

_COMPARED_MOST = 2_000  # words on a side that are compared one by one: the matcher's time is their product
_SHOWN_MOST = 3  # places of a text
_WORDS_MOST = 12  # of one run


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """Words that went and came, and the first places: `[-gone-] {+come+}`."""

    gone: int
    come: int
    shown: str


def fields_of(known: Known, ingested: Ingested, changed: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Before and after of each changed field but the text."""
    now = ingested.extraction
    values: dict[str, tuple[object, object]] = {
        "title": (known.title, now.title.value if now.title else None),
        "standfirst": (known.standfirst, now.standfirst.value if now.standfirst else None),
        "authors": (", ".join(known.authors), ", ".join(now.authors.value) if now.authors else None),
        "published": (known.published, now.published.value.isoformat() if now.published else None),
        "modified": (known.modified, now.modified.value.isoformat() if now.modified else None),
    }
    return {name: (str(values[name][0] or "–"), str(values[name][1] or "–")) for name in changed if name in values}


def text_change(before: str, after: str) -> TextChange:
    """Linear but for the part between the first and the last difference, of which only so much is compared."""
    one, other = before.split(), after.split()
    start = _common(one, other)
    end = _common(one[start:][::-1], other[start:][::-1])
    one, other = one[start : len(one) - end], other[start : len(other) - end]
    matcher = SequenceMatcher(None, one[:_COMPARED_MOST], other[:_COMPARED_MOST], autojunk=False)
    runs = [(one[a:b], other[c:d]) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]
    rest = (one[_COMPARED_MOST:], other[_COMPARED_MOST:])
    gone = sum(len(words) for words, _ in runs) + len(rest[0])
    come = sum(len(words) for _, words in runs) + len(rest[1])
    return TextChange(gone=gone, come=come, shown=" … ".join(itertools.islice(_marked(runs), _SHOWN_MOST)))


def _marked(runs: Sequence[tuple[list[str], list[str]]]) -> Iterator[str]:
    for gone, come in runs:
        parts = [f"[-{_short(gone)}-]"] if gone else []
        parts += [f"{{+{_short(come)}+}}"] if come else []
        yield " ".join(parts)


def _short(words: Sequence[str]) -> str:
    if len(words) <= _WORDS_MOST:
        return " ".join(words)
    half = _WORDS_MOST // 2
    return f"{' '.join(words[:half])} … {' '.join(words[-half:])}"


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
