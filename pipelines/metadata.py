"""The fields of an article, each with where it was read: JSON-LD and OpenGraph first, then what the page shows.

The text is `pipelines.extract`'s affair, what is removed from it `pipelines.boilerplate`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

from pipelines import jsonld
from pipelines.markup import first, text_of
from pipelines.page_authors import read_authors
from pipelines.page_dates import read_dates
from pipelines.blocks import Block
from pipelines.records import Context, Field, Metadata, Origin, Page


def read(tree: Any, page: Page, context: Context, article: dict[str, Any], blocks: Sequence[Block]) -> Metadata:
    """The fields, as far as the page states them; what another place says instead is kept as a disagreement.

    `article` is what `jsonld.find_article` found, `blocks` what `blocks.blocks_of` made of the body.
    """
    meta = _metas(tree)
    site = context.outlet_name or meta.get("og:site_name") or jsonld.text_of(article.get("publisher"))
    published, modified = read_dates(tree, page, context, article, meta, blocks)
    byline, people = read_authors(tree, context, article, meta, site, blocks)
    return Metadata(
        canonical_url=_canonical(tree, page, meta),
        title=_title(tree, article, meta, site, context),
        standfirst=first(
            (Origin.JSON_LD, jsonld.text_of(article.get("description"))),
            (Origin.OPENGRAPH, meta.get("og:description")),
            (Origin.META, meta.get("description")),
        ),
        byline=byline,
        authors=people,
        published=published,
        modified=modified,
        language=_language(tree, article, meta, context),
        section=first(
            (Origin.JSON_LD, jsonld.text_of(article.get("articleSection"))),
            (Origin.OPENGRAPH, meta.get("article:section")),
        ),
        image=_image(article, meta, page.url),
        paywalled=_paywalled(tree, article, meta),
        rights=first((Origin.JSON_LD, jsonld.text_of(article.get("license")))),
    )


def _metas(tree: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower().strip()
        content = " ".join((element.get("content") or "").split())
        if name and content:
            found.setdefault(name, content)
            if name in ("author", "article:author", "parsely-author", "sailthru.author"):
                found[f"{name}+"] = f"{found[f'{name}+']};{content}" if f"{name}+" in found else content
    return found


def _title(
    tree: Any, article: dict[str, Any], meta: dict[str, str], site: str | None, context: Context
) -> Field[str] | None:
    element = next(iter(tree.xpath("//title[1]")), None)
    document = text_of(element)
    headings = [text for text in (text_of(heading) for heading in tree.iter("h1")) if text and len(text) > 8]
    opengraph = _without_site(meta.get("og:title"), site)
    stated = [jsonld.text_of(article.get("headline")), opengraph, _without_site(meta.get("twitter:title"), site)]
    # The heading that readers see is the title where something else on the page says the same.
    agreed = next((h for h in headings if any(_alike(h, other) for other in (*stated, document))), None)
    itemprop = next((text_of(element) for element in tree.xpath("//*[@itemprop='headline']") if text_of(element)), None)
    return first(
        (Origin.HEADING, agreed),
        (Origin.JSON_LD, stated[0]),
        (Origin.OPENGRAPH, opengraph),
        (Origin.MICRODATA, itemprop),
        (Origin.HEADING, headings[0] if len(headings) == 1 else None),
        (Origin.META, _without_site(document, site)),
        (Origin.SOURCE, context.entry.title if context.entry else None),
    )


def _without_site(title: str | None, site: str | None) -> str | None:
    """The title without the site's name at its end."""
    if not title:
        return None
    if site:
        bare = re.sub(rf"\s*(?:[|–—·•»-]|::?)\s*(?:www\.)?{re.escape(site)}\s*$", "", title, flags=re.IGNORECASE)
        if bare and bare != title:
            return bare
    tail = re.search(r"\s[|–—·•»]\s[^|–—·•»]{2,40}$", title)
    return title[: tail.start()] if tail and len(title) - len(tail[0]) > 15 else title


def _alike(one: str, other: str | None) -> bool:
    if not other:
        return False
    a, b = _bare(one), _bare(other)
    return a == b or (len(a) > 20 and (b.startswith(a) or a in b))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _language(tree: Any, article: dict[str, Any], meta: dict[str, str], context: Context) -> Field[str] | None:
    stated = (
        (Origin.META, tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")),
        (Origin.JSON_LD, jsonld.text_of(article.get("inLanguage"))),
        (Origin.OPENGRAPH, meta.get("og:locale")),
        (Origin.META, meta.get("content-language")),
        (Origin.OUTLET_RULE, context.language),
    )
    known = [(origin, tag) for origin, value in stated if value and (tag := _tag(value))]
    return first(*known)


def _tag(value: str) -> str | None:
    match = re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", value.strip())
    return match[1].lower() if match else None


def _canonical(tree: Any, page: Page, meta: dict[str, str]) -> str | None:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            stated = link.get("href").strip()
            break
    else:
        stated = meta.get("og:url") or ""
    try:
        return urljoin(page.url, stated) if stated else None
    except ValueError:
        return None


def _image(article: dict[str, Any], meta: dict[str, str], base: str) -> Field[str] | None:
    value = article.get("image")
    value = value[0] if isinstance(value, list) and value else value
    value = (value.get("url") or value.get("contentUrl")) if isinstance(value, dict) else value
    found = first((Origin.JSON_LD, value if isinstance(value, str) else None), (Origin.OPENGRAPH, meta.get("og:image")))
    if found is None:
        return None
    try:
        address = urljoin(base, found.value.strip())
    except ValueError:
        return None
    return Field(value=address, origin=found.origin) if address.startswith(("http://", "https://")) else None


def _paywalled(tree: Any, article: dict[str, Any], meta: dict[str, str]) -> Field[bool] | None:
    free = article.get("isAccessibleForFree")
    if free is not None:
        return Field(value=str(free).lower() in ("false", "no", "0"), origin=Origin.JSON_LD)
    if tier := meta.get("article:content_tier"):
        return Field(value=tier.lower() in ("metered", "locked"), origin=Origin.OPENGRAPH)
    return None
