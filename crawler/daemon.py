"""The parent of `aiwire run`: owns the embedded Postgres, starts one child a role, restarts what dies or falls silent.

It has neither Scrapy nor a pool. What the children do is `crawler.roles`' affair.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from crawler.embedded import EmbeddedPostgres
from crawler.outlets import load_outlets
from crawler.roles import MOVED
from crawler.settings import Settings
from pipelines.errors import AiwireError, Unavailable
from pipelines.store.migrate import migrate

log = structlog.get_logger(__name__)

SILENT_AFTER = 30.0
"""Seconds without a sign of life after which a child is ended; it beats every 2 s."""
_BOOT = 60.0  # seconds a child may take until its first beat
_BACKOFF_MOST = 30.0
_STEADY = 60.0  # seconds of life after which the back-off begins anew


@dataclass(slots=True)
class Child:
    """One role's process; times are monotonic seconds."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    beats: int = -1
    started: float = 0.0
    heard: float = 0.0
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)


class Daemon:
    """Keeps the children of `roles` alive until SIGTERM or SIGINT; `run()` returns the exit code.

    `command(role)` is the argument list of a child.
    """

    def __init__(self, settings: Settings, roles: tuple[str, ...], command: Callable[[str], list[str]]) -> None:
        self._settings = settings
        self._command = command
        self._children = [Child(role) for role in roles]
        self._server = None if settings.database_url else EmbeddedPostgres(settings.data_dir / "postgres")
        self._stop = False
        self._reload = False
        self._code = 0
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Start everything, watch it, and drain on a signal."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_reload)
        with self._server or contextlib.nullcontext():
            url = self._database_url()
            self._migrate(url)
            self._environment = {**os.environ, "DATABASE_URL": url}
            log.info("started", roles=[child.role for child in self._children], data_dir=str(self._settings.data_dir))
            try:
                while not self._stop:
                    self._watch()
            finally:
                self._drain()
        log.info("stopped")
        return self._code

    def _database_url(self) -> str:
        if self._settings.database_url is not None:
            return self._settings.database_url.get_secret_value()
        assert self._server is not None  # noqa: S101 -- one of the two is there, by construction
        return self._server.url

    def _migrate(self, url: str) -> None:
        told = False
        while not self._stop:
            try:
                left_out = migrate(url)
            except Unavailable as error:
                if not told:
                    log.warning("postgres_away", reason=error.message)
                    told = True
                time.sleep(1)
            else:
                if left_out:
                    log.warning("roles_left_out", reasons=left_out)
                return

    def _watch(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None:
                if now >= child.start_at:
                    self._start(child)
            elif (status := child.process.poll()) == MOVED:
                self._code, self._stop = 1, True
            elif status is not None:
                self._ended(child, f"it ended with status {status}")
            elif now - child.heard > (SILENT_AFTER if child.heard > child.started else _BOOT):
                log.error("child_silent", child=child.role, seconds=round(now - child.heard))
                child.process.kill()
                child.process.wait()
                self._ended(child, "it fell silent")
        for key, _ in self._selector.select(timeout=0.5):
            key.data.heard = time.monotonic()
            with contextlib.suppress(BlockingIOError):
                if not os.read(key.fd, 4_096):  # closed: poll() will tell why
                    self._selector.unregister(key.fd)
        if self._reload:
            self._reload = False
            self._signal(signal.SIGHUP)
        self._check_postgres()

    def _check_postgres(self) -> None:
        if self._server is None or self._stop:
            return
        try:
            if self._server.ensure_alive():
                log.error("postgres_restarted", reason="it had died")
        except AiwireError as error:
            log.error("postgres_broken", reason=error.message)
            time.sleep(1)

    def _start(self, child: Child) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        child.process = subprocess.Popen(  # noqa: S603
            self._command(child.role),
            pass_fds=(writing,),
            env={**self._environment, "AIWIRE_HEARTBEAT_FD": str(writing)},
            stdin=subprocess.DEVNULL,
            # A group of its own: Ctrl-C reaches the parent alone, which drains the children in order.
            start_new_session=True,
        )
        os.close(writing)
        child.beats = reading
        child.started = child.heard = time.monotonic()
        self._selector.register(reading, selectors.EVENT_READ, child)

    def _ended(self, child: Child, how: str) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(child.beats)
        os.close(child.beats)
        child.process = None
        child.failures = 0 if time.monotonic() - child.started > _STEADY else child.failures + 1
        delay = min(2.0 ** (child.failures - 1) - 1 if child.failures else 0.0, _BACKOFF_MOST)
        child.start_at = time.monotonic() + delay
        log.error("child_ended", child=child.role, reason=how, again_in_seconds=delay)

    def _drain(self) -> None:
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + self._settings.drain_deadline
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error(
                    "child_killed", child=child.role, reason=f"not drained in {self._settings.drain_deadline:g} s"
                )
                child.process.kill()
                child.process.wait()

    def _signal(self, number: int) -> None:
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(number)

    def _on_stop(self, _number: int, _frame: object) -> None:
        if not self._stop:
            log.info("stopping", within_seconds=self._settings.drain_deadline)
        self._stop = True

    def _on_reload(self, _number: int, _frame: object) -> None:
        self._reload = True


def child_command(config_dir: str) -> Callable[[str], list[str]]:
    """How this program starts itself in a role."""
    return lambda role: [sys.executable, "-m", "crawler.roles", role, config_dir]


def run_daemon(settings: Settings, roles: tuple[str, ...]) -> int:
    """`aiwire run`; raises ConfigError with every mistake in the outlets' files before anything starts."""
    load_outlets(settings.config_dir)
    return Daemon(settings, roles, child_command(str(settings.config_dir))).run()
