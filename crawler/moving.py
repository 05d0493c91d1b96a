"""`aiwire db move --to URL`: takes the installation in use to another Postgres, with followers running.

How rows travel, and how the source is closed, is `pipelines.store.transfer`'s affair.
"""

from __future__ import annotations

import time

from crawler import present
from crawler.commands import database
from crawler.settings import Settings
from pipelines.store import transfer
from pipelines.store.addresses import place_of, without_password


def move_database(settings: Settings, to: str) -> int:
    """Move, and say what to set; the exit code. Raises StoreError where the target is not empty, or something is not right."""
    started = time.monotonic()
    with database(settings) as url:
        present.errors.print(
            f"Moving {place_of(url)} to {place_of(to)}. What reads goes on; what writes waits until it is done.",
            markup=False,
            soft_wrap=True,
        )
        layout = transfer.move(url, to, _tell)
    present.console.print(
        f"Moved in {time.monotonic() - started:.1f} s, changes up to {layout.epoch}-{layout.position}. "
        "Cursors go on there; a daemon that ran here ends. Set this (its password apart, in PGPASSWORD or ~/.pgpass), and start it again:",
        markup=False,
        soft_wrap=True,
    )
    present.console.print(f"DATABASE_URL={without_password(to)}", markup=False, soft_wrap=True)
    return 0


def begin_epoch(settings: Settings) -> int:
    """Begin a new epoch by hand, where the server's own files were put back; the exit code."""
    with database(settings) as url:
        cursor = transfer.begin_epoch(url)
    present.console.print(
        f"A new epoch begins at {cursor}: cursors that saw more than is here are refused from now on.", markup=False
    )
    return 0


def _tell(name: str, rows: int) -> None:
    if rows:
        present.errors.print(f"  {name}: {rows}", markup=False)
