"""Durations as people write them in TOML: "5s", "15m", "1h", "7d"; pure.

Which durations there are, and their defaults, is in `crawler.settings` and `crawler.outlets`.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def seconds(value: object) -> float:
    """A duration in seconds; raises ValueError for anything but a number with its unit.

    A bare number is refused: nobody can tell whether 15 means seconds or minutes.
    """
    if isinstance(value, float):  # our own JSON round trip: seconds, as floats
        return value
    if not isinstance(value, str) or not (match := _PATTERN.fullmatch(value.strip())):
        raise ValueError(f"a duration is a number with a unit, such as \"5s\", \"15m\", \"1h\" or \"7d\", not {value!r}")
    return float(match[1]) * _UNITS[match[2]]


Seconds = Annotated[float, BeforeValidator(seconds)]


def words(value: float) -> str:
    """Seconds as the shortest of our own notation: 900.0 is "15m"."""
    for unit, size in reversed(_UNITS.items()):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value:g}s"
