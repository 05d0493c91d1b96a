"""Listing pages: links whose path matches an outlet's pattern become entries; where none does, a pattern is proposed.

What a listing's articles say is read from their own pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from pipelines.discovery.dates import read_date
from pipelines.errors import ParseError
from pipelines.identity import host_of, registrable_domain
from pipelines.records import Discovery, Entry, SourceKind

LINKS_MOST = 500
_MORE = re.compile(
    r"(leggi|continua|scopri|read|continue|learn|weiter|mehr|lire|lisez|leer|sigue)\b.{0,24}|\d+|»|›|→|more", re.IGNORECASE
)
"""Link texts that invite to read on: no title."""
_HEADINGS = ("h1", "h2", "h3", "h4")
_CARDS = ("article", "li", "section", "div", "tr")
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+){2,}", re.IGNORECASE)


def parse_listing(body: bytes, *, url: str, link_pattern: str, content_type: str | None = None) -> Discovery:
    """Entries in the page's order, one a URL; `links` holds the site's other links for a proposal.

    `link_pattern` is searched in the path (with its query) of each link. Raises ParseError `listing_unparsable`.
    """
    tree = _tree(body, url, content_type)
    base = _base(tree, url)
    pattern = re.compile(link_pattern)
    found: dict[str, list[Any]] = {}
    links: dict[str, None] = {}
    site = registrable_domain(host_of(url))
    for anchor in tree.iter("a"):
        address = _address(anchor.get("href"), base)
        if address is None or registrable_domain(host_of(address)) != site:
            continue
        parts = urlsplit(address)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        if pattern.search(target):
            found.setdefault(address, []).append(anchor)
        elif len(links) < LINKS_MOST:
            links[address] = None
    entries = tuple(_entry(address, anchors) for address, anchors in found.items())
    return Discovery(
        kind=SourceKind.LISTING, entries=entries, title=_text(tree.find(".//title")), links=tuple((*found, *links))[:LINKS_MOST]
    )


def link_shapes(links: Sequence[str]) -> list[tuple[str, int]]:
    """The links' paths with what looks like an article's own part as `*`, and how many links have each; most first."""
    shapes: Counter[str] = Counter()
    for link in dict.fromkeys(links):
        segments = urlsplit(link).path.strip("/").split("/")
        shapes["/" + "/".join("*" if _is_own(segment) else segment for segment in segments)] += 1
    return shapes.most_common()


def propose_pattern(links: Sequence[str]) -> str | None:
    """A link_pattern for the shape that most article-like links have; None where none stands out."""
    for shape, count in link_shapes(links):
        if count >= 3 and shape.rstrip("/").endswith("*"):
            parts = [r"[^/]+" if part == "*" else re.escape(part).replace(r"\-", "-") for part in shape.strip("/").split("/")]
            return "^/" + "/".join(parts) + "/?$"
    return None


def _is_own(segment: str) -> bool:
    """Whether a segment of a path looks like one article's: several words, or a long number."""
    stem = re.sub(r"\.\w{2,5}$", "", segment)
    return bool(_SLUG.fullmatch(stem)) and len(stem) > 12 or bool(re.search(r"\d{4,}", stem))


def _entry(address: str, anchors: list[Any]) -> Entry:
    titles = [title for anchor in anchors for title in _titles(anchor)]
    # A heading is a title even when it is short; else the longest text wins that is no whole teaser.
    heading = next((title for title, is_heading in titles if is_heading), None)
    title = heading or max((title for title, _ in titles if len(title) <= 300), key=len, default=None)
    when = next(filter(None, (_card_time(anchor) for anchor in anchors)), None)
    return Entry(url=address, title=title, published=read_date(when) if when else None)


def _titles(anchor: Any) -> list[tuple[str, bool]]:
    heading = next(anchor.iter(*_HEADINGS), None)
    inside = anchor.getparent() is not None and anchor.getparent().tag in _HEADINGS
    image = next(anchor.iter("img"), None)
    candidates = [
        (_text(heading), True),
        (_text(anchor), inside),
        (anchor.get("title"), False),
        (anchor.get("aria-label"), False),
        (image.get("alt") if image is not None else None, False),
    ]
    cleaned = [(" ".join(text.split()), is_heading) for text, is_heading in candidates if text]
    return [(text, is_heading) for text, is_heading in cleaned if text and not _MORE.fullmatch(text)]


def _card_time(anchor: Any) -> str | None:
    """The `<time datetime>` of the smallest block around the link that has exactly one."""
    for block in anchor.iterancestors(*_CARDS):
        times = [time.get("datetime") for time in block.iter("time") if time.get("datetime")]
        if times:
            return times[0] if len(times) == 1 else None
    return None


def _text(element: Any) -> str | None:
    return " ".join(element.text_content().split()) or None if element is not None else None


def _tree(body: bytes, url: str, content_type: str | None) -> Any:
    charset = re.search(r"charset=[\"']?([\w-]+)", content_type or "", re.IGNORECASE)
    declared = re.search(rb"<meta[^>]+charset", body[:4_096], re.IGNORECASE)
    encoding = charset[1] if charset else (None if declared else "utf-8")
    try:
        tree = lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding=encoding))
    except (etree.ParserError, LookupError, ValueError) as error:
        raise ParseError(f"not a web page: {error}", subject=url, code="listing_unparsable") from error
    return tree


def _base(tree: Any, url: str) -> str:
    stated = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
    return urljoin(url, stated) if stated else url


def _address(href: str | None, base: str) -> str | None:
    if not href:
        return None
    try:
        address = urljoin(base, href.strip()).partition("#")[0]
        urlsplit(address).port  # noqa: B018 -- raises on a port that is none
    except ValueError:
        return None
    return address if address.startswith(("http://", "https://")) else None
