"""What a date in a page is called: of publication, of a change, or of something else; by the words around it and its class.

Where such dates stand is found in `pipelines.date_lines`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from pipelines.blocks import Block


class Role(StrEnum):
    """What a date line says its date is."""

    PUBLISHED = "published"
    MODIFIED = "modified"
    UNSAID = "unsaid"


SAYS_PUBLISHED = re.compile(
    r"pubblicat|publish(?!er)|publicad|publicat|publié|veröffentlich|erschienen|erstellt\b|posted\b|written\b|gepubliceerd|geplaatst|"
    r"udgivet|offentliggjort|opublikowan|dodano|vydáno|yayın|julkaistu|közzét|megjelen|опубликован|опубліковано|"
    r"発行|公開|掲載|发布|發布|发表|發表|入力|등록|입력",
    re.IGNORECASE,
)
SAYS_MODIFIED = re.compile(
    r"\brevis(?:ion|ed|ad|at|é)|aggiornat|aggiornamento|modifi|updat|\bedited|aktualisier|geändert|überarbeitet|"
    r"\bstand(?:\s+vom)?\s*:?\s*$|mise?\s+à\s+jour|(?-i:\bMAJ\b)|actuali[sz]|atuali[sz]|bijgewerkt|gewijzigd|uppdatera|oppdater|opdater|aktualiz|"
    r"güncel|päivitetty|frissít|обновл|оновлено|更新|수정|改訂",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\buntil|deadline|\bexpire|\bvalid\b|\bthrough\b|\bscad|\bentro\b|\bfino\s+al|\bbis\s+zum|\bjusqu|\bhasta\b|©|copyright|\bsince\b|"
    r"\bseit\b|\bborn\b|\bnat[oa]\s+il\b|retrieved|accessed|redeem|\boffer|\bdeals?\b|\bends?\b|\bregister|\bjoined|\bmember\s+since|"
    r"review|fact[\s-]?check",
    re.IGNORECASE,
)
"""What a date is of, where it isn't the article's."""
_MARK_PUBLISHED = re.compile(r"publi|posted|pub-?date|entry-date|post-?date|created|release", re.IGNORECASE)
_MARK_MODIFIED = re.compile(r"updat|modif|changed|revis|aggiorn|aktualis", re.IGNORECASE)


def role_of(before: str, after: str, above: str, element: Any, block: Block) -> tuple[Role | None, bool]:
    """What a date is called, None for a date of something else; and whether words call it so.

    Words before it count, else those after it, else the line above, else its class.
    """
    for words in (before[-80:], after if re.match(r"\W{0,3}[(\[]", after) else "", above if len(above) <= 40 else ""):
        if role := _said(words):
            return role, True
        if words is not above and _OTHERWISE.search(words):
            return None, True
    marks = [block.element.get("class"), block.element.get("id"), block.element.get("itemprop")]
    if element is not None:
        parent = element.getparent()
        marks = [element.get("class"), element.get("itemprop"), parent.get("class") if parent is not None else None]
    words = " ".join(filter(None, marks))
    if words and _MARK_MODIFIED.search(words) and not _MARK_PUBLISHED.search(words):
        return Role.MODIFIED, False
    return Role.PUBLISHED if words and _MARK_PUBLISHED.search(words) else Role.UNSAID, False


def _said(words: str) -> Role | None:
    """The role that the last such word names."""
    if not words:
        return None
    last = {
        role: max((found.end() for found in pattern.finditer(words)), default=-1)
        for role, pattern in ((Role.PUBLISHED, SAYS_PUBLISHED), (Role.MODIFIED, SAYS_MODIFIED))
    }
    best = max(last, key=lambda role: last[role])
    return best if last[best] >= 0 else None


def is_far(before: str, role: Role) -> bool:
    """The word of publishing stands too far from the date: it is a sentence about something else."""
    pattern = SAYS_PUBLISHED if role is Role.PUBLISHED else SAYS_MODIFIED
    last = max((found.end() for found in pattern.finditer(before)), default=-1)
    return last >= 0 and len(before) - last > 60
