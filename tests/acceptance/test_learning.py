"""What is learned of an outlet as its articles arrive, and its kept pages read again: `aiwire reprocess`."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any

import pytest
from installation import CHECKOUT, Installation, events

from crawler.newsroom.client import Newsroom

PROMO = (
    "Every Friday our editors send you the five stories that mattered most. Sign up and never miss one of them again."
)
TEAM = "The Harbour Review is made by eleven people who live where they write, and is owned by those who read it."


def paragraphs(n: int) -> list[str]:
    return [
        f"The ferry company of island {n} presented its plan for the winter on Monday, and nobody in the harbour was surprised.",
        f"Its {n + 3} ships are to be laid up from November on, which the mayor of island {n} called a mistake worth {n + 2} million.",
        f"A decision is due in week {n + 10}; until then the {n + 40} employees on island {n} wait for the council to meet.",
    ]


def page(n: int, *, after: tuple[str, ...] = (PROMO, TEAM), extra: str = "") -> dict[str, str]:
    text = "".join(f"<p>{one}</p>\n" for one in (*paragraphs(n), *([extra] if extra else []), *after))
    return {
        "path": f"/news/ferry-plan-of-island-{n}",
        "title": f"Ferries stay in the harbour of island {n}",
        "body": f"<html lang='en'><head><title>Ferries stay in the harbour of island {n}</title></head><body><article>"
        f"<h1>Ferries stay in the harbour of island {n}</h1>\n{text}</article></body></html>",
    }


@pytest.fixture
def harbour(installation: Installation) -> Installation:
    """An installation with one outlet alone, of our own pages."""
    _show(installation.newsroom, [page(n) for n in range(5)])
    installation.configure(every="1h", looks=("1h",))
    for slug in ("gazzetta-ia", "chipwire", "rechenblatt"):
        (installation.config / "outlets" / f"{slug}.toml").unlink()
    return installation


def _show(newsroom: Newsroom, pages: list[dict[str, str]]) -> None:
    newsroom.add_outlet("harbour", pages)


def _rule(installation: Installation, rule: str) -> None:
    """Give the outlet a rule; without one, none."""
    file = installation.config / "outlets" / "harbour.toml"
    head = file.read_text(encoding="utf-8").partition("[extraction]")[0]
    file.write_text(f"{head}[extraction]\n{rule}\n" if rule else head, encoding="utf-8")


def _texts(installation: Installation) -> dict[str, str]:
    rows = installation.rows("SELECT title, text FROM news.article")
    return {row["title"].rpartition(" ")[2]: row["text"] for row in rows}


def _reprocess(installation: Installation, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = installation.aiwire("reprocess", "harbour", "--json", *arguments)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


# -- repetition ------------------------------------------------------------------------------------------------------


def test_what_articles_repeat_is_learned_and_taken_out_of_the_first_ones_too(harbour: Installation) -> None:
    done = harbour.once()
    assert done.returncode == 0, done.stderr
    assert _texts(harbour) == {str(n): "\n".join(paragraphs(n)) for n in range(5)}
    told = harbour.rows("SELECT reason, changed, count(*) AS n FROM news.revision GROUP BY 1, 2 ORDER BY 1")
    assert told == [
        {"reason": "first", "changed": [], "n": 5},
        {"reason": "re_extraction", "changed": ["text"], "n": 3},
    ]
    removed = harbour.rows(
        "SELECT DISTINCT b.text, b.reason FROM news.removed_block b JOIN news.article a"
        " ON a.id = b.article_id AND a.revision = b.revision WHERE b.reason = 'repeated'"
    )
    assert {row["text"] for row in removed} == {PROMO, TEAM}
    learned = [event for event in events(done.stderr) if event["event"] == "repetition_learned"]
    assert [text for event in learned for text in event["repeated"]] == [PROMO[:80], TEAM[:80]]
    assert harbour.one("SELECT count(*) FROM aiwire.re_extraction") == 0


def test_edit_after_something_was_learned_is_the_publishers_alone(harbour: Installation) -> None:
    _show(harbour.newsroom, [page(n) for n in range(2)])
    harbour.once()
    assert PROMO in _texts(harbour)["0"], "two articles prove nothing"
    # Between two visits three more arrive, and one of the first is corrected; nothing was read again yet.
    _show(harbour.newsroom, [page(0, extra="An earlier version named another mayor."), *(page(n) for n in range(1, 5))])
    _age(harbour)
    harbour.once()
    told = harbour.rows(
        "SELECT r.reason, r.changed FROM news.revision r JOIN news.article a ON a.id = r.article_id"
        " WHERE a.title LIKE '%% 0' ORDER BY r.revision"
    )
    assert [row["reason"] for row in told] in (
        ["first", "publisher_edit", "re_extraction"],
        ["first", "re_extraction", "publisher_edit"],
    )
    assert _texts(harbour)["0"] == "\n".join([*paragraphs(0), "An earlier version named another mayor."])
    others = harbour.rows("SELECT DISTINCT reason FROM news.revision WHERE title NOT LIKE '%% 0' ORDER BY 1")
    assert [row["reason"] for row in others] == ["first", "re_extraction"]


def test_new_rule_of_ours_is_not_the_publishers_edit_when_the_page_is_fetched_again(harbour: Installation) -> None:
    boxes = [page(n, after=(f"Box of island {n}: where to find the ferry's office.",)) for n in range(3)]
    _show(harbour.newsroom, boxes)
    harbour.once()
    _rule(harbour, 'prune = ["article p:last-of-type"]')
    late = page(
        2, extra="The mayor of island 2 has since resigned.", after=("Box of island 2: moved to the old pier.",)
    )
    _show(harbour.newsroom, [*boxes[:2], late])
    _age(harbour)
    harbour.once()
    told = harbour.rows("SELECT title, reason, changed FROM news.revision WHERE revision > 1 ORDER BY title, revision")
    assert [(row["title"][-1], row["reason"], row["changed"]) for row in told] == [
        ("0", "re_extraction", ["text"]),
        ("1", "re_extraction", ["text"]),
        ("2", "re_extraction", ["text"]),
        ("2", "publisher_edit", ["text"]),
    ]
    assert _texts(harbour)["2"] == "\n".join([*paragraphs(2), "The mayor of island 2 has since resigned."])


def _age(installation: Installation) -> None:
    """Let every clock strike, and forget the validators: the newsroom's own pages say that they never change."""
    installation.due_now()
    installation.rows("UPDATE aiwire.entry SET etag = NULL, last_modified = NULL RETURNING 1")
    installation.rows("UPDATE aiwire.source SET etag = NULL, last_modified = NULL RETURNING 1")


