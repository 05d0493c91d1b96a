"""What is learned of an outlet's pages, on a real Postgres: repeated blocks, whose change a revision is, drift."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from pipelines.drift import Figures
from pipelines.identity import block_fingerprint, canonical_url, claim_fingerprint, content_hash
from pipelines.records import (
    Entry,
    Extraction,
    Field,
    Ingested,
    KeptBlock,
    Origin,
    Page,
    Reason,
    Relevance,
    RemovedBlock,
)
from pipelines.repetition import Limits, seen_blocks
from pipelines.store import articles, captures, drift, entries, re_extraction, repetition, sources
from pipelines.store.arrivals import Doubt, ReadAgain, Stored
from pipelines.store.claims import Claim, write_claims
from pipelines.store.database import Database
from pipelines.store.entries import Disposition
from pipelines.store.migrate import migrate
from pipelines.store.revisions import Reading
from pipelines.store.sources import OutletRow

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
SITE = "https://news.example"
PLAIN = Reading()
PROMO = "Every Friday our editors send you the five stories that mattered most. Sign up and never miss one again."
DISCLOSURE = (
    "The Example is owned by a foundation. It has no say in what we write. We tell it whenever it is concerned."
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=4) as opened:
        async with opened.transaction() as connection:
            await sources.sync(connection, [OUTLET], NOW)
        yield opened


OUTLET = OutletRow(
    slug="example",
    name="Example",
    homepage=SITE,
    language="en",
    policy="scrape",
    definition={"name": "Example"},
    sources=(("feed", f"{SITE}/feed", "news.example"),),
)


def own(n: int) -> list[str]:
    return [
        f"Paragraph {part} of article {n}, which tells at some length what article {n} alone has to say."
        for part in "abc"
    ]


def ingested(path: str, *blocks: str, removed: tuple[str, ...] = (), title: str = "A title") -> Ingested:
    extraction = Extraction(
        url=f"{SITE}{path}",
        canonical_url=None,
        title=Field(value=title, origin=Origin.HEADING),
        standfirst=None,
        byline=None,
        authors=None,
        published=None,
        modified=None,
        language=None,
        section=None,
        image=None,
        paywalled=None,
        rights=Field(value="https://creativecommons.org/licenses/by/4.0/", origin=Origin.JSON_LD),
        markdown="\n\n".join(blocks),
        kept=tuple(KeptBlock(text=text, position=n) for n, text in enumerate(blocks)),
        second_opinion=True,
        text="\n".join(blocks),
        removed=tuple(
            RemovedBlock(text=text, reason=Reason.REPEATED, rule="repeated", position=100 + n)
            for n, text in enumerate(removed)
        ),
    )
    relevance = Relevance(relevant=False, score=0.0, why=())
    return Ingested(
        extraction=extraction,
        attributions=(),
        relevance=relevance,
        content_hash=content_hash(extraction),
        seen=seen_blocks(extraction),
    )


async def captured(database: Database, path: str, body: bytes = b"page") -> int:
    """An entry with a kept page; its id."""
    entry = Entry(url=f"{SITE}{path}")
    key = canonical_url(entry.url)
    made = Claim(entry=entry, url_key=key, host="news.example", fingerprint=claim_fingerprint(entry))
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT id FROM aiwire.source")).fetchone()
        assert row is not None
        await write_claims(connection, source_id=row[0], outlet="example", claims=[made], now=NOW)
        found = await (await connection.execute("SELECT id FROM aiwire.entry WHERE url_key = %s", (key,))).fetchone()
        assert found is not None
        await captures.save(connection, found[0], Page(url=entry.url, body=body, fetched_at=NOW))
    return int(found[0])


async def store(
    database: Database, found: Ingested, *, reading: Reading = PLAIN, body: bytes = b"page", **more: Any
) -> Stored:
    """Store it as a visit would, with its page."""
    path = found.extraction.url.removeprefix(SITE)
    entry_id = await captured(database, path, body)
    async with database.transaction() as connection:
        stored = await articles.store(
            connection,
            outlet="example",
            ingested=found,
            claimed_key=canonical_url(found.extraction.url),
            guid=None,
            capture_sha256=hashlib.sha256(body).digest(),
            now=NOW,
            reading=reading,
            **more,
        )
        assert isinstance(stored, Stored)
        await entries.settle(connection, entry_id, Disposition.STORED, now=NOW, article_id=stored.article_id)
    return stored


async def rows(database: Database, query: str) -> list[Any]:
    async with database.transaction() as connection:
        found = await (await connection.execute(query.encode())).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


async def learned(database: Database) -> frozenset[bytes]:
    async with database.transaction() as connection:
        return await repetition.learned(connection, "example")


# -- repetition ------------------------------------------------------------------------------------------------------


async def test_block_of_three_articles_is_learned_and_the_first_ones_are_put_down_to_be_read_again(
    database: Database,
) -> None:
    ids = []
    for n in range(3):
        assert await learned(database) == frozenset()
        stored = await store(database, ingested(f"/{n}", *own(n), PROMO))
        ids.append(stored.article_id)
    assert stored.learned.repeated == (PROMO,)
    assert await learned(database) == {block_fingerprint(PROMO)}
    async with database.transaction() as connection:
        assert set(await re_extraction.due(connection, "news.example", NOW, most=9)) == set(ids)


async def test_what_is_taken_out_goes_on_being_seen(database: Database) -> None:
    for n in range(3):
        await store(database, ingested(f"/{n}", *own(n), PROMO))
    reading = Reading(repeated=await learned(database))
    await store(database, ingested("/3", *own(3), removed=(PROMO,)), reading=reading)
    assert await rows(
        database, "SELECT articles, last_place FROM aiwire.block_sighting WHERE learned_at IS NOT NULL"
    ) == [(4, 4)]
    assert len(await rows(database, "SELECT article_id FROM aiwire.re_extraction")) == 3


async def test_neither_a_second_capture_nor_a_revision_counts(database: Database) -> None:
    for edit in range(4):
        await store(
            database, ingested("/0", *own(0), PROMO, f"Update {edit}: more is known by now."), body=bytes([edit])
        )
    await store(database, ingested("/1", *own(1), PROMO))
    assert await rows(database, "SELECT max(articles) FROM aiwire.block_sighting") == [2]


async def test_reprint_under_other_addresses_teaches_nothing(database: Database) -> None:
    for path in ("/a", "/b", "/c", "/d"):
        await store(database, ingested(path, *own(1), PROMO, title=f"Reprint {path}"))
    assert await rows(database, "SELECT count(*) FROM news.article") == [4]
    assert await rows(database, "SELECT max(articles) FROM aiwire.block_sighting") == [1]


async def test_sub_headline_that_recurs_in_texts_is_kept(database: Database) -> None:
    for n in range(12):
        first, second, third = own(n)
        await store(database, ingested(f"/{n}", first, "Conclusioni", second, third))
    assert await learned(database) == frozenset()


async def test_shared_block_is_never_learned_and_is_forgotten_where_it_was(database: Database) -> None:
    exempt = Reading(shared=frozenset({block_fingerprint(DISCLOSURE)}))
    for n in range(4):
        await store(database, ingested(f"/{n}", *own(n), DISCLOSURE), reading=exempt)
    assert await learned(database) == frozenset()
    for n in range(4, 7):
        await store(database, ingested(f"/{n}", *own(n), DISCLOSURE))
    assert await learned(database) == {block_fingerprint(DISCLOSURE)}
    stored = await store(database, ingested("/7", *own(7), DISCLOSURE), reading=exempt)
    assert stored.learned.forgotten == (DISCLOSURE,)
    assert await learned(database) == frozenset()


async def test_sentence_that_turns_out_to_stand_within_texts_is_given_back(database: Database) -> None:
    reply = "The company did not reply to a request for comment by the time of publication."
    ids = [(await store(database, ingested(f"/{n}", *own(n), reply))).article_id for n in range(3)]
    assert await learned(database) == {block_fingerprint(reply)}
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM aiwire.re_extraction")
    reading = Reading(repeated=await learned(database))
    for n in range(3, 65):
        # Taken out of the middle: its place among the page's blocks tells.
        found = ingested(f"/{n}", *own(n), removed=(reply,) if n % 20 == 0 else ())
        stored = await store(database, _moved(found, reply, 1), reading=reading)
        ids += [stored.article_id] if n % 20 == 0 else []
        if stored.learned:
            break
    assert stored.learned.forgotten == (reply,)
    assert await learned(database) == frozenset()
    assert set(await rows(database, "SELECT article_id FROM aiwire.re_extraction")) == set(ids)


def _moved(found: Ingested, text: str, position: int) -> Ingested:
    """The same with a removed block at another place; kept blocks keep theirs, with room between them."""
    extraction = found.extraction
    kept = tuple(replace(block, position=2 * block.position) for block in extraction.kept)
    removed = tuple(replace(block, position=position) for block in extraction.removed if block.text == text)
    moved = replace(extraction, kept=kept, removed=removed)
    return replace(found, extraction=moved, seen=seen_blocks(moved))


async def test_block_that_the_outlet_dropped_is_forgotten(database: Database) -> None:
    reading = Reading(limits=Limits(window=10))
    for n in range(3):
        await store(database, ingested(f"/{n}", *own(n), PROMO), reading=reading)
    for n in range(3, 12):
        await store(database, ingested(f"/{n}", *own(n)), reading=reading)
        assert await learned(database) == {block_fingerprint(PROMO)}
    assert (await store(database, ingested("/12", *own(12)), reading=reading)).learned.forgotten == (PROMO,)
    assert await learned(database) == frozenset()


async def test_what_was_seen_long_ago_is_not_kept(database: Database) -> None:
    reading = Reading(limits=Limits(window=10))
    for n in range(40):
        await store(database, ingested(f"/{n}", *own(n)), reading=reading)
    assert await rows(database, "SELECT count(*), min(last_place) FROM aiwire.block_sighting") == [(30, 31)]


async def test_article_read_before_a_block_was_learned_is_put_down_too(database: Database) -> None:
    """Another host of the outlet learned it between this page's reading and its storing."""
    for n in range(3):
        await store(database, ingested(f"/{n}", *own(n), PROMO))
    late = await store(database, ingested("/3", *own(3), PROMO), reading=Reading(repeated=frozenset()))
    assert late.article_id in await rows(database, "SELECT article_id FROM aiwire.re_extraction")


