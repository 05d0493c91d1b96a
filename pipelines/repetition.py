"""Judges which blocks of text an outlet's articles repeat: they are boilerplate, whatever they say.

Counting them over articles is `pipelines.store.repetition`'s part (for saved pages `crawler.learning`'s); taking them
out of a page, `pipelines.extract`'s.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipelines.identity import block_fingerprint
from pipelines.length import weight
from pipelines.records import Extraction, Reason, SeenBlock

K = TypeVar("K", bound=Hashable)

SHORT = 40
"""Characters: what is shorter may be a sub-headline ("Conclusioni"), which recurs within texts and belongs to them."""
_ELSEWHERE = 0.2
"""Of the articles that have a block, those in which it may stand elsewhere; one always, as in the first nothing is known to
recur. A sentence that ends some articles ("It did not reply to a request for comment.") stands within others."""
_STILL = 2  # times the exceptions, and so much less of a share, until what was learned is unlearned: else it would flap
_WITHIN_TIMES, _WITHIN_SHARE = 2, 0.2
"""Between an article's own paragraphs a block needs so many times the articles, and this share of the outlet's: the
background paragraph of a running story is repeated, too, but only as long as the story runs."""
_TWIN_SHARE, _TWIN_OWN = 0.2, 300
"""A share and a number of characters: an article with no more text of its own than both is another one once more."""
_WORD = re.compile(r"\w")
_SAMPLE = 400  # characters of a block that are kept to show what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a block is boilerplate, and for how long.

    `articles` have it at least, and `share` of those that the outlet published since it was first seen; it is
    forgotten once `window` articles in a row came without it.
    """

    articles: int = 3
    share: float = 0.05
    window: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """How often a block was seen: in how many `articles`, in how many of them before (`heads`) or after (`tails`) all
    of the article's own text; `chances` counts the outlet's articles since it was first seen, that one included.
    """

    articles: int
    heads: int
    tails: int
    chances: int
    weight: int


def seen_blocks(extraction: Extraction) -> tuple[SeenBlock, ...]:
    """What counts as seen in a page, in its order, each once: the article's text, and what was taken out as repeated.

    Blocks without a letter or digit do not count.
    """
    told = [(block.position, block.text, True) for block in extraction.kept]
    told += [(block.position, block.text, False) for block in extraction.removed if block.reason is Reason.REPEATED]
    found: dict[bytes, SeenBlock] = {}
    for _, text, kept in sorted(told, key=lambda one: one[0]):
        print_ = block_fingerprint(text)
        if _WORD.search(text):
            found.setdefault(print_, SeenBlock(print_, text[:_SAMPLE], weight(text), kept))
    return tuple(found.values())


def outer(blocks: Sequence[SeenBlock], recurring: Container[bytes]) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Which blocks stand before, and which after, all of the article's own text.

    The first and the last block do; the next one inwards as long as all beyond it are `recurring`, that is, seen in
    another article.
    """
    head: set[bytes] = set()
    tail: set[bytes] = set()
    for run, side in ((blocks, head), (blocks[::-1], tail)):
        for block in run:
            side.add(block.fingerprint)
            if block.kept and block.fingerprint not in recurring:
                break
    return frozenset(head), frozenset(tail)


def twin(blocks: Sequence[SeenBlock], seen_in: Mapping[bytes, Collection[K]]) -> K | None:
    """The article that this one is once more (a second address, a reprint), where `seen_in` knows one.

    Two such are one article: else each paragraph of what an outlet prints thrice were boilerplate.
    """
    whole = sum(block.weight for block in blocks if block.kept)
    shared: dict[K, int] = {}
    for block in blocks:
        if block.kept:
            for other in seen_in.get(block.fingerprint, ()):
                shared[other] = shared.get(other, 0) + block.weight
    most = max(shared, key=lambda other: shared[other], default=None)
    if most is None or whole - shared[most] > min(_TWIN_SHARE * whole, _TWIN_OWN):
        return None
    return most


def repeated(sighting: Sighting, limits: Limits, *, already: bool = False) -> bool:
    """Whether a block is boilerplate; `already`: whether it still is, which takes less.

    What stands after an article's own text needs the fewest sightings; so does a whole sentence before it. A short
    block before it may be a sub-headline, and so may a short one between own paragraphs, which therefore is never
    boilerplate, however often it is seen.
    """
    ease = _STILL if already else 1
    elsewhere = max(1, ease * _ELSEWHERE * sighting.articles)
    short = sighting.weight < SHORT
    last = sighting.articles - sighting.tails <= elsewhere
    first = sighting.articles - sighting.heads <= elsewhere
    times, share = limits.articles, limits.share
    if not last and not (first and not short):
        if short and not first:
            return False
        times, share = _WITHIN_TIMES * times, max(share, _WITHIN_SHARE)
    return sighting.articles >= times and sighting.articles >= share / ease * sighting.chances
