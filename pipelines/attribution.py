"""Whose reporting an article rests on: the news sources it credits, each with the sentence that says so.

A name of the gazetteer (config/credits/*.toml) counts where a phrase of `pipelines.cues` stands beside it. Which
articles rest on one report is not told here.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from pipelines.cues import ANY, MARK, OTHER, Language, Rule, load_phrases
from pipelines.errors import ConfigError
from pipelines.records import Attribution
from pipelines.sentences import sentences

_KEYS = {"aliases", "ambiguous", "quoted", "not"}
_QUOTES = ("„“", "“”", "«»", "»«", "‹›", '""', "‘’", "‚‘", "''", "「」", "『』", "《》")
_REACH = 240  # characters looked at on each side of a name: phrases stand near it, and texts without full stops exist
_MENTIONS_MOST = 300  # of one text: a page that lists names ten thousand times costs no more
_JOIN = re.compile(
    r"[\"”»›’'》」』)]*(?:\s*\([^()]{1,24}\))?"
    r"\s*(?:,|/|&|、|・|;|(?:,\s*)?(?:\b(?:and|or|e|ed|o|und|sowie|oder|et|ou|y|as\s+well\s+as)\b|和|与|與|及|以及|や|と|및))\s*"
    r"(?:(?:the|il|la|lo|l['’]|dal|dalla|dall['’]|da|del|della|di|von|der|die|das|dem|des|le|les|du|de|el|by|from|auch|anche|also)\s*)*"
    r"[\"“„«‹‘'《「『]*"
)
_LETTER = "[A-Za-z0-9À-ɏ_]"
_SCRIPTS_WITHOUT_SPACES = "\u2e80"  # and what follows: Han, kana, hangul
_LATIN_WORD = re.compile(r"[a-zà-öø-ÿ]+")


@dataclass(frozen=True, slots=True)
class Credits:
    """The gazetteer, compiled.

    `names` finds whatever is a name or only looks like one, `owner` gives the source of the former; `ambiguous` are
    names that are ordinary words or other things, too. `languages` are the phrases.
    """

    names: re.Pattern[str]
    owner: Mapping[str, str]
    ambiguous: frozenset[str]
    languages: Mapping[str, Language]


@dataclass(frozen=True, slots=True)
class _Mention:
    """One name, or several in a row ("Reuters and Bloomberg"), that one phrase credits."""

    start: int
    end: int
    names: tuple[str, ...]


def load_credits(folder: Path) -> Credits:
    """Read every TOML file of the folder, and its phrases/; raises ConfigError with file and key."""
    owner: dict[str, str] = {}
    others: set[str] = set()
    ambiguous: set[str] = set()
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(str(error), subject=f"credits/{path.name}", code="credits") from error
        for name, table in tables.items():
            _check(path.name, name, table)
            quoted = [pair[0] + word + pair[1] for word in table.get("quoted", ()) for pair in _QUOTES]
            for alias in (name, *table.get("aliases", ()), *table.get("ambiguous", ()), *quoted):
                if owner.setdefault(alias, name) != name:
                    message = f"{name}: {alias!r} is a name of {owner[alias]}, too; each name belongs to one source"
                    raise ConfigError(message, subject=f"credits/{path.name}", code="credits")
            ambiguous.update(table.get("ambiguous", ()))
            others.update(table.get("not", ()))
    if not owner:
        raise ConfigError("no *.toml there holds a news source", subject=str(folder), code="credits")
    for alias in [alias for alias in owner if len(alias) > 4 and alias.upper() not in owner]:
        owner[alias.upper()] = owner[alias]  # wires and headlines shout
        if alias in ambiguous:
            ambiguous.add(alias.upper())
    return Credits(_any_of({*owner, *others}), owner, frozenset(ambiguous), load_phrases(folder / "phrases"))


def attribute(
    text: str,
    *,
    title: str | None,
    language: str | None,
    credits: Credits,  # noqa: A002 -- the word for it
    outlet_name: str | None,
) -> tuple[Attribution, ...]:
    """The news sources that a text credits, in order of appearance, each with its first sentence as evidence.

    `language` is what the page claims; the text's own words are believed beside it. The outlet itself is never
    credited.
    """
    spoken = _spoken(f"{title or ''}\n{text[:4_000]}", language, credits.languages)
    found: dict[str, Attribution] = {}
    for sentence, mention, mentions in islice(_all_mentions(title, text, credits), _MENTIONS_MOST):
        credited = dict.fromkeys(credits.owner[name] for name in mention.names)
        new = [one for one in credited if one not in found and not _is_outlet(one, outlet_name, credits)]
        if not new:
            continue
        tight = all(name in credits.ambiguous for name in mention.names)
        rule = _rule_for(*_marked(sentence, mention, mentions), spoken, tight=tight)
        if rule:
            found |= {
                one: Attribution(credited=one, form=rule.form, evidence=sentence, confidence=rule.confidence)
                for one in new
            }
    return tuple(found.values())


def _all_mentions(title: str | None, text: str, credits: Credits) -> Iterator[tuple[str, _Mention, list[_Mention]]]:  # noqa: A002
    named = (paragraph for paragraph in text.splitlines() if credits.names.search(paragraph))
    for sentence in chain([title] if title else (), *map(sentences, named)):
        mentions = _mentions(sentence, credits)
        for mention in mentions:
            yield sentence, mention, mentions


def _spoken(text: str, claimed: str | None, languages: Mapping[str, Language]) -> list[Language]:
    """The phrases to try: of the language that the page claims, and of the one that its words show."""
    words = Counter(_LATIN_WORD.findall(text.lower()))
    shown = {code: sum(words[mark] for mark in language.marks) for code, language in languages.items()}
    best = max(shown, key=lambda code: shown[code])
    claimed = (claimed or "").partition("-")[0].lower()
    codes = [code for code in (claimed, best if shown[best] else "") if code in languages]
    return [languages[code] for code in dict.fromkeys(codes or [ANY])]


def _mentions(sentence: str, credits: Credits) -> list[_Mention]:  # noqa: A002
    """The sentence's names in order, those in a row as one."""
    found: list[_Mention] = []
    for match in credits.names.finditer(sentence):
        if match[0] not in credits.owner:
            continue
        if found and _JOIN.fullmatch(sentence, found[-1].end, match.start()):
            last = found.pop()
            found.append(_Mention(last.start, match.end(), (*last.names, match[0])))
        else:
            found.append(_Mention(match.start(), match.end(), (match[0],)))
    return found


