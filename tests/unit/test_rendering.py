"""An article's blocks as plain text and as Markdown that says the same."""

from __future__ import annotations

from html import escape

import lxml.html
import pytest

from pipelines.blocks import Block, layout_of
from pipelines.rendering import markdown, plain


def blocks_of(html: str) -> list[Block]:
    return layout_of(lxml.html.document_fromstring(f"<html><body>{html}</body></html>")).blocks


def marked(html: str) -> str:
    return markdown(blocks_of(html))


TABLE = "<table><tr><th>Comune</th><th>Sportelli</th></tr><tr><td>Lodi</td><td>3</td></tr></table>"


def test_plain_text_has_a_line_a_block() -> None:
    assert plain(blocks_of("<h2>Come</h2><p>uno<br>due</p><ul><li>tre</ul>")) == "Come\nuno\ndue\ntre"


def test_cells_of_a_row_share_a_line_of_plain_text() -> None:
    assert plain(blocks_of(f"<p>prima</p>{TABLE}<p>dopo</p>")) == "prima\nComune | Sportelli\nLodi | 3\ndopo"


def test_rows_of_two_tables_do_not_run_together() -> None:
    one = "<table><tr><td>a</td></tr></table>"
    assert plain(blocks_of(one + one)) == "a\na"


def test_nothing_is_rendered_as_nothing() -> None:
    assert (plain([]), markdown([])) == ("", "")


def test_paragraphs_are_separated_by_an_empty_line() -> None:
    assert marked("<p>uno</p><p>due</p>") == "uno\n\ndue"


@pytest.mark.parametrize("level", range(1, 7))
def test_heading_has_its_level(level: int) -> None:
    assert marked(f"<h{level}>Come funziona</h{level}><p>Così.</p>") == f"{'#' * level} Come funziona\n\nCosì."


def test_headings_in_a_row_are_apart() -> None:
    assert marked("<h2>Uno</h2><h3>Due</h3>") == "## Uno\n\n### Due"


def test_entries_of_a_list_are_a_line_each() -> None:
    assert marked("<p>Tre:</p><ul><li>uno</li><li>due</li></ul><p>Fine.</p>") == "Tre:\n\n- uno\n- due\n\nFine."


def test_nested_list_is_indented() -> None:
    assert marked("<ul><li>uno<ul><li>dentro</li></ul></li><li>due</li></ul>") == "- uno\n   - dentro\n- due"


def test_ordered_list_is_numbered() -> None:
    assert marked("<ol><li>uno</li><li>due</li></ol>") == "1. uno\n1. due"


def test_ordered_list_within_a_list_of_points() -> None:
    assert marked("<ul><li>uno<ol><li>primo</li></ol></li></ul>") == "- uno\n   1. primo"


def test_depth_of_a_list_is_bounded() -> None:
    deep = "<ul><li>" * 40 + "in fondo" + "</li></ul>" * 40
    assert len(marked(deep)) < 50


def test_quote_is_marked_with_its_paragraphs() -> None:
    assert marked("<p>Disse:</p><blockquote><p>Uno.</p><p>Due.</p></blockquote><p>Poi.</p>") == (
        "Disse:\n\n> Uno.\n>\n> Due.\n\nPoi."
    )


def test_break_within_a_paragraph_is_a_break() -> None:
    assert marked("<p>uno<br>due</p><p>tre</p>") == "uno  \ndue\n\ntre"


def test_break_within_a_quote_stays_in_the_quote() -> None:
    assert marked("<blockquote>uno<br>due</blockquote>") == "> uno  \n> due"


def test_two_breaks_are_two_paragraphs() -> None:
    assert marked("<div>uno<br><br>due</div>") == "uno\n\ndue"


def test_table_has_a_head_and_as_many_cells_in_each_row() -> None:
    assert marked(TABLE) == "| Comune | Sportelli |\n| --- | --- |\n| Lodi | 3 |"
    assert marked("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>") == (
        "| a | b |\n| --- | --- |\n| c |  |"
    )


def test_pipe_in_a_cell_is_escaped() -> None:
    assert marked("<table><tr><td>a|b</td><td>c</td></tr></table>") == "| a\\|b | c |\n| --- | --- |"


def test_code_is_fenced_and_not_escaped() -> None:
    assert marked("<p>Così:</p><pre>x = a_b * [1]</pre>") == "Così:\n\n```\nx = a_b * [1]\n```"


def test_fence_within_code_does_not_end_it() -> None:
    assert marked("<pre>a ``` b</pre>").count("```") == 2


@pytest.mark.parametrize("sign", list("\\`*_[]<>"))
def test_signs_of_markdown_are_escaped(sign: str) -> None:
    assert markdown(blocks_of(f"<p>a {escape(sign)} b</p>")) == f"a \\{sign} b"


@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("1. gennaio è festa", "1\\. gennaio è festa"),
        ("2026) è l’anno", "2026\\) è l’anno"),
        ("- disse", "\\- disse"),
        ("# non un titolo", "\\# non un titolo"),
        ("+ 3 per cento", "\\+ 3 per cento"),
        ("|a", "\\|a"),
        ("~~~", "\\~~~"),
    ],
)
def test_line_that_would_begin_something_else_is_escaped(line: str, escaped: str) -> None:
    assert marked(f"<p>{line}</p>") == escaped


def test_ordinary_signs_are_left_alone() -> None:
    line = "Cresce del 3,5 % (2026): «bene» - dice; a/b, c|d & più #tag 1.5"
    assert marked(f"<p>{escape(line)}</p>") == line


def test_markdown_says_what_the_plain_text_says() -> None:
    html = f"<h2>Come</h2><p>uno due</p><ul><li>tre</li></ul><blockquote>quattro</blockquote>{TABLE}<p>fine</p>"
    words = set("".join(c if c.isalnum() else " " for c in marked(html)).split())
    assert words == set(plain(blocks_of(html)).replace("|", " ").split())
