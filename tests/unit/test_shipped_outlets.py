"""The outlets that come with aiwire."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crawler.outlets import Outlet, load_outlets
from pipelines.identity import covers
from pipelines.records import Policy, SourceKind

CONFIG = Path(__file__).resolve().parents[2] / "config"
SHIPPED = load_outlets(CONFIG)


def by_slug(slug: str) -> Outlet:
    return next(outlet for outlet in SHIPPED if outlet.slug == slug)


def test_eleven_outlets_ship_most_of_them_italian() -> None:
    assert len(SHIPPED) == 11
    assert [outlet.language for outlet in SHIPPED].count("it") == 8


@pytest.mark.parametrize("outlet", SHIPPED, ids=lambda outlet: outlet.slug)
def test_shipped_outlet_is_scraped_politely_over_https(outlet: Outlet) -> None:
    assert outlet.policy is Policy.SCRAPE
    assert not outlet.local
    assert outlet.gap is None  # the installation's, 5 s
    assert outlet.homepage.startswith("https://")
    assert all(source.url.startswith("https://") for source in outlet.sources)


@pytest.mark.parametrize("outlet", SHIPPED, ids=lambda outlet: outlet.slug)
def test_shipped_file_says_what_is_known_and_that_it_was_never_reached(outlet: Outlet) -> None:
    text = (CONFIG / "outlets" / f"{outlet.slug}.toml").read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))

    assert text.startswith("# ")
    assert re.search(r"as of November 2026.*never reached", comment)


def test_infogioco_is_read_from_two_listings() -> None:
    sources = by_slug("infogioco").sources

    assert [(source.kind, source.url) for source in sources] == [
        (SourceKind.LISTING, "https://infogioco.it/altro/tecnologia"),
        (SourceKind.LISTING, "https://infogioco.it/altro/mondo"),
    ]


@pytest.mark.parametrize(
    ("path", "article"),
    [
        ("/altro/tecnologia/intelligenza-artificiale-la-cina-ammette-le-difficolta", True),
        ("/altro/mondo/notizia-2026", True),
        ("/altro/tecnologia", False),
        ("/altro/tecnologia/", False),
        ("/altro/tecnologia/pagina/2", False),
        ("/altro/cinema/un-film", False),
        ("/autore/anna-s", False),
    ],
)
def test_infogioco_pattern_tells_articles_from_the_rest(path: str, article: bool) -> None:
    for source in by_slug("infogioco").sources:
        assert source.link_pattern is not None
        assert bool(re.search(source.link_pattern, path)) is article


@pytest.mark.parametrize(
    ("slug", "host"),
    [
        ("hwupgrade", "www.hwupgrade.it"),
        ("hwupgrade", "edge9.hwupgrade.it"),
        ("corcom", "www.corrierecomunicazioni.it"),
        ("heise", "heise.de"),
        ("infogioco", "www.infogioco.it"),
    ],
)
def test_hosts_cover_where_articles_live(slug: str, host: str) -> None:
    assert covers(host, by_slug(slug).hosts)


def test_shipped_sources_are_those_of_the_public_lists(shared: Path) -> None:
    listed = {row["slug"]: row for row in json.loads((shared / "data" / "outlets.json").read_text(encoding="utf-8"))}

    for outlet in SHIPPED:
        row = listed[outlet.slug]
        assert (row["policy"], row["language"], row["country"]) == (outlet.policy, outlet.language, outlet.country)
        assert {source.url for source in outlet.sources} <= {*row["feeds"], *row["section_urls"]}
        assert outlet.slug == "infogioco" or row["confidence"] in ("high", "medium")
