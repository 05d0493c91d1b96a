"""Feeds become entries: RSS 0.9x to 2.0, RDF and Atom by feedparser, JSON Feed by `pipelines.discovery.jsonfeed`.

feedparser is given bytes in memory only: given a string, it would open files and URLs. What an entry is worth is
decided by identity, never by its date.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import feedparser
from feedparser.mixin import _FeedParserMixin

from pipelines.discovery.dates import claimed_date
from pipelines.discovery.entries import SUMMARY_MOST, TITLE_MOST, absolute, gather, identifier, plain, why_not
from pipelines.discovery.jsonfeed import parse_json_feed
from pipelines.discovery.shape import expect, is_json
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, Precision, SourceKind, When

ENTRIES_MOST = 10_000
_parse: Any = vars(feedparser)["parse"]  # untyped, and in mypy's eyes not exported
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REFERENCES = re.compile(rb"(?:&#(?:\d{5}|[xX][0-9a-fA-F]{4});)+")
_FIRST_ELEMENT = re.compile(rb"<\w")
_BLANKS = re.compile(rb"\s{2,}")
_MODIFIED = re.compile(rb"<(?:\w+:)?(?:updated|modified)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
# A guid is compared as it stands (RFC 4287 section 4.2.6.1); feedparser would resolve it against the feed's address.
_FeedParserMixin.can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}


def parse_feed(
    body: bytes, *, url: str, content_type: str | None = None, timezone: str | None = None, now: datetime
) -> Discovery:
    """The feed's entries in its own order; `url` is where it came from, `timezone` that of dates without one.

    Raises ParseError: `feed_unparsable`, or what `pipelines.discovery.shape.expect` raises.
    """
    expect(SourceKind.FEED, body, url)
    if is_json(body):
        return parse_json_feed(body, url=url, timezone=timezone, now=now, most=ENTRIES_MOST)
    parsed = _parsed(body, url, content_type)
    if not parsed.get("version") and not parsed.entries:
        reason = parsed.get("bozo_exception", "it has no feed element")
        raise ParseError(f"not a feed: {str(reason)[:200]}", subject=url, code="feed_unparsable")
    # feedparser calls Dublin Core's date `updated`, too: for RSS 1.0 and its heirs it is the date of publication.
    updated_is_published = str(parsed.version).startswith("rss") and not _MODIFIED.search(body)
    is_atom = str(parsed.version).startswith("atom")
    rows = _found(parsed.entries, url, timezone, now, is_atom=is_atom, updated_is_published=updated_is_published)
    entries, skipped = gather(rows, ENTRIES_MOST)
    title = _text(parsed.feed, "title", TITLE_MOST, is_atom=is_atom)
    return Discovery(kind=SourceKind.FEED, entries=entries, title=title, skipped=skipped)


def _parsed(body: bytes, url: str, content_type: str | None) -> Any:
    media_type = content_type or "application/xml"
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text.isascii() and "\0" not in text:
        # Bytes that are UTF-8 beyond ASCII are UTF-8, whatever header or declaration say. Control characters, which
        # XML forbids, would cost feedparser its strict parser.
        body, media_type = _CONTROLS.sub("", text).encode(), "application/xml; charset=utf-8"
    # Blank lines above the first element cost feedparser the square of their number: 200,000 of them, 200 s.
    start = _FIRST_ELEMENT.search(body)
    prolog = body[: start.start()] if start else b""
    body = _BLANKS.sub(b"\n", prolog) + _REFERENCES.sub(_joined, body[len(prolog) :])
    try:
        return _parse(
            io.BytesIO(body),
            response_headers={"content-type": media_type, "content-location": url},
            sanitize_html=False,  # titles and summaries become plain text
            resolve_relative_uris=False,  # in HTML, that is: links of entries are
        )
    except MemoryError:
        raise
    except Exception as error:  # feedparser lets UnicodeDecodeError, KeyError and others out on damaged XML
        raise ParseError(f"{type(error).__name__}: {str(error)[:200]}", subject=url, code="feed_unparsable") from error


def _joined(found: re.Match[bytes]) -> bytes:
    """Character references with surrogate pairs (an emoji as JavaScript counts it) made one; feedparser dies of them."""
    numbers = (number.strip("&#") for number in found[0].decode("ascii").split(";") if number)
    text = "".join(chr(int(number[1:], 16) if number[0] in "xX" else int(number)) for number in numbers)
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(f"&#{ord(character)};" for character in text).encode()


def _found(
    rows: list[Any], url: str, timezone: str | None, now: datetime, *, is_atom: bool, updated_is_published: bool
) -> Iterator[Entry | str]:
    for raw in rows:
        links = list(_links(raw))
        address = next(filter(None, (absolute(link, url) for link in links)), None)
        if address is None:
            yield why_not(min(links, key=len, default=None))
            continue
        published = _when(raw, ("published", "created"), timezone, now)
        modified = _when(raw, ("updated",), timezone, now)
        if published is None and updated_is_published:
            published, modified = modified, None
        yield Entry(
            url=address,
            title=_text(raw, "title", TITLE_MOST, is_atom=is_atom),
            published=published,
            modified=modified,
            guid=identifier(raw.get("id")),
            summary=_text(raw, "summary", SUMMARY_MOST, is_atom=is_atom),
        )


def _links(raw: Any) -> Iterator[str]:
    """Candidates for the article's address, the best first."""
    guid = raw.get("id")
    permalink = guid if isinstance(guid, str) and re.match(r"https?://", guid, re.IGNORECASE) else None
    alternates = (
        link.get("href")
        for link in raw.get("links", ())
        if link.get("rel") == "alternate" and "html" in link.get("type", "text/html")
    )
    link = raw.get("link")
    if raw.get("guidislink") and link == guid:
        link = None  # feedparser's doing: a guid is a link only where it is a whole one
    for candidate in (raw.get("feedburner_origlink"), *alternates, link):
        if isinstance(candidate, str) and candidate:
            yield candidate
    # "" is what feedparser makes of an empty link element, where it no longer tells whether the guid was a permalink.
    if permalink and (raw.get("guidislink", True) or link == ""):
        yield permalink


def _text(raw: Any, name: str, most: int, *, is_atom: bool) -> str | None:
    detail = raw.get(f"{name}_detail") or {}
    # Only Atom says whether a text is markup (RFC 4287 section 3.1); elsewhere feedparser guesses, and strips less.
    return plain(raw.get(name), most, markup=not (is_atom and detail.get("type") == "text/plain"))


def _when(raw: Any, names: tuple[str, ...], timezone: str | None, now: datetime) -> When | None:
    for name in names:
        # dict's own get: feedparser's would give `published` where `updated` is asked for.
        text = dict.get(raw, name)
        if not isinstance(text, str):
            continue
        if found := claimed_date(text, timezone, now=now):
            return found
        # feedparser knows a few formats more (Korean, Greek, Hungarian); of a mere year it would make a whole date.
        parsed = dict.get(raw, f"{name}_parsed")
        if parsed and _CLOCK.search(text) and 1990 <= parsed.tm_year <= 2100:
            year, month, day, hour, minute, second = parsed[:6]
            instant = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
            return When(instant=instant, precision=Precision.SECOND)
    return None
