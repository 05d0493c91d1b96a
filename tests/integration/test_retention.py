"""The hour's retention, as the scheduler and `run --once` call it: what is old goes, whatever keeps one day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from crawler import retention
from crawler.object_storage import ObjectStorage
from crawler.settings import Settings
from pipelines.store import capture_days
from pipelines.store.database import Database, SessionLocks

TODAY = datetime.now(UTC).date()


def rows(url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


def days(url: str) -> list[date]:
    return [row[0] for row in rows(url, "SELECT day FROM aiwire.capture_day WHERE day <= %s ORDER BY day", TODAY)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(config_dir=tmp_path, data_dir=tmp_path, capture_days=3)


@pytest.fixture
async def old_days(database_url: str) -> str:
    async with Database(database_url, size=1, role="owner") as database, database.transaction() as connection:
        await connection.execute("SELECT aiwire.make_capture_days(%s, %s)", (TODAY - timedelta(days=6), TODAY))
    return database_url


async def test_days_older_than_the_setting_go(old_days: str, settings: Settings) -> None:
    with structlog.testing.capture_logs() as told:
        await retention.retain(settings, old_days)
    assert days(old_days) == [TODAY - timedelta(days=n) for n in (3, 2, 1, 0)]
    assert [line["event"] for line in told] == ["captures_dropped"] * 3
    assert rows(old_days, "SELECT count(*) FROM aiwire.day_figure") == [(7,)]


async def test_day_that_cannot_go_keeps_no_other(old_days: str, settings: Settings) -> None:
    """The objects of one day are on a storage that the setting does not name."""
    kept = TODAY - timedelta(days=5)
    rows(old_days, "UPDATE aiwire.capture_day SET objects = true WHERE day = %s", kept)
    with structlog.testing.capture_logs() as told:
        await retention.retain(settings, old_days)
    assert days(old_days) == [kept, *(TODAY - timedelta(days=n) for n in (3, 2, 1, 0))]
    assert [line["event"] for line in told].count("captures_not_dropped") == 1


async def test_day_whose_storage_is_away_goes_when_it_is_back(
    old_days: str, settings: Settings, tmp_path: Path
) -> None:
    old = TODAY - timedelta(days=6)
    rows(old_days, "UPDATE aiwire.capture_day SET objects = true WHERE day = %s", old)
    storage = ObjectStorage(f"file://{tmp_path}/captures")
    await storage.write(f"{old}/00/1-a.zst", b"x")
    storage.close()
    there = settings.model_copy(update={"captures": f"file://{tmp_path}/captures"})
    away = (tmp_path / "captures").rename(tmp_path / "away")
    (tmp_path / "captures").write_bytes(b"not a folder")
    with structlog.testing.capture_logs() as told:
        await retention.retain(there, old_days)
    assert [line["code"] for line in told if line["event"] == "captures_not_dropped"] == ["captures_unavailable"]
    assert days(old_days)[0] == old
    (tmp_path / "captures").unlink()
    away.rename(tmp_path / "captures")
    await retention.retain(there, old_days)
    assert days(old_days)[0] == TODAY - timedelta(days=3)
    assert not (tmp_path / "captures" / str(old)).exists()


async def test_two_do_not_drop_the_same_day(old_days: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        raise AssertionError

    async with Database(old_days, size=1) as database:
        locks = SessionLocks(database, "retention")
        assert await locks.try_acquire("retention")
        with monkeypatch.context() as patched:
            patched.setattr(capture_days, "drop_day", never)
            await retention.retain(settings, old_days)
        await locks.close()
    assert len(days(old_days)) == 7
