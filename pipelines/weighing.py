"""Weighs a page's evidence: for each block the probability that it belongs to the article.

The weights are boosted oblivious trees (one question a level, the same for all blocks of it: Kohavi 1994, CatBoost), learned by
`bench/learn_weights.py` from pages with gold text; what they ask about is `pipelines.evidence`'s.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pipelines.evidence import Table

_CUT_LEAST, _CUT_MOST = 0.2, 0.55
_PRECISE = 1.1
"""A little more than the best for F1: at the same F1, pages with residue fall from 7.5 to 7.1 % (unseen domains)."""
_AT_ONCE = 50  # trees: their answers on a page fit into the processor's cache
_FOLDER = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class Weights:
    """T trees of depth D, at most 8: `asked` (T, D) columns, `limits` (T, D) above which the answer is yes, `leaves` (T, 2**D) log odds."""

    names: tuple[str, ...]
    base: float
    asked: npt.NDArray[np.int64]
    limits: npt.NDArray[np.float32]
    leaves: npt.NDArray[np.float32]

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        return cls(
            names=tuple(told["names"]),
            base=float(told["base"]),
            asked=np.asarray(told["asked"], dtype=np.int64),
            limits=np.asarray(told["limits"], dtype=np.float32),
            leaves=np.asarray(told["leaves"], dtype=np.float32),
        )

    def probabilities(self, table: Table) -> npt.NDArray[np.float64]:
        """A probability a row."""
        trees, depth = self.asked.shape
        columns = np.ascontiguousarray(table.T)
        odds = np.full(len(table), self.base)
        for first in range(0, trees, _AT_ONCE):
            asked, limits = self.asked[first : first + _AT_ONCE], self.limits[first : first + _AT_ONCE]
            leaf = np.zeros((len(asked), len(table)), dtype=np.uint8)
            for level in range(depth):
                leaf <<= 1
                leaf |= columns[asked[:, level]] > limits[:, level, None]
            places = leaf + (np.arange(len(asked)) << depth)[:, None]
            odds += self.leaves[first : first + _AT_ONCE].ravel().take(places).sum(axis=0, dtype=np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def cut_at(chances: npt.NDArray[np.float64], length: npt.NDArray[np.float64]) -> float:
    """The probability from which on blocks are kept so that the expected F1 over characters is highest.

    That is half of that F1 (Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"): on a page that the
    weighing is sure of, one half; on an unusual one, whose every block is doubtful, less. `length` are characters.
    """
    order = np.argsort(-chances, kind="stable")
    hoped = (chances * length)[order].cumsum()
    best = float((2 * hoped / (length[order].cumsum() + hoped[-1])).max())
    return min(_CUT_MOST, max(_CUT_LEAST, _PRECISE * best / 2))


@lru_cache(maxsize=2)
def weights(*, voted: bool) -> Weights:
    """The weights for what the page alone says, or with another reader's vote; read once a process."""
    path = _FOLDER / ("voted.json" if voted else "alone.json")
    return Weights.from_json(json.loads(path.read_text(encoding="utf-8")))
