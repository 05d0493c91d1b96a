"""What makes two addresses, claims or texts the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import ParseError
from pipelines.identity import (
    article_id,
    canonical_url,
    claim_fingerprint,
    content_hash,
    covers,
    host_of,
    registrable_domain,
    same_article,
    spaced,
    trusted_canonical,
)
from pipelines.records import Entry, Extraction, Field, Origin, Precision, Reason, RemovedBlock, When

NOON = When(instant=datetime(2026, 1, 12, 12, tzinfo=UTC), precision=Precision.MINUTE)
EXTRACTION = Extraction(
    url="https://a.example/x",
    canonical_url=None,
    title=Field(value="Un titolo", origin=Origin.JSON_LD),
    standfirst=None,
    byline=None,
    authors=Field(value=("Anna S.",), origin=Origin.BYLINE_LINE),
    published=Field(value=NOON, origin=Origin.JSON_LD),
    modified=None,
    language=None,
    section=None,
    image=None,
    paywalled=None,
    rights=None,
    markdown="",
    kept=(),
    second_opinion=False,
    text="Primo paragrafo.\nSecondo paragrafo.",
    removed=(),
)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://Www.Example.COM", "https://www.example.com/"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://127.0.0.1:8001/x", "http://127.0.0.1:8001/x"),
        ("http://user:secret@a.example/x", "http://a.example/x"),
        ("https://a.example/x#comments", "https://a.example/x"),
        ("https://a.example/news/./old/../new", "https://a.example/news/new"),
        ("https://a.example/news/%2e%2e/new", "https://a.example/new"),
        ("https://a.example/%7euser/caf%c3%a9", "https://a.example/~user/caf%C3%A9"),
        ("https://a.example/café?q=è", "https://a.example/caf%C3%A9?q=%C3%A8"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/two words", "https://a.example/two%20words"),
        ("https://a.example/x?", "https://a.example/x"),
        ("  https://a.example/x\n", "https://a.example/x"),
        ("https://müller.example/", "https://xn--mller-kva.example/"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("http://[0:0:0:0:0:0:0:1]:8001/", "http://[::1]:8001/"),
        ("https://a.example./x", "https://a.example/x"),
    ],
)
def test_one_spelling_per_address(url, canonical):
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("utm_source=rss&utm_medium=feed&id=7", "id=7"),
        ("id=7&fbclid=abc&gclid=1", "id=7"),
        ("ref=rss", ""),
        ("mod=rss_Technology", ""),
        ("maca=de-rss-de-all-1119-rdf", ""),
        ("ref=7", "ref=7"),
        ("source=bloomberg", "source=bloomberg"),
        ("p=1&story=2&page=3&id=4", "p=1&story=2&page=3&id=4"),
        ("b=2&a=1&b=1", "b=2&a=1&b=1"),
        ("a=1&&b=2", "a=1&b=2"),
    ],
)
def test_tracking_goes_and_what_names_a_resource_stays_in_order(query, kept):
    assert canonical_url(f"https://a.example/x?{query}") == "https://a.example/x" + (f"?{kept}" if kept else "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://a.example/x/"),
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/x", "https://www.a.example/x"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/?a=1&b=2", "https://a.example/?b=2&a=1"),
        ("https://straße.example/", "https://strasse.example/"),
        ("http://a.example:8001/", "http://a.example:8002/"),
        ("https://a.example//", "https://a.example/"),
    ],
)
def test_two_resources_are_never_merged(one, other):
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "ftp://a.example/x",
        "javascript:alert(1)",
        "mailto:a@a.example",
        "http://",
        "http:///x",
        "https://a.example:99999/",
        "https://a..example/",
        "https://a b.example/",
        "https://evil.example%2fa.example/",
        "https://evil.example\\@a.example/",
        "http://[fe80::1%25eth0]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://[::1",
        "https://a.example/\ud800",
    ],
)
def test_what_is_no_address_of_an_article_is_refused(url):
    with pytest.raises(ParseError) as caught:
        canonical_url(url)
    assert caught.value.code == "bad_url"


@pytest.mark.parametrize("path", ["x" * 2_100, "漢" * 300])
def test_what_is_longer_than_an_index_takes_is_no_address(path):
    with pytest.raises(ParseError) as caught:
        canonical_url("https://a.example/" + path)
    assert caught.value.code == "url_too_long"


def test_a_relative_link_is_resolved_against_its_page():
    assert canonical_url("../b?id=1", "https://a.example/news/x/a") == "https://a.example/news/b?id=1"


@given(st.text(max_size=60), st.sampled_from(["https://a.example/", "https://a.example/x?", "http://", ""]))
def test_canonical_twice_is_canonical_once(rest, start):
    try:
        once = canonical_url(start + rest)
    except ParseError:
        return
    assert canonical_url(once) == once


def test_host_names_its_port_only_where_it_is_not_the_schemes_own():
    assert host_of("https://WWW.A.example:443/x") == "www.a.example"
    assert host_of("http://127.0.0.1:8001/x") == "127.0.0.1:8001"
    assert host_of("http://[::1]:8001/x") == "[::1]:8001"
    assert host_of("https://Müller.example/") == host_of(canonical_url("https://Müller.example/"))


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.ansa.it", "ansa.it"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("one.github.io", "one.github.io"),
        ("127.0.0.1:8001", "127.0.0.1:8001"),
        ("[::1]:8001", "[::1]:8001"),
        ("localhost:8001", "localhost:8001"),
    ],
)
def test_registrable_domain(host, domain):
    assert registrable_domain(host) == domain


def test_a_host_covers_its_subdomains_and_nothing_that_only_ends_alike():
    assert covers("tech.infogioco.it", ["infogioco.it"])
    assert covers("infogioco.it", ["infogioco.it"])
    assert not covers("notinfogioco.it", ["infogioco.it"])
    assert not covers("infogioco.it.evil.example", ["infogioco.it"])
    assert covers("127.0.0.1:8001", ["127.0.0.1:8001"])
    assert not covers("127.0.0.1:8002", ["127.0.0.1:8001"])


ARTICLE = "https://www.a-news.it/altro/tecnologia/una-notizia"


@pytest.mark.parametrize(
    ("fetched", "stated", "believed"),
    [
        (ARTICLE + "?utm_source=rss", ARTICLE, ARTICLE),
        (ARTICLE, "/altro/tecnologia/una-notizia-nuova", ARTICLE + "-nuova"),
        (ARTICLE, "https://a-news.it/altro/tecnologia/una-notizia", "https://a-news.it/altro/tecnologia/una-notizia"),
        (ARTICLE, "https://www.a-news.it/una-notizia-nuova", "https://www.a-news.it/una-notizia-nuova"),
        (ARTICLE + "/amp", ARTICLE, ARTICLE),
        ("https://a-news.it/x.php?id=7&print=1", "https://a-news.it/x.php?id=7", "https://a-news.it/x.php?id=7"),
        ("https://a-news.it/x.php?id=7", "https://a-news.it/x.php", None),
        (
            "https://a-news.it/una-notizia-nuova?output=amp",
            "https://a-news.it/una-notizia-nuova",
            "https://a-news.it/una-notizia-nuova",
        ),
        ("https://www.a.example/?p=7", "https://www.a.example/?p=7", "https://www.a.example/?p=7"),
        (ARTICLE, None, None),
        (ARTICLE, "", None),
        (ARTICLE, "https://other.example/una-notizia", None),
        (ARTICLE, "https://www.a-news.it/", None),
        (ARTICLE, "https://www.a-news.it/?lang=it", None),
        (ARTICLE, "https://www.a-news.it/altro/tecnologia", None),
        (ARTICLE, "https://www.a-news.it/mondo", None),
        (ARTICLE, "javascript:void(0)", None),
        ("http://127.0.0.1:8001/a/b", "http://127.0.0.1:8002/a/b", None),
        ("http://127.0.0.1:8001/a/b", "http://127.0.0.1:8001/a/c-d-e", "http://127.0.0.1:8001/a/c-d-e"),
        ("https://one.github.io/a", "https://two.github.io/a", None),
    ],
)
def test_canonical_is_believed_only_where_it_names_this_article(fetched, stated, believed):
    assert trusted_canonical(fetched, stated) == believed


def test_article_ids_are_derived_so_that_a_reinstallation_gives_the_same():
    id_ = article_id("infogioco", ARTICLE)
    assert id_ == UUID("dd5fdd71-5c94-879d-834e-7406e3fe4ad4")
    assert id_.version == 8
    assert id_ != article_id("ansa", ARTICLE)
    assert id_ != article_id("infogioco", ARTICLE + "-nuova")


ENTRY = Entry(url=ARTICLE, title="Un titolo", published=NOON, summary="Due righe.")


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "Un altro titolo"},
        {"summary": "Tre righe."},
        {"modified": NOON},
        {"published": replace(NOON, instant=NOON.instant + timedelta(hours=1))},
    ],
)
def test_what_a_source_says_anew_changes_the_claim(changed):
    assert claim_fingerprint(replace(ENTRY, **changed)) != claim_fingerprint(ENTRY)


def test_respaced_claim_is_the_same_claim():
    assert claim_fingerprint(replace(ENTRY, title=" Un  titolo\n", url="https://a.example/y")) == claim_fingerprint(
        ENTRY
    )
    assert len(claim_fingerprint(ENTRY)) == 16


@pytest.mark.parametrize(
    "changed",
    [
        {"title": Field(value="Un altro titolo", origin=Origin.JSON_LD)},
        {"standfirst": Field(value="Il sommario", origin=Origin.HEADING)},
        {"authors": Field(value=("Anna S.", "Marco B."), origin=Origin.BYLINE_LINE)},
        {"published": None},
        {"text": "Primo paragrafo.\nSecondo paragrafo, corretto."},
    ],
)
def test_what_a_reader_sees_changes_the_content(changed):
    assert content_hash(replace(EXTRACTION, **changed)) != content_hash(EXTRACTION)


def test_paragraphs_joined_change_the_content():
    assert content_hash(replace(EXTRACTION, text=EXTRACTION.text.replace("\n", " "))) != content_hash(EXTRACTION)


def test_marks_without_end_on_a_letter_are_composed_all_the_same():
    """Sorting them takes the square of their number: half a million would take minutes, and hold up all else."""
    assert spaced("a" + "\u0301\u0323" * 250_000 + " b").endswith(" b")
    assert spaced("e" + "\u0301" * 3) == "é" + "\u0301" * 2


def test_two_authors_are_not_one_with_both_names():
    both = replace(EXTRACTION, authors=Field(value=("Anna", "Marco"), origin=Origin.META))
    one = replace(EXTRACTION, authors=Field(value=("Anna Marco",), origin=Origin.META))
    assert content_hash(both) != content_hash(one)


@pytest.mark.parametrize(
    "changed",
    [
        {"title": Field(value="Un titolo", origin=Origin.OPENGRAPH, disagreeing=((Origin.META, "Titolo"),))},
        {"text": "Primo  paragrafo.\n\nSecondo paragrafo.\n"},
        {"removed": (RemovedBlock(text="Leggi anche", reason=Reason.RELATED, rule="related_box", position=1),)},
        {"url": "https://a.example/x?session=2", "image": Field(value="https://a.example/i.jpg", origin=Origin.META)},
    ],
)
def test_what_a_reader_does_not_see_leaves_the_content(changed):
    assert content_hash(replace(EXTRACTION, **changed)) == content_hash(EXTRACTION)


def test_letters_composed_otherwise_are_the_same_letters():
    composed = replace(EXTRACTION, text="perch\u00e9")
    assert content_hash(composed) == content_hash(replace(EXTRACTION, text="perche\u0301"))


def test_an_offset_is_part_of_what_a_publisher_says():
    rome = replace(NOON, instant=NOON.instant.astimezone(timezone(timedelta(hours=1))))
    moved = replace(EXTRACTION, published=Field(value=rome, origin=Origin.JSON_LD))
    assert content_hash(moved) != content_hash(EXTRACTION)


def test_a_reused_guid_does_not_make_two_texts_one_article():
    text = "Il consorzio annuncia un nuovo modello linguistico per le scuole italiane."
    assert same_article("Nuovo modello", text, "Nuovo modello (aggiornato)", text + " Lo riporta la radio.")
    assert not same_article("Nuovo modello", text, "Derby", "La squadra ospite vince con un gol al novantesimo minuto.")
