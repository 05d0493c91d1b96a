"""Durations as people write them in TOML: "5s", "15m", "1h", "7d"; pure.

Which durations there are, and their defaults, is in `crawler.settings` and `crawler.outlets`.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])", re.ASCII)
_MOST = 366 * 86_400.0


def seconds(value: object) -> float:
    """A duration in seconds, to the microsecond; raises ValueError for anything but a number with its unit.

    A bare number is refused, since nobody can tell whether 15 means seconds or minutes. A float passes: Python code
    counts in seconds, and our readers of TOML leave a file's floats as text.
    """
    if isinstance(value, float):
        length = value
    elif isinstance(value, str) and (match := _PATTERN.fullmatch(value.strip())):
        length = float(match[1]) * _UNITS[match[2]]
    else:
        raise ValueError(f'a duration is a number with a unit, such as "5s", "15m", "1h" or "7d", not {value!r}')
    if not 0 <= length <= _MOST:  # NaN is refused as well
        raise ValueError(f"a duration is 0s to 366d long, not {value!r}")
    return round(length, 6)


def words(length: float) -> str:
    """Seconds in our own notation, so that `seconds` reads the same again: 900.0 is "15m", 90.5 is "90.5s"."""
    for unit, size in reversed(_UNITS.items()):
        if length >= size and length % size == 0:
            return f"{length / size:.0f}{unit}"
    return f"{length:.6f}".rstrip("0").rstrip(".") + "s"


Seconds = Annotated[float, BeforeValidator(seconds), PlainSerializer(words, when_used="json")]
"""A field that is seconds to Python, and "15m" in TOML and JSON."""

PositiveSeconds = Annotated[Seconds, Field(gt=0)]
