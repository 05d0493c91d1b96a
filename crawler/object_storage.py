"""Object storage for raw pages: whatever fsspec reaches (S3 and what speaks like it, a folder, …), below one address.

It implements `pipelines.store.capture_objects.ObjectStore`. fsspec's calls block, so each has a thread and a deadline. Credentials
are its libraries' affair: s3fs reads AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL and the like, we never see them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.registry import known_implementations

from crawler.scrubbing import scrub
from pipelines.errors import Unavailable
from pipelines.store.capture_objects import AWAY

T = TypeVar("T")

IN_POSTGRES = "postgres"
_DEADLINE = 30.0  # seconds for one call
_THREADS = 8
# S3's own patience (60 s a try, five tries) is longer than a visit's.
_S3 = {"config_kwargs": {"connect_timeout": 5, "read_timeout": 15, "retries": {"max_attempts": 1}}}


class ObjectStorage:
    """Objects below an address such as `s3://bucket/prefix`; every method raises Unavailable with what failed and why."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="captures")
        self._opened: tuple[Any, str] | None = None

    async def write(self, name: str, content: bytes) -> None:
        """When it returns, the object is there whole, and a crash of this machine leaves it so."""

        def write(fs: Any, path: str) -> None:
            if isinstance(fs, LocalFileSystem):
                _write_file(Path(path), content)
            else:
                fs.pipe_file(path, content)

        await self._do("write", name, write)

    async def read(self, name: str) -> bytes | None:
        """None where there is no such object."""

        def read(fs: Any, path: str) -> bytes | None:
            try:
                content: bytes = fs.cat_file(path)
            except FileNotFoundError:
                return None
            return content

        return await self._do("read", name, read)

    async def names(self, folder: str) -> list[str]:
        """The objects and folders directly in a folder, in order; none where there is no such folder."""

        def names(fs: Any, path: str) -> list[str]:
            try:
                found = fs.ls(path, detail=False, refresh=True)
            except FileNotFoundError:
                return []
            return sorted(f"{folder}/{one.rstrip('/').rsplit('/', 1)[-1]}" for one in found)

        return await self._do("list", folder, names)

    async def delete(self, names: Sequence[str]) -> None:
        """Take objects away, a thousand at most; those that are not there are no error."""

        def delete(fs: Any, path: str) -> None:
            paths = [f"{path}/{name}" for name in names]
            if isinstance(fs, LocalFileSystem):
                files = [Path(one) for one in paths]
                for file in files:
                    file.unlink(missing_ok=True)
                for folder in {file.parent for file in files}:
                    _remove_if_empty(folder, Path(path))
                return
            try:
                fs.rm(paths)
            except FileNotFoundError:
                for one in paths:
                    with contextlib.suppress(FileNotFoundError):
                        fs.rm_file(one)

        await self._do("delete", "", delete)

    async def trouble(self) -> str | None:
        """Why nothing can be kept here, found out by doing it; None where all is well."""
        name, content = f"check-{secrets.token_hex(8)}", b"aiwire"
        try:
            await self.write(name, content)
            read = await self.read(name)
            await self.delete([name])
        except Unavailable as error:
            return error.message
        return None if read == content else f"{self.address}: what was written is not what is read"

    def close(self) -> None:
        """Wait for nothing: what hangs ends with its own time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _do(self, verb: str, name: str, call: Callable[[Any, str], T]) -> T:
        def work() -> T:
            fs, root = self._open()
            return call(fs, f"{root}/{name}" if name else root)

        place = f"{self.address}/{name}".rstrip("/")
        try:
            async with asyncio.timeout(_DEADLINE):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise Unavailable(f"cannot {verb} {place}: no answer in time", code=AWAY) from error
        except Exception as error:  # fsspec lets through what its libraries raise, and each raises its own
            raise Unavailable(f"cannot {verb} {place}: {_told(error)}", code=AWAY) from error

    def _open(self) -> tuple[Any, str]:
        if self._opened is None:
            # Listings are never remembered: other machines write here, too.
            options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
            if urlsplit(self.address).scheme in ("s3", "s3a"):
                options |= _S3
            self._opened = fsspec.core.url_to_fs(self.address, **options)
        return self._opened


def open_storage(captures: str) -> ObjectStorage | None:
    """The object storage that setting `captures` names; None where raw pages are kept in Postgres."""
    return None if captures == IN_POSTGRES else ObjectStorage(captures)


def checked_address(value: str) -> str:
    """The address, where fsspec and what is installed can reach such a one; raises ValueError that says what to do."""
    parts = urlsplit(value)
    known = known_implementations.get(parts.scheme)
    if not value.startswith(f"{parts.scheme}://") or known is None:
        raise ValueError('it is "postgres", or an address such as s3://bucket/prefix or file:///srv/captures')
    if "@" in parts.netloc or "password" in value or "secret" in value:
        raise ValueError("an address carries no credentials: they come by the environment (AWS_ACCESS_KEY_ID, …)")
    if parts.scheme == "memory":
        raise ValueError("what is kept in memory is lost with its process")
    if parts.scheme in ("file", "local") and (parts.netloc or not parts.path.strip("/")):
        raise ValueError("a folder is written with three slashes: file:///srv/captures")
    if parts.scheme not in ("file", "local") and not parts.netloc:
        raise ValueError(f"it names no bucket: {parts.scheme}://bucket/prefix")
    package = known["class"].partition(".")[0]
    if find_spec(package) is None:
        how = "pip install 'aiwire[s3]'" if package == "s3fs" else f"pip install {package}"
        raise ValueError(f"{parts.scheme}:// needs {package}, which is not installed: {how}")
    return value.rstrip("/")


def _write_file(path: Path, content: bytes) -> None:
    """A file under its name is whole, and on the disk, not only in its cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove_if_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # it holds something, or another process was first
            return
        folder = folder.parent


def _told(error: BaseException) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return str(scrub(line))[:300]
