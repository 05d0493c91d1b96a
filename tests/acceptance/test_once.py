"""From outlets to Postgres and back again, one round at a time: `aiwire run --once` against the newsroom.

The rounds take seconds, so tests that only look share one: `first` is after a round, `second` after what happened next.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

import pytest
from installation import Installation, events

from crawler.newsroom.client import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """An installation after a round: what the round printed, what it asked for, and the ids known before it."""

    installation: Installation
    done: CompletedProcess[str]
    asked: list[Asked]
    before: set[Any]


@pytest.fixture(scope="module")
def first(shared_installation: Installation) -> Round:
    done = shared_installation.once()
    return Round(
        installation=shared_installation, done=done, asked=shared_installation.newsroom.requests(), before=set()
    )


@pytest.fixture(scope="module")
def second(first: Round) -> Round:
    """Meanwhile an article was corrected, one renamed, one published, one withdrawn; then every clock struck."""
    installation = first.installation
    ids = {row["id"] for row in installation.rows("SELECT id FROM news.article")}
    newsroom = installation.newsroom
    newsroom.edit("gazzetta-ia/data-center-sulle-alpi")
    newsroom.rename("chipwire/power-grid-queue", "ai-campuses-bring-batteries")
    newsroom.publish("rechenblatt/spielzeug-mit-ki")
    newsroom.withdraw("chipwire/robot-warehouse-audit")
    number = len(newsroom.requests())
    installation.due_now()
    done = installation.once()
    return Round(installation=installation, done=done, asked=newsroom.requests(number), before=ids)


def assert_as_expected(installation: Installation, *, gone: int = 0) -> None:
    """Every published article is there, exactly; `gone` ones are kept though they are no longer published."""
    expected = installation.newsroom.expected()
    articles = installation.articles()
    assert len(articles) == len(expected) + gone
    for url, article in expected.items():
        row = articles[article.title]
        stored = (row["text"], tuple(row["authors"]), row["published"], row["url"], row["relevant"])
        assert stored == (article.text, article.authors, article.published, url, article.relevant), article.slug
        assert sorted(row["credited"]) == sorted(article.credited), article.slug


def test_articles_arrive_exactly(first: Round) -> None:
    assert first.done.returncode == 0, first.done.stderr
    assert_as_expected(first.installation)


def test_every_entry_ends_in_one_disposition_and_every_page_is_asked_for_once(first: Round) -> None:
    waiting = first.installation.one(
        "SELECT count(*) FROM aiwire.entry WHERE state <> 'settled' OR disposition IS NULL"
    )
    assert waiting == 0
    asked = Counter((request.outlet, request.path.partition("?")[0]) for request in first.asked)
    assert max(asked.values()) == 1, asked.most_common(3)


def test_article_under_two_addresses_is_one_article(first: Round) -> None:
    """The German sitemap announces one of the feed's articles under another address as well."""
    assert first.installation.one("SELECT count(*) FROM aiwire.entry WHERE disposition = 'duplicate'") == 1


def test_what_robots_txt_forbids_is_never_asked_for(first: Round) -> None:
    asked = [request.path for request in first.asked]
    assert "/robots.txt" in asked
    assert not [path for path in asked if path.startswith("/redazione")]


def test_requests_name_their_operator(first: Round) -> None:
    assert {request.agent.partition("/")[0] for request in first.asked} == {"aiwire"}
    assert all("(+https://example.org/tests)" in request.agent for request in first.asked)


def test_second_round_asks_only_conditionally_for_what_it_knows(second: Round) -> None:
    fresh = [request.path for request in second.asked if request.status == 200]
    sources = ("/altro/tecnologia", "/feed.xml", "/atom.xml", "/news-sitemap.xml")
    articles = [path for path in fresh if path.partition("?")[0] not in sources]
    assert len(articles) == 3, articles  # corrected, renamed, published
    assert [request for request in second.asked if request.status == 304]


def test_correction_becomes_a_revision_and_names_what_changed(second: Round) -> None:
    assert_as_expected(second.installation, gone=1)
    rows = second.installation.rows("SELECT reason, changed FROM news.revision WHERE revision = 2")
    assert [row["reason"] for row in rows] == ["publisher_edit"]
    assert rows[0]["changed"] == ["text"]


def test_renamed_article_stays_one_article_under_its_new_address(second: Round) -> None:
    ids = {row["id"] for row in second.installation.rows("SELECT id FROM news.article")}
    assert second.before < ids
    assert len(ids - second.before) == 1
    row = second.installation.rows("SELECT url FROM news.article WHERE url LIKE '%%ai-campuses-bring-batteries%%'")
    assert len(row) == 1


