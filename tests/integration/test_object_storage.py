"""Raw pages on object storage: an S3-compatible server on loopback, and a folder."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from stored import NOW, SITE, an_outlet, new_entry, rows

from crawler import object_storage
from crawler.object_storage import ObjectStorage
from pipelines.errors import Damaged, StoreError, Unavailable
from pipelines.records import Page
from pipelines.store import capture_days, capture_objects, captures, entries
from pipelines.store.database import Database
from pipelines.store.entries import Disposition


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of an S3-compatible server with a bucket `pages`."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new bucket's prefix; what reaches it stands in the environment, as an operator sets it."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = f"pages-{hashlib.sha256(str(monkeypatch).encode()).hexdigest()[:12]}"
    boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}/raw/pages"


@pytest.fixture(params=["s3", "file"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStorage]:
    """Each test that asks for it runs on both."""
    address = request.getfixturevalue("bucket") if request.param == "s3" else f"file://{tmp_path}/captures"
    opened = ObjectStorage(address)
    yield opened
    opened.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=2) as opened:
        await an_outlet(opened)
        yield opened


async def captured(database: Database, path: str, storage: ObjectStorage | None, body: bytes = b"page") -> int:
    """An entry whose page is kept there; its id."""
    page = Page(url=f"{SITE}{path}", body=body, fetched_at=NOW)
    id_ = await new_entry(database, path)
    written = None
    if storage is not None:
        async with database.transaction() as connection:
            day = await capture_objects.day_for_objects(connection)
        written = await capture_objects.write_object(storage, day, id_, page)
    async with database.transaction() as connection:
        await captures.save(connection, id_, page, written=written)
    return id_


async def move_to(database: Database, storage: ObjectStorage, entry_id: int, day: date) -> None:
    """As if it had been captured that day."""
    await rows(database, "SELECT aiwire.make_capture_days(%s, %s)", day, day)
    await rows(database, "UPDATE aiwire.capture_day SET objects = true WHERE day = %s", day)
    name, sha256 = (await rows(database, "SELECT object, sha256 FROM aiwire.capture WHERE entry_id = %s", entry_id))[0]
    new = capture_objects.object_name(day, entry_id, sha256)
    await storage.write(new, await storage.read(name) or b"")
    await storage.delete([name])
    await rows(database, "UPDATE aiwire.capture SET day = %s, object = %s WHERE entry_id = %s", day, new, entry_id)
    await rows(database, "UPDATE aiwire.entry SET capture_day = %s WHERE id = %s", day, entry_id)


async def read_waiting(database: Database, entry_id: int, storage: ObjectStorage | None) -> Page:
    async with database.transaction() as connection:
        found = await captures.waiting(connection, entry_id)
    assert found is not None
    return await captures.read(found, storage)


async def objects(storage: ObjectStorage, day: date) -> list[str]:
    found = []
    for folder in await storage.names(day.isoformat()):
        found += await storage.names(folder)
    return found


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if stat.S_ISREG(path.stat().st_mode)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# -- the storage ------------------------------------------------------------------------------------------------------


async def test_object_is_read_as_it_was_written_listed_and_deleted(storage: ObjectStorage) -> None:
    assert await storage.trouble() is None
    assert await storage.names("2026-02-01/00") == []
    assert await storage.read("2026-02-01/00/1-a.zst") is None
    await storage.write("2026-02-01/00/1-a.zst", b"before")
    await storage.write("2026-02-01/00/1-a.zst", b"after\x00")
    await storage.write("2026-02-01/00/2-b.zst", b"")
    assert await storage.read("2026-02-01/00/1-a.zst") == b"after\x00"
    assert await storage.names("2026-02-01/00") == ["2026-02-01/00/1-a.zst", "2026-02-01/00/2-b.zst"]
    await storage.delete(["2026-02-01/00/1-a.zst", "2026-02-01/00/never-was.zst"])
    assert await storage.names("2026-02-01/00") == ["2026-02-01/00/2-b.zst"]


async def test_many_objects_are_cleared_in_batches(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_objects, "_BATCH", 7)
    storage = ObjectStorage(bucket)
    await asyncio.gather(*(storage.write(f"2026-02-01/0a/{n}-x.zst", b"x") for n in range(20)))
    assert await capture_objects.clear(storage, "2026-02-01/0a", starts=("2026-02-01/0a/1",)) == 11
    assert await capture_objects.clear(storage, "2026-02-01/0a") == 9
    assert await storage.names("2026-02-01/0a") == []
    storage.close()


async def test_storage_that_is_not_there_says_so_in_time_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "_DEADLINE", 3.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    storage = ObjectStorage("s3://pages/raw")
    with pytest.raises(Unavailable, match="cannot write s3://pages/raw/a") as told:
        await storage.write("a", b"x")
    assert told.value.code == "captures_unavailable"
    assert "hunter2" not in str(told.value)
    assert "cannot write" in (await storage.trouble() or "")
    storage.close()


async def test_bucket_that_does_not_exist_is_told(bucket: str) -> None:
    storage = ObjectStorage("s3://no-such-bucket-here/raw")
    trouble = await storage.trouble()
    assert trouble is not None
    assert "no-such-bucket-here" in trouble
    storage.close()


async def test_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "_DEADLINE", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
        monkeypatch.setitem(object_storage._S3["config_kwargs"], "read_timeout", 1)
        storage = ObjectStorage("s3://pages/raw")
        with pytest.raises(Unavailable, match="no answer in time"):
            await storage.read("a")
        storage.close()


async def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = ObjectStorage(f"file://{tmp_path}/file/below")
    assert "cannot write" in (await storage.trouble() or "")
    storage.close()


async def test_file_is_whole_under_its_name_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = ObjectStorage(f"file://{tmp_path}/captures")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(object_storage.os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        await storage.write("2026-02-01/00/1-a.zst", b"x" * 1000)
    assert files_below(tmp_path) == []
    storage.close()


# -- pages on it ------------------------------------------------------------------------------------------------------


async def test_page_is_kept_as_an_object_and_read_through_its_row(database: Database, storage: ObjectStorage) -> None:
    body = "<p>È così</p>".encode() * 100
    id_ = await captured(database, "/a", storage, body)
    (found,) = await rows(database, "SELECT body, object, day, size, stored_size, sha256 FROM aiwire.capture")
    assert found[0] is None
    assert found[1] == f"{found[2]}/{id_ % 256:02x}/{id_}-{found[5].hex()}.zst"
    assert found[3] == len(body) > found[4] > 0
    assert await objects(storage, found[2]) == [found[1]]
    assert (await read_waiting(database, id_, storage)).body == body


async def test_page_in_the_row_stays_readable_under_another_setting(database: Database, storage: ObjectStorage) -> None:
    in_row = await captured(database, "/a", None, b"in the row")
    on_storage = await captured(database, "/b", storage, b"on storage")
    assert (await read_waiting(database, in_row, storage)).body == b"in the row"
    assert (await read_waiting(database, in_row, None)).body == b"in the row"
    with pytest.raises(StoreError, match="does not say where") as told:
        await read_waiting(database, on_storage, None)
    assert told.value.code == "captures_elsewhere"


async def test_object_that_is_lost_or_altered_is_refused(database: Database, storage: ObjectStorage) -> None:
    id_ = await captured(database, "/a", storage, b"one")
    other = await captured(database, "/b", storage, b"two")
    names = dict(await rows(database, "SELECT entry_id, object FROM aiwire.capture"))
    await storage.write(names[id_], await storage.read(names[other]) or b"")
    with pytest.raises(Damaged, match="not those that were captured"):
        await read_waiting(database, id_, storage)
    await storage.delete([names[id_]])
    with pytest.raises(Damaged) as told:
        await read_waiting(database, id_, storage)
    assert told.value.code == "capture_missing"


async def test_day_goes_with_its_objects_also_those_without_a_row(database: Database, storage: ObjectStorage) -> None:
    (today,) = (await rows(database, "SELECT (now() AT TIME ZONE 'UTC')::date"))[0]
    old = today - timedelta(days=31)
    waits = await captured(database, "/waits", storage, b"waits")
    done = await captured(database, "/done", storage, b"done")
    kept = await captured(database, "/kept", storage, b"kept")
    for id_ in (waits, done):
        await move_to(database, storage, id_, old)
    async with database.transaction() as connection:
        await entries.settle(connection, done, Disposition.NOT_ARTICLE, now=NOW)
    await storage.write(capture_objects.object_name(old, 77, b"no row"), b"its transaction was rolled back")

    dropped = await capture_days.drop_day(database, old, storage)

    assert (dropped.carried, dropped.objects, dropped.done) == (1, 3, True)
    assert await objects(storage, old) == []
    assert len(await objects(storage, today)) == 2
    assert (await read_waiting(database, waits, storage)).body == b"waits"
    assert (await read_waiting(database, kept, storage)).body == b"kept"
    assert await rows(database, "SELECT count(*) FROM aiwire.capture_day WHERE day = %s", old) == [(0,)]


async def test_day_is_not_forgotten_while_its_objects_are_there(
    database: Database, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (today,) = (await rows(database, "SELECT (now() AT TIME ZONE 'UTC')::date"))[0]
    old = today - timedelta(days=31)
    id_ = await captured(database, "/done", storage)
    await move_to(database, storage, id_, old)
    async with database.transaction() as connection:
        await entries.settle(connection, id_, Disposition.NOT_ARTICLE, now=NOW)
    with monkeypatch.context() as patched:

        async def refused(*_: object) -> None:
            """As S3 does it: no error, and the object is still there."""

        patched.setattr(ObjectStorage, "delete", refused)
        with pytest.raises(Unavailable, match="could not be deleted"):
            await capture_days.drop_day(database, old, storage)
    assert not (await capture_days.drop_day(database, old, None)).done
    async with database.transaction() as connection:
        assert await capture_days.to_drop(connection, keep=30) == [old]
    assert len(await objects(storage, old)) == 1
    assert (await capture_days.drop_day(database, old, storage)).objects == 1
    async with database.transaction() as connection:
        assert await capture_days.to_drop(connection, keep=30) == []


async def test_what_is_erased_leaves_no_object_with_or_without_a_row(
    database: Database, storage: ObjectStorage
) -> None:
    one = await captured(database, "/one", storage, b"first")
    await captured(database, "/one", storage, b"second")
    other = await captured(database, "/other", storage)
    (day,) = (await rows(database, "SELECT DISTINCT day FROM aiwire.capture"))[0]
    await storage.write(capture_objects.object_name(day, one, b"no row"), b"its transaction was rolled back")
    async with database.transaction() as connection:
        with pytest.raises(StoreError, match="does not say where"):
            await captures.erase(connection, [one], None)
    async with database.transaction() as connection:
        assert await captures.erase(connection, [one], storage) == 2
    assert await rows(database, "SELECT entry_id FROM aiwire.capture") == [(other,)]
    left = await objects(storage, day)
    assert [name.rsplit("/", 1)[-1].split("-")[0] for name in left] == [str(other)]
