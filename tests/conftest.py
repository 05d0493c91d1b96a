"""What every suite shares; Postgres and the newsroom come with `tests/integration/conftest.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pages and corpora beside the checkout; absent in a user's clone."""
    folder = CHECKOUT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no corpora: {folder} is not there (they are not part of the project)")
    return folder
