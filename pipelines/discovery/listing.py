"""Listing pages: links whose path matches an outlet's pattern become entries; where none does, a pattern is proposed.

What a listing's articles say is read from their own pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from pipelines import decoding
from pipelines.discovery.cards import Card, title_of
from pipelines.discovery.dates import read_date
from pipelines.discovery.entries import absolute, gather
from pipelines.discovery.shape import expect
from pipelines.errors import ExtractError, ParseError
from pipelines.identity import host_of, registrable_domain
from pipelines.records import Discovery, Entry, Page, SourceKind, When

ENTRIES_MOST = 1_000
LINKS_MOST = 500
_ANCHORS_MOST = 8
"""How many links to one article are asked for its title."""
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)  # decoding looks at bytes and headers alone
_FILE = re.compile(
    r"\.(?:atom|avi|css|docx?|gif|gz|ico|jpe?g|js|json|mp[34]|pdf|png|rss|svg|webp|xlsx?|xml|zip)$", re.IGNORECASE
)
_SLUG = re.compile(r"\w+(?:[-_]\w+){2,}")
_NO_ARTICLES = {
    "about", "account", "argomenti", "argomento", "archive", "archivio", "author", "authors", "autor", "autore", "autori",
    "categoria", "categorie", "category", "cerca", "contact", "cookie", "etiquetas", "feed", "kategorie", "login", "page",
    "pagina", "privacy", "profile", "rubriche", "schlagwort", "search", "seite", "shop", "staff", "tag", "tags", "tema",
    "temi", "thema", "themen", "topic", "topics", "user", "utente",
}  # fmt: skip
"""Segments of paths that lead to lists, people and forms."""


def parse_listing(
    body: bytes, *, url: str, link_pattern: str | None, content_type: str | None = None, timezone: str | None = None
) -> Discovery:
    """Entries in the page's order, one a URL; `links` are the site's links that a pattern could be proposed for.

    `link_pattern` is searched in the path of each link, and in the path with its query; without a pattern there are
    links, but no entries. Raises ParseError: `listing_unparsable`, or what `pipelines.discovery.shape.expect` raises.
    """
    expect(SourceKind.LISTING, body, url)
    tree = _tree(body, url, content_type)
    stated = next((element.get("href") for element in tree.iter("base") if element.get("href")), None)
    links = _site_links(tree, url, urljoin(url, stated) if stated else url)
    pattern = re.compile(link_pattern) if link_pattern else None
    found = {address: anchors for address, anchors in links.items() if pattern and _matches(pattern, address)}
    # A link that only adds a query to another's address (share buttons, tracking) is no article of its own.
    found = {
        address: anchors
        for address, anchors in found.items()
        if _bare(address) == address or _bare(address) not in found
    }
    entries, skipped = gather(_entries(found, timezone))
    title = tree.find(".//title")
    return Discovery(
        kind=SourceKind.LISTING,
        entries=entries,
        title=" ".join(title.text_content().split()) or None if title is not None else None,
        links=tuple(address for address in links if address in found or _may_be_article(address, url))[:LINKS_MOST],
        skipped=skipped,
    )


def link_shapes(links: Sequence[str]) -> list[tuple[str, int]]:
    """The links' paths with what looks like an article's own part as `*`, and how many links have each; most first."""
    shapes = Counter(_shape(link) for link in dict.fromkeys(links))
    return shapes.most_common()


def propose_pattern(links: Sequence[str]) -> str | None:
    """A link_pattern for the shape whose links look most like articles; None where no three links share one.

    The longest slugs in the greatest number decide: sections and people have short ones. (Of 782 real pages
    the pattern proposed from their other links matched the page itself in 416 cases, by number alone in 355.)
    """
    alike: dict[str, list[str]] = {}
    for link in dict.fromkeys(links):
        alike.setdefault(_shape(link), []).append(link)
    articles = [group for shape, group in alike.items() if len(group) >= 3 and _leads_to_articles(shape, group)]
    if not articles:
        return None
    group = max(articles, key=lambda group: (sum(map(_words_beyond, group)), len(group)))
    columns = zip(_shape(group[0]).strip("/").split("/"), *map(_segments, group), strict=True)
    path = "/".join(_fitting(own) if part == "*" else re.escape(part).replace(r"\-", "-") for part, *own in columns)
    return f"^/{path}{'/?' if any(urlsplit(link).path.endswith('/') for link in group) else ''}$"


def _leads_to_articles(shape: str, links: list[str]) -> bool:
    parts = shape.strip("/").lower().split("/")
    archive = all(len(_segments(link)[-1]) <= 4 for link in links)  # /2026/01
    return parts[-1] == "*" and not archive and not _NO_ARTICLES.intersection(parts)


def _words_beyond(link: str, section: int = 3) -> int:
    return max(0, len(re.split(r"[-_]", _segments(link)[-1])) - section)


def _site_links(tree: Any, url: str, base: str) -> dict[str, list[Any]]:
    """The page's links within its registrable domain, in its order, with the anchors of each."""
    site = registrable_domain(host_of(url))
    links: dict[str, list[Any]] = {}
    for anchor in tree.iter("a"):
        address = absolute(anchor.get("href") or "", base)
        if anchor.get("href") and address and registrable_domain(host_of(address)) == site:
            links.setdefault(address, []).append(anchor)
    return links


