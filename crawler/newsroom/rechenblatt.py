"""Rechenblatt's pages: a German site with JSON-LD that names two authors as one, AMP addresses, advertisements.

Its Atom feed and its news sitemap are `crawler.newsroom.feeds`' affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from crawler.newsroom.articles import SITES, Article, biographies
from crawler.newsroom.markup import blocks, document, head_of, json_ld, links

SITE = SITES["rechenblatt"]
# fmt: off
_MONTHS = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember")
# fmt: on
_STYLE = (
    "body{font:17px/1.6 'Segoe UI',Roboto,sans-serif;margin:0;background:#f3f4f2;color:#1c241f}.kopf{background:#0f4c3a;padding:1rem}"
    ".kopf a{color:#fff;font-weight:700;text-decoration:none;margin-right:1rem}main{max-width:44rem;margin:1rem auto;background:#fff;padding:1.5rem}"
    ".teaser{font-weight:600}.autor,time{color:#5c6b62;font-size:.85em}.anzeige{border:1px solid #ccc;text-align:center;color:#888;padding:2rem}"
    ".autorenbox,.mehr-zum-thema{border-top:2px solid #0f4c3a;margin-top:1.5rem}footer{padding:1rem;font-size:.8em;text-align:center}"
)
_HEADER = '<header class="kopf"><a href="/">Rechenblatt</a><a href="/netz">Netz</a><a href="/chips">Chips</a><a href="/energie">Energie</a></header>'
_FOOTER = "<footer>© 2026 Rechenblatt. Alle Rechte vorbehalten. Impressum Datenschutz</footer>"


def front(articles: Sequence[Article]) -> str:
    body = f"{_HEADER}<main><h1>Rechenblatt</h1><ul>{links(articles)}</ul></main>{_FOOTER}"
    return document(SITE, "Rechenblatt", body, style=_STYLE)


def article(shown: Article, base: str, related: Sequence[Article]) -> str:
    names, day = " und ".join(shown.authors), shown.published_at
    graph = {
        "@type": ["NewsArticle"],
        "headline": shown.title,
        "datePublished": shown.published,
        "dateModified": shown.modified,
        "author": {"@type": "Person", "name": names} if names else {"@type": "Organization", "name": SITE.name},
        "url": f"{base}{shown.path}",
    }
    byline = f"<p class='autor'>Von {escape(names)}</p>" if names else ""
    lives = "".join(f"<p><strong>{escape(name)}</strong> {escape(biographies()[name])}</p>" for name in shown.authors)
    body = (
        f"{_HEADER}\n<main><article><header><h1>{escape(shown.title)}</h1><p class='teaser'>{escape(shown.standfirst)}</p>{byline}"
        f"<time datetime='{shown.published}'>{day.day}. {_MONTHS[day.month - 1]} {day.year}, {day:%H:%M} Uhr</time></header>\n"
        f"<div class='text'>{blocks(shown)}</div></article>\n"
        f"{f'<div class=autorenbox>{lives}</div>' if lives else ''}\n<div class='anzeige'>Anzeige</div>\n"
        f"<section class='mehr-zum-thema'><h2>Mehr zum Thema</h2><ul>{links(related)}</ul></section></main>\n{_FOOTER}"
    )
    head = head_of(SITE, shown, base) + json_ld(graph)
    return document(SITE, f"{shown.title} | Rechenblatt", body, head=head, style=_STYLE)