def test_later_publication_lands_and_withdrawn_article_is_known_to_be_gone(second: Round) -> None:
    assert "Spielzeug mit Chatbot: Prüfer finden offene Mikrofone" in second.installation.articles()
    rows = second.installation.rows("SELECT disposition FROM aiwire.entry WHERE url LIKE '%%robot-warehouse-audit%%'")
    assert [row["disposition"] for row in rows] == ["gone"]


def test_outlet_that_left_the_configuration_keeps_its_articles_and_is_not_polled(second: Round) -> None:
    installation = second.installation
    kept = installation.one("SELECT count(*) FROM news.article WHERE outlet = 'chipwire'")
    (installation.config / "outlets" / "chipwire.toml").unlink()
    installation.due_now()
    number = len(installation.newsroom.requests())
    installation.once()
    assert installation.one("SELECT count(*) FROM news.article WHERE outlet = 'chipwire'") == kept
    assert not [request for request in installation.newsroom.requests(number) if request.outlet == "chipwire"]


@pytest.mark.parametrize(
    ("mode", "state", "code"),
    [
        pytest.param("500", "unreachable", "http_500", marks=pytest.mark.slow),
        pytest.param("404", "broken", "not_found", marks=pytest.mark.slow),
        ("html-for-feed", "broken", "feed_is_html"),
        pytest.param("reset", "unreachable", "download_failed", marks=pytest.mark.slow),
    ],
)
def test_outlet_that_fails_is_told_once_and_the_others_land(
    installation: Installation, mode: str, state: str, code: str
) -> None:
    installation.newsroom.misbehave("chipwire", mode)
    done = installation.once()
    assert done.returncode == 1
    assert "chipwire" in done.stderr
    row = installation.rows("SELECT state, error_code FROM aiwire.source WHERE outlet = 'chipwire'")[0]
    assert (row["state"], row["error_code"]) == (state, code)
    others = [article for article in installation.newsroom.expected().values() if article.outlet != "chipwire"]
    assert installation.one("SELECT count(*) FROM news.article WHERE outlet <> 'chipwire'") == len(others)
    assert len([event for event in events(done.stderr) if event.get("event") == f"source_{state}"]) == 1


@pytest.mark.slow
def test_busy_outlet_is_left_alone_as_long_as_it_asks(installation: Installation) -> None:
    installation.newsroom.misbehave("chipwire", "503")
    installation.once()
    asked = [request.path for request in installation.newsroom.requests() if request.outlet == "chipwire"]
    assert asked == ["/robots.txt", "/feed.xml"]
    reason = installation.one("SELECT hold_reason FROM aiwire.host WHERE hold_until IS NOT NULL")
    assert reason.startswith("HTTP 503, Retry-After:")


@pytest.mark.slow
def test_empty_listing_shows_the_shapes_of_its_links_and_proposes_a_pattern(installation: Installation) -> None:
    installation.newsroom.misbehave("gazzetta-ia", "empty-listing")
    installation.once()
    message = installation.rows("SELECT error_message FROM aiwire.source WHERE state = 'empty'")[0]["error_message"]
    assert "no link" in message


def test_page_that_kills_its_process_is_quarantined_and_its_neighbours_land(installation: Installation) -> None:
    installation.newsroom.misbehave("chipwire", "killer-page", count=1)
    installation.once(AIWIRE_SANDBOX_CPU_SECONDS="1", AIWIRE_SANDBOX_MEMORY_MB="300")
    rows = installation.rows("SELECT disposition FROM aiwire.entry WHERE outlet = 'chipwire'")
    fates = Counter(row["disposition"] for row in rows)
    published = [article for article in installation.newsroom.expected().values() if article.outlet == "chipwire"]
    assert fates["stored"] == len(published) - 1
    assert sum(fates.values()) == len(published)
    kept = (
        "SELECT count(*) FROM aiwire.capture c JOIN aiwire.entry e ON e.id = c.entry_id WHERE e.disposition <> 'stored'"
    )
    assert installation.one(f"{kept} AND e.outlet = 'chipwire'") == 1


@pytest.mark.slow
def test_ids_are_the_same_after_a_reinstallation(installation: Installation, empty_database_url: str) -> None:
    installation.once()
    ids = {row["id"] for row in installation.rows("SELECT id FROM news.article")}
    again = Installation(folder=installation.folder, database_url=empty_database_url, newsroom=installation.newsroom)
    again.once()
    assert {row["id"] for row in again.rows("SELECT id FROM news.article")} == ids
