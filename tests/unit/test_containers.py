"""Where a page's prose is: the containers around each block, against those that hold the most."""

from __future__ import annotations

from typing import Any

import lxml.html
import numpy as np

from pipelines.blocks import Layout, layout_of
from pipelines.containers import Containers

PROSE = (
    "Il consorzio ha pubblicato un modello linguistico addestrato su delibere e regolamenti di tutto il paese, oggi."
)
PAGE = (
    "<nav><a href='/1'>Uno</a><a href='/2'>Due</a></nav>"
    f"<div class='main'><div class='text'>{f'<p>{PROSE}</p>' * 5}<p>Corto.</p></div></div>"
    f"<div class='rail'><div><p>{PROSE}</p></div></div>"
)


def laid_out(html: str) -> Layout:
    return layout_of(lxml.html.document_fromstring(f"<html><body>{html}</body></html>"))


def read(html: str) -> tuple[Layout, dict[str, Any], Containers]:
    layout = laid_out(html)
    containers = Containers(layout, np.array([float(len(block.text)) for block in layout.blocks]))
    return layout, dict(containers.columns()), containers


def at(layout: Layout, text: str) -> list[int]:
    return [block.position for block in layout.blocks if block.text == text]


def test_each_column_has_a_number_for_each_block() -> None:
    layout, columns, _ = read(PAGE)
    for name, column in columns.items():
        assert len(column) == len(layout.blocks), name
        assert np.isfinite(np.asarray(column, dtype=float)).all(), name


def test_paragraphs_are_prose_and_short_lines_links_and_frames_are_not() -> None:
    linked = f"<p><a href='/a'>{PROSE}</a></p>"
    layout, _, containers = read(
        f"<p>{PROSE}</p><p>Corto.</p>{linked}<footer><p>{PROSE}</p></footer><h2>{PROSE}</h2><p hidden>{PROSE}</p>"
    )
    assert [bool(size) for size in containers.good] == [True, False, False, False, False, False]
    assert containers.good[0] == len(layout.blocks[0].text)


def test_innermost_container_with_most_prose_is_the_one_around_the_paragraphs() -> None:
    layout, columns, _ = read(PAGE)
    *inside, other = at(layout, PROSE)
    (short,) = at(layout, "Corto.")
    above = columns["up6"]
    assert {above[n] for n in (*inside, short)} == {1}, "one level below <div class=text>"
    assert above[other] == -1
    assert columns["cm6"][short] == 0
    assert columns["cm6"][other] == 2, "they meet in <body>"


def test_best_container_is_the_same_for_all_blocks_and_near_its_own() -> None:
    layout, columns, _ = read(PAGE)
    *inside, other = at(layout, PROSE)
    assert {columns["dh"][n] for n in inside} == {0}
    assert columns["dh"][other] > 0
    assert len(set(columns["best_prose"])) == 1


def test_prose_of_all_the_page_is_one_in_the_outermost() -> None:
    layout, columns, _ = read(f"<p>{PROSE}</p><p>{PROSE}</p>")
    assert set(columns["prose_share_p"]) == {1.0}
    assert set(columns["prose_of_page"]) == {1.0}
    assert len(layout.blocks) == 2


def test_blocks_of_one_element_and_class_are_alike() -> None:
    layout, columns, _ = read(
        f"<div>{f'<p class=a>{PROSE}</p>' * 3}</div><ul>{'<li class=b><a href=/x>Un altro titolo</a></li>' * 4}</ul>"
    )
    assert columns["s1c"].tolist() == [3] * 3 + [4] * 4
    assert columns["s1l"].tolist() == [0] * 3 + [1] * 4
    assert len(layout.blocks) == 7


def test_page_without_prose_has_columns_too() -> None:
    _, columns, containers = read("<p>Uno</p><p>Due</p>")
    assert not containers.good.any()
    assert all(np.isfinite(np.asarray(column, dtype=float)).all() for column in columns.values())


def test_thousands_of_levels_are_no_matter() -> None:
    page = lxml.html.document_fromstring("<html><body></body></html>")
    deepest = page.body
    for _ in range(2_000):
        deepest = lxml.html.etree.SubElement(deepest, "div")
    deepest.text = PROSE
    layout = layout_of(page)
    columns = dict(Containers(layout, np.array([100.0])).columns())
    assert columns["up6"].tolist() == [0]
