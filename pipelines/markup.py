"""What readers of a page share: the text of elements, where they stand, and the choice between what several places say.

Which places are asked for a field is the affair of `pipelines.metadata` and its neighbours.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pipelines.records import Field, Origin, When

T = TypeVar("T")

_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "li", "table", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "figure"}
)


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


def inside(element: Any, *tags: str) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def line_of(element: Any) -> str:
    """The element's text where it is one line: no block inside."""
    if any(child.tag in _BLOCKS for child in element.iterdescendants()):
        return ""
    return " ".join(element.text_content().split())
