"""What is shown of the difference between a stored text and the same page read anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.differences import text_change


def test_removed_line_is_shown_alone() -> None:
    change = text_change("One two three.\nRead also: ferries.\nFour five.", "One two three.\nFour five.")
    assert (change.gone, change.come, change.shown) == (3, 0, "[-Read also: ferries.-]")


def test_replaced_word_is_shown_with_its_successor() -> None:
    assert text_change("a b c d", "a x c d").shown == "[-b-] {+x+}"


def test_long_run_is_shown_by_its_ends_and_many_places_by_the_first() -> None:
    gone = " ".join(f"w{n}" for n in range(100))
    change = text_change(f"start {gone} end", "start end")
    assert change.gone == 100
    assert change.shown == "[-w0 w1 w2 w3 w4 w5 … w94 w95 w96 w97 w98 w99-]"
    many = text_change("a 1 b 2 c 3 d 4 e", "a b c d e")
    assert (many.gone, many.shown) == (4, "[-1-] … [-2-] … [-3-]")


def test_places_that_lie_apart_are_told_apart() -> None:
    assert text_change("a b c d", "b c d e").shown == "[-a-] … {+e+}"


def test_joined_paragraphs_are_shown_where_no_word_differs() -> None:
    change = text_change("One two.\nThree four.", "One two. Three four.")
    assert (change.gone, change.come, change.shown) == (0, 0, "[-¶-]")
    assert text_change("One two.\nThree four.", "One two. Three five.").shown == "[-four.-] {+five.+}"


def test_texts_without_a_common_word_are_told_whole() -> None:
    change = text_change("x " * 5_000, "y " * 7_000)
    assert (change.gone, change.come) == (5_000, 7_000)


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_counts_make_up_the_difference_in_length(one: list[str], other: list[str]) -> None:
    change = text_change(" ".join(one), " ".join(other))
    assert change.come - change.gone == len(other) - len(one)
    assert (change.gone == change.come == 0) == (one == other)
