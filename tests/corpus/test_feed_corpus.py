"""feedparser's own test files through our reading of feeds: nothing crashes, and what their comments expect holds."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import lxml.html
import pytest

from pipelines.discovery.feed import parse_feed
from pipelines.discovery.sitemap import parse_sitemap
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BASE = "http://127.0.0.1:8097"
_LITERAL = r"(u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"|\([\d, ]+\))"
_CLAUSE = re.compile(rf"(feed|entries\[(\d+)\])(?:\[['\"](\w+)['\"]\]|\.(\w+)) == {_LITERAL}(?:$| and )")
_OURS = {"link", "title", "id", "guid", "published_parsed", "created_parsed", "updated_parsed", "date_parsed"}

OTHERWISE = [
    "http_entry_id_base_content_location.xml",  # an id is kept as it stands, not resolved like a link
    "http_entry_id_base_docuri.xml",
    "item_dc_date_parsed.xml",  # dc:date alone is the date of publication
    "channel_title.xml",  # CDF without an item
]
"""Where we read a feed otherwise than feedparser, on purpose."""


@pytest.fixture(scope="module")
def files(shared: Path) -> list[Path]:
    return sorted(path for path in (shared / "data/corpora/feedparser/tests").rglob("*.*") if path.is_file())


def test_every_file_gives_entries_or_says_why_not(files: list[Path]) -> None:
    outcomes: Counter[str] = Counter()

    for path in files:
        try:
            parse_feed(path.read_bytes(), url=f"{BASE}/{path.name}", now=NOW)
            outcomes["parsed"] += 1
        except ParseError as error:
            outcomes[error.code] += 1

    assert len(files) == 2_107
    assert outcomes["parsed"] >= 2_095


def test_expected_links_titles_ids_and_dates_are_found(files: list[Path]) -> None:
    held: Counter[str] = Counter()
    missed: list[str] = []

    for path, index, name, expected in _expectations(files):
        found = _found(path, index, name)
        if found is not None and _holds(found, name, expected):
            held[name] += 1
        else:
            missed.append(path.name)

    assert sorted(missed) == sorted(OTHERWISE)
    assert held.total() >= 386  # measured: 99 % of 390


def test_damaged_files_give_entries_or_a_parse_error(files: list[Path]) -> None:
    """Five bytes of each are changed, the same ones in every run."""
    chance = Random(2026)

    for path in files:
        body = bytearray(path.read_bytes())
        for _ in range(5):
            body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            discovery = parse_feed(bytes(body), url=f"{BASE}/{path.name}", now=NOW)
        except ParseError:
            continue
        assert "\\x00" not in repr(discovery)
        repr(discovery).encode("utf-8")


def test_xml_bombs_end_in_a_result_or_a_parse_error(shared: Path) -> None:
    """None of their entities is expanded: what comes back is smaller than what went in."""
    bombs = sorted((shared / "data/corpora/defusedxml-xml/xmltestdata").glob("*.xml"))

    for path in bombs:
        body = path.read_bytes()
        for shape in (body, _dressed(body, b"rss"), _dressed(body, b"urlset")):
            for parse in (parse_feed, parse_sitemap):
                try:
                    discovery = parse(shape, url=f"{BASE}/{path.name}", now=NOW)
                except ParseError:
                    continue
                assert len(repr(discovery)) < len(shape) + 1_000

    assert len(bombs) == 10


def _dressed(body: bytes, root: bytes) -> bytes:
    """The bomb's declarations above a feed or sitemap that uses its first entity."""
    entity = re.search(rb"<!ENTITY\s+(\w+)", body)
    reference = b"&%s;" % entity[1] if entity else b""
    doctype = re.search(rb"<!DOCTYPE.*?(?:\]>|>)", body, re.DOTALL)
    inside = {
        b"rss": b"<channel><item><title>%s</title><link>http://link.example/</link></item></channel>",
        b"urlset": b"<url><loc>http://link.example/%s</loc></url>",
    }[root]
    return (doctype[0] if doctype else b"") + b"<%s>%s</%s>" % (root, inside % reference, root)


def _expectations(files: list[Path]) -> Iterator[tuple[Path, int | None, str, object]]:
    for path in files:
        if "sanitize" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        expect = re.search(r"Expect:\s*(.*)", text)
        for clause in _CLAUSE.finditer(expect[1].strip() if expect else ""):
            name = clause[3] or clause[4]
            if name == "title" or (clause[2] and name in _OURS):
                yield path, int(clause[2]) if clause[2] else None, name, ast.literal_eval(clause[5])


def _found(path: Path, index: int | None, name: str) -> Discovery | Entry | None:
    body = path.read_bytes()
    url = _header(body, "Content-Location") or f"{BASE}/{path.as_posix().partition('corpora/feedparser/')[2]}"
    try:
        discovery = parse_feed(_linked(body, name), url=url, content_type=_header(body, "Content-type"), now=NOW)
    except ParseError:
        return None
    if index is None:
        return discovery
    # Where two entries are expected to have one link, the second is dropped.
    return discovery.entries[min(index, len(discovery.entries) - 1)] if discovery.entries else None


def _linked(body: bytes, name: str) -> bytes:
    """The feed with a link in each entry: most of the files test one element and have no other."""
    if name == "link":
        return body
    numbers = iter(range(1_000))
    body = re.sub(
        rb"<item\b[^>]*>",
        lambda item: item[0] + b"<link>http://link.example/%d</link>" % next(numbers),
        body,
        flags=re.IGNORECASE,
    )
    return re.sub(
        rb"<entry\b[^>]*>",
        lambda item: item[0] + b"<link href='http://link.example/%d'/>" % next(numbers),
        body,
        flags=re.IGNORECASE,
    )


def _header(body: bytes, name: str) -> str | None:
    found = re.search(rb"Header:\s*%s:\s*(.*)" % name.encode(), body, re.IGNORECASE)
    return found[1].decode("ascii").strip() if found else None


def _holds(found: Discovery | Entry, name: str, expected: object) -> bool:
    if name == "title":
        text = lxml.html.fromstring(f"<p>{expected}</p>").text_content()
        return (found.title or "") in (" ".join(text.split()), " ".join(str(expected).split()))
    assert isinstance(found, Entry)
    if name == "link":
        return found.url == str(expected).partition("#")[0]
    if name in ("id", "guid"):
        return found.guid == expected
    when = found.modified if name in ("updated_parsed", "date_parsed") else found.published
    return when is not None and when.utc.timetuple()[:6] == expected[:6]
