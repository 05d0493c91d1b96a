"""From credit lines to authors: splits bylines, and drops what is no author.

Where a page's credit lines are found is the affair of `pipelines.page_authors`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pipelines.name_words import (
    AGENCIES,
    CREDENTIAL,
    CREDITED,
    DESK,
    LEAD_WORDS,
    NEVER,
    OTHERS_WORK,
    PARTICLES,
    ROLE_ADJECTIVES,
    ROLES,
)  # fmt: skip

_LINE_MOST = 400  # characters: longer ones are texts about somebody
_MARKUP = re.compile(r"<[^<>]{0,200}>")
_SITE_ENDING = re.compile(r"\.(?:it|com|de|net|org|eu|fr|es|pt|nl|co\.uk|at|ch|com\.tr|tv|info|blog)$")
_NUMBER = re.compile(
    r"(?:\b(?:jan|feb|fév|fev|m[aä]r|apr|avr|abr|ma[iyg]|mei|giu|jun|juin|lug|jul|juil|ago|aug|août|set|sep|oct|okt|ott|out|"
    r"nov|dec|dez|dic|déc|mon|tue|wed|thu|fri|sat|sun|lun|mer|gio|ven|sab|dom|die|mit|don|fre|sam|son)[a-zà-ü]{0,8}\.?,?\s{0,2}){0,2}"
    r"(?<![\w.])\d{1,4}(?:st|nd|rd|th|er|º|°)?(?!\w)(?:[./:-]\d{1,4}){0,4}\.?,?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_SEGMENT = re.compile(r"\s*[|•·●▪∙⋅→»]\s*|\s+[-–—~]+\s+|\s*[–—]\s*")
_LEAD = re.compile(rf"^[\s\W]{{0,6}}(?:{LEAD_WORDS})(?=[\s:：]|(?<=[:：])|$)\s*[:：]?\s*", re.IGNORECASE)
_GLUED = re.compile(r"^(?:By|by|BY|Von|von|Written [Bb]y|Posted [Bb]y|Author|Autor)(?=[A-ZÀ-Þ][a-zß-ÿ])")
_VERB_LEAD = re.compile(
    rf"^(?P<before>[^|]{{0,24}}?\b(?:{CREDITED})\b[^|,;]{{0,40}}?)\s(?:by|a\s+cura\s+di|da|di|von|vom|par|por|door|af|av)\b:?\s*",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"(?:\s|^)(?:in|on|[Ff]or|at|from|is|was|has|am|um|il|le|el|per|für|pour|para|aus|im|tra|dal|dalla|nostro|dans|via|mit\s+Material)(?:\s.*)?$"
    r"|[\s(,]+(?:[Ee]dited|[Rr]eviewed|[Ff]act|[Mm]edically|[Pp]hoto\w*|[Ff]oto\w*|[Ii]llustr\w+|[Uu]pdated|[Pp]ublished|"
    r"[Pp]osted|[Ll]ast\s+[Uu]pdated|[Mm]odified|[Aa]ggiornat\w|[Pp]ubblicat\w|[Tt]ranslated|[Bb]earbeitet|[Vv]erified)\b.*$"
)
_OTHERS = re.compile(
    r"^\W*(?:(?:medically|fact)[\s-])?(?:edited|reviewed|fact[\s-]?checked|checked|verified|approved|translated|sponsored|presented|powered|contacts?|kontakt|contatti|"
    r"photo\w*|foto\w*|illustr\w+|tradotto|übersetzt|redigiert)\b",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"(\s*[;/\n、，；|]\s*|\s*,\s*(?:(?:and|und|y|et|&)\s+)?|\s+(?:and|und|e|ed|et|y|og|och|en|with|con|mit|avec|ve|AND|UND|E|&|＆)\s+|\s*&\s*)"
)
_CREW = re.compile(
    r"\b(?:staff|team|desk|newsroom|redazione|redaktion|redacción|rédaction|agentur|agency|agenzia|press)\b",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\s*\([a-z]{1,5}\.?(?:[/,]\s?[a-z]{1,5})?\)$")
_FOOTNOTE = re.compile(r"(?<=[a-z]{2})[1-9]$")
_FORM = re.compile(r"^[^\W_]['’`´\w.()&+®™· -]{0,79}$")
_HANGUL_ROLE = re.compile(r"\s*(?:기자|특파원|记者|記者)$")


def people(raw: Iterable[str] | str, *, outlet: str | None = None, own: Iterable[str] = ()) -> tuple[str, ...]:
    """The authors whom credit lines name, in order, each once; "Anna S." keeps its dot, "Anna Serra, MD" her degree.

    Not authors: the outlet, sections, dates, job titles, handles, addresses. A named desk or agency is one (docs/decisions/
    authors.md). `own` are the names that the page gives its site: no authors either, unless they are shaped as a person's.
    """
    outlets = {bare(outlet)} if outlet else set()
    sites = {bare(name) for name in own if name}
    persons_sites = {bare(name) for name in own if is_persons(name)}
    found: dict[str, str] = {}
    kept: dict[str, str] = {}
    for line in [raw] if isinstance(raw, str) else raw:
        for name in [line] if bare(line) in outlets or bare(line) in sites else _named(line):
            known = bare(name)
            if known in sites and (known in persons_sites or is_persons(name)) and not _is_cjk(name):
                kept.setdefault(known, name)
            elif known not in outlets and known not in sites:
                found.setdefault(known, name)
    if not found:  # a person's own site has her name
        found = {known: name for known, name in kept.items() if known not in outlets}
    return tuple(found.values())


@lru_cache(maxsize=4_096)
def is_persons(name: str) -> bool:
    """Whether it has the form of a person's name: two to five capitalised words, none of them of a desk or a role."""
    if _is_cjk(name):
        return 2 <= len(name) <= 5
    words = name.split(",", maxsplit=1)[0].split()
    capitalised = [word for word in words if word not in PARTICLES]
    return (
        2 <= len(words) <= 5
        and len(capitalised) >= 2
        and all(word[0].isupper() and not any(c.isdigit() for c in word) for word in capitalised)
        and all(sum(c.isalpha() for c in word) * 2 >= len(word) for word in words)
        and words[0].casefold()
        not in ("the", "il", "la", "lo", "le", "les", "der", "die", "das", "el", "los", "our", "a", "an")
        and not DESK.search(name)
        and not any(word.casefold() in ROLES for word in words)
    )


