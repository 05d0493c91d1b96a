"""JSON Feed 1.0 and 1.1 (jsonfeed.org) become entries.

Feeds in XML are read in `pipelines.discovery.feed`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipelines.discovery.dates import claimed_date
from pipelines.discovery.entries import SUMMARY_MOST, absolute, gather, identifier, plain, why_not
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, SourceKind, When

BYTES_MOST = 30 << 20


def parse_json_feed(body: bytes, *, url: str, timezone: str | None, now: datetime, most: int) -> Discovery:
    """The feed's entries in its own order, `most` at most. Raises ParseError `feed_unparsable`."""
    if len(body) > BYTES_MOST:
        raise ParseError(f"a JSON Feed of more than {BYTES_MOST >> 20} MiB", subject=url, code="feed_unparsable")
    try:
        feed = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a JSON Feed: {str(error)[:200]}", subject=url, code="feed_unparsable") from error
    rows = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(rows, list) or "jsonfeed.org" not in str(feed.get("version")):
        raise ParseError("JSON, but no JSON Feed (jsonfeed.org)", subject=url, code="feed_unparsable")
    entries, skipped = gather(_found(rows, url, timezone, now), most)
    return Discovery(
        kind=SourceKind.FEED, entries=entries, title=plain(feed.get("title"), markup=False), skipped=skipped
    )


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
