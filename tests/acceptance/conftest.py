"""The newsroom and an installation that reads it; Postgres comes from `tests/integration/conftest.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.newsroom.client import Newsroom

sys.path.insert(0, str(Path(__file__).parent))
from installation import Installation


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with Newsroom(tmp_path / "newsroom") as running:
        yield running


@pytest.fixture
def installation(tmp_path: Path, database_url: str, newsroom: Newsroom) -> Installation:
    made = Installation(folder=tmp_path, database_url=database_url, newsroom=newsroom)
    made.configure(every="1h", looks=("1h",))
    return made
