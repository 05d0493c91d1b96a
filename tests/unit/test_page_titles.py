"""Which of a page's titles is the article's."""

from __future__ import annotations

import lxml.html
import pytest

from pipelines.page_titles import headings_of, read_title
from pipelines.records import Field, Origin

URL = "https://www.example.org/tecnologia/sportelli-comuni-assistente-digitale"
TITLE = "Gli sportelli dei comuni provano un assistente digitale"


def title(
    body: str,
    *stated: str,
    names: tuple[str, ...] = (),
    url: str = URL,
    section: str | None = None,
    announced: str | None = None,
) -> Field[str] | None:
    tree = lxml.html.document_fromstring(f"<html><body>{body}</body></html>")
    return read_title(
        headings_of(tree.iter("h1")),
        list(zip((Origin.JSON_LD, Origin.OPENGRAPH, Origin.META), stated, strict=False)),
        names,
        url,
        section=section,
        announced=announced,
        subheadings=tree.iter("h2"),
    )


def value(*args: str, **kwargs: str | None) -> str | None:
    found = title(*args, **kwargs)  # type: ignore[arg-type]
    return found.value if found else None


def test_heading_that_readers_see_wins_over_the_title_written_for_search_engines() -> None:
    found = title(f"<h1>{TITLE}</h1>", "Assistente digitale, gli sportelli dei comuni lo provano: ecco come")
    assert found is not None
    assert (found.value, found.origin) == (TITLE, Origin.HEADING)
    assert found.disagreeing == (
        (Origin.JSON_LD, "Assistente digitale, gli sportelli dei comuni lo provano: ecco come"),
    )


@pytest.mark.parametrize(
    "heading",
    ["Esempio", "esempio.it", "Il Giornale di Esempio", "www.example.org", "EXAMPLE"],
)
def test_heading_that_is_the_site_s_name_is_no_title(heading: str) -> None:
    found = title(f"<h1>{heading}</h1>", TITLE, names=("Esempio", "esempio.it", "Il Giornale di Esempio"))
    assert found is not None
    assert (found.value, found.origin) == (TITLE, Origin.JSON_LD)


def test_site_s_name_is_known_from_what_the_page_s_title_adds() -> None:
    found = title("<h1>La Voce del Porto</h1>", TITLE, f"{TITLE} — La Voce del Porto")
    assert found is not None
    assert found.value == TITLE


def test_section_above_the_article_is_no_title() -> None:
    assert value(f"<h1>Tecnologia</h1><h1>{TITLE}</h1>", TITLE, section="Tecnologia") == TITLE


def test_of_several_headings_the_one_that_the_head_bears_out_is_the_title() -> None:
    body = f"<h1>Iscriviti alla lettera del mattino</h1><h1>{TITLE}</h1><h1>Altri articoli sui comuni</h1>"
    assert value(body, f"{TITLE}, prima fase") == TITLE


def test_heading_in_navigation_yields_to_the_article_s() -> None:
    body = f"<nav><h1>Gli sportelli dei comuni</h1></nav><main><h1>{TITLE}</h1></main>"
    assert value(body, f"{TITLE}: la guida") == TITLE


def test_heading_that_shares_nothing_with_head_and_address_is_no_title() -> None:
    found = title("<h1>Un messaggio ai nostri lettori</h1>", TITLE)
    assert found is not None
    assert (found.value, found.origin) == (TITLE, Origin.JSON_LD)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ('<span class="sr-only">Articolo: </span>{0}', "{0}"),
        ('{0}<span style="display:none"> nascosto</span>', "{0}"),
        ("{0}<span hidden> nascosto</span><script>x()</script>", "{0}"),
        ('<span class="d-md-none">{0}</span><span class="d-none d-md-block">{0}</span>', "{0}"),
        ('<span class="article__kicker">Il caso</span> {0}', "{0}"),
        ("<em>Esclusivo</em> {0}", "Esclusivo {0}"),
    ],
    ids=["for screen readers", "styled away", "hidden", "for two widths", "kicker by its class", "part of it"],
)
def test_only_what_is_shown_of_a_heading_is_title(heading: str, expected: str) -> None:
    assert value(f"<h1>{heading.format(TITLE)}</h1>") == expected.format(TITLE)


