"""`aiwire export --format warc`: raw pages that any reader of WARC takes, and those that must not leave."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from exported import killed_until_done
from stored import NOW, SITE, an_outlet, ingested, store_at, withdraw_at
from warcio.archiveiterator import ArchiveIterator

from crawler.export import export_to
from crawler.export_warc import Record, response
from crawler.object_storage import ObjectStorage
from crawler.settings import Settings, load_settings
from pipelines.errors import PublishError, StoreError
from pipelines.identity import canonical_url, claim_fingerprint
from pipelines.records import Entry, Page
from pipelines.store import captures, entries, export_plan, withdrawals
from pipelines.store.capture_objects import write_object
from pipelines.store.claims import Claim, write_claims
from pipelines.store.database import Database
from pipelines.store.entries import Disposition
from pipelines.store.export import Wish

WARC = Wish(format="warc")
BODY = "<html><p>Perché no? 数字</p></html>".encode()
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Encoding", "gzip"),
    ("Transfer-Encoding", "chunked"),
    ("content-length", "17"),
    ("ETag", '"abc"'),
    ("X-Title", 'Perché; q="\ufffd"'),
    ("Set-Cookie", "a=1"),
    ("Set-Cookie", "b=2"),
    ("Bad name", "x"),
    ("X-Broken", "a\r\nInjected: yes"),
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=3) as opened:
        await an_outlet(opened)
        yield opened


async def captured(
    database: Database,
    path: str,
    *,
    body: bytes = BODY,
    disposition: Disposition | None = Disposition.NOT_ARTICLE,
    article: Any = None,
) -> int:
    """An entry whose page was captured, and settled unless its disposition is None; the entry's id."""
    entry = Entry(url=f"{SITE}{path}")
    claim = Claim(
        entry=entry, url_key=canonical_url(entry.url), host="news.example", fingerprint=claim_fingerprint(entry)
    )
    async with database.transaction() as connection:
        source = await (await connection.execute("SELECT id FROM aiwire.source ORDER BY id LIMIT 1")).fetchone()
        assert source
        await write_claims(connection, source_id=source[0], outlet="example", claims=[claim], now=NOW)
        row = await (
            await connection.execute("SELECT id FROM aiwire.entry WHERE url_key = %s", (claim.url_key,))
        ).fetchone()
        assert row
        page = Page(url=f"{SITE}{path}", body=body, fetched_at=NOW + timedelta(microseconds=5), headers=HEADERS)
        await captures.save(connection, row[0], page)
    async with database.transaction() as connection:
        if disposition is not None:
            await entries.settle(connection, row[0], disposition, now=NOW, article_id=article)
    return int(row[0])


def check(path: Path) -> None:
    """What `warcio check` says of a file."""
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digest pass" in done.stdout


def records(path: Path) -> list[Any]:
    """Each record's type, address, headers and payload."""
    found = []
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            payload = record.raw_stream.read()
            found.append((record.rec_type, record.rec_headers, record.http_headers, payload))
    return found


def settings_of(url: str, **more: Any) -> Settings:
    return load_settings(database_url=url, contact="https://example.org/tests", **more)