def _matches(pattern: re.Pattern[str], address: str) -> bool:
    parts = urlsplit(address)
    return bool(pattern.search(parts.path) or (parts.query and pattern.search(f"{parts.path}?{parts.query}")))


def _bare(address: str) -> str:
    return address.partition("?")[0]


def _may_be_article(address: str, listing: str) -> bool:
    path = urlsplit(address).path
    return bool(path.strip("/")) and path.rstrip("/") != urlsplit(listing).path.rstrip("/") and not _FILE.search(path)


def _entries(found: dict[str, list[Any]], timezone: str | None) -> Iterator[Entry | str]:
    owner = {anchor: address for address, anchors in found.items() for anchor in anchors}
    for count, (address, anchors) in enumerate(found.items()):
        if count >= ENTRIES_MOST:
            yield "over_limit"
            continue
        cards = [Card(anchor, owner) for anchor in anchors[:_ANCHORS_MOST]]
        yield Entry(url=address, title=title_of(cards), published=_published(cards, timezone))


def _published(cards: list[Card], timezone: str | None) -> When | None:
    """What the first card with a date says; of two dates in one card the earlier, for the later is of an update."""
    for card in cards:
        dates = [when for when in (read_date(text, timezone) for text in card.times()) if when]
        if dates:
            return min(dates, key=lambda when: when.instant)
    return None


def _segments(link: str) -> list[str]:
    return unquote(urlsplit(link).path).strip("/").split("/")


def _shape(link: str) -> str:
    return "/" + "/".join("*" if _is_own(segment) else segment for segment in _segments(link))


def _is_own(segment: str) -> bool:
    """Whether a segment of a path looks like one article's: several words, a date's part, or a long number."""
    stem = re.sub(r"\.\w{2,5}$", "", segment)
    return segment.isdigit() or bool(re.search(r"\d{4,}", stem)) or (len(stem) > 12 and bool(_SLUG.fullmatch(stem)))


def _fitting(segments: list[str]) -> str:
    """The narrowest of a few expressions that all these segments fit."""
    for expression in (r"\d+", r"[a-z0-9-]+", r"[a-z0-9_-]+\.html?", r"[\w-]+", r"[\w.-]+"):
        if all(re.fullmatch(expression, segment, re.ASCII) for segment in segments):
            return expression
    return "[^/]+"


def _tree(body: bytes, url: str, content_type: str | None) -> Any:
    headers = (("Content-Type", content_type),) if content_type else ()
    try:
        return decoding.parse(Page(url=url, body=body, fetched_at=_UNDATED, headers=headers))
    except ExtractError as error:
        raise ParseError(error.message, subject=url, code="listing_unparsable") from error
