"""The weights that are shipped fit the evidence that the code collects, and give a probability a block."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from pipelines import metadata
from pipelines.blocks import layout_of
from pipelines.decoding import parse
from pipelines.evidence import Evidence, Opinion
from pipelines.records import Context, Page
from pipelines.weighing import Weights, weights

PROSE = (
    "Il consorzio ha pubblicato un modello addestrato su delibere e regolamenti di tutto il paese, dice la nota n. {}."
)


def evidence_of(body: str) -> Evidence:
    page = Page(
        url="https://sito.example/a",
        body=f"<html><head><meta charset='utf-8'></head><body>{body}</body></html>".encode(),
        fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    tree = parse(page)
    layout = layout_of(tree)
    return Evidence(layout, metadata.read(tree, page, Context(), {}, layout.blocks), body=None)


ARTICLE = (
    "<nav><ul><li><a href='/1'>Politica</a></li><li><a href='/2'>Economia</a></li></ul></nav><article>"
    f"<h1>Un modello per gli sportelli</h1>{''.join(f'<p>{PROSE.format(n)}</p>' for n in range(8))}</article>"
    "<footer><p>© 2026 Sito</p></footer>"
)


@pytest.mark.parametrize("voted", [False, True])
def test_shipped_weights_ask_for_the_columns_that_the_evidence_has(voted: bool) -> None:
    """A column that is added, renamed or moved wants weights that are learned anew (`bench/learn_weights.py`)."""
    assert list(weights(voted=voted).names) == evidence_of(ARTICLE).names(voted=voted)


@pytest.mark.parametrize("voted", [False, True])
def test_shipped_trees_are_whole(voted: bool) -> None:
    shipped = weights(voted=voted)
    trees, depth = shipped.asked.shape
    assert shipped.limits.shape == (trees, depth)
    assert shipped.leaves.shape == (trees, 2**depth)
    assert shipped.asked.min() >= 0
    assert shipped.asked.max() < len(shipped.names)
    assert np.isfinite(shipped.limits).all()
    assert np.isfinite(shipped.leaves).all()


@pytest.mark.parametrize("body", [ARTICLE, "<p>x</p>", "<p>日本語の記事です。</p>", "<a href='/'>Uno</a>" * 300])
def test_each_block_has_a_probability(body: str) -> None:
    evidence = evidence_of(body)
    for chances in (
        weights(voted=False).probabilities(evidence.table()),
        weights(voted=True).probabilities(evidence.table_with(Opinion.of(""))),
    ):
        assert chances.shape == (len(evidence.blocks),)
        assert ((chances >= 0) & (chances <= 1)).all()


def test_same_page_weighs_the_same_every_time() -> None:
    told = {weights(voted=False).probabilities(evidence_of(ARTICLE).table()).tobytes() for _ in range(3)}
    assert len(told) == 1


def test_paragraphs_outweigh_menu_and_footer() -> None:
    evidence = evidence_of(ARTICLE)
    chances = weights(voted=False).probabilities(evidence.table())
    prose = [
        chance
        for block, chance in zip(evidence.blocks, chances, strict=True)
        if block.tag == "p" and len(block.text) > 50
    ]
    frame = [
        chance
        for block, chance in zip(evidence.blocks, chances, strict=True)
        if "Sito" in block.text or block.tag == "li"
    ]
    assert len(prose) == 8
    assert len(frame) == 3
    assert min(prose) > max(frame)


def test_leaf_is_found_by_the_answers_first_question_first() -> None:
    """Two questions, four leaves: no/no, no/yes, yes/no, yes/yes."""
    made = Weights.from_json(
        {"names": ["a", "b"], "base": 0.0, "asked": [[0, 1]], "limits": [[0.5, 0.5]], "leaves": [[-20, 0, 1, 20]]}
    )
    table = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    assert made.probabilities(table) == pytest.approx([0, 0.5, 1 / (1 + np.exp(-1)), 1], abs=1e-6)


def test_trees_and_the_base_are_added_up() -> None:
    tree = {"asked": [[0]] * 3, "limits": [[0.5]] * 3, "leaves": [[0, 1]] * 3}
    made = Weights.from_json({"names": ["a"], "base": -3.0, **tree})
    assert made.probabilities(np.array([[1.0]], dtype=np.float32)) == pytest.approx([0.5])


def test_value_at_the_limit_is_not_above_it() -> None:
    made = Weights.from_json({"names": ["a"], "base": 0, "asked": [[0]], "limits": [[0.5]], "leaves": [[-30, 30]]})
    assert made.probabilities(np.array([[0.5], [0.51]], dtype=np.float32)) == pytest.approx([0, 1])


def test_weights_are_read_once() -> None:
    assert weights(voted=False) is weights(voted=False)
    assert weights(voted=False) is not weights(voted=True)
