"""The newsroom's feeds and sitemaps: RSS with tracking parameters, Atom, a news sitemap that repeats the Atom's articles.

Which articles they announce comes from `crawler.newsroom.state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from crawler.newsroom.articles import Article, Site

_TRACKING = "utm_source=rss&amp;utm_medium=feed&amp;utm_campaign=frontpage"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def rss(site: Site, base: str, shown: Mapping[str, Article], newest: datetime) -> str:
    """RSS 2.0; guids are no addresses and outlive a new slug, as a CMS's post numbers do."""
    entries = "".join(
        f"""
<item>
<title>{escape(article.title)}</title>
<link>{base}{escape(article.path)}?{_TRACKING}</link>
<guid isPermaLink="false">{_guid(key)}</guid>
<category>{escape(article.section)}</category>
<pubDate>{format_datetime(article.published_at)}</pubDate>
<description>{escape(article.standfirst)}</description>
{f"<atom:updated>{article.modified}</atom:updated>" if article.modified else ""}
</item>"""
        for key, article in shown.items()
    )
    return (
        f'{_XML}<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{escape(site.name)}</title><link>{base}/</link><description>Silicon news from {escape(site.name)}</description>"
        f'<atom:link rel="self" type="application/rss+xml" href="{base}/feed.xml"/>'
        f"<language>{site.language}</language><lastBuildDate>{format_datetime(newest.astimezone(UTC))}</lastBuildDate>"
        f"<ttl>15</ttl>{entries}\n</channel></rss>\n"
    )


def atom(site: Site, base: str, shown: Mapping[str, Article], newest: datetime) -> str:
    """Atom (RFC 4287)."""
    entries = "".join(
        f"""
<entry>
<title>{escape(article.title)}</title>
<link rel="alternate" type="text/html" href="{base}{escape(article.path)}"/>
<id>{_guid(key)}</id>
<published>{article.published}</published>
<updated>{article.modified or article.published}</updated>
<summary>{escape(article.standfirst)}</summary>
{"".join(f"<author><name>{escape(name)}</name></author>" for name in article.authors or (site.name,))}
</entry>"""
        for key, article in shown.items()
    )
    return (
        f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{site.language}"><title>{escape(site.name)}</title>'
        f'<id>{base}/</id><link href="{base}/"/><link rel="self" href="{base}/atom.xml"/>'
        f"<updated>{newest.isoformat()}</updated>{entries}\n</feed>\n"
    )


def news_sitemap(site: Site, base: str, shown: Mapping[str, Article]) -> str:
    """The same articles as the Atom feed; one with an AMP page is named by that address."""
    urls = "".join(
        f"""
<url>
<loc>{base}{"/amp" if article.also_amp else ""}{escape(article.path)}</loc>
<news:news>
<news:publication><news:name>{escape(site.name)}</news:name><news:language>{site.language}</news:language></news:publication>
<news:publication_date>{article.published}</news:publication_date>
<news:title>{escape(article.title)}</news:title>
</news:news>
</url>"""
        for article in shown.values()
    )
    return (
        f'{_XML}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}\n</urlset>\n'
    )


def _guid(key: str) -> str:
    outlet, _, slug = key.partition("/")
    return f"tag:{outlet}.example,2026:{slug}"  # RFC 4151; `key` has the first slug for ever
