"""Articles as news sites print them, amid newsletter, share, related, biography, comments and cookies: the text alone stays.

Each page beside is LANGUAGE.SYSTEM.html, its text LANGUAGE.SYSTEM.txt; all were written for this test.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.extract import extract
from pipelines.records import Extraction, Page, Reason

FOLDER = Path(__file__).parent / "residue"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))
REMOVED = {
    Reason.BYLINE_LINE,
    Reason.COMMENTS_UI,
    Reason.COOKIE,
    Reason.COPYRIGHT,
    Reason.NEWSLETTER,
    Reason.RELATED,
    Reason.SHARE,
    Reason.TITLE_REPEAT,
}
"""What each of the pages has, and what must be told of it."""


def read(name: str) -> Extraction:
    body = (FOLDER / f"{name}.html").read_bytes()
    return extract(
        Page(url="https://foglio.example/2026/02/pagina", body=body, fetched_at=datetime(2026, 3, 1, tzinfo=UTC))
    )


def test_there_is_a_page_for_each_language() -> None:
    assert {name.partition(".")[0] for name in NAMES} == {"de", "en", "es", "fr", "it"}


@pytest.mark.parametrize("name", NAMES)
def test_text_is_the_article_to_the_letter(name: str) -> None:
    """Sub-headlines, lists, quotes and tables with it, nothing of what surrounds it."""
    assert read(name).text == (FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_of_residue_is_told_with_its_reason(name: str) -> None:
    assert {block.reason for block in read(name).removed} >= REMOVED


@pytest.mark.parametrize("name", NAMES)
def test_page_that_is_clear_costs_no_second_opinion(name: str) -> None:
    assert not read(name).second_opinion


@pytest.mark.parametrize("name", NAMES)
def test_markdown_marks_headlines_lists_and_quotes(name: str) -> None:
    lines = read(name).markdown.split("\n")
    assert sum(line.startswith("## ") for line in lines) == 2
    assert sum(line.startswith(("- ", "1. ")) for line in lines) == 3
    assert sum(line.startswith("> ") for line in lines) == 1


def test_table_of_an_article_is_a_table() -> None:
    assert (
        "| Comune | Chiamate | Risolte |\n| --- | --- | --- |\n| Borgo Lento | 812 | 604 |"
        in read("it.wordpress").markdown
    )
