"""The Web Platform Tests' URLs through our canonicalisation: no crash, stable, no two resources merged."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipelines.errors import ParseError
from pipelines.identity import canonical_url

Case = tuple[str, str | None, str | None]


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[Case]:
    """Input, base and what a browser makes of it (None: it refuses)."""
    path = shared / "data/corpora/wpt-url/tests/wpt/urltestdata.json"
    rows = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
    return [(row["input"], row.get("base") or None, row.get("href")) for row in rows if isinstance(row, dict)]


def canonical(url: str, base: str | None) -> str | None:
    try:
        return canonical_url(url, base)
    except ParseError:
        return None


def test_canonical_form_is_stable(cases: list[Case]) -> None:
    found = [one for url, base, _ in cases if (one := canonical(url, base))]
    assert len(found) > 150
    assert [one for one in found if canonical_url(one) != one] == []


def test_what_browsers_refuse_is_refused(cases: list[Case]) -> None:
    assert [(url, base) for url, base, href in cases if href is None and canonical(url, base)] == []


def test_no_two_resources_are_merged(cases: list[Case]) -> None:
    """Two inputs with one canonical form are one to a browser, too: less user, fragment and an empty query."""
    browsers = defaultdict(set)
    for url, base, href in cases:
        if url.startswith("///"):
            continue  # urllib keeps the base's host where browsers take the first name
        if href and (one := canonical(url, base)):
            parts = urlsplit(href)
            browsers[one].add((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query))
    assert {one: hrefs for one, hrefs in browsers.items() if len(hrefs) > 1} == {}
