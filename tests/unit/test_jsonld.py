"""JSON-LD as sites write it: which object is the page's article, and how broken JSON is read."""

from __future__ import annotations

import json
from typing import Any

import lxml.html
import pytest

from pipelines import jsonld
from pipelines.mending import loads

URL = "https://example.org/news/2026/comuni"
OWN: dict[str, Any] = {"@type": "NewsArticle", "headline": "Dodici comuni provano un assistente", "url": URL}
OTHER: dict[str, Any] = {
    "@type": "NewsArticle",
    "headline": "Il porto riapre a marzo",
    "url": "https://example.org/porto",
}


def find(*scripts: object, url: str = URL, title: str = "", body: str = "") -> dict[str, Any]:
    written = "".join(
        f'<script type="application/ld+json">{script if isinstance(script, str) else json.dumps(script)}</script>'
        for script in scripts
    )
    page = f"<html><head><title>{title}</title>{written}</head><body>{body}</body></html>"
    return jsonld.find_article(lxml.html.document_fromstring(page), url) or {}


@pytest.mark.parametrize(
    "script",
    [
        OWN,
        [{"@type": "BreadcrumbList"}, OWN],
        {"@graph": [{"@type": "WebSite", "name": "Esempio"}, OWN]},
        [[{"@graph": [[OWN]]}]],
        {"@type": "WebPage", "mainEntity": OWN},
        {"@type": ["http://schema.org/NewsArticle", "Thing"], "headline": OWN["headline"]},
        {"@type": "https://schema.org/LiveBlogPosting", "headline": OWN["headline"]},
        {"@type": "schema:ReportageNewsArticle", "headline": OWN["headline"]},
    ],
    ids=["alone", "array", "graph", "nested", "main entity", "types", "live blog", "prefix"],
)
def test_article_is_found_wherever_it_stands(script: object) -> None:
    assert find(script)["headline"] == OWN["headline"]


def test_of_several_articles_the_one_with_the_page_s_address_is_its_own() -> None:
    assert find([OTHER, OWN])["headline"] == OWN["headline"]
    assert find([OTHER, {**OWN, "url": "http://www.example.org/news/2026/comuni/?ref=x#top"}])["url"].endswith("#top")


def test_without_addresses_the_one_that_the_page_s_heading_repeats_is_its_own() -> None:
    articles = [{"@type": "Article", "headline": said} for said in ("Il porto riapre a marzo", "Dodici comuni provano")]
    found = find(articles, title="Dodici comuni provano un assistente | Esempio", body="<h1>Dodici comuni provano</h1>")
    assert found["headline"] == "Dodici comuni provano"


def test_teasers_of_a_list_and_updates_of_a_live_blog_are_not_the_page_s_article() -> None:
    teasers = {
        "@type": "ItemList",
        "itemListElement": [{"@type": "ListItem", "item": {**OTHER, "datePublished": "2026-01-01", "author": "A"}}],
    }
    assert find(teasers, {"@type": "Article", "headline": "Altro"})["headline"] == "Altro"
    live = {
        "@type": "LiveBlogPosting",
        "headline": "Diretta",
        "liveBlogUpdate": [{"@type": "BlogPosting", "headline": "Ore 9"}],
    }
    assert find(live)["headline"] == "Diretta"


def test_author_reference_is_resolved_through_the_graph() -> None:
    graph = [
        {**OWN, "author": {"@id": "#anna"}, "publisher": {"@id": "#house"}},
        {"@id": "#anna", "@type": "Person", "name": "Anna Serra"},
        {"@id": "#house", "@type": "Organization", "name": "Esempio", "logo": {"@id": "#logo"}},
        {"@id": "#logo", "@type": "ImageObject", "url": "/logo.png", "width": 20},
    ]
    found = find({"@graph": graph})
    assert found["author"]["name"] == "Anna Serra"
    assert jsonld.text_of(found["publisher"]) == "Esempio"


def test_reference_to_itself_ends() -> None:
    found = find(
        {
            "@graph": [
                {**OWN, "@id": "#a", "author": {"@id": "#p"}},
                {"@id": "#p", "name": "Anna", "worksFor": {"@id": "#p"}},
            ]
        }
    )
    assert found["author"]["name"] == "Anna"


