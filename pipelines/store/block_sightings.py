"""The rows of `block_sighting`: read and written for many articles at once, changed in memory in between.

Whoever calls holds the outlets' locks (`pipelines.store.articles`), so nobody else changes them. What is counted, and what
follows, is the affair of `pipelines.store.repetition`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pipelines.repetition import Sighting
from pipelines.store.database import Connection

STORED_MOST = 100
"""Articles that are remembered for a block: what is not learned, or unlearned, by then hardly ever is."""

Key = tuple[str, bytes]
"""Outlet and fingerprint."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One block of an outlet; places are numbers of the outlet's articles in the order in which they were counted."""

    sample: str
    weight: int
    articles: int
    heads: int
    tails: int
    first_place: int
    last_place: int
    seen_at: datetime
    stored_in: list[UUID]
    learned_at: datetime | None
    added: list[UUID] = field(default_factory=list)
    """Of `stored_in`, those that the database does not have yet."""
    new: bool = False
    changed: bool = False

    def count(self, article_id: UUID, *, head: bool, tail: bool, place: int, sample: str, now: datetime) -> None:
        """The block was seen in one article more."""
        self.articles += 1
        self.heads += head
        self.tails += tail
        self.last_place, self.seen_at, self.changed = place, now, True
        # Nearly every block is seen once: only the others' words are worth their bytes.
        self.sample = self.sample or sample
        if len(self.stored_in) < STORED_MOST:
            self.stored_in.append(article_id)
            self.added.append(article_id)

    def sighting(self, place: int) -> Sighting:
        chances = place - self.first_place + 1
        return Sighting(articles=self.articles, heads=self.heads, tails=self.tails, chances=chances, weight=self.weight)


async def load(connection: Connection, keys: Collection[Key]) -> dict[Key, Row]:
    """Those of the blocks that were seen before."""
    cursor = await connection.execute(
        """
        SELECT s.outlet, s.fingerprint, s.sample, s.weight, s.articles, s.heads, s.tails, s.first_place, s.last_place,
               s.last_seen_at, s.stored_in, s.learned_at
        FROM unnest(%b::text[], %b::bytea[]) AS k (outlet, fingerprint)
        JOIN aiwire.block_sighting s ON s.outlet = k.outlet AND s.fingerprint = k.fingerprint
        """,
        ([outlet for outlet, _ in keys], [fingerprint for _, fingerprint in keys]),
    )
    return {
        (outlet, bytes(fingerprint)): Row(
            sample=sample,
            weight=weight,
            articles=articles,
            heads=heads,
            tails=tails,
            first_place=first,
            last_place=last,
            seen_at=seen_at,
            stored_in=list(stored_in),
            learned_at=learned_at,
        )
        for outlet, fingerprint, sample, weight, articles, heads, tails, first, last, seen_at, stored_in, learned_at in (
            await cursor.fetchall()
        )
    }


async def write(connection: Connection, rows: Mapping[Key, Row]) -> None:
    """Write the new rows, and what changed in the others."""
    lines = [_line(key, row) for key, row in rows.items() if row.new]
    if lines:
        async with connection.cursor() as cursor, cursor.copy(_COPY.encode()) as copy:
            await copy.write("".join(lines))
    changed = [(key, row) for key, row in rows.items() if row.changed and not row.new]
    if changed:
        await connection.execute(
            """
            UPDATE aiwire.block_sighting s SET sample = k.sample, articles = k.articles, heads = k.heads, tails = k.tails,
                last_place = k.last_place, last_seen_at = k.seen_at, stored_in = s.stored_in || k.added::uuid[],
                learned_at = k.learned_at
            FROM unnest(%b::text[], %b::bytea[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::timestamptz[],
                        %s::text[], %s::timestamptz[])
                 AS k (outlet, fingerprint, sample, articles, heads, tails, last_place, seen_at, added, learned_at)
            WHERE s.outlet = k.outlet AND s.fingerprint = k.fingerprint
            """,
            (
                [outlet for (outlet, _), _ in changed],
                [fingerprint for (_, fingerprint), _ in changed],
                [row.sample for _, row in changed],
                [row.articles for _, row in changed],
                [row.heads for _, row in changed],
                [row.tails for _, row in changed],
                [row.last_place for _, row in changed],
                [row.seen_at for _, row in changed],
                # An array of arrays of different lengths there is not.
                ["{" + ",".join(map(str, row.added)) + "}" for _, row in changed],
                [row.learned_at for _, row in changed],
            ),
        )


_COPY = """
    COPY aiwire.block_sighting (outlet, fingerprint, sample, weight, articles, heads, tails, first_place, last_place,
        first_seen_at, last_seen_at, stored_in, learned_at) FROM STDIN
"""
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(key: Key, row: Row) -> str:
    """A new row as COPY reads it: dozens an article, which psycopg would take ten times as long to write."""
    outlet, fingerprint = key
    learned_at = row.learned_at or "\\N"
    stored_in = ",".join(map(str, row.stored_in))
    return (
        f"{outlet}\t\\\\x{fingerprint.hex()}\t{row.sample.translate(_ESCAPED)}\t{row.weight}\t{row.articles}\t{row.heads}"
        f"\t{row.tails}\t{row.first_place}\t{row.last_place}\t{row.seen_at}\t{row.seen_at}\t{{{stored_in}}}\t{learned_at}\n"
    )


async def places(connection: Connection, outlets: Iterable[str]) -> dict[str, int]:
    """How many articles were counted, by outlet."""
    cursor = await connection.execute(
        "SELECT outlet, articles FROM aiwire.outlet_extraction WHERE outlet = ANY(%s)", (sorted(set(outlets)),)
    )
    return dict(await cursor.fetchall())


async def write_places(connection: Connection, counted: Mapping[str, int]) -> None:
    await connection.execute(
        """
        INSERT INTO aiwire.outlet_extraction AS o (outlet, articles)
        SELECT outlet, articles FROM unnest(%s::text[], %s::int[]) AS k (outlet, articles)
        ON CONFLICT (outlet) DO UPDATE SET articles = EXCLUDED.articles
        """,
        (list(counted), list(counted.values())),
    )
