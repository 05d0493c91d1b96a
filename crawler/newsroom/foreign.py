"""Outlets made of pages that a test brings along: their bytes are served as they are, with a feed that announces them.

The list of an outlet's pages is a JSON file in the newsroom's folder, so that a restarted newsroom has them, too.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

FEED = "/feed.xml"
CHANGED = datetime(2026, 1, 1, tzinfo=UTC)
"""They never change."""
_URL_SIGNS = "%/?&=~:@!$()*+,;'"
"""What a path and query may hold as it is (RFC 3986 section 3.3), and escapes that are there already."""


def keep_pages(file: Path, language: str, pages: list[dict[str, Any]]) -> None:
    """Write the list of an outlet's pages. Raises ValueError where one of them cannot be served."""
    paths = set()
    for page in pages:
        path = page.get("path")
        if not isinstance(path, str) or not path.startswith("/") or path == FEED:
            raise ValueError(f"a page's path begins with / and is not {FEED}: {path!r}")
        if path in paths:
            raise ValueError(f"two pages with the path {path}")
        paths.add(path)
        if ("file" in page) == ("body" in page):
            raise ValueError(f"{path}: a page has either a file or a body")
        if "file" in page and not Path(page["file"]).is_file():
            raise ValueError(f"{path}: there is no file {page['file']}")
        if not str(page.get("status", 200)).isdigit():
            raise ValueError(f"{path}: its status is no number: {page['status']}")
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"language": language, "pages": pages}), encoding="utf-8")
    fresh.replace(file)


def language_of(file: Path) -> str:
    return str(json.loads(file.read_text(encoding="utf-8"))["language"])


def look_up(file: Path, slug: str, base: str, path_qs: str) -> tuple[bytes, str, int] | None:
    """(body, content type, status) of the feed or a page; a page's encoding is for its reader to find out."""
    pages = json.loads(file.read_text(encoding="utf-8"))["pages"]
    if path_qs == FEED:
        return _feed(slug, base, pages).encode(), "application/rss+xml; charset=utf-8", 200
    for page in pages:
        if unquote(page["path"]) == unquote(path_qs):
            return _body(page), "text/html", int(page.get("status", 200))
    return None


def _body(page: dict[str, str]) -> bytes:
    if "body" in page:
        return page["body"].encode()
    body = Path(page["file"]).read_bytes()
    return gzip.decompress(body) if page["file"].endswith(".gz") else body


def _feed(slug: str, base: str, pages: list[dict[str, str]]) -> str:
    entries = "".join(
        f"\n<item><title>{escape(page.get('title', page['path']))}</title>"
        f"<link>{base}{escape(quote(page['path'], safe=_URL_SIGNS))}</link>"
        + (f"<pubDate>{escape(page['published'])}</pubDate>" if page.get("published") else "")
        + "</item>"
        for page in pages
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(slug)}</title><link>{base}/</link><description>{escape(slug)}</description>{entries}\n</channel></rss>\n"
    )
