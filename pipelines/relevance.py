"""Whether an article is news of the topic, by the words of config/topics/*.toml, and which of them said so.

Which companies and people it names, with counts, is not told here.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError
from pipelines.records import Relevance

_LISTS = {"vetoes", "outside", "subject", "strong_names", "strong_terms", "contextual_names"}
_KEYS = _LISTS | {"name", "definition", "lead", "abbreviations", "together"}
_LEAD = 600  # characters
_ABBREVIATION_MOST = 4  # letters; a longer word in capitals is a name, which headlines write as they like
_SCRIPTS_WITHOUT_SPACES = "\u2e80"  # and what follows: Han, kana, hangul
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic's words, compiled; the file tells what each list does. `abbreviations` is by language."""

    name: str
    lead: int
    vetoes: re.Pattern[str]
    outside: re.Pattern[str]
    subject: re.Pattern[str]
    strong: re.Pattern[str]
    contextual: re.Pattern[str]
    abbreviations: Mapping[str, re.Pattern[str]]
    together: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]


def load_topic(path: Path) -> Topic:
    """Read a topic; raises ConfigError with file and key."""
    where = f"topics/{path.name}"
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(error), subject=where, code="topics") from error
    _check(table, where)
    words = {key: table.get(key, []) for key in _LISTS}
    return Topic(
        name=table.get("name", path.stem),
        lead=table.get("lead", _LEAD),
        vetoes=_any_of(words["vetoes"]),
        outside=_any_of(words["outside"]),
        subject=_any_of(words["subject"]),
        strong=_any_of([*words["strong_names"], *words["strong_terms"]]),
        contextual=_any_of(words["contextual_names"]),
        abbreviations={code: _any_of(some) for code, some in table.get("abbreviations", {}).items()},
        together=tuple((_any_of(pair["names"]), _any_of(pair["terms"])) for pair in table.get("together", [])),
    )


def judge(*, title: str | None, lead: str | None, language: str | None, topic: Topic) -> Relevance:
    """By the topic's rules, in the order in which its file tells them; `why` are the words that were found.

    `lead` is the standfirst and text; no more than the topic's `lead` characters of it are read.
    """
    headline = topic.vetoes.sub(" ", title or "")
    opening = topic.vetoes.sub(" ", (lead or "")[: topic.lead])
    short = topic.abbreviations.get((language or "").partition("-")[0].lower(), _NOTHING)

    strong = _found(headline, topic.strong)
    subject = _found(headline, topic.subject, short)
    in_opening, subject_there = _found(opening, topic.strong), _found(opening, topic.subject, short)
    evidence = [*in_opening, *subject_there[:1]]
    if strong:
        return _yes(1.0, [*strong, *subject])
    if subject and (evidence or not (topic.outside.search(headline) or _only_shouted(headline, subject))):
        return _yes(0.95, subject)
    if (contextual := _found(headline, topic.contextual)) and evidence:
        return _yes(0.9, [*contextual, *evidence])
    for names, terms in topic.together:
        if (name := _found(headline, names)) and (term := _found(headline, terms)):
            return _yes(0.85, [*name, *term])
    if len(evidence) >= 2:
        return _yes(0.8, evidence)
    return Relevance(relevant=False, score=0.3 if evidence else 0.0, why=tuple(evidence))


def _yes(score: float, words: Iterable[str]) -> Relevance:
    return Relevance(relevant=True, score=score, why=tuple(dict.fromkeys(words))[:8])


def _only_shouted(headline: str, found: list[str]) -> bool:
    """Whether a headline in capitals holds no more than an abbreviation: there "AI" is also Italian for "to the"."""
    shouted = headline.isupper() and max(headline) < _SCRIPTS_WITHOUT_SPACES
    return shouted and all(len(word) <= _ABBREVIATION_MOST for word in found)


def _found(text: str, *patterns: re.Pattern[str]) -> list[str]:
    """What matches, in order, each word once."""
    matches = (match[0] for pattern in patterns for match in pattern.finditer(text))
    return list({word.casefold(): word for word in matches}.values())


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the words, whole; of two that start alike, the longer.

    Grouped by first letter, by which the engine skips what starts none. A digit may stand before: "5GW".
    """
    by_start: dict[str, list[str]] = defaultdict(list)
    for word in sorted(set(words), key=lambda one: (-len(one), one)):
        as_written = word.isupper() and len(word) <= _ABBREVIATION_MOST
        rest = re.escape(word[1:]) if as_written else f"(?i:{re.escape(word[1:])})"
        end = "(?![A-Za-z0-9À-ɏ_])" if word[-1] < _SCRIPTS_WITHOUT_SPACES else ""
        for start in {word[0]} if as_written else {word[0].lower(), word[0].upper()}:
            by_start[start].append(rest + end)
    starts = (
        (one, "(?<![@.].)(?<![A-Za-zÀ-ɏ_].)" if one < _SCRIPTS_WITHOUT_SPACES else "") for one in sorted(by_start)
    )
    return re.compile(
        "|".join(f"{re.escape(one)}{apart}(?:{'|'.join(by_start[one])})" for one, apart in starts) or "(?!)"
    )


def _check(table: Mapping[str, Any], where: str) -> None:
    def wrong(key: str, said: str) -> ConfigError:
        return ConfigError(f"{key}: {said}", subject=where, code="topics")

    for key in table:
        if key not in _KEYS:
            raise wrong(key, f"unknown key; there are {', '.join(sorted(_KEYS))}")
    if not isinstance(table.get("lead", _LEAD), int) or not isinstance(table.get("name", ""), str):
        raise wrong("lead, name", "a number of characters, and a text, are wanted")
    tables = {key: table.get(key, []) for key in sorted(_LISTS)}
    abbreviations, together = table.get("abbreviations", {}), table.get("together", [])
    if not isinstance(abbreviations, dict):
        raise wrong("abbreviations", "a table of languages is wanted")
    tables |= {f"abbreviations.{code}": some for code, some in abbreviations.items()}
    if not isinstance(together, list) or not all(
        isinstance(pair, dict) and set(pair) == {"names", "terms"} for pair in together
    ):
        raise wrong("together", "tables with names and terms are wanted")
    tables |= {
        f"together[{place}].{key}": pair[key] for place, pair in enumerate(together) for key in ("names", "terms")
    }
    for key, words in tables.items():
        if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
            raise wrong(key, "a list of words is wanted")
    if not (tables["subject"] or tables["strong_names"] or tables["strong_terms"]):
        raise wrong("subject, strong_names, strong_terms", "all are empty: nothing could ever be relevant")
