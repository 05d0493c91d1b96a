"""The file of an export: written beside its name, taken up where it was after a kill, and renamed once it is whole.

What is written into it is the affair of `crawler.export_pieces`; its state stands in FILE.state, by size and place.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

import zstandard

from pipelines.errors import ConfigError

_CHECKPOINT_BYTES = 4 << 20
_CHECKPOINT_SECONDS = 2.0
"""At most so much is written once more after a kill."""


class Packer(Protocol):
    """What compresses: whatever was given until `end` is one member, and members in a row are a file that is whole."""

    def add(self, content: bytes) -> bytes: ...
    def end(self) -> bytes: ...


class _Plain:
    def add(self, content: bytes) -> bytes:
        return content

    def end(self) -> bytes:
        return b""


class _Gzip:
    def __init__(self) -> None:
        self._member: zlib._Compress | None = None

    def add(self, content: bytes) -> bytes:
        self._member = self._member or zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        return self._member.compress(content)

    def end(self) -> bytes:
        member, self._member = self._member, None
        return member.flush() if member else b""


class _Zstandard:
    def __init__(self) -> None:
        self._frame: zstandard.ZstdCompressionObj | None = None

    def add(self, content: bytes) -> bytes:
        self._frame = self._frame or zstandard.ZstdCompressor(level=6, write_checksum=True).compressobj()
        return self._frame.compress(content)

    def end(self) -> bytes:
        frame, self._frame = self._frame, None
        return frame.flush() if frame else b""


def packer(name: str) -> Packer:
    """What compresses a file of that name: .gz, .zst, or nothing."""
    return _Gzip() if name.endswith(".gz") else _Zstandard() if name.endswith(".zst") else _Plain()


class Output:
    """Standard output: nothing to take up again."""

    begun: dict[str, Any] | None = None

    def __init__(self) -> None:
        self._out: BinaryIO = sys.stdout.buffer
        self.counts: dict[str, int] = {}

    def start(self, begun: dict[str, Any]) -> None:
        self.counts = dict(begun["counts"])

    def write(self, content: bytes, place: str, **counts: int) -> None:
        _ = place
        self._out.write(content)
        for name, n in counts.items():
            self.counts[name] = self.counts.get(name, 0) + n

    def finish(self) -> None:
        self._out.flush()

    def told(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...


class ExportFile:
    """A file that is there is whole. Used in a `with`; `begun` is what an earlier call left, None where none did.

    FILE.part is what is written so far, FILE.state how much of it counts and what it is; a state without a place belongs
    to nothing yet. Raises ConfigError where it can't be written, is there already, or is being written by another.
    """

    def __init__(self, path: Path, packs: Packer) -> None:
        self.path = path
        self.begun: dict[str, Any] | None = None
        self._packs = packs
        self._part = path.with_name(f"{path.name}.part")
        self._state = path.with_name(f"{path.name}.state")
        self._file: BinaryIO | None = None
        self.counts: dict[str, int] = {}
        self._place: str | None = None
        self._since = 0
        self._at = 0.0

    def __enter__(self) -> Self:
        try:
            self._open()
        except OSError as error:
            raise ConfigError(f"can't be written: {error.strerror}", subject=str(self.path), code="target") from error
        return self

    def _open(self) -> None:
        state = self._read_state()
        if self.path.exists():
            if state is None or not state.get("done"):
                raise ConfigError("is there already: give another name", subject=str(self.path), code="target_exists")
            self.begun = state  # it was killed between naming the file and telling so
            return
        self._file = self._part.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another that held it may have given it its name meanwhile: then it is no part any more.
            busy = self.path.exists() or os.fstat(self._file.fileno()).st_ino != self._part.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            busy = True
        if busy:
            self._file.close()
            raise ConfigError("another aiwire export is writing it", subject=str(self.path), code="target_busy")
        state = self._read_state()
        if state is not None and self._file.tell() >= state["size"]:
            self.begun = state
            self._cut(state["size"])

    def start(self, begun: dict[str, Any]) -> None:
        """Begin, or go on, with what `begun` tells: it comes back as `self.begun` in the next call after a kill."""
        self.begun = begun
        self.counts = dict(begun["counts"])
        self._place = begun.get("place")
        if begun.get("done"):
            return
        if self._place is None:
            self._cut(0)
            self._checkpoint()
        self._at = time.monotonic()

    def write(self, content: bytes, place: str, **counts: int) -> None:
        """Write a piece; once it counts, the next call goes on after `place`."""
        assert self._file is not None  # noqa: S101
        try:
            self._file.write(self._packs.add(content))
            self._since += len(content)
            self._place = place
            for name, n in counts.items():
                self.counts[name] = self.counts.get(name, 0) + n
            if self._since >= _CHECKPOINT_BYTES or time.monotonic() - self._at >= _CHECKPOINT_SECONDS:
                self._checkpoint()
        except OSError as error:  # the disk is full: what counts stays, and the same call goes on
            raise ConfigError(f"can't be written: {error.strerror}", subject=str(self.path), code="target") from error

    def finish(self) -> None:
        """What was written is whole: it gets its name."""
        if self._file is None:  # it has its name, and only its cursor was not told
            return
        try:
            if not self._file.tell():
                self._file.write(self._packs.add(b""))
            self._checkpoint(done=True)
            self._part.replace(self.path)
            _settle_folder(self.path.parent)
        except OSError as error:
            raise ConfigError(f"can't be written: {error.strerror}", subject=str(self.path), code="target") from error

    def told(self) -> None:
        """The cursor was told: nothing is left to remember."""
        self._state.unlink(missing_ok=True)

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def _cut(self, size: int) -> None:
        assert self._file is not None  # noqa: S101
        self._file.truncate(size)
        self._file.seek(0, os.SEEK_END)

    def _checkpoint(self, *, done: bool = False) -> None:
        assert self._file is not None  # noqa: S101
        assert self.begun is not None  # noqa: S101
        self._file.write(self._packs.end())
        self._file.flush()
        os.fsync(self._file.fileno())
        state = {
            **self.begun,
            "place": self._place,
            "counts": self.counts,
            "size": self._file.tell(),
            "done": done,
        }
        beside = self._state.with_name(f"{self._state.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._state)
        self._since, self._at = 0, time.monotonic()

    def _read_state(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (UnicodeDecodeError, ValueError) as error:
            raise ConfigError(
                "is no state of an export: give another name", subject=str(self._state), code="target_exists"
            ) from error
        return found


def _settle_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