def test_shared_block_of_the_outlets_file_stays(harbour: Installation) -> None:
    _rule(harbour, f"shared = [{json.dumps(TEAM)}]")
    harbour.once()
    assert _texts(harbour) == {str(n): "\n".join([*paragraphs(n), TEAM]) for n in range(5)}


# -- reprocess -------------------------------------------------------------------------------------------------------


def test_reprocess_shows_asks_writes_and_does_nothing_twice(harbour: Installation) -> None:
    _show(
        harbour.newsroom, [page(n, after=(f"Box of island {n}: where to find the ferry's office.",)) for n in range(4)]
    )
    harbour.once()
    _rule(harbour, 'prune = ["article p:last-of-type"]')
    code, told = _reprocess(harbour, "--dry-run")
    assert (code, told["counts"], told["written"]) == (0, {"changed": 4}, False)
    assert told["pages"][0]["text"].startswith("−10 +0 words: [-Box of island")
    code, told = _reprocess(harbour)
    assert (code, told["written"]) == (1, False), "nobody said yes"
    assert harbour.one("SELECT max(revision) FROM news.revision") == 1
    code, told = _reprocess(harbour, "--yes")
    assert (code, told["counts"], told["written"]) == (0, {"changed": 4}, True)
    assert _texts(harbour) == {str(n): "\n".join(paragraphs(n)) for n in range(4)}
    assert {row["reason"] for row in harbour.rows("SELECT reason FROM news.revision WHERE revision = 2")} == {
        "re_extraction"
    }
    assert _reprocess(harbour, "--yes")[1]["counts"] == {"unchanged": 4}
    assert harbour.one("SELECT max(revision) FROM news.revision") == 2


