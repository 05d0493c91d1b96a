"""Where in a page's tree its prose is: for each block, how the containers around it relate to the ones that hold the most.

The numbers are columns of `pipelines.evidence`; a container is a block-level element (`blocks.Layout`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.blocks import INSIDE, Layout

_PROSE_LEAST = 80  # characters (weighted) of a block that reads like a paragraph
_PROSE_LINKED = 0.5  # share of its characters that may stand in links
_PROSE_TAGS = frozenset({"p", "div", "td", "blockquote", "li", "article", "section", "body"})
_NO_PROSE = INSIDE["nav"] | INSIDE["footer"] | INSIDE["hidden"]
_WRAPPED = frozenset({"p", "li", "td", "blockquote"})
_FADING = 0.55
"""What a container further out gets of a paragraph's score (readability halves it, Arc90 2009)."""
_OUT_MOST = 4
_HOLDING = ((4, 0.4), (6, 0.6), (8, 0.8))  # the innermost container that holds so much of the page's prose


class Containers:
    """Sums over containers; `good` holds for each block its characters if they are prose, else 0."""

    def __init__(self, layout: Layout, length: npt.NDArray[np.float64]) -> None:
        self._blocks, self._parents = layout.blocks, layout.parents
        self._length = length
        self._of = np.array([block.container for block in self._blocks], dtype=np.int64)
        self.good = np.array(
            [
                size
                if size >= _PROSE_LEAST
                and block.tag in _PROSE_TAGS
                and block.linked < _PROSE_LINKED * len(block.text)
                and not block.inside & _NO_PROSE
                else 0.0
                for block, size in zip(self._blocks, length.tolist(), strict=True)
            ]
        )
        count = len(self._parents)
        self._prose = self._summed(self.good, count)
        self._all = self._summed(self._length, count)
        self._linked = self._summed([block.linked for block in self._blocks], count)
        self._count = self._summed(np.ones(len(self._blocks)), count)
        self._depth = self._depths()

    def columns(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        of = self._of
        parents = np.asarray(self._parents)
        first = np.maximum(parents[of], 0)
        second = np.maximum(parents[first], 0)
        prose, text, linked, count = map(np.asarray, (self._prose, self._all, self._linked, self._count))
        whole, total = max(float(prose[0]), 1.0), max(float(text[0]), 1.0)
        blocks = len(of)
        for place, at in (("c", of), ("p", first), ("g", second)):
            yield f"prose_{place}", np.log1p(prose[at])
            yield f"prose_share_{place}", prose[at] / whole
            yield f"linked_{place}", linked[at] / np.maximum(text[at], 1.0)
            yield f"mean_{place}", np.log1p(text[at] / np.maximum(count[at], 1.0))
        yield "share_p", text[first] / total
        yield "share_g", text[second] / total
        yield "count_p", np.minimum(count[first], 50)
        yield "prose_page", np.full(blocks, np.log1p(whole))
        yield "prose_of_page", np.full(blocks, whole / total)
        for name, share in _HOLDING:
            main = self._innermost(share)
            above, apart = self._paths(main)
            yield f"up{name}", above[of]
            yield f"cm{name}", apart[of]
            yield f"main{name}_prose", np.full(blocks, prose[main] / whole)
            yield f"main{name}_linked", np.full(blocks, linked[main] / max(text[main], 1.0))
        best = self._best()
        _, apart = self._paths(best)
        meeting = self._depth[best] - apart
        yield "dh", apart[of]
        yield "dk", self._depth[of] - meeting[of]
        yield "best_prose", np.full(blocks, prose[best] / whole)
        yield from self._likeness(whole, total)

    def _summed(self, values: Any, count: int) -> list[float]:
        """Sums of the blocks' values by container, what is inside it included."""
        sums: list[float] = np.bincount(self._of, np.asarray(values, dtype=np.float64), count).tolist()
        parents = self._parents
        for n in range(count - 1, 0, -1):  # a container's number is larger than its parent's
            sums[parents[n]] += sums[n]
        return sums

    def _depths(self) -> npt.NDArray[np.int64]:
        depths = [0] * len(self._parents)
        for n in range(1, len(depths)):
            depths[n] = depths[self._parents[n]] + 1
        return np.asarray(depths)

    def _innermost(self, share: float) -> int:
        """The innermost container that holds at least so much of the page's prose."""
        wanted = share * self._prose[0]
        if not wanted:
            return 0
        main = 0
        for n in range(1, len(self._parents)):
            if self._parents[n] == main and self._prose[n] >= wanted:
                main = n
        return main

    def _best(self) -> int:
        """The container with the highest score of paragraphs, each counting less the further out."""
        scores = [0.0] * len(self._parents)
        for block, size in zip(self._blocks, self.good.tolist(), strict=True):
            if not size:
                continue
            at = self._parents[block.container] if block.tag in _WRAPPED else block.container
            weight = size
            for _ in range(_OUT_MOST):
                if at < 0:
                    break
                scores[at] += weight
                weight *= _FADING
                at = self._parents[at]
        return max(range(len(scores)), key=scores.__getitem__)

    def _paths(self, main: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """For each container: its levels below `main` (-1: elsewhere), and how far above `main` the two meet."""
        around = {}
        at, up = main, 0
        while at >= 0:
            around[at] = up
            at, up = self._parents[at], up + 1
        above, apart = [-1] * len(self._parents), [0] * len(self._parents)
        for n, parent in enumerate(self._parents):
            apart[n] = around[n] if n in around else apart[parent]
            if n == main:
                above[n] = 0
            elif parent >= 0 and above[parent] >= 0:
                above[n] = above[parent] + 1
        return np.asarray(above), np.asarray(apart)

    def _likeness(self, whole: float, total: float) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """How much prose, and how many blocks, look like a block: same element and class, or same element and depth."""
        looks: list[dict[Any, int]] = [{}, {}]
        keys: list[list[int]] = [[], []]
        for block in self._blocks:
            element = block.element
            parent = element.getparent()
            look = (block.tag, element.get("class"), parent.get("class") if parent is not None else None)
            for which, key in enumerate((look, (block.tag, block.depth))):
                keys[which].append(looks[which].setdefault(key, len(looks[which])))
        linked = [
            min(block.linked / len(block.text), 1.0) * size
            for block, size in zip(self._blocks, self._length.tolist(), strict=True)
        ]
        for which in (0, 1):
            of = np.asarray(keys[which])
            prose = np.bincount(of, weights=self.good)
            length = np.bincount(of, weights=self._length)
            yield f"s{which + 1}m", (prose / whole)[of]
            yield f"s{which + 1}c", np.minimum(np.bincount(of), 60)[of]
            yield f"s{which + 1}l", (np.bincount(of, weights=linked) / np.maximum(length, 1.0))[of]
            yield f"s{which + 1}t", (length / total)[of]
