"""The newsroom's pages: its articles in the templates of sites as they are, residue and all; its listings.

Five templates of the Italian outlet differ in structure on purpose: what an extractor meets in the wild.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from html import escape

from crawler.newsroom.articles import SITES, Article

_WEEKDAYS = ("Lunedì", "Martedì", "Mercoledì", "Giovedì", "Venerdì", "Sabato", "Domenica")
_MONTHS = ("Gennaio", "Febbraio", "Marzo", "Aprile", "Maggio", "Giugno", "Luglio", "Agosto", "Settembre", "Ottobre", "Novembre", "Dicembre")
_MONTHS_DE = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember")
_STYLE = "body{font:17px/1.6 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222}nav a{margin-right:1rem}aside{background:#f4f1ea;padding:1rem}"
_MENU = '<nav><a href="/">Home</a><a href="/altro/tecnologia">Tecnologia</a><a href="/altro/mondo">Mondo</a><a href="/contatti">Contatti</a></nav>'


def article_page(article: Article, base: str, others: list[Article], changed: datetime) -> str:
    """The article's page; `base` is the outlet's address, `others` are its related articles."""
    return _TEMPLATES[article.template](article, base, others, changed)


def listing_page(outlet: str, section: str, articles: list[Article]) -> str:
    cards = "".join(
        f'<div class="card"><a href="{escape(a.path)}"><h3>{escape(a.title)}</h3></a><p>{escape(a.standfirst)}</p>'
        f'<a href="{escape(a.path)}">Leggi tutto</a></div>'
        for a in articles
        if a.section == section
    )
    desk = '<p><a href="/redazione/bozze">Area redazione</a></p>' if section == "tecnologia" else ""
    return _html("it", f"{section.capitalize()} | {SITES[outlet].name}", "", f"{_MENU}<main><h1>{section.capitalize()}</h1>{cards}{desk}</main>")


def front_page(outlet: str, articles: list[Article]) -> str:
    links = "".join(f'<li><a href="{escape(a.path)}">{escape(a.title)}</a></li>' for a in articles)
    site = SITES[outlet]
    return _html(site.language, site.name, "", f"<h1>{escape(site.name)}</h1><ul>{links}</ul>")


def _html(language: str, title: str, head: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style>{head}</head><body>{body}</body></html>"
    )


def _blocks(article: Article) -> str:
    """The body as HTML; runs of list entries become one list."""
    parts: list[str] = []
    entries: list[str] = []
    for line in (*article.body, ""):
        if line.startswith("- "):
            entries.append(f"<li>{escape(line[2:])}</li>")
            continue
        if entries:
            parts.append(f"<ul>{''.join(entries)}</ul>")
            entries = []
        if line.startswith("## "):
            parts.append(f"<h2>{escape(line[3:])}</h2>")
        elif line.startswith("> "):
            parts.append(f"<blockquote><p>{escape(line[2:])}</p></blockquote>")
        elif line:
            parts.append(f"<p>{escape(line)}</p>")
    return "\n".join(parts)


def _head(article: Article, base: str) -> str:
    return (
        f'<meta name="description" content="{escape(article.standfirst)}"><link rel="canonical" href="{base}{escape(article.path)}">'
        f'<meta property="og:title" content="{escape(article.title)}"><meta property="og:site_name" content="{escape(SITES[article.outlet].name)}">'
        f'<meta property="og:type" content="article">'
    )


# -- Gazzetta IA (Italian) -------------------------------------------------------------------------------------------


def _day_it(day: datetime) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _signed_it(article: Article) -> tuple[str, str]:
    name, day = " e ".join(article.authors), _day_it(article.day)
    return f"Pubblicato {day} a cura di {name} per Gazzetta IA", f"Ultima revisione: {day}"


def _bio_it(name: str) -> str:
    first = name.split()[0]
    return (
        f"{first} è una firma della redazione che racconta l'intelligenza artificiale con curiosità e rigore. Si occupa da anni "
        "di tecnologia e di come cambia il lavoro e la vita quotidiana delle persone, con un occhio alle imprese italiane."
    )


def _footer_it(others: list[Article]) -> str:
    links = "".join(f'<li><a href="{escape(a.path)}">{escape(a.title)}</a></li>' for a in others[:3])
    return (
        f"<footer><h2>Footer</h2><section><h3>Articoli correlati</h3><ul>{links}</ul></section>"
        "<div>Contenuto promozionale</div><div>Contenuto promozionale</div><p>Gazzetta IA - Sconti</p>"
        "<p>© 2026 Gazzetta IA - Tutti i diritti riservati.</p></footer>"
    )


def _semantic(article: Article, base: str, others: list[Article], _changed: datetime) -> str:
    signed, revised = _signed_it(article)
    name = article.authors[0]
    body = (
        f"<header>{_MENU}</header><main><header class='hero'><h1>{escape(article.title)}</h1><p class='lead'>{escape(article.standfirst)}</p></header>"
        f"<article><h2>{escape(article.title)}</h2>\n{_blocks(article)}\n<p><em>{escape(signed)}</em></p><p><em>{escape(revised)}</em></p>"
        f"<section class='author'><h4>{escape(name)}</h4><p>{escape(_bio_it(name))}</p><p><a href='/autori/x'>Consulta tutti gli articoli di {escape(name)}</a></p></section>"
        f"</article></main>{_footer_it(others)}"
    )
    return _html("it", f"{article.title} | Gazzetta IA", _head(article, base), body)


def _soup(article: Article, base: str, others: list[Article], _changed: datetime) -> str:
    """Nothing but divs: no heading, no meta, classes that mean nothing."""
    _ = base
    signed, revised = _signed_it(article)
    name = article.authors[0]
    paragraphs = "".join(f'<div class="c10">{escape(line.lstrip("#-> "))}</div>' for line in article.body)
    links = "".join(f'<div class="c19"><a href="{escape(a.path)}">{escape(a.title)}</a></div>' for a in others[:3])
    body = (
        f'<div class="c1"><div class="c2">Gazzetta IA</div><div class="c5">{escape(article.title)}</div><div class="c6">{escape(article.standfirst)}</div></div>'
        f'<div class="c7"><div class="c8">{paragraphs}<div class="c11">{escape(signed)}</div><div class="c11">{escape(revised)}</div></div>'
        f'<div class="c12"><div class="c13">{escape(name)}</div><div class="c14">{escape(_bio_it(name))}</div><div class="c15"><a href="/autori/x">Consulta tutti gli articoli di {escape(name)}</a></div></div></div>'
        f'<div class="c16"><div class="c18">Articoli correlati</div>{links}<div class="c20">Contenuto promozionale</div><div class="c22">© 2026 Gazzetta IA - Tutti i diritti riservati.</div></div>'
        '<div class="c23">Utilizziamo i cookie per migliorare la tua esperienza di navigazione. Accetta Rifiuta</div>'
    )
    return _html("it", f"{article.title} | Gazzetta IA", "", body)


def _jsonld_it(article: Article, base: str, others: list[Article], changed: datetime) -> str:
    signed, revised = _signed_it(article)
    name = article.authors[0]
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "name": "Gazzetta IA", "url": base},
            {
                "@type": "NewsArticle",
                "headline": article.title,
                "datePublished": article.published,
                "author": [{"@type": "Person", "name": author} for author in article.authors],
                "publisher": {"@type": "Organization", "name": "Gazzetta IA"},
                "mainEntityOfPage": f"{base}{article.path}",
            },
        ],
    }
    _ = changed
    script = f'<script type="application/ld+json">{json.dumps(graph, ensure_ascii=False)}</script>'
    body = (
        f"{_MENU}<div class='titolo'><h1>{escape(article.title)}</h1><h2 class='sommario'>{escape(article.standfirst)}</h2></div>"
        f"<div class='testo'>{_blocks(article)}</div><div class='firma'>{escape(signed)}</div><div class='firma'>{escape(revised)}</div>"
        "<div class='social-share'>Condividi su Facebook WhatsApp Telegram</div>"
        f"<div class='author-bio'><strong>{escape(name)}</strong><p>{escape(_bio_it(name))}</p></div>"
        "<div class='newsletter-box'><h3>Iscriviti alla newsletter</h3><p>Ricevi ogni mattina le notizie sull'IA.</p></div>"
        f"{_footer_it(others)}"
    )
    return _html("it", f"{article.title} | Gazzetta IA", _head(article, base) + script, body)


def _microdata(article: Article, base: str, others: list[Article], _changed: datetime) -> str:
    day, name = _day_it(article.day), article.authors[0]
    body = (
        f"{_MENU}<div class='hero'><p class='h1'>{escape(article.title)}</p><p>{escape(article.standfirst)}</p></div>"
        f"<article itemscope itemtype='https://schema.org/NewsArticle'><h1 itemprop='headline'>{escape(article.title)}</h1><div itemprop='articleBody'>{_blocks(article)}"
        f"<p class='pub'>Pubblicato <time itemprop='datePublished' datetime='{article.published}'>{day}</time> a cura di <span itemprop='author' itemscope itemtype='https://schema.org/Person'>"
        f"<span itemprop='name'>{escape(name)}</span></span> per Gazzetta IA</p></div>"
        f"<aside class='about'><strong>{escape(name)}</strong><p>{escape(_bio_it(name))}</p><a href='/autori/x'>Consulta tutti gli articoli di {escape(name)}</a></aside></article>{_footer_it(others)}"
    )
    return _html("it", f"{article.title} | Gazzetta IA", _head(article, base), body)


def _breaks(article: Article, base: str, others: list[Article], _changed: datetime) -> str:
    """Line breaks instead of paragraphs, attributes without quotes."""
    signed, revised = _signed_it(article)
    name = article.authors[0]
    text = "<br><br>".join(escape(line.lstrip("#-> ")) for line in article.body)
    links = " ".join(f"<a href={escape(a.path)}>{escape(a.title)}</a>" for a in others[:3])
    body = (
        f"<div class=m><h1>{escape(article.title)}</h1><h2>{escape(article.standfirst)}</h2><div class=t><b>{escape(article.title)}</b><br><br>{text}<br><br>"
        f"<i>{escape(signed)}</i><br><i>{escape(revised)}</i></div><div class=a>{escape(name)}<br>{escape(_bio_it(name))}<br><a href=/autori/x>Consulta tutti gli articoli di {escape(name)}</a></div>"
        f"<div class=f>Footer<h3>Articoli correlati</h3>{links}<div>Contenuto promozionale</div><div>© 2026 Gazzetta IA - Tutti i diritti riservati.</div></div></div>"
    )
    return _html("it", f"{article.title} | Gazzetta IA", _head(article, base), body)


# -- Chipwire (English) ----------------------------------------------------------------------------------------------


def _chipwire(article: Article, base: str, others: list[Article], changed: datetime) -> str:
    names = " and ".join(article.authors)
    byline = f"<p class='byline'>By {escape(names)}</p>" if names else ""
    meta = f'<meta property="article:published_time" content="{article.published}">' + "".join(
        f'<meta name="author" content="{escape(name)}">' for name in article.authors
    )
    related = "".join(f'<li><a href="{escape(a.path)}">{escape(a.title)}</a></li>' for a in others[:4])
    _ = changed
    body = (
        f"<header><a href='/'>Chipwire</a></header><article><h1>{escape(article.title)}</h1><p class='standfirst'>{escape(article.standfirst)}</p>{byline}"
        f"<time datetime='{article.published}'>{article.day:%B} {article.day.day}, {article.day.year}</time><div class='share-bar'>Share on Facebook | X | LinkedIn | Copy link</div>"
        f"<div class='entry'>{_blocks(article)}</div><div class='newsletter-signup'><h3>Sign up for Chips at Breakfast</h3><p>Get the day's silicon news in your inbox.</p></div></article>"
        f"<aside class='related-articles'><h3>Related articles</h3><ul>{related}</ul></aside><footer>© 2026 Chipwire. All rights reserved.</footer>"
    )
    return _html("en", f"{article.title} - Chipwire", _head(article, base) + meta, body)


# -- Rechenblatt (German) --------------------------------------------------------------------------------------------


def _rechenblatt(article: Article, base: str, others: list[Article], changed: datetime) -> str:
    day = article.day
    graph = {
        "@context": "https://schema.org",
        "@type": ["NewsArticle"],
        "headline": article.title,
        "datePublished": article.published,
        "dateModified": article.published,
        "author": {"@type": "Person", "name": " und ".join(article.authors)} if article.authors else {"@type": "Organization", "name": "Rechenblatt"},
        "url": f"{base}{article.path}",
    }
    _ = changed
    script = f'<script type="application/ld+json">{json.dumps(graph, ensure_ascii=False)}</script>'
    related = "".join(f'<li><a href="{escape(a.path)}">{escape(a.title)}</a></li>' for a in others[:3])
    credit = f"<p class='autor'>Von {escape(' und '.join(article.authors))}</p>" if article.authors else ""
    body = (
        f"<header><a href='/'>Rechenblatt</a></header><main><article><header><h1>{escape(article.title)}</h1><p class='teaser'>{escape(article.standfirst)}</p>{credit}"
        f"<time datetime='{article.published}'>{day.day}. {_MONTHS_DE[day.month - 1]} {day.year}, {day:%H:%M} Uhr</time></header>"
        f"<div class='text'>{_blocks(article)}</div></article><section class='mehr-zum-thema'><h2>Mehr zum Thema</h2><ul>{related}</ul></section>"
        "<div class='anzeige'>Anzeige</div></main><footer>© 2026 Rechenblatt. Alle Rechte vorbehalten.</footer>"
    )
    return _html("de", f"{article.title} | Rechenblatt", _head(article, base) + script, body)


_TEMPLATES: dict[str, Callable[[Article, str, list[Article], datetime], str]] = {
    "semantic": _semantic,
    "soup": _soup,
    "json-ld": _jsonld_it,
    "microdata": _microdata,
    "breaks": _breaks,
    "chipwire": _chipwire,
    "rechenblatt": _rechenblatt,
}
