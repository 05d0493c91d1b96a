"""A page's tree as lines of text, a line a block; and paragraphs where a page separates lines with <br> alone.

Which blocks are the article is judged by `pipelines.boilerplate`.
"""

from __future__ import annotations

from typing import Any

_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "iframe"})
_LINE_BREAKING = frozenset(
    {"p", "div", "section", "article", "aside", "header", "footer", "main", "nav", "ul", "ol", "li", "h1", "h2", "h3", "h4",
     "h5", "h6", "br", "table", "tr", "td", "th", "blockquote", "figure", "figcaption", "form", "address", "dl", "dt", "dd", "pre"}
)  # fmt: skip


def split_breaks(root: Any) -> None:
    """Make paragraphs of lines that a page separates with <br> alone, in place."""
    for element in list(root.iter("div", "section", "article", "td", "main")):
        breaks = [child for child in element if child.tag == "br"]
        if len(breaks) < 2:
            continue
        children = list(element)
        head, paragraph = element.text, None
        element.text = None
        for child in children:
            element.remove(child)

        def flush(element: Any = element) -> Any:
            return element.makeelement("p")

        paragraph = flush()
        paragraph.text = head
        for child in children:
            tail, child.tail = child.tail, None
            if child.tag == "br":
                _append(element, paragraph)
                paragraph = flush()
                paragraph.text = tail
            elif child.tag in (
                "div",
                "p",
                "ul",
                "ol",
                "table",
                "section",
                "h1",
                "h2",
                "h3",
                "h4",
                "h5",
                "h6",
                "article",
                "aside",
                "blockquote",
                "figure",
            ):
                _append(element, paragraph)
                element.append(child)
                paragraph = flush()
                paragraph.text = tail
            else:
                child.tail = tail
                paragraph.append(child)
        _append(element, paragraph)


def lines_of(element: Any) -> list[str]:
    """Text, a line a block."""
    found: list[list[str]] = [[]]

    def walk(node: Any) -> None:
        block = node.tag in _LINE_BREAKING
        if block:
            found.append([])
        if node.tag not in _UNSEEN:
            if node.text:
                found[-1].append(node.text)
            for child in node:
                walk(child)
                if child.tail:
                    found[-1].append(child.tail)
        if block:
            found.append([])

    walk(element)
    return [line for line in (" ".join("".join(parts).split()) for parts in found) if line]


def _append(element: Any, paragraph: Any) -> None:
    if len(paragraph) or (paragraph.text or "").strip():
        element.append(paragraph)
