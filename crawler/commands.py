"""What the commands do: each opens what it needs, calls the module whose affair it is, and shows the outcome.

How things are shown is `crawler.present`'s. A command with a world of its own (`run`, `extract`, `try`, `db shell`, …) has a module of
its own: this one is imported by all, and a quick command should not wait for Scrapy or trafilatura.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

from crawler import present, telemetry
from crawler.embedded import EmbeddedPostgres
from crawler.outlets import OutletsError, load_outlets
from crawler.settings import Settings, load_settings, save_contact
from pipelines.store import export_parts, figures, reading
from pipelines.store.database import Connection, Database
from pipelines.store.migrate import migrate

T = TypeVar("T")


def prepare(config: Path | None, *, demo: bool = False, need_contact: bool = False) -> Settings:
    """The settings of a command, with logging set up; asks once for a contact where one is needed and can be asked for.

    Raises ConfigError with every mistake, or with the one line to set where no contact is known.
    """
    settings = load_settings(config_dir=config)
    if demo:
        # The demo keeps to itself: its own data directory, and its own Postgres whatever DATABASE_URL says.
        folder = settings.data_dir / "demo"
        settings = settings.model_copy(
            update={
                "data_dir": folder,
                "database_url": None,
                "captures": "postgres",
                "contact": settings.contact or "https://example.org/aiwire-demo",
            }
        )
    telemetry.configure(
        role="main",
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
        environment=settings.environment,
    )
    if need_contact and settings.contact is None and sys.stdin.isatty():
        asked = present.errors.input("Outlets see who asks them. A page or mailbox of yours for the User-Agent: ")
        settings = save_contact(settings, asked)
    if need_contact:
        _ = settings.user_agent  # raises with the one line to set
    return settings


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL of the database in use, started and brought to this release's schema where that is needed."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        migrate(url)
        yield url
        return
    with EmbeddedPostgres(settings.data_dir / "postgres") as server:
        migrate(server.url)
        yield server.url


@contextlib.contextmanager
def database_as_it_is(settings: Settings) -> Iterator[str]:
    """The URL of the database in use; one that is told by its URL is not migrated: a reader's login could not."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    else:
        with database(settings) as url:
            yield url


def reading_from(settings: Settings, read: Callable[[Connection], Awaitable[T]]) -> T:
    """Run a query of `pipelines.store.reading` on the database in use."""

    async def ask(url: str) -> T:
        async with (
            Database(url, size=1, name="aiwire-read", role="ingest") as opened,
            opened.transaction() as connection,
        ):
            return await read(connection)

    with database(settings) as url:
        return asyncio.run(ask(url))


# -- reading -------------------------------------------------------------------------------------------------------


def list_outlets(settings: Settings, *, as_json: bool) -> None:
    outlets = load_outlets(settings.config_dir)
    if as_json:
        present.as_json([outlet.model_dump(mode="json") for outlet in outlets])
        return
    for outlet in outlets:
        present.console.print(
            f"[bold]{outlet.slug}[/]  {outlet.name}, {outlet.language}, {outlet.policy}", highlight=False
        )
        for source in outlet.sources:
            present.console.print(f"    {source.kind:<13}{source.url}", markup=False)


def check_outlets(settings: Settings) -> int:
    try:
        outlets = load_outlets(settings.config_dir)
    except OutletsError as error:
        for problem in error.problems:
            present.errors.print(problem, markup=False, soft_wrap=True)
        present.errors.print(f"{len(error.problems)} mistakes in {settings.config_dir / 'outlets'}")
        return 2
    present.console.print(
        f"{len(outlets)} outlets, {sum(len(outlet.sources) for outlet in outlets)} sources: no mistake found"
    )
    return 0


def list_articles(settings: Settings, *, outlet: str | None, most: int, as_json: bool) -> None:
    rows = reading_from(settings, lambda connection: reading.articles(connection, outlet=outlet, most=most))
    if as_json:
        present.as_json(rows)
    elif rows:
        present.console.print(present.articles(rows))
    else:
        present.console.print("No articles yet. `aiwire run` fetches them; `aiwire status` tells how far it is.")


def show_article(settings: Settings, key: str, *, as_json: bool) -> int:
    row = reading_from(settings, lambda connection: reading.article(connection, key))
    if row is None:
        present.errors.print(
            f"no article, or more than one, is known by {key!r}: `aiwire articles list --json` has the ids",
            markup=False,
        )
        return 1
    if as_json:
        present.as_json(row)
    else:
        for part in present.article(row):
            present.console.print(part)
    return 0


def show_status(settings: Settings, *, as_json: bool) -> None:
    async def read(connection: Connection) -> tuple[list[reading.Row], list[reading.Row], reading.Row]:
        told = await figures.counts(connection)
        told |= await figures.sizes(connection)
        told["days"] = await figures.days(connection)
        told["captures"] = settings.captures
        told["exports"] = await export_parts.progress(connection)
        return await reading.sources(connection), await reading.drifting(connection), told

    rows, drifting, counts = reading_from(settings, read)
    if as_json:
        present.as_json({"sources": rows, "drifting": drifting, **counts})
        return
    present.console.print(present.sources(rows, present.utcnow()))
    for row in drifting:
        told = f"\n{row['outlet']} has changed since {row['drifted_at']:%Y-%m-%d %H:%M} UTC, its layout perhaps: "
        present.console.print(f"{told}{'; '.join(row['evidence'])}", style="yellow", markup=False)
    present.console.print()
    present.console.print(present.days(counts["days"]))
    present.console.print(f"\n{present.totals(counts)}", markup=False, soft_wrap=True)
    for row in counts["exports"]:
        for line in present.export(row):
            present.console.print(line, markup=False, soft_wrap=True)


def migrate_database(settings: Settings) -> None:
    with database(settings) as url:
        left_out = migrate(url)
        present.console.print("The database has this release's schema.")
        for sentence in left_out:
            present.errors.print(f"Left out: {sentence}.", markup=False, soft_wrap=True)


def print_url(settings: Settings) -> None:
    if settings.database_url is not None:
        sys.stdout.write(settings.database_url.get_secret_value() + "\n")
    else:
        sys.stdout.write(EmbeddedPostgres(settings.data_dir / "postgres").url + "\n")
