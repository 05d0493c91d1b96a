"""A backup: all rows of ours in one file, as of one moment, taken beside the daemon; and a database filled from it.

The file is a zip: `manifest.json`, and of each table `NAME.copy.zst`, COPY's text under zstd; common tools open it. Rows
are read and written by `pipelines.store.transfer`. Raw pages on object storage are not in it, and it says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from crawler import present
from crawler.commands import database
from crawler.embedded import EmbeddedPostgres
from crawler.settings import Settings, version
from pipelines.errors import ConfigError, StoreError
from pipelines.store import transfer
from pipelines.store.addresses import place_of
from pipelines.store.layout import Layout, Table
from pipelines.store.migrate import latest_schema, migrate, migrate_to

_FORMAT = 1
_LEVEL = 3
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself; `rows` and `sha256` (of the text, uncompressed) are by table."""

    layout: Layout
    sequences: dict[str, tuple[int, bool]]
    rows: dict[str, int]
    sha256: dict[str, str]
    release: str
    taken_at: str
    pages_elsewhere: int


def back_up(settings: Settings, file: Path) -> int:
    """Write a backup of the database in use to a file that is not there yet; the exit code."""
    started = time.monotonic()
    with database(settings) as url:
        manifest = write(url, file)
    _tell(manifest, file, time.monotonic() - started, "written")
    return 0


def restore_from(settings: Settings, file: Path, *, replace: bool, yes: bool) -> int:
    """Fill the database in use from a backup; with `replace` what it holds goes, once somebody said so."""
    started = time.monotonic()
    manifest = read_manifest(file)  # before a server is started for nothing
    with _unmigrated(settings) as url:
        if replace and not yes:
            present.errors.print(
                f"All that {place_of(url)} holds of aiwire goes, and what was there on {manifest.taken_at} comes.",
                markup=False,
            )
            if not sys.stdin.isatty():
                present.errors.print("Nothing was changed: --yes does it.")
                return 1
            if present.errors.input("Replace it? [y/N] ").strip().lower() not in ("y", "yes"):
                return 1
        restore(file, url, replace=replace)
    _tell(manifest, file, time.monotonic() - started, "restored")
    return 0


