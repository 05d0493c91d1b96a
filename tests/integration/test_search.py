"""Search: in the article's language, true at every moment, on an index that is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from stored import NOW, SITE, an_outlet, ingested, store_at, withdraw_at

from pipelines.errors import PublishError, StoreError
from pipelines.store import search
from pipelines.store.database import Database

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = """
    INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
    SELECT md5(n::text)::uuid, 'example', 'https://news.example/' || n, 1, '', {at}, {at} FROM generate_series(1, {most}) AS n;
    INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant, relevance_score,
        relevance_why, provenance, content_hash, capture_sha256, seen_at)
    SELECT md5(n::text)::uuid, 1, 'first', '{{}}', 'Number ' || n, '{{}}', false, {text}, true, 1, '{{}}', '{{}}', '', '', {at}
    FROM generate_series(1, {most}) AS n
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=4) as opened:
        await an_outlet(opened)
        yield opened


async def find(database: Database, query: str, **narrowed: Any) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        return await search.search(connection, query, **narrowed)


async def paths(database: Database, query: str, **narrowed: Any) -> list[str]:
    return [row["url"].removeprefix(SITE) for row in await find(database, query, **narrowed)]


async def run(database: Database, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    async with database.transaction() as connection:
        cursor = await connection.execute(query.encode(), parameters or None)
        return await cursor.fetchall() if cursor.description else []


async def documents(database: Database, most: int, *, text: str, at: str = "now()") -> None:
    """Articles by the hundred, without a way through the store: number n has the text and the time that SQL says."""
    await run(database, DOCUMENTS.format(most=most, text=text, at=at))


# -- true at every moment ------------------------------------------------------------------------------------------


async def test_article_is_found_at_once_and_after_it_was_indexed(database: Database) -> None:
    await store_at(database, ingested("/a", "Alibaba releases Qwen, a family of open models.", language="en"))

    assert await paths(database, "qwen alibaba") == ["/a"]
    assert await search.index_changes(database) == 1
    assert await paths(database, "qwen alibaba") == ["/a"]
    assert await paths(database, "qwen mistral") == []


@pytest.mark.parametrize("indexed", [False, True])
async def test_words_that_an_edit_took_out_find_nothing(database: Database, indexed: bool) -> None:
    await store_at(database, ingested("/a", "The harbour gets a new crane in the autumn.", language="en"))
    await search.index_changes(database)

    later = NOW + timedelta(hours=1)
    await store_at(database, ingested("/a", "The harbour gets a new bridge in the autumn.", language="en"), now=later)
    if indexed:
        await search.index_changes(database)

    assert await paths(database, "crane") == []
    assert await paths(database, "harbour bridge") == ["/a"]


@pytest.mark.parametrize("indexed", [False, True])
async def test_withheld_article_is_not_found_until_it_is_restored(database: Database, indexed: bool) -> None:
    text = "The harbour gets a new crane in the autumn."
    await store_at(database, ingested("/a", text, language="en"))
    await search.index_changes(database)

    await withdraw_at(database, "/a", withheld=True)
    if indexed:
        await search.index_changes(database)
        assert await run(database, "SELECT FROM aiwire.search_document") == []
    assert await paths(database, "crane") == []

    await store_at(database, ingested("/a", text, language="en"), now=NOW + timedelta(days=2))
    assert await paths(database, "crane") == ["/a"]
    await search.index_changes(database)
    assert await paths(database, "crane") == ["/a"]


async def test_article_that_is_gone_but_not_withheld_is_still_found(database: Database) -> None:
    await store_at(database, ingested("/a", "The harbour gets a new crane in the autumn.", language="en"))
    await withdraw_at(database, "/a", reason="gone", withheld=False)
    await search.index_changes(database)

    assert await paths(database, "crane") == ["/a"]


async def test_article_is_found_by_its_present_address(database: Database) -> None:
    await store_at(database, ingested("/a", "The harbour gets a new crane in the autumn.", language="en"))
    await search.index_changes(database)
    await run(database, "UPDATE aiwire.article SET url = %s", f"{SITE}/b")

    assert await paths(database, "crane") == ["/b"]


async def test_of_two_that_index_at_once_one_does_it(database: Database) -> None:
    await store_at(database, ingested("/a", "The harbour gets a new crane."))
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM aiwire.search_progress FOR UPDATE")
        assert await search.index_changes(database) == 0
    assert await search.index_changes(database) == 1


async def test_indexing_without_changes_writes_nothing(database: Database) -> None:
    await store_at(database, ingested("/a", "The harbour gets a new crane."))
    await search.index_changes(database)
    before = await run(database, "SELECT xmin, xmax, ctid FROM aiwire.search_progress")

    assert await search.index_changes(database) == 0
    assert await run(database, "SELECT xmin, xmax, ctid FROM aiwire.search_progress") == before


async def test_nothing_is_skipped_while_others_write(database: Database, database_url: str) -> None:
    stop = threading.Event()

    def write(writer: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for n in range(60):
                name = f"{writer}-{n}"
                with connection.transaction(force_rollback=n % 7 == 3):
                    connection.execute(
                        "INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)"
                        " VALUES (md5(%(n)s)::uuid, 'example', %(n)s, 1, '', now(), now())",
                        {"n": name},
                    )
                    connection.execute(
                        "INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant,"
                        " relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at)"
                        " VALUES (md5(%(n)s)::uuid, 1, 'first', '{}', %(n)s, '{}', false, 'Text.', true, 1, '{}', '{}', '', '', now())",
                        {"n": name},
                    )

    def index() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("SELECT aiwire.index_changes(10)")

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    indexers = [threading.Thread(target=index) for _ in range(2)]
    for thread in [*writers, *indexers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in indexers:
        thread.join()
    await search.index_changes(database)

    assert await run(database, "SELECT count(*) FROM aiwire.article") == [(4 * (60 - 9),)]
    assert (
        await run(database, "SELECT id FROM aiwire.article EXCEPT SELECT article_id FROM aiwire.search_document") == []
    )


# -- languages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("en", "The researchers were training two networks.", "researcher train network"),
        ("it", "I ricercatori hanno addestrato due reti neurali.", "ricercatore addestrare"),
        ("de", "Die Forscher trainieren zwei Netze.", "Forschern Netz"),
        ("fr", "Les chercheurs ont entraîné deux réseaux.", "chercheur entraîner"),
        ("es", "Los investigadores entrenaron dos redes.", "investigador entrenar"),
        ("pt", "Os investigadores treinaram duas redes.", "treinaram"),
    ],
)
@pytest.mark.parametrize("indexed", [False, True])
async def test_words_are_found_in_other_forms_of_the_articles_language(
    database: Database, language: str, text: str, query: str, indexed: bool
) -> None:
    await store_at(database, ingested("/a", text, language=language))
    if indexed:
        await search.index_changes(database)

    (row,) = await find(database, query)
    assert row["language"] == language
    assert await paths(database, query, language=language) == ["/a"]
    assert await paths(database, query, language="nl") == []


async def test_stems_of_one_language_find_nothing_in_another(database: Database) -> None:
    await store_at(database, ingested("/en", "An organ plays.", language="en"))
    await store_at(database, ingested("/it", "Un organ suona.", language="it"))
    await search.index_changes(database)

    assert await paths(database, "organization") == ["/en"]  # in English, both are organ
    assert sorted(await paths(database, "organ")) == ["/en", "/it"]


async def test_article_without_a_language_is_read_as_its_outlets(database: Database) -> None:
    await store_at(database, ingested("/a", "Two networks were trained."))
    await search.index_changes(database)

    assert await paths(database, "network train", language="en") == ["/a"]


@pytest.mark.parametrize("indexed", [False, True])
async def test_what_is_written_without_blanks_is_found_in_the_middle(database: Database, indexed: bool) -> None:
    await store_at(database, ingested("/zh", "今天阿里巴巴发布了新的Qwen3模型。", language="zh"))
    await store_at(database, ingested("/ja", "本日アリババは新しいモデルを発表した。", language="ja"))
    await store_at(database, ingested("/ko", "알리바바가 새 모델을 공개했다.", language="ko"))
    await store_at(database, ingested("/th", "วันนี้อาลีบาบาเปิดตัวโมเดลใหม่", language="th"))
    if indexed:
        await search.index_changes(database)

    assert await paths(database, "阿里巴巴") == ["/zh"]
    assert await paths(database, "qwen3 模型") == ["/zh"]
    assert await paths(database, "qwen3模型") == ["/zh"]
    assert await paths(database, "巴阿里") == []
    assert await paths(database, '"阿里巴巴发布"') == ["/zh"]
    assert await paths(database, "発表 -阿里巴巴") == ["/ja"]
    assert await paths(database, "モデル") == ["/ja"]
    assert await paths(database, "알리바바") == ["/ko"]
    assert await paths(database, "โมเดล") == ["/th"]
    (row,) = await find(database, "阿里巴巴")
    assert row["highlight"] == "今天⟦阿里巴巴⟧发布了新的Qwen3模型"


# -- what is asked -------------------------------------------------------------------------------------------------


async def test_phrases_absent_words_and_alternatives(database: Database) -> None:
    await store_at(database, ingested("/a", "The new open model was told of by nobody.", language="en"))
    await store_at(database, ingested("/b", "The model is open; the new licence is not.", language="en"))
    await search.index_changes(database)

    assert await paths(database, '"open model"') == ["/a"]
    assert await paths(database, "model -licence") == ["/a"]
    assert sorted(await paths(database, "nobody or licence")) == ["/a", "/b"]
    assert sorted(await paths(database, "-harbour")) == ["/a", "/b"]
    assert await paths(database, "the") == []
    assert await paths(database, "") == []


async def test_outlet_and_time_narrow_a_search(database: Database) -> None:
    await an_outlet(database, "second")
    day = timedelta(days=1)
    await store_at(database, ingested("/a", "A crane.", published=NOW - 40 * day))
    await store_at(database, ingested("/b", "A crane.", published=NOW - 400 * day))
    await store_at(database, ingested("/c", "A crane.", published=NOW), outlet="second")
    await search.index_changes(database)

    assert await paths(database, "crane", newest=True) == ["/c", "/a", "/b"]
    assert await paths(database, "crane", outlet="second") == ["/c"]
    assert await paths(database, "crane", since=NOW - 40 * day, newest=True) == ["/c", "/a"]
    assert await paths(database, "crane", until=NOW - 40 * day) == ["/b"]
    assert await paths(database, "crane", since=NOW - 400 * day, until=NOW, newest=True) == ["/a", "/b"]
    assert await paths(database, "crane", outlet="o'neill \\ | !") == []


async def test_date_in_the_future_does_not_lead(database: Database) -> None:
    await store_at(database, ingested("/future", "A crane.", published=NOW + timedelta(days=900)), now=NOW)
    await store_at(database, ingested("/now", "A crane.", published=NOW), now=NOW + timedelta(minutes=1))
    await store_at(database, ingested("/none", "A crane.", published=None), now=NOW - timedelta(minutes=1))
    await search.index_changes(database)

    assert (await paths(database, "crane", newest=True))[-1] == "/none"
    assert len(await paths(database, "crane", until=NOW + timedelta(hours=1))) == 3


async def test_title_counts_more_than_text(database: Database) -> None:
    await store_at(database, ingested("/text", "A crane, said the harbour, is what a crane is.", language="en"))
    await store_at(
        database, ingested("/title", "It was tall, said the harbour.", title="One crane fell", language="en")
    )
    await search.index_changes(database)

    (first, second) = await find(database, "crane")
    assert (first["url"], second["url"]) == (f"{SITE}/title", f"{SITE}/text")
    assert first["rank"] > second["rank"] > 0
    assert first["title_highlight"] == "One ⟦crane⟧ fell"
    assert first["title"] == "One crane fell"


async def test_marks_of_a_highlight_are_none_of_the_text(database: Database) -> None:
    await store_at(database, ingested("/a", "<b>A</b> ⟦crane⟧ fell.\nNobody was hurt.", title="⟦Title⟧ of some length"))
    await search.index_changes(database)

    (row,) = await find(database, "crane")
    assert row["highlight"].count("⟦") == row["highlight"].count("⟧") == 1
    assert "[⟦crane⟧] fell. Nobody was hurt" in row["highlight"]
    assert row["title_highlight"] == "[Title] of some length"


@pytest.mark.parametrize("most", [0, 1_001])
async def test_wrong_number_is_told(database: Database, most: int) -> None:
    with pytest.raises(PublishError, match="must be 1 to 1000") as caught:
        await find(database, "crane", most=most)
    assert caught.value.code == "usage"


# -- size and hostility --------------------------------------------------------------------------------------------


HUGE = {
    "words": "".join(f"w{n:x} " for n in range(700_000)),
    "han": "".join(chr(0x4E00 + n % 20_000) for n in range(1_700_000)),
    "one word": "x" * 5_000_000,
    "hyphens": "-".join(f"{n:x}" for n in range(900_000)),
    "hosts": " ".join(f"{n:x}.example.org/{n}" for n in range(250_000)),
    "emoji": "".join(chr(0x20000 + n % 40_000) for n in range(1_200_000)),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in ("words", "han") else pytest.mark.slow) for kind in HUGE]
)
async def test_page_of_five_megabytes_is_found_by_its_beginning(database: Database, kind: str) -> None:
    await documents(database, 1, text="'A crane fell. '")
    await run(database, "UPDATE aiwire.revision SET text = text || %s", HUGE[kind])

    assert await paths(database, "crane") == ["/1"]
    assert await search.index_changes(database) == 1
    (row,) = await find(database, "crane")
    assert len(row["highlight"]) < 20_000


