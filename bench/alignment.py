"""Finds which blocks of a page its gold text holds: what `bench/learn_weights.py` takes for the truth.

How texts are compared when extraction is scored is the affair of `../shared/tools/score.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_ALONE}]|[^\\W{_ALONE}]+")
"""A word; of scripts without spaces a character."""


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text))


def aligned(texts: Sequence[str], gold: str) -> npt.NDArray[np.float64]:
    """1 for each block that the gold text holds, in its order: long blocks anchor, short ones lie between anchors."""
    truth = _words(gold)
    where = defaultdict(list)
    for n in range(len(truth) - 3):
        where[tuple(truth[n : n + 4])].append(n)
    pages = [_words(text) for text in texts]
    found = np.zeros(len(texts))
    anchors = _chain(_candidates(pages, where))
    for block, *_ in anchors:
        found[block] = 1
    ends = [(-1, -1, 0), *anchors, (len(pages), len(truth), len(truth))]
    for (block, _, end), (following, start, _) in pairwise(ends):
        at, stop = max(0, end - 2), min(len(truth), start + 2)
        for n in range(block + 1, following):
            size = len(pages[n])
            if not 0 < size < 12:
                continue
            place = next((p for p in range(at, stop - size + 1) if truth[p : p + size] == pages[n]), None)
            if place is not None:
                found[n], at = 1, place + size
    return found


def _candidates(pages: Sequence[list[str]], where: dict[tuple[str, ...], list[int]]) -> list[tuple[int, int, int, int]]:
    """Block, start in the gold text, end, shared shingles."""
    found = []
    for n, words in enumerate(pages):
        if len(words) < 7:
            continue
        hits = [(k, places) for k in range(len(words) - 3) if (places := where.get(tuple(words[k : k + 4])))]
        if len(hits) < 0.5 * (len(words) - 3):
            continue
        starts: dict[int, int] = defaultdict(int)
        for k, places in hits:
            for place in places[:8]:
                starts[place - k] += 1
        most = max(starts.values())
        found += [(n, start, start + len(words), votes) for start, votes in starts.items() if votes >= 0.5 * most]
    return sorted(found)


def _chain(candidates: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int, int]]:
    """The heaviest chain of candidates that rises in the page and in the gold text alike."""
    best: list[float] = []
    before: list[int] = []
    for n, (block, start, _, votes) in enumerate(candidates):
        best.append(votes)
        before.append(-1)
        for k in range(n):
            other, other_start, other_end, _ = candidates[k]
            ends = other_start + 0.8 * (other_end - other_start)
            if other < block and ends <= start + 2 and best[k] + votes > best[n]:
                best[n], before[n] = best[k] + votes, k
    chain = []
    at = int(np.argmax(best)) if best else -1
    while at >= 0:
        chain.append(candidates[at][:3])
        at = before[at]
    return chain[::-1]
