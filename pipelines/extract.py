"""From a page to the article it holds: one parse, fields first, then the text and the evidence of what was removed.

Fields are read by `pipelines.metadata`, residue is judged by `pipelines.boilerplate`; trafilatura finds the text. What
an article rests on and whether it matters is added by `pipelines.ingest`.
"""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from typing import Any

import trafilatura
from trafilatura.settings import use_config

from pipelines import boilerplate, jsonld, metadata
from pipelines.blocks import blocks_of, lines_of, split_breaks
from pipelines.decoding import parse
from pipelines.errors import ExtractError
from pipelines.identity import block_fingerprint
from pipelines.page_kinds import kind_of
from pipelines.records import Context, Extraction, Field, KeptBlock, Origin, Page, Reason
from pipelines.selectors import select

TEXT_LEAST = 120
"""Characters (40 in scripts without spaces count as much): shorter texts are stubs, walls or indexes, not articles."""
_NODES_MOST = 60_000  # elements; the largest real page of 784 has 14,000
_SET_APART = re.compile(
    r"lead|standfirst|sub-?(?:title|head)|summary|sommario|occhiello|deck|dek\b|abstract|intro|excerpt|chapo|sottotitolo|descri|hero|teaser",
    re.IGNORECASE,
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_config = use_config()
_config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")  # the sandbox has its own, which works in any thread
_config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "100")


def extract(page: Page, context: Context = Context()) -> Extraction:  # noqa: B008 -- frozen
    """The article that a page holds.

    Pure: the same page gives the same Extraction. Raises ExtractError: `empty_page`, `not_html`, `unreadable`,
    `too_many_elements`, `no_article`, or a `page_kinds.Kind`: what the page is instead.
    """
    tree = parse(page)
    if sum(1 for _ in tree.iter()) > _NODES_MOST:
        raise ExtractError(f"more than {_NODES_MOST:,} elements", subject=page.url, code="too_many_elements")
    root = tree.find(".//body")
    root = tree if root is None else root
    article = jsonld.find_article(tree, page.url) or {}
    seen = blocks_of(root)
    fields = metadata.read(tree, page, context, article, seen)
    split_breaks(root)
    blocks = lines_of(root)
    standfirst = fields.standfirst
    set_apart = _set_apart(root, standfirst.value) if standfirst else None
    cuts = boilerplate.prune(tree, context.hints, fields)
    text = _text(_kept(tree, context) if context.hints.keep else tree, page.url)
    lines, more = boilerplate.clean(text.split("\n"), set_apart, fields)
    lines, repeated = _without_repeated(lines, context)
    more += repeated
    cleaned = "\n".join(lines)
    if found := kind_of(tree, url=page.url, article=article, fields=fields, blocks=seen, text=cleaned):
        called = found.kind.replace("_", " ")
        raise ExtractError(f"no article but {called}: {found.evidence}", subject=page.url, code=found.kind.value)
    if _weight(cleaned) < TEXT_LEAST:
        raise ExtractError(
            f"its text has {len(cleaned)} characters: no article, or one that can't be read",
            subject=page.url,
            code="no_article",
        )
    title = fields.title or _title_from(context)
    return Extraction(
        url=page.url,
        canonical_url=fields.canonical_url,
        title=title,
        standfirst=standfirst,
        byline=fields.byline,
        authors=fields.authors,
        published=fields.published,
        modified=fields.modified,
        language=fields.language,
        section=fields.section,
        image=fields.image,
        paywalled=fields.paywalled,
        rights=fields.rights,
        text=cleaned,
        markdown=cleaned,
        removed=boilerplate.positioned([*cuts, *more], blocks),
        kept=tuple(KeptBlock(text=line, position=n) for n, line in enumerate(lines)),
        second_opinion=False,
    )


def warm() -> None:
    """Pay what the first page of a process would pay."""
    body = "".join(
        f"<p>Una frase abbastanza lunga da sembrare un paragrafo vero, numero {n}, e un'altra ancora.</p>"
        for n in range(8)
    )
    page = Page(
        url="https://example.org/a",
        body=f"<html><head><title>t</title></head><body><article>{body}</article></body></html>".encode(),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    extract(page)


def _text(tree: Any, url: str) -> str:
    found = trafilatura.extract(
        copy.deepcopy(tree), url=url, include_comments=False, include_tables=True, deduplicate=False, config=_config
    )
    lines = (" ".join(line.split()) for line in (found or "").split("\n"))
    # trafilatura marks list entries with a dash; the article's own text has none.
    return "\n".join(re.sub(r"^- (?=\S)", "", line) for line in lines if line)


def _without_repeated(lines: list[str], context: Context) -> tuple[list[str], list[boilerplate.Cut]]:
    """The text without what the outlet's other articles repeat, but for what its rules say they share."""
    unwanted = context.repeated - {block_fingerprint(text) for text in context.hints.shared}
    if not unwanted:
        return lines, []
    kept, cuts = [], []
    for line in lines:
        if block_fingerprint(line) in unwanted:
            cuts.append(boilerplate.Cut(line, Reason.REPEATED, "repeated"))
        else:
            kept.append(line)
    return kept, cuts


def _kept(tree: Any, context: Context) -> Any:
    """The part of the page that the outlet's rule names, as a page of its own."""
    for selector in context.hints.keep:
        if found := select(tree, selector):
            html = tree.makeelement("html")
            body = tree.makeelement("body")
            html.append(body)
            for element in found:
                body.append(copy.deepcopy(element))
            return html
    return tree


def _set_apart(root: Any, standfirst: str) -> str | None:
    """The standfirst if the page shows it apart from the text: in a heading, or marked as what it is.

    A description that is only the first paragraph once more is left where it stands.
    """
    wanted = re.sub(r"[\W_]+", " ", standfirst.casefold()).strip()
    for element in root.iter("h2", "h3", "h4", "p", "div", "span", "strong", "em"):
        content = element.text_content()
        if abs(len(content) - len(standfirst)) > 40 or re.sub(r"[\W_]+", " ", content.casefold()).strip() != wanted:
            continue
        parent = element.getparent()
        marks = f"{element.get('class') or ''} {element.get('itemprop') or ''} {(parent.get('class') or '') if parent is not None else ''}"
        if (
            element.tag in ("h2", "h3", "h4")
            or _SET_APART.search(marks)
            or next(element.iterancestors("header"), None) is not None
        ):
            return standfirst
    return None


def _title_from(context: Context) -> Field[str] | None:
    if context.entry and context.entry.title:
        return Field(value=context.entry.title, origin=Origin.SOURCE)
    return None


def _weight(text: str) -> int:
    return len(text) + 2 * len(_CJK.findall(text))
