"""`aiwire export` of articles: lines, tombstones, cursors that chain, files that are whole or go on."""

from __future__ import annotations

import asyncio
import fcntl
import json
import subprocess
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from exported import environment, export, killed_until_done, lines, many
from stored import NOW, SITE, an_outlet, ingested, store_at, withdraw_at

from crawler.export import export_to
from crawler.settings import Settings, load_settings
from pipelines.errors import AiwireError, ConfigError, PublishError
from pipelines.store import export as reading
from pipelines.store import export_parts, export_plan
from pipelines.store.database import Database
from pipelines.store.export import Wish

Do = Callable[[Callable[[Database], Awaitable[Any]]], Any]
JSONL = Wish(format="jsonl")


@pytest.fixture
def do(database_url: str) -> Do:
    """Do something with the database, outside of any event loop: the command brings its own."""

    def do(what: Callable[[Database], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with Database(database_url, size=2) as opened:
                return await what(opened)

        return asyncio.run(run())

    do(an_outlet)
    return do


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return load_settings(data_dir=tmp_path / "data", contact="https://example.org/tests")


def take(settings: Settings, wish: Wish, path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Export to a file; returns the cursor that was told, which stands alone on standard output."""
    capsys.readouterr()
    assert export_to(settings, wish, str(path), as_json=False) == 0
    (told,) = capsys.readouterr().out.splitlines()
    return told


async def store(database: Database, *paths: str, text: str = "A text of some length.") -> None:
    for path in paths:
        await store_at(database, ingested(path, text))


async def edit(database: Database, path: str, text: str) -> None:
    await store_at(database, ingested(path, text), now=NOW + timedelta(hours=1))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_each_article_is_a_line_with_its_fields_in_a_stable_order(
    do: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    do(lambda database: store(database, "/a", "/b"))
    do(lambda database: edit(database, "/a", "Another text, which the outlet put there.\nAnd “more” of it."))
    target = tmp_path / f"all.jsonl{suffix}"
    take(settings, JSONL, target, capsys)
    found = {line["url"]: line for line in lines(target)}
    assert set(found) == {f"{SITE}/a", f"{SITE}/b"}
    one = found[f"{SITE}/a"]
    assert list(one)[:6] == ["id", "outlet", "outlet_name", "url", "withheld", "withdrawn_at"]
    assert list(one) == list(found[f"{SITE}/b"])
    assert one["text"] == "Another text, which the outlet put there.\nAnd “more” of it."
    assert (one["withheld"], one["revision"], one["published_precision"]) == (False, 2, "minute")
    assert [(each["revision"], each["reason"], "text" in each) for each in one["revisions"]] == [
        (1, "first", False),
        (2, "publisher_edit", False),
    ]
    assert {path.name for path in tmp_path.iterdir()} == {target.name}


def test_a_line_has_every_column_that_consumers_read(do: Do, database_url: str) -> None:
    do(lambda database: store(database, "/a"))

    async def read(database: Database) -> str:
        async with database.transaction() as connection:
            rows = await reading.article_lines(
                connection, Wish(format="jsonl", history=True), after=None, until=None, most=9
            )
        return rows[0][1]

    line = json.loads(do(read))
    with psycopg.connect(database_url) as connection:

        def columns(view: str) -> set[str]:
            query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            return {row[0] for row in connection.execute(query, (view,))}

        assert set(line) == columns("news.article") | {"withheld", "attributions", "removed_blocks", "revisions"}
        assert set(line["revisions"][0]) == columns("news.revision") - {"article_id"}


def test_history_brings_every_text(
    do: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: store(database, "/a", text="The first text of it."))
    do(lambda database: edit(database, "/a", "Something else altogether stands here now."))
    take(settings, Wish(format="jsonl", history=True), tmp_path / "all.jsonl", capsys)
    (line,) = lines(tmp_path / "all.jsonl")
    assert [each["text"] for each in line["revisions"]] == ["The first text of it.", line["text"]]


def test_withheld_article_is_a_tombstone_without_text(
    do: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: store(database, "/a", "/b"))
    cursor = take(settings, JSONL, tmp_path / "before.jsonl", capsys)
    do(lambda database: withdraw_at(database, "/a", withheld=True))
    do(lambda database: withdraw_at(database, "/b", reason="gone", withheld=False))
    take(settings, JSONL, tmp_path / "after.jsonl", capsys)
    take(settings, Wish(format="jsonl", since=cursor), tmp_path / "since.jsonl", capsys)
    for name in ("after.jsonl", "since.jsonl"):
        found = {line["url"]: line for line in lines(tmp_path / name)}
        tombstone, gone = found[f"{SITE}/a"], found[f"{SITE}/b"]
        assert list(tombstone) == [
            "id", "outlet", "outlet_name", "url", "withheld", "withdrawn_at", "withdrawn_reason", "first_seen_at",
        ]  # fmt: skip
        assert (tombstone["withheld"], tombstone["withdrawn_reason"]) == (True, "rights_reserved")
        assert (gone["withheld"], gone["withdrawn_reason"], bool(gone["text"])) == (False, "gone", True)


def test_exports_chain_by_their_cursors_without_gaps(
    do: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: store(database, "/a", "/b"))
    first = take(settings, JSONL, tmp_path / "1.jsonl", capsys)
    do(lambda database: store(database, "/c"))
    do(lambda database: edit(database, "/a", "An edit of its own."))
    do(lambda database: edit(database, "/c", "An edit right after it came."))
    second = take(settings, Wish(format="jsonl", since=first), tmp_path / "2.jsonl", capsys)
    changed = lines(tmp_path / "2.jsonl")
    assert [line["url"] for line in changed] == [f"{SITE}/c", f"{SITE}/a"], (
        "each once, in the order of its first change"
    )
    assert changed[0]["text"] == "An edit right after it came."
    third = take(settings, Wish(format="jsonl", since=second), tmp_path / "3.jsonl", capsys)
    assert (third, lines(tmp_path / "3.jsonl")) == (second, [])


def test_a_change_during_an_export_comes_with_the_next(
    do: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: store(database, "/a"))
    write = reading.article_lines

    async def late(*arguments: Any, **options: Any) -> Any:
        found = await write(*arguments, **options)
        if options["after"] is None:
            async with Database(str(settings.database_url.get_secret_value()), size=1) as another:  # type: ignore[union-attr]
                await store(another, "/late")
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "article_lines", late)
        cursor = take(settings, JSONL, tmp_path / "1.jsonl", capsys)
    take(settings, Wish(format="jsonl", since=cursor), tmp_path / "2.jsonl", capsys)
    assert f"{SITE}/late" in [line["url"] for line in lines(tmp_path / "2.jsonl")]


def test_since_a_day_and_of_one_outlet(
    do: Do, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: an_outlet(database, "other"))
    do(lambda database: store(database, "/a"))
    do(lambda database: store_at(database, ingested("/b", "Another outlet's."), outlet="other"))
    for since, outlet, expected in (
        ("2020-01-01", None, {"/a", "/b"}),
        ("2020-01-01T00:00:00+02:00", "other", {"/b"}),
        (None, "example", {"/a"}),
        ("2999-01-01", None, set()),
    ):
        target = tmp_path / f"{since}{outlet}.jsonl".replace(":", "")
        take(settings, Wish(format="jsonl", since=since, outlet=outlet), target, capsys)
        assert {line["url"].removeprefix(SITE) for line in lines(target)} == expected


def test_bad_cursors_say_what_to_do(do: Do, settings: Settings, tmp_path: Path) -> None:
    do(lambda database: store(database, "/a"))

    async def present(database: Database) -> str:
        async with database.transaction() as connection:
            return (await export_plan.plan(connection, JSONL)).cursor

    epoch = do(present).partition("-")[0]
    for since, code in (
        ("ffffffff-3", "lost_future"),
        (f"{epoch}-999", "lost_future"),
        (f"{epoch}.1", "no_cursor"),
        ("yesterday", "no_cursor"),
    ):
        with pytest.raises(PublishError) as refused:
            export_to(settings, Wish(format="jsonl", since=since), str(tmp_path / "x.jsonl"), as_json=False)
        assert refused.value.code == code
    assert not (tmp_path / "x.jsonl").exists()


def test_targets_that_cannot_be_written_are_refused_at_once(do: Do, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").write_text("mine")
    for target, code, wish in (
        (tmp_path / "there.jsonl", "target_exists", JSONL),
        (tmp_path / "nowhere" / "x.jsonl", "target", JSONL),
        (tmp_path, "usage", JSONL),
        ("s3://bucket/x.jsonl", "usage", JSONL),
        (tmp_path / "x.warc.zst", "usage", Wish(format="warc")),
        (tmp_path / "x.csv", "usage", Wish(format="csv")),
        (tmp_path / "x.warc", "usage", Wish(format="warc", history=True)),
    ):
        with pytest.raises(ConfigError) as refused:
            export_to(settings, wish, str(target), as_json=False)
        assert refused.value.code == code, target
    assert (tmp_path / "there.jsonl").read_text() == "mine"


def test_a_file_that_another_export_writes_is_left_alone(do: Do, settings: Settings, tmp_path: Path) -> None:
    with (tmp_path / "x.jsonl.part").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another aiwire export"):
            export_to(settings, JSONL, str(tmp_path / "x.jsonl"), as_json=False)


def test_what_was_begun_goes_on_only_as_it_was_asked_for(
    do: Do, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: store(database, "/a"))

    async def broken(*_: Any, **__: Any) -> Any:
        raise AiwireError("the cable was pulled")

    with monkeypatch.context() as patched:
        patched.setattr(reading, "article_lines", broken)
        with pytest.raises(AiwireError, match="cable"):
            export_to(settings, JSONL, str(tmp_path / "x.jsonl"), as_json=False)
    with pytest.raises(ConfigError, match="other options"):
        export_to(settings, Wish(format="jsonl", outlet="example"), str(tmp_path / "x.jsonl"), as_json=False)
    take(settings, JSONL, tmp_path / "x.jsonl", capsys)
    assert len(lines(tmp_path / "x.jsonl")) == 1


def test_killed_before_it_told_its_cursor_it_tells_it_again(
    do: Do, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    do(lambda database: store(database, "/a"))
    for step in ("replace", "unlink"):
        target = tmp_path / f"{step}.jsonl"

        def killed(self: Path, *_: Any, step: str = step, **__: Any) -> Any:
            if step == "replace" and self.suffix == ".new":
                return self.rename(self.with_suffix(""))
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Path, step, killed)
            with pytest.raises(KeyboardInterrupt):
                export_to(settings, JSONL, str(target), as_json=False)
        assert take(settings, JSONL, target, capsys)
        assert len(lines(target)) == 1
        assert not list(tmp_path.glob(f"{step}.jsonl.*"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["all.jsonl.gz", "all.jsonl"])
def test_killed_again_and_again_it_neither_doubles_nor_misses(database_url: str, tmp_path: Path, name: str) -> None:
    many(database_url, 8_000, length=90)
    target = tmp_path / name
    assert killed_until_done(database_url, tmp_path, target) >= 3
    done = export(database_url, tmp_path, "-o", f"whole-{name}")
    assert done.returncode == 0, done.stderr
    assert lines(target) == lines(tmp_path / f"whole-{name}")
    assert len(lines(target)) == 8_000
    assert {path.name for path in tmp_path.glob("*all*")} == {name, f"whole-{name}"}


@pytest.mark.slow
def test_changes_go_on_after_a_kill(database_url: str, tmp_path: Path) -> None:
    many(database_url, 8_000, length=90)
    target = tmp_path / "since.jsonl"
    assert killed_until_done(database_url, tmp_path, target, "--since", "2020-01-01") >= 3
    ids = [line["id"] for line in lines(target)]
    assert len(ids) == len(set(ids)) == 8_000


_MEASURED = """
import resource, sys
from crawler.cli import app
app(["export", "-o", sys.argv[1]], standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_is_flat_however_many_articles(database_url: str, tmp_path: Path) -> None:
    import sys

    peaks = []
    for first, last in ((1, 2_000), (2_001, 20_000)):
        many(database_url, last, first=first, length=90)
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, f"{last}.jsonl"],
            env=environment(database_url, tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout.split()[-1]) / 1024)
        assert len(lines(tmp_path / f"{last}.jsonl")) == last
    assert peaks[1] - peaks[0] < 8, f"{peaks} MB for 2,000 and for 20,000 articles"


def test_standard_output_takes_lines_and_the_cursor_goes_beside(database_url: str, tmp_path: Path) -> None:
    many(database_url, 3)
    done = export(database_url, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["outlet"] for line in done.stdout.splitlines()] == ["many"] * 3
    assert "Go on with --since" in done.stderr


def test_lines_are_read_by_the_primary_key(database_url: str, do: Do) -> None:
    """A page of an export costs what its rows cost, wherever it is: no sort, no scan of all."""
    many(database_url, 3_000, length=3)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        query = reading._LINES.format(
            articles="a.id > '80000000-0000-0000-0000-000000000000' ORDER BY a.id LIMIT 100",
            tombstones="w.article_id > '80000000-0000-0000-0000-000000000000' ORDER BY w.article_id LIMIT 100",
        ).replace("%(history)s", "false")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query} ORDER BY id LIMIT 100".encode()))
    assert "Index Scan using article_pkey" in plan, plan
    assert "Index Scan using article_withdrawn" in plan, plan
    assert "Seq Scan on article " not in plan, plan


def test_ranges_of_parts_are_everything_once(database_url: str, do: Do) -> None:
    many(database_url, 1_050, length=1)

    async def taken(database: Database) -> list[list[str]]:
        async with database.transaction() as connection:
            plans = [
                await export_plan.plan(connection, JSONL),
                await export_plan.plan(connection, Wish(format="jsonl", since="2020-01-01")),
            ]
            found = []
            for plan in plans:
                ids: list[str] = []
                for after, until in await export_parts.cut(connection, plan, 100):
                    if plan.kind == "articles":
                        part = await reading.article_lines(connection, JSONL, after=after, until=until, most=2_000)
                        ids += [id_ for id_, _ in part]
                    else:
                        assert after
                        assert until
                        changed, _ = await reading.changed(
                            connection, JSONL, after=int(after), until=int(until), most=2_000
                        )
                        ids += map(str, changed)
                found.append(ids)
        return found

    for ids in do(taken):
        assert len(ids) == len(set(ids)) == 1_050
