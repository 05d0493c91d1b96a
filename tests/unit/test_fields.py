"""The fields of an article other than authors and dates: what they say, and where it was read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines import jsonld, metadata
from pipelines.blocks import layout_of
from pipelines.decoding import parse
from pipelines.records import Context, Metadata, Origin, Page

NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
NOTHING_KNOWN = Context()
URL = "https://example.org/news/comuni"
TITLE = "Dodici comuni provano un assistente digitale"
STANDFIRST = "Si comincia a marzo, e la regione paga la formazione di chi sta allo sportello"
BODY = (
    "La prova comincia in dodici comuni della provincia, che da tempo chiedono di accorciare le attese agli sportelli.",
    "Il sistema risponde alle domande più frequenti, e passa le altre a una persona, che le trova già ordinate per ufficio.",
    "I sindacati chiedono che nessun posto vada perduto, e che i dati dei cittadini restino sui calcolatori della provincia.",
)
TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in BODY)


def fields(
    head: str = "", body: str = f"<h1>{TITLE}</h1>{TEXT}", *, lang: str = 'lang="it"', context: Context = NOTHING_KNOWN
) -> Metadata:
    html = f"<html {lang}><head><meta property='og:title' content='{TITLE}'>{head}</head><body>{body}</body></html>"
    page = Page(url=URL, body=html.encode(), fetched_at=NOW)
    tree = parse(page)
    article = jsonld.find_article(tree, page.url) or {}
    return metadata.read(tree, page, context, article, layout_of(tree.find(".//body")).blocks)


def script(**values: Any) -> str:
    value = {"@type": "NewsArticle", "headline": TITLE, **values}
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" property="{name}" content="{content}">'


@pytest.mark.parametrize(
    "below",
    [
        f'<p class="article__subtitle">{STANDFIRST}</p>',
        f'<h2 class="sottotitolo">{STANDFIRST}</h2>',
        f'<div class="ArticleLead">{STANDFIRST}</div>',
        f'<p itemprop="description">{STANDFIRST}</p>',
        f'<div class="dek"><p>{STANDFIRST}</p></div>',
        f'<p class="vorspann">{STANDFIRST}<br>E poi si vedrà</p>',
    ],
)
def test_standfirst_is_what_the_page_shows_under_the_headline(below: str) -> None:
    # What stands in a container that is called so counts where the headline's header holds it.
    found = fields(
        meta("description", "Dodici comuni e un assistente"),
        f"<header><h1>{TITLE}</h1>{below}</header><p>Di Anna Serra</p>{TEXT}",
    )
    assert found.standfirst is not None
    assert found.standfirst.value.removesuffix(" E poi si vedrà") == STANDFIRST
    assert found.standfirst.origin is Origin.HEADING
    assert found.standfirst.disagreeing == ((Origin.META, "Dodici comuni e un assistente"),)


def test_description_that_the_page_shows_apart_is_the_standfirst_in_full() -> None:
    cut = STANDFIRST[:50] + "…"
    found = fields(meta("og:description", cut), f"<h1>{TITLE}</h1><div><b>{STANDFIRST}</b></div>{TEXT}")
    assert found.standfirst is not None
    assert (found.standfirst.value, found.standfirst.origin) == (STANDFIRST, Origin.HEADING)


def test_line_between_the_headline_and_the_same_headline_above_the_text_is_the_standfirst() -> None:
    body = f"<div>{TITLE}</div><div>{STANDFIRST}</div><div><div>{TITLE}</div>{TEXT}</div>"
    found = fields(body=body).standfirst
    assert found is not None
    assert (found.value, found.origin) == (STANDFIRST, Origin.HEADING)


@pytest.mark.parametrize(
    "described",
    [BODY[0], BODY[0][:60] + "…", BODY[0][:70] + "...", BODY[0][:80], BODY[1][:60], TITLE, "Notizie"],
    ids=["paragraph", "cut off", "with dots", "cut unmarked", "from the middle", "title", "too short"],
)
def test_description_that_is_the_text_or_the_title_is_no_standfirst(described: str) -> None:
    assert fields(meta("description", described)).standfirst is None


def test_description_that_is_not_in_the_text_stands_in_for_a_standfirst() -> None:
    found = fields(meta("description", STANDFIRST)).standfirst
    assert found is not None
    assert (found.value, found.origin) == (STANDFIRST, Origin.META)


@pytest.mark.parametrize(
    "below",
    [
        "<p class='lead'>Pubblicato il 12 gennaio 2026 alle 10:30</p>",
        "<h2>Che cosa cambia per chi va allo sportello</h2>",
        f"<nav><p class='summary'>{STANDFIRST}</p></nav>",
        f"<figure><figcaption class='lead'>{STANDFIRST}</figcaption></figure>",
        f"<p class='lead' hidden>{STANDFIRST}</p>",
        f"<div class='related-lead'><p class='summary'>{STANDFIRST}</p></div>",
    ],
    ids=["date", "section heading", "navigation", "caption", "hidden", "related"],
)
def test_other_lines_under_the_headline_are_no_standfirst(below: str) -> None:
    assert fields(body=f"<h1>{TITLE}</h1>{below}{TEXT}").standfirst is None


@pytest.mark.parametrize(
    ("head", "paywalled", "origin"),
    [
        (script(isAccessibleForFree=False), True, Origin.JSON_LD),
        (script(isAccessibleForFree="False"), True, Origin.JSON_LD),
        (script(isAccessibleForFree="http://schema.org/True"), False, Origin.JSON_LD),
        (
            script(hasPart={"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".p"}),
            True,
            Origin.JSON_LD,
        ),
        (script(isAccessibleForFree=True, hasPart=[{"isAccessibleForFree": "false"}]), True, Origin.JSON_LD),
        (meta("article:content_tier", "metered"), True, Origin.OPENGRAPH),
        (meta("article:content_tier", "free"), False, Origin.OPENGRAPH),
        ('<meta itemprop="isAccessibleForFree" content="no">', True, Origin.MICRODATA),
    ],
)
def test_paywall_is_told_with_its_origin(head: str, paywalled: bool, origin: Origin) -> None:
    found = fields(head).paywalled
    assert found is not None
    assert (found.value, found.origin) == (paywalled, origin)


def test_paywall_that_nothing_tells_is_unknown() -> None:
    assert fields(script(isAccessibleForFree="perhaps") + meta("article:content_tier", "gold")).paywalled is None


def test_places_that_contradict_each_other_on_the_paywall_are_kept() -> None:
    found = fields(script(isAccessibleForFree=True) + meta("article:content_tier", "locked")).paywalled
    assert found is not None
    assert (found.value, found.disagreeing) == (False, ((Origin.OPENGRAPH, "true"),))


@pytest.mark.parametrize(
    ("head", "body", "rights"),
    [
        (
            script(license="https://creativecommons.org/licenses/by/4.0/"),
            "",
            "https://creativecommons.org/licenses/by/4.0/",
        ),
        (script(license={"@type": "CreativeWork", "url": "/licenza"}), "", "https://example.org/licenza"),
        (script(license="CC BY-SA 4.0"), "", "CC BY-SA 4.0"),
        ('<link rel="license" href="/termini">', "", "https://example.org/termini"),
        (
            "",
            '<a rel="nofollow license" href="https://creativecommons.org/licenses/by-nc/4.0/">CC</a>',
            "https://creativecommons.org/licenses/by-nc/4.0/",
        ),
        (
            script(copyrightNotice="© 2026 Esempio. Riproduzione riservata"),
            "",
            "© 2026 Esempio. Riproduzione riservata",
        ),
        (script(usageInfo="https://example.org/uso"), "", "https://example.org/uso"),
        (meta("dcterms.rights", "Alle Rechte vorbehalten"), "", "Alle Rechte vorbehalten"),
        (meta("copyright", "Esempio S.r.l."), "", "Esempio S.r.l."),
        (
            script(copyrightHolder={"@type": "Organization", "name": "Esempio"}, copyrightYear=2026),
            "",
            "© 2026 Esempio",
        ),
        (meta("copyright", "x " * 400), "", None),
        ('<link rel="license" href="javascript:void(0)">', "", None),
        ("", "", None),
    ],
)
def test_licence_or_rights_note(head: str, body: str, rights: str | None) -> None:
    found = fields(head, f"<h1>{TITLE}</h1>{TEXT}{body}").rights
    assert (found.value if found else None) == rights


@pytest.mark.parametrize(
    ("head", "image"),
    [
        (script(image="/a.jpg"), "https://example.org/a.jpg"),
        (script(image=["https://img.example/1.jpg", "https://img.example/2.jpg"]), "https://img.example/1.jpg"),
        (
            script(image=[{"url": "/s.jpg", "width": 300}, {"contentUrl": "/l.jpg", "width": "1200 px"}]),
            "https://example.org/l.jpg",
        ),
        (script(image={"@type": "ImageObject", "url": ["/a.jpg"], "width": {"value": 7}}), "https://example.org/a.jpg"),
        (meta("og:image", "//img.example/o.jpg"), "https://img.example/o.jpg"),
        (
            meta("og:image", "http://img.example/o.jpg") + meta("og:image:secure_url", "https://img.example/o.jpg"),
            "https://img.example/o.jpg",
        ),
        (meta("twitter:image", "/t.jpg?a=1&amp;b=2"), "https://example.org/t.jpg?a=1&b=2"),
        (meta("og:image", "/img/logo-2x.png") + meta("twitter:image", "/t.jpg"), "https://example.org/t.jpg"),
        (
            script(publisher={"@type": "Organization", "name": "Esempio", "logo": {"url": "/marchio.png"}})
            + meta("og:image", "/marchio.png"),
            None,
        ),
        (meta("og:image", "data:image/png;base64,AAAA"), None),
        (meta("og:image", "http://[broken"), None),
        ("", None),
    ],
)
def test_image_is_the_article_s_and_absolute(head: str, image: str | None) -> None:
    found = fields(head).image
    assert (found.value if found else None) == image


@pytest.mark.parametrize(
    ("head", "lang", "language", "origin"),
    [
        (meta("og:locale", "it_IT"), 'lang="it-IT"', "it", Origin.META),
        (meta("og:locale", "it_IT"), "", "it", Origin.OPENGRAPH),
        (script(inLanguage={"@type": "Language", "name": "Italiano"}), "", "it", Origin.JSON_LD),
        ("", "", "it", Origin.TEXT),
        ("", 'lang="en"', "it", Origin.TEXT),
        (meta("og:locale", "it_IT"), 'lang="en-US"', "it", Origin.OPENGRAPH),
        (meta("og:locale", "en_US"), 'lang="en-US"', "it", Origin.TEXT),
    ],
    ids=["agreed", "one place", "named", "nowhere", "template's", "at odds", "template's twice"],
)
def test_language_is_what_the_article_is_written_in(head: str, lang: str, language: str, origin: Origin) -> None:
    found = fields(head, lang=lang).language
    assert found is not None
    assert (found.value, found.origin) == (language, origin)


def test_language_that_a_template_claims_is_kept_as_a_disagreement() -> None:
    found = fields(lang='lang="en"').language
    assert found is not None
    assert found.disagreeing == ((Origin.META, "en"),)


def test_page_s_word_stands_between_languages_that_are_near() -> None:
    text = (
        "<p>Regjeringen vil gi kommunene penger til nye digitale tjenester, og de første skal prøves ut allerede i mars i tolv kommuner.</p>"
        * 3
    )
    found = fields(body=f"<h1>{TITLE}</h1>{text}", lang='lang="nn"').language
    assert found is not None
    assert (found.value, found.origin) == ("nn", Origin.META)


def test_page_of_few_words_has_the_language_it_declares_or_none() -> None:
    assert fields(body="<p>Ciao</p>", lang="").language is None
    declared = fields(body="<p>Ciao</p>", lang='lang="de"').language
    assert declared is not None
    assert declared.value == "de"


@pytest.mark.parametrize(
    ("head", "section"),
    [
        (script(articleSection=["Tecnologia", "Comuni"]), "Tecnologia"),
        (meta("article:section", "Scuola &amp;amp; lavoro"), "Scuola & lavoro"),
        (meta("article:section", "News") + meta("parsely-section", "Economia"), "Economia"),
        (meta("section", "x" * 80), None),
        ("", None),
    ],
)
def test_section(head: str, section: str | None) -> None:
    found = fields(head).section
    assert (found.value if found else None) == section


def test_canonical_address_is_absolute_and_http() -> None:
    assert (
        fields('<link rel="canonical" href="/news/comuni?x=1">').canonical_url == "https://example.org/news/comuni?x=1"
    )
    assert fields(meta("og:url", "https://example.org/b")).canonical_url == "https://example.org/b"
    assert fields('<link rel="canonical" href="http://[broken">').canonical_url is None
    assert fields('<link rel="canonical" href="javascript:x">').canonical_url is None


def test_page_without_anything_has_no_fields() -> None:
    page = Page(url=URL, body=b"<html><body><p>x</p></body></html>", fetched_at=NOW)
    tree = parse(page)
    found = metadata.read(tree, page, Context(), {}, layout_of(tree.find(".//body")).blocks)
    assert (
        found.title,
        found.standfirst,
        found.language,
        found.section,
        found.image,
        found.paywalled,
        found.rights,
    ) == (None,) * 7
