"""From the bytes of a source to entries; runs inside the sandbox, without network or files."""

from __future__ import annotations

from datetime import datetime

from pipelines.discovery.feed import parse_feed
from pipelines.discovery.listing import parse_listing
from pipelines.discovery.sitemap import parse_sitemap
from pipelines.records import Discovery, SourceKind


def discover(
    kind: SourceKind,
    body: bytes,
    *,
    url: str,
    content_type: str | None = None,
    link_pattern: str | None = None,
    timezone: str | None = None,
    now: datetime,
) -> Discovery:
    """What the bytes of a source of that kind say; a date without a zone is in `timezone`.

    Raises ParseError where they make no sense as one, and says which other kind they are where that is evident.
    """
    if kind is SourceKind.FEED:
        return parse_feed(body, url=url, content_type=content_type, timezone=timezone, now=now)
    if kind is SourceKind.LISTING:
        return parse_listing(body, url=url, link_pattern=link_pattern, content_type=content_type, timezone=timezone)
    return parse_sitemap(body, url=url, timezone=timezone, now=now)
