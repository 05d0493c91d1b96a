"""What all kinds of sources share: addresses made absolute, markup made text, repeated entries dropped.

What a kind of source looks like is known to its own module beside this one.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urljoin

from pipelines.errors import ParseError
from pipelines.identity import canonical_url, host_of
from pipelines.records import Entry
from pipelines.storable import REPLACEMENT, clean, fits

ENTRIES_MOST = 50_000
"""sitemaps.org allows no more in one file; no feed or listing comes near it."""
TITLE_MOST = 1_000
SUMMARY_MOST = 2_000
GUID_MOST = 1_000
"""Bytes: it is the key of an index, which takes 2,704. A longer guid is none: cut short, it could be another article's."""
_URL_MOST = 2_083
_MARKUP_MOST = 64 << 10
"""Characters of markup that are read for a text: what is shown of it is far less."""
# Each alternative ends at the end of the text at the latest, so that nothing is searched twice.
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?([a-zA-Z][\w:-]*)[^<>]*>|<[!?][^<>]*>")
_FORMATTING = re.compile(r"</?(?:a|b|br|em|font|i|p|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]\w*);")
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
# XML 1.0 forbids them, and nobody sees them. What Postgres can't hold is `pipelines.storable`'s affair.
_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def gather(found: Iterable[Entry | str], most: int = ENTRIES_MOST) -> tuple[tuple[Entry, ...], dict[str, int]]:
    """The first entry of each URL, `most` at most, in order; and how many were skipped, by reason.

    What is found but is no entry comes as the reason why.
    """
    entries: dict[str, Entry] = {}
    skipped: Counter[str] = Counter()
    for entry in found:
        if isinstance(entry, str):
            skipped[entry] += 1
        elif entry.url in entries:
            skipped["same_url"] += 1
        elif len(entries) == most:
            skipped["over_limit"] += 1
        else:
            entries[entry.url] = entry
    return tuple(entries.values()), dict(skipped)


def absolute(link: str, base: str) -> str | None:
    """The link resolved against its base, without a fragment; None where it leads to no page of the web."""
    try:
        address = urljoin(base, link.strip()).partition("#")[0]
        host_of(address)
    except (ValueError, ParseError):
        return None
    usable = address.lower().startswith(("http://", "https://")) and not too_long(address)
    return address if usable and _is_key(address) and REPLACEMENT not in address else None


def why_not(link: str | None) -> str:
    """The reason why a link is no address: `no_link`, `url_too_long` or `bad_url`."""
    if not link:
        return "no_link"
    return "url_too_long" if too_long(link) else "bad_url"


def too_long(address: str) -> bool:
    """Whether its canonical URL, the key of an index, would be: a character is up to twelve there (%F0%9F%A4%96)."""
    if len(address) > _URL_MOST:
        return True
    if len(address) * 12 <= _URL_MOST:
        return False
    try:
        canonical_url(address)
    except ParseError as error:
        return error.code == "url_too_long"
    return False


def identifier(value: object) -> str | None:
    """A source's own identifier as it stands; None where there is none to rely on."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text and _is_key(text) and len(text.encode()) <= GUID_MOST else None


def _is_key(text: str) -> bool:
    # A key is taken as it stands or not at all: cleaned, two could become one.
    return fits(text) and not _INVISIBLE.search(text)


def plain(text: object, most: int = TITLE_MOST, *, markup: bool = True) -> str | None:
    """One line of text of HTML (or, without `markup`, of what should be text), None where nothing is left.

    What Postgres can't hold is replaced by U+FFFD; control characters go.

    Markup that was escaped once too often is met so often that simple formatting and character references are undone
    a second time.
    """
    if not isinstance(text, str):
        return None
    text = text[:_MARKUP_MOST]
    if markup:
        text = _TAG.sub(_gap, _HIDDEN.sub(" ", text))
    text = html.unescape(text)
    if "<" in text:
        text = _FORMATTING.sub("", text)
    if _REFERENCE.search(text):
        text = html.unescape(text)
    return " ".join(_INVISIBLE.sub("", clean(text)).split())[:most].strip() or None


def _gap(tag: re.Match[str]) -> str:
    # `<em>o</em>3` is one word, `<li>o</li><li>3</li>` are two.
    return "" if tag[1] and tag[1].lower() in _INLINE else " "
