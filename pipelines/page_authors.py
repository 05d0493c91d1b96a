"""Who wrote a page's article: every place that names authors, and which of them to believe.

The credit line that readers see is found by `pipelines.printed_byline`; what of a line are names is decided by `pipelines.authors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from lxml import etree

from pipelines import authors, jsonld
from pipelines.blocks import Block
from pipelines.markup import first, text_of
from pipelines.name_words import ACCOUNTS
from pipelines.printed_byline import Printed, find_printed
from pipelines.records import Context, Field, Origin
from pipelines.selectors import select

_TOGETHER_MOST = 2  # authors that are marked anywhere in a page
_NAMES_MOST = 200  # that one place gives: papers have as many
_INNER_MOST = 40  # elements looked at inside a marked one
_METAS = (
    "author+", "parsely-author+", "sailthru.author+", "dc.creator", "dcterms.creator", "dc.creator.creator", "byl", "articleauthor",
    "article.author", "citation_author", "cxenseparse:author", "mrf:authors", "news_authors", "authors",
)  # fmt: skip
_HEAD = (Origin.JSON_LD, Origin.META, Origin.OPENGRAPH)
_MARKED = etree.XPath("//*[@rel='author' or @itemprop='author']")


def read_authors(  # noqa: PLR0917 - the readers of fields all get what the page was read into
    tree: Any,
    context: Context,
    article: dict[str, Any],
    meta: dict[str, str],
    site: str | None,
    blocks: Sequence[Block],
) -> tuple[Field[str] | None, Field[tuple[str, ...]] | None]:
    """The byline as printed, and the authors; places that name others disagree.

    `meta` is what `metadata` read of the head; where a tag may repeat, its name with a "+" has all of them.
    """
    own = _own_names(meta, article, site)

    def people(lines: Sequence[str]) -> tuple[str, ...]:
        return authors.people(lines, outlet=context.outlet_name, own=own)

    ruled = next(
        (text for selector in context.hints.byline for element in select(tree, selector) if (text := text_of(element))),
        None,
    )
    document = tree.find("head/title")
    said = (jsonld.text_of(article.get("headline")), meta.get("og:title"), text_of(document))
    titles = [title for title in said if title]

    def stated(lines: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in people(list(islice(lines, _NAMES_MOST))) if not ACCOUNTS.match(name))

    printed = find_printed(blocks, titles, people)
    line = printed.line if printed else None
    told = [
        (Origin.JSON_LD, stated(_names(article.get("author") or article.get("creator")))),
        (Origin.META, stated(_metas(meta))),
        (Origin.OPENGRAPH, stated(meta.get("article:author+", "").split(";"))),
        (Origin.BYLINE_LINE, printed.names if printed else ()),
    ]
    if not any(names for _, names in told):
        told.append((Origin.MICRODATA, people(_marked(tree))))
    byline = first((Origin.OUTLET_RULE, ruled), (Origin.BYLINE_LINE, line))
    return byline, first((Origin.OUTLET_RULE, people([ruled] if ruled else [])), *_by_agreement(told, printed))


def _by_agreement(
    told: list[tuple[Origin, tuple[str, ...]]], printed: Printed | None
) -> list[tuple[Origin, tuple[str, ...]]]:
    """The places, the one to believe first.

    A byline that is led or marked as one is believed before the head of the page: generators write there who posted, the
    page says who wrote. Where another place has all its names and more, the line was only a part of the credit.
    """
    if printed is None or not printed.sure or not all(authors.is_persons(name) for name in printed.names):
        return told
    shown, alone = _known(printed.names), _known(printed.alone)
    said = [(_known(names), (origin, names)) for origin, names in told if origin in _HEAD]
    same = [one for names, one in said if names in (shown, alone)]
    fuller = [one for names, one in said if names > alone]
    chosen = next(iter(same or fuller), (Origin.BYLINE_LINE, printed.names))
    return [chosen, *(one for one in told if one != chosen)]


def _known(names: Sequence[str]) -> set[str]:
    return {authors.bare(name) for name in names}


def _own_names(meta: dict[str, str], article: dict[str, Any], site: str | None) -> tuple[str, ...]:
    """What the page calls its site: none of them is an author."""
    host = re.match(r"https?://(?:www\.)?([^/:]{1,80})", meta.get("og:url", ""))
    publisher = jsonld.text_of(article.get("publisher"))
    named = (site, publisher, meta.get("og:site_name"), meta.get("application-name"), host[1] if host else None)
    return tuple(name for name in named if name)


def _metas(meta: dict[str, str]) -> Iterator[str]:
    for name in _METAS:
        yield from meta.get(name, "").split(";")
    for n in ("1", "2"):  # "Written by", "Est. reading time": what SEO plugins tell a card
        if authors.is_lead_alone(meta.get(f"twitter:label{n}", "")):
            yield meta.get(f"twitter:data{n}", "")


def _names(value: Any) -> Iterator[str]:
    """The names in a JSON-LD author. An organization there is the outlet more often than not: only agencies and desks are kept."""
    for author in value if isinstance(value, list) else [value]:
        names = author.get("name") if isinstance(author, dict) else author
        body = isinstance(author, dict) and "Organization" in str(author.get("@type"))
        for name in names if isinstance(names, list) else [names]:
            if (text := jsonld.text_of(name)) and not (body and not authors.is_crew(text)):
                yield text


def _marked(tree: Any) -> list[str]:
    """Who is marked as the author anywhere; none where cards of other articles have theirs marked, too."""
    found = {}
    for element in _MARKED(tree):
        inner = islice(element.iter(), _INNER_MOST)
        name = next((one for one in inner if one.get("itemprop") == "name"), element)
        if text := name.get("content") or text_of(name):
            found[authors.bare(text)] = text
    return list(found.values()) if len(found) <= _TOGETHER_MOST else []
