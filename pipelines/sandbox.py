"""Killable processes for whatever reads untrusted bytes: warm from the start, limited, recycled.

What is done in them is the caller's affair (`pipelines.ingest`, `pipelines.discovery`); what holds inside,
`pipelines.confined`; one of them seen from outside, `pipelines.killable`. Each has its own pipe, so that it is known
which page ended it and no other page suffers.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, cast

from pipelines.confined import OK, READY, Answer
from pipelines.errors import AiwireError, ConfigError, SandboxBroken, SandboxError
from pipelines.killable import Died, Killable

T = TypeVar("T")

_BREAK_AFTER = 3
"""Starts in a row that failed: then it is the installation that is broken."""


@dataclass(slots=True)
class SandboxStats:
    """Counts since the start; `cpu_seconds` of the calls that were answered."""

    calls: int = 0
    cpu_seconds: float = 0.0
    recycled: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    """Calls that cost a process, by code (sandbox_timeout, sandbox_cpu, …)."""


@dataclass(slots=True, eq=False)
class _Place:
    """Where one process is, or is to be started; whoever took it from the queue owns it."""

    process: Killable | None = None
    calls: int = 0

    def clear(self) -> None:
        if self.process is not None:
            self.process.end()
        self.process, self.calls = None, 0


class Sandbox:
    """At most `processes` calls at a time, each in a process with limits.

    `cpu_seconds` and `wall_seconds` bound one call, `memory_bytes` a process' address space. A process is replaced
    after `recycle_after` calls, or when a call leaves it with more than half of its memory in use. `initializer`
    runs once in each; `preload` names modules that the fork server imports, so that a new process costs milliseconds.
    Safe to use from threads.
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
        self._setup = pickle.dumps((initializer, initargs))
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._recycle_after = recycle_after
        self._preload = preload
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="sandbox")
        self._places = [_Place() for _ in range(processes)]
        self._free: queue.SimpleQueue[_Place] = queue.SimpleQueue()
        for place in self._places:
            self._free.put(place)
        self._counting = threading.Lock()
        self._broken = False
        self._closed = threading.Event()

    def start(self) -> None:
        """Start every process now rather than with the first calls.

        Raises SandboxBroken where they do not come up, ConfigError where the initializer raises one.
        """
        try:
            list(self._threads.map(lambda _: self._fill(), self._places))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all processes; calls under way or waiting raise SandboxBroken with code `sandbox_closed`."""
        self._closed.set()
        for place in self._places:
            if process := place.process:
                process.kill()
        self._threads.shutdown(wait=True)
        with contextlib.suppress(queue.Empty):
            for _ in self._places:
                place = self._free.get_nowait()
                place.clear()
                self._free.put(place)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def call(self, function: Callable[..., T], *args: object, subject: str = "") -> T:
        """The function's result, computed in a process; function, arguments and result must pickle.

        Raises the AiwireError that the function raised; ExtractError for any other exception (`stage_failed`) and for
        a result beyond 64 MiB (`answer_too_large`); SandboxError where the process had to be ended
        (`sandbox_timeout`, `sandbox_cpu`, `sandbox_memory`) or died twice (`sandbox_killed`); SandboxBroken where
        there is no process to be had. `subject` is what an error is about: a URL.
        """
        call = pickle.dumps((function, args))
        place = self._free.get()
        try:
            answer = self._answer(place, call)
        except Died as death:
            self._count(death.code)
            raise SandboxError(f"its process was ended: {death}", subject=subject, code=death.code) from death
        finally:
            self._free.put(place)
        error = answer.value
        if answer.kind == OK:
            self._count(None)
            return cast(T, answer.value)
        assert isinstance(error, AiwireError)  # noqa: S101 -- confined.py sends nothing else
        self._count(error.code if isinstance(error, SandboxError) else None)
        error.subject = error.subject or subject
        raise error

    def submit(self, function: Callable[..., T], *args: object, subject: str = "") -> Future[T]:
        """`call`, in one of as many threads as there are processes."""
        try:
            return self._threads.submit(lambda: self.call(function, *args, subject=subject))
        except RuntimeError as error:  # its threads have ended
            raise _closed_error() from error

    async def run(self, function: Callable[..., T], *args: object, subject: str = "") -> T:
        """`call`, without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(function, *args, subject=subject))

    # -- one place, owned ------------------------------------------------------------------------------------------

    def _answer(self, place: _Place, call: bytes) -> Answer:
        try:
            answer = self._ask(place, call)
        except Died as death:
            if death.code != "sandbox_killed":
                raise
            # It may have died before the call came, or been killed by the kernel or an operator: twice is the page.
            answer = self._ask(place, call)
        place.calls += 1
        worn = answer.worn or place.calls >= self._recycle_after
        if worn or isinstance(answer.value, SandboxError):
            place.clear()
        with self._counting:
            self.stats.cpu_seconds += answer.cpu_seconds
            self.stats.recycled += worn
        return answer

    def _ask(self, place: _Place, call: bytes) -> Answer:
        try:
            return self._process(place).ask(call, wall_seconds=self._wall_seconds)
        except Died as death:
            place.clear()
            if self._closed.is_set():
                raise _closed_error() from death
            raise

    def _fill(self) -> None:
        place = self._free.get()
        try:
            self._process(place)
        finally:
            self._free.put(place)

    def _process(self, place: _Place) -> Killable:
        """The place's process, a new one where it has none; raises SandboxBroken."""
        if self._closed.is_set():
            raise _closed_error()
        if place.process is not None:
            return place.process
        trouble: Exception | None = None
        for _ in range(1 if self._broken else _BREAK_AFTER):
            try:
                place.process = process = Killable(
                    self._setup, cpu_seconds=self._cpu_seconds, memory_bytes=self._memory_bytes, preload=self._preload
                )
                if self._closed.is_set():  # `close` may have looked here a moment too early
                    process.kill()
                answer = process.boot()
            except (Died, OSError) as error:
                trouble = error
            else:
                if answer.kind == READY:
                    self._broken = False
                    return process
                trouble = cast(AiwireError, answer.value)
            place.clear()
            if self._closed.is_set():
                raise _closed_error()
            if isinstance(trouble, ConfigError):  # known, and the same at every try
                raise trouble
        self._broken = True
        raise SandboxBroken(f"its processes do not start: {trouble}") from trouble

    def _count(self, ended: str | None) -> None:
        with self._counting:
            self.stats.calls += 1
            if ended is not None:
                self.stats.ended[ended] = self.stats.ended.get(ended, 0) + 1


def _closed_error() -> SandboxBroken:
    return SandboxBroken("the sandbox is closed", code="sandbox_closed")
