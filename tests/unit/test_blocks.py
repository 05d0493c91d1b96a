"""A page's tree as text blocks: where they begin and end, what they stand in, and that depth and number cost nothing."""

from __future__ import annotations

import lxml.html
import pytest

from pipelines.blocks import INSIDE, Block, layout_of
from pipelines.marks import MARKS


def blocks_of(html: str) -> list[Block]:
    return layout_of(lxml.html.document_fromstring(f"<html><body>{html}</body></html>")).blocks


def texts_of(html: str) -> list[str]:
    return [block.text for block in blocks_of(html)]


def test_lines_that_a_break_separates_are_blocks_and_soft() -> None:
    found = blocks_of("<p>Prima riga<br>seconda riga</p><p>Altro</p>")
    assert [(block.text, block.soft) for block in found] == [
        ("Prima riga", False),
        ("seconda riga", True),
        ("Altro", False),
    ]


def test_two_breaks_begin_another_paragraph() -> None:
    found = blocks_of("<div>Primo capoverso<br><br>secondo capoverso</div>")
    assert [(block.text, block.soft) for block in found] == [("Primo capoverso", False), ("secondo capoverso", False)]


def test_break_before_a_new_element_does_not_make_it_soft() -> None:
    found = blocks_of("<div>Una riga<br><p>Un capoverso suo</p></div>")
    assert [(block.text, block.soft) for block in found] == [("Una riga", False), ("Un capoverso suo", False)]


@pytest.mark.parametrize("tag", ["b", "strong", "em", "i", "span", "a", "mark", "abbr", "sup", "font", "u", "code"])
def test_inline_markup_neither_splits_nor_glues_words(tag: str) -> None:
    assert texts_of(f"<p>Un mo<{tag}>del</{tag}>lo per <{tag}>i comuni</{tag}> più piccoli</p>") == [
        "Un modello per i comuni più piccoli"
    ]


def test_what_is_between_inline_elements_keeps_its_spaces() -> None:
    assert texts_of("<p><b>uno</b> <i>due</i>\n<span>tre</span><span>quattro</span></p>") == ["uno due trequattro"]


def test_whitespace_is_folded_and_blank_elements_are_no_blocks() -> None:
    assert texts_of("<p>  molti \n\t spazi\xa0insieme </p><p> \n </p><p>\xa0</p>") == ["molti spazi insieme"]


@pytest.mark.parametrize("tag", ["script", "style", "template", "svg", "iframe", "textarea"])
def test_what_is_no_text_does_not_interrupt_a_line(tag: str) -> None:
    assert texts_of(f"<p>prima <{tag}>x</{tag}>dopo</p>") == ["prima dopo"]


def test_options_of_a_form_are_no_text() -> None:
    assert texts_of("<form><select><option>Italia</option><option>Francia</option></select>Invia</form>") == ["Invia"]


def test_text_around_a_nested_block_is_blocks_of_the_outer_element() -> None:
    found = blocks_of("<div>prima<p>dentro</p>dopo</div>")
    assert [(block.text, block.tag) for block in found] == [("prima", "div"), ("dentro", "p"), ("dopo", "div")]
    assert found[0].element is found[2].element
    assert found[0].container == found[2].container


def test_positions_count_from_nought_in_the_pages_order() -> None:
    found = blocks_of("<h1>Titolo</h1><ul><li>uno<li>due</ul>fine")
    assert [(block.position, block.text) for block in found] == [(0, "Titolo"), (1, "uno"), (2, "due"), (3, "fine")]


def test_inside_says_all_that_a_block_stands_in() -> None:
    found = blocks_of("<main><article><ul><li>voce</li></ul></article><aside>lato</aside></main><footer>fondo</footer>")
    names = [{name for name, bit in INSIDE.items() if block.inside & bit} for block in found]
    assert names == [{"main", "article", "ul", "li"}, {"main", "aside"}, {"footer"}]


def test_inline_elements_within_a_block_are_told() -> None:
    inside = blocks_of("<p>alle <time datetime='2026-01-12'>14:05</time></p>")[0].inside
    assert inside & INSIDE["time"]
    assert not blocks_of("<p>alle 14:05</p>")[0].inside & INSIDE["time"]


