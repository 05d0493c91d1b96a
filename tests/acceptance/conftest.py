"""The newsroom, and installations that read it."""

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
    """A test's own, configured and untouched."""
    made = Installation(folder=tmp_path, database_url=database_url, newsroom=newsroom)
    made.configure(every="1h", looks=("1h",))
    return made


@pytest.fixture(scope="module")
def shared_installation(tmp_path_factory: pytest.TempPathFactory, shared_database_url: str) -> Iterator[Installation]:
    """One for all tests of a module that only look."""
    folder = tmp_path_factory.mktemp("installation")
    with Newsroom(folder / "newsroom") as newsroom:
        made = Installation(folder=folder, database_url=shared_database_url, newsroom=newsroom)
        made.configure(every="1h", looks=("1h",))
        yield made
