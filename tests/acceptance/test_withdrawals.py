"""Articles that go: gone from their outlet, reserved against machines, forgotten on request; and those that come back."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest
from installation import Installation

NAMES = ("bridge", "tram", "quay", "ferry", "tower", "market", "school")
WITHHELD = '<meta name="tdm-reservation" content="1">'
NOAI = '<meta name="robots" content="noai">'

Told = dict[str, list[tuple[str, str | None, bool]]]
"""The changes of each article, by the last piece of its path: kind, reason, withheld."""


def page(name: str, *, head: str = "", status: int = 200) -> dict[str, str]:
    text = [
        f"The {name} of the old town is to be rebuilt from March on, the council decided on Monday after a debate of five hours.",
        f"The works cost eleven million and take two years, in which whoever used the {name} has to go by the northern quay.",
        f"Residents had asked for a {name} that is open to bicycles; the council said that it would look at that in the summer.",
    ]
    body = "".join(f"<p>{line}</p>" for line in text)
    title = f"{name.title()} of the old town to be rebuilt"
    return {
        "path": f"/news/{name}",
        "title": title,
        "status": str(status),
        "body": f"<html lang='en'><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>{body}</article></body></html>",
    }


def told(installation: Installation) -> Told:
    rows = installation.rows(
        """
        SELECT substring(a.url FROM '[a-z]+$') AS name, c.kind, c.reason, c.withheld
        FROM news.change c JOIN aiwire.article a ON a.id = c.article_id ORDER BY c.position
        """
    )
    found: Told = {}
    for row in rows:
        found.setdefault(row["name"], []).append((row["kind"], row["reason"], row["withheld"]))
    return found


def look(installation: Installation, *, days: int = 0) -> None:
    """All pages once more, without validators, as if so many days had passed; what was gone, too."""
    installation.rows(
        f"UPDATE aiwire.entry SET etag = NULL, last_modified = NULL, missing_since = missing_since - interval '{days} d' RETURNING 1"
    )
    installation.rows("UPDATE aiwire.entry SET due_at = now() WHERE disposition = 'gone' RETURNING 1")
    installation.rows("UPDATE aiwire.source SET etag = NULL, last_modified = NULL RETURNING 1")
    installation.due_now()
    installation.once()


@dataclass(kw_only=True)
class Course:
    """What was told after each of three looks, and what commands answered."""

    installation: Installation
    after: list[Told] = field(default_factory=list)
    unasked: subprocess.CompletedProcess[str]
    forgot: subprocess.CompletedProcess[str]
    asked_before: int = 0

    def entry(self, name: str) -> dict[str, Any]:
        (row,) = self.installation.rows(
            "SELECT disposition, reason, message, title, article_id FROM aiwire.entry WHERE url LIKE %s", f"%/{name}"
        )
        return row

    def article(self, name: str) -> dict[str, Any] | None:
        rows = self.installation.rows("SELECT * FROM news.article WHERE url LIKE %s", f"%/{name}")
        return rows[0] if rows else None


@pytest.fixture(scope="module")
def course(shared_installation: Installation) -> Course:
    """Two outlets, of which one keeps the text of what is reserved; looked at thrice."""
    made = shared_installation
    made.newsroom.add_outlet("quay", [page(name) for name in NAMES])
    made.newsroom.add_outlet("archive", [page("library")])
    made.configure(every="1h", looks=("1h", "24h"))
    for slug in ("gazzetta-ia", "chipwire", "rechenblatt"):
        (made.config / "outlets" / f"{slug}.toml").unlink()
    file = made.config / "outlets" / "archive.toml"
    file.write_text("withhold = []\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    made.once()
    assert len(made.rows("SELECT FROM news.article")) == len(NAMES) + 1

    base = made.newsroom.outlets["quay"]
    unasked = made.aiwire("forget", f"{base}/news/market")
    assert made.rows("SELECT FROM news.article WHERE url LIKE %s", "%/market")
    forgot = made.aiwire("forget", f"{base}/news/market", "--yes", "--json")
    assert made.aiwire("forget", f"{base}/news/harbour", "--yes").returncode == 0
    course = Course(installation=made, unasked=unasked, forgot=forgot, asked_before=len(made.newsroom.requests()))
    there = [page(name) for name in ("market", "school", "harbour")]
    away = [page("bridge", status=410), page("tram", status=404), page("quay", status=404), page("ferry", status=410)]
    made.newsroom.add_outlet("quay", [*there, *away, page("tower", head=WITHHELD), page("mill", head=NOAI)])
    made.newsroom.add_outlet("archive", [page("library", head=NOAI)])
    for days in (0, 0):
        look(made, days=days)
        course.after.append(told(made))
    # A day later two are there again.
    back = [page("bridge", status=410), page("tram", status=404), page("quay"), page("ferry")]
    made.newsroom.add_outlet("quay", [*there, *back, page("tower", head=WITHHELD), page("mill", head=NOAI)])
    look(made, days=1)
    course.after.append(told(made))
    return course


def test_address_that_answers_410_withdraws_the_article_and_keeps_its_text(course: Course) -> None:
    assert course.after[0]["bridge"] == [("new", None, False), ("withdrawn", "gone", False)]
    kept = course.article("bridge")
    assert kept is not None
    assert kept["withdrawn_reason"] == "gone"
    assert "eleven million" in kept["text"]
    assert course.after[-1]["bridge"] == course.after[0]["bridge"], "it is told once"


def test_404_withdraws_an_article_only_when_it_lasts_a_day(course: Course) -> None:
    assert course.after[1]["tram"] == [("new", None, False)], "missed twice within a day"
    assert course.after[2]["tram"] == [("new", None, False), ("withdrawn", "gone", False)]
    assert course.entry("tram")["disposition"] == "gone"


def test_article_that_was_away_for_less_than_a_day_was_never_gone(course: Course) -> None:
    assert course.after[2]["quay"] == [("new", None, False)]
    entry = course.entry("quay")
    assert (entry["disposition"], entry["reason"]) == ("stored", None)


def test_article_that_comes_back_is_restored(course: Course) -> None:
    assert [kind for kind, _, _ in course.after[2]["ferry"]] == ["new", "withdrawn", "restored"]
    back = course.article("ferry")
    assert back is not None
    assert back["withdrawn_at"] is None


def test_rights_reserved_later_withhold_the_text(course: Course) -> None:
    assert course.after[0]["tower"] == [("new", None, False), ("withdrawn", "rights_reserved", True)]
    assert course.article("tower") is None
    for view in ("revision", "removed_block", "attribution"):
        assert not course.installation.rows(
            f"SELECT FROM news.{view} v JOIN news.withdrawal w ON w.article_id = v.article_id WHERE w.withheld"
        )
    assert not course.installation.rows("SELECT FROM news.search('tower')")
    entry = course.entry("tower")
    assert (entry["disposition"], entry["message"]) == ("refused", "meta tdm-reservation: 1")


def test_text_stays_where_the_outlet_says_so(course: Course) -> None:
    assert course.after[0]["library"] == [("new", None, False), ("withdrawn", "rights_reserved", False)]
    assert course.article("library") is not None


def test_page_that_reserves_its_rights_is_not_stored_at_all(course: Course) -> None:
    entry = course.entry("mill")
    assert (entry["disposition"], entry["reason"], entry["article_id"]) == ("discovered", "rights_reserved", None)


def test_nothing_is_forgotten_unless_somebody_says_so(course: Course) -> None:
    assert course.unasked.returncode == 1
    assert "Nothing was removed" in course.unasked.stderr


def test_forgotten_article_leaves_a_tombstone_and_is_not_fetched_again(course: Course) -> None:
    made = course.installation
    assert course.forgot.returncode == 0, course.forgot.stderr
    assert made.newsroom.outlets["quay"] + "/news/market" in json.loads(course.forgot.stdout)["urls"]
    assert course.after[2]["market"] == [("new", None, False), ("withdrawn", "forgotten", True)]
    (left,) = made.rows("SELECT withheld FROM news.withdrawal WHERE reason = 'forgotten'")
    assert left["withheld"]
    assert not everywhere(made, "whoever used the market"), "no word of its text is left"
    assert not everywhere(made, "Market of the old town"), "nor of its title"
    asked = [request.path for request in made.newsroom.requests(course.asked_before)]
    assert "/news/school" in asked
    assert "/news/market" not in asked


def test_address_is_forgotten_before_it_was_ever_seen(course: Course) -> None:
    entry = course.entry("harbour")
    assert (entry["disposition"], entry["reason"], entry["title"]) == ("refused", "forgotten", None)
    assert not [request for request in course.installation.newsroom.requests() if request.path == "/news/harbour"]


def everywhere(installation: Installation, words: str) -> list[str]:
    """The tables of schema aiwire in which a row has such words."""
    tables = installation.rows(
        "SELECT relname AS name FROM pg_class WHERE relnamespace = 'aiwire'::regnamespace AND relkind IN ('r', 'p')"
    )
    return [
        table["name"]
        for table in tables
        if installation.rows(f"SELECT FROM aiwire.{table['name']} AS row WHERE row::text LIKE %s LIMIT 1", f"%{words}%")
    ]
