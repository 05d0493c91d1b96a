"""Real pages through the whole way: a hundred of the corpus, served on loopback as outlets by their domains."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from installation import Installation, events
from test_daemon import daemon, wait_for

PAGES = 100


@pytest.mark.slow
def test_hundred_real_pages_end_in_one_disposition_and_are_fetched_once(
    installation: Installation, shared: Path
) -> None:
    corpus = shared / "data" / "extraction"
    with (corpus / "gold.jsonl").open(encoding="utf-8") as lines:  # not splitlines: texts hold U+2028
        rows = [json.loads(line) for line in lines]
    by_domain: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows[:: len(rows) // PAGES][:PAGES]:
        domain = (urlsplit(row["url"]).hostname or "none").removeprefix("www.").replace(".", "-")
        by_domain[domain].append(
            {
                "path": f"/{row['id']}",
                "file": str(corpus / "pages" / f"{row['id']}.html.gz"),
                "title": row["title"] or row["id"],
            }
        )
    for domain, pages in by_domain.items():
        installation.newsroom.add_outlet(domain, pages)
    for left in (installation.config / "outlets").glob("*.toml"):
        left.unlink()
    installation.configure(every="1h", looks=("1h",))
    for ours in ("gazzetta-ia", "chipwire", "rechenblatt"):
        (installation.config / "outlets" / f"{ours}.toml").unlink()

    def settled() -> bool:
        found = installation.rows(
            "SELECT count(*) AS n, count(disposition) AS done, count(*) FILTER (WHERE state <> 'settled') AS open FROM aiwire.entry"
        )[0]
        return found["n"] == PAGES and found["done"] == PAGES and not found["open"]

    with daemon(installation):
        wait_for(settled, "every page's disposition", 240)
        fates = Counter(row["disposition"] for row in installation.rows("SELECT disposition FROM aiwire.entry"))
        asked = [
            request for request in installation.newsroom.requests() if request.path not in ("/feed.xml", "/robots.txt")
        ]
        assert Counter(request.status for request in asked) == {200: PAGES}
        before = len(installation.newsroom.requests())
        installation.due_now()
        wait_for(
            lambda: len(installation.newsroom.requests(before)) >= len(by_domain) + fates["stored"],
            "the second round",
            120,
        )
        wait_for(
            lambda: installation.one("SELECT count(*) FROM aiwire.entry WHERE due_at < now()") == 0, "its end", 120
        )
    again = installation.newsroom.requests(before)
    assert {request.status for request in again} == {304}
    assert max(Counter((request.outlet, request.path) for request in again).values()) == 1
    # One in fourteen of the corpus' pages reserves its text, most by noarchive.
    reserved = installation.one("SELECT count(*) FROM aiwire.entry WHERE reason = 'rights_reserved'")
    assert fates["stored"] + reserved >= 0.95 * PAGES, fates
    assert 0 < reserved < 0.2 * PAGES
    assert installation.one("SELECT count(*) FROM news.revision") == fates["stored"]
    log = events((installation.folder / "daemon.log").read_text(encoding="utf-8"))
    assert not [
        event for event in log if event["event"] in ("entry_failed_unexpectedly", "visit_failed", "child_ended")
    ]
