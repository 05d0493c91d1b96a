"""When trafilatura is asked for a page, and what becomes of its answer."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from lxml import etree

from pipelines import metadata, second_opinion
from pipelines.blocks import layout_of
from pipelines.decoding import parse
from pipelines.evidence import Evidence, squeeze
from pipelines.records import Context, Entry, Page

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROSE = [
    f"Nella prova numero {n} il sistema ha risposto alle domande dei cittadini di {town} con un margine d’errore del {n + 2} per cento."
    for n, town in enumerate(("Lodi", "Cuneo", "Trieste", "Lecce", "Nuoro", "Aosta", "Pavia", "Siena"))
]
MENU = [f"Sezione numero {n}" for n in range(4)]


def page(paragraphs: list[str]) -> Page:
    body = "".join(f"<li>{line}</li>" for line in MENU) + "".join(f"<p>{line}</p>" for line in paragraphs)
    html = f"<html><head><meta charset='utf-8'></head><body><article>{body}</article></body></html>"
    return Page(url="https://sito.example/a", body=html.encode(), fetched_at=NOW)


def wanted(
    paragraphs: list[str] = PROSE,
    *,
    kept: float = 1.0,
    left: float = 0.0,
    body: str | None = None,
    summary: str | None = None,
) -> bool:
    """Whether it is, where paragraphs have the one probability and all else has the other."""
    made = page(paragraphs)
    tree = parse(made)
    layout = layout_of(tree)
    evidence = Evidence(layout, metadata.read(tree, made, Context(), {}, layout.blocks), body=body)
    chances = np.array([kept if block.tag == "p" else left for block in layout.blocks])
    context = Context(entry=Entry(url=made.url, summary=summary) if summary is not None else None)
    return second_opinion.wanted(evidence, chances, context)


def test_clear_page_is_not_asked_about() -> None:
    assert not wanted()


def test_doubtful_blocks_are_asked_about() -> None:
    assert wanted(kept=0.8)
    assert not wanted(kept=0.99)


def test_doubt_of_short_lines_is_nothing() -> None:
    assert not wanted(left=0.3)


def test_short_text_is_asked_about() -> None:
    assert wanted(PROSE[:3])


def test_page_of_which_nothing_is_kept_is_asked_about() -> None:
    assert wanted(kept=0.0)


def test_other_text_than_the_page_states_is_asked_about() -> None:
    stated = "\n".join(PROSE)
    assert not wanted(body=stated)
    assert wanted(body=stated * 3)
    assert wanted(PROSE * 2, body="\n".join(PROSE[:6]))


def test_short_statement_of_the_text_is_not_believed() -> None:
    assert not wanted(body="Un riassunto breve.")


def test_feeds_summary_that_the_text_does_not_hold_is_asked_about() -> None:
    other = "Un altro racconto, che la pagina non contiene da nessuna parte e che pure il feed annuncia. " * 3
    assert wanted(summary=other)
    assert not wanted(summary=" ".join(PROSE[:3]))


def test_short_summary_says_nothing() -> None:
    assert not wanted(summary="Un altro racconto, che la pagina non contiene.")


def test_summary_is_compared_by_its_letters() -> None:
    assert not wanted(summary=" ".join(PROSE[:3]).upper().replace(",", " –"))


def test_opinion_holds_the_lines_of_the_text() -> None:
    opinion = second_opinion.ask(parse(page(PROSE)))
    assert {squeeze(line) for line in PROSE} <= opinion.lines
    assert squeeze(PROSE[0]) in opinion.text


def test_tree_that_is_asked_about_is_left_as_it_is() -> None:
    tree = parse(page(PROSE))
    before = etree.tostring(tree)
    second_opinion.ask(tree)
    assert etree.tostring(tree) == before


@pytest.mark.parametrize("body", ["<p></p>", "<p>x</p>", "<nav><a href='/'>Uno</a></nav>"])
def test_page_without_text_has_an_opinion_too(body: str) -> None:
    made = Page(url="https://sito.example/a", body=f"<html><body>{body}</body></html>".encode(), fetched_at=NOW)
    assert squeeze(PROSE[0]) not in second_opinion.ask(parse(made)).text
