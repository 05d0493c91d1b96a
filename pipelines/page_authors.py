"""Who wrote a page's article: the credit line as printed, and every place that names authors.

Which of the names are people is decided by `pipelines.authors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines import authors, jsonld
from pipelines.blocks import Block
from pipelines.markup import first, inside, line_of, text_of
from pipelines.records import Context, Field, Origin
from pipelines.selectors import select

_BYLINE_LINE = re.compile(
    r"^(?:(?:pubblicato|published|posted|veröffentlicht|publié|publicado)\b.{0,80}?\s)?"
    r"(?:a\s+cura\s+di|(?:scritto\s+)?da|di|by|von|par|por)\s+(?P<who>[A-ZÀ-Þ][^|]{2,80})$",
    re.IGNORECASE,
)
_BYLINE_MARK = re.compile(r"byline|author|autor|firma|writer|redattore|signature", re.IGNORECASE)
_NOT_BYLINE = re.compile(
    r"bio|box|about|card|related|comment|avatar|image|img|photo|social|follow|list|footer", re.IGNORECASE
)


def read_authors(
    tree: Any,
    context: Context,
    article: dict[str, Any],
    meta: dict[str, str],
    site: str | None,
    blocks: Sequence[Block],  # noqa: ARG001
) -> tuple[Field[str] | None, Field[tuple[str, ...]] | None]:
    ruled = next(
        (text for selector in context.hints.byline for element in select(tree, selector) if (text := text_of(element))),
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
    byline = first((Origin.OUTLET_RULE, ruled), (Origin.BYLINE_LINE, line))
    return byline, first(*told)


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
        if text := name.get("content") or text_of(name):
            found.append(text)
    return found


def _byline_line(tree: Any) -> str | None:
    """A short line that is a credit line as a whole; teasers and asides have their own."""
    for element in tree.iter("p", "span", "div", "em", "i", "address", "small", "strong", "b"):
        text = line_of(element)
        if 5 < len(text) <= 140 and _BYLINE_LINE.match(text) and authors.people(_who(text)):
            if inside(element, "footer", "aside", "nav", "li", "figure", "figcaption", "blockquote"):
                continue
            return text
    return None


def _who(text: str) -> str:
    match = _BYLINE_LINE.match(text)
    return match["who"] if match else text


def _marked_authors(tree: Any) -> list[str]:
    """Names in elements that are marked as the byline: rel=author, or a class that says so."""
    found = [text for element in tree.xpath("//a[@rel='author']")[:4] if (text := text_of(element))]
    if found:
        return found
    for element in tree.xpath("//*[self::a or self::span or self::p or self::div or self::address][@class]"):
        marked = f"{element.get('class')} {element.get('data-testid') or ''}"
        if not _BYLINE_MARK.search(marked) or _NOT_BYLINE.search(marked):
            continue
        text = text_of(element)
        if text and len(text) <= 100:
            return [text]
    return []
