"""Large exports: parts that any worker writes, behind live work, into a folder that all of them see.

What is waiting is rows (`pipelines.store.export_parts`); a job only names one, and may be lost. A part appears under its
name in the transaction that marks it as done, so that of two who wrote it one counts; manifest.json comes last.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import procrastinate
import structlog

from crawler import queue, telemetry
from crawler.export_file import packer
from crawler.export_pieces import CHANGES, Origin, pieces
from crawler.export_target import Target
from crawler.object_storage import ObjectStorage
from crawler.settings import Settings, version
from pipelines.errors import AiwireError, ConfigError, PublishError, Unavailable
from pipelines.store import export_parts, export_plan
from pipelines.store.database import Database
from pipelines.store.export import Plan, Wish
from pipelines.store.export_parts import Part, Row, Written

log = structlog.get_logger(__name__)

_MARKER = "export.json"
_MANIFEST = "manifest.json"
_SIZES = {"articles": 10_000, "changes": CHANGES, "captures": 2_000}
"""In one part: some seconds of work, which a killed worker leaves to another."""


# -- The command -------------------------------------------------------------------------------------------------------


async def begin(database: Database, wish: Wish, address: str, *, size: int | None = None) -> Row:
    """Begin an export to a folder, or find the one that goes there already; returns how far it is.

    Raises ConfigError where the folder holds anything else, PublishError where it can't be written, or the cursor is no
    good here.
    """
    asked = wish.told()
    async with database.transaction() as connection:
        before = await export_parts.progress(connection, address)
    target = Target(address)
    running = bool(before) and before[0]["state"] == "running"
    if running or (before and before[0]["state"] == "done" and await target.read(_MANIFEST) is not None):
        if before[0]["wish"] != asked:
            raise ConfigError(
                f"export {before[0]['id']} {'goes' if running else 'is'} there, with other options: give another folder",
                subject=address,
                code="target_begun",
            )
        return before[0]
    await target.make()
    if names := [name for name in await target.names() if not name.startswith(".")]:
        raise ConfigError(f"is not empty ({names[0]}): give another folder", subject=address, code="target_exists")
    token = secrets.token_hex(8)
    async with database.transaction() as connection:
        plan = await export_plan.plan(connection, wish)
    async with database.transaction() as connection:
        ranges = await export_parts.cut(connection, plan, size or _SIZES[plan.kind])
    async with database.transaction() as connection:
        await export_parts.create(
            connection, target=address, token=token, wish=wish, plan=plan, ranges=ranges, now=datetime.now(UTC)
        )
        # In the transaction: of two that begin at once, the second waits for the first, and does not come so far.
        await target.write(_MARKER, _json({"software": f"aiwire/{version()}", "token": token, "wish": asked}))
    async with database.transaction() as connection:
        return (await export_parts.progress(connection, address))[0]


async def cancel(database: Database, address: str) -> Row:
    """End an export that is running; what it wrote stays where it is."""
    async with database.transaction() as connection:
        found = await export_parts.progress(connection, address)
        if not found or found[0]["state"] != "running":
            raise ConfigError("no export is running to there", subject=address, code="usage")
        await export_parts.end(connection, found[0]["id"], "cancelled", datetime.now(UTC))
        return (await export_parts.progress(connection, address))[0]


# -- The scheduler -----------------------------------------------------------------------------------------------------


async def fire(app: procrastinate.App, database: Database) -> int:
    """Put parts that are due, and in no job, into the queue; returns how many."""
    async with database.transaction() as connection:
        parts = await export_parts.to_queue(connection, datetime.now(UTC))
        if parts:
            await queue.defer_parts(app, connection, parts)
    return len(parts)


# -- A worker ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a worker needs for a part; `storage` is None where raw pages are kept in Postgres."""

    settings: Settings
    database: Database
    storage: ObjectStorage | None


async def work_part(means: Means, export_id: int, number: int, stop: asyncio.Event) -> None:
    """Write a part, and the manifest when it was the last; what fails is told in its row, and due again later."""
    try:
        if number:
            async with means.database.transaction() as connection:
                part = await export_parts.waiting(connection, export_id, number)
            if part is not None and not await _write(means, part, stop):
                return
        await _finish(means.database, export_id)
    except Unavailable as error:
        log.warning("export_waits", export=export_id, part=number, reason=error.message)
        await _failed(means.database, export_id, number, error.message)
    except AiwireError as error:
        log.error("export_part_failed", export=export_id, part=number, code=error.code, reason=error.message)
        await _failed(means.database, export_id, number, error.message)
    except Exception as error:
        telemetry.capture(error, stage="export")
        log.exception("export_part_failed_unexpectedly", export=export_id, part=number)
        await _failed(means.database, export_id, number, f"{type(error).__name__}: {error}")


