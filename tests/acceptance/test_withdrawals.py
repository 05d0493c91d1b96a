"""Articles that go: gone from their outlet, reserved against machines, forgotten on request; and those that come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from installation import Installation

BRIDGE, TRAM = "/news/bridge", "/news/tram"


def page(path: str, *, head: str = "", more: str = "") -> dict[str, str]:
    name = path.rpartition("/")[2].title()
    text = [
        f"The {name} of the old town is to be rebuilt from March on, the council decided on Monday after a debate of five hours.",
        f"The works cost eleven million and take two years, in which whoever used the {name} has to go by the northern quay.",
        f"Residents had asked for a {name} that is open to bicycles; the council said that it would look at that in the summer.{more}",
    ]
    body = "".join(f"<p>{line}</p>" for line in text)
    return {
        "path": path,
        "title": f"{name} of the old town to be rebuilt",
        "body": f"<html lang='en'><head><title>{name} of the old town to be rebuilt</title>{head}</head><body><article>"
        f"<h1>{name} of the old town to be rebuilt</h1>{body}</article></body></html>",
    }


@pytest.fixture
def quay(installation: Installation) -> Installation:
    """An installation with one outlet alone, of two articles that are stored."""
    installation.newsroom.add_outlet("quay", [page(BRIDGE), page(TRAM)])
    installation.configure(every="1h", looks=("1h", "24h"))
    for slug in ("gazzetta-ia", "chipwire", "rechenblatt"):
        (installation.config / "outlets" / f"{slug}.toml").unlink()
    installation.once()
    assert len(installation.rows("SELECT FROM news.article")) == 2
    return installation


def look_again(installation: Installation, *, days: int = 0) -> None:
    """A second look at both pages without validators, as if so many days had passed."""
    installation.rows(
        f"UPDATE aiwire.entry SET etag = NULL, last_modified = NULL, missing_since = missing_since - interval '{days} d' RETURNING 1"
    )
    installation.rows("UPDATE aiwire.source SET etag = NULL, last_modified = NULL RETURNING 1")
    installation.due_now()
    installation.once()


def told(installation: Installation, path: str) -> list[tuple[str, str | None, bool]]:
    """The changes of an article: kind, reason, withheld."""
    rows = installation.rows(
        f"""
        SELECT c.kind, c.reason, c.withheld FROM news.change c JOIN aiwire.article a ON a.id = c.article_id
        WHERE a.url LIKE '%%{path}' ORDER BY c.position
        """
    )
    return [(row["kind"], row["reason"], row["withheld"]) for row in rows]


def article(installation: Installation, path: str) -> dict[str, Any] | None:
    rows = installation.rows(f"SELECT withdrawn_reason, withdrawn_at, text FROM news.article WHERE url LIKE '%%{path}'")
    return rows[0] if rows else None


def test_address_that_answers_410_withdraws_the_article_and_keeps_its_text(quay: Installation) -> None:
    quay.newsroom.add_outlet("quay", [{"path": BRIDGE, "status": "410", "body": ""}, page(TRAM)])
    look_again(quay)

    assert told(quay, BRIDGE) == [("new", None, False), ("withdrawn", "gone", False)]
    kept = article(quay, BRIDGE)
    assert kept is not None
    assert kept["withdrawn_reason"] == "gone"
    assert "eleven million" in kept["text"]
    assert told(quay, TRAM) == [("new", None, False)]


def test_404_withdraws_an_article_only_when_it_lasts_a_day(quay: Installation) -> None:
    quay.newsroom.add_outlet("quay", [{"path": BRIDGE, "status": "404", "body": ""}, page(TRAM)])
    look_again(quay)
    look_again(quay)
    assert told(quay, BRIDGE) == [("new", None, False)], "missed twice within a day"
    (entry,) = quay.rows(
        f"SELECT disposition, reason, due_at > now() AS looks FROM aiwire.entry WHERE url LIKE '%%{BRIDGE}'"
    )
    assert (entry["disposition"], entry["reason"], entry["looks"]) == ("stored", "not_found", True)

    look_again(quay, days=1)

    assert told(quay, BRIDGE)[1:] == [("withdrawn", "gone", False)]


def test_article_that_comes_back_is_restored(quay: Installation) -> None:
    quay.newsroom.add_outlet("quay", [{"path": BRIDGE, "status": "404", "body": ""}, page(TRAM)])
    look_again(quay)
    quay.newsroom.add_outlet("quay", [page(BRIDGE), page(TRAM)])
    look_again(quay, days=1)
    assert told(quay, BRIDGE) == [("new", None, False)], "it was only away for a while"

    quay.newsroom.add_outlet("quay", [{"path": BRIDGE, "status": "410", "body": ""}, page(TRAM)])
    look_again(quay)
    quay.newsroom.add_outlet("quay", [page(BRIDGE), page(TRAM)])
    quay.rows("UPDATE aiwire.entry SET due_at = now() WHERE disposition = 'gone' RETURNING 1")
    look_again(quay)

    assert [kind for kind, _, _ in told(quay, BRIDGE)] == ["new", "withdrawn", "restored"]
    back = article(quay, BRIDGE)
    assert back is not None
    assert back["withdrawn_at"] is None


def test_rights_reserved_later_withhold_the_text(quay: Installation) -> None:
    quay.newsroom.add_outlet("quay", [page(BRIDGE, head='<meta name="tdm-reservation" content="1">'), page(TRAM)])
    look_again(quay)

    assert told(quay, BRIDGE) == [("new", None, False), ("withdrawn", "rights_reserved", True)]
    assert article(quay, BRIDGE) is None
    for view in ("revision", "removed_block", "attribution"):
        assert not quay.rows(f"SELECT FROM news.{view} v JOIN news.withdrawal w ON w.article_id = v.article_id")
    (entry,) = quay.rows(f"SELECT disposition, message FROM aiwire.entry WHERE url LIKE '%%{BRIDGE}'")
    assert (entry["disposition"], entry["message"]) == ("refused", "meta tdm-reservation: 1")


def test_text_stays_where_the_outlet_says_so(quay: Installation) -> None:
    file = quay.config / "outlets" / "quay.toml"
    file.write_text("withhold = []\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    quay.newsroom.add_outlet("quay", [page(BRIDGE, head='<meta name="robots" content="noai">'), page(TRAM)])
    look_again(quay)

    assert told(quay, BRIDGE)[1:] == [("withdrawn", "rights_reserved", False)]
    assert article(quay, BRIDGE) is not None


def test_page_that_reserves_its_rights_is_not_stored_at_all(quay: Installation) -> None:
    ferry = "/news/ferry"
    quay.newsroom.add_outlet("quay", [page(ferry, head='<meta name="robots" content="index, noarchive">')])
    look_again(quay)

    (entry,) = quay.rows(f"SELECT disposition, reason, article_id FROM aiwire.entry WHERE url LIKE '%%{ferry}'")
    assert (entry["disposition"], entry["reason"], entry["article_id"]) == ("discovered", "rights_reserved", None)


def test_forgotten_article_leaves_a_tombstone_and_is_not_fetched_again(quay: Installation) -> None:
    url = quay.newsroom.outlets["quay"] + BRIDGE
    asked = quay.aiwire("forget", url)
    assert asked.returncode == 1
    assert "Nothing was removed" in asked.stderr
    assert article(quay, BRIDGE) is not None

    done = quay.aiwire("forget", url, "--yes", "--json")

    assert done.returncode == 0, done.stderr
    assert url in json.loads(done.stdout)["urls"]
    assert told(quay, BRIDGE)[-1] == ("withdrawn", "forgotten", True)
    (left,) = quay.rows("SELECT reason, withheld FROM news.withdrawal")
    assert (left["reason"], left["withheld"]) == ("forgotten", True)
    assert not everywhere(quay, "whoever used the Bridge"), "no word of its text is left"
    assert not everywhere(quay, "Bridge of the old town"), "nor of its title"
    seen = len(quay.newsroom.requests())
    look_again(quay)
    assert not [request for request in quay.newsroom.requests(seen) if request.path == BRIDGE]
    assert article(quay, TRAM) is not None


def test_address_is_forgotten_before_it_was_ever_seen(quay: Installation) -> None:
    url = quay.newsroom.outlets["quay"] + "/news/ferry"
    assert quay.aiwire("forget", url, "--yes").returncode == 0
    quay.newsroom.add_outlet("quay", [page("/news/ferry")])
    look_again(quay)

    (entry,) = quay.rows("SELECT disposition, reason, title FROM aiwire.entry WHERE url LIKE '%%/ferry'")
    assert (entry["disposition"], entry["reason"], entry["title"]) == ("refused", "forgotten", None)
    assert not [request for request in quay.newsroom.requests() if request.path == "/news/ferry"]


def everywhere(installation: Installation, pattern: str) -> list[str]:
    """The tables of schema aiwire in which a row has such words."""
    tables = [
        row["name"]
        for row in installation.rows(
            "SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'aiwire'::regnamespace AND c.relkind IN ('r', 'p')"
        )
    ]
    return [
        table
        for table in tables
        if installation.rows(f"SELECT FROM aiwire.{table} AS row WHERE row::text LIKE %s LIMIT 1", f"%{pattern}%")
    ]
