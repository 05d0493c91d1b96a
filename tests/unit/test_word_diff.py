"""What went and came of a text, word by word."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.word_diff import BREAK, Piece, joined, pieces, words_of

WORDS = st.lists(st.sampled_from([*"abcdefg", BREAK]), max_size=40)


def shown(before: str, after: str) -> list[tuple[str, str]]:
    return [(piece.kind, str(piece)) for piece in pieces(words_of(before), words_of(after))]


def test_replaced_word_stands_between_what_is_the_same() -> None:
    assert shown("the lab said so", "the firm said so") == [
        ("same", "the"),
        ("gone", "lab"),
        ("come", "firm"),
        ("same", "said so"),
    ]


def test_paragraphs_that_were_joined_show_the_break_that_went() -> None:
    assert shown("One.\nTwo.", "One. Two.") == [("same", "One."), ("gone", "¶"), ("same", "Two.")]


def test_moved_paragraph_goes_in_one_place_and_comes_in_another() -> None:
    found = shown("a b c\nd e f\ng h i", "d e f\ng h i\na b c")
    assert [kind for kind, _ in found] == ["gone", "same", "come"]


def test_texts_without_spaces_are_compared_by_character() -> None:
    assert shown("苹果公司发布模型", "苹果公司取消模型") == [
        ("same", "苹果公司"),
        ("gone", "发布"),
        ("come", "取消"),
        ("same", "模型"),
    ]


def test_small_words_between_rewritten_sentences_are_not_told_as_the_same() -> None:
    found = shown("Shares fell ten percent in Milan today", "Nobody expected that the price in Rome would hold")
    assert [kind for kind, _ in found] == ["gone", "come"]


def test_words_read_as_in_the_text() -> None:
    assert joined(words_of("  One two.\n\n  Three, GPT模型 ok ")) == "One two. ¶ Three, GPT 模型 ok"


@given(WORDS, WORDS)
def test_what_is_told_makes_up_both_texts(one: list[str], other: list[str]) -> None:
    found = pieces(one, other)
    assert list(itertools.chain(*(p.words for p in found if p.kind != "come"))) == one
    assert list(itertools.chain(*(p.words for p in found if p.kind != "gone"))) == other
    assert all(piece.words for piece in found)
    assert all(first.kind != second.kind for first, second in itertools.pairwise(found))


@given(WORDS)
def test_equal_texts_are_one_piece(words: list[str]) -> None:
    assert pieces(words, list(words)) == ([Piece("same", words)] if words else [])


@pytest.mark.parametrize("kinds", [2, 50, 100_000])
def test_large_texts_that_differ_everywhere_are_told(kinds: int) -> None:
    """A matcher that takes the product of the lengths would not come back."""
    chance = random.Random(7)
    one, other = ([str(chance.randrange(kinds)) for _ in range(20_000)] for _ in range(2))
    found = pieces(one, other)
    assert sum(len(piece.words) for piece in found if piece.kind != "come") == 20_000