async def test_naughty_strings_are_indexed_and_asked_for(database: Database, shared: Path) -> None:
    listed = json.loads((shared / "data/corpora/blns/blns.json").read_text(encoding="utf-8"))
    strings = [string for string in listed if "\x00" not in string]
    await documents(database, len(strings), text="'harmless'")
    async with database.transaction() as connection:
        for n, string in enumerate(strings, 1):
            await connection.execute(
                "UPDATE aiwire.revision SET text = text || ' ' || %(s)s, standfirst = %(s)s, title = %(s)s WHERE article_id = md5(%(n)s)::uuid",
                {"s": string, "n": str(n)},
            )
    assert await search.index_changes(database) == len(strings)
    assert len(await find(database, "harmless", most=1_000)) == len(strings)
    async with database.transaction() as connection:
        for string in strings:
            for found in await search.search(connection, string, most=3):
                assert found["article_id"]


async def test_newest_come_in_order_over_days_months_and_years(database: Database) -> None:
    await documents(
        database, 60, text="'A crane'", at="timestamptz '2026-01-31 12:00Z' - (n * n) * interval '25 hours'"
    )
    await search.index_changes(database)

    assert await paths(database, "crane", newest=True, most=60) == [f"/{n}" for n in range(1, 61)]
    assert await paths(database, "crane", newest=True, most=7) == [f"/{n}" for n in range(1, 8)]
    half = datetime(2026, 1, 31, 12, tzinfo=UTC) - timedelta(hours=25 * 900)
    assert await paths(database, "crane", newest=True, until=half, most=60) == [f"/{n}" for n in range(31, 61)]


