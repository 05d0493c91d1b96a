"""The inside of a sandbox process: limits, then calls that arrive on a pipe, one after another.

Who starts it, watches it and kills it is `pipelines.sandbox`. No network filter is installed yet.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import AiwireError, ExtractError, SandboxError

READY, OK, FAILED = "ready", "ok", "failed"
ANSWER_MOST = 64 << 20
"""Bytes of one pickled answer; a page has 15 MiB at most, an article far less."""
_FILES_MOST = 64  # open at a time: modules, TOML, time zones
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class Answer(NamedTuple):
    """What a process says: READY after its setup, OK with a result, FAILED with an AiwireError."""

    kind: str
    value: object
    cpu_seconds: float = 0.0
    worn: bool = False
    """It holds more than half of the memory that it may: it ought to be replaced."""


def serve(pipe: Connection, setup: bytes, cpu_seconds: float, memory_bytes: int) -> None:
    """Answer calls until the pipe closes.

    `setup` and each call are pickled `(function, args)`, a setup without function is `(None, ())`; what comes back
    is a pickled Answer.
    """
    _end_with_parent(pipe)
    _confine(memory_bytes)
    ready = _answer(setup)
    pipe.send_bytes(pickle.dumps(ready if ready.kind == FAILED else Answer(READY, os.getpid())))
    while ready.kind != FAILED:
        try:
            call = pipe.recv_bytes()
        except (EOFError, OSError):  # the parent is gone, or wants us gone
            return
        before = _cpu_spent()
        _allow_cpu(before + cpu_seconds)
        answer = _answer(call)
        del call
        answer = answer._replace(cpu_seconds=_cpu_spent() - before, worn=_resident_bytes() > memory_bytes // 2)
        with contextlib.suppress(OSError):  # the parent is gone: the next read sees it
            pipe.send_bytes(_pickled(answer))


def _answer(call: bytes) -> Answer:
    try:
        function, args = pickle.loads(call)  # noqa: S301 -- written by our own parent
        return Answer(OK, function(*args) if function is not None else None)
    except AiwireError as error:
        return Answer(FAILED, error)
    except MemoryError:
        return Answer(FAILED, SandboxError("it needed more memory than the sandbox allows", code="sandbox_memory"))
    except BaseException as error:  # noqa: BLE001 -- whatever a page does to a parser ends with the page
        return Answer(FAILED, ExtractError(_described(error), code="stage_failed"))


def _pickled(answer: Answer) -> bytes:
    trouble: AiwireError
    try:
        pickled = pickle.dumps(answer)
    except MemoryError:
        trouble = SandboxError("its answer did not fit into the memory that the sandbox allows", code="sandbox_memory")
    except Exception as error:  # noqa: BLE001 -- pickle raises what the object's own hooks raise
        trouble = ExtractError(f"its answer can't be pickled: {_described(error)}", code="stage_failed")
    else:
        if len(pickled) <= ANSWER_MOST:
            return pickled
        size = f"{len(pickled) >> 20} MiB where {ANSWER_MOST >> 20} MiB is the most"
        trouble = ExtractError(f"its answer has {size}", code="answer_too_large")
    return pickle.dumps(answer._replace(kind=FAILED, value=trouble))


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:500]} ({where})"


def _end_with_parent(pipe: Connection) -> None:
    """Let the kernel end this process with the program that started it, whatever it is at.

    To the kernel our parent is the fork server, which ends with the program as long as no child holds what it was
    handed: so that is closed. Where there is no such signal, the pipe's end or the limit on CPU does it.
    """
    sentinel = multiprocessing.parent_process().sentinel  # type: ignore[union-attr]  # multiprocessing started us
    first = 3  # after stdin, stdout and stderr
    for kept in sorted((pipe.fileno(), sentinel)):
        os.closerange(first, kept)
        first = kept + 1
    os.closerange(first, 1_024)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _confine(memory_bytes: int) -> None:
    os.environ.clear()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent drains first
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logging.getLogger().addHandler(logging.NullHandler())  # what the libraries mutter is nobody's news
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _FILES_MOST)
    _limit(resource.RLIMIT_FSIZE, 0)  # files can be read, not written
    _limit(resource.RLIMIT_AS, memory_bytes)


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses RLIMIT_AS
        resource.setrlimit(kind, (most, most))


def _cpu_spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _allow_cpu(seconds: float) -> None:
    # RLIMIT_CPU counts the process' whole life in full seconds: it is raised call by call. SIGXCPU ends the process.
    most = int(seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:  # no /proc: the most it ever had, which macOS gives in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()
