"""What may be done with an article and what pictures it: paywall, licence or rights note, and the leading image.

Which object of the page's JSON-LD is the article is decided in `pipelines.jsonld`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines import jsonld
from pipelines.markup import first
from pipelines.page_head import Head, address
from pipelines.records import Field, Origin

_TIERS = {"locked": True, "metered": True, "paid": True, "premium": True, "free": False, "open": False}
"""Facebook's article:content_tier knows free, metered, locked; the others are what outlets write there as well."""
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_NOTE_MOST = 300
"""Characters of a rights note: longer ones are terms and conditions."""
_PLACEHOLDER = re.compile(
    r"(?:^|[/_.-])(?:logo|favicon|placeholder|default|fallback|blank|spacer|no-?image|avatar|gravatar|apple-touch-icon)(?:[/_.-]|\d|$)",
    re.IGNORECASE,
)
_WIDTH = re.compile(r"\d{1,5}")


def read_paywalled(article: dict[str, Any], meta: dict[str, str]) -> Field[bool] | None:
    """Whether a reader must pay, as the publisher tells it: True, False, or None where nothing is said.

    schema.org's isAccessibleForFree comes as a boolean or as text; a part with a selector that is not free makes the
    article paywalled (Google's markup for subscription content).
    """
    told: list[tuple[Origin, bool]] = []
    free = _truth(article.get("isAccessibleForFree"))
    parts = article.get("hasPart")
    partly = [
        _truth(part.get("isAccessibleForFree"))
        for part in (parts if isinstance(parts, list) else [parts])
        if isinstance(part, dict)
    ]
    if free is not None or False in partly:
        told.append((Origin.JSON_LD, free is False or False in partly))
    tier = next((meta[name].lower() for name in ("article:content_tier", "content_tier") if name in meta), "")
    if tier in _TIERS:
        told.append((Origin.OPENGRAPH, _TIERS[tier]))
    if (open_to_all := _truth(meta.get("isaccessibleforfree"))) is not None:
        told.append((Origin.MICRODATA, not open_to_all))
    if not told:
        return None
    origin, value = told[0]
    others = tuple((other, str(said).lower()) for other, said in told[1:] if said != value)
    return Field(value=value, origin=origin, disagreeing=others)


def read_rights(article: dict[str, Any], head: Head, base: str) -> Field[str] | None:
    """The licence as a URL or its name, else the rights note that the page gives for the article."""
    meta = head.metas
    return first(
        (Origin.JSON_LD, _licence(article.get("license"), base)),
        (Origin.META, next((found for href in head.licences if (found := address(base, href))), None)),
        (
            Origin.META,
            _licence(meta.get("dcterms.license") or meta.get("dc.rights.license") or meta.get("license"), base),
        ),
        (Origin.JSON_LD, _note(article.get("copyrightNotice"))),
        (Origin.JSON_LD, _licence(article.get("usageInfo") or article.get("acquireLicensePage"), base)),
        *(
            (Origin.META, _note(meta.get(name)))
            for name in ("dcterms.rights", "dc.rights", "dcterms.rightsholder", "rights", "copyright")
        ),
        (Origin.JSON_LD, _holder(article)),
    )


def read_image(article: dict[str, Any], meta: dict[str, str], base: str) -> Field[str] | None:
    """The address of the leading picture. The publisher's logo and stand-ins are none."""
    logo = {found for value in _pictures(_logo(article)) if (found := address(base, value))}
    stated = [
        *((Origin.JSON_LD, value) for value in _pictures(article.get("image"))),
        *((Origin.JSON_LD, value) for value in _pictures(article.get("thumbnailUrl"))),
        *((Origin.OPENGRAPH, meta.get(name)) for name in ("og:image:secure_url", "og:image", "og:image:url")),
        *((Origin.META, meta.get(name)) for name in ("twitter:image", "twitter:image:src", "parsely-image-url")),
        (Origin.MICRODATA, meta.get("image")),
    ]
    told: dict[Origin, str] = {}
    for origin, value in stated:
        found = address(base, jsonld.unescaped(value))
        if found and found not in logo and not _PLACEHOLDER.search(found.partition("?")[0].rpartition("/")[2]):
            told.setdefault(origin, found)
    return first(*told.items())


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower().rpartition("/")[2] if isinstance(value, str | int) else ""
    return True if text in _YES else False if text in _NO else None


def _licence(value: object, base: str) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("@id") or value.get("name")
    text = jsonld.text_of(value)
    if not text or len(text) > _NOTE_MOST:
        return None
    return address(base, text) or text if text.startswith(("http://", "https://", "/")) else text


def _note(value: object) -> str | None:
    text = jsonld.text_of(value)
    return text if text and 2 < len(text) <= _NOTE_MOST else None


def _holder(article: dict[str, Any]) -> str | None:
    """© year and holder, where the page states them apart."""
    holder = _note(article.get("copyrightHolder"))
    year = jsonld.text_of(article.get("copyrightYear"))
    return f"© {year} {holder}" if holder and year else f"© {holder}" if holder else None


def _logo(article: dict[str, Any]) -> object:
    publisher = article.get("publisher")
    publisher = publisher[0] if isinstance(publisher, list) and publisher else publisher
    return publisher.get("logo") if isinstance(publisher, dict) else None


def _pictures(value: object) -> Iterator[str]:
    """Addresses of pictures, the widest first where widths are told, else as they stand."""
    pictures = [picture for picture in (value if isinstance(value, list) else [value]) if picture]
    found = []
    for picture in pictures[:20]:
        if isinstance(picture, str):
            found.append((0, picture))
        elif isinstance(picture, dict):
            source = picture.get("url") or picture.get("contentUrl") or picture.get("@id")
            source = source[0] if isinstance(source, list) and source else source
            if isinstance(source, str):
                found.append((_width(picture.get("width")), source))
    found.sort(key=lambda pair: -pair[0])
    yield from (source for _, source in found)


def _width(value: object) -> int:
    if isinstance(value, dict):
        value = value.get("value") or value.get("@value")
    match = _WIDTH.match(str(value)) if isinstance(value, str | int | float) else None
    return int(match[0]) if match else 0
