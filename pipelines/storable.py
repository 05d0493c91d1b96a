"""What Postgres can't hold in text and jsonb, and what is stored in its place: one rule for every string we write.

What is refused rather than mended (an address, an identifier: two of them could become one) is decided where such a
thing is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")

REPLACEMENT = "\ufffd"
"""Stands where something stood that can't be held: U+FFFD, as Unicode means it. Nothing is dropped silently."""
JSON_DEPTH_MOST = 100
"""Levels. Postgres and Python both give up at some depth that depends on their stacks; nothing of ours comes near."""
JSON_DIGITS_MOST = 4_000
"""Digits of a whole number: Python writes no more than 4,300, jsonb (a numeric) holds 131,072."""
_INT_LEAST = 10**JSON_DIGITS_MOST  # the first that is not held
# SQLSTATE 22021 and 22P05: no NUL in text nor as \u0000 in jsonb. UTF-8 has no surrogates (RFC 3629 section 3).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def fits(text: str) -> bool:
    """Whether Postgres holds the text as it stands."""
    return _UNSTORABLE.search(text) is None


def first_unfit(text: str) -> str | None:
    """The first character that Postgres can't hold, as Unicode writes it (`U+0000`); None where there is none."""
    found = _UNSTORABLE.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def clean(text: str) -> str:
    """The text with REPLACEMENT for each NUL and each lone surrogate; the same object where it fits.

    Surrogates that make a pair become the character that they mean.
    """
    return text if fits(text) else _UNSTORABLE.sub(REPLACEMENT, _PAIR.sub(_joined, text))


def as_it_came(text: str | None) -> str | None:
    """The text where Postgres holds it as it stands, else None: for what is of no use when it is mended, as an ETag."""
    return text if text is not None and fits(text) else None


def clean_record(value: T) -> T:
    """The value with every string in it clean: a record, a tuple, a string; itself where there is nothing to mend."""
    held: Any = value
    if type(held) is str:  # and no StrEnum
        held = clean(held)
    elif isinstance(value, tuple):
        parts = tuple(clean_record(part) for part in value)
        held = value if all(one is other for one, other in zip(parts, value, strict=True)) else parts
    elif is_dataclass(value) and not isinstance(value, type):
        before = {f.name: getattr(value, f.name) for f in fields(value)}
        changed = {name: new for name, old in before.items() if (new := clean_record(old)) is not old}
        held = replace(value, **changed) if changed else value
    result: T = held
    return result


def json_safe(value: Any) -> Any:
    """The value as jsonb holds it: strings and keys clean, tuples as lists, no number beyond what JSON can say.

    NaN and the infinities become their names, a whole number of more than JSON_DIGITS_MOST digits and what lies deeper
    than JSON_DEPTH_MOST levels become REPLACEMENT. Keys that would be the same once clean are told apart. Raises
    TypeError for what is no JSON.
    """
    return _json_safe(value, JSON_DEPTH_MOST)


def _json_safe(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return clean(str(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_INT_LEAST < value < _INT_LEAST else REPLACEMENT
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
    if not isinstance(value, Mapping | list | tuple):
        raise TypeError(f"no JSON: {type(value).__name__}")
    if not levels:
        return REPLACEMENT
    if not isinstance(value, Mapping):
        return [_json_safe(part, levels - 1) for part in value]
    held: dict[str, Any] = {}
    for key, part in value.items():
        name = clean(str(key))
        while name in held:
            name += REPLACEMENT
        held[name] = _json_safe(part, levels - 1)
    return held


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
