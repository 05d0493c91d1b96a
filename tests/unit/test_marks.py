"""What class, id, role and itemprop call an element: whole names first, else their parts."""

from __future__ import annotations

import pytest

from pipelines import wording
from pipelines.marks import MARKS, marks_of


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("relatedPosts", "related"),
        ("AuthorBio", "bio"),
        ("ArticleBody_paragraph__x1Yz2", "body"),
        ("c-newsletter__form", "newsletter"),
        ("entry-content", "body"),
        ("field--name-field-image-caption", "caption"),
        ("PUBBLICITA", "promo"),
        ("socialShare", "share"),
        ("comment-list", "comments"),
        ("postMeta", "date"),
        ("breadcrumb", "navigation"),
        ("cookieBanner", "consent"),
        ("HTMLFooter", "footer"),
        ("correlati", "related"),
        ("bildunterschrift", "caption"),
        ("Kommentare", "comments"),
        ("auteur", "byline"),
        ("entradilla", "standfirst"),
    ],
)
def test_names_in_any_spelling_are_of_their_family(name: str, family: str) -> None:
    assert marks_of(name) & MARKS[family]


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("author-box", "author_box"),
        ("post__author-bio", "author_box"),
        ("newsletter-inline", "newsletter_box"),
        ("related-articles", "related_box"),
        ("share-buttons", "share_box"),
        ("comments-area", "comments_box"),
        ("cookie-banner", "cookie_box"),
        ("ad-slot", "promo_box"),
    ],
)
def test_whole_names_tell_a_box(name: str, box: str) -> None:
    assert marks_of(name) & MARKS[box]


@pytest.mark.parametrize("name", ["shadow", "headphones", "adventure", "restore", "12345", "", "css-1x2y3z"])
def test_words_within_other_words_mark_nothing(name: str) -> None:
    assert not marks_of(name) & ~(MARKS["navigation"] | MARKS["list"])


def test_all_names_of_an_element_count() -> None:
    assert marks_of("entry-content author") == marks_of("entry-content") | marks_of("author")


def test_each_family_and_box_has_a_bit_of_its_own() -> None:
    bits = list(MARKS.values())
    assert len(set(bits)) == len(bits)
    assert all(bit.bit_count() == 1 for bit in bits)
    assert {rule for _, rule, _ in wording.CONTAINERS} <= set(MARKS)


def test_bits_fit_a_signed_word() -> None:
    """`pipelines.evidence` holds them as 64-bit integers."""
    assert max(MARKS.values()) < 1 << 63


def test_endless_class_is_read_to_a_bound() -> None:
    assert marks_of("x" * 100_000 + " newsletter") == 0
    assert marks_of("newsletter " + "x" * 100_000) & MARKS["newsletter"]
