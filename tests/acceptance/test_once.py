"""From outlets to Postgres and back again, one round at a time: `aiwire run --once` against the newsroom."""

from __future__ import annotations

from collections import Counter

import pytest
from installation import Installation, events


def _arrived_as_expected(installation: Installation) -> None:
    expected = installation.newsroom.expected()
    articles = installation.articles()
    assert sorted(articles) == sorted(article.title for article in expected.values())
    for url, article in expected.items():
        row = articles[article.title]
        stored = (
            row["text"],
            tuple(row["authors"]),
            row["published"],
            row["url"],
            row["relevant"],
            sorted(row["credited"]),
        )
        wanted = (article.text, article.authors, article.published, url, article.relevant, sorted(article.credited))
        assert stored == wanted, article.slug


def test_articles_arrive_exactly_and_a_second_round_fetches_nothing_twice(installation: Installation) -> None:
    first = installation.once()
    assert first.returncode == 0, first.stderr
    _arrived_as_expected(installation)

    before = len(installation.newsroom.requests())
    installation.due_now()
    second = installation.once()
    assert second.returncode == 0, second.stderr
    again = installation.newsroom.requests(before)
    assert again, "the second round asked nobody"
    assert {request.status for request in again} == {304}
    _arrived_as_expected(installation)
    assert installation.one("SELECT count(*) FROM news.revision") == len(installation.newsroom.expected())


def test_every_entry_ends_in_one_disposition_and_every_page_is_asked_for_once(installation: Installation) -> None:
    installation.once()
    assert installation.one("SELECT count(*) FROM aiwire.entry WHERE state <> 'settled' OR disposition IS NULL") == 0
    asked = Counter((r.outlet, r.path.partition("?")[0]) for r in installation.newsroom.requests())
    assert max(asked.values()) == 1, asked.most_common(3)


def test_article_under_two_addresses_is_one_article(installation: Installation) -> None:
    """The German sitemap announces one of the feed's articles under /amp as well."""
    installation.once()
    assert installation.one("SELECT count(*) FROM aiwire.entry WHERE disposition = 'duplicate'") == 1
    assert installation.one("SELECT count(*) FROM news.article WHERE outlet = 'rechenblatt'") == 6


def test_correction_becomes_a_revision_and_names_what_changed(installation: Installation) -> None:
    installation.once()
    installation.newsroom.edit("gazzetta-ia/data-center-sulle-alpi")
    installation.due_now()
    installation.once()
    _arrived_as_expected(installation)
    assert [
        row["reason"]
        for row in installation.rows(
            "SELECT reason FROM news.revision WHERE article_id IN (SELECT id FROM news.article WHERE revision = 2) ORDER BY revision"
        )
    ] == ["first", "publisher_edit"]
    assert installation.one("SELECT changed FROM news.revision WHERE revision = 2") == ["text"]


def test_renamed_article_stays_one_article_under_its_new_address(installation: Installation) -> None:
    installation.once()
    ids = {row["id"] for row in installation.rows("SELECT id FROM news.article")}
    installation.newsroom.rename("chipwire/power-grid-queue", "ai-campuses-bring-batteries")
    installation.due_now()
    installation.once()
    assert {row["id"] for row in installation.rows("SELECT id FROM news.article")} == ids
    _arrived_as_expected(installation)


def test_later_publication_lands_and_withdrawn_article_is_known_to_be_gone(installation: Installation) -> None:
    installation.once()
    installation.newsroom.publish("rechenblatt/spielzeug-mit-ki")
    installation.newsroom.withdraw("chipwire/robot-warehouse-audit")
    installation.due_now()
    installation.once()
    assert "Spielzeug mit Chatbot: Prüfer finden offene Mikrofone" in installation.articles()
    rows = installation.rows("SELECT disposition FROM aiwire.entry WHERE url LIKE '%%robot-warehouse-audit%%'")
    assert [row["disposition"] for row in rows] == ["gone"]
    assert "What an audit of an AI warehouse found: the humans walk more" in installation.articles()


