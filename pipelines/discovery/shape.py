"""Tells a feed, a sitemap and a web page apart by their first kilobytes, whatever their media type says.

How each is read is known to the modules beside this one.
"""

from __future__ import annotations

import re

from pipelines.errors import ParseError
from pipelines.records import SourceKind

_HEAD = 64 << 10  # bytes
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|feed|rdf|channel|urlset|sitemapindex|html)[\s>/]", re.IGNORECASE)
_PAGE = re.compile(
    r"<!doctype\s+html\b|^(?!<\?xml)[^<]*<(?:head|body|title|meta|script|div|p|h1|center)\b", re.IGNORECASE
)
_NAMES = {SourceKind.FEED: "a feed", SourceKind.LISTING: "a web page"}


def kind_of(body: bytes) -> SourceKind | None:
    """The kind of source that these bytes are; None where they are none that can be told.

    The first root element that names a kind decides: broken servers put warnings before it.
    """
    if body.startswith(b"\x1f\x8b"):  # feeds and pages come unpacked by the transport, sitemaps are gzip files
        return SourceKind.SITEMAP
    # Without its NULs, UTF-16 shows its markup.
    head = body[:_HEAD].replace(b"\0", b"").decode("latin-1").lstrip("\xef\xbb\xbf\xfe\xff \t\r\n")
    if is_json(body):
        return SourceKind.FEED if "jsonfeed.org" in head else None
    head = _COMMENT.sub("", head)
    found = _ROOT.search(head)
    name = found[1].lower() if found else "html" if _PAGE.search(head) else ""
    if name in ("urlset", "sitemapindex"):
        return SourceKind.NEWS_SITEMAP if "sitemap-news" in head else SourceKind.SITEMAP
    if name == "html":
        return SourceKind.LISTING
    return SourceKind.FEED if name else None


def is_json(body: bytes) -> bool:
    return body[:1_024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def expect(wanted: SourceKind, body: bytes, url: str) -> None:
    """Raises ParseError where the bytes are empty or evidently another kind of source than the one that is wanted.

    Its codes: `feed_empty_body`, `feed_is_html`, `feed_is_sitemap`, `sitemap_is_feed`, `listing_is_feed` and so on.
    """
    name = "sitemap" if wanted is SourceKind.NEWS_SITEMAP else wanted.value
    if not body or body.isspace():
        raise ParseError("the answer is empty", subject=url, code=f"{name}_empty_body")
    kind = kind_of(body)
    if kind is None or _plain(kind) is _plain(wanted):
        return
    advice = "has it moved, or is it blocked?" if kind is SourceKind.LISTING else f'its kind is "{kind}"'
    raise ParseError(
        f"{_NAMES.get(kind, 'a sitemap')} where {_NAMES.get(wanted, 'a sitemap')} should be: {advice}",
        subject=url,
        code=f"{name}_is_{'html' if kind is SourceKind.LISTING else _plain(kind)}",
    )


def _plain(kind: SourceKind) -> SourceKind:
    return SourceKind.SITEMAP if kind is SourceKind.NEWS_SITEMAP else kind
