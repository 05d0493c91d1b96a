"""What a process logs, and what reaches Sentry: each in a process of its own, against a sink on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from envelope_sink import EnvelopeSink, Part

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sink() -> Iterator[EnvelopeSink]:
    with EnvelopeSink() as opened:
        yield opened


def run(program: str, dsn: str = "", **configure: object) -> subprocess.CompletedProcess[str]:
    """A process that sets up telemetry, does as `program` says, and ends; its standard error is JSON by default."""
    keywords = {"role": "worker", "log_format": "json", "sentry_dsn": dsn or None, **configure}
    head = f"""
        import logging, sys
        import structlog
        from crawler import telemetry
        from pipelines.errors import Permanent
        telemetry.configure(**{keywords!r})
        log = structlog.get_logger("crawler.visit")
    """
    text = textwrap.dedent(head) + textwrap.dedent(program)
    command = [sys.executable, "-W", "error", "-c", text]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stderr.splitlines()]


def only(parts: list[Part]) -> Part:
    assert len(parts) == 1, [part.payload.get("logentry") for part in parts]
    return parts[0]


# -- Sentry ------------------------------------------------------------------------------------------------------------

FAILING = """
    def poll(url):
        canary_local = "canary-local-value"
        raise Permanent("410 Gone", subject=url + "?token=canary-token", code="http_410")

    def visit():
        try:
            poll("https://ann:canary-password@outlet.example/feed")
        except Permanent as error:
            telemetry.capture(error, outlet="infogioco", source="https://outlet.example/feed", stage="poll")
