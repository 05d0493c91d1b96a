"""Answers to conditional requests: validators, 304, gzip, as RFC 9110 wants them of an origin server.

What stands at an address is `crawler.newsroom.pages`' and `crawler.newsroom.foreign`'s affair.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from aiohttp import web


def answer(request: web.Request, body: bytes, content_type: str, changed: datetime) -> web.Response:
    """The body, or 304 where a validator matches; gzip where it is accepted."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    compressed = _accepts_gzip(request.headers.get("Accept-Encoding", ""))
    headers = {
        # Other bytes may not have the same strong validator (section 8.8.3.3): weak beside gzip, as nginx does.
        "ETag": f"W/{etag}" if compressed else etag,
        "Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True),
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if _unchanged(request, etag, changed):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = content_type
    if compressed:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=5, mtime=0)
    return web.Response(body=body, headers=headers)


def _unchanged(request: web.Request, etag: str, changed: datetime) -> bool:
    """Section 13.2.2: If-None-Match, compared weakly, decides; If-Modified-Since only where there is none."""
    if (wanted := request.headers.get("If-None-Match")) is not None:
        return etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")} or wanted.strip() == "*"
    if since := request.headers.get("If-Modified-Since"):
        try:
            return changed <= parsedate_to_datetime(since)
        except (ValueError, TypeError):  # no date, or one without a zone: it is to be ignored (section 13.1.3)
            return False
    return False


def _accepts_gzip(accepted: str) -> bool:
    """Section 12.5.3: `gzip;q=0` is a refusal."""
    for coding in accepted.split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
