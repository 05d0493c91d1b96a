"""Sitemaps: urlset, news, index, text and gzip; cut off, mislabelled and hostile ones."""

from __future__ import annotations

import gzip
import pickle
from datetime import UTC, datetime

import pytest

from pipelines.discovery.sitemap import BYTES_MOST, parse_sitemap
from pipelines.errors import ParseError
from pipelines.records import Discovery, Precision, SourceKind

URL = "https://outlet.example/sitemap.xml"
NOW = datetime(2026, 1, 20, tzinfo=UTC)
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = f'{NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'


def read(text: str | bytes, zone: str | None = None) -> Discovery:
    return parse_sitemap(text if isinstance(text, bytes) else text.encode(), url=URL, timezone=zone, now=NOW)


def urls(discovery: Discovery) -> list[str]:
    return [entry.url for entry in discovery.entries]


def code(body: str | bytes) -> str:
    with pytest.raises(ParseError) as raised:
        read(body)
    return raised.value.code


def test_urlset_gives_addresses_and_dates_of_change() -> None:
    found = read(
        f'<?xml version="1.0"?><urlset {NS}>'
        "<url><loc>https://outlet.example/a?x=1&amp;utm_source=s</loc><lastmod>2026-01-12</lastmod></url>"
        "<url><loc> https://outlet.example/b </loc><lastmod>2026-01-12T10:00:00+01:00</lastmod></url>"
        "<url><loc>https://outlet.example/c</loc></url></urlset>"
    )

    assert found.kind is SourceKind.SITEMAP
    assert urls(found) == [
        "https://outlet.example/a?x=1&utm_source=s",
        "https://outlet.example/b",
        "https://outlet.example/c",
    ]
    stated = [(entry.modified.isoformat(), entry.modified.precision) for entry in found.entries if entry.modified]
    assert stated == [("2026-01-12", Precision.DAY), ("2026-01-12T10:00:00+01:00", Precision.SECOND)]
    assert found.entries[2].modified is None
    assert all(entry.published is None for entry in found.entries)


def test_news_sitemap_gives_title_and_date_of_publication() -> None:
    found = read(
        f"<urlset {NEWS}><url><loc>https://outlet.example/a</loc><news:news>"
        "<news:publication><news:name>Outlet</news:name><news:language>it</news:language></news:publication>"
        "<news:publication_date>2026-01-12T10:00:00</news:publication_date>"
        "<news:title>L&amp;#8217;AI &lt;div&gt; &amp;amp; noi</news:title></news:news>"
        "<image:image><image:loc>https://outlet.example/i.jpg</image:loc><image:title>A picture</image:title></image:image>"
        "</url></urlset>",
        "Europe/Rome",
    )

    (entry,) = found.entries
    assert found.kind is SourceKind.NEWS_SITEMAP
    assert entry.url == "https://outlet.example/a"
    assert entry.title == "L’AI <div> & noi"
    assert entry.published is not None
    assert (entry.published.isoformat(), entry.published.zone_assumed) == ("2026-01-12T10:00:00+01:00", True)


def test_picture_ahead_of_the_address_is_not_taken_for_it() -> None:
    found = read(
        f"<urlset {NEWS}><url><image:image><image:loc>https://outlet.example/i.jpg</image:loc></image:image>"
        "<loc>https://outlet.example/a</loc></url></urlset>"
    )

    assert urls(found) == ["https://outlet.example/a"]


def test_index_gives_its_sitemaps_the_newest_first() -> None:
    found = read(
        f"<sitemapindex {NS}>"
        "<sitemap><loc>https://outlet.example/1.xml</loc><lastmod>2026-01-01</lastmod></sitemap>"
        "<sitemap><loc>https://outlet.example/2.xml</loc></sitemap>"
        "<sitemap><loc>/3.xml.gz</loc><lastmod>2026-01-12T08:00:00Z</lastmod></sitemap>"
        f"<sitemap><loc>{URL}</loc></sitemap></sitemapindex>"
    )

    assert found.entries == ()
    assert found.nested == tuple(f"https://outlet.example/{name}" for name in ("3.xml.gz", "1.xml", "2.xml"))


def test_gzip_is_unpacked_also_twice() -> None:
    body = f"<urlset {NS}><url><loc>https://outlet.example/a</loc></url></urlset>".encode()

    assert urls(read(gzip.compress(body))) == ["https://outlet.example/a"]
    assert urls(read(gzip.compress(gzip.compress(body)))) == ["https://outlet.example/a"]


def test_gzip_bomb_is_refused() -> None:
    assert code(gzip.compress(b" " * (BYTES_MOST + 1))) == "sitemap_unparsable"


def test_damaged_gzip_is_refused() -> None:
    assert code(b"\x1f\x8b\x08\x00rubbish rubbish") == "sitemap_unparsable"


def test_list_of_addresses_is_a_sitemap() -> None:
    found = read("\ufeffhttps://outlet.example/a\r\nhttps://outlet.example/b\r\nhttps://outlet.example/a\r\n")

    assert urls(found) == ["https://outlet.example/a", "https://outlet.example/b"]
    assert found.skipped == {"same_url": 1}