def _marked(sentence: str, mention: _Mention, mentions: Iterable[_Mention]) -> tuple[str, int]:
    """The sentence's part within reach of the mention, with marks for names, and where MARK stands in it."""
    pieces, last, at = [], max(0, mention.start - _REACH), 0
    end = min(len(sentence), mention.end + _REACH)
    if last:
        pieces.append("… ")  # what is cut off is no beginning
    for one in mentions:
        if last <= one.start and one.end <= end:
            pieces.append(sentence[last : one.start])
            if one is mention:
                at = sum(map(len, pieces))
            pieces.append(MARK if one is mention else OTHER)
            last = one.end
    pieces += [sentence[last:end], " …" if end < len(sentence) else ""]
    return "".join(pieces), at


def _rule_for(marked: str, at: int, spoken: Iterable[Language], *, tight: bool) -> Rule | None:
    """The first phrase that credits the mention; None where there is none, or one that says otherwise."""
    for language in spoken:
        if language.never.search(marked):
            return None
        for rule in language.tight if tight else language.rules:
            if rule.credits(marked, at):
                return rule
    return None


def _is_outlet(credited: str, outlet_name: str | None, credits: Credits) -> bool:  # noqa: A002
    """Whether the source is the outlet itself, or the outlet an edition or section of it ("The Verge (AI)")."""
    if not outlet_name:
        return False
    own, name = _plain(outlet_name), _plain(credited)
    return credits.owner.get(outlet_name) == credited or own == name or own.startswith(f"{name} ")


def _plain(name: str) -> str:
    return re.sub(r"^(?:the|il|la|le|der|die|das)\s+|\.(?:it|com|de|net|org)\b", "", name.casefold()).strip()


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the names; of two that start alike the longer, "Bloomberg Intelligence" before "Bloomberg".

    It begins with the names' first characters, by which the engine skips what starts none. Scripts without spaces have
    no word boundaries.
    """
    by_start: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names, key=lambda one: (-len(one), one)):
        end = rf"(?!{_LETTER})" if name[-1] < _SCRIPTS_WITHOUT_SPACES else ""
        by_start[name[0]].append(re.escape(name[1:]) + end)
    starts = ((one, rf"(?<![@.].)(?<!{_LETTER}.)" if one < _SCRIPTS_WITHOUT_SPACES else "") for one in by_start)
    return re.compile("|".join(f"{re.escape(one)}{apart}(?:{'|'.join(by_start[one])})" for one, apart in starts))


def _check(file: str, name: str, table: object) -> None:
    where = f"credits/{file}"
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: write a table, [{name}]", subject=where, code="credits")
    for key, value in table.items():
        if key not in _KEYS:
            message = f"{name}.{key}: unknown key; there are {', '.join(sorted(_KEYS))}"
            raise ConfigError(message, subject=where, code="credits")
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise ConfigError(f"{name}.{key}: a list of names is wanted", subject=where, code="credits")
