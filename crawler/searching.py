"""`aiwire search`: articles by their words, with the words marked where they stand.

What is found, and in which order, is `news.search`'s affair (docs/contract.md).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from crawler import present
from crawler.commands import database_as_it_is
from crawler.settings import Settings
from pipelines.store import search
from pipelines.store.database import Database

_MARKED = re.compile("{}([^{}]*){}".format(search.MARKS[0], "".join(search.MARKS), search.MARKS[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line."""

    words: str
    language: str | None
    outlet: str | None
    since: datetime | None
    until: datetime | None
    most: int
    newest: bool


def search_articles(settings: Settings, wanted: Wanted, *, as_json: bool) -> int:
    """Print what was found; 1 where nothing was.

    Raises PublishError where the database has no search, Unavailable where Postgres is away.
    """
    with database_as_it_is(settings) as url:
        rows = asyncio.run(_ask(url, wanted))
    if as_json:
        present.as_json(rows)
        return 0 if rows else 1
    for row in rows:
        present.console.print(_found(row), soft_wrap=True)
    if not rows:
        present.errors.print("No article has these words.")
    return 0 if rows else 1


async def _ask(url: str, wanted: Wanted) -> list[dict[str, Any]]:
    async with Database(url, size=1, name="aiwire-search", role="reader") as opened, opened.transaction() as connection:
        return await search.search(
            connection,
            wanted.words,
            language=wanted.language,
            outlet=wanted.outlet,
            since=wanted.since,
            until=wanted.until,
            most=wanted.most,
            newest=wanted.newest,
        )


def _found(row: dict[str, Any]) -> Text:
    day = f"{row['published_at']:%Y-%m-%d}" if row["published_at"] else "no date"
    return Text.assemble(
        _marked(row["title_highlight"], "bold"),
        (f"\n{row['outlet']} · {day} · {row['url']}\n", "dim"),
        _marked(row["highlight"], ""),
        "\n",
    )


def _marked(highlight: str, style: str) -> Text:
    """A highlight with the words in colour; in a pipe the marks stay, for nothing else says it there."""
    if not present.console.is_terminal:
        return Text(highlight, style)
    text = Text(style=style)
    for number, part in enumerate(_MARKED.split(highlight)):
        text.append(part, "bold yellow" if number % 2 else "")
    return text
