"""Writers and followers of the change feed at once, and the same writers with an id column for a cursor.

A commit writes an article and its revision (some 600 characters of text, no other rows), as any code may; the trigger does the
rest. Some transactions stay open for long, some end in a rollback, some lose their connection, some write several changes.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from array import array
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from bench.contract_articles import words
from bench.contract_following import OPTIONS, SHIFT, follow
from bench.contract_processes import Threads, gathered

_LONG, _ABORTED, _LOST, _SEVERAL = 0.004, 0.02, 0.0005, 0.01
"""Shares of transactions: open for up to 0.4 s, rolled back, cut off with their connection, of four changes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What became of `changes` committed changes; the lists have an item for each follower.

    `disordered` counts changes that came before an earlier one of the same article, or at a position not beyond the last;
    lags are seconds from the trigger's time to the follower's hands.
    """

    changes: int
    commits: int
    aborted: int
    lost: int
    long: int
    seconds: float
    followed: float
    missed: list[int]
    doubled: list[int]
    disordered: list[int]
    strange: list[int]
    lag_p50: list[float]
    lag_p99: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the `number`-th of the writers does: `each` committed changes, `together` a transaction."""

    number: int
    writers: int
    each: int
    together: int
    naive: bool


def run(
    url: str,
    *,
    changes: int,
    writers: int = 16,
    followers: int = 3,
    together: int = 1,
    naive: bool = False,
    processes: bool = True,
) -> Feed:
    """Write `changes` changes, `together` a commit, and follow them; `naive` is by an identity column, without the feed.

    As processes, or as threads of this one. Raises RuntimeError where what writers committed is not what the tables hold.
    """
    _prepare(url, naive)
    context: Any = multiprocessing.get_context("spawn") if processes else Threads
    barrier, done, answers, followings = (
        context.Barrier(writers + followers + 1),
        context.Event(),
        context.Queue(),
        context.Queue(),
    )
    each = -(-changes // writers)
    started = [
        context.Process(
            target=write,
            args=(url, Order(number=n, writers=writers, each=each, together=together, naive=naive), barrier, answers),
            daemon=True,
        )
        for n in range(writers)
    ] + [
        context.Process(target=follow, args=(url, naive, barrier, done, followings), daemon=True)
        for _ in range(followers)
    ]
    for one in started:
        one.start()
    barrier.wait(300)
    begin = time.monotonic()
    wrote = gathered(answers, started, writers)
    written = time.monotonic()
    done.set()
    told = gathered(followings, started, followers)
    for one in started:
        one.join()
    committed = np.concatenate([np.frombuffer(keys, dtype=np.int64) for keys, *_ in wrote])
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM aiwire.revision").fetchone()
    if row is None or row[0] != len(committed):
        raise RuntimeError(f"{len(committed)} changes were committed, and the tables hold {row}")
    seen = [np.frombuffer(keys, dtype=np.int64) for keys, *_ in told]
    lags = [np.frombuffer(lag, dtype=np.float64) for _, lag, *_ in told]
    return Feed(
        changes=len(committed),
        commits=sum(one[1] for one in wrote),
        aborted=sum(one[2] for one in wrote),
        lost=sum(one[3] for one in wrote),
        long=sum(one[4] for one in wrote),
        seconds=written - begin,
        followed=max(one[4] for one in told) - begin,
        missed=[len(np.setdiff1d(committed, keys)) for keys in seen],
        doubled=[len(keys) - len(np.unique(keys)) for keys in seen],
        disordered=[one[2] for one in told],
        strange=[len(np.setdiff1d(keys, committed)) + one[3] for keys, one in zip(seen, told, strict=True)],
        lag_p50=[float(np.quantile(lag, 0.5)) if len(lag) else 0.0 for lag in lags],
        lag_p99=[float(np.quantile(lag, 0.99)) if len(lag) else 0.0 for lag in lags],
    )


def _prepare(url: str, naive: bool) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, definition)
            VALUES ('example', 'Example', 'https://news.example', 'en', 'scrape', '{}') ON CONFLICT DO NOTHING
            """
        )
        if naive:
            connection.execute("DROP TRIGGER tell_change ON aiwire.article")
            connection.execute(
                "CREATE TABLE aiwire.naive (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, article_id uuid, revision int)"
            )


# -- writers -----------------------------------------------------------------------------------------------------------

_NAIVE = ", naive AS (INSERT INTO aiwire.naive (article_id, revision) SELECT id, revision FROM a)"
_NEW = """
    WITH a AS (
        INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
        VALUES (%(id)s, 'example', 'https://news.example/story-' || %(id)s, 1, %(hash)s, now(), now())
        RETURNING id, revision, changed_at
    )
