"""Whether an article is news of the topic, by the terms of config/topics/*.toml, and which terms said so.

Which companies and people it names, with counts, is not told here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError
from pipelines.records import Relevance

_KEYS = {"name", "definition", "lead", "vetoes", "strong_names", "contextual_names", "strong_terms"}
_SCORES = {"title": 1.0, "title_context": 0.9, "lead": 0.8}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's terms, compiled; `terms` by language, with what holds in every language under `any`."""

    name: str
    lead: int
    vetoes: re.Pattern[str]
    names: re.Pattern[str]
    contextual: re.Pattern[str]
    terms: dict[str, re.Pattern[str]]


def load_topic(path: Path) -> Topic:
    """Read a topic; raises ConfigError with file and key."""
    where = f"topics/{path.name}"
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(error), subject=where, code="topics") from error
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{key}: unknown key; there are {', '.join(sorted(_KEYS))}", subject=where, code="topics")
    strong = table.get("strong_terms", {})
    for key, words in {**{k: table.get(k, []) for k in ("vetoes", "strong_names", "contextual_names")}, **strong}.items():
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            raise ConfigError(f"{key}: a list of words is wanted", subject=where, code="topics")
    common = [*strong.get("any", []), *strong.get("en", [])]
    if not common and not table.get("strong_names"):
        raise ConfigError("strong_terms or strong_names: nothing could ever be relevant", subject=where, code="topics")
    return Topic(
        name=str(table.get("name", path.stem)),
        lead=int(table.get("lead", 600)),
        vetoes=_any_of(table.get("vetoes", [])),
        names=_any_of(table.get("strong_names", [])),
        contextual=_any_of(table.get("contextual_names", [])),
        terms={"any": _any_of(common), **{language: _any_of([*common, *words]) for language, words in strong.items()}},
    )


def judge(*, title: str | None, lead: str | None, language: str | None, topic: Topic) -> Relevance:
    """By the topic's rule: a strong word in the title; a contextual name there and a strong word; two in the lead."""
    headline = topic.vetoes.sub(" ", title or "")
    opening = topic.vetoes.sub(" ", (lead or "")[: topic.lead])
    terms = topic.terms.get((language or "").partition("-")[0].lower(), topic.terms["any"])
    in_title = _found(headline, terms, topic.names)
    if in_title:
        return _yes("title", in_title)
    in_lead = _found(opening, terms, topic.names)
    contextual = _found(headline, topic.contextual)
    if contextual and in_lead:
        return _yes("title_context", [*contextual, *in_lead])
    if len({word.casefold() for word in in_lead}) >= 2:
        return _yes("lead", in_lead)
    return Relevance(relevant=False, score=0.3 if in_lead else 0.0, why=tuple(in_lead))


def _yes(place: str, words: Iterable[str]) -> Relevance:
    return Relevance(relevant=True, score=_SCORES[place], why=tuple(dict.fromkeys(words))[:8])


def _found(text: str, *patterns: re.Pattern[str]) -> list[str]:
    return list(dict.fromkeys(match[0] for pattern in patterns for match in pattern.finditer(text)))


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the words. Abbreviations in capitals match as written, the rest in any case.

    Letters of other scripts may touch a word: Han has no spaces, and Italian has the apostrophe of "dell'IA".
    """
    parts = []
    for word in sorted(set(words), key=len, reverse=True):
        body = re.escape(word) if word.upper() == word and len(word) <= 4 else f"(?i:{re.escape(word)})"
        left = r"(?<![A-Za-z0-9À-ÿ_@.])" if word[0].isascii() or word[0].isalpha() and word[0] < "\u0250" else ""
        right = r"(?![A-Za-z0-9À-ÿ_])" if word[-1].isascii() or word[-1] < "\u0250" else ""
        parts.append(left + body + right)
    return re.compile("|".join(parts) or r"(?!)")