def test_what_robots_txt_forbids_is_never_asked_for(installation: Installation) -> None:
    installation.once()
    asked = [request.path for request in installation.newsroom.requests()]
    assert "/robots.txt" in asked
    assert not [path for path in asked if path.startswith("/redazione")]


@pytest.mark.parametrize(
    ("mode", "state", "code"),
    [
        ("500", "unreachable", "http_500"),
        ("404", "broken", "gone"),
        ("html-for-feed", "broken", "feed_is_html"),
        ("reset", "unreachable", "download_failed"),
    ],
)
def test_outlet_that_fails_is_told_and_the_others_land(
    installation: Installation, mode: str, state: str, code: str
) -> None:
    installation.newsroom.misbehave("chipwire", mode)
    done = installation.once()
    assert done.returncode == 1
    assert "chipwire" in done.stderr
    row = installation.rows("SELECT state, error_code FROM aiwire.source WHERE outlet = 'chipwire'")[0]
    assert (row["state"], row["error_code"]) == (state, code)
    assert installation.one("SELECT count(*) FROM news.article WHERE outlet <> 'chipwire'") == 16
    told = [event for event in events(done.stderr) if event.get("event") == f"source_{state}"]
    assert len(told) == 1


def test_busy_outlet_is_left_alone_as_long_as_it_asks(installation: Installation) -> None:
    installation.newsroom.misbehave("chipwire", "503")
    installation.once()
    asked = [r.path for r in installation.newsroom.requests() if r.outlet == "chipwire"]
    assert asked == ["/robots.txt", "/feed.xml"]
    assert installation.one("SELECT hold_reason FROM aiwire.host WHERE hold_until IS NOT NULL") == "answered HTTP 503"


def test_empty_listing_shows_the_shapes_of_its_links_and_proposes_a_pattern(installation: Installation) -> None:
    installation.newsroom.misbehave("gazzetta-ia", "empty-listing")
    installation.once()
    message = installation.rows("SELECT error_message FROM aiwire.source WHERE state = 'empty'")[0]["error_message"]
    assert "no link matches link_pattern" in message
    assert "/prodotti/*" in message


def test_page_that_kills_its_process_is_quarantined_and_its_neighbours_land(installation: Installation) -> None:
    installation.newsroom.misbehave("chipwire", "killer-page", count=1)
    installation.once(AIWIRE_SANDBOX_CPU_SECONDS="1", AIWIRE_SANDBOX_MEMORY_MB="300")
    fates = Counter(
        row["disposition"]
        for row in installation.rows("SELECT disposition FROM aiwire.entry WHERE outlet = 'chipwire'")
    )
    assert fates["stored"] == 7
    assert sum(fates.values()) == 8
    assert (
        installation.one(
            "SELECT count(*) FROM aiwire.capture c JOIN aiwire.entry e ON e.id = c.entry_id WHERE e.disposition IN ('failed', 'not_article')"
        )
        == 1
    )


def test_outlet_that_left_the_configuration_keeps_its_articles_and_is_not_polled(installation: Installation) -> None:
    installation.once()
    (installation.config / "outlets" / "chipwire.toml").unlink()
    installation.due_now()
    before = len(installation.newsroom.requests())
    installation.once()
    assert installation.one("SELECT count(*) FROM news.article WHERE outlet = 'chipwire'") == 8
    assert not [r for r in installation.newsroom.requests(before) if r.outlet == "chipwire"]


def test_ids_are_the_same_after_a_reinstallation(installation: Installation, empty_database_url: str) -> None:
    installation.once()
    ids = {row["id"] for row in installation.rows("SELECT id FROM news.article")}
    again = Installation(folder=installation.folder, database_url=empty_database_url, newsroom=installation.newsroom)
    again.once()
    assert {row["id"] for row in again.rows("SELECT id FROM news.article")} == ids