"""
_EDIT = """
    WITH a AS (
        UPDATE aiwire.article SET revision = revision + 1, content_hash = %(hash)s, changed_at = now() WHERE id = %(id)s
        RETURNING id, revision, changed_at
    )
"""
_REVISION = """
    INSERT INTO aiwire.revision (article_id, number, reason, changed, material, title, authors, paywalled, text, relevant,
        relevance_score, relevance_why, provenance, content_hash, capture_sha256, seen_at)
    SELECT a.id, a.revision, CASE a.revision WHEN 1 THEN 'first' ELSE 'publisher_edit' END,
           CASE a.revision WHEN 1 THEN '{}' ELSE ARRAY['text'] END, CASE WHEN a.revision > 1 THEN true END,
           'A headline of some length', '{}', false, %(text)s, false, 0, '{}', '{}', %(hash)s, %(hash)s, a.changed_at
    FROM a RETURNING number
"""


class _Writer:
    """One connection that writes new articles and edits those of all writers, each commit with its own fate."""

    def __init__(self, url: str, order: Order) -> None:
        self.keys = array("q")
        self.commits = self.aborted = self.lost = self.long = 0
        self._url, self._order = url, order
        self._chance = random.Random(order.number)  # noqa: S311 -- no secret
        self._words = words("en")
        self._own = 0
        self._statements = {
            "new": (_NEW + (_NAIVE if order.naive else "") + _REVISION).encode(),
            "edit": (_EDIT + (_NAIVE if order.naive else "") + _REVISION).encode(),
        }
        self._connection = self._connect()

    def close(self) -> None:
        self._connection.close()

    def step(self) -> None:
        """One transaction; what it commits is put down in `keys`."""
        chance = self._chance
        fate = chance.random()
        long, lost = chance.random() < _LONG, chance.random() < _LOST
        if self._order.together == 1 and fate >= _ABORTED + _SEVERAL and not long and not lost:
            self._committed([self._change()])
            return
        own, aborted = self._own, fate < _ABORTED
        try:
            with self._connection.transaction(force_rollback=aborted):
                # The edit first: a transaction that waits for one row and holds another's could wait for ever.
                wrote = [self._change()]
                wrote += [self._new() for _ in range(self._order.together - 1)]
                if not aborted and fate < _ABORTED + _SEVERAL:
                    wrote += [self._new() for _ in range(2)]
                    wrote.append(self._edit(self._own - 1))
                if long:
                    self.long += 1
                    time.sleep(chance.uniform(0.05, 0.4))
                if lost:
                    self.lost += 1
                    self._connection.close()  # psycopg commits nothing then, and says nothing
        except psycopg.OperationalError:
            aborted = True
        if self._connection.closed:
            self._connection = self._connect()
        if aborted or lost:
            self.aborted += 1
            self._own = own  # their numbers are free again
        else:
            self._committed(wrote)

    def _committed(self, wrote: list[int | None]) -> None:
        keys = [key for key in wrote if key is not None]
        self.keys.extend(keys)
        self.commits += bool(keys)

    def _change(self) -> int | None:
        if self._own < 5 or self._chance.random() < 0.3:
            return self._new()
        return self._edit(self._chance.randrange(self._own - 1), self._chance.randrange(self._order.writers))

    def _new(self) -> int | None:
        self._own += 1
        return self._execute("new", (self._own - 1) * self._order.writers + self._order.number)

    def _edit(self, n: int, writer: int | None = None) -> int | None:
        """The n-th article of a writer; None where that one has not written it."""
        return self._execute("edit", n * self._order.writers + (self._order.number if writer is None else writer))

    def _execute(self, statement: str, number: int) -> int | None:
        at = self._chance.randrange(len(self._words) - 100)
        text = " ".join(self._words[at : at + 100])
        cursor = self._connection.execute(
            self._statements[statement], {"id": UUID(int=number), "text": text, "hash": number.to_bytes(32, "big")}
        )
        row = cursor.fetchone()
        return None if row is None else number << SHIFT | row[0]

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._url, autocommit=True, options=OPTIONS, prepare_threshold=1)


def write(url: str, order: Order, barrier: Any, answers: Any) -> None:
    """A writer; answers with the keys of what it committed, and what else it did."""
    writer = _Writer(url, order)
    barrier.wait(300)
    while len(writer.keys) < order.each:
        writer.step()
    writer.close()
    answers.put((writer.keys.tobytes(), writer.commits, writer.aborted, writer.lost, writer.long))
