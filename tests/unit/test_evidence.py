"""What speaks for and against each block, as numbers: the columns, what they are called, and what some of them say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from pipelines import metadata
from pipelines.blocks import Layout, layout_of
from pipelines.decoding import parse
from pipelines.evidence import Evidence, Opinion, squeeze
from pipelines.records import Context, Metadata, Page

PROSE = [
    "Il consorzio ha pubblicato un modello linguistico addestrato su delibere e regolamenti di tutto il paese, oggi.",
    "Nei test condotti in quattro città il sistema ha risposto correttamente a otto domande su dieci, con incertezza.",
]
PAGE = (
    f"<nav><a href='/1'>Uno</a></nav><h1>Un modello per gli sportelli</h1><article><p>{PROSE[0]}</p><p>{PROSE[1]}</p>"
    "<p>Iscriviti alla newsletter</p></article><footer>© 2026 Sito</footer>"
)


def read(body: str, *, stated: str | None = None) -> tuple[Layout, Evidence]:
    page = Page(
        url="https://sito.example/a",
        body=f"<html><head><title>Un modello per gli sportelli</title><meta charset='utf-8'></head><body>{body}</body></html>".encode(),
        fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    tree = parse(page)
    layout = layout_of(tree)
    fields: Metadata = metadata.read(tree, page, Context(), {}, layout.blocks)
    return layout, Evidence(layout, fields, body=stated)


def columns_of(evidence: Evidence) -> dict[str, Any]:
    return dict(zip(evidence.names(voted=False), evidence.table().T, strict=True))


def test_table_has_a_row_a_block_and_a_column_a_name() -> None:
    layout, evidence = read(PAGE)
    assert evidence.table().shape == (len(layout.blocks), len(evidence.names(voted=False)))
    opinion = Opinion.of("\n".join(PROSE))
    assert evidence.table_with(opinion).shape == (len(layout.blocks), len(evidence.names(voted=True)))


@pytest.mark.parametrize("voted", [False, True])
def test_names_are_told_apart_and_are_the_same_for_every_page(voted: bool) -> None:
    names = read(PAGE)[1].names(voted=voted)
    assert len(set(names)) == len(names)
    assert read("<p>Una riga sola</p>", stated="altro")[1].names(voted=voted) == names


def test_all_numbers_are_numbers() -> None:
    for body in (PAGE, "<p>x</p>", "<p>日本語の記事です。</p><p>…</p>", "<a href='/'>!</a>"):
        _, evidence = read(body)
        assert np.isfinite(evidence.table()).all()
        assert np.isfinite(evidence.table_with(Opinion.of(""))).all()


def test_second_opinion_adds_to_the_columns_and_changes_none() -> None:
    _, evidence = read(PAGE)
    alone = evidence.table()
    assert np.array_equal(evidence.table_with(Opinion.of(PROSE[0]))[:, : alone.shape[1]], alone)


def test_page_without_blocks_has_no_headline() -> None:
    layout, evidence = read("")
    assert (layout.blocks, evidence.blocks, evidence.title_at) == ([], [], None)


def test_headline_is_found_where_the_page_prints_it() -> None:
    layout, evidence = read(PAGE)
    assert evidence.title_at is not None
    assert layout.blocks[evidence.title_at].text == "Un modello per gli sportelli"
    columns = columns_of(evidence)
    assert columns["is_title"].tolist() == [0, 1, 0, 0, 0, 0]
    assert columns["from_title"].tolist() == [-1, 0, 1, 2, 3, 4]


def test_lines_of_residue_are_known_by_their_words() -> None:
    columns = columns_of(read(PAGE)[1])
    assert columns["line_newsletter_line"].tolist() == [0, 0, 0, 0, 1, 0]
    assert columns["line_copyright_line"].tolist() == [0, 0, 0, 0, 0, 1]


def test_where_a_block_stands_is_told() -> None:
    columns = columns_of(read(PAGE)[1])
    assert columns["in_article"].tolist() == [0, 0, 1, 1, 1, 0]
    assert columns["in_nav"].tolist() == [1, 0, 0, 0, 0, 0]
    assert columns["in_footer"].tolist() == [0, 0, 0, 0, 0, 1]


def test_links_are_counted_and_are_a_share_of_the_text() -> None:
    columns = columns_of(read("<p><a href='/a'>tutto</a></p><p>mezzo <a href='/b'>mezzo</a></p><p>niente</p>")[1])
    assert columns["share"].tolist() == pytest.approx([1, 5 / 11, 0])
    assert columns["links"].tolist() == [1, 1, 0]


def test_text_that_the_page_states_is_recognised() -> None:
    columns = columns_of(read(PAGE, stated="\n".join(PROSE))[1])
    assert columns["in_body"].tolist() == [0, 0, 1, 1, 0, 0]
    assert set(columns["has_body"]) == {1}
    assert set(columns_of(read(PAGE)[1])["has_body"]) == {0}


def test_blocks_of_the_same_text_are_counted() -> None:
    columns = columns_of(read("<p>Leggi tutto</p><p>LEGGI TUTTO!</p><p>Altro</p>")[1])
    assert columns["twins"].tolist() == [2, 2, 1]


def test_neighbours_are_seen_and_the_pages_ends_are_told() -> None:
    columns = columns_of(read(PAGE)[1])
    assert columns["len@1"].tolist() == [*columns["len"].tolist()[1:], -1]
    assert columns["len@-1"].tolist() == [-1, *columns["len"].tolist()[:-1]]


def test_vote_is_whole_for_a_line_and_part_for_what_another_holds() -> None:
    _, evidence = read(PAGE)
    names = evidence.names(voted=True)
    told = evidence.table_with(Opinion.of(f"{PROSE[0]}\nPrima. {PROSE[1]} Dopo."))
    votes = told[:, names.index("vote")].tolist()
    assert votes[2] == 1
    assert 0.5 < votes[3] < 1
    assert [votes[n] for n in (0, 1, 4, 5)] == [0, 0, 0, 0]


def test_opinion_compares_letters_alone() -> None:
    _, evidence = read(PAGE)
    loud = Opinion.of(PROSE[0].upper().replace(" ", "  ").replace(",", " –"))
    assert evidence.table_with(loud)[2, evidence.names(voted=True).index("vote")] == 1


def test_empty_opinion_votes_for_nothing() -> None:
    _, evidence = read(PAGE)
    column = evidence.names(voted=True).index("vote")
    assert not evidence.table_with(Opinion.of(""))[:, column].any()


@pytest.mark.parametrize(
    ("text", "bare"), [("L’Unità, oggi!", "lunitàoggi"), ("STRASSE  ß", "strassess"), ("…", ""), ("日本 語", "日本語")]
)
def test_squeezed_text_is_letters_and_digits(text: str, bare: str) -> None:
    assert squeeze(text) == bare


def test_characters_of_chinese_and_japanese_weigh_more() -> None:
    columns = columns_of(read(f"<p>{'本' * 40}</p><p>{'a' * 40}</p>")[1])
    assert columns["len"][0] > columns["len"][1]
