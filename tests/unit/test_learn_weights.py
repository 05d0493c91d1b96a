"""Learning what evidence weighs: which blocks are the gold text's, and trees that tell them from the others."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipelines.weighing import Weights

PROGRAM = Path(__file__).resolve().parents[2] / "bench" / "learn_weights.py"
LONG = [
    "Il consorzio ha pubblicato un modello linguistico addestrato su delibere e moduli di tutto il paese.",
    "Nei test condotti in quattro città il sistema ha risposto bene a otto domande su dieci.",
    "La seconda fase comincia in primavera con venti comuni e un bando aperto alle imprese.",
]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_learn_weights", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def aligned(bench: ModuleType, texts: list[str], gold: str) -> list[float]:
    found: list[float] = bench.aligned(texts, gold).tolist()
    return found


# -- what is true ------------------------------------------------------------------------------------------------------


def test_blocks_of_the_gold_text_are_true_and_others_are_not(bench: ModuleType) -> None:
    other = "Iscriviti alla nostra newsletter per ricevere ogni settimana le notizie più importanti del sito."
    assert aligned(bench, ["Menu", LONG[0], other, LONG[1], "© 2026"], "\n".join(LONG[:2])) == [0, 1, 0, 1, 0]


def test_short_line_between_the_paragraphs_is_true_where_the_gold_text_has_it(bench: ModuleType) -> None:
    texts = [LONG[0], "I risultati", LONG[1], "Pubblicità", LONG[2]]
    assert aligned(bench, texts, f"{LONG[0]}\nI risultati\n{LONG[1]}\n{LONG[2]}") == [1, 1, 1, 0, 1]


def test_short_line_counts_once_and_in_its_place(bench: ModuleType) -> None:
    texts = ["I risultati", LONG[0], "I risultati", "I risultati", LONG[1]]
    assert aligned(bench, texts, f"{LONG[0]}\nI risultati\n{LONG[1]}") == [0, 1, 1, 0, 1]


def test_words_of_the_text_are_no_block_of_it(bench: ModuleType) -> None:
    assert aligned(bench, [LONG[0], "comuni tutti insieme", LONG[2]], f"{LONG[0]}\n{LONG[2]}") == [1, 0, 1]


def test_paragraph_that_differs_in_a_word_is_true(bench: ModuleType) -> None:
    assert aligned(bench, [LONG[0].replace("delibere", "ordinanze"), LONG[1]], "\n".join(LONG[:2])) == [1, 1]


def test_punctuation_and_spaces_make_no_difference(bench: ModuleType) -> None:
    assert aligned(bench, [LONG[0].replace(" ", "  ").replace(".", "…")], LONG[0]) == [1]


def test_teaser_that_quotes_a_paragraph_before_the_text_is_not_taken_with_it(bench: ModuleType) -> None:
    """The same words stand once in the gold text: one block is theirs."""
    assert sum(aligned(bench, [LONG[0], "Menu", LONG[0], LONG[1]], "\n".join(LONG[:2]))) == 2


def test_page_without_the_gold_text_has_no_true_block(bench: ModuleType) -> None:
    assert aligned(bench, ["Menu", LONG[2]], LONG[0]) == [0, 0]
    assert aligned(bench, ["Menu", LONG[2]], "") == [0, 0]
    assert aligned(bench, [], LONG[0]) == []


def test_scripts_without_spaces_are_aligned(bench: ModuleType) -> None:
    one, other = "研究チームは新しい言語モデルを公開した。", "来年の春には二十の自治体が参加する予定だ。"
    assert aligned(bench, ["メニュー", one, "広告", other], f"{one}\n{other}") == [0, 1, 0, 1]


# -- what is learned ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    """Rows are true where the first column is large and the second is not; four columns are noise, the last is constant."""
    dice = np.random.default_rng(7)
    numbers = dice.random((600, 7)).astype(np.float32)
    numbers[:, 6] = 1
    return numbers, ((numbers[:, 0] > 0.4) & (numbers[:, 1] < 0.7)).astype(float)


def learn(bench: ModuleType, table: tuple[np.ndarray, np.ndarray], trees: int = 60) -> Weights:
    numbers, truth = table
    found: Any = bench.learn([f"c{n}" for n in range(7)], numbers, truth, np.ones(len(truth)), trees)
    assert isinstance(found, Weights)
    return found


def test_trees_tell_what_is_true_also_of_rows_they_have_not_seen(
    bench: ModuleType, table: tuple[np.ndarray, np.ndarray]
) -> None:
    numbers, truth = table
    learned = learn(bench, (numbers[:400], truth[:400]))
    right = (learned.probabilities(numbers[400:]) >= 0.5) == (truth[400:] == 1)
    assert right.mean() > 0.9


def test_more_trees_are_surer(bench: ModuleType, table: tuple[np.ndarray, np.ndarray]) -> None:
    numbers, truth = table
    off = [np.abs(learn(bench, table, trees).probabilities(numbers) - truth).mean() for trees in (5, 60)]
    assert off[1] < 0.8 * off[0]


def test_same_table_gives_the_same_weights(bench: ModuleType, table: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = learn(bench, table, 10), learn(bench, table, 10)
    assert one.base == other.base
    for name in ("asked", "limits", "leaves"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_column_that_says_nothing_is_never_asked(bench: ModuleType, table: tuple[np.ndarray, np.ndarray]) -> None:
    assert 6 not in learn(bench, table).asked


def test_rows_that_count_more_are_heard_more(bench: ModuleType) -> None:
    """Two kinds of rows that no column tells apart: the heavier kind is believed."""
    numbers = np.tile(np.linspace(0, 1, 100, dtype=np.float32)[:, None], (4, 4))
    truth = np.repeat([1.0, 0.0], 200)
    heavy = bench.learn(list("abcd"), numbers, truth, np.where(truth == 1, 9.0, 1.0), 20)
    light = bench.learn(list("abcd"), numbers, truth, np.where(truth == 1, 1.0, 9.0), 20)
    assert heavy.probabilities(numbers).min() > 0.5 > light.probabilities(numbers).max()


def test_written_weights_are_read_back(bench: ModuleType, table: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    learned = learn(bench, table, 10)
    path = tmp_path / "weights" / "alone.json"
    bench.written(path, learned)
    read = Weights.from_json(json.loads(path.read_text(encoding="utf-8")))
    assert read.names == learned.names
    assert read.probabilities(table[0]) == pytest.approx(learned.probabilities(table[0]), abs=0.01)


def test_site_has_its_fold_and_no_fold_is_empty(bench: ModuleType) -> None:
    folds = [bench.fold_of(f"sito{n}.example") for n in range(200)]
    assert set(folds) == set(range(bench.FOLDS))
    assert folds == [bench.fold_of(f"sito{n}.example") for n in range(200)]
