"""Naughty strings in every place where an outlet's words go into Postgres: stored, cleaned or refused; neighbours land.

The list is minimaxir's big-list-of-naughty-strings; what it can't hold itself (NUL, halves of surrogate pairs) is added.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from pydantic import ValidationError

from crawler.outlets import Outlet
from crawler.spiders.base import OutletSpider
from crawler.spiders.sources import claims_of
from pipelines.discovery import discover
from pipelines.discovery.entries import plain
from pipelines.errors import ExtractError
from pipelines.identity import canonical_url, claim_fingerprint, content_hash
from pipelines.ingest import configure, fit, ingest
from pipelines.records import (
    Attribution,
    Discovery,
    Entry,
    Extraction,
    Field,
    Ingested,
    Origin,
    Page,
    Precision,
    Reason,
    Relevance,
    RemovedBlock,
    SourceKind,
    When,
)
from pipelines.storable import REPLACEMENT, clean, clean_record, fits
from pipelines.store import articles, captures, entries, hosts, runs, sources
from pipelines.store.claims import Claim, write_claims
from pipelines.store.database import Database
from pipelines.store.entries import Disposition, Work
from pipelines.store.sources import OutletRow

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
SITE = "https://news.example"
HARMLESS = "The foundry delays glass substrates by a year because panels warped during soldering and failed tests."
OURS = (
    "\x00", "a\x00b", "\ud800", "\udfff\ud800", "half \ud83e a robot", "a whole \ud83e\udd16", "\\u0000", "\\ud800",
    REPLACEMENT, "\ufdd0\uffff", "\x1b[31mred\x1b[0m", "漢" * 3_000, "x" * 10_000, "1e400000", "[" * 5_000,
)  # fmt: skip


@pytest.fixture(scope="module")
def naughty(shared: Path) -> tuple[str, ...]:
    listed = json.loads((shared / "data/corpora/blns/blns.json").read_text(encoding="utf-8"))
    assert len(listed) == 515
    return (*listed, *OURS)


@pytest.fixture(scope="module", autouse=True)
def _configured() -> Iterator[None]:
    from pipelines import ingest as stage

    configure(str(Path(__file__).resolve().parents[2] / "config"))
    yield
    stage._knowledge.clear()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as opened:
        async with opened.transaction() as connection:
            await sources.sync(connection, [row(outlet("Example"))], NOW)
        yield opened


def outlet(name: str, slug: str = "example") -> Outlet:
    return Outlet.model_validate(
        {
            "slug": slug,
            "name": name,
            "homepage": SITE,
            "language": "en",
            "timezone": "UTC",
            "policy": "scrape",
            "source": [{"kind": "feed", "url": f"{SITE}/{slug}"}],
        }
    )


def row(one: Outlet) -> OutletRow:
    return OutletRow(
        slug=one.slug,
        name=one.name,
        homepage=one.homepage,
        language=one.language,
        policy=one.policy,
        definition=one.model_dump(mode="json", by_alias=True),
        sources=tuple((source.kind, source.url, "news.example") for source in one.sources),
    )


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.transaction() as connection:
        return list(await (await connection.execute(query.encode())).fetchall())


async def poll(database: Database, discovery: Discovery) -> list[Claim]:
    """What a poll's discovery becomes, all in one transaction; and the claims."""
    claims = claims_of(discovery, OutletSpider(outlet("Example")))
    async with database.transaction() as connection:
        source = (await sources.due_sources(connection, "news.example", NOW))[0]
        await write_claims(connection, source_id=source.id, outlet="example", claims=claims, now=NOW)
    return claims


# -- articles ------------------------------------------------------------------------------------------------------


def said_everywhere(said: str, url: str) -> Ingested:
    """An article that says it in every field."""

    def field(value: str) -> Field[str]:
        return Field(value=value, origin=Origin.JSON_LD, disagreeing=((Origin.META, said),))

    page = Page(url=url, body=b"", fetched_at=NOW)
    extraction = Extraction(
        url=url,
        canonical_url=None,
        title=field(said),
        standfirst=field(said),
        byline=field(said),
        authors=Field(value=(said, "Anna Rossi"), origin=Origin.JSON_LD),
        published=Field(value=When(instant=NOW, precision=Precision.MINUTE), origin=Origin.META),
        modified=None,
        language=field(said),
        section=field(said),
        image=field(said),
        paywalled=None,
        rights=field(said),
        text=f"{HARMLESS} {said}",
        markdown=said,
        removed=(RemovedBlock(text=said, reason=Reason.PROMO, rule=said, position=0),),
        kept=(),
        second_opinion=False,
    )
    extraction = fit(extraction, page)
    credit = clean_record(Attribution(credited=said, form="told", evidence=said, confidence=0.5))
    return Ingested(
        extraction=extraction,
        attributions=(credit,),
        relevance=Relevance(relevant=False, score=0.0, why=(clean(said),)),
        content_hash=content_hash(extraction),
    )