def test_second_object_of_the_same_article_fills_what_the_first_leaves_out() -> None:
    found = find(OWN, {**OWN, "headline": OWN["headline"], "datePublished": "2026-01-12", "author": "Anna Serra"})
    assert (found["datePublished"], found["author"]) == ("2026-01-12", "Anna Serra")


def test_web_page_is_the_article_only_where_it_has_a_headline_and_nothing_else_is() -> None:
    assert find({"@type": "WebPage", "headline": "Guida"})["headline"] == "Guida"
    assert find({"@type": "WebPage", "name": "Esempio"}) == {}
    assert find({"@type": "WebPage", "headline": "Guida"}, OWN)["headline"] == OWN["headline"]


def test_job_is_no_article() -> None:
    assert find({"@type": "JobPosting", "headline": "Cercasi redattore"}) == {}


@pytest.mark.parametrize(
    "broken",
    [
        '{"headline": "uno", "b": [1, 2,],}',
        '{"headline": "uno",, "b": [1, 2]}',
        '{"headline": "uno", "c": , "b": [1, 2]}',
        '// <![CDATA[\n{"headline": "uno", "b": [1, 2]}\n// ]]>',
        '<![CDATA[{"headline": "uno", "b": [1, 2]}]]>',
        '<!-- {"headline": "uno", "b": [1, 2]} -->',
        '{"headline": "uno", /* perché */ "b": [1, 2]}',
        '{"headline": "uno", "b": [1, 2]};',
        '{"headline": "uno", "d": "due\nrighe\te altro", "b": [1, 2]}',
        '{"headline": "uno", "d": "un \\d percorso", "b": [1, 2]}',
        '{"headline": "uno", "d": "disse "no", e basta", "b": [1, 2]}',
        '{"headline": "uno", "d": "il "caso"", "b": [1, 2]}',
        "{&quot;headline&quot;: &quot;uno&quot;, &quot;b&quot;: [1, 2]}",
    ],
    ids=["commas", "double comma", "no value", "cdata comment", "cdata", "comment", "inner comment", "semicolon", "newline", "escape",
         "quote", "quote at the end", "entities"],
)  # fmt: skip
def test_broken_json_is_mended(broken: str) -> None:
    value = loads(broken)
    assert (value["headline"], value["b"]) == ("uno", [1, 2])


def test_quotes_inside_a_string_stay_in_it() -> None:
    assert loads('{"a": "disse "no", e "mai"", "b": 1}') == {"a": 'disse "no", e "mai"', "b": 1}


def test_several_objects_one_after_another_are_all_read() -> None:
    found = find('{"@type": "WebSite"} {"@type": "Article", "headline": "Due"}')
    assert found["headline"] == "Due"


def test_what_nothing_mends_is_none() -> None:
    assert loads("{headline: uno") is None
    assert loads("") is None
    assert find("undefined", OWN)["headline"] == OWN["headline"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Anna &amp;amp; Marco", "Anna & Marco"),
        ("L&amp;#39;assistente", "L'assistente"),
        ("<p>Un <b>caso</b></p>", "Un caso"),
        ("3 < 5 e 7 > 6", "3 < 5 e 7 > 6"),
        ({"@value": "uno"}, "uno"),
        ({"name": ["uno", "due"]}, "uno"),
        (["uno", "due"], "uno"),
        (2026, "2026"),
        (True, None),
        ({"a": 1}, None),
        ("  ", None),
    ],
)
def test_value_as_text(written: object, read: str | None) -> None:
    assert jsonld.text_of(written) == read


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"@graph": [' + '{"@type": "NewsArticle"},' * 60_000 + "]}",
        '{"a": "' + '"' * 200_000,
        "{" + "," * 300_000 + "}",
        '{"a": "' + "\\" * 200_001,
        "/*" * 100_000,
        '"a" : ' * 50_000,
        "{" * 100_000,
    ],
    ids=[
        "deep array",
        "deep object",
        "many articles",
        "quotes",
        "commas",
        "backslashes",
        "comments",
        "pairs",
        "braces",
    ],
)
def test_hostile_json_hides_nothing(hostile: str) -> None:
    assert find(hostile, OWN)["headline"] == OWN["headline"]
