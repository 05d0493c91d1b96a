"""Feeds of every format become entries; what a feed does not say is not made up."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.discovery import discover
from pipelines.discovery.feed import ENTRIES_MOST, parse_feed
from pipelines.errors import ParseError
from pipelines.records import Discovery, Entry, Precision, SourceKind

URL = "https://outlet.example/feeds/all.xml"
NOW = datetime(2026, 1, 20, tzinfo=UTC)


def read(text: str | bytes, zone: str | None = "Europe/Rome", content_type: str | None = None) -> Discovery:
    body = text if isinstance(text, bytes) else text.encode()
    return parse_feed(body, url=URL, content_type=content_type, timezone=zone, now=NOW)


def rss(*items: str, head: str = "") -> str:
    rows = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0" {head}><channel><title>Outlet</title>{rows}</channel></rss>'


def atom(*entries: str, head: str = "") -> str:
    rows = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" {head}><title>Outlet</title>{rows}</feed>'


def only(discovery: Discovery) -> Entry:
    (entry,) = discovery.entries
    return entry


def code(body: str | bytes) -> str:
    with pytest.raises(ParseError) as raised:
        read(body)
    return raised.value.code


LINK = "<link>https://outlet.example/a</link>"
ALTERNATE = "<link href='https://outlet.example/a'/>"


def test_rss_item_becomes_entry() -> None:
    found = read(
        rss(
            "<title>OpenAI &amp; the <![CDATA[<em>o3</em>]]>: explained</title><link>https://outlet.example/a?utm_source=rss</link>"
            "<guid isPermaLink='false'>id-1</guid><pubDate>Mon, 12 Jan 2026 10:00:00 +0100</pubDate>"
            "<description>&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;Second &amp;amp; last.&lt;/p&gt;</description>"
        )
    )

    entry = only(found)
    assert (found.kind, found.title, found.skipped) == (SourceKind.FEED, "Outlet", {})
    assert (entry.url, entry.guid) == ("https://outlet.example/a?utm_source=rss", "id-1")
    assert (entry.title, entry.summary) == ("OpenAI & the o3: explained", "First. Second & last.")
    assert entry.published is not None
    assert (entry.published.isoformat(), entry.published.zone_assumed) == ("2026-01-12T10:00:00+01:00", False)
    assert entry.modified is None


def test_atom_entry_becomes_entry() -> None:
    entry = only(
        read(
            atom(
                "<id>tag:outlet.example,2026:1</id><title type='html'>KI &amp;amp; &lt;b&gt;Recht&lt;/b&gt;</title>"
                "<link rel='self' href='https://outlet.example/api/1'/><link rel='alternate' type='application/json' href='/a.json'/>"
                "<link rel='alternate' type='text/html' href='/a'/><link rel='enclosure' href='/a.mp3'/>"
                "<published>2026-01-12T10:00:00+01:00</published><updated>2026-01-13T08:30Z</updated><summary>Kurz.</summary>"
            )
        )
    )

    assert (entry.url, entry.guid) == ("https://outlet.example/a", "tag:outlet.example,2026:1")
    assert (entry.title, entry.summary) == ("KI & Recht", "Kurz.")
    assert entry.published is not None
    assert entry.published.isoformat() == "2026-01-12T10:00:00+01:00"
    assert entry.modified is not None
    assert (entry.modified.isoformat(), entry.modified.precision) == ("2026-01-13T08:30+00:00", Precision.MINUTE)


def test_rdf_item_becomes_entry_published_at_its_dublin_core_date() -> None:
    entry = only(
        read(
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>Outlet</title></channel>'
            '<item rdf:about="https://outlet.example/a"><title>Titolo</title><link>https://outlet.example/a</link>'
            "<dc:date>2026-01-12</dc:date></item></rdf:RDF>"
        )
    )

    assert (entry.url, entry.guid) == ("https://outlet.example/a", "https://outlet.example/a")
    assert entry.published is not None
    assert entry.published.isoformat() == "2026-01-12"
    assert entry.modified is None


def test_date_of_an_update_is_no_date_of_publication() -> None:
    entry = only(read(atom(f"{ALTERNATE}<updated>2026-01-13T08:30:00Z</updated>")))

    assert entry.published is None
    assert entry.modified is not None


def test_json_feed_becomes_entries() -> None:
    found = read(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "Outlet",
                "items": [
                    {
                        "id": 7,
                        "url": "/a#top",
                        "title": "Più <b> & meno",
                        "content_html": "<p>Uno</p><p>due</p>",
                        "date_published": "2026-01-12T10:00:00+01:00",
                        "date_modified": "2026-01-12",
                    },
                    {"id": "https://outlet.example/b", "content_text": "Senza titolo"},
                    {"id": "x", "external_url": "https://elsewhere.example/c"},
                    {"id": "y"},
                    "rubbish",
                    {"id": "z", "url": "/a"},
                ],
            }
        )
    )

    first, second, third = found.entries
    assert (first.url, first.guid, first.title) == ("https://outlet.example/a", "7", "Più & meno")
    assert first.summary == "Uno due"
    assert first.published is not None
    assert first.published.isoformat() == "2026-01-12T10:00:00+01:00"
    assert first.modified is not None
    assert first.modified.isoformat() == "2026-01-12"
    assert (second.url, second.summary) == ("https://outlet.example/b", "Senza titolo")
    assert third.url == "https://elsewhere.example/c"
    assert found.skipped == {"no_link": 2, "same_url": 1}


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ("<link>/a?x=1&amp;y=2</link>", "https://outlet.example/a?x=1&y=2"),
        ("<link> a \n</link>", "https://outlet.example/feeds/a"),
        ("<link>//cdn.example/a</link>", "https://cdn.example/a"),
        ("<link>https://outlet.example/a#comments</link>", "https://outlet.example/a"),
        (
            "<link>https://feeds.example/~r/1</link><f:origLink>https://outlet.example/a</f:origLink>",
            "https://outlet.example/a",
        ),
        ("<guid>https://outlet.example/a</guid>", "https://outlet.example/a"),
        ("<link></link><guid>https://outlet.example/a</guid>", "https://outlet.example/a"),
        ("<guid>https://outlet.example/old</guid><link>https://outlet.example/a</link>", "https://outlet.example/a"),
    ],
)
def test_address_of_an_rss_item(links: str, url: str) -> None:
    assert only(read(rss(links, head='xmlns:f="http://rssnamespace.org/feedburner/ext/1.0"'))).url == url


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("<link href='a'/>", "https://outlet.example/blog/a"),
        ("<link href='../a'/>", "https://outlet.example/a"),
        ("<link xml:base='https://other.example/x/' href='a'/>", "https://other.example/x/a"),
        ("<id>https://outlet.example/a</id>", "https://outlet.example/a"),
    ],
)
def test_address_of_an_atom_entry_is_resolved_against_xml_base(entry: str, url: str) -> None:
    assert only(read(atom(entry, head="xml:base='/blog/'"))).url == url


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("<title>Nothing else</title>", "no_link"),
        ("<guid isPermaLink='false'>https://outlet.example/?p=1</guid>", "no_link"),
        ("<guid>12345</guid>", "no_link"),
        ("<enclosure url='https://outlet.example/a.mp3' type='audio/mpeg' length='1'/>", "no_link"),
        ("<link>javascript:alert(1)</link>", "bad_url"),
        ("<link>https://[bad/</link>", "no_link"),
        ("<link>https://outlet.example:port/</link>", "bad_url"),
        ("<link>mailto:x@outlet.example</link>", "bad_url"),
        (f"<link>https://outlet.example/{'x' * 10_000}</link>", "url_too_long"),
        (f"<link>https://outlet.example/{'🤖' * 180}</link>", "url_too_long"),  # percent-encoded it is
    ],
)
def test_item_without_a_usable_address_is_counted(item: str, reason: str) -> None:
    found = read(rss(item, LINK))

    assert [entry.url for entry in found.entries] == ["https://outlet.example/a"]
    assert found.skipped == {reason: 1}


@pytest.mark.parametrize("guid", ["12345", "/a/1", "tag:outlet.example,2026:1", "HTTPS://Outlet.example/A%7e"])
def test_guid_is_kept_as_it_stands(guid: str) -> None:
    assert only(read(rss(f"{LINK}<guid>{guid}</guid>"))).guid == guid
    assert only(read(atom(f"{ALTERNATE}<id>{guid}</id>"))).guid == guid


def test_guid_too_long_to_keep_is_none() -> None:
    """Cut short it could be that of another article."""
    assert only(read(rss(f"{LINK}<guid isPermaLink='false'>{'x' * 1_001}</guid>"))).guid is None


def test_same_guid_with_two_addresses_is_two_entries_and_the_first_of_an_address_wins() -> None:
    found = read(
        rss(
            "<title>One</title><link>https://outlet.example/1</link><guid isPermaLink='false'>g</guid>",
            "<title>Two</title><link>https://outlet.example/2</link><guid isPermaLink='false'>g</guid>",
            "<title>One again</title><link>https://outlet.example/1</link><guid isPermaLink='false'>h</guid>",
        )
    )

    assert [(entry.title, entry.guid) for entry in found.entries] == [("One", "g"), ("Two", "g")]
    assert found.skipped == {"same_url": 1}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Caf&#233; &#8217;n&#x2019; more", "Café ’n’ more"),
        ("AT&amp;T &amp; Co", "AT&T & Co"),
        ("AT&amp;amp;T", "AT&T"),
        ("L&amp;#8217;AI", "L’AI"),
        ("&lt;b&gt;Bold&lt;/b&gt; &amp;lt;i&amp;gt;move&amp;lt;/i&amp;gt;", "Bold move"),
        ("<![CDATA[<p>One</p><p>t<em>w</em>o</p>]]>", "One two"),
        ("<![CDATA[How to use &lt;div&gt;</span>]]>", "How to use <div>"),
        ("<![CDATA[a<script>alert(1)</script><style>b{}</style><!-- c --> d</b>]]>", "a d"),
        ("1 &lt; 2 and 3 &gt; 2", "1 < 2 and 3 > 2"),
        ("  two\n\tlines\u00a0here ", "two lines here"),
        ("&#55357;&#56832; emoji", "\U0001f600 emoji"),
    ],
)
def test_title_is_text(markup: str, text: str) -> None:
    assert only(read(rss(f"<title>{markup}</title>{LINK}"))).title == text


def test_atom_title_declared_as_text_keeps_its_brackets() -> None:
    assert only(read(atom(f"{ALTERNATE}<title type='text'>The &lt;blink&gt; tag</title>"))).title == "The <blink> tag"


@pytest.mark.parametrize("title", ["", "<title/>", "<title>  </title>", "<title><![CDATA[<img src='x'>]]></title>"])
def test_missing_title_is_none(title: str) -> None:
    assert only(read(rss(title + LINK))).title is None


def test_summary_is_bounded_and_taken_from_the_content_where_there_is_no_other() -> None:
    long = rss(
        f"{LINK}<c:encoded><![CDATA[<p>{'parola ' * 1_000}</p>]]></c:encoded>",
        head='xmlns:c="http://purl.org/rss/1.0/modules/content/"',
    )

    summary = only(read(long)).summary

    assert summary is not None
    assert len(summary) <= 2_000
    assert summary.startswith("parola parola")


@pytest.mark.parametrize(
    "stated", ["", "<pubDate></pubDate>", "<pubDate>2026</pubDate>", "<pubDate>soon</pubDate>",
               "<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", "<pubDate>31 Feb 2026 10:00 GMT</pubDate>"],
)  # fmt: skip
def test_no_date_is_made_up(stated: str) -> None:
    entry = only(read(rss(LINK + stated)))

    assert (entry.published, entry.modified) == (None, None)


@pytest.mark.parametrize(
    ("stated", "read_as", "assumed"),
    [
        ("2026-07-12 10:00:00", "2026-07-12T10:00:00+02:00", True),
        ("12 Jan 2026", "2026-01-12", True),
        ("Lun, 12 Gen 2026 10:00:00 GMT", "2026-01-12T10:00:00+00:00", False),
        ("Κυρ, 11 Ιαν 2026 12:00:00 EST", "2026-01-11T12:00:00-05:00", False),
    ],
)
def test_date_is_read_as_its_publisher_means_it(stated: str, read_as: str, *, assumed: bool) -> None:
    published = only(read(rss(f"{LINK}<pubDate>{stated}</pubDate>"))).published

    assert published is not None
    assert (published.isoformat(), published.zone_assumed) == (read_as, assumed)


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "utf-8", "application/rss+xml"),
        ("utf-8", "iso-8859-1", "application/rss+xml; charset=windows-1252"),
        ("utf-8-sig", "utf-8", "text/xml"),
        ("iso-8859-1", "iso-8859-1", "text/xml"),
        ("windows-1252", "utf-8", "text/xml; charset=utf-8"),
        ("utf-16", "utf-16", "application/xml"),
        ("utf-8", "utf-8", "text/html; charset=utf-8"),
    ],
)
def test_text_is_decoded_by_what_its_bytes_bear_out(encoding: str, declared: str, content_type: str) -> None:
    text = rss(f"<title>“Città” perché €</title>{LINK}").replace("?>", f" encoding='{declared}'?>", 1)
    text = text.replace("€", "è").replace("“", "«").replace("”", "»") if encoding == "iso-8859-1" else text

    title = only(read(text.encode(encoding), content_type=content_type)).title

    assert title in ("“Città” perché €", "«Città» perché è")


def test_characters_that_xml_forbids_do_not_cost_the_feed() -> None:
    found = read(
        rss(
            f"<title>à\x0b\x1f b\x00</title>{LINK}",
            "<title>c &#0; &#xD800; d</title><link>https://outlet.example/b</link>",
        )
    )

    assert [entry.url for entry in found.entries] == ["https://outlet.example/a", "https://outlet.example/b"]
    assert "\0" not in repr(found)
    repr(found).encode("utf-8")


@pytest.mark.parametrize("cut", [20, 60, 100, 140])
def test_feed_cut_off_gives_no_half_address(cut: int) -> None:
    whole = rss(f"<title>A</title>{LINK}", "<title>B</title><link>https://outlet.example/second-article</link>")
    end = whole.index("<title>B") + cut

    found = read(whole[:end])

    assert {entry.url for entry in found.entries} <= {
        "https://outlet.example/a",
        "https://outlet.example/second-article",
    }
    assert "https://outlet.example/a" in {entry.url for entry in found.entries}


def test_warnings_of_a_broken_server_above_the_feed_do_not_hide_it() -> None:
    assert (
        only(read("<br />\n<b>Warning</b>: mysql in <b>/x.php</b><br />\n" + rss(f"<title>A</title>{LINK}"))).title
        == "A"
    )


def test_a_flood_of_blank_lines_does_not_stall_the_reader() -> None:
    """Left to feedparser, these would take over three minutes."""
    feed = rss(f"<title>A</title>{LINK}").replace("?>", "?>" + " \n" * 100_000 + "\n" * 100_000, 1)

    assert only(read(feed)).title == "A"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "feed_empty_body"),
        ("\r\n ", "feed_empty_body"),
        ("<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>", "feed_is_html"),
        ("<html><body><rss>no</rss></body></html>", "feed_is_html"),
        ("<p>Forbidden</p>", "feed_is_html"),
        ("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "feed_is_sitemap"),
        ("<sitemapindex/>", "feed_is_sitemap"),
        ("Forbidden", "feed_unparsable"),
        ("<catalogue/>", "feed_unparsable"),
        ("{", "feed_unparsable"),
        ('{"items": []}', "feed_unparsable"),
        ('{"version": "https://jsonfeed.org/version/1", "items": 3}', "feed_unparsable"),
        ("[" * 100_000, "feed_unparsable"),
        ('{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 100_000, "feed_unparsable"),
    ],
)
def test_what_is_no_feed_says_what_it_is(body: str, expected: str) -> None:
    assert code(body) == expected


def test_failure_inside_feedparser_is_a_parse_error() -> None:
    """A mangled closing tag makes feedparser raise KeyError."""
    body = rss(
        LINK + "</creativeCommons:license>",
        head='xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"',
    )

    assert code(body) == "feed_unparsable"


def test_body_that_names_a_file_or_a_url_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss(f"<title>Secret</title>{LINK}"))

    assert code(str(secret)) == "feed_unparsable"
    assert code("http://127.0.0.1:1/feed") == "feed_unparsable"


def test_empty_feed_is_no_error() -> None:
    assert read(rss()).entries == ()


def test_endless_feed_is_bounded() -> None:
    rows = [{"id": str(number), "url": f"/{number}"} for number in range(ENTRIES_MOST + 3)]

    found = read(json.dumps({"version": "https://jsonfeed.org/version/1", "items": rows}))

    assert len(found.entries) == ENTRIES_MOST
    assert found.skipped == {"over_limit": 3}


def test_discovery_survives_the_sandboxs_pipe() -> None:
    found = read(rss(f"<title>A</title>{LINK}<pubDate>2026-01-12 10:00</pubDate>"))

    assert pickle.loads(pickle.dumps(found)) == found


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=30))
def test_no_text_of_a_feed_makes_an_entry_that_cannot_be_stored(title: str, guid: str, date: str) -> None:
    row = {"id": guid, "url": "/a", "title": title, "date_published": date}

    found = read(json.dumps({"version": "https://jsonfeed.org/version/1", "items": [row]}))

    repr(found).encode("utf-8")
    entry = only(found)
    assert "\0" not in f"{entry.title}{entry.guid}"
    f"{entry.title}{entry.guid}".encode()


@pytest.mark.parametrize(
    ("kind", "body", "url"),
    [
        (SourceKind.FEED, rss(f"<title>A</title>{LINK}"), "https://outlet.example/a"),
        (
            SourceKind.SITEMAP,
            "<urlset><url><loc>https://outlet.example/a</loc></url></urlset>",
            "https://outlet.example/a",
        ),
        (
            SourceKind.NEWS_SITEMAP,
            "<urlset><url><loc>https://outlet.example/a</loc></url></urlset>",
            "https://outlet.example/a",
        ),
        (SourceKind.LISTING, "<html><a href='/a'>A</a><a href='/b'>B</a></html>", "https://outlet.example/a"),
    ],
)
def test_each_kind_of_source_is_read_by_its_own_reader(kind: SourceKind, body: str, url: str) -> None:
    found = discover(kind, body.encode(), url=URL, link_pattern="^/a$", timezone="Europe/Rome", now=NOW)

    assert [entry.url for entry in found.entries] == [url]


@pytest.mark.parametrize(
    "odd", ["9" * 5_000, "1e400000", "[" * 5_000 + '"]"' + "]" * 5_000, '{"[": ' * 5_000 + "1" + "}" * 5_000]
)
def test_item_of_a_json_feed_that_python_takes_no_more_of_costs_no_other(odd: str) -> None:
    items = f'[{{"url": "https://outlet.example/1", "more": {odd}, "title": "One"}}, {{"url": "https://outlet.example/2", "title": "Two"}}]'
    found = read(f'{{"version": "https://jsonfeed.org/version/1.1", "items": {items}}}'.encode())
    assert [(entry.url, entry.title) for entry in found.entries] == [
        ("https://outlet.example/1", "One"),
        ("https://outlet.example/2", "Two"),
    ]
