"""Bytes that Postgres can't hold, served over HTTP: cleaned and flagged, or refused with a reason; neighbours land."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from installation import Installation, events

from crawler.newsroom.outlet_files import write_outlet_files

HEAD = "<!doctype html><html lang=en><meta charset=utf-8><body><article>"
WORDS = (
    "<p>The foundry delays {thing} substrates by a year because panels warped during soldering and failed their tests.</p>"
    "<p>According to Reuters, two suppliers of {thing} had warned of it in spring; the company says that {said} it heard of"
    " nothing.</p><p>Engineers now try a thinner core of {thing}, a slower oven and another paste, and expect first results"
    " before the summer.</p>"
)
STATED = {
    "@type": "NewsArticle",
    "headline": "Glass \0 substrates \ud83e\udd16 \ud83e",
    "articleSection": "Te\0ch",
}


def page(title: str, thing: str, said: str) -> bytes:
    """Each is about another thing: what an outlet's articles repeat would be taken out."""
    return f"{HEAD}{title and f'<h1>{title}</h1>'}{WORDS.format(thing=thing, said=said)}".encode()


PAGES = {
    "/harmless": page("Glass substrates are late", "glass", "again"),
    "/nul": page("Copper sub\0strates are late", "copper", "NU\0L"),
    "/references": page("Resin substrates are late", "resin", "&#0; &#xD83E;"),
    "/broken": page("Silver substrates are “late”", "silver", "“” “” “” “” “” “” @").replace(b"@", b"\xff"),
    "/json-ld": page(f'<script type="application/ld+json">{json.dumps(STATED)}</script>', "nickel", "again"),
    "/untitled": page("", "carbon", "again"),
}
R = "\ufffd"


class _Odd(BaseHTTPRequestHandler):
    """What no server of ours would answer: bytes that are no text in headers, an endless address to go on to."""

    headers_of: ClassVar = {"/nul": b"\0", "/latin": b"\xe8\xff\x85", "/utf-8": "漢🤖".encode()}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        feed = "".join(f"<item><link>{path}</link></item>" for path in (*self.headers_of, "/endless", "/harmless"))
        odd = self.headers_of.get(path, b"plain")
        if path == "/endless":
            lines = [b"HTTP/1.1 302 Found", b"Location: /" + b"x" * 3_000]
            body = b""
        elif path == "/robots.txt":
            lines, body = [b"HTTP/1.1 404 Not Found"], b""
        else:
            lines = [
                b"HTTP/1.1 200 OK",
                b'ETag: "' + odd + b'"',
                b"X-Odd: " + odd,
                b"Content-Type: text/html; odd=" + odd,
            ]
            body = page(f"What {path[1:9]} says is late", path[1:9], "again")
            if path == "/feed.xml":
                body = f"<rss version='2.0'><channel><title>Odd</title>{feed}</channel></rss>".encode()
        lines += [b"Content-Length: %d" % len(body), b"Connection: close", b"", body]
        self.wfile.write(b"\r\n".join(lines))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def odd(shared_installation: Installation) -> tuple[Installation, list[dict[str, Any]]]:
    """One outlet whose JSON Feed and pages are odd, one whose headers are, and the log of the round that read them."""
    installation, newsroom = shared_installation, shared_installation.newsroom
    pages = []
    for path, body in {**PAGES, "/feed.json": b"{}"}.items():
        file = installation.folder / f"odd{path.replace('/', '-')}"
        file.write_bytes(body)
        pages.append({"path": path, "file": str(file)})
    newsroom.add_outlet("odd", pages)
    base = newsroom.outlets["odd"]
    items: list[dict[str, str]] = [{"url": base + path, "summary": "\0", "id": f"{path}\0"} for path in PAGES]
    items[-1]["title"] = "Carbon substrates \0 are late \ud83e"
    items += [{"url": f"{base}/{'x' * 10_000}", "title": "Too long"}, {"url": f"{base}/\0", "title": "No address"}]
    items += [{"url": base + "/\ud83e", "title": "Half a pair"}, {"id": "1", "title": "No link"}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "\0", "items": items, "more": "@"}
    written = json.dumps(feed).replace('"@"', "1e400000")
    (installation.folder / "odd-feed.json").write_text(written, encoding="ascii")
    installation.configure(every="1h", looks=("1h",))
    for toml in (installation.config / "outlets").glob("*.toml"):
        if toml.stem == "odd":
            toml.write_text(toml.read_text().replace("/feed.xml", "/feed.json"))
        else:
            toml.unlink()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        bases = {"headers": f"http://127.0.0.1:{server.server_address[1]}"}
        write_outlet_files(
            installation.config / "outlets", bases, {"headers": "en"}, every="1h", looks=("1h",), gap="0s"
        )
        done = installation.once()
        server.shutdown()
    assert done.returncode == 0, done.stderr
    return installation, events(done.stderr)


