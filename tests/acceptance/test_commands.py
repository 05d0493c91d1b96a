"""The commands as a user types them: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from installation import Installation

PAGE = """<html lang="it"><head><title>Prova | Sito</title><link rel="canonical" href="https://sito.example/a/b"></head><body>
<article><h1>Una prova dell’IA che basta davvero</h1><p>Secondo Bloomberg, l'intelligenza artificiale cambia il mestiere di chi scrive e quello di chi legge.</p>
<p>Il secondo paragrafo aggiunge abbastanza parole perché la pagina sembri un articolo vero e non un avviso di poche righe.</p>
<p>Il terzo paragrafo chiude il ragionamento con un esempio, una cifra e la promessa di tornare sull'argomento domani.</p>
<p>Pubblicato Lunedì, 12 Gennaio 2026 a cura di Anna S. per Sito</p></article><div>Contenuto promozionale</div></body></html>"""


@pytest.fixture(scope="module")
def crawled(shared_installation: Installation) -> Installation:
    done = shared_installation.aiwire("crawl", "chipwire", "--limit", "3")
    assert done.returncode == 0, done.stderr
    assert "Chipwire" in done.stdout
    return shared_installation


def test_crawl_stops_at_its_limit(crawled: Installation) -> None:
    assert crawled.one("SELECT count(*) FROM news.article") == 3


def test_status_tells_each_source_and_what_is_running(crawled: Installation) -> None:
    told = json.loads(crawled.aiwire("status", "--json").stdout)
    states = {row["outlet"]: row["state"] for row in told["sources"]}
    assert (states["chipwire"], states["rechenblatt"]) == ("ok", "new")
    assert told["articles"] == 3
    assert "not running" in crawled.aiwire("status").stdout


def test_articles_are_listed_and_shown_by_id_and_by_url(crawled: Installation) -> None:
    rows = json.loads(crawled.aiwire("articles", "list", "--json").stdout)
    assert len(rows) == 3
    by_id = json.loads(crawled.aiwire("articles", "show", rows[0]["id"], "--json").stdout)
    by_url = json.loads(crawled.aiwire("articles", "show", rows[0]["url"], "--json").stdout)
    assert by_id == by_url
    assert by_id["revisions"][0]["reason"] == "first"
    assert crawled.aiwire("articles", "show", "no-such-article").returncode == 1


def test_shell_runs_a_query_on_the_database_in_use(crawled: Installation) -> None:
    done = crawled.aiwire("db", "shell", "-c", "SELECT count(*) FROM article")
    assert done.returncode == 0, done.stderr
    assert "3" in done.stdout


def test_try_shows_what_would_be_stored_of_a_saved_page(crawled: Installation, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    done = crawled.aiwire("try", str(tmp_path / "page.html"), "--url", "https://sito.example/a/b", "--json")
    told = json.loads(done.stdout)
    assert told["text"].count("\n") == 2
    assert (told["published"], told["authors"]) == ("2026-01-12", ["Anna S."])
    assert told["provenance"]["published"]["origin"] == "byline-line"
    assert [found["credited"] for found in told["attributions"]] == ["Bloomberg"]
    assert told["relevance"]["relevant"] is True
    assert {block["reason"] for block in told["removed"]} >= {"promo"}
    assert [block["text"] for block in told["kept"]] == told["text"].split("\n")
    assert all(isinstance(block["position"], int) for block in (*told["kept"], *told["removed"]))
    assert crawled.one("SELECT count(*) FROM news.article") == 3, "nothing is written"


@pytest.mark.slow
def test_try_shows_removals_in_place_and_the_text_as_markdown(crawled: Installation, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    shown = crawled.aiwire("try", str(tmp_path / "page.html"), "--url", "https://sito.example/a/b").stdout
    assert "published  2026-01-12  (byline-line" in shown
    assert "- Contenuto promozionale\n  removed as promo by " in shown
    markdown = crawled.aiwire("try", str(tmp_path / "page.html"), "--markdown").stdout
    assert "Il terzo paragrafo chiude" in markdown
    assert "promozionale" not in markdown


@pytest.mark.slow
def test_try_reads_a_saved_page_by_the_rules_of_the_day_that_it_is_told(crawled: Installation, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    rules = """
[[extraction]]
valid_until = 2026-03-14
prune = ["article p:nth-of-type(2)"]
[[extraction]]
valid_from = 2026-03-15
"""
    path = crawled.config / "outlets" / "chipwire.toml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before + rules, encoding="utf-8")
    try:
        for day, paragraphs in (("2026-03-14", 2), ("2026-03-15T10:00+01:00", 3)):
            arguments = ("try", str(tmp_path / "page.html"), "--outlet", "chipwire", "--at", day, "--json")
            assert len(json.loads(crawled.aiwire(*arguments).stdout)["kept"]) == paragraphs
        assert crawled.aiwire("try", str(tmp_path / "page.html"), "--at", "yesterday").returncode == 2
    finally:
        path.write_text(before, encoding="utf-8")


@pytest.mark.slow
def test_try_shows_the_entries_of_a_feed_and_of_a_listing(crawled: Installation) -> None:
    feed = json.loads(crawled.aiwire("try", crawled.newsroom.bases["chipwire"] + "/feed.xml", "--json").stdout)
    assert feed["kind"] == "feed"
    assert set(feed["entries"][0]) == {"url", "title", "published", "guid"}
    listing = crawled.aiwire("try", crawled.newsroom.bases["gazzetta-ia"] + "/altro/tecnologia", "--json")
    assert json.loads(listing.stdout)["kind"] == "listing"


def test_what_cannot_be_read_is_one_line_and_an_exit_code(crawled: Installation, tmp_path: Path) -> None:
    for arguments, code in (
        (("try", str(tmp_path / "missing.html")), 2),
        (("run", "--role", "cook"), 2),
        (("no-such-command",), 2),
    ):
        done = crawled.aiwire(*arguments)
        assert done.returncode == code, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_outlet_or_host_that_is_not_there_is_told(crawled: Installation) -> None:
    assert crawled.aiwire("try", "http://127.0.0.1:9/nobody").returncode == 1
    assert crawled.aiwire("crawl", "no-such-outlet").returncode == 2


def test_database_that_is_away_is_told_with_its_exit_code(crawled: Installation) -> None:
    done = crawled.aiwire("status", DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:9/x")
    assert done.returncode == 3
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_contact_is_one_line_to_set(crawled: Installation) -> None:
    done = crawled.aiwire("run", "--once", AIWIRE_CONTACT="")
    assert done.returncode == 2
    assert "export AIWIRE_CONTACT=" in done.stderr


def test_every_mistake_in_the_outlets_is_told_at_once(installation: Installation) -> None:
    folder = installation.config / "outlets"
    (folder / "one.toml").write_text('nmae = "One"\n', encoding="utf-8")
    (folder / "two.toml").write_text("not toml at all\n", encoding="utf-8")
    done = installation.aiwire("outlets", "check")
    assert done.returncode == 2
    assert "outlets/one.toml" in done.stderr
    assert "outlets/two.toml" in done.stderr
    assert "did you mean name" in done.stderr


def test_batch_answers_every_line(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    orders = [
        {"id": "good", "url": "https://sito.example/a/b", "path": "page.html"},
        {"id": "bad", "url": "", "path": "x"},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(order) + "\n" for order in orders), encoding="utf-8")
    done = installation.aiwire("extract", "--batch", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"))
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (answers[0]["id"], answers[0]["title"]) == ("good", "Una prova dell’IA che basta davvero")
    assert set(answers[1]) == {"id", "error"}
