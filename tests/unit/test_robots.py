"""robots.txt after RFC 9309: which group counts, which rule wins, and what is read from broken files."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.discovery.robots import ALLOW_ALL, BYTES_MOST, DENY_ALL, RobotsRules, parse_robots

SITE = "https://outlet.example"


def rules(text: str, agent: str = "aiwire") -> RobotsRules:
    return parse_robots(text.encode(), agent=agent)


def allows(text: str, path: str) -> bool:
    return rules(text).allows(SITE + path)


def test_empty_file_allows_everything() -> None:
    assert parse_robots(b"", agent="aiwire") == ALLOW_ALL
    assert ALLOW_ALL.allows(f"{SITE}/x")


def test_unreachable_file_forbids_everything_but_itself() -> None:
    assert not DENY_ALL.allows(f"{SITE}/")
    assert not DENY_ALL.allows(SITE)
    assert DENY_ALL.allows(f"{SITE}/robots.txt")


def test_own_group_replaces_that_of_everyone() -> None:
    text = "User-agent: *\nDisallow: /\nCrawl-delay: 60\n\nUser-agent: AIWire\nDisallow: /private\n"

    assert allows(text, "/news")
    assert not allows(text, "/private/x")
    assert rules(text).crawl_delay is None


def test_group_of_everyone_counts_for_an_agent_that_is_not_named() -> None:
    text = "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /search\n"

    assert allows(text, "/news")
    assert not allows(text, "/search?q=ai")


def test_groups_that_name_one_agent_are_merged() -> None:
    text = "User-agent: aiwire\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nUser-agent: aiwire\nDisallow: /b\n"

    assert [path for path in ("/a", "/b", "/c") if allows(text, path)] == ["/c"]


def test_consecutive_agents_share_a_group() -> None:
    assert not allows("User-agent: other\nUser-agent: aiwire\nUser-agent: third\nDisallow: /x", "/x")


def test_records_that_are_no_rules_do_not_end_a_list_of_agents() -> None:
    """RFC 9309 section 2.2.4; the delay itself is for the agents right above it."""
    text = "User-agent: aiwire\nCrawl-delay: 10\nSitemap: https://e.example/s\nUser-agent: b\nCrawl-delay: 20\nDisallow: /p\n"

    assert not rules(text).allows(f"{SITE}/p")
    assert rules(text).crawl_delay == 10
    assert rules(text, "b").crawl_delay == 20


@pytest.mark.parametrize(
    "line",
    [
        "User-agent: aiwire",
        "USER-AGENT:AIWIRE",
        "user-agent : aiwire/2.0",
        "useragent: aiwire",
        "User agent: aiwire",
        "User-agent aiwire",
        "User-agent: one, aiwire, three",
        "User-agent: Mozilla/5.0 (compatible; aiwire/1.0; +https://e.example/)",
        "\ufeffUser-agent: aiwire   # that's us",
    ],
)
def test_agent_is_recognised(line: str) -> None:
    assert not allows(f"{line}\nDisallow: /x\n", "/x")


@pytest.mark.parametrize("agent", ["aiwire2", "notaiwire", "ai", "aiwire-news", "Googlebot*", "https://aiwire"])
def test_agent_of_another_name_is_not_ours(agent: str) -> None:
    assert allows(f"User-agent: {agent}\nDisallow: /x\n", "/x")


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("/fish", "/fish.html", True),
        ("/fish", "/Fish", False),
        ("/fish", "/catfish", False),
        ("/fish*", "/fishheads/x", True),
        ("/fish/", "/fish", False),
        ("/*.php", "/a/b.php?c=d", True),
        ("/*.php$", "/a/b.php?c=d", False),
        ("/*.php$", "/a/b.php", True),
        ("*.gif$", "/img/a.gif", True),
        ("/a*b*c$", "/a-b-c", True),
        ("/a*b*c$", "/a-c-b", False),
        ("/ab*bc$", "/abc", False),
        ("/$", "/", True),
        ("/$", "/x", False),
        ("/*?", "/x?", True),
        ("/*?", "/x", False),
        ("nested/path", "/nested/path", True),
        ("/%7Ejoe", "/~joe", True),
        ("/~joe", "/%7ejoe", True),
        ("/caffè", "/caff%c3%a8", True),
        ("/a%2Fb", "/a/b", False),
        ("/file-with-a-%2A.html", "/file-with-a-*.html", True),
        ("/price-%24", "/price-$", True),
        ("/a$b", "/a$b", True),
        ("/x", "/X%", False),
    ],
)
def test_pattern_matches_as_section_2_2_says(pattern: str, path: str, *, matched: bool) -> None:
    assert allows(f"User-agent: *\nDisallow: {pattern}\n", path) is not matched


def test_longest_pattern_decides_and_allow_wins_a_tie() -> None:
    text = "User-agent: *\nDisallow: /\nAllow: /news/\nDisallow: /news/private\nAllow: /news/private\nDisallow: /news/*.pdf\n"

    assert allows(text, "/news/a")
    assert allows(text, "/news/private")
    assert not allows(text, "/news/report.pdf")
    assert not allows(text, "/other")


def test_empty_disallow_forbids_nothing() -> None:
    assert allows("User-agent: *\nDisallow:\n", "/x")


def test_rules_above_any_agent_are_nobodys() -> None:
    assert allows("Disallow: /\nUser-agent: *\nDisallow: /x\n", "/y")


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n"])
def test_every_line_ending_ends_a_line(ending: str) -> None:
    assert not allows(ending.join(["User-agent: *", "Disallow: /x", "Allow: /xy", ""]), "/x")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_mark_is_no_part_of_the_first_line(encoding: str) -> None:
    assert not parse_robots("User-agent: *\nDisallow: /x".encode(encoding), agent="aiwire").allows(f"{SITE}/x")


def test_bytes_of_an_old_encoding_match_their_percent_encoding() -> None:
    found = parse_robots("User-agent: *\nDisallow: /caffè".encode("latin-1"), agent="aiwire")

    assert not found.allows(f"{SITE}/caff%E8")


def test_file_that_an_editor_made_a_page_of_is_read() -> None:
    page = "<html><body>User-agent: *<br>Disallow: /x<br>Crawl-delay: 3<br></body></html>"

    assert not allows(page, "/x")
    assert rules(page).crawl_delay == 3


def test_web_page_in_its_place_allows_everything() -> None:
    assert rules("<!doctype html><html><head><title>Not found: sorry</title></head></html>") == ALLOW_ALL


@pytest.mark.parametrize(
    ("value", "seconds"), [("10", 10.0), ("0.5", 0.5), (".5", 0.5), ("5s", 5.0), ("x", None), ("-1", None), ("", None)]
)
def test_crawl_delay_is_in_seconds(value: str, seconds: float | None) -> None:
    assert rules(f"User-agent: *\nCrawl-delay: {value}\n").crawl_delay == seconds


def test_longest_of_several_delays_is_kept() -> None:
    assert rules("User-agent: *\nCrawl-delay: 5\nDisallow: /x\n\nUser-agent: *\nCrawl-delay: 9\n").crawl_delay == 9


def test_sitemaps_are_kept_once_whatever_their_group() -> None:
    text = "Sitemap: https://e.example/A.xml\nUser-agent: x\nSitemap: https://e.example/A.xml\nsitemap: /relative.xml\n"

    assert rules(text).sitemaps == ("https://e.example/A.xml",)


def test_line_that_the_size_limit_cuts_is_not_read() -> None:
    """Half of `Disallow: /x` is `Disallow: /`."""
    head = b"User-agent: *\nDisallow: /first\n"
    line = b"Disallow: /x"
    filler = b"#" * (BYTES_MOST - len(head) - len(line)) + b"\n"

    found = parse_robots(head + filler + line + b"\nDisallow: /later\n", agent="aiwire")

    assert found.rules == ((False, "/first"),)


def test_hostile_file_and_pattern_end_soon() -> None:
    """Ten thousand agents times ten thousand rules, and a pattern that a regular expression would backtrack on."""
    many = b"User-agent: a\n" * 10_000 + b"User-agent: *\n" + b"Disallow: /y\nAllow: /z\n" * 10_000
    stars = b"User-agent: *\nDisallow: /" + b"a*" * 10_000 + b"b\n"

    assert len(parse_robots(many, agent="aiwire").rules) == 2
    assert parse_robots(stars, agent="aiwire").allows(f"{SITE}/{'a' * 2_000}")


def test_rules_survive_storage_and_the_sandboxs_pipe() -> None:
    found = rules("User-agent: *\nDisallow: /a*b$\nAllow: /caffè\nCrawl-delay: 2\nSitemap: https://e.example/s.xml\n")

    assert RobotsRules.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert pickle.loads(pickle.dumps(found)) == found


def test_url_that_cannot_be_read_is_not_fetched() -> None:
    assert not ALLOW_ALL.allows("http://[bad/")
    assert not ALLOW_ALL.allows("http://e.example/\ud800")


@given(st.binary(max_size=300))
def test_any_bytes_give_rules_that_can_be_stored(body: bytes) -> None:
    found = parse_robots(b"User-agent: *\n" + body, agent="aiwire")

    json.dumps(found.to_json()).encode("utf-8")
    assert "\0" not in repr(found)
    found.allows(f"{SITE}/x")
