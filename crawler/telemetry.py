"""What the processes say of themselves: structured logs, and Sentry where its DSN is set; both without secrets.

Sentry is never the record: what matters is in Postgres first. What is worth saying is decided where it happens; what
a secret is, by `crawler.scrubbing`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from importlib import metadata
from typing import Any

import sentry_sdk
import structlog
from sentry_sdk.crons import capture_checkin
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.utils import BadDsn
from structlog.stdlib import ProcessorFormatter

from crawler.scrubbing import scrub
from pipelines.errors import AiwireError, ConfigError

EVENT_EVERY = 3_600.0
"""Seconds: the same cause makes one event an hour; its count is in Postgres and the log."""
_TAGS = ("code", "outlet", "source", "host", "run", "stage", "job", "child")
"""What a log line may carry that Sentry is searched by."""
_QUIET = {
    "scrapy": logging.WARNING,
    "twisted": logging.WARNING,
    "apscheduler": logging.WARNING,
    "procrastinate": logging.WARNING,
    "psycopg.pool": logging.ERROR,  # Postgres away is told once, by us
    "trafilatura": logging.CRITICAL,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "urllib3": logging.WARNING,
    "botocore": logging.WARNING,
    "aiobotocore": logging.WARNING,
}
_PREAMBLE = "Unhandled error in Deferred:"
"""Twisted's line before the one that has the failure."""

Event = MutableMapping[str, Any]


class OncePer:
    """Lets a key through once in so many seconds; `now` gives seconds that never go back."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._last: dict[str, float] = {}

    def passes(self, key: str) -> bool:
        now = self._now()
        # Forgotten as they grow old, so that it stays as small as what happens in one period.
        self._last = {known: at for known, at in self._last.items() if now - at < self._seconds}
        if key in self._last:
            return False
        self._last[key] = now
        return True


def configure(
    *,
    role: str,
    log_format: str = "auto",
    log_level: str = "info",
    sentry_dsn: str | None = None,
    environment: str = "production",
    release: str | None = None,
    twisted: bool = False,
) -> None:
    """Set up logging to stderr, and Sentry. `twisted` also catches failures that a Deferred lost.

    A line's keys are event (stable snake_case), level, timestamp, role, then its context; lines of libraries have the
    same shape, their text as event, and the logger's name. Raises ConfigError (`bad_dsn`).
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        _add_role(role),
        _scrubbed,
    ]
    renderer: Any = (
        # Plain: the pretty one prints local variables, and with them whatever secret they hold.
        structlog.dev.ConsoleRenderer(pad_event_to=24, exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, _to_stdlib],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = ProcessorFormatter(
        foreign_pre_chain=[_add_logger, *shared],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
            # Once more over the whole line: exceptions and objects have become text only now.
            _scrubbed_line,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log_level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, root.level))
    logging.captureWarnings(capture=True)
    if sentry_dsn:
        _start_sentry(sentry_dsn, role=role, environment=environment, release=release)
    if twisted:
        from twisted.python.log import PythonLoggingObserver  # noqa: PLC0415 -- only where Twisted runs

        PythonLoggingObserver(loggerName="twisted").start()


def capture(error: BaseException, **tags: object) -> None:
    """Report an error with its tags (outlet, source, run, stage, host); nothing happens without a DSN.

    It returns at once: a thread sends, and what it can't send in time is dropped.
    """
    with sentry_sdk.new_scope() as scope:
        _tag(scope, {"code": code_of(error), **tags})
        sentry_sdk.capture_exception(error)


def checkin(slug: str, *, schedule_minutes: int, status: str = "ok") -> None:
    """A cron check-in, at most one of a status each `schedule_minutes`; its monitor is made or updated with it."""
    if not sentry_sdk.is_initialized():
        return
    limit = _checkins.setdefault(slug, OncePer(schedule_minutes * 60.0))
    if not limit.passes(status):
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


_checkins: dict[str, OncePer] = {}


# -- Sentry ------------------------------------------------------------------------------------------------------------


