"""Reads whether a page reserves its text against machines: X-Robots-Tag and meta robots, and TDMRep in header or meta.

What follows (no text is kept, an article is withdrawn) is decided in `crawler.withdrawing`; robots.txt forbids the fetch
itself and is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

AGENT = "aiwire"
_RESERVING = frozenset({"noindex", "none", "noarchive", "nosnippet", "noai", "noimageai"})
"""Directives after which only metadata is kept; noindex to nosnippet are Google's, noai and noimageai DeviantArt's."""
_VALUED = re.compile(r"\s*(?:unavailable_after|max-snippet|max-image-preview|max-video-preview)\s*:", re.IGNORECASE)
"""Directives that have a colon, too: what stands before it is no crawler's name."""
_ADDRESSED = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*:(.*)", re.IGNORECASE | re.DOTALL)


def reservations(headers: Iterable[tuple[str, str]], metas: Mapping[str, str]) -> tuple[str, ...]:
    """Each signal that reserves the text, as `where: value`, the header's first; empty where none does.

    `headers` are the answer's (name, value), `metas` the page's by lower-cased name. TDMRep: a header goes before a meta
    element (W3C Community Group report of 2024-05-10, section 6); robots directives for other crawlers do not count.
    """
    told: list[str] = []
    tdm: str | None = None
    for name, value in headers:
        match name.lower():
            case "x-robots-tag":
                told += [f"X-Robots-Tag: {directive}" for directive in _reserving(value)]
            case "tdm-reservation":
                tdm = value.strip()
    stated = metas.get("tdm-reservation", "").strip() if tdm is None else tdm
    for name in ("robots", AGENT):
        told += [f"meta {name}: {directive}" for directive in _reserving(metas.get(name, ""))]
    if stated == "1":
        told.append(f"{'meta tdm-reservation' if tdm is None else 'TDM-Reservation'}: 1")
    return tuple(dict.fromkeys(told))


def _reserving(value: str) -> Iterator[str]:
    addressed = None if _VALUED.match(value) else _ADDRESSED.match(value)
    if addressed is not None:
        if addressed[1].lower() != AGENT:
            return
        value = addressed[2]
    for directive in value.lower().split(","):
        if (word := directive.strip()) in _RESERVING:
            yield word
