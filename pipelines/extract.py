"""From a page to the article it holds: one parse, fields first, then its blocks weighed, and the evidence of what was removed.

Fields are read by `pipelines.metadata`, blocks are weighed by `pipelines.weighing` and judged by `pipelines.boilerplate`. What
an article rests on and whether it matters is added by `pipelines.ingest`.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import fields as names_of
from datetime import UTC, datetime
from typing import Any

import numpy as np

from pipelines import boilerplate, jsonld, metadata, rendering, second_opinion
from pipelines.blocks import BLOCKS, Block, Layout, layout_of
from pipelines.decoding import parse
from pipelines.errors import ExtractError
from pipelines.evidence import Evidence
from pipelines.length import LEAST, weight
from pipelines.page_kinds import kind_of
from pipelines.records import Context, Extraction, KeptBlock, Metadata, Page, Reason
from pipelines.selectors import select
from pipelines.weighing import cut_at, weights

_NODES_MOST = 60_000  # elements; the largest real page of 784 has 14,000


def extract(page: Page, context: Context = Context()) -> Extraction:  # noqa: B008 -- frozen
    """The article that a page holds.

    Pure: the same page gives the same Extraction. Raises ExtractError: `empty_page`, `not_html`, `unreadable`,
    `too_many_elements`, `no_article`, or a `page_kinds.Kind`: what the page is instead.
    """
    tree = parse(page)
    if sum(1 for _ in tree.iter()) > _NODES_MOST:
        raise ExtractError(f"more than {_NODES_MOST:,} elements", subject=page.url, code="too_many_elements")
    layout, pruned = _without_pruned(tree, context)
    blocks = layout.blocks
    article = jsonld.find_article(tree, page.url) or {}
    fields = metadata.read(tree, page, context, article, blocks)
    evidence = Evidence(layout, fields, body=jsonld.text_of(article.get("articleBody")))
    chances, asked = _weighed(tree, evidence, context)
    judge = boilerplate.Judge(blocks, evidence.squeezed, fields)
    kept = chosen_from(evidence, chances)
    cuts = judge.residue(kept, chances)
    cuts |= boilerplate.repeated(blocks, [at for at in kept if at not in cuts], context.repeated, context.hints.shared)
    kept = [at for at in kept if at not in cuts]
    chosen = [blocks[at] for at in kept]
    text = rendering.plain(chosen)
    if said := kind_of(tree, url=page.url, article=article, fields=fields, blocks=blocks, text=text):
        called = said.kind.replace("_", " ")
        raise ExtractError(f"no article but {called}: {said.evidence}", subject=page.url, code=said.kind.value)
    if weight(text) < LEAST:
        raise ExtractError(
            f"its text has {len(text)} characters: no article, or one that can't be read",
            subject=page.url,
            code="no_article",
        )
    removed = [*pruned, *boilerplate.evidence_of(blocks, cuts, kept, chances, judge)]
    return Extraction(
        **{field.name: getattr(fields, field.name) for field in names_of(Metadata)},
        url=page.url,
        text=text,
        markdown=rendering.markdown(chosen),
        removed=boilerplate.joined(removed),
        kept=tuple(KeptBlock(text=block.text, position=block.position) for block in chosen),
        second_opinion=asked,
    )


def warm() -> None:
    """Pay what the first page of a process would pay: weights, the libraries' tables, a second opinion."""
    body = "".join(
        f"<p>Una frase abbastanza lunga da sembrare un paragrafo vero, numero {n}, e un'altra ancora.</p>"
        for n in range(8)
    )
    page = Page(
        url="https://example.org/a",
        body=f"<html><head><title>t</title></head><body><article>{body}</article></body></html>".encode(),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with contextlib.suppress(ExtractError):
        extract(page)
    weights(voted=True)
    second_opinion.ask(parse(page))
    gc.collect()
    gc.freeze()  # what lives as long as the process is not looked through again with every page


def chosen_from(evidence: Evidence, chances: Sequence[float]) -> list[int]:
    """The places of the blocks whose probabilities suffice on this page."""
    if not evidence.blocks:
        return []
    limit = cut_at(np.asarray(chances), np.array([len(block.text) for block in evidence.blocks], dtype=np.float64))
    return [at for at, chance in enumerate(chances) if chance >= limit]


def _without_pruned(tree: Any, context: Context) -> tuple[Layout, list[tuple[Block, boilerplate.Cut]]]:
    """The page's layout less what the outlet's rules take out of it, which is gone from the tree, too."""
    ruled = {element: selector for selector in context.hints.prune for element in select(tree, selector)}
    inline = {element for element in ruled if element.tag not in BLOCKS}
    amid = {element for element in inline if _stands_amid_text(element)}
    for element in inline:
        element.tag = "div"  # a block of its own, also where it stands in a line
    layout = layout_of(tree)
    if not ruled:
        return layout, []
    left: list[Block] = []
    pruned: list[tuple[Block, boilerplate.Cut]] = []
    broken = False  # the line before was only broken by what is cut out of it
    for block in layout.blocks:
        holder = next((element for element in _upwards(block) if element in ruled), None)
        if holder is not None:
            pruned.append((block, boilerplate.Cut(Reason.OUTLET_RULE, f"prune {ruled[holder]}")))
            broken = holder in amid
        elif left and broken and left[-1].element is block.element:
            left[-1] = left[-1].with_rest(block)
        else:
            left.append(block)
            broken = False
    for element in ruled:
        if element.getparent() is not None:
            element.drop_tree()
    return Layout(left, layout.parents), pruned


def _stands_amid_text(element: Any) -> bool:
    """Whether an inline element has text of its line on both sides."""
    before = element.getprevious()
    begins = element.getparent().text if before is None else before.tail
    return bool((element.tail or "").strip()) and (
        bool((begins or "").strip()) or (before is not None and before.tag != "br")
    )


def _upwards(block: Block) -> Iterator[Any]:
    yield block.element
    yield from block.element.iterancestors()


def _weighed(tree: Any, evidence: Evidence, context: Context) -> tuple[Sequence[float], bool]:
    """Each block's probability, and whether another reader was asked for it."""
    if not evidence.blocks:
        return [], False
    if (inside := _ruled(tree, evidence.blocks, context)) is not None:
        return inside, False
    chances = weights(voted=False).probabilities(evidence.table())
    if not second_opinion.wanted(evidence, chances, context):
        return chances.tolist(), False
    opinion = second_opinion.ask(tree)
    return weights(voted=True).probabilities(evidence.table_with(opinion)).tolist(), True


def _ruled(tree: Any, blocks: Sequence[Block], context: Context) -> list[float] | None:
    """Certainty where the outlet's rules say where the text is: the first selector that matches anything."""
    for selector in context.hints.keep:
        if holders := set(select(tree, selector)):
            return [float(any(element in holders for element in _upwards(block))) for block in blocks]
    return None
