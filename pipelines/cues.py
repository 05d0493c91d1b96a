"""The phrases by which a sentence credits a news source, by language: config/credits/phrases/*.toml, compiled.

Which names there are, and which sentences are looked at, is `pipelines.attribution`'s part.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError

MARK, OTHER = "\ue000", "\ue001"
"""Stand in a sentence for the name that is looked at and for other names: private characters, which pages don't use.

No gap reaches across OTHER: in "laut Bloomberg die Darstellung des WSJ", laut is Bloomberg's.
"""
ANY = "any"
"""The file of what holds in every language."""

FORMS = frozenset(
    {"according_to", "reported_by", "told", "citing", "dateline", "byline", "source_line", "headline_prefix"}
)

_KEYS = {"marks", "lead", "rules", "never", "words"}
_OPEN, _CLOSE = "\"“”„«‹'‘’《「『(", "\"“”»›’'》」』"
_ASIDE = r"(?:\s*\([^()]{1,30}\))?"  # "the Financial Times (FT)"
_REPEATED = {"aside": "{0,4}", "staff": "", "kind": "{0,1}"}
"""Words that need not be there or may come in a row; each brings the space behind it."""
_FUSED = ("by", "to", "of")
"""Prepositions: they may end in an apostrophe, behind which no word boundary is."""
_SCRIPTS_WITHOUT_SPACES = "\u2e80"  # and what follows: Han, kana, hangul


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase; `after` is true where it begins with the name, so that nothing before it need be searched."""

    form: str
    confidence: float
    pattern: re.Pattern[str]
    after: bool

    def credits(self, marked: str, at: int) -> bool:
        """Whether the phrase stands in the sentence whose source is MARK, at that index."""
        if self.after:
            return self.pattern.match(marked, at) is not None
        return self.pattern.search(marked) is not None


@dataclass(frozen=True, slots=True)
class Language:
    """One language's phrases, with those of every language.

    `marks` are frequent words that tell it from the others; `tight` are the rules for names that are words, too: they
    leave next to no gap between a phrase and the name; `never` finds what says that a name is no credit.
    """

    marks: frozenset[str]
    rules: tuple[Rule, ...]
    tight: tuple[Rule, ...]
    never: re.Pattern[str]


def load_phrases(folder: Path) -> dict[str, Language]:
    """The languages by code, and under `ANY` what holds where none is known; raises ConfigError with file and key."""
    tables = {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}
    if ANY not in tables:
        raise ConfigError(f"{ANY}.toml is missing", subject=str(folder), code="credits")
    return {code: _language(f"phrases/{code}.toml", table, tables[ANY]) for code, table in tables.items()}


def _read(path: Path) -> dict[str, Any]:
    where = f"phrases/{path.name}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(error), subject=where, code="credits") from error
    for key, value in table.items():
        if key not in _KEYS:
            raise ConfigError(
                f"{key}: unknown key; there are {', '.join(sorted(_KEYS))}", subject=where, code="credits"
            )
        texts = value.values() if key == "words" and isinstance(value, dict) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise ConfigError(f"{key}: text is wanted", subject=where, code="credits")
    return table


def _language(where: str, table: Mapping[str, Any], everywhere: Mapping[str, Any]) -> Language:
    words = everywhere.get("words", {}) | table.get("words", {})
    lead = rf"(?:{_any_of(table.get('lead', 'the'))}[\s-]+|(?:l|d|un|dell|dall|all|nell|sull)['’]\s*){{0,5}}"
    own = [] if table is everywhere else _lines(table.get("rules", ""))
    lines = [*own, *_lines(everywhere.get("rules", ""))]
    refused = [*([] if table is everywhere else _lines(table.get("never", ""))), *_lines(everywhere.get("never", ""))]
    try:
        never = "|".join(_pattern(phrase, lead, words) for phrase in refused)
        return Language(
            frozenset(table.get("marks", "").split()),
            tuple(_rule(line, lead, words, tight=False) for line in lines),
            tuple(_rule(line, lead, words, tight=True) for line in lines),
            re.compile(never or "(?!)", re.IGNORECASE),
        )
    except (ValueError, KeyError, re.error) as error:
        said = f"no words are given for <{error.args[0]}>" if isinstance(error, KeyError) else str(error)
        raise ConfigError(said, subject=where, code="credits") from error


def _rule(line: str, lead: str, words: Mapping[str, str], *, tight: bool) -> Rule:
    try:
        form, confidence, phrase = line.split(None, 2)
        if form not in FORMS or "<name" not in phrase or not 0 < float(confidence) <= 1:
            raise ValueError(line)  # noqa: TRY301 -- what is said of it stands below
    except ValueError as error:
        raise ValueError(f"{line!r}: a rule is a form, a confidence, and a phrase with <name> in it") from error
    gap_most = 99 if not tight else 4 if form == "according_to" else 0
    try:
        pattern = re.compile(_pattern(phrase, lead, words, gap_most=gap_most, tight=tight), re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{phrase!r}: {error}") from error
    return Rule(form, float(confidence), pattern, phrase.startswith("<name"))


def _pattern(phrase: str, lead: str, words: Mapping[str, str], *, gap_most: int = 99, tight: bool = False) -> str:
    """The phrase as a regular expression; any.toml tells what each <placeholder> means."""
    before = "" if phrase.startswith("<name") else rf"{lead}[{_OPEN}]*"  # at a phrase's start it would be tried in vain
    name = rf"{before}{MARK}[{_CLOSE}]*{_ASIDE}[{_CLOSE}]*"
    fixed = {
        "name": name,
        "name's": rf"{name}(?:['’]s\b|s\b|['’])?",
        "named": "(?!)" if tight else name,
        "lead": lead,
        "Person": r"(?:(?-i:[A-ZÀ-Þ])[\w.’'-]*\s+){0,3}(?-i:[A-ZÀ-Þ])[\w’'-]*",
    }

    def expanded(match: re.Match[str]) -> str:
        word = match[1]
        if word in fixed:
            return fixed[word]
        if word.isdigit():
            most = min(int(word), gap_most)
            return rf"(?:[^\s,;:!?()–—'’{OTHER}]+(?:['’]\s*|\s+)){{0,{most}}}?" if most else ""
        one = _any_of(words[word])
        if word in _REPEATED:
            return rf"(?:{one},?\s+){_REPEATED[word]}"
        if words[word].lstrip() >= _SCRIPTS_WITHOUT_SPACES:
            return one
        return rf"\b{one}" if word in _FUSED else rf"\b{one}\b"

    return re.sub(r"<([\w']+)>", expanded, phrase.replace(" ?", r"\s*").replace(" ", r"\s+"))


def _any_of(words: str) -> str:
    return "(?:" + "|".join(words.replace("_", r"\s+").split()) + ")"


def _lines(block: str) -> Iterator[str]:
    return (line.strip() for line in block.splitlines() if line.strip())