async def test_articles_that_arrive_at_once_are_counted_one_by_one(database: Database) -> None:
    found = await asyncio.gather(*(store(database, ingested(f"/{n}", *own(n), PROMO)) for n in range(8)))
    assert sum(bool(stored.learned) for stored in found) == 1
    assert await rows(database, "SELECT articles FROM aiwire.block_sighting WHERE learned_at IS NOT NULL") == [8]
    waiting = await rows(database, "SELECT article_id FROM aiwire.re_extraction")
    assert set(waiting) == {stored.article_id for stored in found}, "none was read with what the third taught"


async def test_revision_read_before_a_block_was_learned_is_put_down_too(database: Database) -> None:
    edited = await store(database, ingested("/9", *own(9)))
    for n in range(3):
        await store(database, ingested(f"/{n}", *own(n), PROMO))
    assert (await store(database, ingested("/9", *own(9), PROMO))).revised
    assert edited.article_id in await rows(database, "SELECT article_id FROM aiwire.re_extraction")


# -- whose change a revision is ----------------------------------------------------------------------------------------


async def test_difference_that_our_rules_make_is_no_edit_of_the_publishers(database: Database) -> None:
    old, new = Reading(rules=b"old"), Reading(rules=b"new")
    first = await store(database, ingested("/a", *own(1), PROMO), reading=old)
    clean = ingested("/a", *own(1))
    async with database.transaction() as connection:
        doubt = await articles.store(
            connection, outlet="example", ingested=clean, claimed_key=f"{SITE}/a", guid=None, capture_sha256=b"2",
            now=NOW, reading=new,
        )  # fmt: skip
    assert doubt == Doubt(article_id=first.article_id, revision=1)
    assert await rows(database, "SELECT count(*) FROM news.revision") == [1]
    before = ReadAgain(revision=1, ingested=clean, reading=new, capture_sha256=b"1")
    again = await store(database, clean, reading=new, before=before)
    assert not again.revised
    assert await rows(
        database, "SELECT revision, reason, changed FROM news.revision ORDER BY revision DESC LIMIT 1"
    ) == [(2, "re_extraction", ["text"])]