def _start_sentry(dsn: str, *, role: str, environment: str, release: str | None) -> None:
    limit = OncePer(EVENT_EVERY)

    def before_send(event: Any, hint: Mapping[str, Any]) -> Any:
        if event.get("type") is not None:  # check-ins come this way, too
            return event
        if (event.get("logentry") or {}).get("message") == _PREAMBLE:
            return None
        if told := _told(hint):
            event["logentry"] = {"message": str(told["event"])}
            event["extra"] = _context(told)
            event["tags"] = {**{key: str(told[key])[:200] for key in _TAGS if told.get(key)}, **event.get("tags", {})}
        event["fingerprint"] = cause = _cause(event, hint)
        return scrub(event) if limit.passes("|".join(cause)) else None

    def before_breadcrumb(crumb: Any, hint: Mapping[str, Any]) -> Any:
        if told := _told(hint):
            crumb["message"] = str(told["event"])
            crumb["data"] = _context(told)
        return scrub(crumb)

    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=release or f"aiwire@{metadata.version('aiwire')}",
            include_local_variables=False,  # send_default_pii: not set is off, and setting it is deprecated
            max_request_body_size="never",
            auto_session_tracking=False,
            ignore_errors=[KeyboardInterrupt],
            before_send=before_send,
            before_breadcrumb=before_breadcrumb,
            shutdown_timeout=2,
            # Chosen one by one: the others patch subprocess and http.client, or send argv and the modules' names.
            default_integrations=False,
            integrations=[
                LoggingIntegration(level=logging.INFO, event_level=logging.ERROR),
                ExcepthookIntegration(),
                DedupeIntegration(),
                AtexitIntegration(callback=lambda _pending, _timeout: None),
            ],
        )
    except BadDsn:
        raise ConfigError(
            "it is no DSN of the form https://key@host/project: copy it from the project's settings in Sentry",
            subject="SENTRY_DSN",
            code="bad_dsn",
        ) from None  # its message quotes the DSN
    sentry_sdk.set_tag("role", role)


def _cause(event: Event, hint: Mapping[str, Any]) -> list[str]:
    """What groups events in Sentry, and limits them: the code and the outlet; of what nobody foresaw, its place, too."""
    tags = event.get("tags") or {}
    error = (hint.get("exc_info") or (None, None, None))[1]
    if error is None:
        told = _told(hint)
        record = hint.get("log_record")
        said = told.get("code") or told.get("event") or (record.msg if record else event.get("message"))
        return [event.get("logger", "log") if not told else "aiwire", str(said)[:80], str(tags.get("outlet", ""))]
    cause = ["aiwire", code_of(error), str(tags.get("outlet", ""))]
    return cause if isinstance(error, AiwireError) else [*cause, _place(error)]


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}.{trace.tb_frame.f_code.co_name}"


def _told(hint: Mapping[str, Any]) -> dict[str, Any]:
    """The keys and values of one of our own log lines, {} where the event is no such line."""
    message = getattr(hint.get("log_record"), "msg", None)
    return message if isinstance(message, dict) and "event" in message else {}


def _context(told: Mapping[str, Any]) -> dict[str, str | int]:
    # Sentry has turned the event into JSON's types by now; what is added must be of them.
    kept = {key: value for key, value in told.items() if key not in ("event", "exc_info", "timestamp", "level")}
    return {key: value if isinstance(value, int) else str(value) for key, value in kept.items()}


def _tag(scope: sentry_sdk.Scope, tags: Mapping[str, object]) -> None:
    for name, value in tags.items():
        if value is not None:
            scope.set_tag(name, str(scrub(str(value)))[:200])


# -- structlog's processors --------------------------------------------------------------------------------------------


def _to_stdlib(logger: Any, name: str, event: Event) -> tuple[tuple[Event], dict[str, Any]]:
    args, kwargs = ProcessorFormatter.wrap_for_formatter(logger, name, event)
    # structlog keeps exc_info to itself; Sentry looks for it on the record.
    return args, {**kwargs, "exc_info": event.get("exc_info")}


def _add_role(role: str) -> Any:
    def add(_logger: object, _method: str, event: Event) -> Event:
        event.setdefault("role", role)
        return event

    return add


def _add_logger(_logger: object, _method: str, event: Event) -> Event:
    event["logger"] = event["_record"].name
    return event


def _scrubbed(_logger: object, _method: str, event: Event) -> Event:
    kept = {key: value for key, value in event.items() if key.startswith("_") or key == "exc_info"}
    return {**scrub(event), **kept}


def _scrubbed_line(_logger: object, _method: str, line: Any) -> str:
    return str(scrub(line))
