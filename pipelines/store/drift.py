"""What an outlet's latest pages gave, and whether that has moved away from its past.

What moving away means is judged by `pipelines.drift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines import drift
from pipelines.drift import HELD, PAST_MOST, RECENT, Figures
from pipelines.store.database import Connection

_KEPT = PAST_MOST + HELD + 4 * RECENT  # figures of an outlet
_COLUMNS = "read, length, title, standfirst, authors, published, removed_share, second_opinion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An outlet's pages began to differ from its past (`evidence` says how), or do so no longer (`over`)."""

    over: bool
    evidence: tuple[str, ...]


async def note(connection: Connection, outlet: str, entry_id: int, figures: Figures, *, again: bool = False) -> None:
    """What a page gave when it was first read; `again`: what the same page gives by mended rules, in its old place."""
    change = (
        "UPDATE SET " + ", ".join(f"{name} = EXCLUDED.{name}" for name in _COLUMNS.split(", ")) if again else "NOTHING"
    )
    await connection.execute(
        f"""
        INSERT INTO aiwire.page_figure (entry_id, outlet, {_COLUMNS})
        SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
        WHERE %s OR NOT EXISTS (SELECT FROM aiwire.page_figure WHERE entry_id = %s)
        ON CONFLICT (entry_id) DO {change}
        """.encode(),  # noqa: S608 -- constants
        (
            entry_id,
            outlet,
            figures.read,
            figures.length,
            figures.title,
            figures.standfirst,
            figures.authors,
            figures.published,
            figures.removed_share,
            figures.second_opinion,
            again,
            entry_id,
        ),
    )


async def judge(connection: Connection, outlet: str, now: datetime) -> Turn | None:
    """Compare the outlet's latest pages with its past, and remember the outcome; None where nothing turned.

    While it drifts the past stands still. It is over when the pages are as they were, or when the new way has held for
    HELD pages: then that is the past.
    """
    await connection.execute(
        "INSERT INTO aiwire.outlet_extraction (outlet) VALUES (%s) ON CONFLICT DO NOTHING", (outlet,)
    )
    cursor = await connection.execute(
        "SELECT drifted_after, evidence FROM aiwire.outlet_extraction WHERE outlet = %s FOR UPDATE", (outlet,)
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- it was just written
    drifted_after, told = row
    figures = await _figures(connection, outlet)
    if drifted_after is None:
        past, recent = figures[-PAST_MOST - RECENT : -RECENT], figures[-RECENT:]
        if not past or not (evidence := drift.signs(_only(past), _only(recent))):
            return None
        await _remember(connection, outlet, drifted_after=past[-1][0], evidence=evidence, now=now)
        return Turn(over=False, evidence=evidence)
    past = [one for one in figures if one[0] <= drifted_after][-PAST_MOST:]
    since = [one for one in figures if one[0] > drifted_after]
    evidence = drift.signs(_only(past), _only(since[-RECENT:]))
    held = len(since) >= HELD
    # A few pages more before it is over: at the border it would come and go.
    if held or (not evidence and len(since) >= RECENT + RECENT // 2):
        if held:
            await connection.execute(
                "DELETE FROM aiwire.page_figure WHERE outlet = %s AND id <= %s", (outlet, drifted_after)
            )
        await _remember(connection, outlet, drifted_after=None, evidence=(), now=now)
        return Turn(over=True, evidence=tuple(told))
    if evidence and list(evidence) != told:
        await _remember(connection, outlet, drifted_after=drifted_after, evidence=evidence, now=now)
    return None


async def settle(connection: Connection, outlet: str, now: datetime) -> Turn | None:
    """The outlet's pages were read again by mended rules: it drifts no longer if they are as they were, at once."""
    cursor = await connection.execute(
        "SELECT drifted_after, evidence FROM aiwire.outlet_extraction WHERE outlet = %s AND drifted_at IS NOT NULL FOR UPDATE",
        (outlet,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    figures = await _figures(connection, outlet)
    past = [one for one in figures if one[0] <= row[0]][-PAST_MOST:]
    since = [one for one in figures if one[0] > row[0]]
    if drift.signs(_only(past), _only(since[-RECENT:])):
        return None
    await _remember(connection, outlet, drifted_after=None, evidence=(), now=now)
    return Turn(over=True, evidence=tuple(row[1]))


async def _figures(connection: Connection, outlet: str) -> list[tuple[int, Figures]]:
    """With their places, the oldest first; those that no comparison needs any more go."""
    cursor = await connection.execute(
        f"SELECT id, {_COLUMNS} FROM aiwire.page_figure WHERE outlet = %s ORDER BY id DESC".encode(),  # noqa: S608 -- a constant
        (outlet,),
    )
    rows: list[tuple[Any, ...]] = await cursor.fetchall()
    if len(rows) > _KEPT + RECENT:
        await connection.execute(
            "DELETE FROM aiwire.page_figure WHERE outlet = %s AND id < %s", (outlet, rows[_KEPT - 1][0])
        )
    names = _COLUMNS.split(", ")
    return [(row[0], Figures(**dict(zip(names, row[1:], strict=True)))) for row in reversed(rows[:_KEPT])]


def _only(figures: Sequence[tuple[int, Figures]]) -> list[Figures]:
    return [one for _, one in figures]


async def _remember(
    connection: Connection, outlet: str, *, drifted_after: int | None, evidence: Sequence[str], now: datetime
) -> None:
    await connection.execute(
        """
        UPDATE aiwire.outlet_extraction SET drifted_after = %(after)s, evidence = %(evidence)s,
            drifted_at = CASE WHEN %(after)s::bigint IS NULL THEN NULL ELSE coalesce(drifted_at, %(now)s) END
        WHERE outlet = %(outlet)s
        """,
        {"after": drifted_after, "evidence": list(evidence), "now": now, "outlet": outlet},
    )