async def test_publishers_part_of_a_difference_is_a_revision_of_its_own(database: Database) -> None:
    old, new = Reading(rules=b"old"), Reading(rules=b"new")
    await store(database, ingested("/a", *own(1), PROMO), reading=old)
    before = ReadAgain(revision=1, ingested=ingested("/a", *own(1)), reading=new, capture_sha256=b"1")
    edited = ingested("/a", *own(1), title="A corrected title")
    assert (await store(database, edited, reading=new, before=before)).revised
    assert await rows(database, "SELECT revision, reason, changed FROM news.revision ORDER BY revision") == [
        (1, "first", []),
        (2, "re_extraction", ["text"]),
        (3, "publisher_edit", ["title"]),
    ]
    assert await rows(database, "SELECT revision, text FROM news.article") == [(3, "\n".join(own(1)))]


async def test_page_of_an_older_revision_changes_nothing(database: Database) -> None:
    stored = await store(database, ingested("/a", *own(1)))
    await store(database, ingested("/a", *own(1), "An update."))
    late = ReadAgain(revision=1, ingested=ingested("/a", "Other."), reading=Reading(), capture_sha256=b"1")
    async with database.transaction() as connection:
        assert (
            await articles.store_again(connection, outlet="example", article_id=stored.article_id, again=late, now=NOW)
            is None
        )
    assert await rows(database, "SELECT max(revision) FROM news.revision") == [2]


