"""What differs between an article as it is stored and as its page is read now, in a few words.

Which fields count is `pipelines.verdict`'s affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.word_diff import BREAK, Piece, joined, pieces, words_of
from pipelines.records import Ingested
from pipelines.verdict import Known

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
    """What went and came of a text; breaks between paragraphs are told only where no word differs."""
    one, other = words_of(before), words_of(after)
    found = pieces(_unbroken(one), _unbroken(other))
    if all(piece.kind == "same" for piece in found):
        found = pieces(one, other)
    gone, come = (
        sum(len(_unbroken(piece.words)) for piece in found if piece.kind == kind) for kind in ("gone", "come")
    )
    return TextChange(gone=gone, come=come, shown=_shown(found))


def marked(piece: Piece, text: str | None = None) -> str:
    """The piece (or `text` in its place) as `[-gone-]` or `{+come+}`; what is the same, as it is."""
    shown = str(piece) if text is None else text
    return {"same": "{}", "gone": "[-{}-]", "come": "{{+{}+}}"}[piece.kind].format(shown)


def _shown(found: Sequence[Piece]) -> str:
    """The first places; what came instead of what went stands behind it."""
    places: list[list[str]] = []
    before = ""
    for piece in found:
        if piece.kind != "same":
            if before != "gone" or piece.kind != "come":
                if len(places) == _SHOWN_MOST:
                    break
                places.append([])
            places[-1].append(marked(piece, _short(piece.words)))
        before = piece.kind
    return " … ".join(map(" ".join, places))


def _short(words: Sequence[str]) -> str:
    if len(words) <= _WORDS_MOST:
        return joined(words)
    half = _WORDS_MOST // 2
    return f"{joined(words[:half])} … {joined(words[-half:])}"


def _unbroken(words: Sequence[str]) -> list[str]:
    return [word for word in words if word != BREAK]