async def test_settings_of_a_session_change_nothing(database: Database) -> None:
    await documents(database, 9, text="'A crane'", at="timestamptz '2026-01-31 12:00Z' - (n * n) * interval '25 hours'")
    await run(database, "SELECT aiwire.index_changes()")
    expected = await paths(database, "crane", newest=True)
    async with database.transaction() as connection:
        for setting in (
            "DateStyle = German",
            "TimeZone = 'Asia/Tokyo'",
            "search_path = news",
            "default_text_search_config = simple",
        ):
            await connection.execute(f"SET LOCAL {setting}".encode())
        rows = await search.search(connection, "cranes", newest=True)
        assert [row["url"].removeprefix(SITE) for row in rows] == expected


async def test_backlog_hides_nothing_that_is_indexed(database: Database) -> None:
    await documents(database, 300, text="CASE WHEN n <= 250 THEN 'A crane' ELSE 'A bridge' END")
    await run(database, "SELECT aiwire.index_changes(200)")

    found = await find(database, "crane or bridge", most=1_000)
    assert len(found) == 250  # two hundred that are indexed, the newest fifty that are not
    await search.index_changes(database)
    assert len(await find(database, "crane or bridge", most=1_000)) == 300


# -- the plan, and who may -----------------------------------------------------------------------------------------


