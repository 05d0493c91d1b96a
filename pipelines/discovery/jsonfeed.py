"""JSON Feed 1.0 and 1.1 (jsonfeed.org) become entries.

Feeds in XML are read in `pipelines.discovery.feed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipelines.discovery.dates import claimed_date
from pipelines.discovery.entries import SUMMARY_MOST, absolute, gather, identifier, plain, why_not
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, SourceKind, When
from pipelines.storable import JSON_DEPTH_MOST, JSON_DIGITS_MOST

BYTES_MOST = 30 << 20
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)


def parse_json_feed(body: bytes, *, url: str, timezone: str | None, now: datetime, most: int) -> Discovery:
    """The feed's entries in its own order, `most` at most. Raises ParseError `feed_unparsable`."""
    if len(body) > BYTES_MOST:
        raise ParseError(f"a JSON Feed of more than {BYTES_MOST >> 20} MiB", subject=url, code="feed_unparsable")
    try:
        feed = _loaded(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a JSON Feed: {str(error)[:200]}", subject=url, code="feed_unparsable") from error
    rows = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(rows, list) or "jsonfeed.org" not in str(feed.get("version")):
        raise ParseError("JSON, but no JSON Feed (jsonfeed.org)", subject=url, code="feed_unparsable")
    entries, skipped = gather(_found(rows, url, timezone, now), most)
    return Discovery(
        kind=SourceKind.FEED, entries=entries, title=plain(feed.get("title"), markup=False), skipped=skipped
    )


def _loaded(text: str) -> Any:
    """The JSON's value; a number or a depth of one item that Python takes no more of costs no other item."""
    try:
        return json.loads(text, parse_int=_number)
    except RecursionError:
        return json.loads(_shallow(text), parse_int=_number)


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= JSON_DIGITS_MOST else None


def _shallow(text: str) -> str:
    """The JSON with null for each list and object deeper than JSON_DEPTH_MOST."""
    kept: list[str] = []
    depth = at = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == JSON_DEPTH_MOST + 1:
                kept += [text[at : token.start()], "null"]
        elif token[0] in "]}":
            depth -= 1
            if depth == JSON_DEPTH_MOST:
                at = token.end()
    return "".join(kept) + (text[at:] if depth <= JSON_DEPTH_MOST else "")


def _found(rows: list[Any], url: str, timezone: str | None, now: datetime) -> Iterator[Entry | str]:
    for row in rows:
        if not isinstance(row, dict):
            yield "no_link"
            continue
        guid = identifier(row.get("id"))
        # The id is ideally the article's address (version 1.1, "items"); it is not resolved against anything.
        link = row.get("url") or row.get("external_url") or (guid if guid and guid.startswith("http") else None)
        address = absolute(link, url) if isinstance(link, str) else None
        if address is None:
            yield why_not(str(link) if link else None)
            continue
        yield Entry(
            url=address,
            title=plain(row.get("title"), markup=False),
            published=_date(row.get("date_published"), timezone, now),
            modified=_date(row.get("date_modified"), timezone, now),
            guid=guid,
            summary=plain(row.get("summary") or row.get("content_text"), SUMMARY_MOST, markup=False)
            or plain(row.get("content_html"), SUMMARY_MOST),
        )


def _date(value: object, timezone: str | None, now: datetime) -> When | None:
    return claimed_date(value, timezone, now=now) if isinstance(value, str) else None
