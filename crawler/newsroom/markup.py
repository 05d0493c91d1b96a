"""What the pages of all the newsroom's outlets are made of: the shell of a document, a body's blocks, links, dates.

How one outlet looks is its own module's affair: `gazzetta`, `chipwire`, `rechenblatt`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby
from typing import Any

from crawler.newsroom.articles import Article, Site


def document(site: Site, title: str, body: str, *, head: str = "", style: str = "", attributes: str = "") -> str:
    """A whole page; `title` is escaped here, all else is HTML already."""
    return (
        f'<!DOCTYPE html>\n<html lang="{site.language}">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{head}<style>{style}</style>\n</head>\n<body{attributes}>\n{body}\n</body>\n</html>\n"
    )


def blocks(article: Article) -> str:
    """The body as headings, paragraphs, quotes and lists; runs of list entries become one list."""
    parts = []
    for tag, run in groupby(article.blocks, key=lambda block: block[0]):
        texts = [escape(text) for _, text in run]
        if tag == "li":
            parts.append("<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>")
        elif tag == "blockquote":
            parts.extend(f"<blockquote><p>{text}</p></blockquote>" for text in texts)
        else:
            parts.extend(f"<{tag}>{text}</{tag}>" for text in texts)
    return "\n".join(parts)


def head_of(site: Site, article: Article, base: str) -> str:
    """Description, canonical address and OpenGraph, as content systems write them."""
    title, standfirst = escape(article.title), escape(article.standfirst)
    return (
        f'<meta name="description" content="{standfirst}">\n<link rel="canonical" href="{base}{escape(article.path)}">\n'
        f'<meta property="og:type" content="article">\n<meta property="og:title" content="{title}">\n'
        f'<meta property="og:description" content="{standfirst}">\n<meta property="og:url" content="{base}{escape(article.path)}">\n'
        f'<meta property="og:site_name" content="{escape(site.name)}">\n'
    )


def json_ld(graph: Mapping[str, Any]) -> str:
    """A script element; `<` is written so that no text can end it."""
    text = json.dumps({"@context": "https://schema.org", **graph}, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>\n'


def links(articles: Iterable[Article], *, before: str = "<li>", after: str = "</li>") -> str:
    """A link to each, between `before` and `after`."""
    return "".join(
        f'{before}<a href="{escape(article.path)}">{escape(article.title)}</a>{after}' for article in articles
    )
