"""What readers of a page share: the text of elements, and the choice between what several places say.

Which places are asked for a field is the affair of `pipelines.metadata` and its neighbours.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pipelines.records import Field, Origin, When

T = TypeVar("T")


def first(*candidates: tuple[Origin, T | None]) -> Field[T] | None:
    """The first candidate with a value; later ones with another value disagree."""
    told = [(origin, value) for origin, value in candidates if value]
    if not told:
        return None
    origin, value = told[0]
    others = tuple((other, _shown(said)) for other, said in told[1:] if _shown(said) != _shown(value))
    return Field(value=value, origin=origin, disagreeing=others)


def _shown(value: object) -> str:
    if isinstance(value, When):
        return value.isoformat()
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def text_of(element: Any) -> str | None:
    return " ".join(element.text_content().split()) or None if element is not None else None