def test_file_cut_off_keeps_what_it_holds_whole() -> None:
    """The last address of what was read may be half of one."""
    whole = f"<urlset {NS}><url><loc>https://outlet.example/a</loc></url><url><loc>https://outlet.example/article</loc></url>"
    for cut in ("", "<url><loc>https://outlet.example/ar", "<ur"):
        found = read(whole + cut)

        assert set(urls(found)) <= {"https://outlet.example/a", "https://outlet.example/article"}
        assert "https://outlet.example/a" in urls(found)
        assert found.skipped == {"broken_off": 1}


@pytest.mark.parametrize(
    ("location", "read_as"),
    [
        ("https://outlet.example/?a=1&b=2", "https://outlet.example/?a=1&b=2"),
        ("https://outlet.example/?a=1&amp;b=2", "https://outlet.example/?a=1&b=2"),
        ("<![CDATA[https://outlet.example/?a=1&b=2]]>", "https://outlet.example/?a=1&b=2"),
        ("/relative", "https://outlet.example/relative"),
        ("https://outlet.example/caffè", "https://outlet.example/caffè"),
        ("https://outlet.example/a#b", "https://outlet.example/a"),
    ],
)
def test_address_is_read_as_it_is_meant(location: str, read_as: str) -> None:
    assert urls(read(f"<urlset {NS}><url><loc>{location}</loc></url></urlset>")) == [read_as]


def test_what_cannot_be_used_is_counted() -> None:
    found = read(
        f"<urlset {NS}><url><loc></loc></url><url><lastmod>2026-01-12</lastmod></url><url><loc>ftp://x/</loc></url>"
        "<url><loc>https://outlet.example/a</loc></url><url><loc>https://outlet.example/a</loc></url></urlset>"
    )

    assert urls(found) == ["https://outlet.example/a"]
    assert found.skipped == {"no_link": 2, "bad_url": 1, "same_url": 1}


def test_address_with_bytes_that_are_no_text_is_not_used() -> None:
    assert read(b"<urlset><url><loc>https://outlet.example/\xff\xfe</loc></url></urlset>").skipped == {"bad_url": 1}


@pytest.mark.parametrize(
    "body",
    [
        "<urlset><url><loc>https://outlet.example/a</loc></url></urlset>",
        f"\n\n<?xml version='1.0'?><urlset {NS}><url><loc>https://outlet.example/a</loc></url></urlset>",
        "<s:urlset xmlns:s='http://www.sitemaps.org/schemas/sitemap/0.9'><s:url><s:loc>https://outlet.example/a</s:loc></s:url></s:urlset>",
        f"<urlset {NS}><url><loc>https://outlet.example/a</loc><news:news><news:title>T</news:title></news:news></url></urlset>",
        f"<!-- <html> --><urlset {NS}><url><loc>https://outlet.example/a</loc></url></urlset>",
    ],
)
def test_sloppy_xml_is_read_all_the_same(body: str) -> None:
    assert urls(read(body)) == ["https://outlet.example/a"]


def test_utf16_is_read() -> None:
    body = (
        f"<?xml version='1.0' encoding='utf-16'?><urlset {NS}><url><loc>https://outlet.example/è</loc></url></urlset>"
    )

    assert urls(read(body.encode("utf-16"))) == ["https://outlet.example/è"]


def test_empty_urlset_is_no_error() -> None:
    assert read(f"<urlset {NS}/>").entries == ()
    assert read(f"<urlset {NS}/>").skipped == {}


def test_declared_entities_are_refused() -> None:
    assert code('<!DOCTYPE u [<!ENTITY a "x">]><urlset><url><loc>https://outlet.example/&a;</loc></url></urlset>') == (
        "sitemap_unparsable"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "sitemap_empty_body"),
        (" \n", "sitemap_empty_body"),
        ("<!doctype html><html><body>Just a moment…</body></html>", "sitemap_is_html"),
        ("<rss version='2.0'><channel></channel></rss>", "sitemap_is_feed"),
        ("<catalogue><book/></catalogue>", "sitemap_unparsable"),
        ("Service unavailable", "sitemap_unparsable"),
        ("<", "sitemap_unparsable"),
    ],
)
def test_what_is_no_sitemap_says_what_it_is(body: str, expected: str) -> None:
    assert code(body) == expected


def test_largest_sitemap_allowed_is_read_and_more_is_counted() -> None:
    rows = "".join(f"<url><loc>https://outlet.example/{number}</loc></url>" for number in range(50_001))

    found = read(f"<urlset {NS}>{rows}</urlset>")

    assert len(found.entries) == 50_000
    assert found.skipped == {"over_limit": 1}


def test_discovery_survives_the_sandboxs_pipe() -> None:
    found = read(
        f"<urlset {NS}><url><loc>https://outlet.example/a</loc><lastmod>2026-01-12</lastmod></url></urlset>",
        "Europe/Rome",
    )

    assert pickle.loads(pickle.dumps(found)) == found
