"""Rules with days, on pages from either side of a change of layout: each set gives the page of its time, and only that."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.outlets import Outlet, load_outlets
from crawler.spiders.base import OutletSpider
from pipelines.extract import extract
from pipelines.records import Entry, Extraction, Origin, Page, Reason

FOLDER = Path(__file__).parent / "layouts"
OLD, NEW = "until-2026-03-14", "from-2026-03-15"
BEFORE, AFTER = datetime(2026, 3, 14, 20, tzinfo=UTC), datetime(2026, 3, 16, 8, tzinfo=UTC)


@pytest.fixture
def outlet(tmp_path: Path) -> Outlet:
    (tmp_path / "outlets").mkdir()
    shutil.copy(FOLDER / "corriere-dei-moduli.toml", tmp_path / "outlets")
    (outlet,) = load_outlets(tmp_path)
    return outlet


def read(outlet: Outlet, name: str, fetched_at: datetime) -> Extraction:
    url = f"https://moduli.example.it/{name}"
    page = Page(url=url, body=(FOLDER / f"{name}.html").read_bytes(), fetched_at=fetched_at)
    return extract(page, OutletSpider(outlet).context(Entry(url=url), page.fetched_at))


@pytest.mark.parametrize(
    ("name", "fetched_at", "author", "day"),
    [(OLD, BEFORE, "Marta Bellandi", "2026-03-14"), (NEW, AFTER, "Dario Venturi", "2026-03-16")],
)
def test_page_is_read_by_the_rules_of_its_day(
    outlet: Outlet, name: str, fetched_at: datetime, author: str, day: str
) -> None:
    found = read(outlet, name, fetched_at)

    assert found.text == (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()
    assert found.authors is not None
    assert (found.authors.value, found.authors.origin) == ((author,), Origin.OUTLET_RULE)
    assert found.published is not None
    assert (found.published.value.isoformat(), found.published.origin) == (day, Origin.OUTLET_RULE)


def test_what_a_rule_took_out_is_kept_as_evidence_with_the_selector(outlet: Outlet) -> None:
    by_rule = {
        block.rule: block.text for block in read(outlet, NEW, AFTER).removed if block.reason is Reason.OUTLET_RULE
    }

    assert [text.split()[0] for text in by_rule.values()] == ["Sullo", "Questo"]
    assert [selector in rule for selector, rule in zip((".consigliati", ".nota-redazione"), by_rule, strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize(("name", "fetched_at"), [(OLD, AFTER), (NEW, BEFORE)])
def test_rules_of_another_day_do_not_touch_a_page(outlet: Outlet, name: str, fetched_at: datetime) -> None:
    found = read(outlet, name, fetched_at)

    assert all(block.reason is not Reason.OUTLET_RULE for block in found.removed)
    assert found.authors is None or found.authors.origin is not Origin.OUTLET_RULE
