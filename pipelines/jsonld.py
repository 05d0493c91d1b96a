"""JSON-LD as found in the wild: graphs, arrays, broken JSON, several articles in a page; finds the page's own.

Broken JSON is mended by `pipelines.mending`; what the values mean is read in `pipelines.metadata` and its neighbours.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from pipelines.mending import loads

_TYPE = re.compile(r"(?:Article|Posting|BlogPost|Report|LiveBlogPosting|Review|LearningResource)$")
_TYPE_OF_OTHERS = re.compile(
    r"^(?:JobPosting|DiscussionForumPosting|UserReview|CriticReview|EmployerReview|ClaimReview|AggregateRating|Review)$"
)
_WEAK_TYPES = frozenset(
    {"WebPage", "ItemPage", "CreativeWork", "MedicalWebPage", "AboutPage", "Recipe", "VideoObject", "NewsMediaObject"}
)
"""Types that describe the article where no object is typed as one, and only if they have a headline of their own."""
_CHARACTERS_MOST = 2 << 20
_SCRIPTS_MOST = 40
_NODES_MOST = 4_000
"""Objects of one script that are looked at: the page with most of 784 has 1,650."""
_ARTICLES_MOST = 200
_DEPTH_MOST = 12
_BRANCHES = (
    "@graph", "mainEntity", "mainEntityOfPage", "hasPart", "isPartOf", "itemListElement", "item", "author", "creator", "publisher",
    "about", "subjectOf",
)  # fmt: skip
"""Keys below which articles and what they refer to are looked for; a live blog's updates are neither."""
_LISTS = frozenset({"itemListElement", "item", "hasPart", "subjectOf", "about", "isPartOf"})
"""Keys below which objects are other articles: teasers and parts."""
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_WORD = re.compile(r"\w+")
_SCHEME = re.compile(r"^https?://(?:www\.|m\.|amp\.)?", re.IGNORECASE)


def find_article(tree: Any, url: str) -> dict[str, Any] | None:
    """The object that describes the page's article, or None.

    Of several it is the one with the page's address; else one that isn't part of a list or of another object and whose
    headline the page's title or first heading repeats; else the first with a headline. References such as
    {"@id": "…#author"} are resolved, two levels deep. Of objects that describe the same article the later ones fill what
    the chosen one leaves out.
    """
    nodes = list(_nodes(tree))
    articles = [(node, listed) for node, listed in nodes if _is_article(node)]
    if not articles:
        articles = [(node, listed) for node, listed in nodes if _is_weak(node)]
    if not articles:
        return None
    chosen = articles[0][0] if len(articles) == 1 else _own(articles, tree, url)
    if chosen is None:
        return None
    by_id: dict[str, dict[str, Any]] = {}
    for node, _ in nodes:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > 2 and len(node) > len(by_id.get(name, ())):
            by_id[name] = node
    whole = dict(chosen)
    for other, _ in articles:
        if other is not chosen and _same_article(other, chosen):
            for key, value in other.items():
                if whole.get(key) in (None, "", [], {}):
                    whole[key] = value
    return {key: _resolved(value, by_id) for key, value in whole.items()}


def address_of(node: dict[str, Any]) -> str | None:
    """The first address that an object gives itself."""
    return next(_addresses(node), None)


