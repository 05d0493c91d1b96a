"""Ingesting a page: what the stages find, put together, and fit to be stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import ingest as stage
from pipelines import storable
from pipelines.errors import ConfigError, ExtractError
from pipelines.identity import content_hash
from pipelines.ingest import configure, ingest, read
from pipelines.records import Context, Entry, Hints, Origin, Page, Precision, When
from pipelines.storable import REPLACEMENT

CONFIG = Path(__file__).resolve().parents[2] / "config"
BODY = [
    "Secondo Bloomberg, il laboratorio prepara un data center in Lombardia per il prossimo modello di intelligenza artificiale.",
    "La società non ha commentato la notizia, ma ha detto che i lavori di ampliamento continueranno per tutto l'anno.",
    "Il piano prevede assunzioni, un accordo con l'università e una rete elettrica dedicata, da completare in tre anni.",
]


@pytest.fixture(autouse=True, scope="module")
def _configured() -> Iterator[None]:
    configure(str(CONFIG))
    yield
    stage._knowledge.clear()


def page(
    body: list[str] = BODY, head: str = "", title: str = "<h1>Un data center per il nuovo modello di OpenAI</h1>"
) -> Page:
    html = f"<html lang=it><head>{head}</head><body><article>{title}{''.join(f'<p>{p}</p>' for p in body)}</article></body></html>"
    return Page(url="https://foglio.example/a/1", body=html.encode(), fetched_at=datetime(2026, 2, 1, tzinfo=UTC))


def strings(value: object) -> Iterator[str]:
    """Every string in a record, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from strings(part)
    elif is_dataclass(value):
        for one in fields(value):
            yield from strings(getattr(value, one.name))


def test_a_page_gives_article_credit_relevance_and_hash() -> None:
    found = ingest(page())
    assert found.extraction.text.split("\n") == BODY
    assert [(credit.credited, credit.evidence) for credit in found.attributions] == [("Bloomberg", BODY[0])]
    assert found.relevance.relevant
    assert "OpenAI" in found.relevance.why
    assert found.content_hash == content_hash(found.extraction)


def test_an_outlet_does_not_credit_itself() -> None:
    assert ingest(page(), Context(outlet_name="Bloomberg")).attributions == ()


def test_every_article_of_a_relevant_outlet_counts() -> None:
    plain = page(
        ["Il comune apre una biblioteca di quartiere con sale di lettura e un giardino pubblico sul retro. " * 3],
        title="<h1>Una biblioteca</h1>",
    )
    assert not ingest(plain).relevance.relevant
    by_outlet = ingest(plain, relevant=True).relevance
    assert (by_outlet.relevant, by_outlet.why) == (True, ("outlet",))
    assert "OpenAI" in ingest(page(), relevant=True).relevance.why  # its own reasons are kept


def test_what_the_source_said_fills_what_the_page_leaves_out() -> None:
    published = When(instant=datetime(2026, 1, 12, 8, tzinfo=UTC), precision=Precision.MINUTE)
    entry = Entry(url="https://foglio.example/a/1", title="Un titolo dal feed", published=published)
    extraction = ingest(page(title=""), Context(entry=entry)).extraction
    assert extraction.title is not None
    assert (extraction.title.value, extraction.title.origin) == ("Un titolo dal feed", Origin.SOURCE)
    assert extraction.published is not None
    assert (extraction.published.value, extraction.published.origin) == (published, Origin.SOURCE)


def test_the_same_page_gives_the_same() -> None:
    assert ingest(page()) == ingest(page())


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "\udfff\ud800"])
def test_what_postgres_cannot_hold_is_replaced_in_every_string_and_told(bad: str) -> None:
    """JSON-LD and JSON feeds can say what no HTML can: NUL, half a surrogate pair."""
    said = {
        "@type": "NewsArticle",
        "headline": f"Un data{bad} center per il nuovo modello",
        "description": f"Il piano{bad} e i suoi costi",
        "articleSection": f"Tec{bad}nologia",
        "image": f"https://foglio.example/{bad}i.jpg",
    }
    entry = Entry(url="https://foglio.example/a/1", title=f"Altro{bad} titolo")
    head = f'<script type="application/ld+json">{json.dumps(said)}</script>'
    found = ingest(page(head=head, title=""), Context(entry=entry))
    everything = list(strings(found))
    assert any(f"Un data{REPLACEMENT * len(bad)} center per il nuovo modello" in one for one in everything)
    assert set(found.cleaned) >= {"image", "section", "title"}
    assert not any(character in one for one in everything for character in bad)
    for one in everything:
        one.encode("utf-8")


def test_a_string_that_can_be_stored_is_left_alone() -> None:
    extraction = read(page([*BODY, "Emoji 🤖, 漢字, لغة, and a tab\there stay as they are in this paragraph."]))
    assert extraction.text.endswith("Emoji 🤖, 漢字, لغة, and a tab here stay as they are in this paragraph.")
    assert storable.clean_record(extraction) is extraction
    assert extraction.cleaned == ()


@pytest.mark.parametrize("bad", [b"\x00", b"&#0;", b"&#xD800;", b"\xff"])
def test_what_is_no_character_of_a_page_is_replaced_and_told(bad: bytes) -> None:
    whole = page(
        [
            *BODY,
            "Perché una lettera è già andata persa? Né qui né là c'è più, ma la città può farcela così: giù, lì, qZq.",
        ]
    )
    damaged = replace(whole, body=whole.body.replace(b"qZq", b"q" + bad + b"q"))
    extraction = read(damaged)
    assert extraction.text.endswith(f"q{REPLACEMENT}q.")
    assert extraction.cleaned == ("text",)


def test_replacement_character_of_the_publisher_is_no_cleaning() -> None:
    extraction = read(
        page([*BODY, f"Sui vecchi terminali, dice il manuale, al suo posto si vedeva soltanto un {REPLACEMENT}."])
    )
    assert extraction.text.endswith(f"{REPLACEMENT}.")
    assert extraction.cleaned == ()


def test_pair_of_surrogates_is_the_character_that_it_means() -> None:
    assert storable.clean("\ud83e\udd16 \udd16\ud83e") == f"🤖 {REPLACEMENT * 2}"


def test_canonical_address_with_what_is_no_character_is_none() -> None:
    head = "<link rel=canonical href='https://foglio.example/a/&#0;un-altro-titolo'>"
    assert read(page(head=head)).canonical_url is None
    assert read(page(head=head.replace("&#0;", ""))).canonical_url == "https://foglio.example/a/un-altro-titolo"


def test_a_page_without_an_article_says_so() -> None:
    with pytest.raises(ExtractError) as caught:
        ingest(page(["Accedi."]))
    assert (caught.value.code, caught.value.subject) == ("no_article", "https://foglio.example/a/1")


def test_outlet_rules_reach_the_extraction() -> None:
    pruned = page(
        [
            *BODY,
            "<em class=promo>Iscriviti alla nostra newsletter per ricevere ogni mattina le notizie di tecnologia.</em>",
        ]
    )
    extraction = ingest(pruned, Context(hints=Hints(prune=("em.promo",)))).extraction
    assert extraction.text.split("\n") == BODY


def test_knowledge_is_read_from_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        configure(str(tmp_path))
    configure(str(CONFIG))


def test_a_process_that_was_not_configured_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "_knowledge", [])
    with pytest.raises(ConfigError, match="configure"):
        ingest(page())
