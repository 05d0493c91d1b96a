"""The newsroom behaves like sites, misbehaves on command, and comes back as it was."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawler.newsroom.articles import SITES, all_articles, biographies
from crawler.newsroom.client import Newsroom, NewsroomError
from crawler.newsroom.misbehaviour import MODES
from crawler.newsroom.pages import article_page
from crawler.outlets import load_outlets
from pipelines import ingest
from pipelines.discovery import discover
from pipelines.discovery.robots import parse_robots
from pipelines.records import Context, Discovery, Page, SourceKind

CHECKOUT = Path(__file__).resolve().parents[2]
HELD, CORRECTED, RENAMED = (
    "chipwire/export-rule-gap",
    "gazzetta-ia/data-center-sulle-alpi",
    "chipwire/power-grid-queue",
)
SOURCES = [(slug, kind, path) for slug, site in SITES.items() for kind, path in site.sources]
ADDRESSES = [
    *((slug, path) for slug, _, path in SOURCES),
    ("gazzetta-ia", "/robots.txt"),
    ("chipwire", "/"),
    ("chipwire", "/2026/power-grid-queue"),
    ("rechenblatt", "/amp/artikel/bank-ersetzt-hotline.html"),
]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(url: str, method: str = "GET", *, patience: float = 20, body: bytes | None = None, **headers: str) -> Answer:
    """One request, with nothing done on our behalf: no redirect, no decompression, no Accept-Encoding."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(method, target, skip_accept_encoding=True, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def read(newsroom: Newsroom, slug: str, kind: str, path: str) -> Discovery:
    """A source as aiwire reads it."""
    url = newsroom.outlets[slug] + path
    answer = ask(url)
    return discover(
        SourceKind(kind),
        answer.body,
        url=url,
        content_type=answer.headers["content-type"],
        link_pattern=SITES[slug].link_pattern if kind == "listing" else None,
        timezone=SITES[slug].timezone,
        now=datetime(2026, 6, 1, tzinfo=UTC),
    )


def links(newsroom: Newsroom, slug: str) -> set[str]:
    """Every address that an outlet's sources announce, without tracking parameters."""
    found = (read(newsroom, slug, kind, path) for kind, path in SITES[slug].sources)
    return {entry.url.partition("?")[0] for discovery in found for entry in discovery.entries}


def eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        return ask(url).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """One that nobody commands."""
    with Newsroom(tmp_path_factory.mktemp("quiet")) as running:
        yield running


@pytest.fixture(scope="module")
def _moods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with Newsroom(tmp_path_factory.mktemp("moody")) as running:
        yield running


@pytest.fixture
def moody(_moods: Newsroom) -> Iterator[Newsroom]:
    """One that misbehaves and is calmed after each test."""
    yield _moods
    for slug in SITES:
        _moods.calm(slug)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with Newsroom(tmp_path / "newsroom") as running:
        yield running
        assert running.deaths == 0


# -- what it shows -------------------------------------------------------------------------------------------------


def test_articles_are_as_many_and_as_different_as_promised() -> None:
    articles = all_articles()
    by_outlet = {slug: [a for a in articles.values() if a.outlet == slug] for slug in SITES}
    assert {slug: len(found) for slug, found in by_outlet.items()} == {
        "gazzetta-ia": 13,
        "chipwire": 10,
        "rechenblatt": 8,
    }
    assert len({a.template for a in by_outlet["gazzetta-ia"]}) == 5
    for slug, found in by_outlet.items():
        assert sum(a.held for a in found) == 2, slug
        assert sum(a.correction is not None for a in found) == 1, slug
        assert {a.relevant for a in found} == {True, False}, slug
        assert any("Bloomberg" in a.credited for a in found), slug


@pytest.mark.parametrize("key", all_articles())
def test_article_is_written_whole(key: str) -> None:
    article = all_articles()[key]
    assert len(article.body) >= 4
    assert set(article.authors) <= biographies().keys()
    assert all(name in article.text for name in article.credited)
    if article.correction:
        assert article.corrected().text != article.text
        # A feed's readers learn of a correction by its date.
        assert article.correction.modified or "feed" not in dict(SITES[article.outlet].sources)


@pytest.fixture(scope="module")
def _configured() -> None:
    ingest.configure(str(CHECKOUT / "config"))


