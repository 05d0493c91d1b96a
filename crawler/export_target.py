"""Where parts of an export go: a folder, or any address that fsspec knows; files appear whole.

What is written there is `crawler.export_jobs`' affair.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

from crawler.scrubbing import scrub
from pipelines.errors import PublishError

T = TypeVar("T")


class Target:
    """A folder at an address; every method raises PublishError `target` with what failed and why."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._opened: tuple[Any, str] | None = None

    async def make(self) -> None:
        """The folder is there; on object storage there are none."""

        def make(fs: Any, path: str) -> None:
            if isinstance(fs, LocalFileSystem):
                fs.makedirs(path, exist_ok=True)

        await self._do("make", "", make)

    async def write(self, name: str, content: bytes) -> None:
        """Write a small file: nobody sees it half."""

        def write(fs: Any, path: str) -> None:
            beside = _hidden(path)
            fs.pipe_file(beside, content)
            _rename(fs, beside, path)

        await self._do("write", name, write)

    async def put(self, local: Path, name: str) -> None:
        """Copy a local file there."""
        await self._do("write", name, lambda fs, path: fs.put_file(str(local), path))

    async def rename(self, name: str, to: str) -> None:
        """Give a file its name at once; what has it already is replaced."""
        await self._do("rename", to, lambda fs, path: _rename(fs, f"{path.rpartition('/')[0]}/{name}", path))

    async def read(self, name: str) -> bytes | None:
        """A small file; None where it is not there."""

        def read(fs: Any, path: str) -> bytes | None:
            try:
                content: bytes = fs.cat_file(path)
            except FileNotFoundError:
                return None
            return content

        return await self._do("read", name, read)

    async def names(self) -> list[str]:
        def names(fs: Any, path: str) -> list[str]:
            try:
                found = fs.ls(path, detail=False, refresh=True)
            except FileNotFoundError:
                return []
            return sorted(str(one).rstrip("/").rpartition("/")[2] for one in found)

        return await self._do("list", "", names)

    async def delete(self, names: Sequence[str]) -> None:
        """Take files away; those that are not there are no error."""

        def delete(fs: Any, path: str) -> None:
            for name in names:
                try:
                    fs.rm_file(f"{path}/{name}")
                except FileNotFoundError:
                    continue

        await self._do("delete", "", delete)

    async def _do(self, verb: str, name: str, call: Callable[[Any, str], T]) -> T:
        def work() -> T:
            if self._opened is None:
                # Listings are never remembered: other machines write here, too.
                options = {"skip_instance_cache": True, "use_listings_cache": False}
                self._opened = fsspec.core.url_to_fs(self.address, **options)
            fs, root = self._opened
            return call(fs, f"{root}/{name}" if name else root)

        try:
            return await asyncio.to_thread(work)
        except Exception as error:  # fsspec lets through what its libraries raise, and each raises its own
            place = f"{self.address}/{name}".rstrip("/")
            told = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise PublishError(f"cannot {verb} {scrub(place)}: {str(scrub(told))[:300]}", code="target") from error


def _rename(fs: Any, source: str, path: str) -> None:
    if not isinstance(fs, LocalFileSystem):
        fs.mv(source, path)
        return
    with Path(source).open("rb") as file:
        os.fsync(file.fileno())
    Path(source).replace(path)
    number = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _hidden(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.{os.urandom(4).hex()}"