async def store(database: Database, batch: Sequence[tuple[str, Ingested]], guid: str | None = None) -> None:
    async with database.transaction() as connection:
        for key, found in batch:
            await articles.store(
                connection,
                outlet="example",
                ingested=found,
                claimed_key=key,
                guid=guid,
                capture_sha256=hashlib.sha256(b"page").digest(),
                now=NOW,
            )


async def test_articles_are_stored_as_they_are_or_cleaned_and_flagged(
    database: Database, naughty: tuple[str, ...]
) -> None:
    urls = {f"{SITE}/n/{n}": said for n, said in enumerate(naughty)}
    everything = [(url, said_everywhere(said, url)) for url, said in urls.items()]
    for start in range(0, len(everything), 50):
        await store(database, everything[start : start + 50])
    flagged = ["authors", "byline", "image", "language", "provenance", "removed_block", "rights", "section", "standfirst",
               "text", "title"]  # fmt: skip
    found = await rows(
        database,
        """
        SELECT a.url, r.title, r.standfirst, r.byline, r.authors[1], r.language, r.section, r.image, r.rights,
               substr(r.text, length(%s) + 2), b.text, b.rule, t.credited, t.evidence,
               r.provenance -> 'title' -> 'disagreeing' -> 0 ->> 'value', r.cleaned
        FROM news.article a JOIN news.revision r ON r.article_id = a.id
        JOIN news.removed_block b ON b.article_id = a.id JOIN news.attribution t ON t.article_id = a.id
        """.replace("%s", f"'{HARMLESS}'"),
    )
    assert len(found) == len(naughty)
    for url, *stored, cleaned in found:
        said = urls[str(url)]
        mended = clean(said)
        assert stored == [mended] * len(stored), ascii(said[:99])
        # An empty page has no U+FFFD of its own: wherever one stands, something was replaced.
        assert cleaned == (flagged if REPLACEMENT in mended else []), ascii(said[:99])


def page_that_says(said: str, n: int, *, escaped: bool) -> Page:
    """In a headline, a paragraph, JSON-LD, a link, what is removed, the sentence of a credit; raw, it may be markup."""
    html = (escape(said) if escaped else said).encode("utf-8", "surrogatepass")
    about = {"@type": "NewsArticle", "headline": f"Number {n}: {said}", "author": said, "articleSection": said}
    told = json.dumps(about).replace("</", "<\\/").encode()
    body = b"".join(
        [
            b"<html lang=en><head><script type='application/ld+json'>", told, b"</script></head><body><article><h1>Number ",
            str(n).encode(), b": ", html, b"</h1><p class=byline>By ", html, b"</p><p>", HARMLESS.encode(), b" ", html,
            b"</p><p>According to Reuters, panels warped ", html, b" in May and again in September of the same year.</p>",
            b"<p><a href='/", html, b"'>", html, b"</a></p><p>Read also: ", html, b"</p></article></body></html>",
        ]
    )  # fmt: skip
    return Page(url=f"{SITE}/p/{n}", body=body, fetched_at=NOW)


@pytest.mark.slow
async def test_pages_that_say_them_land_with_their_neighbours(database: Database, naughty: tuple[str, ...]) -> None:
    """Raw markup may hide the rest of its page: that one is refused with a reason, and lands once it is escaped."""
    refused = set()
    for n, said in enumerate(naughty):
        try:
            found = ingest(page_that_says(said, n, escaped=False))
        except ExtractError as error:
            refused.add(error.code)
            found = ingest(page_that_says(said, n, escaped=True))
        url = found.extraction.url
        await store(database, [(url, found), (f"{url}/next", said_everywhere("harmless", f"{url}/next"))])
    assert refused <= {"no_article"}
    assert await rows(database, "SELECT count(*) FROM news.article") == [(2 * len(naughty),)]
    unflagged = await rows(
        database,
        f"""
        SELECT a.url FROM news.article a JOIN news.revision r ON r.article_id = a.id
        WHERE a.title LIKE '%{REPLACEMENT}%' AND NOT 'title' = ANY (r.cleaned)
        """,
    )
    assert unflagged == [(f"{SITE}/p/{naughty.index(REPLACEMENT)}",)]  # the publisher's own


