"""4,231 real robots.txt files, and those of crawler-commons with what its tests expect of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from protego import Protego

from pipelines.discovery.robots import RobotsRules, parse_robots

SITE = "http://domain.example"
PATHS = (
    "/",
    "/news/",
    "/2026/01/12/openai-presenta-un-modello.html",
    "/feed/",
    "/search?q=ai",
    "/tag/ai/",
    "/index.php?id=3",
)
OTHERWISE = {
    "bitbucket.org",  # User-agent, Crawl-delay, User-agent make one group (RFC 9309 section 2.2.4)
    "www.congress.gov",
    "www.khaleejtimes.com",
    "www.monstersandcritics.com",
    "www.airasia.com",  # `Disallow: index.php` is meant for /index.php
    "www.epa.gov",
    "www.clickbank.com",  # `User-agent: : *`
    "stockcharts.com",  # `Allow: /x/index.html` allows /x/ for Google, but not by the RFC
    "www.telstra.com.au",
    "www.toyoko-inn.com",
}
"""Where we read a file otherwise than Protego, Scrapy's parser, on purpose."""


@pytest.fixture
def expected(shared: Path) -> Callable[[str, str], RobotsRules]:
    folder = shared / "data/corpora/crawler-commons-robots/src/test/resources/robots"
    return lambda name, agent: parse_robots((folder / f"{name}.txt").read_bytes(), agent=agent)


@pytest.mark.slow
def test_real_files_are_read_as_scrapys_parser_reads_them(shared: Path) -> None:
    files = sorted(path for path in (shared / "data/corpora/robots-wild/tests/test_data").rglob("*") if path.is_file())
    differing = set()

    for path in files:
        body = path.read_bytes()
        ours = parse_robots(body, agent="aiwire")
        theirs = Protego.parse(body.decode("utf-8", "ignore").lstrip("\ufeff"))
        if any(ours.allows(url) != theirs.can_fetch(url, "aiwire") for url in _urls(body)):
            differing.add(path.name)
        assert RobotsRules.from_json(json.loads(json.dumps(ours.to_json()))) == ours

    assert len(files) == 4_231
    assert differing == OTHERWISE


@pytest.mark.parametrize(
    ("name", "agent", "path", "allowed"),
    [
        ("robots-with-utf8-bom", "foobot", "/profile", False),
        ("robots-with-utf16le-bom", "foobot", "/profile", False),
        ("robots-with-utf16be-bom", "foobot", "/profile", False),
        ("www.flot.com-robots", "foobot", "/img/", False),
        ("directive-typos-robots", "bot1", "/desallow/", False),
        ("directive-typos-robots", "bot1", "/dissalow/", False),
        ("directive-typos-robots", "bot2", "/useragent/", False),
        ("directive-typos-robots", "bot3", "/useg-agent/", False),
        ("directive-typos-robots", "bot4", "/useragent-no-colon/", False),
        ("format-errors-robots", "bot1", "/whitespace-before-colon/", False),
        ("format-errors-robots", "bot1", "/no-colon/", False),
        ("format-errors-robots", "bot2", "/no-colon-useragent/", False),
        ("format-errors-robots", "bot3", "/whitespace-before-colon/", True),
        ("format-errors-robots", "bot3", "/other/", False),
        ("many-user-agents", "wget", "/", False),
        ("many-user-agents", "nobody", "/", True),
        ("many-user-agents", "nobody", "/bot-trap/", False),
        ("malformed-path", "bot1", "/wiki/Wikipedia_talk:Mediation_Committee/", False),
        ("malformed-path", "bot1", "/wiki/", True),
        ("dos-line-endings", "bot1", "/", True),
        ("wildcards", "anybot", "/wishlist/bogus", False),
        ("wildcards", "anybot", "/wishlist/universal/page", True),
        ("wildcards", "anybot", "/anydirectoryhere/gcrnsts", False),
        ("rfc9309-example-simple-robots", "foobot", "/example/page.html", True),
        ("rfc9309-example-simple-robots", "foobot", "/example/other.html", False),
        ("rfc9309-example-simple-robots", "bazbot", "/example/page.html", False),
        ("rfc9309-example-simple-robots", "bazbot", "/example/disallowed.gif", True),
        ("rfc9309-example-simple-robots", "quxbot", "/example/page.html", True),
        ("rfc9309-example-simple-robots", "otherbot", "/publications/a.gif", True),
        ("rfc9309-example-simple-robots", "otherbot", "/example/page.html", False),
        ("rfc9309-example-longest-match-robots", "foobot", "/example/page/x", True),
        ("rfc9309-example-longest-match-robots", "foobot", "/example/page/disallowed.gif", False),
        ("rfc9309-example-rule-group-merging", "examplebot", "/foo", False),
        ("rfc9309-example-rule-group-merging", "examplebot", "/baz", False),
        ("rfc9309-example-rule-group-merging", "bazbot", "/foo", True),
        ("merge-rules", "wget", "/foo/bar", True),
        ("merge-rules", "wget", "/tmp/bar", False),
        ("precedence-of-rules", "wget", "/foo", True),
        ("precedence-of-rules", "wget", "/else", False),
        ("precedence-of-rules", "testy", "/foo/bar", True),
        ("precedence-of-rules", "testy", "/foo/baz", False),
        ("crawl-delay-group-merging", "mybot", "/private/", False),
        ("crawl-delay-group-merging", "yourbot", "/login/", False),
        ("crawl-delay-group-merging", "anybot", "/private/", True),
        ("extensions-group-merging", "mybot", "/private/", False),
        ("extensions-group-merging", "mybot", "/login/", False),
        ("extensions-group-merging", "anybot", "/llms.txt", True),
        ("extensions-group-merging", "anybot", "/x", False),
        ("extension-robots", "mybot", "/private/", False),
    ],
)
def test_crawler_commons_expectation(
    expected: Callable[[str, str], RobotsRules], name: str, agent: str, path: str, *, allowed: bool
) -> None:
    assert expected(name, agent).allows(SITE + path) is allowed


def test_crawler_commons_delays_and_sitemaps(expected: Callable[[str, str], RobotsRules]) -> None:
    assert expected("crawl-delay-group-merging", "mybot").crawl_delay == 10
    assert expected("crawl-delay-group-merging", "yourbot").crawl_delay is None
    assert expected("crawl-delay-group-merging", "anybot").crawl_delay == 30
    assert expected("dos-line-endings", "bot1").crawl_delay == 1
    assert len(expected("sitemap-robots", "bot1").sitemaps) == 2  # the third is a line without a directive
    assert len(expected("sitemap-robots-dedup", "bot1").sitemaps) == 1


def _urls(body: bytes) -> Iterator[str]:
    """Usual paths, and those that the file's own rules are about."""
    ruled = re.findall(rb"^(?:dis)?allow:\s*(/\S*)", body, re.IGNORECASE | re.MULTILINE)[:30]
    for path in ruled:
        yield SITE + path.decode("utf-8", "replace").replace("*", "x").rstrip("$")
    for path in PATHS:
        yield SITE + path
