"""JSON as sites write it into their pages: mended where a template broke it, bounded whatever it holds.

What the objects mean is the affair of `pipelines.jsonld`.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

_OPENING = re.compile(r"\s*(?:/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|<!\[CDATA\[|<!--)")
_CLOSING = re.compile(r"(?:/\*\s*\]\]>\s*\*/|//\s*\]\]>|\]\]>|//\s*-->|-->)\s*;?\s*$")
_CLOSING_MOST = 40  # characters at the end in which a wrapping's end is looked for
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_DOUBLE_COMMA = re.compile(r",\s*(?=,)")
_BAD_ESCAPE = re.compile(r"\\(?![\"\\/bfnrtu])|\\u(?![0-9a-fA-F]{4})")
_EMPTY_VALUE = re.compile(r":(\s*[,}])")
_OBJECTS_MOST = 50
_DECODER = json.JSONDecoder(strict=False)
_STRUCTURE = frozenset(",}]:")


def loads(text: str) -> Any:
    """The value of a JSON text; a list where several follow one another; None where nothing helps.

    Tried in turn: as it stands; without wrapping, control characters, stray commas and bad escapes; with entities
    resolved; with quotes inside strings escaped and comments dropped. Each is linear in the text's length.
    """
    if (value := _load(text)) is not None:
        return value
    text = _unwrapped(text)
    if (value := _load(text)) is not None:
        return value
    mended = _mended(_CONTROL.sub(" ", text))
    if (value := _load(mended)) is not None:
        return value
    entities = "&quot;" in mended or "&#34;" in mended
    if entities and (value := _load(_mended(html.unescape(mended)))) is not None:
        return value
    return _load(_mended(_requoted(mended))) or _pieces(mended)


def _load(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _unwrapped(text: str) -> str:
    for _ in range(2):
        if opening := _OPENING.match(text):
            text = text[opening.end() :]
        end = max(len(text) - _CLOSING_MOST, 0)
        text = text[:end] + _CLOSING.sub("", text[end:])
    return text.strip().rstrip(";").strip()


def _mended(text: str) -> str:
    text = _DOUBLE_COMMA.sub("", text)
    text = _EMPTY_VALUE.sub(r":null\1", text)
    text = _TRAILING_COMMA.sub(r"\1", text)
    return _BAD_ESCAPE.sub(r"\\\\", text) if "\\" in text else text


def _requoted(text: str) -> str:
    """The text with quotes inside of strings escaped, and comments outside of them dropped.

    A quote ends a string where a comma, colon or bracket follows; and after a comma only if what comes then can begin a
    key or a value.
    """
    out: list[str] = []
    inside = False
    at, end = 0, len(text)
    while at < end:
        character = text[at]
        if inside:
            if character == "\\":
                out.append(text[at : at + 2])
                at += 2
                continue
            if character == '"':
                if _closes(text, at + 1):
                    inside = False
                    out.append(character)
                else:
                    out.append('\\"')
            else:
                out.append(character)
        elif character == '"':
            inside = True
            out.append(character)
        elif text.startswith("/*", at):
            close = text.find("*/", at + 2)
            at = end if close < 0 else close + 2
            continue
        else:
            out.append(character)
        at += 1
    return "".join(out)


def _closes(text: str, at: int) -> bool:
    follow = text[at : at + 60].lstrip()
    if not follow:
        return True
    if follow[0] not in _STRUCTURE:
        return False
    if follow[0] != ",":
        return True
    after = follow[1:].lstrip()
    return not after or after[0] in '"{[-0123456789/' or after.startswith(("true", "false", "null"))


def _pieces(text: str) -> list[Any] | None:
    """The objects of several written one after another, as far as each is whole."""
    found: list[Any] = []
    at = 0
    for _ in range(_OBJECTS_MOST):
        start = text.find("{", at)
        if start < 0:
            break
        try:
            value, at = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        found.append(value)
    return found or None
