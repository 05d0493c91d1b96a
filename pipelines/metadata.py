"""The fields of an article, each with where it was read: JSON-LD and OpenGraph first, then what the page shows.

The text is `pipelines.extract`'s affair, what is removed from it `pipelines.boilerplate`'s.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin

import htmldate

from pipelines import authors, dates, jsonld
from pipelines.discovery.dates import read_date
from pipelines.records import Context, Field, Origin, Page, When
from pipelines.selectors import select

T = TypeVar("T")

_PUBLISHED = re.compile(
    r"pubblicat|publish|veröffentlich|erschienen|publié|publicad|posted|date-?line|\bdate\b|\bdatum\b|created",
    re.IGNORECASE,
)
_MODIFIED = re.compile(
    r"revision|aggiornat|modificat|updat|modif|aktualisiert|geändert|mis à jour|actualizad|edited", re.IGNORECASE
)
_BYLINE_LINE = re.compile(
    r"^(?:(?:pubblicato|published|posted|veröffentlicht|publié|publicado)\b.{0,80}?\s)?"
    r"(?:a\s+cura\s+di|(?:scritto\s+)?da|di|by|von|par|por)\s+(?P<who>[A-ZÀ-Þ][^|]{2,80})$",
    re.IGNORECASE,
)
_BYLINE_MARK = re.compile(r"byline|author|autor|firma|writer|redattore|signature", re.IGNORECASE)
_NOT_BYLINE = re.compile(
    r"bio|box|about|card|related|comment|avatar|image|img|photo|social|follow|list|footer", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a page says of its article beside the text."""

    canonical_url: str | None
    title: Field[str] | None
    standfirst: Field[str] | None
    byline: Field[str] | None
    authors: Field[tuple[str, ...]] | None
    published: Field[When] | None
    modified: Field[When] | None
    language: Field[str] | None
    section: Field[str] | None
    image: Field[str] | None
    paywalled: bool


def read(tree: Any, page: Page, context: Context) -> Metadata:
    """The fields, as far as the page states them; what another place says instead is kept as a disagreement."""
    article = jsonld.find_article(tree, page.url) or {}
    meta = _metas(tree)
    site = context.outlet_name or meta.get("og:site_name") or jsonld.text_of(article.get("publisher"))
    published, modified = _dates(tree, page, context, article, meta)
    byline, people = _authors(tree, context, article, meta, site)
    return Metadata(
        canonical_url=_canonical(tree, page, meta),
        title=_title(tree, article, meta, site, context),
        standfirst=_first(
            (Origin.JSON_LD, jsonld.text_of(article.get("description"))),
            (Origin.OPENGRAPH, meta.get("og:description")),
            (Origin.META, meta.get("description")),
        ),
        byline=byline,
        authors=people,
        published=published,
        modified=modified,
        language=_language(tree, article, meta, context),
        section=_first(
            (Origin.JSON_LD, jsonld.text_of(article.get("articleSection"))),
            (Origin.OPENGRAPH, meta.get("article:section")),
        ),
        image=_image(article, meta, page.url),
        paywalled=_paywalled(tree, article, meta),
    )


def _first(*candidates: tuple[Origin, T | None]) -> Field[T] | None:
    """The first candidate with a value; later ones with another value disagree."""
    told = [(origin, value) for origin, value in candidates if value]
    if not told:
        return None
    origin, value = told[0]
    others = tuple((other, _shown(said)) for other, said in told[1:] if _shown(said) != _shown(value))
    return Field(value=value, origin=origin, disagreeing=others)


