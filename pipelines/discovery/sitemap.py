"""Sitemaps (sitemaps.org 0.9), news sitemaps and sitemap indexes become entries; XML, text or gzip.

Which nested sitemaps are fetched is decided in `crawler.spiders.sources`.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from pipelines.discovery.dates import read_date
from pipelines.discovery.feed import plain
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, SourceKind, When

ENTRIES_MOST = 50_000
"""sitemaps.org allows no more in one file."""
BYTES_MOST = 50 << 20
"""The protocol's limit for an uncompressed sitemap."""
_OLDEST = datetime(1, 1, 1, tzinfo=UTC)


def parse_sitemap(body: bytes, *, url: str, now: datetime) -> Discovery:
    """Entries in the file's order; `nested` sitemaps of an index the newest first. Raises ParseError `sitemap_unparsable`."""
    _ = now
    body = _unzipped(body, url)
    head = body[:1_024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.startswith(b"<"):
        return _text_sitemap(body, url)
    skipped: Counter[str] = Counter()
    entries: dict[str, Entry] = {}
    nested: list[tuple[datetime, str]] = []
    news = known = False
    try:
        for element in _elements(body):
            name = etree.QName(element).localname if isinstance(element.tag, str) else ""
            if name == "url":
                known = True
                news = news or any("news" in (child.tag if isinstance(child.tag, str) else "") for child in element.iter())
                entry = _entry(element)
                if entry is None:
                    skipped["no_link"] += 1
                elif len(entries) >= ENTRIES_MOST:
                    skipped["over_limit"] += 1
                else:
                    entries.setdefault(entry.url, entry)
            elif name == "sitemap":
                known = True
                location = _child(element, "loc")
                if location and location.startswith(("http://", "https://")):
                    changed = read_date(_child(element, "lastmod"))
                    nested.append((changed.utc if changed else _OLDEST, location))
            elif name in ("urlset", "sitemapindex"):
                known = True
                continue
            else:
                continue
            element.clear()
            while element.getprevious() is not None:  # what was read is let go: 50,000 URLs stay small
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        if not entries and not nested:
            raise ParseError(f"not a sitemap: {error}", subject=url, code="sitemap_unparsable") from error
        skipped["broken_off"] = 1
    if not known:
        raise ParseError("XML, but neither urlset nor sitemapindex", subject=url, code="sitemap_unparsable")
    # A stable sort: without dates the file's order holds.
    nested.sort(key=lambda pair: pair[0], reverse=True)
    return Discovery(
        kind=SourceKind.NEWS_SITEMAP if news else SourceKind.SITEMAP,
        entries=tuple(entries.values()),
        nested=tuple(location for _, location in nested),
        skipped=dict(skipped),
    )


def _elements(body: bytes) -> Any:
    # No entities, no DTD, no network, no huge trees: a sitemap needs none of them.
    for _, element in etree.iterparse(
        io.BytesIO(body),
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
    ):
        yield element


def _entry(element: Any) -> Entry | None:
    location = _child(element, "loc")
    if not location or not location.startswith(("http://", "https://")):
        return None
    published: When | None = read_date(_child(element, "publication_date"))
    return Entry(
        url=location.partition("#")[0],
        title=plain(_child(element, "title")),
        published=published,
        modified=read_date(_child(element, "lastmod")),
    )


def _child(element: Any, name: str) -> str | None:
    for child in element.iter(f"{{*}}{name}"):
        # Images and videos have titles and locations of their own.
        if not any(word in child.tag for word in ("image", "video")):
            text = (child.text or "").strip()
            if text:
                return text
    return None


def _text_sitemap(body: bytes, url: str) -> Discovery:
    lines = body.decode("utf-8", "replace").split()
    links = dict.fromkeys(line for line in lines if line.startswith(("http://", "https://")))
    if not links or len(links) < len(lines) / 2:
        raise ParseError("neither XML nor a list of URLs", subject=url, code="sitemap_unparsable")
    entries = tuple(Entry(url=link) for link in list(links)[:ENTRIES_MOST])
    return Discovery(kind=SourceKind.SITEMAP, entries=entries)


def _unzipped(body: bytes, url: str) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            content = stream.read(BYTES_MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ParseError(f"damaged gzip: {error}", subject=url, code="sitemap_unparsable") from error
    if len(content) > BYTES_MOST:
        raise ParseError("more than 50 MiB unpacked", subject=url, code="sitemap_unparsable")
    return content
