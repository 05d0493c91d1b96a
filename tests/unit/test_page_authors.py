"""Who a page says wrote its article, and which of the places that say so is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipelines import jsonld
from pipelines.blocks import layout_of
from pipelines.decoding import parse
from pipelines.page_authors import read_authors
from pipelines.records import Context, Field, Hints, Origin, Page

TITLE = "Un modello linguistico per gli sportelli pubblici"
TEXT = "".join(
    f"<p>Il comune prova da {n} mesi un assistente che risponde alle domande dei cittadini sui documenti.</p>"
    for n in range(2, 12)
)
Byline = Field[str] | None
Authors = Field[tuple[str, ...]] | None


def read(
    body: str,
    *,
    stated: object = None,
    metas: dict[str, str] | None = None,
    site: str | None = None,
    context: Context | None = None,
) -> tuple[Byline, Authors]:
    head = f"<title>{TITLE}</title>"
    if stated is not None:
        said = {"@type": "NewsArticle", "headline": TITLE, "author": stated}
        head += f'<script type="application/ld+json">{json.dumps(said)}</script>'
    page = Page(
        url="https://sito.example/a",
        body=f"<html><head>{head}</head><body>{body}</body></html>".encode(),
        fetched_at=datetime(2026, 1, 12, tzinfo=UTC),
    )
    tree = parse(page)
    article = jsonld.find_article(tree, page.url) or {}
    return read_authors(tree, context or Context(), article, metas or {}, site, layout_of(tree.find("body")).blocks)


def names(found: Authors) -> tuple[str, ...]:
    return found.value if found else ()


def article(lines: str, *, behind: str = "") -> str:
    return f"<article><h1>{TITLE}</h1>{lines}{TEXT}{behind}</article>"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("<p>di Marco Ferri e Giulia Conti</p>", ("Marco Ferri", "Giulia Conti")),
        ("<div>Pubblicato Lunedì, 12 Gennaio 2026 a cura di Anna S. per Sito.example</div>", ("Anna S.",)),
        ("<p>By Nora Whitfield, Samuel Oduya and Ben Adams | Staff writers</p>",
         ("Nora Whitfield", "Samuel Oduya", "Ben Adams")),
        ("<div>Published August 7, 2023 by Nora Whitfield</div>", ("Nora Whitfield",)),
        ("<p>Kolumne von Carla Vogel - 28.04.2024 um 08:52 Uhr</p>", ("Carla Vogel",)),
        ("<div class='meta'><span>Written by</span><div>Zoé Lefèvre</div></div>", ("Zoé Lefèvre",)),
        ("<p>Text: Katrin Vogel<br>Foto: Jonas Reuter</p>", ("Katrin Vogel",)),
        ("<div class='byline'><a href='/x'>Nora Whitfield</a><span class='role'>Senior Reporter</span></div>",
         ("Nora Whitfield",)),
        ("<ul class='meta'><li><a rel='author' href='/author/wp_77/'>Redazione Scienza</a></li></ul>",
         ("Redazione Scienza",)),
        ("<span itemprop='author'><b itemprop='name'>Anna Serra</b></span>", ("Anna Serra",)),
        ("<p class='authors'><a href='/author/ns/'>Nora Shah, MD</a> · Reviewed by <a href='/author/bo/'>Bo Roe</a></p>",
         ("Nora Shah, MD",)),
        ("<p>Trond Teigen</p><p>17 December 2025</p>", ("Trond Teigen",)),
        ("<p>Dec 26, 2025 • Nora Das in <a href='/pm/'>Project Management</a></p>", ("Nora Das",)),
        ("<p class='author-name'>Lea Wagner</p><p class='author-name'>Tim Brandt</p>", ("Lea Wagner", "Tim Brandt")),
    ],
)  # fmt: skip
def test_printed_byline_is_read(lines: str, wanted: tuple[str, ...]) -> None:
    assert names(read(article(lines))[1]) == wanted


@pytest.mark.parametrize(
    "lines",
    [
        "<p>12 gennaio 2026, ore 9.30</p>",
        "<p><a href='/tecnologia/'>Artificial Intelligence</a></p><p>12 January 2026</p>",
        "<p>Photo by Nora Whitfield</p>",
        "<p>Contact: <a href='/people/ron'>Ron Sands</a></p>",
        "<ul class='breadcrumb'><li><span itemprop='name'>Esteri Mondo</span></li></ul>",
        "<div class='author-box'>Seguici su Facebook</div>",
    ],
)
def test_page_without_a_byline_has_no_authors(lines: str) -> None:
    assert read(article(lines)) == (None, None)


def test_byline_is_kept_as_printed() -> None:
    line = "Pubblicato Lunedì, 12 Gennaio 2026 a cura di Anna S. per Sito.example"
    assert read(article(f"<div>{line}</div>"))[0] == Field(value=line, origin=Origin.BYLINE_LINE)


def test_who_posted_gives_way_to_who_is_printed_and_is_told() -> None:
    found = read(article("<p>di Anna Serra</p>"), stated={"@type": "Person", "name": "Luca Webber"})[1]
    assert found == Field(
        value=("Anna Serra",), origin=Origin.BYLINE_LINE, disagreeing=((Origin.JSON_LD, "Luca Webber"),)
    )


def test_line_with_a_part_of_the_authors_gives_way_to_all_of_them() -> None:
    both = [{"@type": "Person", "name": "Anna Serra"}, {"@type": "Person", "name": "Marco Ferri"}]
    found = read(article("<p>di Anna Serra</p>"), stated=both)[1]
    assert found is not None
    assert (found.value, found.origin) == (("Anna Serra", "Marco Ferri"), Origin.JSON_LD)


def test_organization_is_no_author_but_an_agency_is() -> None:
    both = [{"@type": "Organization", "name": "Gazzetta Nuova"}, {"@type": "Organization", "name": "dpa"}]
    assert names(read(article(""), stated=both)[1]) == ("dpa",)


def test_outlet_is_never_an_author() -> None:
    stated = {"@type": "Person", "name": "Gazzetta Nuova"}
    assert (
        read(article("<p>di Gazzetta Nuova</p>"), stated=stated, context=Context(outlet_name="Gazzetta Nuova"))[1]
        is None
    )
    assert read(article("<p>by Swiftly</p>"), site="Swiftly")[1] is None


def test_person_who_is_her_own_site_is_an_author() -> None:
    assert names(read(article("<p>Written by Anna Serra</p>"), site="Anna Serra")[1]) == ("Anna Serra",)


def test_name_of_an_account_counts_only_where_readers_see_it() -> None:
    assert read(article(""), stated={"@type": "Person", "name": "admin"})[1] is None
    printed = "<span class='byline'>by <a href='/author/admin/'>admin</a></span>"
    assert names(read(article(printed), stated={"@type": "Person", "name": "admin"})[1]) == ("admin",)


def test_authors_in_cards_and_comments_are_not_the_articles() -> None:
    cards = "".join(
        f"<div class='related-posts'><a href='/b{n}'>Un altro articolo</a><p>di {name}</p></div>"
        for n, name in enumerate(("Paolo Riva", "Sara Longo"))
    )
    comments = "<div class='comments-area'><p class='comment-author vcard'>Tina Gallo</p></div>"
    assert read(article("") + cards + comments)[1] is None


def test_credit_behind_the_text_is_read_where_none_is_near_the_headline() -> None:
    assert names(read(article("", behind="<p>Written by Moses Kim and Kate Shore</p>"))[1]) == (
        "Moses Kim",
        "Kate Shore",
    )


def test_names_of_the_head_are_each_read() -> None:
    metas = {"author": "Anna Serra", "author+": "Anna Serra;Marco Ferri"}
    assert names(read(article(""), metas=metas)[1]) == ("Anna Serra", "Marco Ferri")
    assert names(read(article(""), metas={"twitter:label1": "Scritto da", "twitter:data1": "Anna Serra"})[1]) == (
        "Anna Serra",
    )
    profile = {"article:author+": "https://social.example/anna.serra"}
    assert read(article(""), metas=profile)[1] is None


def test_selector_of_the_outlet_is_believed_first() -> None:
    hints = Context(hints=Hints(byline=(".firma-articolo",)))
    found = read(article("<p>di Marco Ferri</p><p class='firma-articolo'>Anna S.</p>"), context=hints)
    assert found[0] is not None
    assert (found[0].value, found[0].origin) == ("Anna S.", Origin.OUTLET_RULE)
    assert names(found[1]) == ("Anna S.",)
