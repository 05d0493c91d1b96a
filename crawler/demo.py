"""`aiwire demo`: the real daemon against the newsroom, until all is ingested; one article more and one corrected meanwhile.

The outlets are `crawler.newsroom`'s; the daemon is the same that `aiwire run` starts, with outlets on loopback.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crawler import present
from crawler.commands import database
from crawler.newsroom.articles import all_articles
from crawler.newsroom.client import Newsroom
from crawler.newsroom.state import State
from crawler.settings import Settings, is_checkout
from pipelines.errors import AiwireError
from pipelines.store import figures, reading
from pipelines.store.database import Database

PUBLISHED = "chipwire/export-rule-gap"
CORRECTED = "gazzetta-ia/data-center-sulle-alpi"
_PATIENCE = 90.0  # seconds for each stage; a slow laptop needs ten
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_QUERIES = (
    """SELECT published, outlet_name, title, credited FROM news.article ORDER BY published_at DESC LIMIT 10;""",
    """SELECT a.outlet_name, a.title, t.evidence FROM news.attribution t JOIN news.article a ON a.id = t.article_id
  AND a.revision = t.revision WHERE t.credited = 'Bloomberg';""",
    """SELECT revision, reason, changed, seen_at FROM news.revision WHERE article_id IN
  (SELECT id FROM news.article WHERE revision > 1) ORDER BY seen_at;""",
)


def run_demo(settings: Settings, *, once: bool, as_json: bool) -> int:
    """Run it and show the outcome; 1 when it did not finish in time."""
    started = time.monotonic()
    config = _configuration(settings)
    say: Callable[[str], None] = (lambda _: None) if as_json else present.errors.print
    say(f"[dim]Newsroom and data under {settings.data_dir}[/]")
    with Newsroom(settings.data_dir / "newsroom") as newsroom, database(settings) as url:
        newsroom.write_outlets(config)
        log = settings.data_dir / "daemon.log"
        daemon = _start_daemon(settings, config, log)
        try:
            finished = asyncio.run(_watch(newsroom, url, daemon, once=once, quiet=as_json))
        finally:
            _stop(daemon, settings.drain_deadline)
        rows, counts = asyncio.run(_outcome(url))
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        present.as_json(
            {
                "articles": rows,
                **{key: counts[key] for key in ("revisions", "removed_blocks", "dispositions")},
                "seconds": seconds,
            }
        )
    else:
        present.console.print(present.articles(rows))
        if rows:
            _where_next(rows, counts, seconds)
    if not finished:
        present.errors.print(f"[red]It did not finish in time; the daemon's log is {log}[/]")
    return 0 if finished else 1


def _configuration(settings: Settings) -> Path:
    """A configuration of the demo's own: its outlets, and the credits and topics of the real one."""
    config = settings.data_dir / "config"
    for name in ("credits", "topics"):
        shutil.rmtree(config / name, ignore_errors=True)  # a file that was renamed must not stay beside its old self
        shutil.copytree(settings.config_dir / name, config / name)
    return config


def _start_daemon(settings: Settings, config: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "SENTRY_DSN", "AIWIRE_CONFIG")
    }
    environment |= {
        "AIWIRE_DATA_DIR": str(settings.data_dir),
        "AIWIRE_CAPTURES": settings.captures,
        "AIWIRE_CONTACT": settings.contact or "",
        "AIWIRE_LOG_FORMAT": "json",
        "AIWIRE_FIRE_EVERY": "0.5s",
    }
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "crawler.cli", "--config", str(config), "run"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _stop(daemon: subprocess.Popen[bytes], patience: float) -> None:
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(patience + 5)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


async def _watch(newsroom: Newsroom, url: str, daemon: subprocess.Popen[bytes], *, once: bool, quiet: bool) -> bool:
    """Follow the database until it holds what the newsroom shows, then publish and correct; whether it all arrived."""
    progress = Progress(
        TextColumn("{task.description:<42}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=present.errors,
        disable=quiet,
    )
    async with Database(url, size=1, name="aiwire-demo", role="ingest") as opened:
        with progress:
            if not await _arrive(newsroom, opened, daemon, progress, "Ingesting three outlets"):
                return False
            if once:
                return True
            newsroom.publish(PUBLISHED)
            newsroom.edit(CORRECTED)
            return await _arrive(newsroom, opened, daemon, progress, "One more published, one corrected")


async def _arrive(
    newsroom: Newsroom, opened: Database, daemon: subprocess.Popen[bytes], progress: Progress, words: str
) -> bool:
    started = datetime.now(UTC)
    expected = newsroom.expected()
    edited = State.load(newsroom.folder).edited
    wanted = len(expected) + len(edited)
    task = progress.add_task(words, total=wanted)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            raise AiwireError(
                f"the daemon ended with status {daemon.returncode}: see daemon.log",
                subject=str(newsroom.folder.parent),
                code="demo",
            )
        async with opened.transaction() as connection:
            rows = await reading.articles(connection, most=1_000)
            counts = await figures.counts(connection)
            answers = [row["last_answer_at"] for row in await reading.sources(connection) if row["url"]]
        titles = {row["title"] for row in rows}
        arrived = sum(article.title in titles for article in expected.values())
        corrected = {row["title"] for row in rows if row["revision"] > 1}
        arrived += sum(all_articles()[key].title in corrected for key in edited)
        progress.update(task, completed=arrived)
        # Every source must have been asked, too: a second run shows that there was nothing more to find.
        if arrived >= wanted and not counts["waiting"] and all((at or _LONG_AGO) > started for at in answers):
            return True
        await asyncio.sleep(0.2)
    return False


async def _outcome(url: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    async with Database(url, size=1, name="aiwire-demo", role="ingest") as opened, opened.transaction() as connection:
        return await reading.articles(connection, most=1_000), await figures.counts(connection)


def _where_next(rows: list[dict[str, Any]], counts: dict[str, Any], seconds: float) -> None:
    out = present.console
    revised = sum(row["revision"] > 1 for row in rows)
    out.print(
        f"[bold]{counts['articles']} articles[/] from three outlets, {counts['revisions']} revisions ({revised} corrected), "
        f"{counts['removed_blocks']} blocks that are not the article, in {seconds} s.\n"
    )
    program = _program()
    out.print(
        f"Where to look next:\n\n  [bold]{program} --demo db shell[/]    the articles in Postgres; three queries to paste:\n"
    )
    for query in _QUERIES:
        out.print("\n".join(f"    {line}" for line in query.split("\n")) + "\n", style="cyan", markup=False)
    out.print(
        f"  [bold]{program} --demo articles show {str(rows[0]['id'])[:8]}[/]    one article whole, with what was removed"
    )
    run = "make run" if is_checkout() else f"{program} run"
    out.print(f"  [bold]{run}[/]    the same daemon on the real outlets, until Ctrl-C")


def _program() -> str:
    """The command as this user can type it."""
    called = Path(sys.argv[0])
    if called.name != "aiwire":
        return f"{sys.executable} -m crawler.cli"
    on_path = shutil.which("aiwire")
    return "aiwire" if on_path and Path(on_path).samefile(called) else os.path.relpath(called)
