"""Killable processes for whatever reads untrusted bytes: warm from the start, limited, recycled.

What is done in them is the caller's affair (`pipelines.ingest`, `pipelines.discovery`); what holds inside,
`pipelines.confined`. Each process has its own pipe, so that it is known which page ended it and no other page suffers.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, TypeVar

from pipelines import confined
from pipelines.errors import AiwireError, SandboxError

T = TypeVar("T")

_BOOT_SECONDS = 60  # the first process imports the parsers; on a busy machine that takes a while
_BREAK_AFTER = 3
"""Starts in a row that failed: then it is the installation that is broken, not a page."""
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE")
_starting = threading.Lock()


@dataclass(slots=True)
class SandboxStats:
    """Counts since the start; `ended` by code (sandbox_timeout, sandbox_cpu, …)."""

    calls: int = 0
    recycled: int = 0
    ended: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Slot:
    process: ForkServerProcess
    pipe: Connection
    calls: int = 0


class Sandbox:
    """At most `processes` calls at a time, each in a process with limits.

    `cpu_seconds` and `wall_seconds` bound one call, `memory_bytes` a process' address space; after `recycle_after`
    calls a process is replaced. `initializer(*initargs)` runs once in each; `preload` names modules to import in the
    fork server, so that a new process costs milliseconds. Safe to use from threads; the fork server keeps us clear of
    forking a process that has some.
    """

    def __init__(
        self,
        *,
        processes: int,
        cpu_seconds: float = 10,
        memory_bytes: int = 1 << 30,
        wall_seconds: float = 30,
        recycle_after: int = 500,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        preload: tuple[str, ...] = (),
    ) -> None:
        self.processes = processes
        self.stats = SandboxStats()
        self._wall_seconds = wall_seconds
        self._recycle_after = recycle_after
        self._arguments = (cpu_seconds, memory_bytes, initializer, initargs)
        self._preload = preload
        self._context = multiprocessing.get_context("forkserver")
        self._free: queue.SimpleQueue[_Slot | None] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="sandbox")
        self._failed_starts = 0
        self._closed = False

    def start(self) -> None:
        """Start every process; raises SandboxError with code `sandbox_broken` where they do not come up."""
        slots = list(self._threads.map(lambda _: self._new_slot(), range(self.processes)))
        for slot in slots:
            self._free.put(slot)

    def close(self) -> None:
        """End all processes; calls under way are cut off."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                slot = self._free.get_nowait()
                if slot is not None:
                    self._end(slot)
        self._threads.shutdown(wait=True, cancel_futures=True)
        with contextlib.suppress(queue.Empty):
            while True:
                slot = self._free.get_nowait()
                if slot is not None:
                    self._end(slot)

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def call(self, function: Callable[..., T], *args: object, subject: str = "") -> T:
        """The function's result, computed in a process; function and arguments must pickle.

        Raises the AiwireError that the function raised, ExtractError with code `stage_failed` for any other exception,
        SandboxError where the process had to be ended (`sandbox_timeout`, `sandbox_cpu`, `sandbox_memory`,
        `sandbox_killed`) or does not come up (`sandbox_broken`). `subject` is what the error is about: a URL.
        """
        call = pickle.dumps((function, args))
        slot = self._free.get() or self._new_slot()
        replacement: _Slot | None = None
        try:
            self.stats.calls += 1
            slot.calls += 1
            kind, answer = self._ask(slot, call, subject)
            if slot.calls < self._recycle_after:
                replacement = slot
            else:
                self.stats.recycled += 1
                self._end(slot)
        finally:
            # A slot whose process ended is filled again by whoever needs it next.
            self._free.put(replacement)
        if kind == confined.OK:
            result: T = answer  # type: ignore[assignment]
            return result
        assert isinstance(answer, AiwireError)  # noqa: S101 -- confined.py sends nothing else
        answer.subject = answer.subject or subject
        raise answer

    async def run(self, function: Callable[..., T], *args: object, subject: str = "") -> T:
        """`call`, without blocking the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self.call(function, *args, subject=subject))

    # -- one process -----------------------------------------------------------------------------------------------

    def _ask(self, slot: _Slot, call: bytes, subject: str) -> tuple[str, object]:
        try:
            slot.pipe.send_bytes(call)
            if slot.pipe.poll(self._wall_seconds):
                answer: tuple[str, object] = pickle.loads(slot.pipe.recv_bytes())  # noqa: S301 -- see confined.py
                return answer
        except (EOFError, OSError) as error:
            code, words = self._post_mortem(slot)
            raise self._ended(code, words, subject) from error
        self._end(slot)
        raise self._ended("sandbox_timeout", f"it took longer than {self._wall_seconds:g} s", subject)

    def _ended(self, code: str, words: str, subject: str) -> SandboxError:
        self.stats.ended[code] = self.stats.ended.get(code, 0) + 1
        return SandboxError(f"its process was ended: {words}", subject=subject, code=code)

    def _post_mortem(self, slot: _Slot) -> tuple[str, str]:
        slot.process.join(5)
        status = slot.process.exitcode
        self._end(slot)
        if status == -signal.SIGXCPU:
            return "sandbox_cpu", "it used more CPU than sandbox_cpu_seconds allows"
        if status is not None and status < 0:
            return "sandbox_killed", f"{signal.Signals(-status).name}"
        return "sandbox_killed", f"exit status {status}"

    def _end(self, slot: _Slot) -> None:
        slot.pipe.close()
        slot.process.kill()
        slot.process.join(5)
        with contextlib.suppress(ValueError):  # still not dead: the fork server reaps it
            slot.process.close()

    def _new_slot(self) -> _Slot:
        if self._closed:
            raise SandboxError("the sandbox is closed", code="sandbox_broken")
        ours, theirs = self._context.Pipe()
        with _starting, _as_nobody(self._context, self._preload):
            process = self._context.Process(target=confined.serve, args=(theirs, *self._arguments), daemon=True)
            process.start()
        theirs.close()
        slot = _Slot(process, ours)
        try:
            kind, told = pickle.loads(ours.recv_bytes()) if ours.poll(_BOOT_SECONDS) else (None, "it does not answer")  # noqa: S301
        except (EOFError, OSError):
            kind, told = None, self._post_mortem(slot)[1]
        if kind == confined.READY:
            self._failed_starts = 0
            return slot
        with contextlib.suppress(ValueError):
            self._end(slot)
        self._failed_starts += 1
        if self._failed_starts < _BREAK_AFTER:
            return self._new_slot()
        raise SandboxError(f"its processes do not start: {told}", code="sandbox_broken")


@contextlib.contextmanager
def _as_nobody(context: multiprocessing.context.ForkServerContext, preload: tuple[str, ...]) -> Iterator[None]:
    """Start processes without our secrets and without our main module.

    The fork server inherits the environment it is started in, and /proc shows it for life: so it is started in one
    without secrets. multiprocessing would import `__main__`, the whole command line program, again in each child.
    """
    kept = dict(os.environ)
    main = sys.modules["__main__"]
    try:
        for name in set(os.environ) - set(_KEPT_ENVIRONMENT):
            del os.environ[name]
        sys.modules["__main__"] = types.ModuleType("__main__")
        if preload:
            context.set_forkserver_preload(list(preload))
        yield
    finally:
        sys.modules["__main__"] = main
        os.environ.update(kept)
