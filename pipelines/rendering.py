"""Puts an article's blocks together: as plain text, a line a block, and as Markdown with what the markup said of each.

Which blocks they are is decided before, by `pipelines.boilerplate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from pipelines.blocks import INSIDE, Block

_LEVELS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "##### ", "h6": "###### "}
_CELLS = frozenset({"td", "th"})
_SPECIAL = re.compile(r"([\\`*_\[\]<>])")
_BEGINNING = re.compile(r"^(\d{1,9})([.)])(?=\s)|^([-+#=~|>])")


def plain(blocks: Sequence[Block]) -> str:
    """Text, a line a block; the cells of a table's row share a line."""
    return "\n".join(line for line, _ in _rows(blocks))


def markdown(blocks: Sequence[Block]) -> str:
    """CommonMark, tables in GitHub's form; blocks are separated by an empty line, entries of a list by a line end."""
    parts: list[str] = []
    for kind, run in groupby(_rows(blocks), key=lambda row: _kind(row[1][0])):
        rows = list(run)
        if kind == "table":
            text = _table([[cell.text for cell in cells] for _, cells in rows])
        elif kind == "list":
            text = "\n".join(_entry(cells[0]) for _, cells in rows)
        elif kind == "code":
            text = "```\n" + "\n".join(line for line, _ in rows).replace("```", "` ` `") + "\n```"
        else:
            text = _paragraphs(kind, [cells[0] for _, cells in rows])
        parts.append(text)
    return "\n\n".join(parts)


def _rows(blocks: Sequence[Block]) -> Iterator[tuple[str, list[Block]]]:
    """The lines of the text with their blocks: one, or the cells of a table's row."""
    row: list[Block] = []
    for block in blocks:
        if row and not _same_row(row[-1], block):
            yield " | ".join(cell.text for cell in row), row
            row = []
        row.append(block)
    if row:
        yield " | ".join(cell.text for cell in row), row


def _same_row(one: Block, other: Block) -> bool:
    return (
        one.tag in _CELLS
        and other.tag in _CELLS
        and one.element is not other.element
        and one.element.getparent() is other.element.getparent()
    )


def _kind(block: Block) -> str:
    if block.tag in _CELLS:
        return "table"
    if block.tag in _LEVELS:
        return "heading"
    if block.inside & INSIDE["pre"]:
        return "code"
    if block.inside & INSIDE["li"]:
        return "list"
    return "quote" if block.inside & INSIDE["blockquote"] else "text"


def _entry(block: Block) -> str:
    depth = sum(1 for ancestor in block.element.iterancestors("ul", "ol")) if block.tag == "li" else 1
    holder = next(block.element.iterancestors("ul", "ol"), None)
    mark = "1." if holder is not None and holder.tag == "ol" else "-"
    return f"{'   ' * max(0, min(depth, 8) - 1)}{mark} {_escaped(block.text)}"


def _paragraphs(kind: str, blocks: Sequence[Block]) -> str:
    lines: list[str] = []
    for block in blocks:
        text = _escaped(block.text)
        if kind == "heading":
            text = _LEVELS[block.tag] + text
        elif kind == "quote":
            text = f"> {text}"
        if lines and block.soft and kind != "heading":
            lines[-1] += "  "  # a line break within the paragraph
            lines.append(text)
        else:
            lines.extend(["", text] if lines and kind != "quote" else [">", text] if lines else [text])
    return "\n".join(lines)


def _table(rows: Sequence[Sequence[str]]) -> str:
    width = max(map(len, rows))
    told = [[_escaped(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in told]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _escaped(text: str) -> str:
    return _BEGINNING.sub(lambda at: f"{at[1]}\\{at[2]}" if at[1] else f"\\{at[3]}", _SPECIAL.sub(r"\\\1", text))
