"""A follower of the change feed, and one that has nothing but an identity column: what each saw, when, and in which order."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

OPTIONS = "-c lock_timeout=10s -c timezone=UTC"
SHIFT = 12
"""Bits of a key that hold the revision; the others are the article's number."""
_BATCH = 1_000  # changes that a follower takes at a time
_WAIT = 0.2  # seconds that a follower waits for a notification before it looks whether the writers are done


def follow(url: str, naive: bool, barrier: Any, done: Any, answers: Any) -> None:
    """A follower from the beginning until nothing comes any more; answers with keys in order, lags, and what was wrong."""
    keys, lags = array("q"), array("d")
    latest: dict[int, int] = {}
    disordered = strange = 0
    beyond = 0
    with psycopg.connect(url, autocommit=True, options=OPTIONS) as connection:
        take = _by_id(connection) if naive else _by_cursor(connection)
        barrier.wait(300)
        while True:
            over = done.is_set()  # asked first: what was committed before it was set is seen below
            batch = take()
            received = datetime.now(UTC).timestamp()
            for position, article_id, revision, kind, told_at in batch:
                article = article_id.int
                disordered += position <= beyond or latest.get(article, 0) + 1 != revision
                strange += kind != ("new" if revision == 1 else "edit")
                beyond, latest[article] = position, revision
                keys.append(article << SHIFT | revision)
                lags.append(received - told_at)
            if batch:
                continue
            if over:
                break
            if naive:
                time.sleep(0.005)
            else:
                for _ in connection.notifies(timeout=_WAIT, stop_after=1):
                    pass
    answers.put((keys.tobytes(), lags.tobytes(), disordered, strange, time.monotonic()))


Batch = list[tuple[int, UUID, int, str, float]]


def _by_cursor(connection: psycopg.Connection[Any]) -> Callable[[], Batch]:
    """As docs/contract.md tells consumers to."""
    connection.execute("LISTEN news_change")
    cursor: str | None = None

    def take() -> Batch:
        nonlocal cursor
        found = connection.execute(
            """
            SELECT position, article_id, revision, kind, extract(epoch FROM told_at)::float8, cursor
            FROM news.changes(%s, %s)
            """,
            (cursor, _BATCH),
        ).fetchall()
        if found:
            cursor = found[-1][5]
        return [row[:5] for row in found]

    return take


def _by_id(connection: psycopg.Connection[Any]) -> Callable[[], Batch]:
    """As it is done where there is nothing but an identity column."""
    last = 0

    def take() -> Batch:
        nonlocal last
        found = connection.execute(
            """
            SELECT id, article_id, revision, CASE revision WHEN 1 THEN 'new' ELSE 'edit' END,
                   extract(epoch FROM clock_timestamp())::float8
            FROM aiwire.naive WHERE id > %s ORDER BY id LIMIT %s
            """,
            (last, _BATCH),
        ).fetchall()
        if found:
            last = found[-1][0]
        return found

    return take
