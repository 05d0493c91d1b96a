"""`aiwire db shell`: psql on the database in use, or a plain prompt where psql is missing.

The SQL is the user's own; what there is to read is documented in docs/contract.md.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

from rich.table import Table

from crawler import present
from crawler.commands import database
from crawler.embedded import EmbeddedPostgres
from crawler.settings import Settings
from pipelines.errors import StoreError
from pipelines.store.database import Database, libpq_environment
from pipelines.store.roles import GROUPS, Role


def open_shell(settings: Settings, command: str | None, role: Role = "reader") -> int:
    """Open psql as a role, where the login may take it, or run one command; returns its exit code."""
    with database(settings) as url:
        psql = _psql(settings)
        if psql is None:
            return asyncio.run(_prompt(url, command, role))
        taken = asyncio.run(_taken(url, role))
        options = "-c search_path=news,public" + (f" -c role={GROUPS[taken]}" if taken else "")
        # By environment, not by argument: a password in a URL would show in the list of processes.
        environment = {**os.environ, "PGOPTIONS": options, **libpq_environment(url)}
        arguments = [str(psql), "-X", *(["-c", command] if command else [])]
        return subprocess.run(arguments, env=environment, check=False).returncode  # noqa: S603


def _psql(settings: Settings) -> Path | None:
    if found := shutil.which("psql"):
        return Path(found)
    try:
        own = EmbeddedPostgres(settings.data_dir / "postgres").program("psql")
    except StoreError:
        return None
    return own if own.exists() else None


async def _taken(url: str, role: Role) -> Role | None:
    async with Database(url, size=1, name="aiwire-shell", role=role) as opened:
        return opened.taken


async def _prompt(url: str, command: str | None, role: Role) -> int:
    async with Database(url, size=1, name="aiwire-shell", role=role) as opened:
        while True:
            try:
                sql = command or str(await asyncio.to_thread(input, "news=> "))
            except (EOFError, KeyboardInterrupt):
                return 0
            if sql.strip() in ("\\q", "quit", "exit"):
                return 0
            try:
                async with opened.transaction() as connection:
                    await connection.execute("SET LOCAL search_path TO news, public")
                    cursor = await connection.execute(sql.encode())
                    _print(
                        cursor.description, await cursor.fetchall() if cursor.description else [], cursor.statusmessage
                    )
            except StoreError as error:
                present.errors.print(error.message, markup=False)
                if command:
                    return 1
            if command:
                return 0


def _print(description: object, rows: list[tuple[object, ...]], status: str | None) -> None:
    if not description:
        present.console.print(status or "")
        return
    table = Table(*[column.name for column in description], box=None, header_style="bold")  # type: ignore[attr-defined]
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    present.console.print(table)
