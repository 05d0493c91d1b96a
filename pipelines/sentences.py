"""Splits text into sentences, in the scripts and languages of the outlets.

What a sentence says is not looked at; a line break ends one always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(
    r"[.!?…]+[\"'”’»“)\]]*(?=\s+[\"'“‘„«»‹(\[¿¡–—-]*\s*[A-ZÀ-ÞĀ-ɏΑ-ΩА-Я0-9])"  # Latin, Greek, Cyrillic: a capital follows
    r"|[。！？｡]+[」』”’》）]*"  # Han and kana: nothing needs to follow
    r"|\s*\n\s*"
)
_ABBREVIATION = re.compile(
    r"""(?:
        \b[A-ZÀ-Þ]                                  # an initial: Anna S.
        | \b(?:[A-Za-z]\.\s?)+[A-Za-z]              # U.S., z. B., S.p.A.
        | \b(?:Mr|Mrs|Ms|Dr|Drs|Prof|Sr|Jr|St|Inc|Corp|Ltd|Co|Bros|vs|Gen|Gov|Sen|Rep|Lt|Col|Sgt|Rev|Hon|approx|est)
        | \b(?:Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec|gen|febb|ott|dic|Okt|Dez|Jän|janv|févr|juil|ene|ago)
        | \b(?:No|Nr|Art|Abs|Nos?|pp?|vol|cap|fig|ca|cfr|ecc|etc|sig|sigg|dott|ing|avv|on|art|pag|bzw|usw|Mio|Mrd|evtl|inkl|ggf)
        | \b(?:S\.p\.A|S\.r\.l|Mme|Mlle|MM|Sra|Srta|Dña|Ud|Uds|EE|UU|tel)
    )\.$""",
    re.VERBOSE,
)
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.$")
_MONTH = re.compile(r"\s+(?:Jan|Jän|Feb|März|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Jahrhundert)")


def sentences(text: str) -> Iterator[str]:
    """The text's sentences in order, stripped; initials ("Anna S."), abbreviations and German dates end none."""
    start = 0
    for match in _END.finditer(text):
        if match[0] == "." and _goes_on(text, start, match.end()):
            continue
        if piece := text[start : match.end()].strip():
            yield piece
        start = match.end()
    if rest := text[start:].strip():
        yield rest


def _goes_on(text: str, start: int, end: int) -> bool:
    last = text[max(start, end - 14) : end]
    if _ORDINAL.search(last):
        return _MONTH.match(text, end) is not None
    return _ABBREVIATION.search(last) is not None
