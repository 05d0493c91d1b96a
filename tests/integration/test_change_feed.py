"""Followers of the change feed while many write: nothing missed, nothing twice, each article's changes in their order.

The writers and followers are those of `make bench-contract`, which runs them as processes and with more changes.
"""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import pytest

from bench import contract_feed


@pytest.fixture
def feed(database_url: str) -> contract_feed.Feed:
    return contract_feed.run(database_url, changes=2_000, writers=8, processes=False)


def test_followers_see_every_change_once_and_in_order_among_long_aborted_and_lost_transactions(
    feed: contract_feed.Feed,
) -> None:
    assert feed.changes >= 2_000
    assert feed.aborted > 0
    assert feed.long > 0
    assert (feed.missed, feed.doubled, feed.disordered, feed.strange) == ([0] * 3, [0] * 3, [0] * 3, [0] * 3)


def test_followers_see_transactions_of_several_changes_whole(database_url: str) -> None:
    feed = contract_feed.run(database_url, changes=1_000, writers=8, together=8, processes=False)
    assert feed.changes > feed.commits
    assert (feed.missed, feed.doubled, feed.disordered, feed.strange) == ([0] * 3, [0] * 3, [0] * 3, [0] * 3)


@pytest.mark.slow
def test_many_processes_write_and_followers_keep_up(database_url: str) -> None:
    feed = contract_feed.run(database_url, changes=20_000)
    assert feed.lost > 0
    assert (feed.missed, feed.doubled, feed.disordered, feed.strange) == ([0] * 3, [0] * 3, [0] * 3, [0] * 3)


def test_transaction_that_began_first_and_commits_last_is_told_last(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, definition)
            VALUES ('example', 'Example', 'https://news.example', 'en', 'scrape', '{}')
            """
        )
    with (
        psycopg.connect(database_url) as early,
        psycopg.connect(database_url) as late,
        psycopg.connect(database_url, autocommit=True) as reader,
    ):
        _insert(early, 1)
        _insert(late, 2)
        late.commit()
        first = reader.execute("SELECT article_id, cursor FROM news.changes()").fetchall()
        assert [row[0] for row in first] == [UUID(int=2)]
        early.commit()
        then = reader.execute("SELECT article_id FROM news.changes(%s)", (first[-1][1],)).fetchall()
        assert then == [(UUID(int=1),)]


def test_open_transaction_keeps_no_other_from_being_told(database_url: str) -> None:
    told: list[int] = []
    contract_feed.run(database_url, changes=10, writers=1, followers=1, processes=False)
    with psycopg.connect(database_url) as held:
        _insert(held, 1 << 60)
        others = threading.Thread(target=lambda: told.append(_once_more(database_url)), daemon=True)
        others.start()
        others.join(60)
        assert told == [1], "the others waited for a transaction that had not come to its end"
        held.rollback()


def _once_more(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        _insert(connection, 1 << 61)
        connection.commit()
        row = connection.execute(
            "SELECT count(*) FROM news.changes() WHERE article_id = %s", (UUID(int=1 << 61),)
        ).fetchone()
    assert row is not None
    return row[0]


def _insert(connection: psycopg.Connection, number: int) -> None:
    connection.execute(
        """
        INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
        VALUES (%s, 'example', 'https://news.example/' || %s, 1, '', now(), now())
        """,
        (UUID(int=number), str(number)),
    )
