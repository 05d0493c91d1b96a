"""What becomes of a source's entries: claims, with what is not to be fetched told apart."""

from __future__ import annotations

import pytest

from crawler.outlets import Outlet
from crawler.spiders.base import OutletSpider
from crawler.spiders.sources import claims_of, explain_empty
from pipelines.records import Discovery, Entry, SourceKind


def spider(policy: str = "scrape") -> OutletSpider:
    outlet = Outlet.model_validate(
        {
            "slug": "sito",
            "name": "Sito",
            "homepage": "https://www.sito.example",
            "language": "it",
            "timezone": "Europe/Rome",
            "policy": policy,
            "hosts": ["sito.example"],
            "source": [{"kind": "feed", "url": "https://feeds.sito.example/rss"}],
        }
    )
    return OutletSpider(outlet)


def discovery(*entries: Entry, **more: object) -> Discovery:
    return Discovery(kind=SourceKind.FEED, entries=entries, **more)


def test_claim_is_keyed_by_the_canonical_url_and_keeps_the_given_one() -> None:
    claim = claims_of(discovery(Entry(url="https://WWW.sito.example/a?utm_source=rss")), spider())[0]
    assert (claim.url_key, claim.entry.url) == (
        "https://www.sito.example/a",
        "https://WWW.sito.example/a?utm_source=rss",
    )
    assert claim.disposition is None


@pytest.mark.parametrize(
    ("url", "policy", "wanted"),
    [
        ("https://altrove.example/a", "scrape", ("refused", "off_site")),
        ("https://www.sito.example/a", "discovery-only", ("discovered", "policy")),
    ],
)
def test_what_is_not_to_be_fetched_is_settled_as_it_comes(url: str, policy: str, wanted: tuple[str, str]) -> None:
    claim = claims_of(discovery(Entry(url=url)), spider(policy))[0]
    assert (claim.disposition, claim.reason) == wanted


def test_what_postgres_would_refuse_is_cleaned_at_the_edge() -> None:
    claim = claims_of(discovery(Entry(url="https://sito.example/a", title="Tit\x00olo \ud800")), spider())[0]
    assert claim.entry.title == "Tit\ufffdolo \ufffd"


@pytest.mark.parametrize("guid", ["a\x00", "\ud800", "漢" * 334, "x" * 1_001])
def test_identifier_that_can_be_no_key_is_none(guid: str) -> None:
    claim = claims_of(discovery(Entry(url="https://sito.example/a", guid=guid)), spider())[0]
    assert claim.entry.guid is None


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "x" * 10_000, "漢" * 2_000])
def test_address_that_can_be_no_key_is_passed_over(bad: str) -> None:
    """Cleaned or cut short, two addresses could become one."""
    entries = Entry(url=f"https://sito.example/{bad}"), Entry(url="https://sito.example/a")
    assert [claim.url_key for claim in claims_of(discovery(*entries), spider())] == ["https://sito.example/a"]


def test_address_that_is_none_is_passed_over() -> None:
    assert (
        claims_of(discovery(Entry(url="javascript:void(0)"), Entry(url="https://sito.example/a")), spider())[0].host
        == "sito.example"
    )


def test_empty_listing_is_explained_with_a_proposal() -> None:
    links = tuple(f"https://sito.example/notizie/un-titolo-lungo-numero-{n}" for n in range(4))
    told = explain_empty(Discovery(kind=SourceKind.LISTING, entries=(), links=links))
    assert "/notizie/* (4)" in told
    assert "link_pattern = '^/notizie/" in told


def test_empty_feed_says_what_it_skipped() -> None:
    assert explain_empty(discovery(skipped={"no_link": 3})) == "it holds no entry that can be used (3 no_link)"
