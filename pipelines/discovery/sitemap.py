"""Sitemaps (sitemaps.org 0.9), news sitemaps and sitemap indexes become entries; XML, text or gzip.

Which nested sitemaps are fetched is decided in `crawler.spiders.sources`.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import lxml.etree

from pipelines.discovery.dates import claimed_date
from pipelines.discovery.entries import ENTRIES_MOST, absolute, gather, plain, why_not
from pipelines.discovery.shape import expect
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, SourceKind

BYTES_MOST = 50 << 20
"""sitemaps.org's limit for an uncompressed sitemap."""
_GZIP = b"\x1f\x8b"
_ROOTS = ("urlset", "sitemapindex")
_CLOSED = re.compile(rb"</[^<>]*(?:urlset|sitemapindex)\s*>|<[^<>]*(?:urlset|sitemapindex)[^<>]*/>")
_AMPERSAND = re.compile(rb"<!\[CDATA\[.*?\]\]>|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)", re.DOTALL)
_OLDEST = datetime(1, 1, 1, tzinfo=UTC)


def parse_sitemap(body: bytes, *, url: str, timezone: str | None = None, now: datetime) -> Discovery:
    """Entries in the file's order; `nested` sitemaps of an index the newest first.

    The kind is NEWS_SITEMAP where a news element was seen. A file that was cut off gives what it holds whole, and says
    so in `skipped`. Raises ParseError: `sitemap_unparsable`, or what `pipelines.discovery.shape.expect` raises.
    """
    body = _unzipped(body, url)
    expect(SourceKind.SITEMAP, body, url)
    if not body[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<"):
        return _text_sitemap(body, url)
    reading = _Reading(url, timezone, now)
    entries, skipped = gather(reading.read(body))
    if not reading.known:
        raise ParseError("XML, but neither urlset nor sitemapindex", subject=url, code="sitemap_unparsable")
    # A stable sort: without dates the file's order holds.
    newest = sorted(reading.nested.items(), key=lambda pair: pair[1], reverse=True)
    return Discovery(
        kind=SourceKind.NEWS_SITEMAP if reading.news else SourceKind.SITEMAP,
        entries=entries,
        nested=tuple(location for location, _ in newest[:ENTRIES_MOST]),
        skipped=skipped,
    )


class _Reading:
    """One pass over a sitemap's XML: what was seen beside the entries."""

    def __init__(self, url: str, timezone: str | None, now: datetime) -> None:
        self._url, self._timezone, self._now = url, timezone, now
        self.known = self.news = False
        self.nested: dict[str, datetime] = {}

    def read(self, body: bytes) -> Iterator[Entry | str]:
        """The entries; each is held back until the next begins, for the last of a cut-off file may be cut itself."""
        held: Entry | str | tuple[str, datetime] | None = None
        for element in _elements(body, self._url):
            name = _local(element)
            self.known = self.known or name in _ROOTS
            if name in _ROOTS or element.getparent() is None or _local(element.getparent()) not in _ROOTS:
                continue
            if held is not None:
                yield from self._released(held)
            held = self._nested(element) if name == "sitemap" else self._entry(element) if name == "url" else None
            self.known = True
            element.clear(keep_tail=False)
            while element.getprevious() is not None:  # what was read is let go: 50,000 URLs stay small
                del element.getparent()[0]
        if _CLOSED.search(body[-1_024:].replace(b"\0", b"")):
            if held is not None:
                yield from self._released(held)
        elif self.known:
            yield "broken_off"

    def _released(self, held: Entry | str | tuple[str, datetime]) -> Iterator[Entry | str]:
        if isinstance(held, tuple):
            self.nested.setdefault(*held)
        else:
            yield held

    def _entry(self, element: Any) -> Entry | str:
        said: dict[str, str] = {}
        for part in element.iter(lxml.etree.Element):
            # Images and videos have titles, dates and locations of their own.
            if "image" in part.tag or "video" in part.tag:
                continue
            self.news = self.news or "sitemap-news" in part.tag or part.tag.startswith("news:")
            said.setdefault(_local(part), _text(part))
        address = absolute(said.get("loc", ""), self._url) if said.get("loc") else None
        if address is None:
            return why_not(said.get("loc"))
        return Entry(
            url=address,
            title=plain(said.get("title"), markup=False),
            published=claimed_date(said.get("publication_date"), self._timezone, now=self._now),
            modified=claimed_date(said.get("lastmod"), self._timezone, now=self._now),
        )

    def _nested(self, element: Any) -> tuple[str, datetime] | str:
        said = {_local(part): _text(part) for part in element.iter(lxml.etree.Element)}
        address = absolute(said["loc"], self._url) if said.get("loc") else None
        if address is None or address == self._url:
            return why_not(said.get("loc"))
        changed = claimed_date(said.get("lastmod"), self._timezone, now=self._now)
        return address, changed.utc if changed else _OLDEST


def _elements(body: bytes, url: str) -> Iterator[Any]:
    """Each element when it ends. No entities, DTD, network or huge trees: a sitemap needs none of them."""
    if b"\0" not in body[:64]:
        # The ampersand of a query is often left bare; libxml2 would recover by dropping the parameter's name.
        body = _AMPERSAND.sub(lambda found: b"&amp;" if found[0] == b"&" else found[0], body.lstrip(b" \t\r\n"))
    parsing = lxml.etree.iterparse(
        io.BytesIO(body),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
    )
    first = True
    try:
        for event, element in parsing:
            if first:
                dtd = element.getroottree().docinfo.internalDTD
                if dtd is not None and next(dtd.iterentities(), None) is not None:
                    raise ParseError("it declares entities", subject=url, code="sitemap_unparsable")
                first = False
            if event == "end" and isinstance(element.tag, str):
                yield element
    except lxml.etree.XMLSyntaxError as error:
        raise ParseError(f"not a sitemap: {error}", subject=url, code="sitemap_unparsable") from error


def _local(element: Any) -> str:
    # Under `recover` the prefix of an undeclared namespace stays in the tag.
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _text(element: Any) -> str:
    return "".join(element.itertext(lxml.etree.Element)).strip() if len(element) == 0 else ""


def _text_sitemap(body: bytes, url: str) -> Discovery:
    lines = body.decode("utf-8-sig", "replace").split()
    links = [line for line in lines if line.startswith(("http://", "https://"))]
    if not links or len(links) < len(lines) / 2:
        raise ParseError("neither XML nor a list of URLs", subject=url, code="sitemap_unparsable")
    found = ((absolute(link, url), link) for link in links)
    entries, skipped = gather(Entry(url=address) if address else why_not(link) for address, link in found)
    return Discovery(kind=SourceKind.SITEMAP, entries=entries, skipped=skipped)


def _unzipped(body: bytes, url: str) -> bytes:
    """The file in a gzip, or in one within another, as a server makes it that packs what is packed already."""
    for _ in range(2):
        if not body.startswith(_GZIP):
            return body
        unpacking = zlib.decompressobj(wbits=31)
        try:
            body = unpacking.decompress(body, BYTES_MOST)
        except zlib.error as error:
            raise ParseError(f"damaged gzip: {error}", subject=url, code="sitemap_unparsable") from error
        if unpacking.unconsumed_tail:
            raise ParseError(f"more than {BYTES_MOST >> 20} MiB unpacked", subject=url, code="sitemap_unparsable")
    return body