def _shown(value: object) -> str:
    if isinstance(value, When):
        return value.isoformat()
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _metas(tree: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower().strip()
        content = " ".join((element.get("content") or "").split())
        if name and content:
            found.setdefault(name, content)
            if name in ("author", "article:author", "parsely-author", "sailthru.author"):
                found[f"{name}+"] = f"{found[f'{name}+']};{content}" if f"{name}+" in found else content
    return found


# -- title ---------------------------------------------------------------------------------------------------------


def _title(
    tree: Any, article: dict[str, Any], meta: dict[str, str], site: str | None, context: Context
) -> Field[str] | None:
    element = next(iter(tree.xpath("//title[1]")), None)
    document = _text(element)
    headings = [text for text in (_text(heading) for heading in tree.iter("h1")) if text and len(text) > 8]
    opengraph = _without_site(meta.get("og:title"), site)
    stated = [jsonld.text_of(article.get("headline")), opengraph, _without_site(meta.get("twitter:title"), site)]
    # The heading that readers see is the title where something else on the page says the same.
    agreed = next((h for h in headings if any(_alike(h, other) for other in (*stated, document))), None)
    itemprop = next((_text(element) for element in tree.xpath("//*[@itemprop='headline']") if _text(element)), None)
    return _first(
        (Origin.HEADING, agreed),
        (Origin.JSON_LD, stated[0]),
        (Origin.OPENGRAPH, opengraph),
        (Origin.MICRODATA, itemprop),
        (Origin.HEADING, headings[0] if len(headings) == 1 else None),
        (Origin.META, _without_site(document, site)),
        (Origin.SOURCE, context.entry.title if context.entry else None),
    )


def _without_site(title: str | None, site: str | None) -> str | None:
    """The title without the site's name at its end."""
    if not title:
        return None
    if site:
        bare = re.sub(rf"\s*(?:[|–—·•»-]|::?)\s*(?:www\.)?{re.escape(site)}\s*$", "", title, flags=re.IGNORECASE)
        if bare and bare != title:
            return bare
    tail = re.search(r"\s[|–—·•»]\s[^|–—·•»]{2,40}$", title)
    return title[: tail.start()] if tail and len(title) - len(tail[0]) > 15 else title


def _alike(one: str, other: str | None) -> bool:
    if not other:
        return False
    a, b = _bare(one), _bare(other)
    return a == b or (len(a) > 20 and (b.startswith(a) or a in b))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


# -- dates ---------------------------------------------------------------------------------------------------------


def _dates(
    tree: Any, page: Page, context: Context, article: dict[str, Any], meta: dict[str, str]
) -> tuple[Field[When] | None, Field[When] | None]:
    zone = context.timezone
    ruled = next(
        (_when_of(element, page, zone) for selector in context.hints.date for element in select(tree, selector)), None
    )
    times = list(_times(tree, page, zone))
    lines = list(_date_lines(tree, page, zone))
    entry = context.entry
    published = _first(
        (Origin.OUTLET_RULE, ruled),
        (Origin.JSON_LD, read_date(jsonld.text_of(article.get("datePublished")), zone)),
        (
            Origin.OPENGRAPH,
            _meta_date(meta, zone, "article:published_time", "og:article:published_time", "og:published_time"),
        ),
        (Origin.MICRODATA, _itemprop_date(tree, page, zone, "datePublished")),
        (Origin.META, _meta_date(meta, zone, *_META_DATES)),
        (Origin.JSON_LD, read_date(jsonld.text_of(article.get("dateCreated")), zone)),
        (Origin.BYLINE_LINE, next((when for when, modified in lines if not modified), None)),
        (Origin.TIME_ELEMENT, next((when for when, modified in times if not modified), None)),
        (Origin.SOURCE, entry.published if entry else None),
        (Origin.URL, dates.day_in_url(page.url, zone)),
    ) or _guessed_date(tree, page, zone)
    modified = _first(
        (Origin.JSON_LD, read_date(jsonld.text_of(article.get("dateModified")), zone)),
        (Origin.OPENGRAPH, _meta_date(meta, zone, "article:modified_time", "og:updated_time")),
        (Origin.MICRODATA, _itemprop_date(tree, page, zone, "dateModified")),
        (Origin.META, _meta_date(meta, zone, "last-modified", "dcterms.modified", "dc.date.modified", "revised")),
        (Origin.BYLINE_LINE, next((when for when, is_modified in lines if is_modified), None)),
        (Origin.TIME_ELEMENT, next((when for when, is_modified in times if is_modified), None)),
    )
    return published, modified


def _guessed_date(tree: Any, page: Page, zone: str | None) -> Field[When] | None:
    """Htmldate's word where nothing else has one. Its 1 January means that it found a year and no more."""
    try:
        guess = htmldate.find_date(
            copy.deepcopy(tree), original_date=True, extensive_search=False, max_date=page.fetched_at, url=page.url
        )
    except (ValueError, TypeError, AttributeError):  # seen on damaged dates
        return None
    found = read_date(guess, zone)
    if found is None or (found.day.month, found.day.day) == (1, 1):
        return None
    return Field(value=found, origin=Origin.TRAFILATURA)


_META_DATES = (
    "datepublished", "date", "pubdate", "publishdate", "publish-date", "publication_date", "parsely-pub-date", "dc.date",
    "dc.date.issued", "dcterms.created", "dcterms.date", "dcterms.issued", "sailthru.date", "article.published",
    "cxenseparse:recs:publishtime", "iso-8601-publish-date", "rnews:datepublished", "last-publish-date",
)  # fmt: skip


def _meta_date(meta: dict[str, str], zone: str | None, *names: str) -> When | None:
    return next(filter(None, (read_date(meta.get(name), zone) for name in names)), None)


def _itemprop_date(tree: Any, page: Page, zone: str | None, name: str) -> When | None:
    for element in tree.xpath("//*[@itemprop=$name]", name=name):
        if found := _when_of(element, page, zone):
            return found
    return None


def _when_of(element: Any, page: Page, zone: str | None) -> When | None:
    for attribute in ("datetime", "content", "title"):
        if found := read_date(element.get(attribute), zone):
            return found
    return dates.find_date(_text(element) or "", zone=zone, now=page.fetched_at)


def _times(tree: Any, page: Page, zone: str | None) -> Iterator[tuple[When, bool]]:
    for element in tree.xpath("//time[not(ancestor::footer or ancestor::aside or ancestor::nav)]")[:8]:
        if any(_is_teaser(ancestor) for ancestor in element.iterancestors("li", "a", "div")):
            continue
        if found := _when_of(element, page, zone):
            parent = element.getparent()
            around = f"{element.get('class') or ''} {element.get('itemprop') or ''} {(parent.text or '') if parent is not None else ''}"
            yield found, bool(_MODIFIED.search(around))


def _is_teaser(element: Any) -> bool:
    return bool(
        re.search(
            r"related|teaser|card|sidebar|most-?read|recommend|correlat|widget",
            element.get("class") or "",
            re.IGNORECASE,
        )
    )


def _date_lines(tree: Any, page: Page, zone: str | None) -> Iterator[tuple[When, bool]]:
    """Short lines that hold a date and words of publishing: "Pubblicato Lunedì, 12 Gennaio 2026 a cura di …"."""
    seen = 0
    for element in tree.iter("p", "span", "div", "em", "i", "small", "li", "td", "address", "header"):
        text = _own_text(element)
        if not 8 <= len(text) <= 160 or not dates.has_date(text):
            continue
        seen += 1
        if seen > 40:
            return
        marked = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _MODIFIED.search(text):
            modified = True
        elif _PUBLISHED.search(text) or _PUBLISHED.search(marked) or not _bare(dates.without_dates(text)):
            modified = bool(_MODIFIED.search(marked))
        else:
            continue
        if _inside(element, "footer", "aside", "nav"):
            continue
        if found := dates.find_date(text, zone=zone, now=page.fetched_at):
            yield found, modified


# -- authors -------------------------------------------------------------------------------------------------------


def _authors(
    tree: Any, context: Context, article: dict[str, Any], meta: dict[str, str], site: str | None
) -> tuple[Field[str] | None, Field[tuple[str, ...]] | None]:
    ruled = next(
        (text for selector in context.hints.byline for element in select(tree, selector) if (text := _text(element))),
        None,
    )
    line = _byline_line(tree)
    candidates: list[tuple[Origin, list[str]]] = [
        (Origin.OUTLET_RULE, [ruled] if ruled else []),
        (Origin.JSON_LD, list(_names(article.get("author")) or _names(article.get("creator")))),
        (
            Origin.META,
            [
                meta[name]
                for name in ("author+", "parsely-author+", "sailthru.author+", "dc.creator", "byl")
                if name in meta
            ],
        ),
        (Origin.OPENGRAPH, [meta["article:author+"]] if "article:author+" in meta else []),
        (Origin.MICRODATA, _itemprop_authors(tree)),
        (Origin.BYLINE_LINE, [_who(line)] if line else []),
        (Origin.META, _marked_authors(tree)),
    ]
    told = [(origin, authors.people(raw, outlet=site)) for origin, raw in candidates]
    byline = _first((Origin.OUTLET_RULE, ruled), (Origin.BYLINE_LINE, line))
    return byline, _first(*told)


def _names(value: Any) -> Iterator[str]:
    for author in value if isinstance(value, list) else [value]:
        if isinstance(author, dict):
            if "Organization" in str(author.get("@type")):
                continue
            names = author.get("name")
            for name in names if isinstance(names, list) else [names]:
                if text := jsonld.text_of(name):
                    yield text
        elif text := jsonld.text_of(author):
            yield text


def _itemprop_authors(tree: Any) -> list[str]:
    found = []
    for element in tree.xpath("//*[@itemprop='author']")[:6]:
        name = next(iter(element.xpath(".//*[@itemprop='name']")), element)
        if text := name.get("content") or _text(name):
            found.append(text)
    return found


def _byline_line(tree: Any) -> str | None:
    """A short line that is a credit line as a whole; teasers and asides have their own."""
    for element in tree.iter("p", "span", "div", "em", "i", "address", "small", "strong", "b"):
        text = _own_text(element)
        if 5 < len(text) <= 140 and _BYLINE_LINE.match(text) and authors.people(_who(text)):
            if _inside(element, "footer", "aside", "nav", "li", "figure", "figcaption", "blockquote"):
                continue
            return text
    return None


def _who(text: str) -> str:
    match = _BYLINE_LINE.match(text)
    return match["who"] if match else text


def _marked_authors(tree: Any) -> list[str]:
    """Names in elements that are marked as the byline: rel=author, or a class that says so."""
    found = [text for element in tree.xpath("//a[@rel='author']")[:4] if (text := _text(element))]
    if found:
        return found
    for element in tree.xpath("//*[self::a or self::span or self::p or self::div or self::address][@class]"):
        marked = f"{element.get('class')} {element.get('data-testid') or ''}"
        if not _BYLINE_MARK.search(marked) or _NOT_BYLINE.search(marked):
            continue
        text = _text(element)
        if text and len(text) <= 100:
            return [text]
    return []


# -- the rest ------------------------------------------------------------------------------------------------------


def _language(tree: Any, article: dict[str, Any], meta: dict[str, str], context: Context) -> Field[str] | None:
    stated = (
        (Origin.META, tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")),
        (Origin.JSON_LD, jsonld.text_of(article.get("inLanguage"))),
        (Origin.OPENGRAPH, meta.get("og:locale")),
        (Origin.META, meta.get("content-language")),
        (Origin.OUTLET_RULE, context.language),
    )
    known = [(origin, tag) for origin, value in stated if value and (tag := _tag(value))]
    return _first(*known)


def _tag(value: str) -> str | None:
    match = re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", value.strip())
    return match[1].lower() if match else None


def _canonical(tree: Any, page: Page, meta: dict[str, str]) -> str | None:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            stated = link.get("href").strip()
            break
    else:
        stated = meta.get("og:url") or ""
    try:
        return urljoin(page.url, stated) if stated else None
    except ValueError:
        return None


def _image(article: dict[str, Any], meta: dict[str, str], base: str) -> Field[str] | None:
    value = article.get("image")
    value = value[0] if isinstance(value, list) and value else value
    value = (value.get("url") or value.get("contentUrl")) if isinstance(value, dict) else value
    found = _first(
        (Origin.JSON_LD, value if isinstance(value, str) else None), (Origin.OPENGRAPH, meta.get("og:image"))
    )
    if found is None:
        return None
    try:
        address = urljoin(base, found.value.strip())
    except ValueError:
        return None
    return Field(value=address, origin=found.origin) if address.startswith(("http://", "https://")) else None


def _paywalled(tree: Any, article: dict[str, Any], meta: dict[str, str]) -> bool:
    free = article.get("isAccessibleForFree")
    if free is not None:
        return str(free).lower() in ("false", "no", "0")
    return meta.get("article:content_tier", "").lower() in ("metered", "locked") or bool(
        tree.xpath("boolean(//*[contains(@class, 'paywall-active') or contains(@class, 'is-paywalled')])")
    )


def _text(element: Any) -> str | None:
    return " ".join(element.text_content().split()) or None if element is not None else None


def _inside(element: Any, *tags: str) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _own_text(element: Any) -> str:
    """The element's text where it is one line: no block inside."""
    if any(child.tag in _BLOCKS for child in element.iterdescendants()):
        return ""
    return " ".join(element.text_content().split())


_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "li", "table", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "figure"}
)