def write(url: str, file: Path) -> Manifest:
    """Write a backup of the database at `url`. Under another name until it is whole; raises ConfigError where it can't be."""
    part = file.with_name(f"{file.name}.part")
    if file.exists():
        raise ConfigError("it is there already: a backup overwrites nothing", subject=str(file), code="target")
    try:
        with transfer.translated(), transfer.reading(url) as source, _private(part) as opened:
            with zipfile.ZipFile(opened, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                rows, sums = {}, {}
                for table in source.layout.tables:
                    with (
                        archive.open(_member(table), "w", force_zip64=True) as member,
                        zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(
                            member, closefd=False
                        ) as packed,
                    ):
                        counted = _Hashed(packed.write)
                        rows[table.name] = source.rows(table, counted)
                        sums[table.name] = counted.hash.hexdigest()
                manifest = Manifest(
                    layout=source.layout,
                    sequences=source.sequences(),
                    rows=rows,
                    sha256=sums,
                    release=version(),
                    taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    pages_elsewhere=source.pages_elsewhere(),
                )
                archive.writestr("manifest.json", json.dumps(_document(manifest), indent=1))
            opened.flush()
            os.fsync(opened.fileno())
        part.rename(file)
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", subject=str(file), code="target") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore(file: Path, url: str, *, replace: bool = False) -> Manifest:
    """Fill the database at `url`, whole or not at all; a new epoch begins, so that cursors from a lost future are refused.

    A backup of an earlier release is filled into that release's schema, then migrated. Raises StoreError where the
    database holds an installation (without `replace`), a daemon works on it, or the file is damaged.
    """
    manifest = read_manifest(file)
    if working := transfer.at_work(url):
        raise StoreError(f"a daemon works on it: stop it first ({', '.join(working)})", code="daemon_at_work")
    older = manifest.layout.schema != latest_schema()
    if not replace:
        transfer.check_empty(url)
    elif older:
        raise StoreError(
            "the backup is of an earlier release: restore it into an empty database, where its own schema can be made first",
            subject=str(file),
            code="backup_older",
        )
    if older:
        migrate_to(url, manifest.layout.schema)
    else:
        migrate(url)
    with (
        transfer.translated(),
        zipfile.ZipFile(file) as archive,
        transfer.filling(url, manifest.layout) as target,
    ):
        for table in manifest.layout.tables:
            _fill(archive, target, table, manifest)
        target.finish(manifest.layout, manifest.sequences)
    if older:
        migrate(url)
    transfer.analyze(url)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What a backup says of itself. Raises ConfigError where the file is none, or not whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            document = json.loads(archive.read("manifest.json"))
        if document["format"] != _FORMAT:
            raise ConfigError("it is of a newer release: install that one", subject=str(file), code="backup_newer")
        return _from_document(document)
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", subject=str(file), code="no_backup") from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise ConfigError("it is no backup, or not a whole one", subject=str(file), code="no_backup") from error


def _fill(archive: zipfile.ZipFile, target: transfer.Target, table: Table, manifest: Manifest) -> None:
    writer = target.writer(table)
    try:
        with (
            archive.open(_member(table)) as member,
            zstandard.ZstdDecompressor().stream_reader(member, read_across_frames=True) as text,
            writer as write,
        ):
            counted = _Hashed(write)
            while block := text.read(_BLOCK):
                counted(block)
    except (KeyError, zipfile.BadZipFile, zstandard.ZstdError, EOFError) as error:
        raise StoreError("the backup is damaged: nothing was restored", subject=table.name, code="damaged") from error
    if (writer.rows, counted.hash.hexdigest()) != (manifest.rows[table.name], manifest.sha256[table.name]):
        raise StoreError("the backup is damaged: nothing was restored", subject=table.name, code="damaged")


class _Hashed:
    """Passes blocks on and hashes them."""

    def __init__(self, write: Any) -> None:  # a writer's `write`, whatever it returns
        self._write = write
        self.hash = hashlib.sha256()

    def __call__(self, block: bytes) -> None:
        self.hash.update(block)
        self._write(block)


@contextlib.contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner may read: it holds what was withheld, too."""
    number = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
    with os.fdopen(number, "w+b") as opened:
        yield opened


@contextlib.contextmanager
def _unmigrated(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    else:
        with EmbeddedPostgres(settings.data_dir / "postgres") as server:
            yield server.url


def _member(table: Table) -> str:
    return f"{table.name}.copy.zst"


def _document(manifest: Manifest) -> dict[str, Any]:
    layout = manifest.layout
    return {
        "format": _FORMAT,
        "release": manifest.release,
        "taken_at": manifest.taken_at,
        "postgres": layout.server,
        "schema": layout.schema,
        "epoch": layout.epoch,
        "position": layout.position,
        "pages_elsewhere": manifest.pages_elsewhere,
        "sequences": manifest.sequences,
        "tables": [
            {
                "name": table.name,
                "columns": table.columns,
                "partitions": table.partitions,
                "rows": manifest.rows[table.name],
                "sha256": manifest.sha256[table.name],
            }
            for table in layout.tables
        ],
    }


def _from_document(document: dict[str, Any]) -> Manifest:
    tables = tuple(
        Table(
            name=str(table["name"]),
            columns=tuple(table["columns"]),
            partitions=tuple((name, bound) for name, bound in table["partitions"]),
        )
        for table in document["tables"]
    )
    return Manifest(
        layout=Layout(
            schema=document["schema"],
            tables=tables,
            epoch=document["epoch"],
            position=int(document["position"]),
            server=document["postgres"],
        ),
        sequences={name: (int(value), bool(drawn)) for name, (value, drawn) in document["sequences"].items()},
        rows={table["name"]: int(table["rows"]) for table in document["tables"]},
        sha256={table["name"]: table["sha256"] for table in document["tables"]},
        release=document["release"],
        taken_at=document["taken_at"],
        pages_elsewhere=int(document["pages_elsewhere"]),
    )


def _tell(manifest: Manifest, file: Path, seconds: float, what: str) -> None:
    rows = manifest.rows
    present.console.print(
        f"{what.capitalize()} in {seconds:.1f} s: {rows.get('article', 0)} articles, {rows.get('revision', 0)} revisions, "
        f"{rows.get('capture', 0)} raw pages, changes up to {manifest.layout.epoch}-{manifest.layout.position}; "
        f"{file} has {file.stat().st_size / 1e6:.1f} MB.",
        markup=False,
        soft_wrap=True,
    )
    if manifest.pages_elsewhere:
        present.errors.print(
            f"{manifest.pages_elsewhere} of the raw pages are on object storage, and not in the file: back them up there.",
            markup=False,
            soft_wrap=True,
        )
