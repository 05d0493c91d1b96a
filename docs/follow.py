"""Shows how a saved page is weighed, block by block: `.venv/bin/python docs/follow.py docs/followed.html URL`.

What is then stored of the page shows `aiwire try`; what it all means tells docs/extraction.md.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipelines import jsonld, metadata, second_opinion
from pipelines.blocks import layout_of
from pipelines.decoding import parse
from pipelines.evidence import Evidence
from pipelines.extract import extract
from pipelines.records import Context, Page
from pipelines.weighing import cut_at, weights

SHOWN = ("len", "share", "end", "from_title", "near_promo")
"""Columns of evidence that are shown, of some two hundred."""


def main(path: str, url: str) -> None:
    """Print a line a block: position, element, evidence, probabilities alone and with a second opinion, what became of it."""
    page = Page(url=url, body=Path(path).read_bytes(), fetched_at=datetime(2026, 3, 4, 9, tzinfo=UTC))
    tree = parse(page)
    layout = layout_of(tree)
    article = jsonld.find_article(tree, url) or {}
    fields = metadata.read(tree, page, Context(), article, layout.blocks)
    evidence = Evidence(layout, fields, body=jsonld.text_of(article.get("articleBody")))
    table, names = evidence.table(), evidence.names(voted=False)
    alone = weights(voted=False).probabilities(table)
    asked = second_opinion.wanted(evidence, alone, Context())
    voted = weights(voted=True).probabilities(evidence.table_with(second_opinion.ask(tree))) if asked else alone
    found = extract(page)
    fate = {block.position: "kept" for block in found.kept}
    fate |= {block.position: f"{block.reason} ({block.rule})" for block in found.removed}
    columns = [names.index(name) for name in SHOWN]
    told = [f"{'':>2} {'':<4} {' '.join(SHOWN)} alone {'asked' if asked else ''}"]
    for n, block in enumerate(layout.blocks):
        shown = " ".join(f"{table[n, c]:>{len(name)}.2f}" for c, name in zip(columns, SHOWN, strict=True))
        second = f"{voted[n]:5.2f}" if asked else ""
        told.append(f"{n:>2} {block.tag:<4} {shown} {alone[n]:5.2f} {second} {fate.get(n, '-'):<28} {block.text[:36]}")
    limit = cut_at(voted, np.array([len(block.text) for block in layout.blocks], dtype=np.float64))
    told.append(f"kept from {limit:.3f} on, unless a rule decides")
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
