"""Chipwire's pages: an English trade site with share bars, a newsletter box in the text, biographies, related links.

Its feed is `crawler.newsroom.feeds`' affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from crawler.newsroom.articles import SITES, Article, biographies
from crawler.newsroom.markup import blocks, document, head_of, links

SITE = SITES["chipwire"]
_STYLE = (
    "body{font:18px/1.55 'Helvetica Neue',Arial,sans-serif;margin:0;color:#111}.masthead{border-bottom:4px solid #0a58ca;padding:1rem}"
    ".masthead a{font-weight:800;color:#0a58ca;text-decoration:none;margin-right:1rem}article,.front{max-width:42rem;margin:0 auto;padding:1rem}"
    ".standfirst{font-size:1.2em;color:#444}.byline,time{color:#666;font-size:.85em}.share-bar{font-size:.8em;border:solid #ddd;border-width:1px 0;padding:.4rem 0}"
    ".newsletter-signup,.author-bio{background:#eef4ff;padding:1rem;margin:1.5rem 0}.related-articles{max-width:42rem;margin:0 auto;padding:1rem}"
    "footer{background:#111;color:#ccc;padding:1rem;font-size:.8em}"
)
_MASTHEAD = '<header class="masthead"><a href="/">Chipwire</a><a href="/tech">Tech</a><a href="/reviews">Reviews</a><a href="/search">Search</a></header>'
_FOOTER = "<footer><p>© 2026 Chipwire. All rights reserved.</p><p>Terms of Service · Privacy Policy</p></footer>"


def front(articles: Sequence[Article]) -> str:
    body = f"{_MASTHEAD}<div class='front'><h1>Chipwire</h1><ul>{links(articles)}</ul></div>{_FOOTER}"
    return document(SITE, "Chipwire: silicon news", body, style=_STYLE)


def article(shown: Article, base: str, related: Sequence[Article]) -> str:
    names = [escape(name) for name in shown.authors]
    day = shown.published_at
    meta = f'<meta property="article:published_time" content="{shown.published}">\n'
    if shown.modified:
        meta += f'<meta property="article:modified_time" content="{shown.modified}">\n'
    meta += "".join(f'<meta name="author" content="{name}">\n' for name in names)
    byline = f"<p class='byline'>By {' and '.join(names)}</p>" if names else ""
    lives = "".join(
        f"<div class='author-bio'><h4>{escape(name)}</h4><p>{escape(biographies()[name])}</p></div>"
        for name in shown.authors
    )
    body = (
        f"{_MASTHEAD}\n<article><h1>{escape(shown.title)}</h1><p class='standfirst'>{escape(shown.standfirst)}</p>{byline}"
        f"<time datetime='{shown.published}'>{day:%B} {day.day}, {day.year}</time>\n"
        "<div class='share-bar'>Share on Facebook | X | LinkedIn | Copy link</div>\n"
        f"<div class='entry'>{blocks(shown)}</div>\n"
        "<div class='newsletter-signup'><h3>Sign up for Chips at Breakfast</h3><p>Get the day's silicon news in your inbox.</p>"
        "<form><input type='email' placeholder='Email'><button>Subscribe</button></form></div>\n"
        f"{lives}</article>\n<aside class='related-articles'><h3>Related articles</h3><ul>{links(related)}</ul></aside>\n{_FOOTER}"
    )
    return document(SITE, f"{shown.title} - Chipwire", body, head=head_of(SITE, shown, base) + meta, style=_STYLE)
