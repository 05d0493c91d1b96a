"""Judges whether what is read of an outlet's pages has moved away from its past: most often, that it has a new layout.

The figures are kept in Postgres by `pipelines.store.drift`; what is done about it is the operator's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

from pipelines.length import weight
from pipelines.records import Extraction

RECENT = 10
"""Pages that are compared with those before them."""
PAST_LEAST, PAST_MOST = 20, 100
HELD = 60
"""Pages after which a new way of being is the outlet's usual one."""
_SHARE_CHANGE = 0.35
_CHANCE = 1e-4
"""A change of a share that comes about by chance more often than this is none: an outlet is judged with each page."""
_LENGTH_FACTOR = 2.0
_REMOVED_CHANGE = 0.25
_EXTREME = 0.1  # of the past lies beyond what counts as usual, at either end


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one page gave. Where it held no article `read` is false, and all else says nothing.

    `length` is in characters (`length.weight`), `removed_share` what was taken out of all that was weighed.
    """

    read: bool
    length: int = 0
    title: bool = False
    standfirst: bool = False
    authors: bool = False
    published: bool = False
    removed_share: float = 0.0
    second_opinion: bool = False


_SHARES: tuple[tuple[str, str, int], ...] = (
    ("title", "title filled", -1),
    ("standfirst", "standfirst filled", -1),
    ("authors", "authors filled", -1),
    ("published", "date filled", -1),
    ("second_opinion", "second opinions", 1),
)
"""Field of Figures, its name, and the direction that is trouble."""


def figures_of(extraction: Extraction) -> Figures:
    kept, removed = weight(extraction.text), sum(weight(block.text) for block in extraction.removed)
    return Figures(
        read=True,
        length=kept,
        title=extraction.title is not None,
        standfirst=extraction.standfirst is not None,
        authors=extraction.authors is not None,
        published=extraction.published is not None,
        removed_share=removed / max(kept + removed, 1),
        second_opinion=extraction.second_opinion,
    )


def signs(past: Sequence[Figures], recent: Sequence[Figures]) -> tuple[str, ...]:
    """What has changed from the past to the recent pages, each as a sentence with both figures; empty: nothing.

    A few pages more or less prove nothing: there must be PAST_LEAST before, and a share must have changed by much and
    not by chance (binomial), a median by a factor and out of the usual range.
    """
    if len(past) < PAST_LEAST or len(recent) < RECENT // 2:
        return ()
    over = f"over the last {len(recent)} pages"
    found = []
    if told := _share(past, recent, lambda one: one.read, -1):
        found.append(f"pages with an article {told} {over}")
    past, recent = [one for one in past if one.read], [one for one in recent if one.read]
    if len(past) < PAST_LEAST or len(recent) < RECENT // 2:
        return tuple(found)
    over = f"over the last {len(recent)} articles"
    if told := _length(past, recent):
        found.append(f"text length median {told} {over}")
    if told := _removed(past, recent):
        found.append(f"removed share median {told} {over}")
    for field, name, direction in _SHARES:
        if told := _share(past, recent, lambda one, field=field: bool(getattr(one, field)), direction):  # type: ignore[misc]
            found.append(f"{name} {told} {over}")
    return tuple(found)


def _share(
    past: Sequence[Figures], recent: Sequence[Figures], has: Callable[[Figures], bool], direction: int
) -> str | None:
    before, now = sum(map(has, past)) / len(past), sum(map(has, recent)) / len(recent)
    if (now - before) * direction < _SHARE_CHANGE:
        return None
    # One success and one failure more than were seen: a share of exactly 1 or 0 is never certain.
    usual = (sum(map(has, past)) + 1) / (len(past) + 2)
    count, n = sum(map(has, recent)), len(recent)
    counts = range(count + 1) if direction < 0 else range(count, n + 1)
    chance = sum(comb(n, k) * usual**k * (1 - usual) ** (n - k) for k in counts)
    return f"{before:.2f} → {now:.2f}" if chance < _CHANCE else None


def _length(past: Sequence[Figures], recent: Sequence[Figures]) -> str | None:
    lengths = sorted(one.length for one in past)
    before, now = median(lengths), median(one.length for one in recent)
    factor = max(now, 1) / max(before, 1)
    if 1 / _LENGTH_FACTOR < factor < _LENGTH_FACTOR or _usual(lengths, now):
        return None
    return f"{before:,.0f} → {now:,.0f}"


def _removed(past: Sequence[Figures], recent: Sequence[Figures]) -> str | None:
    shares = sorted(one.removed_share for one in past)
    before, now = median(shares), median(one.removed_share for one in recent)
    if abs(now - before) < _REMOVED_CHANGE or _usual(shares, now):
        return None
    return f"{before:.2f} → {now:.2f}"


def _usual(ordered: Sequence[float], value: float) -> bool:
    """Whether a value lies within the past's range, its extremes left aside."""
    beyond = int(_EXTREME * len(ordered))
    return ordered[beyond] <= value <= ordered[-1 - beyond]