def test_kicker_and_subtitle_inside_a_heading_are_told_from_the_title_by_the_head() -> None:
    body = f"<h1><span>Esclusivo</span><span>{TITLE}</span><small>Si parte a marzo in dodici città</small></h1>"
    assert value(body, TITLE) == TITLE


def test_pieces_that_looks_alone_set_apart_take_the_head_s_colon() -> None:
    body = "<h1><span>Sportelli digitali</span><span>Dodici comuni cominciano a marzo</span></h1>"
    whole = "Sportelli digitali: Dodici comuni cominciano a marzo"
    assert value(body, whole) == whole
    assert value(body) == "Sportelli digitali Dodici comuni cominciano a marzo"


def test_visible_subheading_wins_over_a_hidden_heading() -> None:
    body = f'<h1 class="visually-hidden">Comuni: assistente digitale agli sportelli</h1><h2>{TITLE}</h2>'
    assert value(body, TITLE, "Comuni: assistente digitale agli sportelli") == TITLE


@pytest.mark.parametrize("empty", ["", "  ", "{{ article.title }}", "94", "\u200b"])
def test_what_says_nothing_is_no_title(empty: str) -> None:
    assert value(f"<h1>{empty}</h1>") is None
    assert value(f"<h1>{empty}</h1>", TITLE) == TITLE
    assert value(f"<h1>{empty}</h1><h1>{TITLE}</h1>", "{{ article.title }}") == TITLE


def test_headline_that_is_cut_off_yields_to_the_whole_one() -> None:
    whole = f"{TITLE} e la regione promette di pagare tutto entro la fine dell’anno prossimo, compresa la formazione del personale"
    found = title("", whole[:110], whole)
    assert found is not None
    assert (found.value, found.origin) == (whole, Origin.OPENGRAPH)


def test_what_the_source_announced_is_the_title_of_a_page_without_one() -> None:
    found = title("", announced=TITLE)
    assert found is not None
    assert (found.value, found.origin) == (TITLE, Origin.SOURCE)


@pytest.mark.parametrize(
    "written",
    [
        f"{TITLE} | Esempio",
        f"{TITLE} - Esempio",
        f"{TITLE} – Tecnologia – Esempio",
        f"{TITLE} | Tecnologia | esempio.it",
        f"{TITLE} · ESEMPIO",
        f"Esempio » {TITLE}",
        f"{TITLE} - example.org",
        f"{TITLE}ㅣEsempio",
        f"{TITLE} | Un nome che la pagina non dice",
    ],
)
def test_site_s_name_and_section_come_off(written: str) -> None:
    assert value("", written, names=("Esempio", "esempio.it"), section="Tecnologia") == TITLE


@pytest.mark.parametrize(
    "headline",
    [
        "Sportelli digitali - la prova dei dodici comuni",
        "Dodici comuni – e un assistente che non risponde",
        "State-of-the-art nei comuni: la prova",
        "Il sindaco: «Non chiuderemo gli sportelli»",
        "Comuni 2026/27 — che cosa cambia",
    ],
)
def test_dash_and_colon_of_a_headline_stay(headline: str) -> None:
    assert value("", headline, names=("Esempio",)) == headline
    assert value(f"<h1>{headline}</h1>", headline, f"{headline} | Esempio") == headline
    assert value(f"<h1>{headline}</h1>", headline.partition(" - ")[0].partition(" – ")[0]) == headline


def test_address_that_is_none_and_deep_markup_do_no_harm() -> None:
    body = f"<h1>{'<span>' * 3_000}{TITLE}</h1><h1>{TITLE}</h1>"
    assert value(body, TITLE, url="http://[nonsense") == TITLE
