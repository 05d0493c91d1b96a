"""Listing pages: which links are articles, what the page says of them, and which pattern would find them."""

from __future__ import annotations

import pickle
import re

import pytest

from pipelines.discovery.listing import ENTRIES_MOST, link_shapes, parse_listing, propose_pattern
from pipelines.errors import ParseError
from pipelines.records import Discovery, Precision, SourceKind

URL = "https://example.com/altro/tecnologia"
PATTERN = r"^/altro/(tecnologia|mondo)/[a-z0-9-]+$"
A, B, C = (f"/altro/tecnologia/{slug}" for slug in ("openai-presenta-un-modello", "due", "tre"))


def read(body: str, pattern: str | None = PATTERN, **more: str) -> Discovery:
    page = f"<!doctype html><html><head><title> Tecnologia\n - Outlet</title></head><body>{body}</body></html>"
    return parse_listing(page.encode(), url=URL, link_pattern=pattern, **more)


def titles(body: str) -> list[str | None]:
    return [entry.title for entry in read(body).entries]


def test_links_that_match_become_entries_in_the_pages_order() -> None:
    found = read(
        f"<nav><a href='/altro/mondo'>Mondo</a></nav><a href='{B}#commenti'>Due articoli</a>"
        f"<a href='https://www.example.com{A}'>OpenAI presenta</a><a href='{B}'>Due</a>"
        "<a href='https://example.org/altro/tecnologia/x'>Altrove</a><a href='mailto:x@example.com'>Posta</a>"
        "<a href='javascript:void(0)'>…</a><a>Nulla</a><a href='http://[bad/'>Rotto</a><a href='http://+39/'>Rotto</a>"
    )

    assert found.kind is SourceKind.LISTING
    assert found.title == "Tecnologia - Outlet"
    assert [entry.url for entry in found.entries] == [f"https://example.com{B}", f"https://www.example.com{A}"]
    assert all(entry.published is None and entry.guid is None for entry in found.entries)


def test_base_element_is_where_links_start() -> None:
    found = read("<base href='/altro/mondo/'><a href='uno?from=home'>Uno</a><a href='../tecnologia/due'>Due</a>")

    assert [entry.url for entry in found.entries] == [
        "https://example.com/altro/mondo/uno?from=home",
        "https://example.com/altro/tecnologia/due",
    ]


def test_query_may_decide_what_an_article_is() -> None:
    found = read(
        "<a href='/leggi?id=1'>Uno</a><a href='/leggi?id=2'>Due</a><a href='/leggi?page=2'>Avanti</a>",
        r"^/leggi\?id=\d+$",
    )

    assert [entry.url.rpartition("?")[2] for entry in found.entries] == ["id=1", "id=2"]


def test_share_links_of_an_article_are_no_further_articles() -> None:
    found = read(f"<a href='{A}?share=x'>Condividi</a><a href='{A}'>OpenAI presenta un modello</a>")

    assert [(entry.url, entry.title) for entry in found.entries] == [
        (f"https://example.com{A}", "OpenAI presenta un modello")
    ]


@pytest.mark.parametrize(
    "card",
    [
        f"<a href='{A}'><img alt='una foto'></a><a href='{A}'>OpenAI presenta un modello</a><a href='{A}'>Leggi tutto »</a>",
        f"<h3><a href='{A}'>OpenAI presenta un modello</a></h3><p><a href='{A}'>Un lungo sommario che dice molto di più di quanto dica il titolo.</a></p>",
        f"<a href='{A}'><span>Tecnologia</span><h2>OpenAI presenta<br>un modello</h2><p>Un lungo sommario dell'articolo.</p></a>",
        f"<a href='{A}'><div class='kicker'>IA</div><div class='card__title title'>OpenAI presenta un modello</div><div>Sommario lungo abbastanza</div></a>",
        f"<article><h3>OpenAI presenta un modello</h3><p>Sommario</p><a href='{A}'>Leggi l'articolo</a></article>",
        f"<a href='{A}' aria-label='Leggi tutto: OpenAI presenta un modello'>Leggi tutto</a>",
        f"<a href='{A}' title='OpenAI presenta un modello'><svg><title>freccia verso l'articolo intero</title></svg></a>",
        f"<a href='{A}'><img src='x' alt='OpenAI presenta un modello'></a>",
        f"<a href='{A}'><b>OpenAI</b> presenta <em>un</em> modello<script>var testo_molto_lungo = 'abcdefghijkl';</script></a>",
        f"<a href='{A}'>12 commenti</a> <a href='{A}'>OpenAI presenta un modello</a>",
        f"<a href='{A}'>OpenAI presenta un modello <time datetime='2026-01-12'>12 gennaio 2026</time></a>",
    ],
)
def test_best_text_of_several_is_the_title(card: str) -> None:
    assert titles(card) == ["OpenAI presenta un modello"]


@pytest.mark.parametrize("text", ["Leggi tutto", "Read more →", "Continua a leggere...", "»", "3", "Weiterlesen", ""])
def test_invitation_to_read_on_is_no_title(text: str) -> None:
    assert titles(f"<a href='{A}'>{text}</a>") == [None]


@pytest.mark.parametrize("text", ["Read AI raises $50M", "Mehr KI wagen", "Scopri il nuovo modello", "More than code"])
def test_title_that_begins_like_an_invitation_is_one(text: str) -> None:
    assert titles(f"<h2><a href='{A}'>{text}</a></h2>") == [text]


def test_date_is_that_of_the_articles_own_card() -> None:
    found = read(
        "<div class=today><time datetime='2026-01-20'>oggi</time></div>"
        f"<article><a href='{A}'>Uno</a><time datetime='2026-01-12T10:00'>12 gen</time></article>"
        f"<article><a href='{B}'>Due</a></article>"
        f"<article><time datetime='2026-01-11'>11 gen</time><a href='{C}'>Tre</a>"
        "<time datetime='2026-01-13T09:00:00+01:00'>agg. 13 gen</time></article>",
        timezone="Europe/Rome",
    )

    first, second, third = found.entries
    assert first.published is not None
    assert (first.published.isoformat(), first.published.zone_assumed) == ("2026-01-12T10:00+01:00", True)
    assert second.published is None
    assert third.published is not None
    assert (third.published.isoformat(), third.published.precision) == ("2026-01-11", Precision.DAY)


def test_date_of_the_page_is_no_articles_date() -> None:
    """Neither where all share it, nor where the page has only one article."""
    many = f"<div><time datetime='2026-01-20'>oggi</time><a href='{A}'>Uno</a><a href='{B}'>Due</a></div>"
    one = f"<div><header><time datetime='2026-01-20'>oggi</time></header><main><article><a href='{A}'>Uno</a></article></main></div>"

    assert [entry.published for entry in (*read(many).entries, *read(one).entries)] == [None, None, None]


def test_page_without_a_match_shows_its_links_for_a_proposal() -> None:
    """The issue's outlet, had its articles moved to another path."""
    articles = "".join(f"<a href='/hi-tech/notizia-numero-{number}-di-oggi.html'>N</a>" for number in "abcdefghijkl")
    sections = "<a href='/'>Home</a><a href='/altro/tecnologia'>Qui</a><a href='/altro/mondo'>Mondo</a><a href='/logo.png'>Logo</a>"
    tags = "".join(f"<a href='/tag/intelligenza-artificiale-generativa-{number}'>T</a>" for number in range(20))

    found = read(sections + tags + articles)

    assert found.entries == ()
    assert "https://example.com/logo.png" not in found.links
    assert link_shapes(found.links) == [("/tag/*", 20), ("/hi-tech/*", 12), ("/altro/mondo", 1)]
    pattern = propose_pattern(found.links)
    assert pattern == r"^/hi-tech/[a-z0-9_-]+\.html?$"
    assert len(read(articles, pattern).entries) == 12