def test_reprocess_finds_the_articles_that_a_wrong_rule_lost(harbour: Installation) -> None:
    _show(harbour.newsroom, [page(n, after=()) for n in range(4)])
    _rule(harbour, 'prune = ["article p"]')
    harbour.once()
    fates = harbour.rows("SELECT DISTINCT disposition FROM aiwire.entry")
    assert [row["disposition"] for row in fates] == ["not_article"]
    _rule(harbour, "")
    assert _reprocess(harbour, "--dry-run")[1]["counts"] == {"found": 4}
    assert _reprocess(harbour, "--yes", "--since", "2026-01-01")[1]["counts"] == {"found": 4}
    assert _texts(harbour) == {str(n): "\n".join(paragraphs(n)) for n in range(4)}
    again = harbour.rows("SELECT DISTINCT disposition, due_at > now() AS again FROM aiwire.entry")
    assert again == [{"disposition": "stored", "again": True}]


def test_reprocess_that_was_killed_goes_on_where_it_was(harbour: Installation) -> None:
    number = 40
    boxes = [page(n, after=(f"Box of island {n}: where to find the ferry's office.",)) for n in range(number)]
    _show(harbour.newsroom, boxes)
    harbour.once()
    assert harbour.one("SELECT count(*) FROM news.article") == number
    _rule(harbour, 'prune = ["article p:last-of-type"]')
    process = subprocess.Popen(
        harbour.command("reprocess", "harbour", "--yes"), env=harbour.environment(), cwd=CHECKOUT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not harbour.one("SELECT coalesce(max(pages), 0) FROM aiwire.reprocess") and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    at = harbour.rows("SELECT pages, changed FROM aiwire.reprocess WHERE finished_at IS NULL")[0]
    assert 0 < at["pages"] < number
    assert harbour.one("SELECT count(*) FROM news.revision WHERE revision = 2") == at["changed"] == at["pages"]
    done = harbour.aiwire("reprocess", "harbour", "--yes")
    assert f"Going on after {at['pages']} pages" in done.stderr
    assert f"{number - at['pages']} changed" in done.stdout
    revisions = harbour.rows("SELECT revision, count(*) AS n FROM news.revision GROUP BY 1 ORDER BY 1")
    assert [row["n"] for row in revisions] == [number, number]
    assert _texts(harbour) == {str(n): "\n".join(paragraphs(n)) for n in range(number)}


@pytest.mark.parametrize(("said", "revision"), [("n", 1), ("y", 2)])
def test_reprocess_on_a_terminal_writes_what_was_seen_and_agreed_to(
    harbour: Installation, said: str, revision: int
) -> None:
    _show(harbour.newsroom, [page(1, after=("Box of island 1: where to find the ferry's office.",))])
    harbour.once()
    _rule(harbour, 'prune = ["article p:last-of-type"]')
    ours, theirs = os.openpty()
    try:
        os.write(ours, f"{said}\n".encode())
        done = subprocess.run(
            harbour.command("reprocess", "harbour"), env=harbour.environment(), cwd=CHECKOUT, stdin=theirs,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)
    assert "[-Box of island 1: where to find the ferry's office.-]" in done.stdout
    assert "Write this?" in done.stderr + done.stdout
    assert done.returncode == (0 if said == "y" else 1), done.stderr
    assert harbour.one("SELECT max(revision) FROM news.revision") == revision


def test_reprocess_of_an_unknown_outlet_is_one_line(harbour: Installation) -> None:
    done = harbour.aiwire("reprocess", "nobody")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_new_layout_is_logged_once_and_shown_in_the_status(harbour: Installation) -> None:
    signed = [page(n, after=()) for n in range(34)]
    for one in signed[:24]:
        one["body"] = one["body"].replace("</head>", '<meta name="author" content="Anna Serra"></head>')
    _show(harbour.newsroom, signed[:24])
    assert "outlet_drift" not in harbour.once().stderr
    _show(harbour.newsroom, signed)
    _age(harbour)
    drifts = [event for event in events(harbour.once().stderr) if event["event"] == "outlet_drift"]
    assert [event["outlet"] for event in drifts] == ["harbour"]
    told = json.loads(harbour.aiwire("status", "--json").stdout)["drifting"]
    assert told[0]["evidence"] == ["authors filled 1.00 → 0.00 over the last 10 articles"]


def test_status_tells_who_drifts(harbour: Installation) -> None:
    harbour.once()
    harbour.rows(
        "UPDATE aiwire.outlet_extraction SET drifted_at = now(), drifted_after = 1, evidence = %s RETURNING 1",
        ["authors filled 0.97 → 0.12 over the last 8 articles"],
    )
    told = json.loads(harbour.aiwire("status", "--json").stdout)
    assert told["drifting"][0]["outlet"] == "harbour"
    assert "authors filled 0.97 → 0.12" in harbour.aiwire("status").stdout
