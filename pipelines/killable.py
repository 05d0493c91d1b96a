"""One killable process seen from outside: how it is started, asked, killed, and what it died of.

What happens in it is `pipelines.confined`'s affair; how many there are and who waits for them, `pipelines.sandbox`'s.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import types
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

from pipelines.confined import ANSWER_MOST, Answer, serve

_FORK_SERVER = multiprocessing.get_context("forkserver")
_KEPT_ENVIRONMENT = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONHASHSEED",
    "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip
_BOOT_SECONDS = 60  # the first process waits for the fork server's imports; on a busy machine that takes a while
_DEATH_SECONDS = 5  # from a closed pipe to the exit status, which the fork server tells
_starting = threading.Lock()


class Died(Exception):
    """The process gave no answer; `code` says how it ended."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Killable:
    """A process that runs `confined.serve`, for one caller at a time; `kill` may come from any thread."""

    def __init__(self, setup: bytes, *, cpu_seconds: float, memory_bytes: int, preload: tuple[str, ...]) -> None:
        """Start it, which takes no longer than a fork; raises OSError where the machine has no process to give."""
        self._cpu_seconds = cpu_seconds
        self._pipe, theirs = _FORK_SERVER.Pipe()
        arguments = (theirs, setup, cpu_seconds, memory_bytes)
        self._process = _FORK_SERVER.Process(target=serve, args=arguments, daemon=True)
        try:
            with _starting:
                _start_fork_server(preload)
                with _no_main_module():
                    self._process.start()
        except BaseException:
            self._pipe.close()
            raise
        finally:
            theirs.close()

    def boot(self) -> Answer:
        """What `confined.serve` tells of its setup; raises Died."""
        return self._answer(_BOOT_SECONDS)

    def ask(self, call: bytes, *, wall_seconds: float) -> Answer:
        """The answer of `confined.serve` to a pickled call; raises Died (`sandbox_timeout`, `_cpu`, `_killed`)."""
        _limit_waiting(self._pipe.fileno(), wall_seconds)
        try:
            self._pipe.send_bytes(call)
        except BlockingIOError:
            raise self._overdue(wall_seconds) from None
        except OSError as error:
            raise self._post_mortem() from error
        return self._answer(wall_seconds)

    def kill(self) -> None:
        with contextlib.suppress(ValueError):  # ended meanwhile
            self._process.kill()

    def end(self) -> None:
        """Kill it and give back what it held."""
        self._pipe.close()
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_DEATH_SECONDS)
        with contextlib.suppress(ValueError):  # not dead yet, stuck in the kernel: the fork server reaps it
            self._process.close()

    def _answer(self, wall_seconds: float) -> Answer:
        try:
            if not self._pipe.poll(wall_seconds):
                raise self._overdue(wall_seconds)
            told = self._pipe.recv_bytes(ANSWER_MOST)
        except BlockingIOError:  # it stopped in the middle of its answer
            raise self._overdue(wall_seconds) from None
        except (EOFError, OSError) as error:
            raise self._post_mortem() from error
        try:
            answer: Answer = pickle.loads(told)  # noqa: S301 -- see confined.py
        except Exception as error:  # garbage raises anything
            raise Died("sandbox_killed", f"its answer makes no sense: {type(error).__name__}") from error
        return answer

    def _overdue(self, wall_seconds: float) -> Died:
        return Died("sandbox_timeout", f"it took longer than {wall_seconds:g} s")

    def _post_mortem(self) -> Died:
        self._process.join(_DEATH_SECONDS)
        status = self._process.exitcode
        if status is None:
            return Died("sandbox_killed", "it closed its pipe")
        if status >= 0:
            return Died("sandbox_killed", f"it exited with status {status}")
        if status == -signal.SIGXCPU:
            return Died("sandbox_cpu", f"it used more than {self._cpu_seconds:g} s of CPU")
        return Died("sandbox_killed", f"killed by {_signal_name(-status)}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _limit_waiting(descriptor: int, seconds: float) -> None:
    """Let no read or write on the pipe wait longer: a stopped process would hold its caller for ever."""
    whole = int(seconds)
    wait = struct.pack("@ll", whole, int((seconds - whole) * 1e6))  # struct timeval, socket(7)
    with socket.socket(fileno=os.dup(descriptor)) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)


def _start_fork_server(preload: tuple[str, ...]) -> None:
    """Start multiprocessing's fork server where none runs. Forking from it, not from us, no thread's lock is copied.

    It keeps the environment it is started in, which /proc shows to it and all its children for life: so that is one
    without secrets. The environment is the whole process': start the first sandbox before the threads that read it.
    """
    pid = getattr(forkserver._forkserver, "_forkserver_pid", None)  # noqa: SLF001 -- no other way to know
    # Only looked at, not reaped: that is multiprocessing's to do. (Where waitid is missing, we start it again in vain.)
    if pid and hasattr(os, "waitid") and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        return
    forkserver.set_forkserver_preload(["pipelines.confined", *preload])
    kept = dict(os.environ)
    try:
        for name in kept.keys() - set(_KEPT_ENVIRONMENT):
            del os.environ[name]
        os.environ["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        os.environ["PYTHONSAFEPATH"] = "1"  # and nothing else that lies about in the current folder
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's threads would be forked, too
        with _no_main_module():
            forkserver.ensure_running()
    finally:
        for name in os.environ.keys() - kept.keys():
            del os.environ[name]
        os.environ.update(kept)


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """Hide our main module: multiprocessing would run it, the whole command line program, again in each child."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
