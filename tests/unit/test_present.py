"""How `aiwire try` shows a page: the article, with what was removed struck through where it stood."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.text import Text

from crawler.present import page_fields, page_text, provenance, size, totals
from pipelines.records import Extraction, Field, KeptBlock, Origin, Precision, Reason, RemovedBlock, When

EXTRACTION = Extraction(
    url="https://sito.example/a",
    canonical_url=None,
    title=Field(value="Il titolo", origin=Origin.JSON_LD, disagreeing=((Origin.OPENGRAPH, "Un altro titolo"),)),
    standfirst=None,
    byline=None,
    authors=Field(value=("Anna S.", "Bruno T."), origin=Origin.BYLINE_LINE),
    published=Field(
        value=When(instant=datetime(2026, 1, 12, tzinfo=UTC), precision=Precision.DAY, zone_assumed=True),
        origin=Origin.URL,
    ),
    modified=None,
    language=None,
    section=None,
    image=None,
    paywalled=Field(value=False, origin=Origin.JSON_LD),
    rights=None,
    text="Primo capoverso [con parentesi].\nSecondo capoverso.",
    markdown="Primo capoverso [con parentesi].\n\nSecondo capoverso.",
    removed=(
        RemovedBlock(text="Leggi anche: altro", reason=Reason.RELATED, rule="related_line", position=2),
        RemovedBlock(text="Menù", reason=Reason.OUTLET_RULE, rule="prune nav", position=0),
    ),
    kept=(
        KeptBlock(text="Primo capoverso [con parentesi].", position=1),
        KeptBlock(text="Secondo capoverso.", position=3),
    ),
    second_opinion=False,
)


def struck(line: Text) -> str:
    return "".join(line.plain[span.start : span.end] for span in line.spans if "strike" in str(span.style))


def test_removed_blocks_stand_struck_through_between_those_kept() -> None:
    lines = list(page_text(EXTRACTION))

    assert [line.plain for line in lines] == [
        "- Menù",
        "  removed as outlet_rule by prune nav",
        "Primo capoverso [con parentesi].",
        "- Leggi anche: altro",
        "  removed as related by related_line",
        "Secondo capoverso.",
    ]
    assert [struck(line) for line in lines] == ["Menù", "", "", "Leggi anche: altro", "", ""]


def test_each_field_is_shown_with_its_origin_and_what_disagreed() -> None:
    assert [line.plain for line in page_fields(EXTRACTION)] == [
        "title      Il titolo  (json-ld)",
        "           opengraph says: Un altro titolo",
        "authors    Anna S., Bruno T.  (byline-line)",
        "published  2026-01-12  (url, zone assumed)",
        "paywalled  no  (json-ld)",
    ]


def test_provenance_of_an_instant_says_how_exact_it_is() -> None:
    assert provenance(EXTRACTION)["published"] == {
        "origin": "url",
        "disagreeing": (),
        "precision": "day",
        "zone_assumed": True,
    }


def test_sizes_read_as_people_say_them() -> None:
    told = {0: "0 B", 999: "999 B", 1_000: "1.0 kB", 99_400: "99.4 kB", 99_600: "100 kB", 999_600: "1.0 MB"}
    assert {count: size(count) for count in told} == told
    assert size(3_009_517_247) == "3.0 GB"
    assert size(5 * 10**15) == "5.0 PB"


def test_what_was_not_counted_is_told_as_about() -> None:
    counts = {
        "articles": 1_000_000,
        "revisions": 1_200_000,
        "removed_blocks": 12,
        "entries": 30,
        "dispositions": {"stored": 20, "not_article": 9},
        "waiting": 1,
        "processes": 0,
        "estimated": ["articles", "revisions"],
        "database_bytes": 3_000_000_000,
        "capture_table_bytes": 1_500_000_000,
        "capture_days": 30,
        "captures": "s3://pages/raw",
    }
    assert totals(counts) == (
        "about 1,000,000 articles, about 1,200,000 revisions, 12 blocks removed; 30 entries (20 stored, 9 not article), "
        "1 waiting; the daemon is not running.\n"
        "The database takes 3.0 GB, 1.5 GB of it for raw pages of 30 days; new ones go to s3://pages/raw."
    )
