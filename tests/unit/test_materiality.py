"""An edit is material where the article says something else; the cases are in material_edits.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.materiality import is_cosmetic, names_cosmetic

with Path(__file__).with_name("material_edits.toml").open("rb") as file:
    CASES = tomllib.load(file)


def cases(kind: str) -> list[tuple[str | None, str, str]]:
    return [
        (None if language == "-" else language, before, after)
        for language, pairs in CASES[kind].items()
        for before, after in pairs
    ]


@pytest.mark.parametrize(("language", "before", "after"), cases("cosmetic"))
def test_edit_that_says_the_same_is_cosmetic(language: str | None, before: str, after: str) -> None:
    assert is_cosmetic(before, after, language)


@pytest.mark.parametrize(("language", "before", "after"), cases("material"))
def test_edit_that_says_something_else_is_material(language: str | None, before: str, after: str) -> None:
    assert not is_cosmetic(before, after, language)
    assert not is_cosmetic(after, before, language)


def test_a_few_slips_in_a_long_text_are_cosmetic_and_many_are_not() -> None:
    text = " ".join(f"A sentence with the number {n} in it." for n in range(100))
    slips = "recieved comittee goverment experimntal occured adminstration"
    mended = "received committee government experimental occurred administration"
    assert is_cosmetic(f"{text} {slips.rpartition(' ')[0]}", f"{text} {mended.rpartition(' ')[0]}", "en")
    assert not is_cosmetic(f"{text} {slips}", f"{text} {mended}", "en")


def test_the_same_slip_mended_in_every_place_is_one() -> None:
    assert is_cosmetic("Altmann met Altmann and Altmann.", "Altman met Altman and Altman.", "en")


def test_regions_of_a_language_are_that_language() -> None:
    assert is_cosmetic("The comittee asked", "The committee asked", "en-GB")


def test_authors_spelled_otherwise_are_the_same_and_others_are_not() -> None:
    assert names_cosmetic(("Anna  ROSSI", "Jurgen Hofmann"), ("Anna Rossi", "Jurgen Hoffmann"), "de")
    assert not names_cosmetic(("Anna Rossi", "Marco Bini"), ("Marco Bini", "Anna Rossi"), "it")
    assert not names_cosmetic(("Anna Rossi",), ("Anna Rossi", "Marco Bini"), "it")
    assert not names_cosmetic(("Anna Rossi",), ("Anna Russo",), "it")


LETTERS = st.text(alphabet="abnoE é'’-–. \n1?", max_size=40)


@given(LETTERS, LETTERS, st.sampled_from(["en", "de", "zh", None]))
def test_it_does_not_matter_which_came_first_where_no_name_is_in_it(
    before: str, after: str, language: str | None
) -> None:
    before, after = before.lower(), after.lower()
    assert is_cosmetic(before, after, language) == is_cosmetic(after, before, language)


@given(st.text(max_size=60), st.sampled_from(["it", None]))
def test_spaces_and_paragraphs_alone_are_cosmetic(text: str, language: str | None) -> None:
    assert is_cosmetic(text, "  ".join(text.split()), language)


@given(st.lists(st.sampled_from(["the", "lab", "said", "12", "%", "not"]), min_size=1, max_size=12), st.data())
def test_a_word_less_is_material(words: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.integers(min_value=0, max_value=len(words) - 1))
    assert not is_cosmetic(" ".join(words), " ".join(words[:gone] + words[gone + 1 :]), "en")
