"""Pages that hold no article: settled as what they are, and a known article behind one stays."""

from __future__ import annotations

from typing import Any

import pytest
from installation import Installation

WALL = """<html lang="en"><head><title>Before you continue</title></head><body><main><h1>We value your privacy</h1>
<p>We and our 148 partners store and/or access information on a device, such as unique IDs in cookies, to process personal data.</p>
<p>You may accept or manage your choices at any time in our privacy policy, and object where legitimate interest is used.</p>
<button>Manage preferences</button><button>Reject all</button><button>Accept all</button></main></body></html>"""
TEXT = [
    "The ferry company presented its plan for the winter on Monday, and nobody in the harbour was surprised by what it said.",
    "Its three ships are to be laid up from November on, which the mayor of the island called a mistake worth two million.",
    "A decision is due in spring; until then the forty employees on the island wait for the council to meet once more.",
]
ARTICLE = (
    "<html lang='en'><head><title>Ferries stay in the harbour</title></head><body><article><h1>Ferries stay in the harbour</h1>"
    + "".join(f"<p>{line}</p>" for line in TEXT)
    + "</article></body></html>"
)


@pytest.fixture
def harbour(installation: Installation) -> Installation:
    """An installation with one outlet alone, whose one page the tests replace."""
    show(installation, ARTICLE)
    installation.configure(every="1h", looks=("1h", "24h"))
    for slug in ("gazzetta-ia", "chipwire", "rechenblatt"):
        (installation.config / "outlets" / f"{slug}.toml").unlink()
    return installation


def show(installation: Installation, body: str) -> None:
    page = {"path": "/news/ferries", "title": "Ferries stay in the harbour", "body": body}
    installation.newsroom.add_outlet("harbour", [page])


def look_again(installation: Installation) -> None:
    """A second look without validators: the newsroom's own pages say that they never change."""
    installation.due_now()
    installation.rows("UPDATE aiwire.entry SET etag = NULL, last_modified = NULL RETURNING 1")
    installation.rows("UPDATE aiwire.source SET etag = NULL, last_modified = NULL RETURNING 1")
    installation.once()


def entry(installation: Installation) -> dict[str, Any]:
    (row,) = installation.rows(
        "SELECT disposition, reason, message, article_id, due_at > now() AS due_later FROM aiwire.entry"
    )
    return row


def test_wall_is_settled_as_a_wall_with_its_evidence(harbour: Installation) -> None:
    show(harbour, WALL)
    harbour.once()
    row = entry(harbour)
    assert (row["disposition"], row["reason"], row["article_id"]) == ("not_article", "consent_wall", None)
    assert row["message"].startswith("no article but consent wall: it asks for consent, 'we and our' and 'accept all'")
    assert harbour.one("SELECT count(*) FROM news.article") == 0


def test_known_article_behind_a_wall_stays_and_is_looked_at_again(harbour: Installation) -> None:
    harbour.once()
    before = harbour.articles()["Ferries stay in the harbour"]
    assert before["text"] == "\n".join(TEXT)

    show(harbour, WALL)
    look_again(harbour)
    row = entry(harbour)
    assert (row["disposition"], row["reason"]) == ("stored", "consent_wall")
    assert row["message"].startswith("no article but consent wall: ")
    assert row["due_later"] is True
    assert harbour.articles()["Ferries stay in the harbour"] == before
    assert harbour.one("SELECT count(*) FROM news.revision") == 1

    show(harbour, ARTICLE.replace("forty employees", "forty-two employees"))
    look_again(harbour)
    assert entry(harbour)["reason"] is None
    after = harbour.articles()["Ferries stay in the harbour"]
    assert (after["id"], after["revision"]) == (before["id"], 2)
    assert "forty-two" in after["text"]