async def run(database: Database, path: Path, wish: Wish = WARC, **more: Any) -> dict[str, Any]:
    """`aiwire export --json` to a file, in a thread: it brings its own event loop."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        await asyncio.to_thread(export_to, settings_of(database.url, **more), wish, str(path), as_json=True)
    told: dict[str, Any] = json.loads(out.getvalue()[out.getvalue().index("{") :])  # after the log's lines
    return told


async def exported(database: Database, folder: Path, **wish: Any) -> tuple[list[Any], str]:
    """The response records of an export, and the cursor that it told."""
    path = folder / f"{secrets.token_hex(4)}.warc.gz"
    told = await run(database, path, replace(WARC, **wish))
    found = records(path)
    assert found[0][0] == "warcinfo"
    assert told["written"] == len(found) - 1
    return found[1:], told["cursor"]


async def test_a_page_is_a_response_record_that_warcio_accepts(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    await captured(database, "/b", body=b"")
    await run(database, tmp_path / "x.warc.gz")
    check(tmp_path / "x.warc.gz")
    _, a, b = records(tmp_path / "x.warc.gz")
    kind, headers, http, payload = a
    assert (kind, payload) == ("response", BODY)
    assert headers.protocol == "WARC/1.1"
    assert headers.get_header("WARC-Target-URI") == f"{SITE}/a"
    assert headers.get_header("WARC-Date") == "2026-02-01T12:00:00.000005Z"
    assert headers.get_header("WARC-Payload-Digest").startswith("sha1:")
    assert headers.get_header("WARC-Block-Digest").startswith("sha1:")
    assert (http.protocol, http.statusline) == ("HTTP/1.1", "200 OK")
    assert http.get_header("Content-Length") == str(len(BODY))
    assert http.get_header("X-Archive-Orig-content-length") == "17"
    assert http.get_header("X-Archive-Orig-Content-Encoding") == "gzip"
    assert http.get_header("X-Archive-Orig-Transfer-Encoding") == "chunked"
    assert http.get_header("Content-Encoding") is http.get_header("Transfer-Encoding") is None
    assert [value for name, value in http.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert http.get_header("X-Broken") == "a Injected: yes"
    assert http.get_header("X-Title") == 'Perch%C3%A9; q="%EF%BF%BD"'
    assert http.get_header("Injected") is http.get_header("Bad name") is None
    assert b[3] == b""


async def test_a_file_begins_by_telling_who_wrote_it_and_whom_to_ask(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    await run(database, tmp_path / "x.warc.gz")
    kind, headers, _, payload = records(tmp_path / "x.warc.gz")[0]
    told = dict(line.split(": ", 1) for line in payload.decode().strip().split("\r\n"))
    assert (kind, headers.get_header("WARC-Filename")) == ("warcinfo", "x.warc.gz")
    assert told["software"].startswith("aiwire/")
    assert (told["operator"], told["format"]) == ("https://example.org/tests", "WARC File Format 1.1")


async def test_without_gzip_the_records_are_plain(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    await run(database, tmp_path / "x.warc")
    assert (tmp_path / "x.warc").read_bytes().startswith(b"WARC/1.1\r\n")
    check(tmp_path / "x.warc")


async def test_pages_that_may_not_be_kept_stay_here(database: Database, tmp_path: Path) -> None:
    for path in ("/withheld", "/forgotten", "/gone"):
        stored = await store_at(database, ingested(path, "A text of some length."))
        became = Disposition.GONE if path == "/gone" else Disposition.STORED
        await captured(database, path, disposition=became, article=stored.article_id)
    await captured(database, "/refused", disposition=Disposition.REFUSED)
    await captured(database, "/reserved", disposition=Disposition.DISCOVERED)
    await withdraw_at(database, "/withheld", withheld=True)
    await withdraw_at(database, "/gone", reason="gone", withheld=False)
    async with database.transaction() as connection:
        found = await withdrawals.find(connection, f"{SITE}/forgotten")
        await withdrawals.forget(connection, found, NOW)
    pages, _ = await exported(database, tmp_path)
    assert [page[1].get_header("WARC-Target-URI") for page in pages] == [f"{SITE}/gone"]


async def test_exports_chain_and_a_page_that_waits_comes_with_the_next(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    waiting = await captured(database, "/b", disposition=None)
    await captured(database, "/c")
    first, cursor = await exported(database, tmp_path)
    async with database.transaction() as connection:
        await entries.settle(connection, waiting, Disposition.NOT_ARTICLE, now=NOW)
    second, cursor = await exported(database, tmp_path, since=cursor)
    third, _ = await exported(database, tmp_path, since=cursor)
    told = [
        [page[1].get_header("WARC-Target-URI").removeprefix(SITE) for page in each] for each in (first, second, third)
    ]
    assert told == [["/a"], ["/b", "/c"], []]


async def test_a_page_stored_by_a_slow_transaction_is_not_skipped(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    slow = await captured(database, "/slow", disposition=None)
    async with database.transaction() as connection:
        await captures.save(connection, slow, Page(url=f"{SITE}/slow", body=b"slow", fetched_at=NOW))
        await captured(database, "/fast")  # has drawn a later number, and commits first
        asked = asyncio.ensure_future(exported(database, tmp_path))
        await asyncio.sleep(0.1)
        assert not asked.done()
        await entries.settle(connection, slow, Disposition.NOT_ARTICLE, now=NOW)
    pages, _ = await asked
    assert sorted({page[1].get_header("WARC-Target-URI").removeprefix(SITE) for page in pages}) == [
        "/a",
        "/fast",
        "/slow",
    ]


async def test_since_a_day_and_of_one_outlet(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    assert len((await exported(database, tmp_path, since="2026-02-01"))[0]) == 1
    assert len((await exported(database, tmp_path, since="2026-02-01T12:01"))[0]) == 0
    assert len((await exported(database, tmp_path, outlet="other"))[0]) == 0


async def test_cursors_of_another_place_say_what_to_do(database: Database) -> None:
    async with database.transaction() as connection:
        epoch = (await export_plan.plan(connection, WARC)).cursor.partition(".")[0]
        for since, code, hint in (
            ("ffffffff.1", "lost_future", "WARC-Record-ID"),
            (f"{epoch}.99", "lost_future", "--since and the day"),
            (f"{epoch}-1", "no_cursor", "change feed"),
            ("yesterday", "no_cursor", "no date"),
        ):
            with pytest.raises(PublishError, match=hint) as refused:
                await export_plan.plan(connection, replace(WARC, since=since))
            assert refused.value.code == code


async def test_a_damaged_page_is_passed_over_and_counted(database: Database, tmp_path: Path) -> None:
    await captured(database, "/a")
    await captured(database, "/b")
    async with database.transaction() as connection:
        await connection.execute("UPDATE aiwire.capture SET sha256 = 'x' WHERE url LIKE '%/a'")
    told = await run(database, tmp_path / "x.warc.gz")
    assert (told["written"], told["skipped"]) == (1, 1)
    check(tmp_path / "x.warc.gz")


async def test_pages_on_object_storage_come_from_there(database: Database, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    entry = await captured(database, "/a", disposition=None)
    page = Page(url=f"{SITE}/a", body=BODY, fetched_at=NOW)
    storage = ObjectStorage(f"file://{kept}")
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT aiwire.open_capture_day()")).fetchone()
    assert row
    written = await write_object(storage, row[0], entry, page)
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM aiwire.capture")
        await captures.save(connection, entry, page, written=written)
        await entries.settle(connection, entry, Disposition.NOT_ARTICLE, now=NOW)
    storage.close()
    with pytest.raises(StoreError, match="object storage"):
        await run(database, tmp_path / "x.warc.gz")
    assert not (tmp_path / "x.warc.gz").exists()
    await run(database, tmp_path / "x.warc.gz", captures=f"file://{kept}")
    assert records(tmp_path / "x.warc.gz")[1][3] == BODY


def test_the_same_page_has_the_same_record_id_and_odd_addresses_are_written(tmp_path: Path) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    odd = Page(url="https://x.example/a b\nc?q=ü#é", status=299, body=b"x", fetched_at=at)
    record = Record(page=odd, sha256=hashlib.sha256(b"x").digest())
    for name in ("1.warc", "2.warc"):
        (tmp_path / name).write_bytes(response(record, gzip=False))
        check(tmp_path / name)
    (one,), (two,) = records(tmp_path / "1.warc"), records(tmp_path / "2.warc")
    assert one[1].get_header("WARC-Record-ID") == two[1].get_header("WARC-Record-ID")
    assert one[1].get_header("WARC-Target-URI") == "https://x.example/a%20b%0Ac?q=%C3%BC#%C3%A9"


@pytest.mark.slow
async def test_killed_again_and_again_it_neither_doubles_nor_misses(database: Database, tmp_path: Path) -> None:
    for n in range(600):
        await captured(database, f"/{n}", body=secrets.token_bytes(30_000))
    target = tmp_path / "all.warc.gz"
    kills = await asyncio.to_thread(killed_until_done, database.url, tmp_path, target, "--format", "warc")
    assert kills >= 2
    check(target)
    first, *pages = records(target)
    assert first[0] == "warcinfo"
    assert [page[1].get_header("WARC-Target-URI") for page in pages] == [f"{SITE}/{n}" for n in range(600)]