async def test_words_are_looked_up_in_the_index(database: Database) -> None:
    await documents(database, 2_000, text="'word' || n || CASE WHEN n % 5 = 0 THEN ' common' ELSE '' END")
    while await search.index_changes(database):
        pass
    await run(database, "ANALYZE aiwire.search_document")

    async with database.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")  # as news.search does
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(
            "PREPARE asked(tsquery, timestamptz, timestamptz, integer) AS SELECT * FROM aiwire.search_matches($1, $2, $3, $4)"
        )
        for words in ("word77", "common"):
            cursor = await connection.execute(
                f"EXPLAIN EXECUTE asked('{words}', '-infinity', 'infinity', 500)".encode()
            )
            plan = "\n".join(row[0] for row in await cursor.fetchall())
            assert "Bitmap Index Scan on search_document_words" in plan, plan
            assert "Seq Scan" not in plan, plan


async def test_search_itself_reads_the_index_and_never_the_whole_table(database: Database, database_url: str) -> None:
    await documents(database, 300, text="'word' || n")
    await search.index_changes(database)

    def scans(connection: psycopg.Connection) -> tuple[Any, ...]:
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.commit()
        row = connection.execute(
            """
            SELECT i.idx_scan, t.seq_scan, a.seq_scan
            FROM pg_stat_user_indexes i, pg_stat_user_tables t, pg_stat_user_tables a
            WHERE i.indexrelname = 'search_document_words' AND t.relname = 'search_document' AND a.relname = 'article'
            """
        ).fetchone()
        connection.commit()
        assert row is not None
        return row

    with psycopg.connect(database_url) as connection:
        before = scans(connection)
        assert connection.execute("SELECT count(*) FROM news.search('word77')").fetchone() == (1,)
        after = scans(connection)

    assert after[0] > before[0]
    assert after[1:] == before[1:]


async def test_reader_searches_and_sees_no_table_of_ours(database: Database, database_url: str) -> None:
    await store_at(database, ingested("/a", "A crane fell."))
    async with Database(database_url, size=1, role="reader") as reader:
        if reader.taken is None:
            pytest.skip("this login may not make roles")
        assert await paths(reader, "crane") == ["/a"]
        with pytest.raises(StoreError, match="permission denied"):
            await run(reader, "SELECT FROM aiwire.search_document")
        with pytest.raises(StoreError, match="permission denied"):
            await run(reader, "SELECT aiwire.index_changes()")


async def test_command_shows_what_was_found(database: Database, database_url: str, tmp_path: Path) -> None:
    await store_at(database, ingested("/a", "A tall crane fell.", language="en"))

    def aiwire(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATABASE_URL": database_url, "AIWIRE_DATA_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "crawler.cli", "search", *arguments]
        return subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    shown = aiwire("tall crane", "-bridge")
    assert shown.returncode == 0, shown.stderr
    assert f"{SITE}/a" in shown.stdout
    assert "A ⟦tall⟧ ⟦crane⟧ fell" in shown.stdout
    nothing = aiwire("--json", "bridge")
    assert (nothing.returncode, json.loads(nothing.stdout)) == (1, [])
