"""A page's tree as text blocks, in one walk: each with where it stands, so that nobody else need walk the tree.

Which blocks are the article is judged by `pipelines.weighing`; what its first blocks say of authors and dates is read by
`pipelines.page_authors` and `pipelines.page_dates`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from pipelines.marks import marks_of

_UNSEEN = frozenset(
    {"script", "style", "template", "svg", "iframe", "head", "title", "object", "embed", "audio", "video", "canvas", "map",
     "select", "option", "datalist", "textarea", "math", "meter", "progress"}
)  # fmt: skip
BLOCKS = frozenset(
    {"p", "div", "section", "article", "aside", "header", "footer", "main", "nav", "ul", "ol", "li", "h1", "h2", "h3", "h4",
     "h5", "h6", "table", "thead", "tbody", "tr", "td", "th", "caption", "blockquote", "figure", "figcaption", "form", "fieldset",
     "legend", "address", "dl", "dt", "dd", "pre", "center", "details", "summary", "hr", "body", "html", "dialog", "menu", "button"}
)  # fmt: skip
INSIDE = {
    name: 1 << n
    for n, name in enumerate(
        ("article", "main", "header", "footer", "aside", "nav", "form", "figure", "figcaption", "table", "ul", "ol", "li",
         "blockquote", "pre", "a", "button", "hidden", "dl", "address", "section", "details", "noscript", "label", "time")
    )
}  # fmt: skip
"""Bits of `Block.inside`: the elements that a block stands in, itself included; `hidden` is what the page doesn't show."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NAMING = frozenset({"class", "id", "role", "itemprop"})


@dataclass(slots=True, eq=False)
class Block:
    """A run of text between two block-level boundaries, its whitespace folded.

    `tag` is the nearest block-level element, `element` that lxml element, `container` its number in `Layout.parents`.
    `inside` are bits (INSIDE); `near` and `marked` are bits (`marks.MARKS`): what the element, two around it and the inline
    elements within are called, and what any element around it but <body> is called. `linked` and `strong` count characters in links and in
    bold type, `links` the links. `position` is the index among all the page's blocks.
    """

    text: str
    tag: str
    element: Any
    container: int
    inside: int
    near: int
    marked: int
    linked: int
    links: int
    strong: int
    depth: int
    position: int
    soft: bool
    """It begins after a single <br>: the line before belongs to the same paragraph."""

    def with_rest(self, rest: Block) -> Block:
        """The line that this block and the rest of it are, once what stood between them is gone."""
        return replace(
            self,
            text=f"{self.text} {rest.text}",
            linked=self.linked + rest.linked,
            links=self.links + rest.links,
            strong=self.strong + rest.strong,
        )


@dataclass(slots=True, eq=False)
class Layout:
    """A page's blocks, and the tree of its block-level elements: `parents[n]` is the container around container n, -1 at the top."""

    blocks: list[Block]
    parents: list[int]


@dataclass(slots=True, eq=False)
class _Open:
    """An element whose children are being read."""

    element: Any
    children: Any
    block: Any
    tag: str
    container: int
    inside: int
    near: tuple[int, int, int]
    marked: int
    depth: int
    link: bool
    bold: bool


class _Reader:
    """Collects text until a boundary; what it counts is the block's that is being read."""

    def __init__(self) -> None:
        self.found: list[Block] = []
        self.parts: list[str] = []
        self.linked = self.links = self.strong = self.inline = self.within = 0
        self.soft = False

    def add(self, text: str, at: _Open) -> None:
        self.parts.append(text)
        if at.link or at.bold:
            length = len(text.strip())
            if at.link:
                self.linked += length
            if at.bold:
                self.strong += length

    def end(self, at: _Open) -> None:
        """A boundary: what was read so far is a block of `at`."""
        if self.parts:
            text = " ".join("".join(self.parts).split())
            if text:
                near = at.near[0] | at.near[1] | at.near[2] | self.inline
                self.found.append(
                    Block(
                        text,
                        at.tag,
                        at.block,
                        at.container,
                        at.inside | self.within,
                        near,
                        at.marked | self.inline,
                        self.linked,
                        self.links,
                        self.strong,
                        at.depth,
                        len(self.found),
                        self.soft,
                    )
                )
                self.soft = False
            self.parts.clear()
        self.linked = self.links = self.strong = self.inline = self.within = 0


def layout_of(root: Any) -> Layout:
    """The text blocks below an element, in document order; linear in the number of elements, however deep they nest."""
    reader = _Reader()
    parents = [-1]
    at = _Open(root, iter(root), root, str(root.tag), 0, 0, (0, 0, 0), 0, 0, link=False, bold=False)
    if root.text:
        reader.add(root.text, at)
    stack = [at]  # an explicit stack: pages nest deeper than Python may
    while stack:
        at = stack[-1]
        child = next(at.children, None)
        if child is None:
            stack.pop()
            if at.element is at.block:
                reader.end(at)
            if stack and at.element.tail:
                reader.add(at.element.tail, stack[-1])
            continue
        name = child.tag
        if name == "br":
            soft = bool(reader.parts)
            reader.end(at)
            reader.soft = soft
        elif isinstance(name, str) and name not in _UNSEEN:
            opened = _opened(child, name, at, reader, parents)
            if child.text:
                reader.add(child.text, opened)
            stack.append(opened)
            continue
        if child.tail:
            reader.add(child.tail, at)
    return Layout(reader.found, parents)


def _opened(child: Any, name: str, at: _Open, reader: _Reader, parents: list[int]) -> _Open:
    own = hidden = 0
    words = ""
    for key, value in child.items():
        if key in _NAMING:
            words = f"{words} {value}" if words else value
        elif key == "hidden" or (key == "style" and _HIDDEN.search(value)):
            hidden = INSIDE["hidden"]
    if words and name not in ("body", "html"):
        own = marks_of(words)
    bit = INSIDE.get(name, 0) | hidden
    link = at.link or name == "a"
    if name in BLOCKS:
        reader.end(at)
        reader.soft = False
        parents.append(at.container)
        near = (own, at.near[0], at.near[1])
        if name == "a":
            reader.links += 1
        return _Open(
            child,
            iter(child),
            child,
            name,
            len(parents) - 1,
            at.inside | bit,
            near,
            at.marked | own,
            at.depth + 1,
            link,
            bold=False,
        )
    reader.inline |= own
    reader.within |= bit
    if name == "a":
        reader.links += 1
    bold = at.bold or name in ("b", "strong")
    return _Open(
        child, iter(child), at.block, at.tag, at.container, at.inside | hidden, at.near, at.marked, at.depth, link, bold
    )
