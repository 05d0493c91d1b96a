"""`aiwire export`: articles as lines of JSON, or raw pages as WARC, into a file that is whole when it has its name.

Large exports go out as jobs (`crawler.export_jobs`); formats are described in docs/export.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler import export_jobs, present
from crawler.commands import database
from crawler.export_file import ExportFile, Output, packer
from crawler.export_pieces import Origin, pieces
from crawler.object_storage import open_storage
from crawler.settings import Settings, version
from pipelines.errors import ConfigError
from pipelines.store import export_plan
from pipelines.store.database import Database
from pipelines.store.export import Plan, Wish
from pipelines.store.roles import Role

FORMATS = ("jsonl", "warc")
_STDOUT = "-"


def export_to(settings: Settings, wish: Wish, target: str, *, as_json: bool) -> int:
    """Write an export to a file or to standard output (`-`), and tell the cursor from which the next one goes on.

    Called again after a kill, it goes on where it was. Raises ConfigError where the target can't be written or is there,
    PublishError where the cursor is no good here, Unavailable where Postgres is away.
    """
    check(wish)
    path = None if target == _STDOUT else _path(wish, target)
    with contextlib.closing(_Sink(wish, path)) as sink, _url(settings, wish) as url:
        done = asyncio.run(_export(settings, url, wish, sink))
        _tell(done, path, as_json=as_json)
        sink.into.told()
    return 0


def export_as_jobs(settings: Settings, wish: Wish, target: str, *, cancel: bool, as_json: bool) -> int:
    """Hand an export to the daemon's workers, which write its parts into a folder; or tell how far it is, or cancel it."""
    check(wish)
    if target == _STDOUT:
        raise ConfigError("jobs write to a folder, or to an address such as s3://bucket/export", code="usage")
    address = target if "://" in target else str(Path(target).expanduser().absolute())

    async def hand_over(url: str) -> dict[str, Any]:
        async with Database(url, size=1, name="aiwire-export", role="ingest") as opened:
            if cancel:
                return await export_jobs.cancel(opened, address)
            return await export_jobs.begin(opened, wish, address)

    with database(settings) as url:
        told = asyncio.run(hand_over(url))
    if as_json:
        present.as_json(told)
    else:
        for line in present.export(told):
            present.console.print(line, markup=False, soft_wrap=True)
    return 0


def check(wish: Wish) -> None:
    """Raise ConfigError where what is asked for makes no sense."""
    if wish.format not in FORMATS:
        raise ConfigError(f"there is no format {wish.format}: {' or '.join(FORMATS)}", code="usage")
    if wish.format == "warc" and wish.history:
        raise ConfigError("--revisions concerns articles: WARC has every page that is kept anyway", code="usage")


class _Sink:
    """The target, opened, and closed whatever happens."""

    def __init__(self, wish: Wish, path: Path | None) -> None:
        # Records of a WARC file are packed one by one, or not at all.
        self.gzip = wish.format == "warc" and (path is None or path.suffix == ".gz")
        self.filename = path.name if path else ""
        packs = packer("" if wish.format == "warc" or path is None else path.name)
        self.into: ExportFile | Output = ExportFile(path, packs) if path else Output()
        self.into.__enter__()

    def close(self) -> None:
        self.into.__exit__()


async def _export(settings: Settings, url: str, wish: Wish, sink: _Sink) -> dict[str, Any]:
    into = sink.into
    begun = into.begun
    asked = {"version": 1, **wish.told()}
    if begun is not None and begun["wish"] != asked:
        raise ConfigError(
            f"was begun with other options ({_options(begun['wish'])}): give the same again, or remove"
            f" {sink.filename}.part and {sink.filename}.state",
            subject=sink.filename,
            code="target_begun",
        )
    if begun is not None and begun.get("done"):
        into.start(begun)
        into.finish()  # it may have been killed before the file got its name
        return begun
    role: Role = "ingest" if wish.format == "warc" else "reader"
    async with Database(url, size=1, name="aiwire-export", role=role) as opened:
        async with opened.transaction() as connection:
            if begun is None:
                plan = await export_plan.plan(connection, wish)
            else:
                plan = Plan.of(begun["plan"])
                await export_plan.still_good(connection, plan)
        begun = {
            "counts": {"written": 0, "skipped": 0},
            "place": None,
            **(begun or {}),
            "wish": asked,
            "plan": plan.told(),
        }
        into.start(begun)
        storage = open_storage(settings.captures) if wish.format == "warc" else None
        try:
            origin = Origin(
                software=f"aiwire/{version()}", contact=settings.contact, filename=sink.filename, gzip=sink.gzip
            )
            async for piece in pieces(opened, storage, wish, plan, origin=origin, place=begun["place"]):
                into.write(piece.content, piece.place, written=piece.written, skipped=piece.skipped)
        finally:
            if storage is not None:
                storage.close()
    into.finish()
    return {**begun, "counts": into.counts}


def _tell(done: dict[str, Any], path: Path | None, *, as_json: bool) -> None:
    """The cursor alone on standard output, so that a script can keep it; beside an export on standard output, on the other."""
    cursor, counts = done["plan"]["cursor"], done["counts"]
    what = "raw pages" if done["wish"]["format"] == "warc" else "articles"
    if path is None:
        present.errors.print(f"{counts['written']} {what}. Go on with --since {cursor}", markup=False, soft_wrap=True)
    elif as_json:
        present.as_json({"file": str(path), "cursor": cursor, **counts})
    else:
        present.errors.print(f"{counts['written']} {what} in {path}. Go on with --since:", markup=False, soft_wrap=True)
        sys.stdout.write(f"{cursor}\n")
    if counts["skipped"]:
        present.errors.print(
            f"{counts['skipped']} pages were passed over: dropped or withdrawn meanwhile, or damaged (see the log)."
        )
    sys.stdout.flush()


def _path(wish: Wish, target: str) -> Path:
    if "://" in target:
        raise ConfigError("only parts go to such an address: add --jobs", subject=target, code="usage")
    path = Path(target).expanduser().absolute()
    if path.is_dir():
        raise ConfigError("that is a folder: give a file's name, or add --jobs", subject=target, code="usage")
    if wish.format == "warc" and path.suffix == ".zst":
        raise ConfigError("WARC is packed by gzip, record by record: name it .warc.gz", subject=target, code="usage")
    return path


def _options(wish: dict[str, Any]) -> str:
    told = [f"--format {wish['format']}"]
    told += [f"--{key} {wish[key]}" for key in ("since", "outlet") if wish.get(key)]
    return " ".join([*told, *(["--revisions"] if wish.get("history") else [])])


@contextlib.contextmanager
def _url(settings: Settings, wish: Wish) -> Iterator[str]:
    """The database in use; for articles one that is told by its URL is read as it is: a reader could not migrate it."""
    if settings.database_url is not None and wish.format == "jsonl":
        yield settings.database_url.get_secret_value()
    else:
        with database(settings) as url:
            yield url
