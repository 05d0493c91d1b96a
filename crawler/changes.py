"""`aiwire changes`: the change feed for shells, a line a change, once or for ever.

What a change is, and what a cursor is worth, stands in docs/contract.md; programs in Python read it as shown there.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from crawler import present
from crawler.commands import database_as_it_is
from crawler.settings import Settings
from pipelines.errors import Unavailable
from pipelines.store import changes
from pipelines.store.database import Database

_BATCH = 1_000
_AGAIN = 2.0  # seconds between attempts to reach a Postgres that is away
_STYLES = {
    "new": "green",
    "edit": "yellow",
    "re_extraction": "dim",
    "moved": "dim",
    "withdrawn": "red",
    "restored": "green",
}


def show_changes(
    settings: Settings, *, cursor: str | None, most: int | None, follow: bool, end: bool, as_json: bool
) -> int:
    """Print changes after a cursor: all there are or `most`, with `follow` for ever; `end` begins at the present end.

    Raises PublishError where the cursor is no good here, Unavailable where Postgres is away at the start.
    """
    with database_as_it_is(settings) as url, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show(url, cursor, most=most, follow=follow, end=end, as_json=as_json))
    return 0


async def _show(url: str, cursor: str | None, *, most: int | None, follow: bool, end: bool, as_json: bool) -> None:
    opened = Database(url, size=1, name="aiwire-changes", role="reader")
    told = False
    shown = 0
    connection = await opened.connect()
    while True:
        try:
            async with connection:
                if end:
                    cursor, end = await changes.last_cursor(connection), False
                while not follow:
                    wanted = _BATCH if most is None else min(_BATCH, most - shown)
                    batch = await changes.after(connection, cursor, most=wanted)
                    shown += len(batch)
                    cursor = _print(batch, as_json=as_json) or cursor
                    if not batch or shown == most:
                        present.errors.print(
                            f"Go on with --after {cursor}" if cursor else "No change yet.", markup=False
                        )
                        return
                async for batch in changes.follow(connection, cursor, most=_BATCH):
                    cursor = _print(batch, as_json=as_json)
                    told = False
        except Unavailable as error:
            if not follow:
                raise
            if not told:
                present.errors.print(f"{error.message}; trying again.", markup=False)
                told = True
        while True:
            await asyncio.sleep(_AGAIN)
            with contextlib.suppress(Unavailable):
                connection = await opened.connect()
                break


def _print(batch: Sequence[dict[str, Any]], *, as_json: bool) -> str | None:
    """Print changes; returns the last one's cursor."""
    for change in batch:
        if as_json:
            present.as_json_line(change)
        else:
            present.console.print(_line(change), soft_wrap=True)
    sys.stdout.flush()  # whoever reads a pipe waits for it
    return str(batch[-1]["cursor"]) if batch else None


def _line(change: dict[str, Any]) -> Text:
    why = change["reason"] or ", ".join(change["changed"])
    if change["kind"] == "edit" and not change["material"]:
        why += "; cosmetic"
    return Text.assemble(
        (f"{change['told_at']:%Y-%m-%d %H:%M:%S} ", "dim"),
        (f"{change['kind']:<13} ", _STYLES.get(change["kind"], "")),
        (f"{change['outlet']:<16} ", "cyan"),
        change["title"] or f"article {change['article_id']}",
        (f"  revision {change['revision']}{f' ({why})' if why else ''}", "dim"),
        (f"  {change['cursor']}", "dim"),
    )
