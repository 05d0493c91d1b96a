"""Selectors of an outlet's TOML on a parsed page: CSS, or XPath where they begin with a slash or a parenthesis.

They are checked when the configuration is read (`crawler.outlets`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator
from lxml import etree


def select(tree: Any, selector: str) -> list[Any]:
    """The elements that a selector matches, in document order."""
    found = _compiled(selector)(tree)
    return [node for node in found if isinstance(node, etree._Element)] if isinstance(found, list) else []  # noqa: SLF001


@lru_cache(maxsize=512)
def _compiled(selector: str) -> Any:
    if selector.startswith(("/", "(")):
        return etree.XPath(selector)
    return etree.XPath(HTMLTranslator().css_to_xpath(selector, prefix="descendant-or-self::"))
