"""The days that a page's markup states: JSON-LD, OpenGraph, microdata, meta elements, the state of its scripts.

What the page shows is read in `pipelines.date_lines`; which word is believed is decided in `pipelines.page_dates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pipelines import jsonld
from pipelines.date_lines import Reading, time_of
from pipelines.date_roles import Role
from pipelines.discovery.dates import read_date
from pipelines.records import Origin, Page, Precision, When

Told = tuple[Origin, When]

_OPENGRAPH_PUBLISHED = ("article:published_time", "og:article:published_time", "og:published_time", "article:published")
_OPENGRAPH_MODIFIED = ("article:modified_time", "og:article:modified_time", "og:updated_time", "og:modified_time")
_META_PUBLISHED = re.compile(
    r"(?:^|[^a-z])(?:date|pubdate|(?:pub(?:lish(?:ed)?|lication)?|issue|release|display|post|article|citation|creation|create|created)[-_.: ]?"
    r"(?:date|time|on|at|timestamp)(?:[-_.: ]?(?:time|original|issued))?|(?:date|time)[-_.: ]?(?:pub(?:lished|lish)?|issued|created|posted|original)|"
    r"issued|published|created|publishtime|gentime)$",
    re.IGNORECASE,
)
_META_MODIFIED = re.compile(
    r"(?:^|[^a-z])(?:date[-_.: ]?)?(?:last[-_.: ]?)?(?:modif(?:ied|ication)|updated?|revised|lastmod|moddate)(?:[-_.: ]?(?:date|time|on|at))?$",
    re.IGNORECASE,
)
_OTHER_META = re.compile(r"expir|copyright|birth|build|crawl|event|start|end|valid", re.IGNORECASE)
_NOT_PUBLISHED = re.compile(rf"{_OTHER_META.pattern}|modif|updat|revis|chang|review|last", re.IGNORECASE)
_OTHER_SCOPE = re.compile(
    r"Comment|Review|Rating|Answer|Question|Event|Person|Product|VideoObject|ImageObject|Offer", re.IGNORECASE
)
_EPOCH = re.compile(r"1[0-9]{9}(?:[0-9]{3})?")
_QUOTE = rb'(?:\\{0,2}["\']|&quot;|&#34;)'
_LOOSE_NAMES = (b"datePublished", b"publishedAt", b"published_at", b"publishDate", b"publish_date", b"publicationDate")
_LOOSE_VALUE = re.compile(_QUOTE + rb"\s{0,9}:\s{0,9}" + _QUOTE + rb"([12]\d{3}-[^\"'&\\\s]{5,30})")
_ITEMPROPS = re.compile(rb"""["']?date(?:Published|Modified)""")
_MARKED_MOST = 40  # elements or values of one kind that are read


def stated_dates(  # noqa: PLR0917
    tree: Any, page: Page, article: dict[str, Any], meta: dict[str, str], reading: Reading, headline: Any
) -> tuple[list[Told], list[Told]]:
    """Where markup states when the article was published and when modified, in the order in which it is believed.

    `headline` is the element of the page's headline, None where it has none.
    """
    marked = _microdata(tree, page.body, headline, reading)
    metas = _metas(meta, reading)
    published = [
        *_from(Origin.JSON_LD, reading, article.get("datePublished")),
        *_from(Origin.OPENGRAPH, reading, *(meta.get(name) for name in _OPENGRAPH_PUBLISHED)),
        *((Origin.MICRODATA, when) for name, when in marked if name == "datePublished"),
        *((Origin.META, when) for role, when in metas if role is Role.PUBLISHED),
    ]
    if not published:
        published = [
            *_from(Origin.JSON_LD, reading, *_loose(page.body)),
            *_from(Origin.JSON_LD, reading, article.get("dateCreated")),
        ]
    modified = [
        *_from(Origin.JSON_LD, reading, article.get("dateModified")),
        *_from(Origin.OPENGRAPH, reading, *(meta.get(name) for name in _OPENGRAPH_MODIFIED)),
        *((Origin.MICRODATA, when) for name, when in marked if name == "dateModified"),
        *((Origin.META, when) for role, when in metas if role is Role.MODIFIED),
    ]
    return published, modified


def _from(origin: Origin, reading: Reading, *values: object) -> Iterator[Told]:
    for value in values:
        if (text := jsonld.text_of(value)) and (when := _read(text[:80], reading)):
            yield origin, when


def _read(text: str, reading: Reading) -> When | None:
    """A date in an attribute or in JSON: as machines write it, in seconds since 1970, or as people write it."""
    when = read_date(text, reading.zone)
    if when is None and _EPOCH.fullmatch(text):
        when = When(instant=datetime.fromtimestamp(int(text[:10]), UTC), precision=Precision.SECOND)
    if when is None:
        when = next((found.when for found in reading.dates(text)), None)
    return when if reading.plausible(when) else None


def _metas(meta: dict[str, str], reading: Reading) -> list[tuple[Role, When]]:
    """What meta elements with telling names state, the earliest first."""
    told = [
        (role, when)
        for name, content in meta.items()
        if (role := _role_named(name)) and len(content) <= 80 and (when := _read(content, reading))
    ]
    return sorted(told, key=lambda pair: pair[1].utc)


@lru_cache(maxsize=4_096)
def _role_named(name: str) -> Role | None:
    """What the name of a meta element says of its date; pages repeat the same few hundred names."""
    if name in _OPENGRAPH_PUBLISHED or name in _OPENGRAPH_MODIFIED or _OTHER_META.search(name):
        return None
    if _META_MODIFIED.search(name):
        return Role.MODIFIED
    return Role.PUBLISHED if _META_PUBLISHED.search(name) and not _NOT_PUBLISHED.search(name) else None


def _loose(body: bytes) -> list[str]:
    """`datePublished` of JSON that is no article's (a WebPage), broken or a script's state, where the page has one day."""
    values: list[str] = []
    for name in _LOOSE_NAMES:
        at = body.find(name)
        while at >= 0 and len(values) < _MARKED_MOST:
            at += len(name)
            if found := _LOOSE_VALUE.match(body, at):
                values.append(found[1].decode("ascii", "ignore"))
            at = body.find(name, at)
    return values[:1] if len({value[:10] for value in values}) == 1 else []


def _microdata(tree: Any, body: bytes, headline: Any, reading: Reading) -> list[tuple[str, When]]:
    """Dates that microdata states of what the headline stands in, or of the page as a whole."""
    if not _has_itemprop(body):
        return []
    own: list[tuple[str, When]] = []
    unscoped: list[tuple[str, When]] = []
    around = set(headline.iterancestors()) if headline is not None else set()
    for element in tree.xpath("//*[@itemprop='datePublished' or @itemprop='dateModified']")[:_MARKED_MOST]:
        scope = next((e for e in element.iterancestors() if e.get("itemscope") is not None), None)
        if scope is not None and (_OTHER_SCOPE.search(scope.get("itemtype") or "") or (around and scope not in around)):
            continue
        if when := time_of(element, reading):
            (unscoped if scope is None else own).append((element.get("itemprop"), when))
    published = {when.day for name, when in unscoped if name == "datePublished"}
    return own or (unscoped if len(published) <= 1 else [])  # without a scope, teasers' dates look like the article's


def _has_itemprop(body: bytes) -> bool:
    """Whether the page marks a date: a look at its bytes, because the search of its tree costs a millisecond."""
    at = body.find(b"rop=")
    while at >= 0:
        if _ITEMPROPS.match(body, at + 4):
            return True
        at = body.find(b"rop=", at + 4)
    return False
