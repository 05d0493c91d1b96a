"""What consumers and operators ask of many articles, timed: medians over questions that differ.

The rows come from `bench/contract_rows.py`.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.contract_articles import LANGUAGES, words
from bench.contract_rows import OUTLETS
from pipelines.store import figures, reading
from pipelines.store.database import Database

_TIMES = 40
_OPERATORS_TIMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A question, and how many milliseconds its answers took; `plan` of the first, if it was asked for."""

    name: str
    took: list[float]
    rows: int
    plan: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.took)


def consumers(url: str, *, plans: bool) -> list[Read]:
    """The feed, an article by its URL, an outlet's newest, searches."""
    chance = random.Random(7)  # noqa: S311 -- no secret
    with psycopg.connect(url, autocommit=True) as connection:
        (count,) = _one(connection, "SELECT count(*) FROM aiwire.article")
        epoch, _, last = str(_one(connection, "SELECT news.last_cursor()")[0]).rpartition("-")

        def any_word(language: str | None = None) -> str:
            while True:
                word = chance.choice(words(language or chance.choice(LANGUAGES))).strip('.,:;"()«»“”„?!-–')
                if len(word) > 3:
                    return word

        def story() -> tuple[object, ...]:
            n = chance.randrange(count)
            return (f"https://outlet{n % OUTLETS}.example/2026/story-{n}",)

        def two_words() -> tuple[object, ...]:
            language = chance.choice(LANGUAGES)
            return (f"{any_word(language)} {any_word(language)}",)

        asked: list[tuple[str, str, Callable[[], tuple[object, ...]]]] = [
            (
                "news.changes(cursor, 1000)",
                "SELECT * FROM news.changes(%s, 1000)",
                lambda: (f"{epoch}-{chance.randrange(int(last))}",),
            ),
            ("article by URL", "SELECT * FROM news.article WHERE url = %s", story),
            (
                "newest 50 of an outlet",
                "SELECT * FROM news.article WHERE outlet = %s ORDER BY published_at DESC NULLS LAST LIMIT 50",
                lambda: (f"outlet{chance.randrange(OUTLETS)}",),
            ),
            ("search, one word", "SELECT * FROM news.search(%s)", lambda: (any_word(),)),
            ("search, two words", "SELECT * FROM news.search(%s)", two_words),
            (
                "search, in one outlet",
                "SELECT * FROM news.search(%s, outlet => %s)",
                lambda: (any_word(), f"outlet{chance.randrange(OUTLETS)}"),
            ),
            ("search, newest first", "SELECT * FROM news.search(%s, newest => true)", lambda: (any_word(),)),
        ]
        return [_read(connection, *question, plans=plans) for question in asked]


def _read(
    connection: psycopg.Connection, name: str, query: str, parameters: Callable[[], tuple[object, ...]], *, plans: bool
) -> Read:
    took, rows = [], 0
    for _ in range(_TIMES):
        values = parameters()
        begin = time.monotonic()
        rows += len(connection.execute(query.encode(), values).fetchall())
        took.append(1_000 * (time.monotonic() - begin))
    plan = []
    if plans:
        explained = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}".encode(), parameters())
        plan = [row[0] for row in explained.fetchall()]
    return Read(name=name, took=took, rows=rows // _TIMES, plan=plan)


def operators(url: str) -> list[Read]:
    """What `aiwire articles list` and `aiwire status` ask."""
    return asyncio.run(_operators(url))


async def _operators(url: str) -> list[Read]:
    asked: list[tuple[str, Callable[[Any], Awaitable[Any]]]] = [
        ("articles list", reading.articles),
        ("articles list --outlet", lambda connection: reading.articles(connection, outlet="outlet3")),
        ("articles show URL", lambda connection: reading.article(connection, "https://outlet3.example/2026/story-3")),
        ("status: sources", reading.sources),
        ("status: counts", figures.counts),
        ("status: days", figures.days),
        ("status: sizes", figures.sizes),
    ]
    found = []
    async with Database(url, size=1) as database:
        for name, ask in asked:
            took, rows = [], 0
            for _ in range(_OPERATORS_TIMES):
                async with database.transaction() as connection:
                    begin = time.monotonic()
                    answer = await ask(connection)
                    took.append(1_000 * (time.monotonic() - begin))
                rows = len(answer or ())
            found.append(Read(name=name, took=took, rows=rows))
    return found


def _one(connection: psycopg.Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None  # noqa: S101 -- an aggregate has one row
    return row
