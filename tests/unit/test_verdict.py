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
    assert judge(KNOWN, ingested(**changes)) == Revision(changed=changed)


def test_respaced_title_is_not_named_among_the_changes():
    edited = ingested(title=Field(value="Il modello  cinese supera i rivali ", origin=Origin.META), text="Altro.")
    assert judge(KNOWN, edited) == Revision(changed=("text",))


def test_another_way_of_hashing_makes_no_revision():
    """A release that hashes other fields must not give every article of every outlet a revision."""
    assert judge(replace(KNOWN, content_hash=b"of an earlier release"), ingested()) == Unchanged()


def test_what_is_not_part_of_a_revision_changes_nothing():
    moved = ingested(
        url="https://a.example/y",
        canonical_url="https://a.example/y",
        section=Field(value="Mondo", origin=Origin.META),
        title=Field(value="Il modello cinese supera i rivali", origin=Origin.OPENGRAPH),
    )
    assert judge(KNOWN, moved) == Unchanged()


@given(st.text(max_size=40), st.text(max_size=40))
def test_verdict_and_hash_agree(first, second):
    """Whatever two texts are: what is judged unchanged hashes alike, and the reverse."""
    known = replace(KNOWN, text=first, content_hash=ingested(text=first).content_hash)
    page = ingested(text=second)
    assert (judge(known, page) == Unchanged()) == (known.content_hash == page.content_hash)