async def test_kept_page_of_an_article_is_the_one_its_text_was_read_from(database: Database) -> None:
    stored = await store(database, ingested("/a", *own(1)), body=b"first")
    entry_id = await captured(database, "/a", b"an error page that answers 200")
    async with database.transaction() as connection:
        await entries.settle(connection, entry_id, Disposition.NOT_ARTICLE, now=NOW)
        kept = await re_extraction.kept(connection, stored.article_id)
        assert kept is not None
        page = await captures.load(connection, kept.capture)
    assert page is not None
    assert page.body == b"first"
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM aiwire.capture WHERE sha256 = %s", (hashlib.sha256(b"first").digest(),))
        assert await re_extraction.kept(connection, stored.article_id) is None


async def test_re_extraction_that_always_fails_comes_to_an_end(database: Database) -> None:
    stored = await store(database, ingested("/a", *own(1)))
    async with database.transaction() as connection:
        await re_extraction.ask(connection, [stored.article_id], NOW)
        later = NOW + timedelta(minutes=10)
        tries = [await re_extraction.begun(connection, stored.article_id, again_at=later, most=2) for _ in range(3)]
        assert await re_extraction.due(connection, "news.example", NOW, most=9) == []
    assert tries == [True, True, False]


async def test_host_whose_articles_wait_to_be_read_again_is_due(database: Database) -> None:
    stored = await store(database, ingested("/a", *own(1)))
    async with database.transaction() as connection:
        await connection.execute("UPDATE aiwire.source SET next_poll_at = %s", (NOW + timedelta(days=1),))
        assert await sources.fire(connection, NOW) == []
        await re_extraction.ask(connection, [stored.article_id], NOW)
        assert await sources.fire(connection, NOW) == ["news.example"]


async def test_markdown_is_stored_where_it_is_wanted_and_rights_with_their_origin(database: Database) -> None:
    await store(database, ingested("/a", *own(1)))
    await store(database, ingested("/b", *own(2)), reading=Reading(markdown=True))
    found = await rows(database, "SELECT markdown, rights FROM news.article ORDER BY url")
    licence = "https://creativecommons.org/licenses/by/4.0/"
    assert found == [(None, licence), ("\n\n".join(own(2)), licence)]
    assert await rows(database, "SELECT provenance -> 'rights' FROM news.revision LIMIT 1") == [{"origin": "json-ld"}]
    assert await rows(database, "SELECT DISTINCT second_opinion FROM news.revision") == [True]


# -- drift -----------------------------------------------------------------------------------------------------------

USUAL = Figures(read=True, length=2_900, title=True, standfirst=True, authors=True, published=True, removed_share=0.1)
BROKEN = Figures(read=True, length=310, title=True, standfirst=True, published=True, removed_share=0.1)