@pytest.mark.parametrize(
    "attribute", ["hidden", 'style="display:none"', 'style="color:red; display : NONE"', 'style="visibility: hidden"']
)
def test_what_the_page_hides_is_marked_with_all_below(attribute: str) -> None:
    found = blocks_of(f"<div {attribute}><section><p>nascosto</p></section></div><p>visibile</p>")
    assert [bool(block.inside & INSIDE["hidden"]) for block in found] == [True, False]


def test_shown_styles_hide_nothing() -> None:
    assert not blocks_of('<div style="display:block"><p>visibile</p></div>')[0].inside & INSIDE["hidden"]


def test_noscript_is_marked() -> None:
    found = blocks_of("<div><noscript>Attiva JavaScript</noscript></div><p>visibile</p>")
    assert [bool(block.inside & INSIDE["noscript"]) for block in found] == [True, False]


def test_linked_and_bold_characters_are_counted() -> None:
    (block,) = blocks_of("<p>Un <a href='/a'>link</a> e <a href='/b'><b>altro</b></a> e <strong>forte</strong></p>")
    assert (block.links, block.linked, block.strong) == (2, len("linkaltro"), len("altroforte"))


def test_counts_begin_anew_with_each_block() -> None:
    found = blocks_of("<p><a href='/a'><b>link</b></a></p><p>nudo</p>")
    assert [(block.links, block.linked, block.strong) for block in found] == [(1, 4, 4), (0, 0, 0)]


def test_link_around_blocks_is_all_linked() -> None:
    found = blocks_of("<a href='/a'><h3>Titolo</h3><p>Sommario</p></a><p>nudo</p>")
    assert [block.linked for block in found] == [len("Titolo"), len("Sommario"), 0]


def test_names_of_an_element_mark_it_and_all_below_but_are_near_only_close_by() -> None:
    found = blocks_of("<div class='newsletter'><p>vicino</p><div><div><div><p>lontano</p></div></div></div></div>")
    bit = MARKS["newsletter"]
    assert [bool(block.near & bit) for block in found] == [True, False]
    assert [bool(block.marked & bit) for block in found] == [True, True]


def test_names_of_inline_elements_mark_their_block_alone() -> None:
    found = blocks_of("<p><span class='author'>Anna Serra</span></p><p>altro</p>")
    assert [bool(block.near & MARKS["byline"]) for block in found] == [True, False]
    assert [bool(block.marked & MARKS["byline"]) for block in found] == [True, False]


def test_names_of_the_body_mark_nothing() -> None:
    page = lxml.html.document_fromstring("<html><body class='single-post newsletter'><p>testo</p></body></html>")
    assert layout_of(page).blocks[0].marked == 0


def test_parents_lead_from_each_container_to_the_top() -> None:
    layout = layout_of(lxml.html.document_fromstring("<html><body><div><p>a</p></div><p>b</p></body></html>"))
    assert layout.parents[0] == -1
    assert all(-1 <= parent < n for n, parent in enumerate(layout.parents))
    first, second = (block.container for block in layout.blocks)
    assert layout.parents[layout.parents[first]] == layout.parents[second]


def test_two_thousand_levels_are_read() -> None:
    page = lxml.html.document_fromstring("<html><body></body></html>")
    deepest = page.body
    for _ in range(2_000):
        deepest = lxml.html.etree.SubElement(deepest, "div")
    deepest.text = "in fondo"
    (block,) = layout_of(page).blocks
    assert (block.text, block.depth) == ("in fondo", 2_001)


def test_two_thousand_inline_levels_are_read() -> None:
    page = lxml.html.document_fromstring("<html><body><p>su </p></body></html>")
    deepest = page.body[0]
    for _ in range(2_000):
        deepest = lxml.html.etree.SubElement(deepest, "span")
    deepest.text = "giù"
    assert [block.text for block in layout_of(page).blocks] == ["su giù"]


def test_hundred_thousand_empty_paragraphs_are_no_blocks() -> None:
    assert texts_of("<p></p>" * 100_000 + "<p>testo</p>") == ["testo"]


def test_page_without_text_has_no_blocks() -> None:
    assert texts_of("<div><img src='a.png'></div>") == []
