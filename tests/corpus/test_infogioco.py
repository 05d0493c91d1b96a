"""The six synthetic Infogioco pages: text, title, author and day exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.extract import extract
from pipelines.records import Context, Page


@pytest.mark.parametrize("name", [f"ig_v{n}" for n in range(1, 7)])
def test_page_gives_its_article_and_nothing_else(shared: Path, name: str) -> None:
    folder = shared / "data" / "infogioco"
    with (folder / "gold.jsonl").open(encoding="utf-8") as lines:
        gold = next(row for row in map(json.loads, lines) if row["id"] == name)
    page = Page(
        url=gold["url"], body=(folder / f"{name}.html").read_bytes(), fetched_at=datetime(2026, 2, 1, tzinfo=UTC)
    )
    found = extract(page, Context(outlet_name="Infogioco.it", language="it", timezone="Europe/Rome"))
    # Its gold writes one page's straight apostrophes as curly ones.
    assert found.text.replace("’", "'") == gold["text"].replace("’", "'")
    assert found.title is not None
    assert found.title.value == gold["title"]
    assert found.published is not None
    assert found.published.value.day.isoformat() == "2026-01-12"
    assert found.authors is not None
    assert found.authors.value == ("Anna S.",)
    assert {block.reason for block in found.removed} >= {"byline_line", "date_line", "author_bio", "related"}