def is_crew(name: str) -> bool:
    """Whether it names an agency, or a desk or team of a newsroom."""
    return _CREW.search(name) is not None or any(word in AGENCIES for word in name.casefold().split())


def is_led(line: str) -> bool:
    """Whether the line says that it credits somebody: "By …", "Scritto da …", "Text: …"."""
    return any(_lead_end(segment) for segment in _segments(line))


def is_lead_alone(line: str) -> bool:
    """Whether the line is "Written by" or "Di" and no more, so that the next one has the name."""
    return len(line) <= 20 and bool(
        _LEAD.fullmatch(f"{line.rstrip(' :')} ") or _VERB_LEAD.fullmatch(f"{line.rstrip(' :')} ")
    )


@lru_cache(maxsize=4_096)
def bare(name: str) -> str:
    """A name without case, spaces, signs, a site's ending and the article before it, for comparing."""
    folded = _SITE_ENDING.sub("", name.casefold().strip())
    return re.sub(r"^(?:www\.|the\s)|[\W_]", "", folded)


def _named(line: str) -> Iterator[str]:
    if "://" in line:
        return
    segments = _segments(line)
    for n, segment in enumerate(segments):
        if end := _lead_end(segment):
            segments = [segment[end:], *segments[n + 1 : n + 2]]
            break
    for segment in segments:
        names = list(_parts(segment))
        if names:
            yield from names
            return


