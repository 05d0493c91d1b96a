"""The daemon as it runs for months: parent and children, signals, reloads, processes that die."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from installation import Installation, events

from crawler.embedded import EmbeddedPostgres
from crawler.newsroom.client import Newsroom
from pipelines.store.migrate import migrate

PATIENCE = 60.0  # seconds that a test waits for what it expects; nothing is asserted about time itself


def wait_for(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:g} s for {what}"
        time.sleep(0.1)


@contextmanager
def daemon(installation: Installation, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`aiwire run`, ended in good order; its log is in `daemon.log`."""
    with (installation.folder / "daemon.log").open("ab") as log:
        process = subprocess.Popen(
            installation.command("run"),
            env=installation.environment(**environment),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(40)


def log_of(installation: Installation) -> list[dict[str, object]]:
    return events((installation.folder / "daemon.log").read_text(encoding="utf-8"))


def complete(installation: Installation) -> bool:
    expected = sorted(article.title for article in installation.newsroom.expected().values())
    waiting = installation.one("SELECT count(*) FROM aiwire.entry WHERE state <> 'settled'")
    return sorted(installation.articles()) == expected and not waiting


def family(parent: int) -> dict[int, str]:
    """The daemon's processes and their command lines, the parent's children's children included."""
    listed = {}
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            stat = (proc / "stat").read_text().rpartition(")")[2].split()
            listed[int(proc.name)] = (
                int(stat[1]),
                (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
            )
        except OSError:
            continue
    found = {parent: listed[parent][1]} if parent in listed else {}
    grown = True
    while grown:
        more = {pid: command for pid, (above, command) in listed.items() if above in found and pid not in found}
        found |= more
        grown = bool(more)
    return found


def postgres_of(server: EmbeddedPostgres) -> list[int]:
    """The server and its backends."""
    try:
        pid = int((server.folder / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return []
    return sorted(family(pid))


def test_daemon_ingests_on_its_timer_and_drains_on_sigterm(installation: Installation) -> None:
    installation.configure(every="2s", looks=("2s", "4s", "60s"))
    with daemon(installation) as process:
        wait_for(lambda: complete(installation), "all articles")
        installation.newsroom.publish("chipwire/lab-publishes-failures")
        installation.newsroom.edit("rechenblatt/bank-ersetzt-hotline")
        wait_for(
            lambda: (
                complete(installation) and installation.one("SELECT count(*) FROM news.article WHERE revision = 2") == 1
            ),
            "the news",
        )
        children = family(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists() and _alive(pid)]
    assert not [event for event in log_of(installation) if event["level"] == "error"]


def _alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_changed_outlet_file_is_noticed_and_a_broken_one_changes_nothing(installation: Installation) -> None:
    file = installation.config / "outlets" / "chipwire.toml"
    kept = file.read_text()
    file.unlink()
    with daemon(installation) as process:
        wait_for(lambda: installation.one("SELECT count(*) FROM news.article") >= 16, "two outlets")
        file.write_text(kept.replace("[poll]", "[pole]"))
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: [e for e in log_of(installation) if e["event"] == "outlets_not_reloaded"], "the complaint")
        file.write_text(kept)
        wait_for(lambda: complete(installation), "the third outlet")


@pytest.mark.slow
def test_second_scheduler_stands_by_and_takes_over(installation: Installation) -> None:
    with daemon(installation) as first:
        wait_for(lambda: complete(installation), "all articles")
        other = installation.folder / "second.log"
        with other.open("ab") as log:
            second = subprocess.Popen(
                installation.command("run", "--role", "scheduler"),
                env=installation.environment(),
                stdout=log,
                stderr=log,
            )
        try:
            time.sleep(3)
            assert not [e for e in events(other.read_text()) if e["event"] == "leading"]
            first.send_signal(signal.SIGTERM)
            first.wait(30)
            wait_for(lambda: [e for e in events(other.read_text()) if e["event"] == "leading"], "the take-over", 30)
        finally:
            second.send_signal(signal.SIGTERM)
            second.wait(30)


def test_killed_children_come_back_and_nothing_is_lost_or_doubled(installation: Installation) -> None:
    _kill_at_random(installation, kills=3)


@pytest.fixture
def embedded(newsroom: Newsroom) -> Iterator[tuple[Installation, EmbeddedPostgres]]:
    """An installation whose Postgres is its own, as a newcomer has it, so that it can be killed as well."""
    folder = Path(tempfile.mkdtemp(prefix="aiwire-kills-"))
    folder.chmod(0o755)  # as root, the server runs as another user
    try:
        with EmbeddedPostgres(folder / "data" / "postgres") as server:
            migrate(server.url)
            yield Installation(folder=folder, database_url=server.url, newsroom=newsroom), server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_twenty_kills_at_random_moments_lose_and_double_nothing(
    embedded: tuple[Installation, EmbeddedPostgres],
) -> None:
    installation, server = embedded
    _kill_at_random(installation, kills=20, server=server, DATABASE_URL="")


def _kill_at_random(
    installation: Installation, *, kills: int, server: EmbeddedPostgres | None = None, **environment: str
) -> None:
    """SIGKILL any process of the daemon, the parent and Postgres included; the parent starts them again, we the parent."""
    dice = random.Random(os.environ.get("AIWIRE_TEST_SEED", "aiwire"))
    installation.configure(every="1s", looks=("2s", "4s", "8s"))
    held = [
        "gazzetta-ia/agenti-contabili", "gazzetta-ia/satelliti-incendi", "chipwire/export-rule-gap",
        "chipwire/lab-publishes-failures", "rechenblatt/rechenzentrum-ostsee", "rechenblatt/spielzeug-mit-ki",
    ]  # fmt: skip
    for _ in range(kills):
        if server is not None:
            server.ensure_alive()
        with daemon(installation, **environment) as process:
            time.sleep(dice.uniform(0.5, 4.0))
            if held and dice.random() < 0.5:
                installation.newsroom.publish(held.pop())
            running = sorted(family(process.pid))
            if server is not None:
                running += postgres_of(server)
            victim = dice.choice(running)
            with suppress(ProcessLookupError):  # it may have ended by itself meanwhile
                os.kill(victim, signal.SIGKILL)
            if victim == process.pid:
                process.wait()
            else:
                time.sleep(dice.uniform(0.0, 2.0))
    while held:
        installation.newsroom.publish(held.pop())
    if server is not None:
        server.ensure_alive()
    with daemon(installation, **environment):
        wait_for(lambda: complete(installation), "all articles after the kills", 120)
    rows = installation.rows("SELECT url, count(*) AS n FROM news.article GROUP BY url HAVING count(*) > 1")
    assert rows == []
    expected = {article.title: article for article in installation.newsroom.expected().values()}
    for title, row in installation.articles().items():
        assert row["text"] == expected[title].text
        assert row["revision"] == 1
