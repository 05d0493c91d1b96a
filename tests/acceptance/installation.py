"""An installation of aiwire for a test: its configuration, its database, the newsroom as its world."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from crawler.newsroom.client import Newsroom

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """`aiwire` as a user has it; every command is a process of its own."""

    folder: Path
    database_url: str
    newsroom: Newsroom

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def configure(self, **options: Any) -> None:
        """Write the newsroom's outlets; credits and topics are the shipped ones."""
        for name in ("credits", "topics"):
            shutil.copytree(CHECKOUT / "config" / name, self.config / name, dirs_exist_ok=True)
        self.newsroom.write_outlets(self.config, **options)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith("AIWIRE_") and key != "SENTRY_DSN"
        }
        return {
            **kept,
            "DATABASE_URL": self.database_url,
            "AIWIRE_DATA_DIR": str(self.folder / "data"),
            "AIWIRE_CONTACT": "https://example.org/tests",
            "AIWIRE_LOG_FORMAT": "json",
            "AIWIRE_FIRE_EVERY": "0.5s",
            **more,
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "crawler.cli", "--config", str(self.config), *arguments]

    def aiwire(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=CHECKOUT,
        )

    def once(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """`aiwire run --once`: all that is due, then the end."""
        return self.aiwire("run", "--once", **environment)

    def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        return next(iter(self.rows(query, *parameters)[0].values()))

    def articles(self) -> dict[str, dict[str, Any]]:
        return {row["title"]: row for row in self.rows("SELECT * FROM news.article")}

    def due_now(self) -> None:
        """Let the clock of every source and settled entry strike."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute("UPDATE aiwire.source SET next_poll_at = now() - interval '1 s'")
            connection.execute("UPDATE aiwire.entry SET due_at = now() - interval '1 s' WHERE due_at IS NOT NULL")
            connection.execute("UPDATE aiwire.host SET hold_until = NULL, next_request_at = NULL")


def events(log: str) -> list[dict[str, Any]]:
    """The structured lines of a log."""
    found = []
    for line in log.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