"""


def test_error_arrives_with_its_code_and_tags(sink: EnvelopeSink) -> None:
    done = run(FAILING + "\n    visit()", sink.dsn, environment="test", release="aiwire@9.9")

    assert (done.returncode, done.stderr) == (0, "")
    event = only(sink.parts("event")).payload
    assert event["tags"] == {
        "role": "worker",
        "code": "http_410",
        "outlet": "infogioco",
        "source": "https://outlet.example/feed",
        "stage": "poll",
    }
    assert event["fingerprint"] == ["aiwire", "http_410", "infogioco"]
    assert (event["environment"], event["release"]) == ("test", "aiwire@9.9")
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "Permanent"
    assert exception["value"].endswith("410 Gone")


def test_no_local_variable_and_no_secret_leaves_the_machine(sink: EnvelopeSink) -> None:
    run(
        FAILING + "\n    log.info('asked', url='postgresql://ann:canary-dsn@db/news')\n    visit()",
        sink.dsn,
    )

    part = only(sink.parts("event"))
    frames = part.payload["exception"]["values"][0]["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["visit", "poll"]
    assert all("vars" not in frame for frame in frames)
    assert [crumb["message"] for crumb in part.payload["breadcrumbs"]["values"]] == ["asked"]
    assert "canary" not in part.raw


def test_same_error_twice_is_one_event(sink: EnvelopeSink) -> None:
    done = run(FAILING + "\n    visit()\n    visit()", sink.dsn)

    assert done.returncode == 0
    assert only(sink.parts("event")).payload["tags"]["code"] == "http_410"


def test_same_error_of_another_outlet_is_another_event(sink: EnvelopeSink) -> None:
    run(
        """
        for outlet in ("infogioco", "heise", "infogioco"):
            telemetry.capture(Permanent("gone", code="http_410"), outlet=outlet)
        """,
        sink.dsn,
    )

    assert [part.payload["tags"]["outlet"] for part in sink.parts("event")] == ["infogioco", "heise"]


def test_captured_and_logged_error_is_one_event(sink: EnvelopeSink) -> None:
    done = run(
        """
        try:
            {}["missing"]
        except KeyError as error:
            telemetry.capture(error, outlet="infogioco", stage="visit")
            log.exception("entry_failed_unexpectedly", outlet="infogioco", url="https://outlet.example/a")
        """,
        sink.dsn,
    )

    assert [line["event"] for line in lines(done)] == ["entry_failed_unexpectedly"]
    assert only(sink.parts("event")).payload["fingerprint"] == ["aiwire", "KeyError", "infogioco", "__main__.<module>"]


def test_logged_error_arrives_with_its_context(sink: EnvelopeSink) -> None:
    run(
        """
        log.warning("source_broken", outlet="heise")
        log.error("page_quarantined", outlet="infogioco", code="sandbox_cpu", attempts=3)
        """,
        sink.dsn,
    )

    event = only(sink.parts("event")).payload
    assert event["logentry"]["message"] == "page_quarantined"
    assert event["tags"] == {"role": "worker", "outlet": "infogioco", "code": "sandbox_cpu"}
    assert event["extra"] == {"role": "worker", "outlet": "infogioco", "code": "sandbox_cpu", "attempts": 3}
    assert event["fingerprint"] == ["aiwire", "sandbox_cpu", "infogioco"]


def test_logged_exception_arrives_as_one(sink: EnvelopeSink) -> None:
    run(
        """
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("tick_failed", job="fire")
        """,
        sink.dsn,
    )

    event = only(sink.parts("event")).payload
    assert event["exception"]["values"][0]["type"] == "ZeroDivisionError"
    assert event["tags"]["job"] == "fire"


def test_error_that_a_library_logs_arrives(sink: EnvelopeSink) -> None:
    run(
        """
        logging.getLogger("procrastinate.worker").error("Job %s failed with password=canary", 7)
        logging.getLogger("procrastinate.worker").error("Job %s failed with password=canary", 8)
        """,
        sink.dsn,
    )

    event = only(sink.parts("event")).payload
    assert event["logger"] == "procrastinate.worker"
    assert event["logentry"]["formatted"] == "Job 7 failed with password=[hidden]"


def test_crash_arrives(sink: EnvelopeSink) -> None:
    done = run("raise RuntimeError('boom')", sink.dsn)

    assert done.returncode == 1
    assert "RuntimeError: boom" in done.stderr
    assert only(sink.parts("event")).payload["exception"]["values"][0]["value"] == "boom"


def test_failure_that_a_deferred_lost_arrives(sink: EnvelopeSink) -> None:
    run(
        """
        from twisted.internet.defer import Deferred

        Deferred().errback(ValueError("lost"))
        """,
        sink.dsn,
        twisted=True,
    )

    assert only(sink.parts("event")).payload["exception"]["values"][0]["value"] == "lost"


def test_checkin_arrives_with_its_schedule(sink: EnvelopeSink) -> None:
    run('telemetry.checkin("aiwire-scheduler", schedule_minutes=5)', sink.dsn)

    checkin = only(sink.parts("check_in")).payload
    assert (checkin["monitor_slug"], checkin["status"]) == ("aiwire-scheduler", "ok")
    assert checkin["monitor_config"]["schedule"] == {"type": "interval", "value": 5, "unit": "minute"}


def test_checkins_of_one_status_are_one_a_period(sink: EnvelopeSink) -> None:
    run(
        """
        for status in ("ok", "ok", "error", "ok"):
            telemetry.checkin("aiwire-scheduler", schedule_minutes=1, status=status)
        telemetry.checkin("aiwire-retention", schedule_minutes=60)
        """,
        sink.dsn,
    )

    told = [(part.payload["monitor_slug"], part.payload["status"]) for part in sink.parts("check_in")]
    assert told == [("aiwire-scheduler", "ok"), ("aiwire-scheduler", "error"), ("aiwire-retention", "ok")]


def test_sentry_that_never_answers_holds_nobody_up(sink: EnvelopeSink) -> None:
    """The process goes on, and ends, while the sink still withholds its answer."""
    sink.answering.clear()

    done = run(FAILING + "\n    visit()\n    telemetry.flush(0.1)\n    log.info('went_on')", sink.dsn)

    assert sink.asked.is_set()
    assert not sink.answering.is_set()
    assert (done.returncode, [line["event"] for line in lines(done)]) == (0, ["went_on"])


def test_without_a_dsn_nothing_is_sent_and_nothing_fails() -> None:
    done = run(FAILING + '\n    visit()\n    telemetry.checkin("x", schedule_minutes=1)\n    telemetry.flush()')

    assert (done.returncode, done.stderr) == (0, "")


def test_bad_dsn_is_told_without_quoting_it() -> None:
    done = run("", "https://sentry.example/canary")

    assert done.returncode == 1
    assert "ConfigError: SENTRY_DSN: it is no DSN" in done.stderr


# -- logs --------------------------------------------------------------------------------------------------------------


def test_line_has_event_level_timestamp_role_and_context() -> None:
    (line,) = lines(run('log.info("source_polled", outlet="infogioco", new=3, title="È già qui")'))

    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "event": "source_polled",
        "level": "info",
        "role": "worker",
        "outlet": "infogioco",
        "new": 3,
        "title": "È già qui",
    }


def test_lines_of_libraries_have_the_same_shape() -> None:
    (line,) = lines(run('logging.getLogger("scrapy.core").warning("Got %s", "429")'))

    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "Got 429", "level": "warning", "role": "worker", "logger": "scrapy.core"}


def test_chatter_of_libraries_is_left_out() -> None:
    done = run(
        """
        for name in ("scrapy.core.engine", "twisted", "apscheduler.scheduler", "procrastinate.worker", "alembic"):
            logging.getLogger(name).info("chatter")
        logging.getLogger("trafilatura").error("discarding data")
        """
    )

    assert done.stderr == ""


def test_higher_level_silences_libraries_too() -> None:
    done = run('logging.getLogger("scrapy").warning("slow")\nlog.warning("slow")', log_level="error")

    assert done.stderr == ""


def test_secret_in_a_traceback_is_hidden() -> None:
    (line,) = lines(
        run(
            """
            try:
                raise OSError("no route to postgresql://ann:canary@db/news")
            except OSError:
                log.exception("postgres_away")
            """
        )
    )

    assert "postgresql://ann:[hidden]@db/news" in str(line["exception"])


def test_secret_in_an_object_is_hidden() -> None:
    done = run('log.info("asked", error=OSError("GET http://h/?token=canary"), password="canary")')

    assert "canary" not in done.stderr
    assert lines(done)[0]["password"] == "[hidden]"


def test_console_line_is_for_people_and_hides_local_variables() -> None:
    done = run(
        """
        def poll(canary="canary-local-value"):
            1 / 0

        try:
            poll(canary="canary" + "-local-" + "value")
        except ZeroDivisionError:
            log.exception("entry_failed", outlet="infogioco")
        """,
        log_format="console",
    )

    assert "entry_failed" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "canary-local-value" not in done.stderr


def test_warning_becomes_a_line() -> None:
    (line,) = lines(run('import warnings\nwarnings.simplefilter("always")\nwarnings.warn("old api")'))

    assert line["logger"] == "py.warnings"
    assert "old api" in str(line["event"])
