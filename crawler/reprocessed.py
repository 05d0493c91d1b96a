"""How `aiwire reprocess` shows what would change, or has: a page at a time, so that memory stays flat.

What is shown comes from `crawler.reprocess`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from rich.text import Text

from crawler import present

_TOLD = ("changed", "found", "newer", "no_article")
_WORDS = {
    "changed": "changed",
    "found": "hold an article after all",
    "unchanged": "unchanged",
    "no_article": "hold no article",
    "not_kept": "no longer kept",
    "newer": "changed by the outlet meanwhile",
}
_SHOWN_MOST = 100  # characters of a field's value


class Shown:
    """What came of each page, then the counts; `quiet` leaves the pages out."""

    def __init__(self, outlet: str, *, written: bool, as_json: bool, quiet: bool) -> None:
        self._outlet = outlet
        self._written = written
        self._as_json = as_json
        self._quiet = quiet
        self._first = True
        if as_json:
            head = json.dumps({"outlet": outlet, "written": written}, ensure_ascii=False)
            sys.stdout.write(f'{head[:-1]}, "pages": [')

    def page(self, kind: str, url: str, fields: dict[str, tuple[str, str]], text: str) -> None:
        if self._quiet or kind not in _TOLD:
            return
        if self._as_json:
            told: dict[str, Any] = {"url": url, "outcome": kind}
            told |= {name: {"before": before, "after": after} for name, (before, after) in fields.items()}
            told |= {"text": text} if text else {}
            sys.stdout.write(("\n" if self._first else ",\n") + json.dumps(told, ensure_ascii=False))
            self._first = False
            return
        out = present.console
        out.print(Text.assemble((f"{kind.replace('_', ' '):<11}", "bold"), url))
        for name, (before, after) in fields.items():
            out.print(Text.assemble(f"    {name}: ", (_short(before), "red strike"), " → ", (_short(after), "green")))
        if text:
            out.print(Text(f"    text: {text}" if kind == "changed" else f"    {text}", style="dim"))

    def end(self, counts: Counter[str], *, drift_over: bool) -> None:
        if self._as_json:
            tail = json.dumps({"counts": dict(counts), "drift_over": drift_over})
            sys.stdout.write(f"\n], {tail[1:]}\n")
            return
        told = ", ".join(f"{counts[kind]} {words}" for kind, words in _WORDS.items() if counts[kind]) or "no page"
        head = f"{self._outlet}: written" if self._written else f"{self._outlet}: would be"
        present.console.print(f"\n{head}: {told}.", markup=False)
        if drift_over:
            present.console.print("Its pages are as they were: it no longer counts as drifting.")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_MOST else text[: _SHOWN_MOST - 1] + "…"
