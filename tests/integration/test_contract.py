"""docs/contract.md against the database: every view, column, type and comment; and the reader that it shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import contract_page
import psycopg
import pytest
from stored import NOW, SITE, an_outlet, ingested, store_at, withdraw_at

from pipelines.store.database import Database

TYPES = {"timestamp with time zone": "timestamptz"}


@pytest.fixture(scope="module")
def catalog(shared_database_url: str) -> dict[str, list[tuple[str, str, str | None]]]:
    """View: its columns in order, (name, type, comment); the first is the view itself with its comment."""
    with psycopg.connect(shared_database_url) as connection:
        rows = connection.execute(
            """
            SELECT 'news.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum),
                   obj_description(c.oid, 'pg_class')
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relnamespace = 'news'::regnamespace AND c.relkind = 'v' ORDER BY c.relname, a.attnum
            """
        ).fetchall()
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for view, column, type_, comment, of_view in rows:
        found.setdefault(view, [("", "", of_view)]).append((column, TYPES.get(type_, type_), comment))
    return found


def test_page_documents_every_view_and_no_other(catalog: dict[str, Any]) -> None:
    assert sorted(view.name for view in contract_page.views()) == sorted(catalog)


@pytest.mark.parametrize("view", contract_page.views(), ids=lambda view: view.name)
def test_columns_are_as_the_page_says(view: contract_page.View, catalog: dict[str, Any]) -> None:
    of_view, *columns = catalog[view.name]

    assert [(name, type_) for name, type_, _ in columns] == [(column.name, column.type) for column in view.columns]
    assert {name: comment for name, _, comment in columns} == {column.name: column.meaning for column in view.columns}
    assert of_view[2] == view.meaning


def test_page_names_every_function_of_the_schema(shared_database_url: str) -> None:
    with psycopg.connect(shared_database_url) as connection:
        rows = connection.execute(
            "SELECT proname, obj_description(oid, 'pg_proc') FROM pg_proc WHERE pronamespace = 'news'::regnamespace"
        ).fetchall()
    page = contract_page.PAGE.read_text(encoding="utf-8")
    assert rows
    for name, comment in rows:
        assert f"news.{name}(" in page
        assert comment, f"news.{name} says what it is"


async def test_withheld_words_are_not_told_to_a_function_that_runs_before_the_filter(database_url: str) -> None:
    """A consumer may write one, give it next to no cost, and have Postgres call it for each row that there is."""
    secret = "The words that the outlet reserved for its readers alone, and for no machine."
    async with Database(database_url, size=1) as database:
        await an_outlet(database)
        await store_at(database, ingested("/a", secret))
        await withdraw_at(database, "/a", withheld=True)
    with psycopg.connect(database_url) as connection:
        heard: list[str] = []
        connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        connection.execute(
            "CREATE FUNCTION pg_temp.tell(words text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE '%', words; RETURN true; END $$"
        )
        for view in ("article", "revision"):
            assert not connection.execute(f"SELECT FROM news.{view} WHERE pg_temp.tell(text)".encode()).fetchall()
    assert not [words for words in heard if "outlet" in words]


async def test_reader_of_the_page_copies_what_is_there_and_follows(database_url: str, empty_database_url: str) -> None:
    reader = SimpleNamespace()
    program = compile(contract_page.reader(), "docs/contract.md", "exec")
    exec(program, reader.__dict__)

    def caught_up() -> dict[Any, Any]:
        with psycopg.connect(database_url, autocommit=True) as source, psycopg.connect(empty_database_url) as mine:
            mine.execute(reader.TABLES)
            while reader.take(source, mine):
                pass
            rows = mine.execute("SELECT article_id, url, title, revision FROM headline").fetchall()
            there = source.execute("SELECT id, url, title, revision FROM news.article").fetchall()
            assert sorted(rows) == sorted(there)
            return {row[1].removeprefix(SITE): row[3] for row in rows}

    async with Database(database_url, size=1) as database:
        await an_outlet(database)
        await store_at(database, ingested("/a", "The first of two articles about the harbour and its ships."))
        await store_at(database, ingested("/b", "The second one, about the winter and what it costs the town."))
        assert caught_up() == {"/a": 1, "/b": 1}
        await store_at(database, ingested("/b", "The second one, corrected: about the summer and what it brings in."))
        assert caught_up() == {"/a": 1, "/b": 2}
        await withdraw_at(database, "/a", withheld=True)
        assert caught_up() == {"/b": 2}
        assert NOW


async def test_planner_expects_the_articles_that_there_are(database_url: str) -> None:
    """Expecting one row in all it would sort a million articles for an outlet's newest, where an index has them in order."""
    async with Database(database_url, size=1) as database:
        await an_outlet(database)
        for n in range(30):
            text = f"The council of the old town decided on bridge number {n}."
            await store_at(database, ingested(f"/{n}", text, title=f"Bridge number {n}"))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        row = connection.execute("EXPLAIN (FORMAT JSON) SELECT * FROM news.article WHERE outlet = 'example'").fetchone()
    assert row is not None
    assert 20 <= row[0][0]["Plan"]["Plan Rows"] <= 60
