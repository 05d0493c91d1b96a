"""From credit lines to people: splits bylines, and drops what is no person.

Where a credit line is found in a page is `pipelines.metadata`'s affair.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LEAD = re.compile(
    r"^\s*(?:(?:written|reported|posted|published|scritto|pubblicato|articolo|testo|text|texte|redatto)\s+)?"
    r"(?:a\s+cura\s+di|by|di|da|von|vom|par|por|door|af|av|text|testo|author|autore|autor|auteur|redazione\s+di)\s*:?\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:\||\s[-–—]\s|,\s*(?=(?:senior|staff|chief|editor|reporter|correspond|giornalista|redattore|redazione|"
    r"direttore|inviat|redakteur|korrespondent|journalist|contributor|freelance|columnist|editor|writer)\w*)|"
    r"\s+(?:per|for|für|pour|para)\s+(?=[A-Z]|the\b)|\s+(?:in|from|aus|à|a)\s+(?=[A-Z][a-zà-ü]+$)|\().*$",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\s*(?:;|\||/|\n|,(?!\s*(?:jr|sr|ph\.?d|md|iii?)\b)|\s+(?:and|und|e|ed|et|y|with|con|mit|avec|&|e con)\s+|\s&\s)\s*",
    re.IGNORECASE,
)
_NOT_PEOPLE = re.compile(
    r"(?:^|\b)(?:redazione|redaktion|newsroom|staff|team|editors?|editorial|admin|administrator|desk|editoriale|rédaction|"
    r"redacción|agency|agenzia|agentur|agence|agencia|news|press|notizie|nachrichten|online|guest|ospite|contributors?|"
    r"comunicato|sponsor\w*|partner|webmaster|user|anonymous|unknown|reuters|ansa|dpa|afp|ap|apa|adnkronos|agi|askanews|"
    r"bloomberg|xinhua|pti|ians|efe|www|http|magazine|tv|radio|media|published|updated|pubblicato|aggiornato|"
    r"video|foto|photo|image|read|leggi|minut\w*|min|ago|fa|http\w*)(?:\b|$)",
    re.IGNORECASE,
)
_TITLES = re.compile(r"^(?:dr|prof|ing|avv|dott|dott\.ssa|mr|mrs|ms|herr|frau|sir)\.?\s+", re.IGNORECASE)
_NAME = re.compile(r"^[^\W\d_][\w.'’`´ \-·]{1,60}$")


def people(raw: Iterable[str] | str, *, outlet: str | None = None) -> tuple[str, ...]:
    """The people whom credit lines name, in order, each once; "Anna S." keeps its dot.

    Not people: the outlet, agencies, desks, sections, dates, job titles, handles, addresses.
    """
    found: dict[str, str] = {}
    for line in [raw] if isinstance(raw, str) else raw:
        cleaned = unicodedata.normalize("NFKC", re.sub(r"<[^<>]*>", " ", line)).strip()
        if not cleaned or "://" in cleaned:
            continue
        cleaned = _LEAD.sub("", cleaned)
        for part in _SPLIT.split(cleaned):
            name = _person(part, outlet)
            if name:
                found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _person(text: str, outlet: str | None) -> str | None:
    name = " ".join(_TAIL.sub("", _LEAD.sub("", text)).split()).strip(' ,:;-–—|•·*"“”')
    if not name or name.startswith("@") or "@" in name or not _NAME.match(name):
        return None
    words = name.split()
    cjk = any("\u3040" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af" for character in name)
    if len(words) > 6 or (len(words) == 1 and not cjk and (len(name) < 3 or name.islower())):
        return None
    if outlet and _bare(outlet) and (_bare(name) in _bare(outlet) or _bare(outlet) in _bare(name)):
        return None
    if _NOT_PEOPLE.search(name):
        return None
    if not cjk and not any(word[0].isupper() for word in words):
        return None
    if name.isupper() and len(name) > 4:
        name = re.sub(r"[^\W\d_]+", lambda match: match[0].capitalize(), name)
    return _TITLES.sub("", name)


def _bare(name: str) -> str:
    return re.sub(r"\.(?:it|com|de|net|org|eu|fr|es|co\.uk|at|ch)\b|[^\w]", "", name.casefold())
