"""Feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed become entries.

feedparser reads the XML, from bytes in memory only: given a string it would open files and URLs. What an entry is worth
is decided by identity, never by its date.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import feedparser

from pipelines.discovery.dates import read_date
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, Precision, SourceKind, When

ENTRIES_MOST = 10_000
SUMMARY_MOST = 2_000  # characters
_JSON_MOST = 30 << 20  # bytes
_MARKUP = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)
_HTML_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_FEED_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)


def parse_feed(
    body: bytes, *, url: str, content_type: str | None = None, timezone: str | None = None, now: datetime
) -> Discovery:
    """The feed's entries in its own order; `timezone` is that of dates without one.

    Raises ParseError: `feed_is_html`, `feed_unparsable`.
    """
    _ = now
    head = body[:4_096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{"):
        return _json_feed(body, url, timezone)
    if _HTML_PAGE.search(head) and not _FEED_ROOT.search(head):
        raise ParseError("a web page where a feed should be: has it moved, or is it blocked?", subject=url, code="feed_is_html")
    try:
        parsed = feedparser.parse(
            io.BytesIO(body),
            response_headers={"content-type": content_type or "application/xml", "content-location": url},
            sanitize_html=False,  # titles and summaries become plain text below
        )
    except Exception as error:  # feedparser lets UnicodeDecodeError and others out on damaged XML
        raise ParseError(f"{type(error).__name__}: {str(error)[:200]}", subject=url, code="feed_unparsable") from error
    if not parsed.get("version") and not parsed.entries:
        reason = parsed.get("bozo_exception", "no feed element")
        raise ParseError(f"not a feed: {str(reason)[:200]}", subject=url, code="feed_unparsable")
    skipped: Counter[str] = Counter()
    entries: dict[str, Entry] = {}
    for raw in parsed.entries[:ENTRIES_MOST]:
        entry = _entry(raw, url, timezone)
        if entry is None:
            skipped["no_link"] += 1
        elif entry.url in entries:
            skipped["same_url"] += 1
        else:
            entries[entry.url] = entry
    if len(parsed.entries) > ENTRIES_MOST:
        skipped["over_limit"] = len(parsed.entries) - ENTRIES_MOST
    return Discovery(
        kind=SourceKind.FEED,
        entries=tuple(entries.values()),
        title=plain(parsed.feed.get("title")),
        skipped=dict(skipped),
    )


def plain(text: object, most: int = 1_000) -> str | None:
    """HTML or text as one line of text; None where nothing is left."""
    if not isinstance(text, str):
        return None
    stripped = html.unescape(_MARKUP.sub(" ", text))
    if "<" in stripped:  # escaped markup inside a text
        stripped = html.unescape(_MARKUP.sub(" ", stripped))
    return " ".join(stripped.split())[:most].strip() or None


def _entry(raw: Any, base: str, timezone: str | None) -> Entry | None:
    link = raw.get("feedburner_origlink") or _alternate(raw) or raw.get("link")
    guid = raw.get("id") or None
    if not link and guid and raw.get("guidislink", re.match(r"https?://", guid)):
        link = guid
    if not link or not (address := _absolute(link, base)):
        return None
    summary = raw.get("summary") or next((part.get("value") for part in raw.get("content", ())), None)
    return Entry(
        url=address,
        title=plain(raw.get("title")),
        published=_when(raw, ("published", "created"), timezone),
        modified=_when(raw, ("updated",), timezone),
        guid=guid[:1_000] if guid else None,
        summary=plain(summary, SUMMARY_MOST),
    )


def _alternate(raw: Any) -> str | None:
    for link in raw.get("links", ()):
        if link.get("rel", "alternate") == "alternate" and link.get("href") and "html" in link.get("type", "text/html"):
            return str(link["href"])
    return None


def _absolute(link: str, base: str) -> str | None:
    try:
        address = urljoin(base, link.strip())
    except ValueError:
        return None
    return address.partition("#")[0] if address.startswith(("http://", "https://")) else None


def _when(raw: Any, names: tuple[str, ...], timezone: str | None) -> When | None:
    for name in names:
        # dict's own get: feedparser's would give `published` where `updated` is asked for.
        text = dict.get(raw, name)
        if found := read_date(text, timezone):
            return found
        if parsed := dict.get(raw, f"{name}_parsed"):
            return When(instant=datetime(*parsed[:6], tzinfo=UTC), precision=Precision.SECOND)
    return None


def _json_feed(body: bytes, url: str, timezone: str | None) -> Discovery:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org)."""
    if len(body) > _JSON_MOST:
        raise ParseError("a JSON feed of more than 30 MiB", subject=url, code="feed_unparsable")
    try:
        feed = json.loads(body.decode("utf-8-sig"))
        rows = feed["items"]
        if "jsonfeed.org" not in str(feed.get("version")) or not isinstance(rows, list):
            raise ParseError("JSON, but no JSON Feed", subject=url, code="feed_unparsable")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError(f"not a JSON Feed: {error}", subject=url, code="feed_unparsable") from error
    skipped: Counter[str] = Counter()
    entries: dict[str, Entry] = {}
    for row in rows[:ENTRIES_MOST]:
        link = (row.get("url") or row.get("external_url")) if isinstance(row, dict) else None
        address = _absolute(link, url) if isinstance(link, str) else None
        if address is None:
            skipped["no_link"] += 1
            continue
        entries.setdefault(
            address,
            Entry(
                url=address,
                title=plain(row.get("title")),
                published=read_date(_text(row.get("date_published")), timezone),
                modified=read_date(_text(row.get("date_modified")), timezone),
                guid=_text(row.get("id")),
                summary=plain(row.get("summary") or row.get("content_text") or row.get("content_html"), SUMMARY_MOST),
            ),
        )
    return Discovery(
        kind=SourceKind.FEED, entries=tuple(entries.values()), title=plain(feed.get("title")), skipped=dict(skipped)
    )


def _text(value: object) -> str | None:
    return str(value)[:1_000] if isinstance(value, str | int) and value != "" else None