@pytest.mark.usefixtures("_configured")
@pytest.mark.parametrize("key", all_articles())
def test_page_gives_what_stands_beside_it(key: str) -> None:
    written = all_articles()[key]
    site, base = SITES[written.outlet], "http://127.0.0.1:20000"
    for article in (written, written.corrected()):
        page = Page(url=base + article.path, body=article_page(article, base).encode(), fetched_at=datetime.now(UTC))
        found = ingest.ingest(page, Context(outlet_name=site.name, language=site.language, timezone=site.timezone))
        extraction = found.extraction
        assert extraction.text == article.text
        assert extraction.title is not None
        assert extraction.title.value == article.title
        assert (extraction.authors.value if extraction.authors else ()) == article.authors
        assert extraction.published is not None
        assert extraction.published.value.isoformat() == article.published
        assert (extraction.modified.value.isoformat() if extraction.modified else None) == article.modified
        assert sorted({one.credited for one in found.attributions}) == sorted(article.credited)
        assert found.relevance.relevant is article.relevant


def test_every_published_article_is_announced_and_answers(quiet: Newsroom) -> None:
    expected = quiet.expected()
    assert len(expected) == 24
    for slug in SITES:
        own = quiet.expected(slug)
        assert own.keys() <= links(quiet, slug)
    for url, article in expected.items():
        answer = ask(url)
        assert answer.status == 200
        assert article.title.replace("'", "&#x27;").replace('"', "&quot;") in answer.body.decode()


def test_feed_has_guids_dates_and_tracking_parameters(quiet: Newsroom) -> None:
    entries = read(quiet, "chipwire", "feed", "/feed.xml").entries
    assert all("?utm_source=rss&utm_medium=feed" in entry.url for entry in entries)
    published = {entry.title: entry.published.isoformat() for entry in entries if entry.published}
    assert published == {article.title: article.published for article in quiet.expected("chipwire").values()}
    assert len({entry.guid for entry in entries}) == len(entries) == 8
    assert all(entry.summary for entry in entries)


def test_atom_and_news_sitemap_announce_the_same_articles_one_under_two_addresses(quiet: Newsroom) -> None:
    atom, sitemap = (
        {entry.title: entry for entry in read(quiet, "rechenblatt", kind, path).entries}
        for kind, path in SITES["rechenblatt"].sources
    )
    assert atom.keys() == sitemap.keys() == {article.title for article in quiet.expected("rechenblatt").values()}
    offsets = {entry.published.isoformat()[-6:] for entry in atom.values() if entry.published}
    assert offsets == {"+01:00", "+02:00"}
    elsewhere = [title for title, entry in atom.items() if entry.url != sitemap[title].url]
    assert len(elsewhere) == 1
    assert ask(atom[elsewhere[0]].url).body == ask(sitemap[elsewhere[0]].url).body


def test_robots_txt_forbids_an_article_that_the_listing_links_to(quiet: Newsroom) -> None:
    base = quiet.outlets["gazzetta-ia"]
    rules = parse_robots(ask(f"{base}/robots.txt").body, agent="aiwire")
    forbidden = [url for url in links(quiet, "gazzetta-ia") if not rules.allows(url)]
    assert len(forbidden) == 1
    assert ask(forbidden[0]).status == 200
    assert forbidden[0] not in quiet.expected()
    assert all(rules.allows(url) for url in quiet.expected("gazzetta-ia"))


# -- HTTP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slug", "path"), ADDRESSES)
def test_unchanged_page_is_not_sent_again(quiet: Newsroom, slug: str, path: str) -> None:
    url = quiet.outlets[slug] + path
    first = ask(url)
    etag, changed = first.headers["etag"], first.headers["last-modified"]
    for validator in ({"If_None_Match": etag}, {"If_None_Match": f'"x", W/{etag}'}, {"If_Modified_Since": changed}):
        again = ask(url, **validator)
        assert (again.status, again.body) == (304, b""), validator
        assert again.headers["etag"] == etag
    for validator in ({"If_None_Match": '"other"', "If_Modified_Since": changed}, {"If_Modified_Since": "yesterday"}):
        assert ask(url, **validator).body == first.body, validator


