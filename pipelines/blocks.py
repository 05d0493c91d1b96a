"""A page's tree as text blocks, in one walk: each with where it stands, so that nobody else need walk the tree.

Which blocks are the article is judged by `pipelines.weighing`; what its first blocks say of authors and dates is read by
`pipelines.page_authors` and `pipelines.page_dates`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipelines import wording

_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "head", "title", "object", "embed", "audio", "video",
     "canvas", "map", "select", "option", "datalist", "textarea", "math", "meter", "progress"}
)  # fmt: skip
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "aside", "header", "footer", "main", "nav", "ul", "ol", "li", "h1", "h2", "h3", "h4",
     "h5", "h6", "table", "thead", "tbody", "tr", "td", "th", "caption", "blockquote", "figure", "figcaption", "form", "fieldset",
     "legend", "address", "dl", "dt", "dd", "pre", "center", "details", "summary", "hr", "body", "html", "dialog", "menu", "button"}
)  # fmt: skip
INSIDE = {
    name: 1 << n
    for n, name in enumerate(
        ("article", "main", "header", "footer", "aside", "nav", "form", "figure", "figcaption", "table", "ul", "ol", "li",
         "blockquote", "pre", "a", "button", "hidden", "dl", "address", "section", "details")
    )
}  # fmt: skip
"""Bits of `Block.inside`: the elements that a block stands in, itself included; `hidden` is what the page doesn't show."""
MARKED = {reason: 1 << n for n, (reason, _, _) in enumerate(wording.CONTAINERS)}
"""Bits of `Block.marked`: what class, id and role of the elements around a block call it."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NODES_DEEP = 512  # levels; what is nested deeper is read as if it stood at this one


@dataclass(slots=True, eq=False)
class Block:
    """A run of text between two block-level boundaries, its whitespace folded.

    `tag` is the nearest block-level element; `element` the lxml element itself. `inside` and `marked` are bits (INSIDE,
    MARKED). `linked` counts the characters that stand in links, `links` the links. `strong` counts characters in
    bold type. `position` is the index among all the page's blocks.
    """

    text: str
    tag: str
    element: Any
    inside: int
    marked: int
    linked: int
    links: int
    strong: int
    depth: int
    position: int = 0
    soft: bool = False
    """It begins after a single <br>: the line before belongs to the same paragraph."""


@lru_cache(maxsize=8_192)
def marks_of(words: str) -> int:
    """What class, id and role say, as MARKED bits; pages repeat the same few hundred strings."""
    found = 0
    for reason, _, pattern in wording.CONTAINERS:
        if pattern.search(words):
            found |= MARKED[reason]
    return found


def blocks_of(root: Any) -> list[Block]:
    """The text blocks below an element, in document order; linear in the number of elements, whatever their depth."""
    found: list[Block] = []
    parts: list[str] = []
    state = [0, 0, 0]  # characters in links, links, characters in bold
    soft = False

    def flush(element: Any, tag: str, inside: int, marked: int, depth: int) -> None:
        nonlocal soft
        if parts:
            text = " ".join("".join(parts).split())
            if text:
                found.append(
                    Block(text, tag, element, inside, marked, state[0], state[1], state[2], depth, len(found), soft)
                )
                soft = False
            parts.clear()
            state[0] = state[1] = state[2] = 0

    # An explicit stack: pages are nested deeper than Python's own.
    # An entry: element, its iterator of children, block element, tag, inside, marked, depth, in link, in bold
    start = (root, iter(root), root, str(root.tag), 0, 0, 0, False, False)
    stack = [start]
    if root.text:
        parts.append(root.text)
    while stack:
        element, children, block, tag, inside, marked, depth, link, bold = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            if element is block:
                flush(block, tag, inside, marked, depth)
            if stack and (tail := element.tail):
                _, _, _, _, _, _, _, link, bold = stack[-1]
                _count(tail, parts, state, link=link, bold=bold)
            continue
        name = child.tag
        if not isinstance(name, str) or name in _UNSEEN:
            if child.tail:
                _count(child.tail, parts, state, link=link, bold=bold)
            continue
        if name == "br":
            broken = bool(parts)
            flush(block, tag, inside, marked, depth)
            soft = broken
            if child.tail:
                _count(child.tail, parts, state, link=link, bold=bold)
            continue
        attributes = child.attrib
        if attributes:
            words = attributes.get("class", "")
            for key in ("id", "role"):
                if value := attributes.get(key):
                    words = f"{words} {value}"
            child_marked = marked | marks_of(words) if words else marked
            hidden = "hidden" in attributes or (
                "style" in attributes and _HIDDEN.search(attributes["style"]) is not None
            )
        else:
            child_marked, hidden = marked, False
        child_inside = inside | INSIDE.get(name, 0) | (INSIDE["hidden"] if hidden else 0)
        if name == "a":
            state[1] += 1
        if name in _BLOCKS:
            flush(block, tag, inside, marked, depth)
            soft = False
            entry = (
                child,
                iter(child),
                child,
                name,
                child_inside,
                child_marked,
                min(depth + 1, _NODES_DEEP),
                link or name == "a",
                False,
            )
        else:
            entry = (
                child,
                iter(child),
                block,
                tag,
                child_inside,
                child_marked,
                depth,
                link or name == "a",
                bold or name in ("b", "strong"),
            )
        if child.text:
            _count(child.text, parts, state, link=entry[7], bold=entry[8])
        stack.append(entry)
    return found


def _count(text: str, parts: list[str], state: list[int], *, link: bool, bold: bool) -> None:
    parts.append(text)
    if link or bold:
        length = len(" ".join(text.split()))
        if link:
            state[0] += length
        if bold:
            state[2] += length


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
