"""Learns the weights of `pipelines.weighing` from pages with gold text, and says what they are worth on unseen sites.

    .venv/bin/python bench/learn_weights.py [--check] [--data ../shared/data] [--trees 400]

Each block's truth is found by aligning the page's blocks with the gold text. The trees are boosted as CatBoost's are (oblivious, second-order
gains, rows sampled by gradient), in numpy alone. `--check` learns five times, each time without a fifth of the *domains*,
scores those by the weights that never saw them, and writes nothing; without it weights are learned from all pages and written
to pipelines/weights/. Deterministic: the same pages give the same weights.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT.parent / "shared" / "tools")]

from bench.alignment import aligned  # noqa: E402
from pipelines import boilerplate, jsonld, metadata, rendering, second_opinion  # noqa: E402
from pipelines.blocks import layout_of  # noqa: E402
from pipelines.decoding import parse  # noqa: E402
from pipelines.errors import ExtractError  # noqa: E402
from pipelines.evidence import Evidence  # noqa: E402
from pipelines.extract import chosen_from  # noqa: E402
from pipelines.identity import host_of, registrable_domain  # noqa: E402
from pipelines.records import Context, Metadata, Page  # noqa: E402
from pipelines.weighing import Weights  # noqa: E402

BINS, DEPTH, RATE, REGULAR, COLUMNS = 32, 6, 0.07, 5.0, 0.3
TOP, REST = 0.2, 0.15  # rows with the largest gradients, and a sample of the others (LightGBM's GOSS)
FOLDS = 5
FETCHED = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Example:
    """A page: its tables without and with a second opinion, what is true of each block, what each block counts."""

    id: str
    domain: str
    gold: dict[str, Any]
    alone: np.ndarray
    voted: np.ndarray
    truth: np.ndarray
    weight: np.ndarray
    fields: Metadata
    evidence: Evidence


def examples(data: Path) -> Iterator[Example]:
    from score import load

    for name in ("extraction", "italian"):
        for id_, gold in load(str(data / name / "gold.jsonl")).items():
            body = gzip.decompress((data / name / "pages" / f"{id_}.html.gz").read_bytes())
            page = Page(url=gold["url"] or "", body=body, fetched_at=FETCHED)
            try:
                tree = parse(page)
            except ExtractError:
                continue
            layout = layout_of(tree)
            if not layout.blocks:
                continue
            article = jsonld.find_article(tree, page.url) or {}
            fields = metadata.read(tree, page, Context(language=gold.get("lang")), article, layout.blocks)
            evidence = Evidence(layout, fields, body=jsonld.text_of(article.get("articleBody")))
            texts = [block.text for block in layout.blocks]
            truth = aligned(texts, gold["text"])
            weight = _weight(texts)
            if gold.get("text_full"):  # optional parts are neither wrong nor right
                weight = np.where(aligned(texts, gold["text_full"]) != truth, 0.05 * weight, weight)
            yield Example(
                id=id_,
                domain=registrable_domain(host_of(gold["url"])) if gold["url"] else id_,
                gold=gold,
                alone=evidence.table(),
                voted=evidence.table_with(second_opinion.ask(tree)),
                truth=truth,
                weight=weight,
                fields=fields,
                evidence=evidence,
            )


def _weight(texts: Sequence[str]) -> np.ndarray:
    """Long blocks count more, those of long pages less."""
    length = np.array([len(text) for text in texts], dtype=float)
    return (0.4 + np.minimum(1, length / 300)) * min(3.0, (150 / len(length)) ** 0.5)


# -- trees -------------------------------------------------------------------------------------------------------------


def learn(names: Sequence[str], table: np.ndarray, truth: np.ndarray, weight: np.ndarray, trees: int) -> Weights:
    dice = np.random.default_rng(0)
    edges = [_edges(table[:, n]) for n in range(table.shape[1])]
    binned = np.asfortranarray(
        np.column_stack([np.searchsorted(edge, table[:, n]).astype(np.uint8) for n, edge in enumerate(edges)])
    )
    usable = [n for n, edge in enumerate(edges) if len(edge)]
    share = float((weight * truth).sum() / weight.sum())
    base = float(np.log(share / (1 - share)))
    odds = np.full(len(truth), base)
    top, rest = int(TOP * len(truth)), int(REST * len(truth))
    grown = []
    for _ in range(trees):
        chance = 1 / (1 + np.exp(-odds))
        slope, bend = weight * (chance - truth), np.maximum(weight * chance * (1 - chance), 1e-6)
        order = np.argpartition(np.abs(slope), len(truth) - top)
        rows = np.concatenate([order[-top:], dice.choice(order[:-top], rest, replace=False)])
        scale = np.concatenate([np.ones(top), np.full(rest, (1 - TOP) / REST)])
        columns = dice.choice(usable, int(COLUMNS * len(usable)), replace=False)
        asked, leaf = _grown(
            binned[rows][:, columns], [len(edges[n]) for n in columns], slope[rows] * scale, bend[rows] * scale
        )
        every = np.zeros(len(truth), dtype=np.int64)
        for column, limit in asked:
            every = every * 2 + (binned[:, columns[column]] > limit)
        leaves = (
            -RATE
            * np.bincount(leaf, slope[rows] * scale, 1 << DEPTH)
            / (np.bincount(leaf, bend[rows] * scale, 1 << DEPTH) + REGULAR)
        )
        odds += leaves[every]
        grown.append(
            ([int(columns[c]) for c, _ in asked], [float(edges[columns[c]][limit]) for c, limit in asked], leaves)
        )
    return Weights(
        names=tuple(names),
        base=base,
        asked=np.array([tree[0] for tree in grown], dtype=np.int64),
        limits=np.array([tree[1] for tree in grown], dtype=np.float32),
        leaves=np.array([tree[2] for tree in grown], dtype=np.float32),
    )


def _edges(column: np.ndarray) -> np.ndarray:
    values = np.unique(column)
    if len(values) <= BINS:
        return ((values[1:] + values[:-1]) / 2).astype(np.float32)
    return np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1])).astype(np.float32)


def _grown(
    binned: np.ndarray, limits: Sequence[int], slope: np.ndarray, bend: np.ndarray
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """One tree: for each level the column and bin that gain most over all its leaves; and each row's leaf."""
    wide = [binned[:, n].astype(np.int64) for n in range(binned.shape[1])]
    leaf = np.zeros(len(binned), dtype=np.int64)
    asked = []
    for level in range(DEPTH):
        size = (1 << level) * BINS
        best, choice = -1.0, (0, 0)
        for n, column in enumerate(wide):
            place = leaf * BINS + column
            left = np.bincount(place, slope, size).reshape(-1, BINS).cumsum(1)
            held = np.bincount(place, bend, size).reshape(-1, BINS).cumsum(1)
            low, low_held = left[:, : limits[n]], held[:, : limits[n]]
            high, high_held = left[:, -1:] - low, held[:, -1:] - low_held
            gain = (low**2 / (low_held + REGULAR) + high**2 / (high_held + REGULAR)).sum(0)
            limit = int(gain.argmax())
            if gain[limit] > best:
                best, choice = float(gain[limit]), (n, limit)
        asked.append(choice)
        leaf = leaf * 2 + (wide[choice[0]] > choice[1])
    return asked, leaf