def _segments(line: str) -> list[str]:
    """The line's pieces between bars, dashes, dots, dates and numbers."""
    line = line[: 2 * _LINE_MOST]
    text = " ".join(unicodedata.normalize("NFKC", _MARKUP.sub(" ", line) if "<" in line else line).split())
    if len(text) > _LINE_MOST:
        return []
    text = _GLUED.sub(r"\g<0> ", text)
    return [
        segment
        for segment in _SEGMENT.split(_NUMBER.sub(" | ", text) if _DIGIT.search(text) else text)
        if segment.strip()
    ]


def _lead_end(segment: str) -> int:
    """Where the names begin that a credit leads to; 0 where nothing does."""
    if lead := _LEAD.match(segment):
        return lead.end()
    if lead := _VERB_LEAD.match(segment):
        return 0 if OTHERS_WORK.search(lead["before"]) else lead.end()
    return 0


def _parts(segment: str) -> Iterator[str]:
    names: list[str] = []
    segment = _LEAD.sub("", segment)
    cut = _STOP.sub("", segment)
    if is_persons(cut) or len(segment.split()) - len(cut.split()) <= 1 or _SPLIT.search(cut):
        segment = cut
    person = dropped = False  # whether the part before is a person, whether it was what she is
    pieces = _SPLIT.split(segment)
    for n in range(0, len(pieces), 2):
        part, comma = pieces[n].strip(), n > 0 and pieces[n - 1].strip() == ","
        if names and CREDENTIAL.match(part.rstrip(".")) and part.casefold() not in AGENCIES | ROLES:
            names[-1] += f", {part}"  # the degree belongs to the name as printed
            continue
        name = _name(part, first=not names)
        if dropped and not comma:
            continue
        if person and comma:  # "Anna Serra, Roma", "Anna Serra, Head of Content & Marketing"
            other = part.isupper() and not pieces[0].isupper()  # "…, MDR THÜRINGEN"
            dropped = not (name and ((is_persons(name) and not other) or is_crew(name)))
        if name and not dropped:
            names.append(name)
            person = is_persons(name)
    yield from names


def _name(text: str, *, first: bool) -> str | None:
    name = _HANGUL_ROLE.sub("", _ABBREVIATION.sub("", _LEAD.sub("", text)).strip(' ,:;-–—|•·*"“”«»[]'))
    if name.startswith("(") or name.count("(") != name.count(")"):
        name = name.strip("()")
    if not _FORM.match(name) or NEVER.search(name) or _OTHERS.match(name):
        return None
    if " " in name:  # the mark of a footnote, on researchers' names
        name = _FOOTNOTE.sub("", name)
    words = _without_role(name.split())
    name = " ".join(words).strip(" ,&-")
    if not words or len(words) > 6 or not any(c.isalpha() for c in name) or name.count(".") > len(words) + 2:
        return None
    cjk = _is_cjk(name)
    if not cjk and len(words) == 1 and (len(name) < 3 and name.casefold() not in AGENCIES):
        return None
    lower = len(words) > 1 and not _uncased(name) and not any(word[0].isupper() or word[0].isdigit() for word in words)
    if lower and not (first and len(words) <= 3 and all(word.isalpha() for word in words)):
        return None
    if not first and not cjk and len(words) == 1 and name.islower() and name not in AGENCIES:
        return None
    if name.isupper() and len(words) > 1 and not DESK.search(name) and not any(c.isdigit() for c in name):
        name = re.sub(r"[^\W\d_]{2,}", lambda match: match[0].capitalize(), name)
    return name


def _without_role(words: list[str]) -> list[str]:
    """The words of the name; none where all are of a role ("Senior Reporter")."""
    lowered = [word.casefold().strip(".,") for word in words]
    if all(word in ROLES or word in ROLE_ADJECTIVES for word in lowered) and any(word in ROLES for word in lowered):
        return []
    for n in range(2, len(words)):
        rest = lowered[n:]
        if rest[0] in ROLES or (rest[0] in ROLE_ADJECTIVES and any(word in ROLES for word in rest[1:])):
            return words[:n]
    return words


def _uncased(name: str) -> bool:
    """Whether its script knows no capitals."""
    return name.upper() == name.lower()


def _is_cjk(name: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in name)
