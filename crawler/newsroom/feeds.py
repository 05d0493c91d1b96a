"""The newsroom's feeds and sitemaps: RSS with tracking parameters, Atom, a news sitemap that repeats the Atom's articles."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from html import escape

from crawler.newsroom.articles import Article


def rss(name: str, base: str, rows: list[tuple[str, Article, datetime]]) -> str:
    """RSS 2.0; `rows` are (guid, article, last change)."""
    entries = "".join(
        f"<item><title>{escape(a.title)}</title><link>{base}{escape(a.path)}?utm_source=rss&amp;utm_medium=feed</link>"
        f'<guid isPermaLink="false">{escape(guid)}</guid><pubDate>{format_datetime(a.day)}</pubDate>'
        f"<description>{escape(a.standfirst)}</description><atom:updated>{changed.isoformat()}</atom:updated></item>"
        for guid, a, changed in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{escape(name)}</title><link>{base}/</link><description>{escape(name)}</description>{entries}</channel></rss>"
    )


def atom(name: str, base: str, rows: list[tuple[str, Article, datetime]]) -> str:
    entries = "".join(
        f'<entry><title>{escape(a.title)}</title><link rel="alternate" type="text/html" href="{base}{escape(a.path)}"/><id>{escape(guid)}</id>'
        f"<published>{a.day.isoformat()}</published><updated>{changed.isoformat()}</updated><summary>{escape(a.standfirst)}</summary></entry>"
        for guid, a, changed in rows
    )
    newest = max((changed for _, _, changed in rows), default=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f'<title>{escape(name)}</title><id>{base}/</id><updated>{newest.isoformat()}</updated><link href="{base}/"/>{entries}</feed>'
    )


def news_sitemap(name: str, language: str, base: str, rows: list[tuple[str, Article, datetime]]) -> str:
    """The same articles as the Atom feed, the first under another address that leads to the same page."""
    urls = "".join(
        f"<url><loc>{base}{'/amp' if n == 0 else ''}{escape(a.path)}</loc><news:news><news:publication><news:name>{escape(name)}</news:name>"
        f"<news:language>{language}</news:language></news:publication><news:publication_date>{a.day.isoformat()}</news:publication_date>"
        f"<news:title>{escape(a.title)}</news:title></news:news></url>"
        for n, (_, a, _) in enumerate(sorted(rows, key=lambda row: row[0]))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )
