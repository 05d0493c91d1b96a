"""From a page to its article: text, fields, provenance, and the evidence of what was removed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.errors import ExtractError
from pipelines.extract import extract
from pipelines.identity import block_fingerprint
from pipelines.records import Context, Entry, Extraction, Hints, Origin, Page, Precision, Reason, When

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BODY = [
    "Il consorzio ha pubblicato un modello linguistico addestrato su delibere, moduli e regolamenti comunali di tutto il paese.",
    "Nei test condotti in quattro città il sistema ha risposto correttamente a otto domande su dieci, con qualche incertezza.",
    "La seconda fase comincia in primavera con venti comuni e un bando aperto alle imprese che vorranno costruire servizi.",
]
TEXT = "\n".join(BODY)
PARAGRAPHS = "".join(f"<p>{line}</p>" for line in BODY)


def page(body: str, head: str = "", *, url: str = "https://sito.example/a/b", **more: object) -> Page:
    html = f'<!DOCTYPE html><html lang="it"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    return Page(url=url, body=html.encode(), fetched_at=NOW, **more)


def reasons(found: Extraction) -> dict[str, str]:
    return {block.reason: block.text for block in found.removed}


def test_text_is_the_article_and_residue_is_kept_as_evidence() -> None:
    found = extract(
        page(
            f"<article><h1>Un modello per gli sportelli dei comuni</h1>{PARAGRAPHS}"
            "<p>Pubblicato Lunedì, 12 Gennaio 2026 a cura di Anna S. per Sito</p><p>Ultima revisione: Martedì, 13 Gennaio 2026</p>"
            "<div class='author-box'><b>Anna S.</b><p>Anna è una giornalista appassionata di tecnologia.</p></div></article>"
            "<section><h3>Articoli correlati</h3><ul><li><a href='/x'>Un altro articolo del sito</a></li></ul></section>"
            "<div>Contenuto promozionale</div><p>© 2026 Sito - Tutti i diritti riservati.</p>"
        ),
        Context(timezone="Europe/Rome"),
    )
    assert found.text == TEXT
    assert set(reasons(found)) >= {"byline_line", "date_line", "author_bio", "related", "promo"}
    assert [block.position for block in found.removed] == sorted(block.position for block in found.removed)


def test_fields_are_read_from_the_credit_line_where_nothing_else_has_them() -> None:
    found = extract(
        page(
            f"<h1>Un modello per gli sportelli dei comuni</h1>{PARAGRAPHS}<p>Pubblicato Lunedì, 12 Gennaio 2026 a cura di Anna S. per Sito</p>"
        ),
        Context(timezone="Europe/Rome"),
    )
    assert found.published is not None
    assert found.authors is not None
    assert (found.published.value.isoformat(), found.published.origin) == ("2026-01-12", Origin.BYLINE_LINE)
    assert found.published.value.precision is Precision.DAY
    assert found.authors.value == ("Anna S.",)
    assert found.byline is not None
    assert found.byline.value.startswith("Pubblicato")


def test_json_ld_wins_and_what_disagrees_is_told() -> None:
    head = (
        '<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "Sito"}, {"@type": "NewsArticle",'
        ' "headline": "Un modello per gli sportelli", "datePublished": "2026-01-12T08:30:00+01:00",'
        ' "author": [{"@type": "Person", "name": "Anna Serra"}, {"@type": "Organization", "name": "Sito"}],},]}</script>'
        '<meta property="article:published_time" content="2026-01-13T00:00:00+01:00">'
    )
    found = extract(page(f"<h1>Un modello per gli sportelli</h1>{PARAGRAPHS}", head))
    assert found.published is not None
    assert (found.published.value.isoformat(), found.published.origin) == ("2026-01-12T08:30:00+01:00", Origin.JSON_LD)
    assert found.published.disagreeing[0] == (Origin.OPENGRAPH, "2026-01-13T00:00:00+01:00")
    assert found.authors is not None
    assert found.authors.value == ("Anna Serra",)


def test_page_without_a_byline_has_no_authors_and_without_a_date_no_date() -> None:
    found = extract(page(f"<h1>Un modello per gli sportelli</h1>{PARAGRAPHS}"))
    assert (found.authors, found.published, found.modified) == (None, None, None)


def test_what_the_source_said_fills_what_the_page_leaves_out() -> None:
    said = Entry(
        url="https://sito.example/a/b", title="Dal feed", published=When(instant=NOW, precision=Precision.MINUTE)
    )
    found = extract(page(PARAGRAPHS), Context(entry=said))
    assert found.title is not None
    assert found.published is not None
    assert (found.title.value, found.title.origin) == ("Dal feed", Origin.SOURCE)
    assert found.published.origin is Origin.SOURCE


def test_day_in_the_address_is_a_day() -> None:
    found = extract(page(PARAGRAPHS, url="https://sito.example/2026/01/12/modello"))
    assert found.published is not None
    assert (found.published.value.isoformat(), found.published.origin) == ("2026-01-12", Origin.URL)


def test_title_and_standfirst_that_are_repeated_are_dropped() -> None:
    head = '<meta name="description" content="Il consorzio promette tempi certi">'
    found = extract(
        page(
            "<h1>Un modello per gli sportelli dei comuni</h1><p class='lead'>Il consorzio promette tempi certi</p>"
            f"<article><h2>Un modello per gli sportelli dei comuni</h2>{PARAGRAPHS}</article>",
            head,
        )
    )
    assert found.text == TEXT
    assert found.standfirst is not None
    assert found.standfirst.value == "Il consorzio promette tempi certi"


def test_lines_that_breaks_separate_are_paragraphs() -> None:
    found = extract(page(f"<h1>Un modello per gli sportelli dei comuni</h1><div>{'<br><br>'.join(BODY)}</div>"))
    assert found.text == TEXT


def test_words_of_residue_inside_a_paragraph_are_left_alone() -> None:
    """A phrase is evidence, not proof: blind removal makes extraction worse."""
    line = "Contenuto promozionale e articoli correlati sono le due espressioni che il garante vuole vedere spiegate ai lettori."
    found = extract(page(f"<h1>Un modello per gli sportelli dei comuni</h1>{PARAGRAPHS}<p>{line}</p>"))
    assert found.text.endswith(line)


def test_outlets_rules_prune_keep_and_name_byline_and_date() -> None:
    hints = Hints(keep=("#testo",), prune=(".scheda",), byline=(".chi",), date=("//p[@class='quando']",))
    found = extract(
        page(
            f"<p class='chi'>Anna Serra</p><p class='quando'>12 gennaio 2026, 14:05</p><div id='testo'>{PARAGRAPHS}<div class='scheda'>Una scheda tecnica lunga.</div></div>"
            f"<div><p>{'Altro testo che non appartiene all’articolo. ' * 8}</p></div>"
        ),
        Context(hints=hints, timezone="Europe/Rome"),
    )
    assert found.text == TEXT
    assert reasons(found)[Reason.OUTLET_RULE] == "Una scheda tecnica lunga."
    assert found.authors is not None
    assert (found.authors.value, found.authors.origin) == (("Anna Serra",), Origin.OUTLET_RULE)
    assert found.published is not None
    assert found.published.value.isoformat() == "2026-01-12T14:05+01:00"
    assert found.published.value.zone_assumed


def test_pruned_element_within_a_line_leaves_the_rest_of_it() -> None:
    marked = PARAGRAPHS.replace("otto domande", "<span class='nota'>Leggi la nota. </span>otto domande")
    found = extract(page(f"<article>{marked}</article>"), Context(hints=Hints(prune=(".nota",))))
    gone = [block for block in found.removed if block.reason is Reason.OUTLET_RULE]
    assert [(block.text, block.rule) for block in gone] == [("Leggi la nota.", "prune .nota")]
    assert "Leggi la nota" not in found.text
    assert BODY[0] in found.text
    assert BODY[2] in found.text


def test_first_rule_that_matches_says_where_the_text_is() -> None:
    body = f"<div id='uno'>{PARAGRAPHS}</div><div id='due'><p>{'Altro testo, che non è l’articolo. ' * 8}</p></div>"
    found = extract(page(body), Context(hints=Hints(keep=("#manca", "#uno", "#due"))))
    assert found.text == TEXT
    assert not found.second_opinion


def test_rule_that_matches_nothing_changes_nothing() -> None:
    made = page(f"<h1>Un modello per gli sportelli dei comuni</h1><article>{PARAGRAPHS}</article>")
    assert extract(made, Context(hints=Hints(keep=("#manca",), prune=(".manca",)))) == extract(made)


def test_block_that_the_outlets_other_articles_repeat_goes_unless_shared() -> None:
    made = page(f"<article>{PARAGRAPHS}</article>")
    known = frozenset({block_fingerprint(BODY[1])})
    gone = extract(made, Context(repeated=known))
    assert gone.text == f"{BODY[0]}\n{BODY[2]}"
    assert reasons(gone)[Reason.REPEATED] == BODY[1]
    kept = extract(made, Context(repeated=known, hints=Hints(shared=(BODY[1],))))
    assert kept.text == TEXT


def test_kept_and_removed_share_one_scale_and_no_place_on_it() -> None:
    found = extract(
        page(
            f"<nav><a href='/p'>Politica</a></nav><h1>Un modello per gli sportelli dei comuni</h1><article><p>12 gennaio 2026</p>{PARAGRAPHS}"
            "<div class='share-buttons'><p>Condividi su Facebook</p></div><div class='newsletter-box'><p>Iscriviti alla newsletter</p></div></article>"
        )
    )
    assert [block.text for block in found.kept] == BODY
    assert [block.position for block in found.kept] == [3, 4, 5]
    gone = {block.position + n for block in found.removed for n in range(block.text.count("\n") + 1)}
    assert gone
    assert not gone & {block.position for block in found.kept}
    assert {"date_line", "share", "newsletter"} <= set(reasons(found))


def test_short_page_is_asked_about_and_a_long_clear_one_is_not() -> None:
    town = ("Lodi", "Cuneo", "Trieste", "Lecce", "Nuoro", "Aosta", "Pavia", "Siena")
    long = "".join(
        f"<p>Nella prova di {name} il sistema ha risposto alle domande dei cittadini con un margine d’errore minore di quello degli sportelli.</p>"
        for name in town
    )
    title = "<h1>Un modello per gli sportelli dei comuni</h1>"
    assert extract(page(f"{title}<article>{PARAGRAPHS}</article>")).second_opinion
    assert not extract(page(f"{title}<article>{long}</article>")).second_opinion


def test_links_alone_are_no_article() -> None:
    links = "".join(
        f"<li><a href='/{n}'>Un titolo del sito che porta alla pagina numero {n}</a></li>" for n in range(60)
    )
    with pytest.raises(ExtractError) as told:
        extract(page(f"<h1>Notizie</h1><ul>{links}</ul>"))
    assert told.value.code in ("no_article", "index_page")


def test_windows_1252_declared_as_utf_8_is_read_right() -> None:
    html = page(f"<h1>L’unità è già più vicina</h1>{PARAGRAPHS}").body.decode().encode("cp1252")
    found = extract(Page(url="https://sito.example/a", body=html, fetched_at=NOW))
    assert "città" in found.text
    assert found.title is not None
    assert found.title.value == "L’unità è già più vicina"


def test_paywall_is_told() -> None:
    head = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x", "isAccessibleForFree": "False"}</script>'
    paywalled = extract(page(PARAGRAPHS, head)).paywalled
    assert paywalled is not None
    assert paywalled.value
    assert extract(page(PARAGRAPHS)).paywalled is None


def test_same_page_gives_the_same_every_time() -> None:
    one = page(f"<h1>Un modello per gli sportelli dei comuni</h1>{PARAGRAPHS}")
    assert len({repr(extract(one)) for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (Page(url="https://a.example/", body=b"  ", fetched_at=NOW), "empty_page"),
        (Page(url="https://a.example/", body=b"%PDF-1.7 ...", fetched_at=NOW), "not_html"),
        (
            Page(url="https://a.example/", body=b"{}", fetched_at=NOW, headers=(("Content-Type", "image/png"),)),
            "not_html",
        ),
        (page("<p>Accetta i cookie per continuare.</p>"), "no_article"),
        (page("<p>x</p>" * 70_000), "too_many_elements"),
    ],
)
def test_what_is_no_article_says_why(made: Page, code: str) -> None:
    with pytest.raises(ExtractError) as told:
        extract(made)
    assert told.value.code == code


@pytest.mark.parametrize(
    "body",
    ["<div>" * 2_000 + PARAGRAPHS, PARAGRAPHS + "\x00\x01\ufffe", "<p>" * 500 + PARAGRAPHS, "<script>" + PARAGRAPHS],
    ids=["deep", "control characters", "unclosed", "all in a script"],
)
def test_damaged_markup_is_a_result_or_a_clear_error(body: str) -> None:
    try:
        outcome = extract(page(body)).text
    except ExtractError as told:
        outcome = told.code
    assert outcome in ("no_article", "unreadable") or BODY[0] in outcome


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Il sistema <span class='nota'>(sponsor)</span>risponde ai cittadini.", "Il sistema risponde ai cittadini."),
        (
            "<b>Il sistema</b><span class='nota'>sponsor</span> risponde ai cittadini.",
            "Il sistema risponde ai cittadini.",
        ),
        ("<span class='nota'>sponsor</span>Il sistema risponde.", "Il sistema risponde."),
        ("Il sistema.<br><br><span class='nota'>sponsor</span>Poi risponde.", "Il sistema.\nPoi risponde."),
        ("Il sistema.<span class='nota'>sponsor</span><br>Poi risponde.", "Il sistema.\nPoi risponde."),
    ],
)
def test_what_is_pruned_out_of_a_line_leaves_the_line_whole(line: str, expected: str) -> None:
    made = page(f"<h1>Un modello per gli sportelli dei comuni</h1><div id='testo'><p>{line}</p>{PARAGRAPHS}</div>")
    found = extract(made, Context(hints=Hints(keep=("#testo",), prune=(".nota",))))
    assert found.text == f"{expected}\n{TEXT}"
    assert reasons(found)[Reason.OUTLET_RULE].strip("()") == "sponsor"