@pytest.mark.parametrize(("slug", "path"), ADDRESSES)
def test_gzip_is_sent_to_those_who_accept_it(quiet: Newsroom, slug: str, path: str) -> None:
    url = quiet.outlets[slug] + path
    plain, packed = ask(url), ask(url, Accept_Encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    assert ask(url, Accept_Encoding="gzip", If_None_Match=packed.headers["etag"]).status == 304
    assert "content-encoding" not in ask(url, Accept_Encoding="gzip;q=0, identity").headers


def test_what_is_not_there_or_not_asked_politely_is_told(quiet: Newsroom) -> None:
    base = quiet.outlets["chipwire"]
    assert ask(f"{base}/2026/nothing-here").status == 404
    assert ask(f"{base}/2026/export-rule-gap").status == 404  # held back
    assert ask(f"{base}/feed.xml", "POST").status == 405
    head = ask(f"{base}/feed.xml", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == ask(f"{base}/feed.xml").headers["etag"]


# -- commands ------------------------------------------------------------------------------------------------------


def test_publication_is_announced_and_leaves_other_pages_alone(newsroom: Newsroom) -> None:
    other = newsroom.outlets["chipwire"] + "/2026/power-grid-queue"
    feed = newsroom.outlets["chipwire"] + "/feed.xml"
    before, feed_before = ask(other), ask(feed)
    newsroom.publish(HELD)
    url = newsroom.outlets["chipwire"] + "/2026/export-rule-gap"
    assert newsroom.expected()[url].title in ask(url).body.decode()
    assert url in links(newsroom, "chipwire")
    assert ask(other, If_None_Match=before.headers["etag"]).status == 304
    assert ask(feed, If_None_Match=feed_before.headers["etag"]).status == 200
    assert ask(feed, If_Modified_Since=feed_before.headers["last-modified"]).status == 200


@pytest.mark.parametrize("key", [key for key, article in all_articles().items() if article.correction])
def test_correction_shows_and_ends_what_validators_said(newsroom: Newsroom, key: str) -> None:
    url = newsroom.outlets[key.partition("/")[0]] + all_articles()[key].path
    before, text = ask(url), newsroom.expected()[url].text
    newsroom.edit(key)
    assert ask(url, If_None_Match=before.headers["etag"]).status == 200
    after = ask(url, If_Modified_Since=before.headers["last-modified"])
    fresh = newsroom.expected()[url].text
    added = (set(fresh.split("\n")) - set(text.split("\n"))).pop()
    assert added in after.body.decode()
    assert added not in before.body.decode()


def test_withdrawn_article_is_gone_until_it_is_published_again(newsroom: Newsroom) -> None:
    url = newsroom.outlets["chipwire"] + "/2026/power-grid-queue"
    newsroom.withdraw(RENAMED)
    assert ask(url).status == 410
    assert url not in links(newsroom, "chipwire")
    assert url not in newsroom.expected()
    newsroom.publish(RENAMED)
    assert ask(url).status == 200
    assert url in newsroom.expected()


def test_renamed_article_redirects_from_every_former_address_and_keeps_its_guid(newsroom: Newsroom) -> None:
    base = newsroom.outlets["chipwire"]

    def guid() -> str | None:
        entries = read(newsroom, "chipwire", "feed", "/feed.xml").entries
        return next(entry.guid for entry in entries if entry.title == all_articles()[RENAMED].title)

    before = guid()
    newsroom.rename(RENAMED, "batteries")
    newsroom.rename(RENAMED, "batteries-for-ai")
    for former in ("power-grid-queue", "batteries"):
        moved = ask(f"{base}/2026/{former}")
        assert (moved.status, moved.headers["location"]) == (301, f"{base}/2026/batteries-for-ai")
    page = ask(f"{base}/2026/batteries-for-ai").body.decode()
    assert f'<link rel="canonical" href="{base}/2026/batteries-for-ai">' in page
    assert f"{base}/2026/batteries-for-ai" in newsroom.expected()
    assert guid() == before
    newsroom.rename(RENAMED, "power-grid-queue")
    assert ask(f"{base}/2026/power-grid-queue").status == 200
    assert [request.status for request in newsroom.requests() if request.path == "/2026/batteries"] == [301]


def test_senseless_commands_are_refused_with_the_reason(quiet: Newsroom) -> None:
    refused = [
        (lambda: quiet.publish("chipwire/no-such-thing"), "no article 'chipwire/no-such-thing'"),
        (lambda: quiet.edit(RENAMED), "no correction"),
        (lambda: quiet.withdraw(HELD), "not published"),
        (lambda: quiet.rename(RENAMED, "No Slug"), "is no slug"),
        (lambda: quiet.rename(RENAMED, "e-ink-tablet-review"), "already"),
        (lambda: quiet.misbehave("chipwire", "explode"), "no such mode"),
        (lambda: quiet.misbehave("chipwir", "500"), "no such outlet"),
        (lambda: quiet.add_outlet("chipwire", []), "no slug for another outlet"),
        (lambda: quiet.add_outlet("new", [{"path": "/a", "file": "/nowhere"}]), "no file /nowhere"),
    ]
    for command, reason in refused:
        with pytest.raises(NewsroomError, match=reason):
            command()


def test_control_listens_to_no_web_page(quiet: Newsroom) -> None:
    order = json.dumps({"do": "publish", "article": HELD}).encode()
    assert ask(quiet.control, "POST", body=order, Content_Type="text/plain").status == 415
    rebound = ask(quiet.control, "POST", body=order, Content_Type="application/json", Host="evil.example")
    assert rebound.status == 403
    assert quiet.outlets["chipwire"] + "/2026/export-rule-gap" not in quiet.expected()


# -- misbehaviour --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["500", "503", "429", "404"])
def test_failing_outlet_fails_as_often_as_told_and_robots_txt_never(moody: Newsroom, mode: str) -> None:
    feed = moody.outlets["chipwire"] + "/feed.xml"
    moody.misbehave("chipwire", mode, count=2)
    assert ask(moody.outlets["chipwire"] + "/robots.txt").status == 200
    first = ask(feed)
    assert first.status == int(mode)
    assert first.headers.get("retry-after") == ("2" if mode in ("503", "429") else None)
    assert [ask(feed).status for _ in range(2)] == [int(mode), 200]
    assert ask(moody.outlets["rechenblatt"] + "/atom.xml").status == 200


def test_calmed_outlet_answers_again(moody: Newsroom) -> None:
    moody.misbehave("rechenblatt", "500")
    assert ask(moody.outlets["rechenblatt"] + "/atom.xml").status == 500
    moody.calm("rechenblatt")
    assert ask(moody.outlets["rechenblatt"] + "/atom.xml").status == 200


def test_slow_outlet_answers_those_who_wait(moody: Newsroom) -> None:
    feed = moody.outlets["chipwire"] + "/feed.xml"
    before = len(moody.requests())
    moody.misbehave("chipwire", "slow", count=2)
    with pytest.raises(TimeoutError):
        ask(feed, patience=0.2)
    assert ask(feed).status == 200
    assert sorted(request.status for request in moody.requests(before)) == [0, 200]


def test_hanging_outlet_answers_nobody_and_does_not_delay_the_end(newsroom: Newsroom) -> None:
    newsroom.misbehave("chipwire", "hang")
    parts = urlsplit(newsroom.outlets["chipwire"])
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as waiting:
        waiting.sendall(b"GET /feed.xml HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: [request.status for request in newsroom.requests()] == [0], "the request is noted")
        assert ask(newsroom.outlets["rechenblatt"] + "/atom.xml").status == 200
        process = newsroom._process
        newsroom.stop()
        assert waiting.recv(1) == b""
    assert process is not None
    assert process.returncode == 0  # it had not to be killed


def test_resetting_outlet_resets(moody: Newsroom) -> None:
    before = len(moody.requests())
    moody.misbehave("chipwire", "reset", count=1)
    with pytest.raises(ConnectionResetError):
        ask(moody.outlets["chipwire"] + "/feed.xml")
    assert ask(moody.outlets["chipwire"] + "/feed.xml").status == 200
    assert [request.status for request in moody.requests(before)] == [0, 200]


@pytest.mark.parametrize(
    ("mode", "slug", "held", "start"),
    [
        ("garbage-feed", "chipwire", "/feed.xml", b"\x00\x01<rss>"),
        ("html-for-feed", "chipwire", "/feed.xml", b"<!doctype html>"),
        ("empty-listing", "gazzetta-ia", "/altro/mondo", b"<html><body><a href='/prodotti/"),
        ("killer-page", "chipwire", "/2026/power-grid-queue", b"<html><body><p><b>a</p><p><b>"),
        ("deep-page", "chipwire", "/2026/power-grid-queue", b"<html><body><div><div><div>"),
    ],
    ids=lambda value: value if value in MODES else "",
)
def test_misplaced_content_concerns_sources_or_articles_alone(
    moody: Newsroom, mode: str, slug: str, held: str, start: bytes
) -> None:
    source = SITES[slug].sources[-1][1]
    article = next(iter(moody.expected(slug)))
    spared = article if held == source else moody.outlets[slug] + source
    moody.misbehave(slug, mode)
    shown = ask(moody.outlets[slug] + held)
    assert (shown.status, shown.body[: len(start)]) == (200, start)
    assert len(shown.body) < 8_000_000
    assert b"<style>" in ask(spared).body or b"<rss" in ask(spared).body


def test_robots_txt_can_fail_alone(moody: Newsroom) -> None:
    moody.misbehave("chipwire", "robots-500")
    assert ask(moody.outlets["chipwire"] + "/robots.txt").status == 500
    assert ask(moody.outlets["chipwire"] + "/feed.xml").status == 200


def test_every_mode_is_known_to_the_control(moody: Newsroom) -> None:
    for mode in MODES:
        moody.misbehave("rechenblatt", mode, count=0)
    assert ask(moody.outlets["rechenblatt"] + "/atom.xml").status == 200


# -- the log -------------------------------------------------------------------------------------------------------


def test_requests_are_noted_with_what_was_asked_and_answered(newsroom: Newsroom) -> None:
    feed = newsroom.outlets["chipwire"] + "/feed.xml"
    etag = ask(feed, User_Agent="aiwire/test").headers["etag"]
    ask(f"{feed}?page=2", If_None_Match=etag, If_Modified_Since="Mon, 12 Jan 2026 00:00:00 GMT")
    ask(newsroom.outlets["rechenblatt"] + "/nothing", "HEAD")
    first, second, third = newsroom.requests()
    assert (first.outlet, first.method, first.path, first.status) == ("chipwire", "GET", "/feed.xml", 200)
    assert (first.agent, first.conditional) == ("aiwire/test", False)
    assert first.bytes == len(ask(feed).body)
    assert (second.path, second.status, second.bytes) == ("/feed.xml?page=2", 304, 0)
    assert (second.if_none_match, second.if_modified_since) == (etag, "Mon, 12 Jan 2026 00:00:00 GMT")
    assert (third.outlet, third.method, third.status, third.bytes) == ("rechenblatt", "HEAD", 404, 0)
    assert first.at <= second.at <= third.at
    assert newsroom.requests(2)[0] == third
    kept = (newsroom.folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["path"] for line in kept] == ["/feed.xml", "/feed.xml?page=2", "/nothing", "/feed.xml"]


# -- its life ------------------------------------------------------------------------------------------------------


def test_restarted_newsroom_has_its_ports_what_it_published_and_its_log(tmp_path: Path) -> None:
    with Newsroom(tmp_path) as first:
        first.publish(HELD)
        first.edit(CORRECTED)
        first.withdraw("rechenblatt/radweg-am-kanal")
        first.rename(RENAMED, "batteries")
        first.add_outlet("added", [{"path": "/one", "body": "<p>One</p>", "title": "One"}])
        first.misbehave("gazzetta-ia", "500")
        bases, expected = first.bases, first.expected()
        etags = {url: ask(url).headers["etag"] for url in [*expected, bases["added"] + "/one"] if "altro" not in url}
    with Newsroom(tmp_path) as again:
        assert again.bases == bases
        assert again.expected() == expected
        assert {ask(url, If_None_Match=etag).status for url, etag in etags.items()} == {304}
        assert ask(bases["rechenblatt"] + "/artikel/radweg-am-kanal.html").status == 410
        assert ask(bases["gazzetta-ia"] + "/altro/mondo").status == 200
        assert [request.status for request in again.requests()] == [200] * len(etags) + [304] * len(etags) + [410, 200]


def test_taken_port_is_told(tmp_path: Path) -> None:
    with Newsroom(tmp_path) as first:
        port = urlsplit(first.outlets["gazzetta-ia"]).port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port or 0))
        other.listen()
        with pytest.raises(NewsroomError, match=f"port {port}, which the newsroom keeps for gazzetta-ia, is taken"):
            Newsroom(tmp_path).start()


def test_killed_newsroom_comes_back_at_the_same_addresses_as_it_was(tmp_path: Path) -> None:
    with Newsroom(tmp_path) as newsroom:
        bases = newsroom.bases
        newsroom.publish(HELD)
        os.kill(newsroom.pid, signal.SIGKILL)
        eventually(lambda: newsroom.deaths == 1, "its death is noticed")
        newsroom.edit(CORRECTED)
        assert newsroom.bases == bases
        assert ask(newsroom.outlets["chipwire"] + "/2026/export-rule-gap").status == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_newsroom_ends_with_whoever_started_it(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import sys, pathlib\nfrom crawler.newsroom.client import Newsroom\nnewsroom = Newsroom(pathlib.Path(sys.argv[1]))\n"
        "newsroom.start()\nprint(newsroom.outlets['chipwire'], flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    ) as parent:
        assert parent.stdout is not None
        feed = parent.stdout.readline().strip() + "/feed.xml"
        assert answers(feed)
        parent.send_signal(number)
    eventually(lambda: not answers(feed), "the newsroom has ended")


def test_newsroom_ends_with_its_parent_whose_fork_lives_on(tmp_path: Path) -> None:
    """The fork holds the pipe's other end: nothing is read from it."""
    program = (
        "import os, sys, pathlib, time\nfrom crawler.newsroom.client import Newsroom\n"
        "newsroom = Newsroom(pathlib.Path(sys.argv[1]))\nnewsroom.start()\nfork = os.fork()\n"
        "print(newsroom.outlets['chipwire'], fork, flush=True) if fork else time.sleep(60)\ntime.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    ) as parent:
        assert parent.stdout is not None
        base, fork = parent.stdout.readline().split()
        try:
            assert answers(f"{base}/feed.xml")
            parent.kill()
            eventually(lambda: not answers(f"{base}/feed.xml"), "the newsroom has ended")
        finally:
            os.kill(int(fork), signal.SIGKILL)


def test_newsroom_runs_by_hand_and_ends_on_sigterm(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "crawler.newsroom", "--state", str(tmp_path / "new" / "folder")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["pid"] == process.pid
        assert told["outlets"].keys() == SITES.keys()
        assert ask(told["control"] + "/requests").body == b"[]"
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


# -- outlets of pages brought along, and configuration -------------------------------------------------------------


def test_pages_brought_along_are_served_as_they_are(newsroom: Newsroom, tmp_path: Path) -> None:
    latin = "<html><head><meta charset=iso-8859-1></head><p>Perché \x00 no</p>".encode("latin-1")
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(latin))
    (tmp_path / "plain.html").write_bytes(latin)
    newsroom.add_outlet(
        "brought-along",
        [
            {"path": "/2026/perch%C3%A9?id=7", "file": str(tmp_path / "page.html.gz"), "title": "Perché & come"},
            {"path": "/plain", "file": str(tmp_path / "plain.html"), "published": "Mon, 12 Jan 2026 10:00:00 +0100"},
            {"path": "/given", "body": "<p>Né né</p>", "title": "Né"},
        ],
        language="it",
    )
    base = newsroom.outlets["brought-along"]
    found = discover(
        SourceKind.FEED, ask(f"{base}/feed.xml").body, url=f"{base}/feed.xml", now=datetime(2026, 6, 1, tzinfo=UTC)
    )
    assert [entry.url for entry in found.entries] == [f"{base}/2026/perch%C3%A9?id=7", f"{base}/plain", f"{base}/given"]
    assert found.entries[0].title == "Perché & come"
    assert found.entries[1].published is not None
    assert [ask(entry.url).body for entry in found.entries] == [latin, latin, "<p>Né né</p>".encode()]
    first = ask(found.entries[0].url)
    assert first.headers["content-type"] == "text/html"  # its encoding is for the reader to find out
    assert ask(found.entries[0].url, If_None_Match=first.headers["etag"]).status == 304
    newsroom.misbehave("brought-along", "html-for-feed", count=1)
    assert b"<rss" not in ask(f"{base}/feed.xml").body


def test_outlets_are_written_as_aiwire_wants_them(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.add_outlet("added", [{"path": "/one", "body": "<p>Uno</p>"}], language="it")
    newsroom.write_outlets(tmp_path / "config", every="3s", looks=("4s", "1h"))
    outlets = {outlet.slug: outlet for outlet in load_outlets(tmp_path / "config")}
    assert outlets.keys() == newsroom.outlets.keys()
    assert [source.url for outlet in outlets.values() for source in outlet.sources if outlet.slug in SITES] == [
        newsroom.outlets[slug] + path for slug, _, path in sorted(SOURCES, key=lambda source: source[0])
    ]
    assert (outlets["added"].language, outlets["gazzetta-ia"].country) == ("it", "IT")
    assert all(outlet.local and outlet.gap == 0 and outlet.second_looks == (4, 3600) for outlet in outlets.values())
    assert all(outlet.poll.every == 3 for outlet in outlets.values())
