"""How long a text is to its readers, whatever script it is in, and how long an article is at least.

Who asks: `pipelines.extract`, what says that a page is none (`pipelines.page_kinds`), and what is counted over an outlet's articles.
"""

from __future__ import annotations

import re

LEAST = 120
"""As `weight` counts: shorter texts are stubs, walls or indexes, not articles."""
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def weight(text: str) -> int:
    """Characters; those of scripts without spaces, and Hangul, count threefold."""
    return len(text) if text.isascii() else len(text) + 2 * len(_DENSE.findall(text))