async def read(database: Database, start: int, number: int, figures: Figures) -> list[drift.Turn]:
    """What turned while so many pages were read."""
    turns = []
    for n in range(start, start + number):
        entry_id = await captured(database, f"/{n}")
        async with database.transaction() as connection:
            await drift.note(connection, "example", entry_id, figures)
            turn = await drift.judge(connection, "example", NOW + timedelta(minutes=n))
        turns += [turn] if turn else []
    return turns


async def drifting(database: Database) -> list[str]:
    return [one for found in await rows(database, "SELECT evidence FROM aiwire.outlet_extraction") for one in found]


async def test_new_layout_is_told_once_and_over_when_the_pages_are_as_they_were(database: Database) -> None:
    assert await read(database, 0, 30, USUAL) == []
    (turn,) = await read(database, 30, 12, BROKEN)
    assert not turn.over
    assert any(one.startswith("authors filled 1.00 → ") for one in await drifting(database))
    assert any(one == "text length median 2,900 → 310 over the last 10 articles" for one in await drifting(database))
    (turn,) = await read(database, 42, 20, USUAL)
    assert turn.over
    assert await drifting(database) == []


async def test_new_way_that_holds_becomes_the_usual_one(database: Database) -> None:
    await read(database, 0, 30, USUAL)
    first, second = await read(database, 30, 80, BROKEN)
    assert (first.over, second.over) == (False, True)
    assert await drifting(database) == []
    assert await read(database, 110, 20, BROKEN) == []


async def test_pages_read_again_by_mended_rules_end_it_at_once(database: Database) -> None:
    await read(database, 0, 30, USUAL)
    await read(database, 30, 12, BROKEN)
    async with database.transaction() as connection:
        assert await drift.settle(connection, "example", NOW) is None, "nothing was mended yet"
        cursor = await connection.execute("SELECT entry_id FROM aiwire.page_figure ORDER BY id")
        for row in (await cursor.fetchall())[30:]:
            await drift.note(connection, "example", row[0], USUAL, again=True)
        turn = await drift.settle(connection, "example", NOW)
    assert turn is not None
    assert turn.over
    assert await drifting(database) == []


async def test_second_look_leaves_the_figures_alone_and_they_stay_few(database: Database) -> None:
    await read(database, 0, 260, USUAL)
    await read(database, 259, 1, BROKEN)
    assert await rows(database, "SELECT min(length) FROM aiwire.page_figure") == [2_900]
    assert (await rows(database, "SELECT count(*) FROM aiwire.page_figure"))[0] <= 220


# -- the migration -----------------------------------------------------------------------------------------------------


def test_database_of_the_first_release_keeps_its_rows(empty_database_url: str) -> None:
    first = Path(articles.__file__).parent / "schema" / "versions" / "0001_first.sql"
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(first.read_bytes())
        connection.execute("CREATE TABLE aiwire.alembic_version (version_num varchar(32) PRIMARY KEY)")
        connection.execute("INSERT INTO aiwire.alembic_version VALUES ('0001')")
        connection.execute(
            "INSERT INTO aiwire.outlet VALUES ('example', 'Example', 'https://news.example', 'en', 'scrape', true, %s)",
            (Jsonb({"name": "Example"}),),
        )
        connection.execute(
            "INSERT INTO aiwire.article VALUES (gen_random_uuid(), 'example', 'https://news.example/a', 1, '', now(), now())"
        )
        connection.execute(
            "INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant,"
            " relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at)"
            " SELECT id, 1, 'first', '{}', 'Title', '{Anna}', false, 'Text.', false, 0, '{}', '{}', '', '', now()"
            " FROM aiwire.article"
        )
        before = connection.execute("SELECT * FROM news.article").fetchone()
        columns = [one.name for one in connection.execute("SELECT * FROM news.revision").description or ()]
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        after = connection.execute("SELECT * FROM news.article").fetchone()
        grown = [one.name for one in connection.execute("SELECT * FROM news.revision").description or ()]
        rules = connection.execute("SELECT rules, second_opinion FROM aiwire.revision").fetchone()
    assert before is not None
    assert after is not None
    assert after[: len(before)] == before, "views only grow"
    assert set(after[len(before) :]) == {None}
    assert grown[: len(columns)] == columns
    assert rules == (None, False)
