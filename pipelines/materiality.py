"""Tells whether an edit changed what an article says, or only how it is written: material or cosmetic.

The measure, and what it was measured to get wrong, stands in docs/decisions/material-edits.md; in doubt an edit is material.
Which fields changed is found by `pipelines.verdict`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.identity import composed
from pipelines.weighty_words import LANGUAGES, is_weighty

_LONGEST = 200_000
"""Characters between the first and the last line that differ, and of a text with slips: more are material at once."""
_SLIPS_MOST = 5
_WORDS_A_SLIP = 50
"""One mended word in so many, and no more than five in all; one is allowed in the shortest text."""
_LETTERS_LEAST = 5
"""Of a word in which two neighbours changed places, or a letter is doubled or no longer."""
_BESIDE = 4
"""Letters at least that stay on both sides of one that was left out, put in or replaced."""

# What joins to a letter and is neither seen nor heard: soft hyphens, joiners, marks of direction, variation selectors.
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF])
_ALIKE = {
    **_INVISIBLE,
    **dict.fromkeys(map(ord, "’‘‛`´ʼ＇"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-"),
    **dict.fromkeys(map(ord, "？؟"), "?"),
}
_ACCENTS = frozenset("\u0300\u0301\u0302\u0327")
"""Grave, acute, circumflex, cedilla. A German umlaut and a Spanish tilde make another letter: könnte, año."""
_DIAERESIS = "\u0308"

# Scripts that are written without spaces, or with spaces on which writers differ: each character is a word.
_DENSE = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_TOKEN = re.compile(
    r"""
    [^\W_]+
      (?: (?<=\d) [.,:'] (?=\d) [^\W_]+ )*                  # 1.5, 10:30, 3,000
      (?: '(?:s|t|re|ve|ll|d|m)\b )?                        # it's, can't; but l'|azienda
    | (?<!\w) [.,] (?=\d)                                   # .5
    | (?<![^\W\d_]) - (?=\s?[\d$€£¥])                       # -5, 10-15; but GPT-4
    # Any other mark says something (%, $, +, /, ?), but for these:
    | [^\s\w.,;:!'"«»‹›„“”‟‚…\-()\[\]{}¿¡•、。，；：！（）［］｛｝「」『』《》〈〉【】〔〕・]
    | _
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNIT = re.compile(r"[\d.,]*(?:m|k|g|m[wbg]|[kgtpe]b|[kmgt]b(?:ps|it))", re.IGNORECASE)
"""MW and mW, GB and Gb: beside a number the case of their letters counts."""
_MOOD = re.compile(r"r+(?=(?:aient|ions|iez|ia|ias|ian|iamos)$)|m(?=mo$)")
"""Letters that make of what was, or will be, what would be: permettaient and permettraient, faremo and faremmo."""


@dataclass(frozen=True, slots=True)
class _Replaced:
    """A word for a word; `named`: both with a capital."""

    was: str
    now: str
    named: bool


def is_cosmetic(before: str, after: str, language: str | None) -> bool:
    """Whether a title, a standfirst, a name or a text says the same: other spaces, marks, capitals, accents, or slips mended.

    `language` is ISO 639-1, None where it is unknown; outside `weighty_words.LANGUAGES` a letter is never a slip, and an
    accent counts. Linear in time, whatever the texts.
    """
    one, other = _between(before, after)
    if max(len(one), len(other)) > _LONGEST:
        return one.split() == other.split()
    spoken = (language or "").lower().partition("-")[0]
    known = spoken in LANGUAGES
    first, second = _tokens(one, past_accents=known), _tokens(other, past_accents=known)
    if len(first) != len(second):
        return False
    known = known and max(len(before), len(after)) <= _LONGEST
    most = min(_SLIPS_MOST, max(1, len(after.split()) // _WORDS_A_SLIP)) if known else 0
    replaced = set()
    for word in _replaced(first, second):
        replaced.add(word)
        if len(replaced) > most:
            return False
    if not replaced:
        return True
    # A name is spelled as it was elsewhere; a word that stands elsewhere as it was is a word, and no slip.
    stood, stand = frozenset(_tokens(before, past_accents=True)), frozenset(_tokens(after.lower(), past_accents=True))
    return all(
        word.was.lower() not in stand and _is_slip(word, a_name=word.named and spoken != "de" and word.now in stood)
        for word in replaced
    )


def names_cosmetic(before: Sequence[str], after: Sequence[str], language: str | None) -> bool:
    """Whether the same authors are named in the same order, spelled otherwise by the same measure."""
    return len(before) == len(after) and all(
        is_cosmetic(one, other, language) for one, other in zip(before, after, strict=True)
    )


def _between(before: str, after: str) -> tuple[str, str]:
    """Both texts without the lines that they begin and end with alike."""
    one, other = before.split("\n"), after.split("\n")
    most = min(len(one), len(other))
    start = next((n for n in range(most) if one[n] != other[n]), most)
    end = next((n for n in range(most - start) if one[-1 - n] != other[-1 - n]), most - start)
    return "\n".join(one[start : len(one) - end]), "\n".join(other[start : len(other) - end])


def _tokens(text: str, *, past_accents: bool) -> list[str]:
    """Words with their capitals, numbers, and the marks that say something."""
    if not text.isascii():
        text = composed(text).translate(_ALIKE)
        if past_accents:
            text = composed("".join(_unaccented(unicodedata.normalize("NFD", text))))
        text = _DENSE.sub(r" \g<0> ", text)
    return _TOKEN.findall(text.replace("`", "'"))


def _unaccented(decomposed: str) -> Iterator[str]:
    letter = ""
    for character in decomposed:
        if character in _ACCENTS or (character == _DIAERESIS and letter in "eiyEIY"):
            continue
        if not unicodedata.combining(character):
            letter = character
        yield character


def _replaced(first: Sequence[str], second: Sequence[str]) -> Iterator[_Replaced]:
    """The words that differ by more than capitals and apostrophes."""
    number = False
    for was, now in zip(first, second, strict=True):
        if was != now:
            unit = (number or was[0].isdigit()) and _UNIT.fullmatch(was)
            if unit or _spelled(was) != _spelled(now):
                yield _Replaced(was, now, was[0].isupper() and now[0].isupper())
        number = now[-1].isdigit()


def _is_slip(word: _Replaced, *, a_name: bool) -> bool:
    """Whether one word is the other with a slip of the keyboard mended (or made)."""
    one, other = _spelled(word.was), _spelled(word.now)
    shorter = min(len(one), len(other))
    if not (one.isalpha() and other.isalpha()) or one[0] != other[0] or shorter < _LETTERS_LEAST:
        return False
    edit = _only_edit(one, other)
    if edit is None or is_weighty(one) or is_weighty(other) or _MOOD.sub("", one) == _MOOD.sub("", other):
        return False
    left, right, gone, come = edit
    if a_name and right > 0:
        return True
    if len(gone) > 1:
        # Where a vowel goes round an r, or e round i, both are words too often: perso and preso, bleiben and blieben.
        return not ("r" in gone and _vowels(gone)) and (set(gone) != {"e", "i"} or one[left - 1] == "c")
    if not (gone and come) and (gone or come) in {one[left - 1], one[len(one) - right :][:1]}:
        return right > 1 or not _vowels(gone or come)  # refuge and refugee, alliés and alliées
    if _vowels(gone) and _vowels(come):  # begonnen and beginnen, convinzione and convenzione
        return False
    return min(left, right) >= _BESIDE


def _only_edit(one: str, other: str) -> tuple[int, int, str, str] | None:
    """Letters alike at the beginning and at the end, and the one edit between (Damerau-Levenshtein distance one), or None."""
    most = min(len(one), len(other))
    left = next((n for n in range(most) if one[n] != other[n]), most)
    right = next((n for n in range(most - left) if one[-1 - n] != other[-1 - n]), most - left)
    gone, come = one[left : len(one) - right], other[left : len(other) - right]
    swapped = len(gone) == 2 and gone == come[::-1]
    return (left, right, gone, come) if swapped or max(len(gone), len(come)) == 1 else None


def _spelled(word: str) -> str:
    return word.lower().replace("'", "")


def _vowels(letters: str) -> bool:
    return any(unicodedata.normalize("NFD", letter)[0] in "aeiouy" for letter in letters)