def test_every_page_lands_cleaned_and_flagged(odd: tuple[Installation, list[dict[str, Any]]]) -> None:
    installation, _ = odd
    rows = installation.rows(
        "SELECT a.url, a.title, a.authors, a.text, r.cleaned FROM news.article a JOIN news.revision r ON r.article_id = a.id"
        " WHERE a.outlet = 'odd'"
    )
    found = {"/" + row["url"].rpartition("/")[2]: row for row in rows}
    assert {path: row["title"] for path, row in found.items()} == {
        "/harmless": "Glass substrates are late",
        "/nul": f"Copper sub{R}strates are late",
        "/references": "Resin substrates are late",
        "/broken": "Silver substrates are “late”",
        "/json-ld": f"Glass {R} substrates 🤖 {R}",
        "/untitled": f"Carbon substrates {R} are late {R}",
    }
    assert "says that again it heard" in found["/harmless"]["text"]
    assert f"says that NU{R}L it heard" in found["/nul"]["text"]
    assert f"says that {R} {R} it heard" in found["/references"]["text"]
    assert f"“” {R} it heard" in found["/broken"]["text"]
    assert {path: set(row["cleaned"]) for path, row in found.items()} == {
        "/harmless": set(),
        "/nul": {"removed_block", "text", "title"},  # its headline is taken out of the text
        "/references": {"text"},
        "/broken": {"text"},
        "/json-ld": {"section", "title"},
        "/untitled": {"title"},
    }


def test_what_is_no_address_is_refused_with_a_reason(odd: tuple[Installation, list[dict[str, Any]]]) -> None:
    installation, log = odd
    polled = [event for event in log if event.get("event") == "source_polled" and event["outlet"] == "odd"]
    assert [event["skipped"] for event in polled] == [{"url_too_long": 1, "bad_url": 2, "no_link": 1}]
    entries = installation.rows(
        "SELECT title, summary, guid, disposition FROM aiwire.entry WHERE outlet = 'odd' ORDER BY id"
    )
    assert [row.pop("title") for row in entries] == [None] * 5 + [f"Carbon substrates {R} are late {R}"]
    assert entries == [{"summary": R, "guid": None, "disposition": "stored"}] * len(PAGES)


def test_each_is_told_once_by_the_change_feed(odd: tuple[Installation, list[dict[str, Any]]]) -> None:
    installation, _ = odd
    told = installation.rows("SELECT kind, count(*) AS n FROM news.changes() GROUP BY kind")
    assert told == [{"kind": "new", "n": len(PAGES) + 4}]


def test_odd_headers_and_endless_addresses_cost_no_neighbour(odd: tuple[Installation, list[dict[str, Any]]]) -> None:
    installation, _ = odd
    entries = installation.rows("SELECT url, disposition, etag FROM aiwire.entry WHERE outlet = 'headers'")
    found = {"/" + row["url"].rpartition("/")[2]: (row["disposition"], row["etag"]) for row in entries}
    assert found == {
        "/nul": ("stored", None),  # mended it would be another one
        "/latin": ("stored", '"è\xff\x85"'),
        "/utf-8": ("stored", '"漢🤖"'.encode().decode("latin-1")),
        "/endless": ("failed", None),
        "/harmless": ("stored", '"plain"'),
    }
    rows = installation.rows(
        "SELECT url, headers FROM aiwire.capture WHERE url LIKE '%%/nul' AND headers::text LIKE '%%X-Odd%%'"
    )
    assert [["X-Odd", R] in row["headers"] for row in rows] == [True]
