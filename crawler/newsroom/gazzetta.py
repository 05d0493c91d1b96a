"""Gazzetta IA's pages: five templates that differ in structure on purpose, and much residue around the text.

They are what an Italian site grown over years shows: the same article's parts said twice, a byline as a sentence, the
author's life, related and promotional blocks. Which articles it shows comes from `crawler.newsroom.state`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from crawler.newsroom.articles import SITES, Article, biographies
from crawler.newsroom.markup import blocks, document, head_of, json_ld, links

SITE = SITES["gazzetta-ia"]
_WEEKDAYS = ("Lunedì", "Martedì", "Mercoledì", "Giovedì", "Venerdì", "Sabato", "Domenica")
# fmt: off
_MONTHS = ("Gennaio", "Febbraio", "Marzo", "Aprile", "Maggio", "Giugno", "Luglio", "Agosto", "Settembre", "Ottobre", "Novembre", "Dicembre")
# fmt: on
_STYLE = (
    "body{font:17px/1.6 Georgia,serif;margin:0;color:#23201c;background:#fffdf8}"
    ".testata{background:#7a1f1f;padding:.8rem 1rem}.testata a{color:#fff;margin-right:1.2rem;text-decoration:none}"
    "main,.corpo{max-width:44rem;margin:0 auto;padding:1rem}h1{line-height:1.2}.lead,.sommario{color:#6b5f52;font-size:1.1em}"
    ".author,.author-bio,.about,.newsletter-box{background:#f4efe4;padding:1rem;margin:2rem 0}"
    "footer{border-top:3px double #7a1f1f;padding:1rem;font-size:.85em;color:#6b5f52}"
    ".promo{border:1px dashed #c9bda6;padding:.5rem;margin:.3rem 0}.card{border-bottom:1px solid #e5dcc8;padding:.6rem 0}"
)
_MENU = (
    '<nav class="testata"><a href="/">Home</a><a href="/altro/tecnologia">Tecnologia</a>'
    '<a href="/altro/mondo">Mondo</a><a href="/normativa">Normativa</a><a href="/contatti">Contatti</a></nav>'
)
_COOKIES = "Utilizziamo i cookie per migliorare la tua esperienza di navigazione. Accetta Rifiuta"
_RIGHTS = "© 2026 Gazzetta IA - Tutti i diritti riservati."
_PROMO = "Contenuto promozionale"


def listing(section: str, articles: Sequence[Article]) -> str:
    """A section's page: the only way to its articles, as there is no feed."""
    cards = "".join(
        f'<div class="card"><a href="{escape(a.path)}"><h3>{escape(a.title)}</h3></a><p>{escape(a.standfirst)}</p>'
        f'<a href="{escape(a.path)}">Leggi tutto</a></div>\n'
        for a in articles
    )
    body = (
        f"{_MENU}<main><h1>{section.capitalize()}</h1>\n{cards}"
        f'<p class="promo">{_PROMO}</p><p><a href="/redazione/bozze">Area redazione</a></p></main><footer>{_RIGHTS}</footer>'
    )
    return document(SITE, f"{section.capitalize()} | Gazzetta IA", body, style=_STYLE)


def article(template: str, shown: Article, base: str, related: Sequence[Article]) -> str:
    """The article's page in one of TEMPLATES."""
    return TEMPLATES[template](shown, base, related)


def _day(stated: str) -> str:
    day = datetime.fromisoformat(stated)
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _signed(shown: Article) -> str:
    return escape(f"Pubblicato {_day(shown.published)} a cura di {' e '.join(shown.authors)} per Gazzetta IA")


def _revised(shown: Article) -> str:
    return f"Ultima revisione: {_day(shown.modified)}" if shown.modified else ""


def _author(shown: Article) -> tuple[str, str, str]:
    """The first author, what the site says of them, and the link to more of theirs."""
    name = shown.authors[0]
    slug = "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")
    more = f'<a href="/autori/{slug}">Consulta tutti gli articoli di {escape(name)}</a>'
    return escape(name), escape(biographies()[name]), more