async def _failed(database: Database, export_id: int, number: int, message: str) -> None:
    with suppress(AiwireError):
        async with database.transaction() as connection:
            await export_parts.failed(
                connection, export_id, number, f"{socket.gethostname()}: {message}", datetime.now(UTC)
            )


async def _write(means: Means, part: Part, stop: asyncio.Event) -> bool:
    """Write a part's file and put it into its place; false where it was left for another."""
    target = Target(part.target)
    await _check(target, part.token)
    number, name = tempfile.mkstemp(prefix="aiwire-export-")
    os.close(number)
    local = Path(name)
    try:
        written = await _spool(means, part, local, stop)
        if written is None:
            return False
        hidden = f".{part.file}.{secrets.token_hex(4)}"
        try:
            await target.put(local, hidden)
            async with means.database.transaction() as connection:
                if await export_parts.hold(connection, part):
                    await target.rename(hidden, part.file)
                    await export_parts.done(connection, part, written, datetime.now(UTC))
                    hidden = ""
        finally:
            if hidden:
                with suppress(PublishError):
                    await target.delete([hidden])
        log.info("export_part_done", export=part.export_id, part=part.number, written=written.written)
        return True
    finally:
        local.unlink(missing_ok=True)  # noqa: ASYNC240 -- on this machine's own disk


async def _check(target: Target, token: str) -> None:
    """Another machine's folder of the same name is another folder."""
    marker = await target.read(_MARKER)
    if marker is None or json.loads(marker).get("token") != token:
        raise PublishError(
            f"this machine does not see {target.address} as the one where the export was begun: let every worker see it, by"
            " a shared folder or an address such as s3://bucket/export",
            code="target_elsewhere",
        )


async def _spool(means: Means, part: Part, local: Path, stop: asyncio.Event) -> Written | None:
    """Write a part into a file of this machine; None where the worker is to end."""
    warc = part.plan.kind == "captures"
    origin = Origin(software=f"aiwire/{version()}", contact=means.settings.contact, filename=part.file)
    packs = packer("" if warc else part.file)
    counts, digest, size = {"written": 0, "skipped": 0}, hashlib.sha256(), 0
    with local.open("wb") as file:

        def add(content: bytes) -> int:
            packed = packs.add(content)
            digest.update(packed)
            return file.write(packed)

        found = pieces(
            means.database, means.storage, part.wish, part.plan, origin=origin, after=part.after, until=part.until
        )
        async for piece in found:
            if stop.is_set():
                return None
            size += await asyncio.to_thread(add, piece.content)
            counts["written"] += piece.written
            counts["skipped"] += piece.skipped
        last = packs.end()
        digest.update(last)
        size += file.write(last)
    return Written(written=counts["written"], skipped=counts["skipped"], size=size, sha256=digest.digest())


async def _finish(database: Database, export_id: int) -> None:
    """Write the manifest once all parts are done, and clear away what killed workers left; may be done twice."""
    async with database.transaction() as connection:
        found = await export_parts.whole(connection, export_id)
    if found is None:
        return
    target, now = Target(found["target"]), datetime.now(UTC)
    await _check(target, found["token"])
    await target.delete([name for name in await target.names() if name.startswith(".part-")])
    await target.write(_MANIFEST, _json(_manifest(found)))
    async with database.transaction() as connection:
        await export_parts.end(connection, export_id, "done", now)
    log.info("export_done", export=export_id, target=found["target"])


def _manifest(found: Row) -> dict[str, Any]:
    parts = found["parts"]
    return {
        "software": f"aiwire/{version()}",
        "token": found["token"],
        "wish": found["wish"],
        "cursor": Plan.of(found["plan"]).cursor,
        "started_at": found["started_at"].isoformat(),
        "written": sum(part["written"] for part in parts),
        "skipped": sum(part["skipped"] for part in parts),
        "size": sum(part["size"] for part in parts),
        "parts": parts,
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
