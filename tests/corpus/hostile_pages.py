"""Pages that are made to hurt whoever reads them, and what a sandbox process says of itself."""

from __future__ import annotations

from pathlib import Path

PARAGRAPHS = "".join(
    f"<p>Paragraph {n} of a report that is long enough to be one, on a harbour, its council and the vote of that night.</p>\n"
    for n in range(6)
)
ARTICLE = f"<article><h1>A harbour votes</h1>\n{PARAGRAPHS}</article>"


def page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>A page</title>{head}</head><body>{body}</body></html>".encode()


def _table(cells: int) -> str:
    row = "<tr>" + "<td>12,345</td>" * 20 + "</tr>\n"
    return "<table>" + row * (cells // 20) + "</table>"


GENERATED = {
    "100,000 empty paragraphs": lambda: page(ARTICLE + "<p></p>" * 100_000),
    "100,000 paragraphs of a word": lambda: page(ARTICLE + "<p>word</p>" * 100_000),
    "a table of 5.8 MB": lambda: page(ARTICLE + _table(385_000)),
    "a table of 5.8 MB in a few cells": lambda: page(ARTICLE + f"<table><tr><td>{'figure 12,345 ' * 420_000}</td></tr></table>"),
    "2,000 levels of nesting": lambda: page("<div>" * 2_000 + ARTICLE + "</div>" * 2_000),
    "2,000 levels of inline nesting": lambda: page("<article><p>" + "<b><i>" * 1_000 + "deep words " * 40 + "</article>"),
    "2,000 levels of lists": lambda: page("<ul><li>" * 2_000 + ARTICLE),
    "100,000 levels of nesting": lambda: page("<div>" * 100_000 + ARTICLE),
    "200,000 unclosed bold paragraphs": lambda: page("<p><b>a</p>" * 200_000),
    "a word of 5 MB": lambda: page(f"<article><h1>A word</h1><p>{'a' * 5_000_000}</p></article>"),
    "5 MB of spaces": lambda: page(f"{ARTICLE}<p>{' ' * 5_000_000}</p>"),
    "50,000 attributes": lambda: page(f"<div {' '.join(f'a{n}=x' for n in range(50_000))}>{ARTICLE}</div>"),
    "a class of 2 MB": lambda: page(f"<div class='{'promo-box ' * 200_000}'>{ARTICLE}</div>"),
    "50,000 links": lambda: page(ARTICLE + "".join(f"<a href='/n/{n}'>a headline about a harbour {n}</a>" for n in range(50_000))),
    "100,000 breaks": lambda: page("<article>" + "a line of a poem<br>" * 100_000 + "</article>"),
    "JSON-LD 100,000 levels deep": lambda: page(ARTICLE, f"<script type='application/ld+json'>{'[' * 100_000}</script>"),
    "JSON-LD of 1.9 MB": lambda: page(
        ARTICLE, f"<script type='application/ld+json'>{{\"@type\":\"NewsArticle\",\"headline\":\"{'<i> ' * 480_000}\"}}</script>"
    ),
    "a headline of 1 MB of dashes": lambda: page(f"<h1>{'a - ' * 250_000}</h1>{PARAGRAPHS}", f"<title>{'a | ' * 250_000}</title>"),
    "a byline of 1 MB": lambda: page(f"<article><h1>A</h1><p class='byline'>By {'Anna Smith and ' * 70_000}</p>{PARAGRAPHS}</article>"),
    "10,000 dates": lambda: page(f"<article><h1>A</h1>{'<p>Published 12 January 2026 at 10:00</p>' * 10_000}{PARAGRAPHS}</article>"),
    "10,000 times": lambda: page(ARTICLE + "<time datetime='2026-01-12T10:00:00Z'>12 January 2026</time>" * 10_000),
    "bytes of every value": lambda: bytes(range(256)) * 4_000,
    "UTF-16 without its mark": lambda: page(ARTICLE).decode().encode("utf-16-le"),
    "UTF-8 cut in a character": lambda: page(ARTICLE + "<p>è" * 1_000)[:-1],
    "declared UTF-7": lambda: page(ARTICLE).replace(b"utf-8", b"utf-7"),
    "nothing but a doctype": lambda: b"<!DOCTYPE html>",
}  # fmt: skip
"""By what they are; each is made when it is asked for."""


def resident_bytes() -> int:
    """Of the process that runs it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4_096