@pytest.mark.parametrize(
    ("paths", "pattern"),
    [
        (["/altro/tecnologia/openai-ora-o-mai", "/altro/tecnologia/due-passi-avanti-ia", "/altro/tecnologia/il-terzo-modello"],
         "^/altro/tecnologia/[a-z0-9-]+$"),
        (["/2026/01/12/uno-due-tre-quattro/", "/2026/01/11/due-tre-quattro-cinque/", "/2025/12/31/tre-quattro-cinque-sei/"],
         r"^/\d+/\d+/\d+/[a-z0-9-]+/?$"),
        (["/news/123456", "/news/123457", "/news/123458"], r"^/news/\d+$"),
        (["/a.b/Notizia-del-Giorno-Uno", "/a.b/Notizia-del-Giorno-Due", "/a.b/notizia_del_giorno"], r"^/a\.b/[\w-]+$"),
        (["/notizie/perch%C3%A9-l-ia-conta", "/notizie/citt%C3%A0-in-prova-oggi", "/notizie/il-caff%C3%A8-di-oggi"],
         "^/notizie/[^/]+$"),
        (["/2026/01", "/2025/12", "/2025/11"], None),
        (["/tag/una-parola-molto-lunga", "/tag/altra-parola-molto-lunga", "/tag/terza-parola-molto-lunga"], None),
        (["/chi-siamo", "/contatti", "/altro/mondo"], None),
        ([], None),
    ],
)  # fmt: skip
def test_proposed_pattern_is_as_narrow_as_its_links(paths: list[str], pattern: str | None) -> None:
    links = [f"https://example.com{path}" for path in paths]

    assert propose_pattern(links) == pattern
    if pattern and "%" not in paths[0]:
        assert all(re.search(pattern, path) for path in paths)


def test_long_slugs_weigh_more_than_many_sections() -> None:
    sections = [f"https://example.com/prodotti/nome-del-prodotto{number}" for number in range(9)]
    articles = [
        f"https://example.com/news/openai-presenta-il-modello-che-tutti-aspettavano-{number}" for number in range(4)
    ]

    assert propose_pattern(sections + articles) == "^/news/[a-z0-9-]+$"


def test_without_a_pattern_there_are_links_but_no_entries() -> None:
    found = read(f"<a href='{A}'>Uno</a>", None)

    assert found.entries == ()
    assert found.links == (f"https://example.com{A}",)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<meta charset=iso-8859-1>" + f"<a href='{A}'>La città è già qui</a>".encode("latin-1"), None),
        (f"<p><a href='{A}'>La città è già qui</a>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        (f"<p><a href='{A}'>La città è già qui</a>".encode(), "text/html; charset=ISO-8859-1"),
        (f"\ufeff<p><a href='{A}'>La città è già qui</a>".encode("utf-16-le"), None),
    ],
)
def test_page_is_decoded_by_what_its_bytes_bear_out(body: bytes, content_type: str | None) -> None:
    found = parse_listing(body, url=URL, link_pattern=PATTERN, content_type=content_type)

    assert [entry.title for entry in found.entries] == ["La città è già qui"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "listing_empty_body"),
        (b"<rss version='2.0'><channel/></rss>", "listing_is_feed"),
        (b"<urlset><url><loc>https://example.com/a</loc></url></urlset>", "listing_is_sitemap"),
        (b"%PDF-1.7 ...", "listing_unparsable"),
    ],
)
def test_what_is_no_page_says_what_it_is(body: bytes, code: str) -> None:
    with pytest.raises(ParseError) as raised:
        parse_listing(body, url=URL, link_pattern=PATTERN)

    assert raised.value.code == code


def test_endless_listing_is_bounded() -> None:
    links = "".join(f"<p><a href='/altro/mondo/n{number}'>Notizia {number}</a>" for number in range(ENTRIES_MOST + 5))

    found = read(links)

    assert len(found.entries) == ENTRIES_MOST
    assert found.skipped == {"over_limit": 5}
    assert len(found.links) == 500


def test_discovery_survives_the_sandboxs_pipe() -> None:
    found = read(f"<article><a href='{A}'>Uno</a><time datetime='2026-01-12'></time></article>", timezone="Europe/Rome")

    assert pickle.loads(pickle.dumps(found)) == found