def _title(shown: Article) -> str:
    return f"{shown.title} | Gazzetta IA"


def _footer(related: Sequence[Article]) -> str:
    return (
        f"<footer><h2>Footer</h2><section><h3>Articoli correlati</h3><ul>{links(related)}</ul></section>"
        + f'<div class="promo">{_PROMO}</div>' * 4
        + f"<p>Gazzetta IA - Sconti</p><p>{_RIGHTS}</p></footer>"
    )


def _semantic(shown: Article, base: str, related: Sequence[Article]) -> str:
    """Elements that mean what they say; title twice, no JSON-LD."""
    name, life, more = _author(shown)
    body = (
        f"<header>{_MENU}</header>\n<main><header class='hero'><h1>{escape(shown.title)}</h1>"
        f"<p class='lead'>{escape(shown.standfirst)}</p></header>\n<article><h2>{escape(shown.title)}</h2>\n{blocks(shown)}\n"
        f"<p><em>{_signed(shown)}</em></p><p><em>{_revised(shown)}</em></p>\n"
        f"<section class='author'><h4>{name}</h4><h5>{name}</h5><p>{life}</p><p>{more}</p></section></article></main>\n{_footer(related)}"
    )
    return document(SITE, _title(shown), body, head=head_of(SITE, shown, base), style=_STYLE)


def _soup(shown: Article, base: str, related: Sequence[Article]) -> str:
    """Nothing but divs: no heading, no meta, no canonical address, classes that mean nothing."""
    _ = base
    name, life, more = _author(shown)
    paragraphs = "".join(f'<div class="c10">{escape(text)}</div>\n' for _, text in shown.blocks)
    menu = "".join(
        f'<div class="c3"><a href="/{path}">{path.capitalize()}</a></div>' for path in ("home", "normativa", "contatti")
    )
    body = (
        f'<div class="c1"><div class="c2">{menu}</div><div class="c4"><div class="c5">{escape(shown.title)}</div>'
        f'<div class="c6">{escape(shown.standfirst)}</div></div>\n<div class="c7"><div class="c8"><div class="c9">{escape(shown.title)}</div>\n'
        f'{paragraphs}<div class="c11">{_signed(shown)}</div><div class="c11">{_revised(shown)}</div></div>\n'
        f'<div class="c12"><div class="c13">{name}</div><div class="c14">{life}</div><div class="c15">{more}</div></div></div>\n'
        f'<div class="c16"><div class="c18">Articoli correlati</div>{links(related, before="<div class=c19>", after="</div>")}'
        f'<div class="c20">{_PROMO}</div><div class="c20">{_PROMO}</div><div class="c22">{_RIGHTS}</div></div>\n'
        f'<div class="c23">{_COOKIES}</div></div>'
    )
    style = (
        "body{font:16px/1.6 Verdana,sans-serif;margin:0;color:#222}.c2{background:#7a1f1f}.c3{display:inline-block;padding:.6rem}"
        ".c3 a{color:#fff}.c4,.c7{max-width:44rem;margin:0 auto;padding:.5rem}.c5{font-size:2em}.c6{color:#666}.c9{font-weight:bold}"
        ".c10,.c11{margin:.8em 0}.c11{font-style:italic}.c12{background:#f4efe4;padding:1rem}.c16{border-top:1px solid #999;padding:1rem}"
        ".c23{position:fixed;bottom:0;background:#222;color:#fff;width:100%;padding:.5rem}"
    )
    return document(SITE, _title(shown), body, style=style)


