"""What tests run in the sandbox: functions that behave, and functions that do what pages have done to parsers."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import struct
import time
from pathlib import Path

from pipelines.errors import ConfigError, ParseError

_kept: list[object] = []


def double(n: int) -> int:
    return 2 * n


def segfault() -> None:
    ctypes.string_at(0)


def counted_segfault(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    segfault()


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_once(mark: Path) -> str:
    """Killed by a stranger the first time."""
    if not mark.exists():
        mark.touch()
        kill_itself()
    return "landed"


def leave() -> None:
    os._exit(3)


def babble() -> None:
    """Write into the pipe on which answers go."""
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("!i", 4) + b"junk")


def loop() -> None:
    while True:
        pass


def burn(seconds: float) -> int:
    """Use that much CPU; the process' id."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return os.getpid()


def hoard() -> None:
    _kept.append(bytearray(2 << 30))


def leak(size: int) -> int:
    _kept.append(b"x" * size)
    return os.getpid()


def unpicklable() -> object:
    return lambda: None


def refuse(subject: str = "") -> None:
    raise ParseError("no feed", subject=subject, code="not_a_feed")


def fail(kind: type[BaseException]) -> None:
    raise kind("a bug")


def misconfigured() -> None:
    raise ConfigError("not TOML", subject="topics/ai.toml")


def prepare(word: str) -> None:
    _kept.append(word)


def prepared() -> object:
    return _kept[-1]


def environment() -> dict[str, str]:
    return dict(os.environ)


def interrupt_itself() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "still there"


def meet(mine: Path, other: Path) -> str:
    mine.touch()
    while not other.exists():
        time.sleep(0.01)
    return "met"
