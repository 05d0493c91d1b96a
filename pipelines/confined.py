"""The inside of a sandbox process: limits, then calls that arrive on a pipe, one after another.

Who starts it, watches it and kills it is `pipelines.sandbox`. No network filter is installed yet.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pipelines.errors import AiwireError, ExtractError, SandboxError

READY = "ready"
OK, FAILED, BROKEN = "ok", "failed", "broken"
ANSWER_MOST = 64 << 20  # bytes of one pickled answer
_PR_SET_PDEATHSIG = 1


def serve(
    pipe: Connection,
    cpu_seconds: float,
    memory_bytes: int,
    initializer: Callable[..., object] | None,
    initargs: tuple[Any, ...],
) -> None:
    """Answer calls until the pipe closes: each `(function, args)` with `(OK, result)` or `(FAILED, error)`."""
    _confine(memory_bytes)
    try:
        if initializer is not None:
            initializer(*initargs)
    except BaseException as error:  # noqa: BLE001 -- told to the parent, which decides
        _tell(pipe, (BROKEN, _described(error)))
        return
    _tell(pipe, (READY, os.getpid()))
    while True:
        try:
            call = pipe.recv_bytes()
        except (EOFError, OSError):  # the parent is gone
            return
        _allow_cpu(cpu_seconds)
        _tell(pipe, _answer(call))


def _answer(call: bytes) -> tuple[str, object]:
    try:
        function, args = pickle.loads(call)  # noqa: S301 -- written by our own parent
        return OK, function(*args)
    except AiwireError as error:
        return FAILED, error
    except MemoryError:
        return FAILED, SandboxError("it needed more memory than sandbox_memory_mb allows", code="sandbox_memory")
    except BaseException as error:  # noqa: BLE001 -- whatever a page does to a parser ends with the page
        return FAILED, ExtractError(_described(error), code="stage_failed")


def _tell(pipe: Connection, answer: tuple[str, object]) -> None:
    try:
        pickled = pickle.dumps(answer)
    except MemoryError:
        pickled = pickle.dumps((FAILED, SandboxError("the answer did not fit into memory", code="sandbox_memory")))
    except Exception as error:  # noqa: BLE001 -- pickle raises what the object's own hooks raise
        pickled = pickle.dumps((FAILED, ExtractError(f"the answer can't be pickled: {error}", code="stage_failed")))
    if len(pickled) > ANSWER_MOST:
        told = ExtractError(f"the answer is larger than {ANSWER_MOST >> 20} MiB", code="answer_too_large")
        pickled = pickle.dumps((FAILED, told))
    with contextlib.suppress(OSError):  # the parent is gone: the next read sees it
        pipe.send_bytes(pickled)


def _described(error: BaseException) -> str:
    tail = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in reversed(tail))
    return f"{type(error).__name__}: {str(error)[:500]} ({where})"


def _confine(memory_bytes: int) -> None:
    os.environ.clear()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the parent drains first
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS refuses RLIMIT_AS
            resource.setrlimit(limit, (most, most))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _allow_cpu(seconds: float) -> None:
    # RLIMIT_CPU counts for the whole process: it is raised call by call. SIGXCPU ends the process.
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = used.ru_utime + used.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent + seconds) + 1, hard))
