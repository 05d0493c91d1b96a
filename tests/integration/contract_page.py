"""docs/contract.md as tests read it: the views with their columns, and the reader that it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contract.md"
_SECTION = re.compile(r"^## (news\.\w+) — (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| (\w+) \| ([a-z0-9\[\]]+) \| (yes|no) \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: str
    nullable: bool
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    name: str
    meaning: str
    columns: tuple[Column, ...]


def views() -> list[View]:
    """The views that the page documents, in its order."""
    text = PAGE.read_text(encoding="utf-8")
    heads = list(_SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = []
    for head, end in zip(heads, ends, strict=True):
        rows = _ROW.findall(text, head.end(), end)
        columns = tuple(
            Column(name=name, type=type_, nullable=null == "yes", meaning=meaning)
            for name, type_, null, meaning in rows
        )
        found.append(View(name=head[1], meaning=head[2], columns=columns))
    return [view for view in found if view.columns]


def reader() -> str:
    """The Python program that the page shows."""
    (program,) = re.findall(r"^```python\n(.+?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return program
