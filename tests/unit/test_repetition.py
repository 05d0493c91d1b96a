"""Which blocks of text are boilerplate because an outlet's articles repeat them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import block_fingerprint
from pipelines.records import SeenBlock
from pipelines.repetition import SHORT, Limits, Sighting, outer, repeated, twin

LIMITS = Limits(articles=3, share=0.05, window=300)
PROMO = "Every Friday our editors send you the five stories that mattered most. Sign up and never miss one again."


def block(text: str, *, kept: bool = True) -> SeenBlock:
    return SeenBlock(block_fingerprint(text), text, len(text), kept)


def sighting(
    articles: int, *, heads: int = 0, tails: int = 0, chances: int | None = None, weight: int = 200
) -> Sighting:
    return Sighting(articles=articles, heads=heads, tails=tails, chances=chances or articles, weight=weight)


# -- what is boilerplate ---------------------------------------------------------------------------------------------


def test_block_after_the_text_of_three_articles_is_boilerplate_however_short() -> None:
    assert not repeated(sighting(2, tails=2), LIMITS)
    assert repeated(sighting(3, tails=3), LIMITS)
    assert repeated(sighting(3, tails=2, weight=9), LIMITS)


def test_sub_headline_that_recurs_within_texts_is_never_boilerplate() -> None:
    assert not repeated(sighting(200, chances=200, weight=len("Conclusioni")), LIMITS)
    assert not repeated(sighting(200, tails=60, heads=60, chances=200, weight=SHORT - 1), LIMITS, already=True)


def test_paragraph_within_texts_needs_more_articles_and_a_share_of_the_outlets() -> None:
    assert not repeated(sighting(5), LIMITS)
    assert repeated(sighting(6, chances=30), LIMITS)
    assert not repeated(sighting(6, chances=31), LIMITS), "a running story repeats its background for a while"


def test_short_block_before_the_text_needs_more_than_a_sentence_there() -> None:
    assert repeated(sighting(3, heads=3), LIMITS)
    assert not repeated(sighting(3, heads=3, weight=12), LIMITS)
    assert repeated(sighting(6, heads=6, weight=12), LIMITS)


def test_block_of_too_small_a_share_is_left() -> None:
    assert repeated(sighting(3, tails=3, chances=60), LIMITS)
    assert not repeated(sighting(3, tails=3, chances=61), LIMITS)


def test_sentence_that_ends_some_articles_and_stands_within_others_is_their_own() -> None:
    assert not repeated(sighting(5, tails=3, chances=60), LIMITS)
    assert repeated(sighting(5, tails=4, chances=60), LIMITS)


def test_what_was_learned_is_unlearned_only_on_clear_evidence() -> None:
    for seen in (sighting(5, tails=3, chances=60), sighting(3, tails=3, chances=110)):
        assert not repeated(seen, LIMITS)
        assert repeated(seen, LIMITS, already=True)
    assert not repeated(sighting(6, tails=3, chances=61), LIMITS, already=True)
    assert not repeated(sighting(3, tails=3, chances=130), LIMITS, already=True)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(1, 2_000))
def test_fewer_than_the_limit_is_never_boilerplate(articles: int, heads: int, tails: int, more: int, size: int) -> None:
    seen = Sighting(
        articles=articles,
        heads=min(heads, articles),
        tails=min(tails, articles),
        chances=articles + more,
        weight=size,
    )
    if repeated(seen, LIMITS):
        assert articles >= LIMITS.articles
        assert articles >= LIMITS.share * seen.chances


# -- where a block stands --------------------------------------------------------------------------------------------


def test_only_what_has_nothing_of_the_articles_own_beyond_it_is_outer() -> None:
    kicker, own, sub, more, bio, promo = map(block, ("Analisi", "Own one.", "Conclusioni", "Own two.", "A bio", PROMO))
    recurring = {one.fingerprint for one in (kicker, sub, bio, promo)}
    head, tail = outer([kicker, own, sub, more, bio, promo], recurring)
    assert head == {kicker.fingerprint, own.fingerprint}
    assert tail == {promo.fingerprint, bio.fingerprint, more.fingerprint}


def test_what_was_taken_out_as_repeated_hides_nothing_behind_it() -> None:
    own, bio, promo = block("Own."), block("A bio"), block(PROMO, kept=False)
    _, tail = outer([own, bio, promo], set())
    assert tail == {promo.fingerprint, bio.fingerprint}


# -- one article, twice ----------------------------------------------------------------------------------------------

PARAGRAPHS = [
    f"Paragraph {n} tells something of its own about subject {n}, at some length and in detail." for n in "abcdef"
]


def test_reprint_under_another_address_is_the_same_article() -> None:
    seen_in = {block(text).fingerprint: ["first"] for text in PARAGRAPHS}
    reprint = [*map(block, PARAGRAPHS), block("Updated at noon.")]
    assert twin(reprint, seen_in) == "first"


def test_article_that_is_mostly_boilerplate_is_its_own_by_what_it_adds() -> None:
    boilerplate = [f"{PROMO} Number {n}." for n in range(20)]
    seen_in = {block(text).fingerprint: ["first", "second"] for text in boilerplate}
    own = [block(text) for text in PARAGRAPHS]
    assert sum(one.weight for one in own) < 0.25 * sum(map(len, boilerplate))
    assert twin([*own, *map(block, boilerplate)], seen_in) is None


def test_first_article_is_nobodys_twin() -> None:
    assert twin([block(text) for text in PARAGRAPHS], {}) is None


@pytest.mark.parametrize("other", ["a  BIO of  Anna!", "A bio of Anna", "«A bio, of Anna.»"])
def test_case_spacing_and_punctuation_make_no_other_block(other: str) -> None:
    assert block_fingerprint(other) == block_fingerprint("A bio of Anna.")