def _json_ld(shown: Article, base: str, related: Sequence[Article]) -> str:
    """A graph that names authors and the minute; on the page itself only the day."""
    name, life, more = _author(shown)
    graph: Mapping[str, object] = {
        "@graph": [
            {"@type": "WebSite", "name": SITE.name, "url": base},
            {
                "@type": "BreadcrumbList",
                "itemListElement": [{"@type": "ListItem", "position": 1, "name": shown.section}],
            },
            {
                "@type": "NewsArticle",
                "headline": shown.title,
                "datePublished": shown.published,
                "author": [{"@type": "Person", "name": author} for author in shown.authors],
                "publisher": {"@type": "Organization", "name": SITE.name},
                "mainEntityOfPage": f"{base}{shown.path}",
            },
        ]
    }
    body = (
        f"{_MENU}\n<div class='corpo'><div class='titolo'><h1>{escape(shown.title)}</h1><h2 class='sommario'>{escape(shown.standfirst)}</h2></div>\n"
        f"<div class='testo'>{blocks(shown)}</div>\n<div class='firma'>{_signed(shown)}</div><div class='firma'>{_revised(shown)}</div>\n"
        "<div class='social-share'>Condividi su Facebook Condividi su WhatsApp Condividi su Telegram</div>\n"
        f"<div class='author-bio'><strong>{name}</strong><p>{life}</p>{more}</div>\n"
        "<div class='newsletter-box'><h3>Iscriviti alla newsletter</h3><p>Ricevi ogni mattina le notizie sull'IA.</p>"
        f"<form><input type='email' placeholder='La tua e-mail'><button>Iscriviti</button></form></div></div>\n{_footer(related)}"
    )
    head = head_of(SITE, shown, base) + json_ld(graph)
    return document(SITE, _title(shown), body, head=head, style=_STYLE)


def _microdata(shown: Article, base: str, related: Sequence[Article]) -> str:
    """Microdata and a time element inside the byline's sentence; promotion in the middle of the text."""
    name, life, more = _author(shown)
    text = blocks(shown).replace("</p>\n", f"</p>\n<div class='promo'>{_PROMO}</div>\n", 1)
    body = (
        f"{_MENU}\n<div id='cookie-banner' class='cookie'>{_COOKIES}</div>\n"
        f"<main><div class='hero'><p class='h1'>{escape(shown.title)}</p><p class='lead'>{escape(shown.standfirst)}</p></div>\n"
        f"<article itemscope itemtype='https://schema.org/NewsArticle'><h1 itemprop='headline'>{escape(shown.title)}</h1>\n"
        f"<div itemprop='articleBody'>{text}\n<p class='pub'>Pubblicato <time itemprop='datePublished' datetime='{shown.published}'>{_day(shown.published)}</time>"
        f" a cura di <span itemprop='author' itemscope itemtype='https://schema.org/Person'><span itemprop='name'>{name}</span></span> per Gazzetta IA</p></div>\n"
        f"<aside class='about'><strong>{name}</strong><p>{life}</p>{more}</aside></article></main>\n{_footer(related)}"
    )
    return document(SITE, _title(shown), body, head=head_of(SITE, shown, base), style=_STYLE)


def _breaks(shown: Article, base: str, related: Sequence[Article]) -> str:
    """Line breaks instead of paragraphs, attributes without quotes, markup of long ago."""
    name, life, more = _author(shown)
    text = "<br><br>\n".join(escape(line) for _, line in shown.blocks)
    body = (
        f"<div class=m><h1>{escape(shown.title)}</h1><h2>{escape(shown.standfirst)}</h2>\n"
        f"<div class=t><b>{escape(shown.title)}</b><br><br>\n{text}<br><br>\n<i>{_signed(shown)}</i><br><i>{_revised(shown)}</i></div>\n"
        f"<div class=a>{name}<br>{life}<br>{more}</div>\n<div class=f>Footer<h3>Articoli correlati</h3>{links(related, before='', after=' ')}"
        f"<div>{_PROMO}</div><div>{_PROMO}</div><div>{_RIGHTS}</div></div></div>"
    )
    style = "body{font:15px/1.5 'Times New Roman',serif}.m{width:640px;margin:auto}.a{background:#eee}.f{border-top:1px solid}"
    return document(
        SITE, _title(shown), body, head=head_of(SITE, shown, base), style=style, attributes=" bgcolor=white"
    )


TEMPLATES = {
    "semantic": _semantic,
    "soup": _soup,
    "json-ld": _json_ld,
    "microdata": _microdata,
    "breaks": _breaks,
}