# -- claims --------------------------------------------------------------------------------------------------------


async def test_claims_of_any_words_land_together(database: Database, naughty: tuple[str, ...]) -> None:
    said = tuple(Entry(url=f"{SITE}/c/{n}", title=one, summary=one, guid=one) for n, one in enumerate(naughty))
    assert len(await poll(database, Discovery(kind=SourceKind.FEED, entries=said))) == len(naughty)
    found = {url: stored for url, *stored in await rows(database, "SELECT url, title, summary, guid FROM aiwire.entry")}
    for n, one in enumerate(naughty):
        title, summary, guid = found[f"{SITE}/c/{n}"]
        assert (title, summary) == (clean(one), clean(one))
        # An identifier is taken as it stands, or not at all.
        assert guid is None or (guid == one.strip() and fits(one))


async def test_every_guid_that_is_taken_can_be_the_key_of_an_article(
    database: Database, naughty: tuple[str, ...]
) -> None:
    longest = [
        "".join(chr(0x4E00 + (n * 7_919 + k * 104_729) % 20_000) for n in range(size))
        for k, size in ((1, 333), (2, 334))
    ]
    said = tuple(Entry(url=f"{SITE}/g/{n}", guid=one) for n, one in enumerate((*naughty[::10], *OURS, *longest)))
    claims = await poll(database, Discovery(kind=SourceKind.FEED, entries=said))
    guids = [claim.entry.guid for claim in claims]
    assert (guids[-2], guids[-1]) == (longest[0], None)  # 999 and 1,002 bytes
    for claim in claims:
        await store(database, [(claim.url_key, said_everywhere(claim.url_key, claim.url_key))], claim.entry.guid)
    assert await rows(database, "SELECT count(*) FROM aiwire.article_url WHERE kind = 'guid'") == [
        (len({guid for guid in guids if guid}),)
    ]


async def test_addresses_land_or_are_refused_and_take_no_neighbour_along(
    database: Database, naughty: tuple[str, ...]
) -> None:
    said = (*(Entry(url=f"{SITE}/{one}?a={one}") for one in naughty), *(Entry(url=one) for one in naughty))
    harmless = Entry(url=f"{SITE}/harmless")
    claims = await poll(database, Discovery(kind=SourceKind.FEED, entries=(*said, harmless)))
    keys = {str(key): str(url) for key, url in await rows(database, "SELECT url_key, url FROM aiwire.entry")}
    assert len(keys) == len({claim.url_key for claim in claims}) > 400
    assert keys[f"{SITE}/harmless"] == harmless.url
    for key, url in keys.items():
        assert canonical_url(url) == key  # what is fetched is what was announced
    assert max(map(len, keys)) <= 2_083


@pytest.mark.parametrize("kind", ["json feed", "feed", "listing"])
async def test_sources_that_say_them_bring_every_other_entry(
    database: Database, naughty: tuple[str, ...], kind: str
) -> None:
    links = [f"{SITE}/s/article-number-{n}" for n in range(len(naughty))]
    if kind == "json feed":
        items = [
            {"id": one, "url": link, "title": one, "summary": one} for link, one in zip(links, naughty, strict=True)
        ]
        body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": naughty[0], "items": items}).encode()
    else:
        start, item, end = {
            "feed": (
                "<rss version='2.0'><channel>",
                "<item><link>{}</link><title>{}</title></item>",
                "</channel></rss>",
            ),
            "listing": ("<html><body><main>", "<h2><a href='{}'>{}</a></h2>", "</main></body></html>"),
        }[kind]
        # Raw bytes of what no text can hold are for the tests of broken feeds: here they are references.
        said = [
            escape(one.encode("ascii", "xmlcharrefreplace").decode(), quote=True).replace("&amp;#", "&#")
            for one in naughty
        ]
        body = (start + "".join(item.format(link, one) for link, one in zip(links, said, strict=True)) + end).encode()
    discovery = discover(
        SourceKind.LISTING if kind == "listing" else SourceKind.FEED,
        body,
        url=f"{SITE}/source",
        link_pattern="^/s/",
        timezone="UTC",
        now=NOW,
    )
    await poll(database, discovery)
    found = {str(url): title for url, title in await rows(database, "SELECT url, title FROM aiwire.entry")}
    assert set(found) == set(links)
    if kind == "json feed":
        assert [found[link] for link in links] == [plain(one, markup=False) for one in naughty]


