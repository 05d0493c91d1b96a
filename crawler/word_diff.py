"""Which words of a text went and which came, in order, in time that hardly grows faster than the texts.

What is shown of it is the affair of `crawler.differences` and `crawler.articles_diff`.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

BREAK = "\n"
"""The word that stands for the end of a paragraph; shown as ¶."""
_DEPTH_MOST = 8  # times that what lies between two anchors is looked through for further ones
_EDITS_MOST = 200  # words that go or come between two anchors, before the whole of it is told as replaced
_STEPS_MOST = 2_000_000  # words looked at between two anchors, edits times words: a second or so
_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # Chinese and Japanese: a character is a word
_WORD = re.compile(rf"\n|[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_ALONE = re.compile(rf"[{_UNSPACED}]")

Region = tuple[int, int, int, int]
"""From and to in the words before, from and to in the words after."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are the same in both texts, or of the first alone (gone) or the second alone (come); `gone` comes first."""

    kind: Literal["same", "gone", "come"]
    words: list[str]

    def __str__(self) -> str:
        return joined(self.words)


def words_of(text: str) -> list[str]:
    """Words, characters of scripts without spaces, and a BREAK between paragraphs."""
    found = _WORD.findall(text.strip())
    return [word for n, word in enumerate(found) if word != BREAK or found[n - 1] != BREAK]


def joined(words: Sequence[str]) -> str:
    """The words as they are read, paragraphs parted by ¶."""
    parts: list[str] = []
    alone = True
    for word in words:
        was, alone = alone, _ALONE.fullmatch(word) is not None
        parts += ["" if not parts or (was and alone) else " ", "¶" if word == BREAK else word]
    return "".join(parts)


def pieces(one: Sequence[str], other: Sequence[str]) -> list[Piece]:
    """What is the same, gone and come; all `same` and `gone` are `one` again, all `same` and `come` are `other`.

    Words that both texts have once part them (patience diff); between those the shortest way is sought (Myers 1986), but
    for regions in which that would take long: they are told as replaced. So are a few words that are the same between
    longer ones that are not: they would be there by chance.
    """
    told: list[Piece] = []
    for same, gone, come in _quietened(_steps(one, other)):
        if same:
            told.append(Piece("same", same))
        if gone:
            told.append(Piece("gone", gone))
        if come:
            told.append(Piece("come", come))
    return told


Step = tuple[list[str], list[str], list[str]]
"""Words that are the same, then what went and what came after them."""


def _steps(one: Sequence[str], other: Sequence[str]) -> Iterator[Step]:
    same: list[str] = []
    here, there = 0, 0
    for i, j in [*sorted(_matches(one, other)), (len(one), len(other))]:
        if i > here or j > there:
            yield same, list(one[here:i]), list(other[there:j])
            same = []
        same.extend(one[i : i + 1])
        here, there = i + 1, j + 1
    if same:
        yield same, [], []


def _quietened(steps: Iterator[Step]) -> Iterator[Step]:
    held: Step | None = None
    for step in steps:
        if held is None:
            held = step
            continue
        around = min(max(len(held[1]), len(held[2])), max(len(step[1]), len(step[2])))
        if 2 * len(step[0]) <= around:
            for before, words, after in ((held[1], step[0], step[1]), (held[2], step[0], step[2])):
                before.extend(words)
                before.extend(after)
        else:
            yield held
            held = step
    if held is not None:
        yield held


def _matches(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of places at which both have the same word, rising in both; in any order."""
    regions: list[tuple[Region, int]] = [((0, len(one), 0, len(other)), 0)]
    while regions:
        (a, b, c, d), depth = regions.pop()
        while a < b and c < d and one[a] == other[c]:
            yield a, c
            a, c = a + 1, c + 1
        while a < b and c < d and one[b - 1] == other[d - 1]:
            b, d = b - 1, d - 1
            yield b, d
        if a == b or c == d:
            continue
        anchors = list(_anchors(one, other, (a, b, c, d))) if depth < _DEPTH_MOST else []
        if not anchors:
            yield from _shortest(one, other, (a, b, c, d))
            continue
        yield from anchors
        edges = [(a - 1, c - 1), *anchors, (b, d)]
        for (i, j), (k, m) in itertools.pairwise(edges):
            if i + 1 < k and j + 1 < m:
                regions.append(((i + 1, k, j + 1, m), depth + 1))


def _anchors(one: Sequence[str], other: Sequence[str], region: Region) -> Iterator[tuple[int, int]]:
    """The places of words that both have once in the region: the longest series that rises in both."""
    a, b, c, d = region
    here, there = Counter(one[a:b]), Counter(other[c:d])
    place = {other[j]: j for j in range(c, d) if there[other[j]] == 1 and here[other[j]] == 1}
    found = [(i, place[one[i]]) for i in range(a, b) if one[i] in place]
    # The longest rising series: `ends` holds, for each length, the least place at which a series of it ends.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for n, (_, j) in enumerate(found):
        length = bisect.bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [n]
    n = last[-1] if last else -1
    series: list[tuple[int, int]] = []
    while n >= 0:
        series.append(found[n])
        n = before[n]
    yield from reversed(series)


def _shortest(one: Sequence[str], other: Sequence[str], region: Region) -> Iterator[tuple[int, int]]:
    """The pairs on the shortest way through the region; none where it takes too many edits."""
    a, b, c, d = region
    high, wide = b - a, d - c
    most = min(_EDITS_MOST, max(8, _STEPS_MOST // (high + wide)))
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(most + 1):
        trail.append(dict(furthest))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            while x < high and y < wide and one[a + x] == other[c + y]:
                x, y = x + 1, y + 1
            furthest[k] = x
            if x >= high and y >= wide:
                yield from ((a + i, c + j) for i, j in _back(trail, high, wide))
                return


def _back(trail: list[dict[int, int]], x: int, y: int) -> Iterator[tuple[int, int]]:
    for edits in range(len(trail) - 1, -1, -1):
        furthest, k = trail[edits], x - y
        down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
        came = k + 1 if down else k - 1
        x_before = furthest[came]
        y_before = x_before - came
        while x > x_before and y > y_before and x > 0 and y > 0:
            x, y = x - 1, y - 1
            yield x, y
        x, y = x_before, y_before
