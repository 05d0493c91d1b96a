"""What the processes say of themselves: structured logs, and Sentry where its DSN is set; both without secrets.

Sentry is never the record: what matters is in Postgres first. What is worth saying is decided where it happens.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

import sentry_sdk
import structlog
from sentry_sdk.crons import capture_checkin
from sentry_sdk.integrations.logging import LoggingIntegration

from pipelines.errors import AiwireError

EVENT_EVERY = 3_600.0
"""Seconds: the same cause makes one event an hour; its count is in Postgres and the log."""
_HIDDEN = "[hidden]"
_SECRETS = (
    (re.compile(r"(\b[a-z][\w+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)", re.IGNORECASE), rf"\1{_HIDDEN}"),  # user:password@host
    (re.compile(r"(https?://)[0-9a-f]{32}(?=@)", re.IGNORECASE), rf"\1{_HIDDEN}"),  # the key of a Sentry DSN
    (re.compile(r"([?&](?:[\w-]*(?:token|key|secret|password|passwd|auth|sig(?:nature)?))=)[^&\s\"']+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (re.compile(r"(\bpassword\s*=\s*)[^\s\"']+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (re.compile(r"(\bauthorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)?\s*)[\w.+/=-]{6,}", re.IGNORECASE), rf"\1{_HIDDEN}"),
)
_QUIET = {
    "scrapy": logging.WARNING,
    "twisted": logging.WARNING,
    "apscheduler": logging.WARNING,
    "procrastinate": logging.WARNING,
    "psycopg.pool": logging.ERROR,  # Postgres away is told once, by us
    "trafilatura": logging.CRITICAL,
    "htmldate": logging.CRITICAL,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "urllib3": logging.WARNING,
}


def scrub(value: Any) -> Any:
    """The value with passwords, keys and tokens hidden, wherever they stand in it."""
    if isinstance(value, str):
        for pattern, replacement in _SECRETS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, Mapping):
        return {key: scrub(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(scrub(part) for part in value)
    return value


class HourlyLimit:
    """Lets a cause through once an hour; `now` gives seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: dict[str, float] = {}

    def passes(self, cause: str) -> bool:
        now = self._now()
        if now - self._last.get(cause, float("-inf")) < EVENT_EVERY:
            return False
        self._last = {known: at for known, at in self._last.items() if now - at < EVENT_EVERY}
        self._last[cause] = now
        return True


def configure(
    *,
    role: str,
    log_format: str = "auto",
    log_level: str = "info",
    sentry_dsn: str | None = None,
    environment: str = "production",
    twisted: bool = False,
) -> None:
    """Set up logging to stderr, and Sentry. `twisted` also catches failures that a Deferred lost."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        _add_role(role),
        _scrubbed,
    ]
    renderer: Any = structlog.dev.ConsoleRenderer(pad_event_to=24) if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([] if console else [structlog.processors.format_exc_info]),
            _scrubbed,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log_level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    if sentry_dsn:
        _start_sentry(sentry_dsn, role, environment)
    if twisted:
        from twisted.python.log import PythonLoggingObserver  # noqa: PLC0415 -- only where Twisted runs

        PythonLoggingObserver(loggerName="twisted").start()  # type: ignore[no-untyped-call]


def capture(error: BaseException, **tags: object) -> None:
    """Report an error with its tags (outlet, source, run, stage, host); nothing happens without a DSN."""
    with sentry_sdk.new_scope() as scope:
        for name, value in {"code": code_of(error), **tags}.items():
            if value is not None:
                scope.set_tag(name, str(scrub(str(value)))[:200])
        sentry_sdk.capture_exception(error)


def checkin(slug: str, *, schedule_minutes: int, status: str = "ok") -> None:
    """A cron check-in; the monitor is created or updated with its schedule."""
    if not sentry_sdk.is_initialized():
        return
    capture_checkin(
        monitor_slug=slug,
        status=status,
        monitor_config={
            "schedule": {"type": "interval", "value": schedule_minutes, "unit": "minute"},
            "checkin_margin": 2,
            "max_runtime": schedule_minutes + 5,
            "failure_issue_threshold": 1,
            "recovery_threshold": 1,
            "timezone": "UTC",
        },
    )


def flush(timeout: float = 2.0) -> None:
    """Send what waits, for at most `timeout` seconds."""
    sentry_sdk.flush(timeout=timeout)


def code_of(error: BaseException) -> str:
    return error.code if isinstance(error, AiwireError) else type(error).__name__


def _start_sentry(dsn: str, role: str, environment: str) -> None:
    limit = HourlyLimit()

    def before_send(event: Any, hint: Mapping[str, Any]) -> Any:
        error = (hint.get("exc_info") or (None, None, None))[1]
        tags = event.get("tags") or {}
        cause = [code_of(error) if error else event.get("logger", "log"), str(tags.get("outlet", ""))]
        if error is None:
            cause.append(str((event.get("logentry") or {}).get("message", ""))[:80])
        event["fingerprint"] = cause
        return scrub(event) if limit.passes("|".join(cause)) else None

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=f"aiwire@{metadata.version('aiwire')}",
        include_local_variables=False,
        send_default_pii=False,
        max_request_body_size="never",
        before_send=before_send,
        before_breadcrumb=lambda crumb, _: scrub(crumb),
        shutdown_timeout=2,
        default_integrations=False,
        integrations=[LoggingIntegration(level=logging.INFO, event_level=logging.ERROR)],
    )
    sentry_sdk.set_tag("role", role)


def _add_role(role: str) -> Any:
    def add(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event.setdefault("role", role)
        return event

    return add


def _scrubbed(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {key: value if key.startswith("_") or key == "exc_info" else scrub(value) for key, value in event.items()}