# -- what is told --------------------------------------------------------------------------------------------------


async def test_messages_headers_and_rules_of_robots_are_written(database: Database, naughty: tuple[str, ...]) -> None:
    await poll(database, Discovery(kind=SourceKind.FEED, entries=tuple(Entry(url=f"{SITE}/{n}") for n in range(3))))
    async with database.transaction() as connection:
        source = (await sources.due_sources(connection, "news.example", NOW))[0].id
        settled, retried, captured = await entries.due(connection, "news.example", NOW, most=3)
        for said in naughty:
            page = Page(
                url=captured.url,
                body=b"x",
                fetched_at=NOW,
                headers=(("ETag", said), ("Last-Modified", said), (said, said)),
            )
            await captures.save(connection, captured.id, page)
            await entries.settle(connection, settled.id, Disposition.FAILED, now=NOW, reason="unexpected", message=said)
            await entries.retry(connection, retried.id, at=NOW, reason="unexpected", message=said)
            await sources.polled(
                connection, source, now=NOW, next_poll_at=NOW, state="empty", validators=(said, said), message=said
            )
            await hosts.hold(connection, "news.example", until=NOW, reason=said)
            await hosts.save_robots(
                connection, "news.example", robots={"rules": [[True, said]]}, status="ok", until=NOW
            )
            await runs.record(connection, run(said))
            assert await written(connection, settled, retried, source) == [clean(said)] * 7, ascii(said[:99])
            await sources.poll_failed(
                connection, source, now=NOW, next_poll_at=NOW, state="broken", code="feed_unparsable", message=said
            )
    assert await rows(database, "SELECT count(*) FROM aiwire.capture") == [(len(naughty),)]


def run(message: str) -> runs.Run:
    return runs.Run(
        host="news.example", started_at=NOW, ended_at=NOW, outcome="host_away", polls=0, fetched=0, stored=0, failed=1,
        message=message,
    )  # fmt: skip


async def written(connection: entries.Connection, settled: Work, retried: Work, source: int) -> list[object]:
    """What stands in the places of messages now; validators are as they came, or none."""
    cursor = await connection.execute(
        """
        SELECT (SELECT message FROM aiwire.entry WHERE id = %s), (SELECT message FROM aiwire.entry WHERE id = %s),
               s.error_message, coalesce(s.etag, s.error_message), h.hold_reason, h.robots -> 'rules' -> 0 ->> 1,
               (SELECT message FROM aiwire.run ORDER BY id DESC LIMIT 1)
        FROM aiwire.source s JOIN aiwire.host h ON h.name = s.host WHERE s.id = %s
        """,
        (settled.id, retried.id, source),
    )
    return list(await cursor.fetchone() or ())


# -- outlets -------------------------------------------------------------------------------------------------------


async def test_names_of_outlets_are_taken_as_they_stand_or_refused(
    database: Database, naughty: tuple[str, ...]
) -> None:
    taken: dict[str, Outlet] = {}
    refused = {}
    for n, name in enumerate(naughty):
        try:
            taken[name] = outlet(name, slug=f"n-{n}")
        except ValidationError as error:
            refused[name] = [problem["loc"] for problem in error.errors()]
    assert all(len(name) <= 200 and fits(name) and "\n" not in name for name in taken)
    assert {"\x00", "a\x00b", "half \ud83e a robot", "", "\x1b[31mred\x1b[0m", "漢" * 3_000} <= set(refused)
    assert all(places == [("name",)] for places in refused.values())
    assert len(taken) > 400
    async with database.transaction() as connection:
        await sources.sync(connection, [row(one) for one in taken.values()], NOW)
    found = dict(await rows(database, "SELECT outlet, name FROM news.outlet WHERE outlet LIKE 'n-%'"))
    assert found == {one.slug: name for name, one in taken.items()}


def test_fingerprint_of_a_claim_takes_any_words(naughty: tuple[str, ...]) -> None:
    assert all(claim_fingerprint(Entry(url=SITE, title=one, summary=one)) for one in naughty)
