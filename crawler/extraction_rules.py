"""What an outlet's TOML knows of its pages: selectors and shared texts, in sets that hold from one day to another.

How a file is read and its mistakes are told is `crawler.outlets`' affair; what the rules do to a page, the stages'
(`pipelines.records.Hints`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from crawler.checks import check_selector, check_storable
from pipelines.identity import block_fingerprint
from pipelines.records import Hints

_NO_WORDS = block_fingerprint("")
_ONE_DAY = timedelta(days=1)
Day = date
"""The type by a name that no rule has."""


class ExtractionRules(BaseModel):
    """One set of rules. Selectors are CSS, or XPath where they begin with / or a parenthesis.

    `valid_from` and `valid_until` are its first and last day in the outlet's zone; None is open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_from: Day | None = None
    valid_until: Day | None = None
    keep: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _held(cls, value: object) -> object:
        check_storable(value)
        return value

    @field_validator("valid_from", "valid_until", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        # pydantic takes 2026 for seconds since 1970.
        if isinstance(value, int | float):
            raise ValueError("a day is written as 2026-03-15")  # noqa: TRY004 -- pydantic tells ValueErrors
        return value

    @field_validator("valid_until")
    @classmethod
    def _range(cls, value: Day | None, info: ValidationInfo) -> Day | None:
        first = info.data.get("valid_from")
        if value is not None and first is not None and value < first:
            raise ValueError(f"{value} is before valid_from, {first}")
        return value

    @field_validator("keep", "prune", "byline", "date")
    @classmethod
    def _selectors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for selector in value:
            check_selector(selector)
        return value

    @field_validator("shared")
    @classmethod
    def _shared(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if block_fingerprint(text) == _NO_WORDS:
                raise ValueError(f"{text!r} has no word: give the whole text of the block that articles share")
        return value

    @property
    def hints(self) -> Hints:
        return Hints(keep=self.keep, prune=self.prune, byline=self.byline, date=self.date, shared=self.shared)

    def holds_on(self, day: Day) -> bool:
        return (self.valid_from or Day.min) <= day <= (self.valid_until or Day.max)


def check_ranges(sets: Sequence[ExtractionRules]) -> None:
    """Whether each day between the first and the last has one set; raises ValueError that names the days."""
    ordered = sorted(enumerate(sets), key=lambda pair: pair[1].valid_from or Day.min)
    told = [
        wrong
        for (n, earlier), (m, later) in pairwise(ordered)
        if (wrong := _between(n, earlier.valid_until, m, later.valid_from))
    ]
    if told:
        raise ValueError("; ".join(told))


def _between(n: int, until: Day | None, m: int, first: Day | None) -> str | None:
    """What is wrong between two sets that follow each other: numbers as the file counts them, from 0."""
    if until is None:
        return f"[{n}] and [{m}] hold on the same days: give [{n}] the valid_until with which its layout ended"
    if first is None or first <= until:
        return f"[{n}] and [{m}] hold on the same days: from {first or 'ever'} to {until}"
    if first > until + _ONE_DAY:
        gap = f"{until + _ONE_DAY} to {first - _ONE_DAY}"
        return f"no rules from {gap}, between [{n}] and [{m}]: a set without selectors says that none are needed"
    return None
