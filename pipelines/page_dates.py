"""When a page's article was published and modified: every place that says so, in the order in which they are believed.

Dates as text are read by `pipelines.dates` and `pipelines.discovery.dates`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

import htmldate

from pipelines import dates, jsonld
from pipelines.blocks import Block
from pipelines.discovery.dates import read_date
from pipelines.markup import first, inside, line_of, text_of
from pipelines.records import Context, Field, Origin, Page, When
from pipelines.selectors import select

_PUBLISHED = re.compile(
    r"pubblicat|publish|veröffentlich|erschienen|publié|publicad|posted|date-?line|\bdate\b|\bdatum\b|created",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]")
_MODIFIED = re.compile(
    r"revision|aggiornat|modificat|updat|modif|aktualisiert|geändert|mis à jour|actualizad|edited", re.IGNORECASE
)


def read_dates(
    tree: Any,
    page: Page,
    context: Context,
    article: dict[str, Any],
    meta: dict[str, str],
    blocks: Sequence[Block],  # noqa: ARG001
) -> tuple[Field[When] | None, Field[When] | None]:
    zone = context.timezone
    ruled = next(
        (_when_of(element, page, zone) for selector in context.hints.date for element in select(tree, selector)), None
    )
    times = list(_times(tree, page, zone))
    lines = list(_date_lines(tree, page, zone))
    entry = context.entry
    published = first(
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
    modified = first(
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
    return dates.find_date(text_of(element) or "", zone=zone, now=page.fetched_at)


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
        text = line_of(element)
        if not 8 <= len(text) <= 160 or not dates.has_date(text):
            continue
        seen += 1
        if seen > 40:
            return
        marked = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _MODIFIED.search(text):
            modified = True
        elif _PUBLISHED.search(text) or _PUBLISHED.search(marked) or not _WORD.search(dates.without_dates(text)):
            modified = bool(_MODIFIED.search(marked))
        else:
            continue
        if inside(element, "footer", "aside", "nav"):
            continue
        if found := dates.find_date(text, zone=zone, now=page.fetched_at):
            yield found, modified