def learned(pages: Sequence[Example], *, voted: bool, trees: int) -> Weights:
    table = np.vstack([page.voted if voted else page.alone for page in pages])
    truth = np.concatenate([page.truth for page in pages])
    names = pages[0].evidence.names(voted=voted)
    return learn(names, table, truth, np.concatenate([page.weight for page in pages]), trees)


def written(path: Path, weights: Weights) -> None:
    told = {
        "names": weights.names,
        "base": round(weights.base, 5),
        "asked": weights.asked.tolist(),
        "limits": [[float(f"{limit:.6g}") for limit in tree] for tree in weights.limits.tolist()],
        "leaves": [[round(leaf, 4) for leaf in tree] for tree in weights.leaves.tolist()],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told, separators=(",", ":")).replace("]],", "]],\n") + "\n", encoding="utf-8")


# -- what they are worth -----------------------------------------------------------------------------------------------


def text_of(page: Example, alone: Weights, voted: Weights) -> str:
    """The text as `pipelines.extract` would put it together with these weights."""
    blocks = page.evidence.blocks
    chances = alone.probabilities(page.alone)
    if second_opinion.wanted(page.evidence, chances, Context()):
        chances = voted.probabilities(page.voted)
    kept = chosen_from(page.evidence, chances.tolist())
    cuts = boilerplate.Judge(blocks, page.evidence.squeezed, page.fields).residue(kept, chances.tolist())
    return rendering.plain([blocks[at] for at in kept if at not in cuts])


def fold_of(domain: str) -> int:
    return zlib.crc32(domain.encode()) % FOLDS


def unseen(pages: Sequence[Example], fold: int, trees: int) -> dict[str, dict[str, Any]]:
    """The texts of one fold's pages, by weights from the others."""
    others = [page for page in pages if fold_of(page.domain) != fold]
    alone, voted = (learned(others, voted=voted, trees=trees) for voted in (False, True))
    return {
        page.id: {
            "text": text_of(page, alone, voted),
            "standfirst": page.fields.standfirst.value if page.fields.standfirst else None,
        }
        for page in pages
        if fold_of(page.domain) == fold
    }


def check(pages: Sequence[Example], trees: int) -> None:
    from score import score

    told: dict[str, dict[str, Any]] = {}
    for fold in range(FOLDS):
        told |= unseen(pages, fold, trees)
        print(f"fold {fold + 1} of {FOLDS}: {len(told)} pages", file=sys.stderr, flush=True)
    for name, italian in (("extraction", False), ("italian", True)):
        gold = {page.id: page.gold for page in pages if page.id.startswith("it_") == italian}
        print(name, *(f"{key} {value[0]:.4f} [{value[1]:.3f}, {value[2]:.3f}]" for key, value in score(told, gold, 200).items()
                      if key in ("P", "R", "F1", "pageF1", "acc", "leak_page")), sep="\n  ")  # fmt: skip


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    ask.add_argument("--trees", type=int, default=400)
    ask.add_argument("--check", action="store_true")
    told = ask.parse_args()
    if not told.data.is_dir():
        sys.exit(f"{told.data}: the pages with gold text are not here")
    pages = list(examples(told.data))
    if told.check:
        check(pages, told.trees)
        return
    for voted, name in ((False, "alone"), (True, "voted")):
        written(ROOT / "pipelines" / "weights" / f"{name}.json", learned(pages, voted=voted, trees=told.trees))


if __name__ == "__main__":
    main()
