"""JSON-LD as found in the wild: graphs, arrays, broken JSON, several articles in a page; finds the page's own.

What its values mean is read in `pipelines.metadata`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

_TYPES = re.compile(
    r"(News|Report|Blog|Opinion|Review|Analysis|Background|Satirical|Tech|Scholarly|AdvertiserContent|Live)?(Article|Posting|BlogPost|NewsArticle|LiveBlogPosting|Report)$"
)
_BYTES_MOST = 2 << 20
_DEPTH_MOST = 12
_CONTROL = re.compile(r"[\x00-\x1f]")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")


def find_article(tree: Any, url: str) -> dict[str, Any] | None:
    """The object that describes the page's article; of several the one with this URL, else the first with a headline."""
    nodes = [node for script in _scripts(tree) for node in _walk(script)]
    articles = [node for node in nodes if _is_article(node)]
    if not articles:
        return None
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    own = [node for node in articles if _same(address_of(node), url)]
    with_headline = [node for node in articles if node.get("headline")]
    chosen = (own or with_headline or articles)[0]
    # References such as {"@id": "…#author"} are resolved one level deep, which is what the generators write.
    return {key: _resolved(value, by_id) for key, value in chosen.items()}


def address_of(node: dict[str, Any]) -> str | None:
    main = node.get("mainEntityOfPage")
    if isinstance(main, dict):
        main = main.get("@id") or main.get("url")
    for value in (node.get("url"), main, node.get("@id")):
        if isinstance(value, str) and value:
            return value
    return None


def text_of(value: object) -> str | None:
    """A value that should be text: entities resolved, markup dropped, whitespace folded."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    plain = html.unescape(html.unescape(re.sub(r"<[^<>]{1,200}>", " ", value)))
    return " ".join(plain.split()) or None


def _scripts(tree: Any) -> Iterator[Any]:
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = (script.text or "").strip()
        if text and len(text) <= _BYTES_MOST and (parsed := _loads(text)) is not None:
            yield parsed


def _loads(text: str) -> Any:
    text = (
        re.sub(r"^\s*(<!\[CDATA\[|<!--|//\s*<!\[CDATA\[)|(\]\]>|-->|//\s*\]\]>)\s*;?\s*$", "", text).strip().rstrip(";")
    )
    mended = _TRAILING_COMMA.sub(r"\1", _CONTROL.sub(" ", text))
    for candidate in (text, mended, html.unescape(mended)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    try:  # the first object of several written one after another
        return json.JSONDecoder(strict=False).raw_decode(mended)[0]
    except (ValueError, RecursionError):
        return None


def _walk(node: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > _DEPTH_MOST:
        return
    if isinstance(node, list):
        for part in node:
            yield from _walk(part, depth + 1)
    elif isinstance(node, dict):
        yield node
        for key in (
            "@graph",
            "mainEntity",
            "mainEntityOfPage",
            "hasPart",
            "itemListElement",
            "item",
            "author",
            "publisher",
        ):
            if isinstance(node.get(key), dict | list):
                yield from _walk(node[key], depth + 1)


def _is_article(node: dict[str, Any]) -> bool:
    types = node.get("@type")
    return any(
        isinstance(name, str) and _TYPES.search(name.rpartition("/")[2])
        for name in (types if isinstance(types, list) else [types])
    )


def _resolved(value: Any, by_id: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_resolved(part, by_id) for part in value]
    if isinstance(value, dict) and set(value) <= {"@id", "@type"} and value.get("@id") in by_id:
        return by_id[value["@id"]]
    return value


def _same(address: str | None, url: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"^https?://(www\.)?", "", text).partition("#")[0].partition("?")[0].rstrip("/")

    return address is not None and bare(address) == bare(url)
