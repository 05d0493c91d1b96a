"""What a page's head states, and its headings, in one pass over the few elements that hold it.

What the values mean is read by `pipelines.metadata` and its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

_VALUE_MOST = 4_000
"""Characters of a value that are read: the longest real description of 784 pages has 2,100."""
_MANY = ("author", "article:author", "parsely-author", "sailthru.author", "citation_author")
"""Names that a page repeats once a person."""
_SUBHEADINGS_MOST = 6
_LANG = ("lang", "{http://www.w3.org/XML/1998/namespace}lang")


@dataclass(slots=True)
class Head:
    """What the page's head states.

    `metas` has the first content by lower-cased property, name, itemprop or http-equiv; for names that are repeated once
    a person, `name+` has all of them with semicolons. `licences` are what rel=license points at.
    """

    metas: dict[str, str] = field(default_factory=dict)
    canonical: str | None = None
    language: str | None = None
    title: str | None = None
    headings: list[Any] = field(default_factory=list)
    subheadings: list[Any] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)


def head_of(tree: Any) -> Head:
    head = Head(language=next((value for name in _LANG if (value := tree.get(name))), None))
    body = tree.find("body")
    if head.language is None and body is not None:
        head.language = body.get("lang")
    for element in tree.iter("meta", "link", "title", "h1", "h2"):
        name = element.tag
        if name == "meta":
            _meta(element, head.metas)
        elif name == "h1":
            head.headings.append(element)
        elif name == "h2":
            if len(head.subheadings) < _SUBHEADINGS_MOST:
                head.subheadings.append(element)
        elif name == "link":
            rel = (element.get("rel") or "").lower()
            if "canonical" in rel and head.canonical is None:
                head.canonical = (element.get("href") or "").strip() or None
            elif "license" in rel and element.get("href"):
                head.licences.append(element.get("href"))
        elif head.title is None and (parent := element.getparent()) is not None and parent.tag != "svg":
            head.title = " ".join(element.text_content()[:_VALUE_MOST].split()) or None
    # Apart from the pass above: a page has hundreds of links, and a licence at most.
    for link in tree.iter("a"):
        if (rel := link.get("rel")) and "license" in rel and link.get("href"):
            head.licences.append(link.get("href"))
    return head


def address(base: str, value: str | None) -> str | None:
    """An http(s) address made absolute; None where it is none."""
    if not value or not (value := value.strip()):
        return None
    try:
        absolute = urljoin(base, value)
    except ValueError:
        return None
    return absolute if absolute.startswith(("http://", "https://")) else None


def _meta(element: Any, metas: dict[str, str]) -> None:
    content = element.get("content")
    if not content:
        return
    name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
    if not name or not (content := " ".join(content[:_VALUE_MOST].split())):
        return
    name = name.lower().strip()
    metas.setdefault(name, content)
    if name in _MANY:
        metas[f"{name}+"] = f"{metas[f'{name}+']};{content}" if f"{name}+" in metas else content
