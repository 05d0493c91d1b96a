"""A page is a new article, a revision of a known one, or the same as before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import content_hash
from pipelines.records import Extraction, Field, Ingested, Origin, Precision, Relevance, When
from pipelines.verdict import Known, New, Revision, Unchanged, judge

EXTRACTION = Extraction(
    url="https://a.example/x",
    canonical_url=None,
    title=Field(value="Il modello cinese supera i rivali", origin=Origin.JSON_LD),
    standfirst=Field(value="Le prove di un laboratorio", origin=Origin.HEADING),
    byline=None,
    authors=Field(value=("Anna S.",), origin=Origin.BYLINE_LINE),
    published=Field(
        value=When(instant=datetime(2026, 1, 12, tzinfo=UTC), precision=Precision.DAY), origin=Origin.BYLINE_LINE
    ),
    modified=None,
    language=None,
    section=None,
    image=None,
    paywalled=None,
    rights=None,
    markdown="",
    kept=(),
    second_opinion=False,
    text="Primo paragrafo.\nSecondo paragrafo.",
    removed=(),
)


def ingested(**changes: object) -> Ingested:
    extraction = replace(EXTRACTION, **changes)
    return Ingested(
        extraction=extraction,
        attributions=(),
        relevance=Relevance(relevant=True, score=1.0, why=()),
        content_hash=content_hash(extraction),
    )


KNOWN = Known(
    article_id=UUID(int=1),
    url="https://a.example/x",
    revision=1,
    content_hash=ingested().content_hash,
    title="Il modello cinese supera i rivali",
    standfirst="Le prove di un laboratorio",
    authors=("Anna S.",),
    published="2026-01-12",
    modified=None,
    text="Primo paragrafo.\nSecondo paragrafo.",
)


def test_what_was_never_seen_is_new():
    assert judge(None, ingested()) == New()


def test_the_same_page_again_is_unchanged():
    assert judge(KNOWN, ingested()) == Unchanged()


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"title": Field(value="Il modello coreano supera i rivali", origin=Origin.JSON_LD)}, ("title",)),
        ({"standfirst": None}, ("standfirst",)),
        ({"authors": Field(value=("Anna S.", "Marco B."), origin=Origin.BYLINE_LINE)}, ("authors",)),
        ({"published": None, "text": "Primo paragrafo."}, ("published", "text")),
        ({"text": "Primo paragrafo.\nSecondo paragrafo, corretto."}, ("text",)),
    ],
)
def test_an_edit_becomes_a_revision_that_names_its_fields(changes, changed):
    assert judge(KNOWN, ingested(**changes)) == Revision(changed=changed, material=True)


ITALIAN = Field(value="it", origin=Origin.TEXT)


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"title": Field(value="Il modello cinese «supera» i rivali", origin=Origin.JSON_LD)}, ("title",)),
        ({"authors": Field(value=("ANNA S",), origin=Origin.META)}, ("authors",)),
        (
            {"standfirst": Field(value="Le prove di un labboratorio", origin=Origin.META), "language": ITALIAN},
            ("standfirst",),
        ),
        ({"text": "Primo paragrafo. Secondo paragrafo."}, ("text",)),
    ],
)
def test_an_edit_that_says_the_same_is_cosmetic(changes, changed):
    assert judge(KNOWN, ingested(**changes)) == Revision(changed=changed, material=False)


def test_one_material_field_makes_a_material_revision():
    edited = ingested(
        title=Field(value="Il modello cinese “supera” i rivali", origin=Origin.JSON_LD), text="Primo paragrafo."
    )
    assert judge(KNOWN, edited) == Revision(changed=("title", "text"), material=True)


def test_a_modification_date_beside_a_cosmetic_edit_makes_it_no_material_one():
    when = When(instant=datetime(2026, 1, 13, tzinfo=UTC), precision=Precision.DAY)
    edited = ingested(modified=Field(value=when, origin=Origin.JSON_LD), text="Primo paragrafo!\nSecondo paragrafo.")
    assert judge(KNOWN, edited) == Revision(changed=("modified", "text"), material=False)


def test_another_publication_date_is_material():
    when = When(instant=datetime(2026, 1, 13, tzinfo=UTC), precision=Precision.DAY)
    edited = ingested(published=Field(value=when, origin=Origin.JSON_LD))
    assert judge(KNOWN, edited) == Revision(changed=("published",), material=True)


def test_blanks_within_a_line_and_empty_lines_make_no_revision():
    assert judge(KNOWN, ingested(text=" Primo  paragrafo.\n \n\u2028Secondo\tparagrafo.\n")) == Unchanged()


def test_respaced_title_is_not_named_among_the_changes():
    edited = ingested(title=Field(value="Il modello  cinese supera i rivali ", origin=Origin.META), text="Altro.")
    assert judge(KNOWN, edited) == Revision(changed=("text",), material=True)


@pytest.mark.parametrize("modified", [None, "2025-12-01T08:00+01:00"])
def test_another_way_of_hashing_makes_no_revision(modified):
    """A release that hashes other fields, or otherwise, must not give every article of every outlet a revision."""
    earlier = replace(KNOWN, content_hash=b"of an earlier release", modified=modified)
    assert judge(earlier, ingested()) == Unchanged()


def test_what_is_not_part_of_a_revision_changes_nothing():
    moved = ingested(
        url="https://a.example/y",
        canonical_url="https://a.example/y",
        section=Field(value="Mondo", origin=Origin.META),
        title=Field(value="Il modello cinese supera i rivali", origin=Origin.OPENGRAPH),
    )
    assert judge(KNOWN, moved) == Unchanged()


@given(st.text(alphabet="ab\n \t\u0301é", max_size=12), st.text(alphabet="ab\n \t\u0301é", max_size=12))
def test_verdict_and_hash_agree_on_paragraphs(first, second):
    known = replace(KNOWN, text=first, content_hash=ingested(text=first).content_hash)
    page = ingested(text=second)
    assert (judge(known, page) == Unchanged()) == (known.content_hash == page.content_hash)


@given(st.text(max_size=40), st.text(max_size=40))
def test_verdict_and_hash_agree(first, second):
    """Whatever two texts are: what is judged unchanged hashes alike, and the reverse."""
    known = replace(KNOWN, text=first, content_hash=ingested(text=first).content_hash)
    page = ingested(text=second)
    assert (judge(known, page) == Unchanged()) == (known.content_hash == page.content_hash)
