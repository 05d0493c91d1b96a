"""The fields of an article, each with where it was read: what readers see first, then JSON-LD, OpenGraph and the rest.

The text is `pipelines.extract`'s affair; dates and authors are read in `pipelines.page_dates` and `pipelines.page_authors`,
titles and standfirsts in `pipelines.page_titles` and `pipelines.page_standfirst`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines import jsonld
from pipelines.blocks import Block
from pipelines.markup import first
from pipelines.page_authors import read_authors
from pipelines.page_dates import read_dates
from pipelines.page_head import Head, address, head_of
from pipelines.page_language import read_language
from pipelines.page_rights import read_image, read_paywalled, read_rights
from pipelines.page_standfirst import read_standfirst
from pipelines.page_titles import headings_of, read_title
from pipelines.records import Context, Field, Metadata, Origin, Page
from pipelines.reservation import reservations

_SECTION_MOST = 60  # characters
_NO_SECTIONS = frozenset(
    {"article", "articles", "news", "post", "posts", "page", "default", "uncategorized", "undefined"}
)


def read(tree: Any, page: Page, context: Context, article: dict[str, Any], blocks: Sequence[Block]) -> Metadata:
    """The fields, as far as the page states them; what another place says instead is kept as a disagreement.

    `article` is what `jsonld.find_article` found, `blocks` what `blocks.layout_of` made of the page.
    """
    head = head_of(tree)
    meta = head.metas
    site = next(filter(None, _site_names(context, meta, article)), None)
    published, modified = read_dates(tree, page, context, article, meta, blocks)
    byline, people = read_authors(tree, context, article, meta, site, blocks)
    section = _section(article, meta)
    title = _title(head, page, context, article, section)
    return Metadata(
        canonical_url=address(page.url, head.canonical) or address(page.url, meta.get("og:url")),
        title=title,
        standfirst=_standfirst(article, meta, title, blocks),
        byline=byline,
        authors=people,
        published=published,
        modified=modified,
        language=read_language(head, article, context, blocks),
        section=section,
        image=read_image(article, meta, page.url),
        paywalled=read_paywalled(article, meta),
        rights=read_rights(article, head, page.url),
        reserved=reservations(page.headers, meta),
    )


def _site_names(context: Context, meta: dict[str, str], article: dict[str, Any]) -> tuple[str | None, ...]:
    return context.outlet_name, meta.get("og:site_name"), jsonld.text_of(article.get("publisher"))


def _title(
    head: Head, page: Page, context: Context, article: dict[str, Any], section: Field[str] | None
) -> Field[str] | None:
    meta = head.metas
    names = (*_site_names(context, meta, article), meta.get("application-name"))
    return read_title(
        headings_of(head.headings),
        [
            (Origin.JSON_LD, jsonld.text_of(article.get("headline")) or jsonld.text_of(article.get("name"))),
            (Origin.OPENGRAPH, jsonld.unescaped(meta.get("og:title"))),
            (Origin.META, jsonld.unescaped(meta.get("twitter:title"))),
            (Origin.MICRODATA, jsonld.unescaped(meta.get("headline"))),
            (Origin.META, jsonld.unescaped(head.title)),
        ],
        names,
        page.url,
        section=section.value if section else None,
        announced=context.entry.title if context.entry else None,
        subheadings=head.subheadings,
    )


def _standfirst(
    article: dict[str, Any], meta: dict[str, str], title: Field[str] | None, blocks: Sequence[Block]
) -> Field[str] | None:
    titles = [title.value, *(said for _, said in title.disagreeing)] if title else []
    described = [
        (Origin.JSON_LD, jsonld.text_of(article.get("description"))),
        (Origin.OPENGRAPH, jsonld.unescaped(meta.get("og:description"))),
        (Origin.META, jsonld.unescaped(meta.get("description"))),
    ]
    return read_standfirst(blocks, titles, described)


def _section(article: dict[str, Any], meta: dict[str, str]) -> Field[str] | None:
    stated = (
        (Origin.JSON_LD, jsonld.text_of(article.get("articleSection"))),
        (Origin.OPENGRAPH, jsonld.unescaped(meta.get("article:section"))),
        (Origin.MICRODATA, jsonld.unescaped(meta.get("articlesection"))),
        *(
            (Origin.META, jsonld.unescaped(meta.get(name)))
            for name in ("parsely-section", "sailthru.section", "section", "category")
        ),
    )
    return first(
        *(
            (origin, text)
            for origin, text in stated
            if text and len(text) <= _SECTION_MOST and text.lower() not in _NO_SECTIONS
        )
    )
