"""From a page's bytes to one parsed tree, whatever its declarations claim.

What the tree says is read by `pipelines.metadata` and `pipelines.extract`.
"""

from __future__ import annotations

import re
from typing import Any

import lxml.html
from charset_normalizer import from_bytes
from lxml import etree

from pipelines.errors import ExtractError
from pipelines.records import Page
from pipelines.storable import clean

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_BINARY = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"RIFF", b"\x1f\x8b")
# XML 1.0 forbids these; the invisible ones go, what else is no character is replaced.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NULS_LEAST = 0.2
"""Share of NULs from which on bytes without a mark are UTF-16: markup in ASCII has them in every second place."""


def decode(page: Page) -> str:
    """The page as text. A declared charset is believed when the bytes bear it out.

    Bytes that are valid UTF-8 with characters beyond ASCII are UTF-8, whatever is declared; bytes declared UTF-8 that
    are not are in the western code page that browsers take for them (WHATWG Encoding, `windows-1252`), unless only a
    few bytes are damaged. What is no character, or what Postgres can't hold, is U+FFFD.
    """
    body = page.body
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _clean(body[len(mark) :].decode(encoding, "replace"))
    beginning = body[:1_024]
    if (nuls := beginning.count(0)) > _NULS_LEAST * len(beginning):
        return _clean(body.decode("utf-16-be" if beginning[::2].count(0) > nuls / 2 else "utf-16-le", "replace"))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = _by_declaration(page)
    return _clean(text)


def parse(page: Page) -> Any:
    """The page's tree, an lxml.html element; raises ExtractError `empty_page`, `not_html` or `unreadable`."""
    if not page.body.strip():
        raise ExtractError("the page is empty", subject=page.url, code="empty_page")
    kind = (page.header("Content-Type") or "text/html").lower()
    if page.body.startswith(_BINARY) or not any(word in kind for word in ("html", "xml", "text/plain", "octet-stream")):
        raise ExtractError(f"no web page: {kind.partition(';')[0]}", subject=page.url, code="not_html")
    text = _XML_DECLARATION.sub("", decode(page), count=1)
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
        tree = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise ExtractError(f"it can't be parsed: {error}", subject=page.url, code="unreadable") from error
    return tree


def _by_declaration(page: Page) -> str:
    header = re.search(r"charset=[\"']?([\w-]+)", page.header("Content-Type") or "", re.IGNORECASE)
    meta = _META_CHARSET.search(page.body[:8_192])
    declared = (header[1] if header else meta[1].decode("ascii") if meta else "").lower()
    if declared and declared not in ("utf-8", "utf8"):
        try:
            return page.body.decode(declared)
        except (LookupError, UnicodeDecodeError):
            pass
    damaged = page.body.decode("utf-8", "replace")
    good = sum(1 for character in damaged if character > "\x7f" and character != "\ufffd")
    if damaged.count("\ufffd") * 10 < good:  # UTF-8 with a few broken bytes
        return damaged
    if not declared:
        guess = from_bytes(page.body[: 256 << 10]).best()
        if guess is not None:
            return page.body.decode(guess.encoding, "replace")
    return page.body.decode("cp1252", "replace")


def _clean(text: str) -> str:
    # libxml2 would cut the page off at the first NUL. Some servers fill a buffer up with them.
    text = text.strip("\0")
    return _INVISIBLE.sub("", clean(text)) if _FORBIDDEN.search(text) else text