def text_of(value: object) -> str | None:
    """A value that should be text: entities resolved, markup dropped, whitespace folded."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
        if isinstance(value, list):
            value = value[0] if value else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return unescaped(value) if isinstance(value, str) else None


def unescaped(value: str | None) -> str | None:
    """Text that went through a template twice: entities resolved, tags dropped, whitespace folded."""
    if not value:
        return None
    if "&" in value:
        value = html.unescape(html.unescape(value))
    if "<" in value:
        value = _TAG.sub(" ", value)
    return " ".join(value.split()) or None


def _nodes(tree: Any) -> Iterator[tuple[dict[str, Any], bool]]:
    """The objects of all scripts, breadth first within one; True for what stands in a list or is a part."""
    scripts = 0
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = (script.text or "").strip()
        scripts += 1
        if scripts > _SCRIPTS_MOST:
            return
        if not text or len(text) > _CHARACTERS_MOST:
            continue
        # An explicit stack, and depth counted: the JSON is somebody else's.
        level: list[tuple[Any, bool]] = [(loads(text), False)]
        seen = 0
        for _ in range(_DEPTH_MOST):
            below: list[tuple[Any, bool]] = []
            for node, listed in level:
                if isinstance(node, list):
                    below.extend((part, listed) for part in node[:_NODES_MOST])
                elif isinstance(node, dict):
                    seen += 1
                    if seen > _NODES_MOST:
                        break
                    yield node, listed
                    below.extend(
                        (node[key], listed or key in _LISTS)
                        for key in _BRANCHES
                        if isinstance(node.get(key), dict | list)
                    )
            if not below or seen > _NODES_MOST:
                break
            level = below


def _types(node: dict[str, Any]) -> Iterator[str]:
    types = node.get("@type")
    for name in types if isinstance(types, list) else (types,):
        if isinstance(name, str):
            yield name.rpartition("/")[2].rpartition(":")[2]


def _is_article(node: dict[str, Any]) -> bool:
    return any(_TYPE.search(name) and not _TYPE_OF_OTHERS.match(name) for name in _types(node))


def _is_weak(node: dict[str, Any]) -> bool:
    return bool(node.get("headline")) and any(name in _WEAK_TYPES for name in _types(node))


def _own(articles: list[tuple[dict[str, Any], bool]], tree: Any, url: str) -> dict[str, Any] | None:
    """Of several articles the page's own."""
    here = _bare(url)
    shown = [
        frozenset(_WORD.findall(element.text_content()[:400].casefold()))
        for element in chain(islice(tree.iter("title"), 1), islice(tree.iter("h1"), 4))
    ]
    best, most = None, -1.0
    beyond = [pair for pair in articles[_ARTICLES_MOST:] if any(_bare(said) == here for said in _addresses(pair[0]))]
    for place, (node, listed) in enumerate([*articles[:_ARTICLES_MOST], *beyond[:1]]):
        headline = text_of(node.get("headline")) or ""
        rank = 4.0 * any(_bare(said) == here for said in _addresses(node))
        words = frozenset(_WORD.findall(headline.casefold()))
        rank += (
            max((len(words & other) / (len(words | other) or 1) for other in shown), default=0.0) * 3 if words else 0.0
        )
        rank += 0.5 * bool(headline) + 0.25 * bool(node.get("datePublished")) + 0.25 * bool(node.get("author"))
        rank -= 2.0 * listed + place / 1_000
        if rank > most:
            best, most = node, rank
    return best


def _same_article(one: dict[str, Any], other: dict[str, Any]) -> bool:
    said = text_of(one.get("headline"))
    if said is not None and said == text_of(other.get("headline")):
        return True
    mine, theirs = ({_bare(said) for said in _addresses(node)} for node in (one, other))
    return bool(mine & theirs)


def _addresses(node: dict[str, Any]) -> Iterator[str]:
    main = node.get("mainEntityOfPage")
    if isinstance(main, dict):
        main = main.get("@id") or main.get("url")
    for said in (node.get("url"), main, node.get("@id")):
        value = said[0] if isinstance(said, list) and said else said
        if isinstance(value, str) and value.strip():
            yield value.strip()


def _resolved(value: Any, by_id: dict[str, dict[str, Any]], levels: int = 2) -> Any:
    if levels == 0:
        return value
    if isinstance(value, list):
        return [_resolved(part, by_id, levels) if isinstance(part, dict) else part for part in value]
    if isinstance(value, dict):
        name = value.get("@id")
        if isinstance(name, str) and name in by_id and set(value) <= {"@id", "@type"}:
            value = by_id[name]
        if any(isinstance(part, dict) and "@id" in part for part in value.values()):
            return {
                key: _resolved(part, by_id, levels - 1) if isinstance(part, dict) else part
                for key, part in value.items()
            }
    return value


def _bare(address: str) -> str:
    """An address without what makes two of one page differ."""
    return _SCHEME.sub("", address).partition("#")[0].partition("?")[0].rstrip("/").casefold()
