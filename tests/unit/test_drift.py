"""Whether an outlet's pages have moved away from their past."""

from __future__ import annotations

import random
from dataclasses import replace

from pipelines.drift import PAST_LEAST, RECENT, Figures, signs

USUAL = Figures(read=True, length=2_900, title=True, standfirst=True, authors=True, published=True, removed_share=0.1)


def pages(number: int, seed: int = 1, **changes: object) -> list[Figures]:
    """Pages as they vary at one outlet: lengths by a factor of two and more, one of 30 without a byline."""
    dice = random.Random(seed)
    return [
        replace(
            USUAL,
            length=int(2_900 * 2 ** dice.gauss(0, 0.8)),
            authors=dice.random() > 1 / 30,
            removed_share=min(0.9, abs(dice.gauss(0.1, 0.05))),
            second_opinion=dice.random() < 0.1,
            **changes,
        )
        for _ in range(number)
    ]


def test_usual_variation_is_no_drift() -> None:
    for seed in range(300):
        figures = pages(100 + RECENT, seed)
        assert signs(figures[:100], figures[100:]) == (), seed


def test_new_layout_is_told_with_both_figures() -> None:
    broken = [replace(one, length=310, authors=False) for one in pages(8, 2)]
    past = [replace(one, authors=n > 0, length=2_000 + 30 * n) for n, one in enumerate(pages(61))]
    assert signs(past, broken) == (
        "text length median 2,900 → 310 over the last 8 articles",
        "authors filled 0.98 → 0.00 over the last 8 articles",
    )


def test_half_of_the_latest_pages_are_enough() -> None:
    mixed = [*pages(5), *(replace(one, published=False) for one in pages(5))]
    assert [one.split(" ", 2)[:2] for one in signs(pages(100), mixed)] == [["date", "filled"]]


def test_pages_that_hold_no_article_any_more_are_a_sign() -> None:
    lost = [Figures(read=False)] * 6 + pages(4)
    (told,) = signs(pages(100), lost)
    assert told == "pages with an article 1.00 → 0.40 over the last 10 pages"


def test_too_short_a_history_proves_nothing() -> None:
    broken = [replace(USUAL, length=100, authors=False)] * RECENT
    assert signs(pages(PAST_LEAST - 1), broken) == ()
    assert signs(pages(PAST_LEAST), broken[: RECENT // 2 - 1]) == ()
    assert signs(pages(PAST_LEAST), broken[: RECENT // 2]) != ()


def test_rare_field_that_is_missing_for_a_while_is_no_drift() -> None:
    most = [replace(one, standfirst=n % 3 != 0) for n, one in enumerate(pages(100))]
    assert signs(most, [replace(USUAL, standfirst=False)] * RECENT) != ()
    half = [replace(one, standfirst=n % 2 == 0) for n, one in enumerate(pages(100))]
    assert signs(half, [replace(USUAL, standfirst=False)] * RECENT) == ()


def test_more_filled_fields_are_no_trouble() -> None:
    bare = [replace(one, authors=False, standfirst=False) for one in pages(50)]
    assert signs(bare, pages(RECENT)) == ()


def test_text_that_grows_is_a_sign_too() -> None:
    """Boilerplate that is no longer recognised makes texts longer."""
    leaking = [replace(one, length=one.length + 20_000, removed_share=0.0) for one in pages(RECENT, 3)]
    assert any(one.startswith("text length median") for one in signs(pages(100), leaking))


def test_second_opinions_on_nearly_every_page_are_a_sign() -> None:
    suspect = [replace(one, second_opinion=True) for one in pages(RECENT, 4)]
    assert [one.split(" 0")[0] for one in signs(pages(100), suspect)] == ["second opinions"]
