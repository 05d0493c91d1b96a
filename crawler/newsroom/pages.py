"""Everything of the newsroom's outlets that can be asked for, by path: pages, listings, feeds, robots.txt, redirects.

Which articles are shown is `crawler.newsroom.state`'s affair; validators and HTTP are `crawler.newsroom.answers`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crawler.newsroom import chipwire, feeds, gazzetta, rechenblatt
from crawler.newsroom.articles import SITES, Article, all_articles
from crawler.newsroom.state import State

_RELATED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What stands at an address."""

    body: bytes
    content_type: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """It stands elsewhere on the outlet."""

    path: str


@dataclass(frozen=True, slots=True)
class Gone:
    """It stood here, and was taken away."""


def look_up(state: State, outlet: str, base: str, path: str) -> Shown | Moved | Gone | None:
    """What the outlet has at that path; `base` is its address. None where nothing ever was."""
    return _source(state, outlet, base, path) or _article(state, outlet, base, path)


def _source(state: State, outlet: str, base: str, path: str) -> Shown | None:
    site, shown, changed = SITES[outlet], state.shown(outlet), state.changed_at(outlet)
    articles = list(shown.values())
    html, xml = "text/html; charset=utf-8", "application/xml; charset=utf-8"
    match outlet, path:
        case _, "/robots.txt":
            return _text(site.robots.format(base=base), "text/plain; charset=utf-8", changed)
        case "gazzetta-ia", "/":
            return _text(gazzetta.listing("home", state.articles(outlet)), html, changed)
        case "gazzetta-ia", "/altro/tecnologia" | "/altro/mondo":
            section = path.rpartition("/")[2]
            return _text(gazzetta.listing(section, [a for a in articles if a.section == section]), html, changed)
        case "chipwire", "/":
            return _text(chipwire.front(articles), html, changed)
        case "chipwire", "/feed.xml":
            return _text(feeds.rss(site, base, shown, changed), "application/rss+xml; charset=utf-8", changed)
        case "rechenblatt", "/":
            return _text(rechenblatt.front(articles), html, changed)
        case "rechenblatt", "/atom.xml":
            return _text(feeds.atom(site, base, shown, changed), "application/atom+xml; charset=utf-8", changed)
        case "rechenblatt", "/news-sitemap.xml":
            return _text(feeds.news_sitemap(site, base, shown), xml, changed)
    return None


def _article(state: State, outlet: str, base: str, path: str) -> Shown | Moved | Gone | None:
    for key in state.published:
        if not key.startswith(f"{outlet}/"):
            continue
        article = state.article(key)
        if path in state.former_paths(key):
            return Moved(article.path)
        if path == article.path or (article.also_amp and path == f"/amp{article.path}"):
            if key in state.withdrawn:
                return Gone()
            return _text(article_page(article, base), "text/html; charset=utf-8", state.changed_at(key))
    return None


def article_page(article: Article, base: str) -> str:
    """The article's page; `base` is the outlet's address."""
    match article.outlet:
        case "gazzetta-ia":
            return gazzetta.article(article.template, article, base, _related(article))
        case "chipwire":
            return chipwire.article(article, base, _related(article))
        case _:
            return rechenblatt.article(article, base, _related(article))


def _related(article: Article) -> list[Article]:
    """Its neighbours among what was there from the start: another publication leaves the page, and its ETag, alone."""
    first = [a for a in all_articles().values() if a.outlet == article.outlet and not (a.held or a.forbidden)]
    after = [a for a in first if a.published[:10] > article.published[:10]] + first
    return [a for a in dict.fromkeys(after) if a.title != article.title][:_RELATED]


def _text(text: str, content_type: str, changed: datetime) -> Shown:
    return Shown(body=text.encode(), content_type=content_type, changed=changed)
