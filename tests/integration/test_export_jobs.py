"""Exports in parts: any worker's, each once in the result whoever is killed, and a manifest when all are there."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from exported import lines, many
from stored import an_outlet, ingested, store_at, withdraw_at

from crawler import export_jobs, export_target, queue
from crawler.export import export_as_jobs
from crawler.export_jobs import Means, work_part
from crawler.settings import Settings, load_settings
from pipelines.errors import ConfigError, PublishError
from pipelines.store import export_parts
from pipelines.store.database import Database
from pipelines.store.export import Wish

JSONL = Wish(format="jsonl")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, size=4, role="ingest") as opened:
        yield opened


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(database_url=database_url, data_dir=tmp_path / "data", contact="https://example.org/tests")


@pytest.fixture
def means(database: Database, settings: Settings) -> Means:
    return Means(settings=settings, database=database, storage=None)


async def begin(database: Database, address: Path | str, wish: Wish = JSONL, *, size: int = 100) -> dict[str, Any]:
    return await export_jobs.begin(database, wish, str(address), size=size)


async def progress(database: Database, address: Path | str) -> dict[str, Any]:
    async with database.transaction() as connection:
        return (await export_parts.progress(connection, str(address)))[0]


async def due(database: Database, *, later: timedelta = timedelta()) -> list[tuple[int, int]]:
    async with database.transaction() as connection:
        return await export_parts.to_queue(connection, datetime.now(UTC) + later)


async def work_off(means: Means) -> None:
    while parts := await due(means.database):
        for part in parts:
            await work_part(means, *part, asyncio.Event())


def taken(folder: Path) -> list[dict[str, Any]]:
    """All lines of an export's parts, in order, after its manifest was found to be true."""
    manifest = json.loads((folder / "manifest.json").read_text())
    found = []
    for part in manifest["parts"]:
        content = (folder / part["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (part["size"], part["sha256"])
        got = lines(folder / part["file"])
        assert len(got) == part["written"]
        found += got
    assert len(found) == manifest["written"]
    assert {path.name for path in folder.iterdir()} == {
        "export.json",
        "manifest.json",
        *(part["file"] for part in manifest["parts"]),
    }
    return found


async def test_parts_are_everything_once_and_the_manifest_comes_last(
    database: Database, means: Means, tmp_path: Path
) -> None:
    many(database.url, 250)
    folder = tmp_path / "out"
    row = await begin(database, folder)
    assert (row["state"], row["parts"], row["done"]) == ("running", 3, 0)
    for part in (await due(database))[:2]:
        await work_part(means, *part, asyncio.Event())
        assert not (folder / "manifest.json").exists()
    await work_off(means)
    ids = [line["id"] for line in taken(folder)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 250
    row = await progress(database, folder)
    assert (row["state"], row["done"], row["written"]) == ("done", 3, 250)
    assert await due(database) == []


async def test_changes_in_parts_chain_from_the_manifests_cursor(
    database: Database, means: Means, tmp_path: Path
) -> None:
    many(database.url, 120)
    await begin(database, tmp_path / "first")
    await work_off(means)
    many(database.url, 370, first=121)
    cursor = json.loads((tmp_path / "first" / "manifest.json").read_text())["cursor"]
    await begin(database, tmp_path / "second", Wish(format="jsonl", since=cursor))
    await work_off(means)
    titles = {line["title"] for line in taken(tmp_path / "second")}
    assert titles == {f"Title {n}" for n in range(121, 371)}


async def test_nothing_to_export_is_an_empty_export(database: Database, means: Means, tmp_path: Path) -> None:
    for wish in (JSONL, Wish(format="jsonl", since="2020-01-01"), Wish(format="warc")):
        folder = tmp_path / f"{wish.format}{wish.since}"
        await begin(database, folder, wish)
        await work_off(means)
        assert json.loads((folder / "manifest.json").read_text())["written"] == 0


async def test_of_two_who_write_a_part_one_counts(database: Database, means: Means, tmp_path: Path) -> None:
    many(database.url, 50)
    row = await begin(database, tmp_path / "out")
    await asyncio.gather(*(work_part(means, row["id"], 1, asyncio.Event()) for _ in range(3)))
    assert len(taken(tmp_path / "out")) == 50


async def test_what_a_killed_worker_left_is_done_again_and_cleared_away(
    database: Database, means: Means, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(database.url, 250)
    folder = tmp_path / "out"
    row = await begin(database, folder)

    class Killed(BaseException):
        pass

    async def killed(*_: Any) -> None:
        raise Killed

    async def deaf(*_: Any) -> None:
        """A killed process clears nothing away."""

    for step in ("put", "rename", "after"):
        with monkeypatch.context() as patched:
            patched.setattr(export_target.Target, "delete", deaf)
            if step == "after":  # its file has its name, and its transaction never commits
                patched.setattr(export_parts, "done", killed)
            else:
                patched.setattr(export_target.Target, step, killed)
            with pytest.raises(Killed):
                await work_part(means, row["id"], 1, asyncio.Event())
    assert [path.name for path in folder.glob(".part-*")]
    assert (await progress(database, folder))["done"] == 0
    await work_off(means)
    assert len({line["id"] for line in taken(folder)}) == 250


async def test_a_worker_that_does_not_see_the_target_says_so_and_leaves_it_to_others(
    database: Database, means: Means, tmp_path: Path
) -> None:
    many(database.url, 50)
    folder = tmp_path / "out"
    await begin(database, folder)
    marker = (folder / "export.json").read_bytes()
    (folder / "export.json").write_text('{"token": "another machine\'s"}')
    await work_off(means)
    row = await progress(database, folder)
    assert row["done"] == 0
    assert "does not see" in row["message"]
    assert not list(folder.glob("part-*"))
    (folder / "export.json").write_bytes(marker)
    assert await due(database) == [], "not at once"
    (part,) = await due(database, later=timedelta(seconds=6))
    await work_part(means, *part, asyncio.Event())
    assert len(taken(folder)) == 50


async def test_a_manifest_that_cannot_be_written_is_tried_again(
    database: Database, means: Means, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(database.url, 50)
    row = await begin(database, tmp_path / "out")

    async def full(*_: Any) -> None:
        raise PublishError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(export_target.Target, "write", full)
        await work_part(means, row["id"], 1, asyncio.Event())
        await work_part(means, row["id"], 0, asyncio.Event())
    row = await progress(database, tmp_path / "out")
    assert (row["state"], row["done"]) == ("running", 1)
    assert "the disk is full" in row["message"]
    assert await due(database) == []
    assert await due(database, later=timedelta(minutes=1)) == [(row["id"], 0)]
    await work_part(means, row["id"], 0, asyncio.Event())
    assert len(taken(tmp_path / "out")) == 50


async def test_a_worker_that_drains_leaves_its_part_to_another(
    database: Database, means: Means, tmp_path: Path
) -> None:
    many(database.url, 50)
    row = await begin(database, tmp_path / "out")
    stop = asyncio.Event()
    stop.set()
    await work_part(means, row["id"], 1, stop)
    assert await due(database) == [(row["id"], 1)]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"export.json"}


async def test_parts_in_a_job_are_not_queued_again_and_lost_jobs_are(database: Database, tmp_path: Path) -> None:
    many(database.url, 400)
    row = await begin(database, tmp_path / "out", size=10)
    app = queue.open_queue(database)
    async with app.open_async():
        assert await export_jobs.fire(app, database) == export_parts.QUEUED_MOST
        assert await export_jobs.fire(app, database) == 0
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL search_path TO aiwire_queue")
            await connection.execute("DELETE FROM procrastinate_jobs WHERE (args ->> 'part')::int IN (2, 3)")
        assert await due(database) == [(row["id"], 2), (row["id"], 3)]


async def test_a_queue_carries_parts_to_a_worker(database: Database, means: Means, tmp_path: Path) -> None:
    many(database.url, 250)
    await begin(database, tmp_path / "out")

    async def part(export_id: int, number: int) -> None:
        await work_part(means, export_id, number, asyncio.Event())

    app = queue.open_queue(database, export_part=part)
    async with app.open_async():
        while await export_jobs.fire(app, database):
            await app.run_worker_async(
                queues=[queue.BULK], wait=False, install_signal_handlers=False, delete_jobs="always"
            )
    assert len(taken(tmp_path / "out")) == 250


async def test_withheld_articles_are_tombstones_in_parts_too(database: Database, means: Means, tmp_path: Path) -> None:
    await an_outlet(database)
    await store_at(database, ingested("/a", "A text of some length."))
    await withdraw_at(database, "/a", withheld=True)
    await begin(database, tmp_path / "out")
    await work_off(means)
    (line,) = taken(tmp_path / "out")
    assert (line["withheld"], "text" in line) == (True, False)


async def test_an_export_is_begun_once_and_cancelled(database: Database, means: Means, tmp_path: Path) -> None:
    many(database.url, 250)
    folder = tmp_path / "out"
    first = await begin(database, folder)
    assert (await begin(database, folder))["id"] == first["id"]
    with pytest.raises(ConfigError, match="other options"):
        await begin(database, folder, Wish(format="jsonl", outlet="many"))
    assert (await export_jobs.cancel(database, str(folder)))["state"] == "cancelled"
    assert await due(database) == []
    await work_part(means, first["id"], 1, asyncio.Event())
    assert {path.name for path in folder.iterdir()} == {"export.json"}
    with pytest.raises(ConfigError, match="no export is running"):
        await export_jobs.cancel(database, str(folder))
    with pytest.raises(ConfigError, match="not empty"):
        await begin(database, folder)


async def test_two_who_begin_at_once_begin_one(database: Database, means: Means, tmp_path: Path) -> None:
    many(database.url, 50)
    begun = await asyncio.gather(*(begin(database, tmp_path / "out") for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, dict) for each in begun) >= 1
    await work_off(means)
    assert len(taken(tmp_path / "out")) == 50


async def test_a_target_that_cannot_be_written_is_refused_at_once(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for address in (tmp_path / "file" / "out", "nonsense://x/y"):
        with pytest.raises(PublishError) as refused:
            await begin(database, address)
        assert refused.value.code == "target"
    async with database.transaction() as connection:
        assert await export_parts.progress(connection) == []


def test_the_command_hands_over_and_tells_how_far_it_is(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert export_as_jobs(settings, JSONL, str(tmp_path / "out"), cancel=False, as_json=False) == 0
        assert "running, 0 of 1 parts" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="folder"):
        export_as_jobs(settings, JSONL, "-", cancel=False, as_json=False)


@pytest.mark.slow
async def test_parts_go_to_object_storage(
    database: Database, means: Means, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in (
            ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
            ("AWS_ACCESS_KEY_ID", "somebody"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2hunter2"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            monkeypatch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="exports")
        many(database.url, 250)
        await begin(database, "s3://exports/a/b")
        await work_off(means)
        row = await progress(database, "s3://exports/a/b")
        assert (row["state"], row["message"]) == ("done", None)
        for found in client.list_objects_v2(Bucket="exports")["Contents"]:
            name = tmp_path / "copy" / found["Key"].removeprefix("a/b/")
            name.parent.mkdir(exist_ok=True)
            client.download_file("exports", found["Key"], str(name))
        assert len({line["id"] for line in taken(tmp_path / "copy")}) == 250
        with pytest.raises(PublishError):
            await begin(database, "s3://no-such-bucket/x")
    finally:
        server.stop()
