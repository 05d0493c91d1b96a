"""Blocks of text that an outlet's articles repeat: counted as articles are stored, learned, and forgotten again.

When a block is boilerplate is judged by `pipelines.repetition`. Every call here is made under the outlet's lock, which
`pipelines.store.articles` takes: articles are counted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pipelines import repetition
from pipelines.records import Extraction
from pipelines.repetition import SeenBlock, Sighting
from pipelines.store import re_extraction
from pipelines.store.database import Connection
from pipelines.store.revisions import Reading

_STORED_MOST = (
    100  # articles that are remembered for a block: what is not learned, or unlearned, by then hardly ever is
)
_FORGET_EVERY = 20  # articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What became known with one article: beginnings of blocks that are taken out from now on, and no longer."""

    repeated: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.repeated or self.forgotten)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A block that was counted once more; `already` says that it is boilerplate as far as is known."""

    fingerprint: bytes
    seen: Sighting
    sample: str
    stored_in: Sequence[UUID]
    already: bool

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> _Counted:
        fingerprint, articles, heads, tails, chances, weight, sample, stored_in, already = row
        seen = Sighting(articles=articles, heads=heads, tails=tails, chances=chances, weight=weight)
        return cls(fingerprint=bytes(fingerprint), seen=seen, sample=sample, stored_in=stored_in, already=already)


async def learned(connection: Connection, outlet: str) -> frozenset[bytes]:
    """The fingerprints of the blocks that are taken out of the outlet's pages now."""
    cursor = await connection.execute(
        "SELECT fingerprint FROM aiwire.block_sighting WHERE outlet = %s AND learned_at IS NOT NULL", (outlet,)
    )
    return frozenset(bytes(row[0]) for row in await cursor.fetchall())


async def count(
    connection: Connection, outlet: str, article_id: UUID, *, extraction: Extraction, reading: Reading, now: datetime
) -> Learned:
    """Count the blocks of a new article, once an article: revisions and further captures are not counted.

    Articles that hold a block which is boilerplate now are put down to be read again.
    """
    blocks = repetition.seen_blocks(extraction, exempt=reading.shared)
    known = await _known(connection, outlet, blocks)
    if repetition.twin(blocks, known) is not None:
        return Learned()
    place, counted = await _add(connection, outlet, article_id, blocks=blocks, known=known, reading=reading, now=now)
    learned, boilerplate = await _learn(connection, outlet, counted, reading=reading, now=now)
    if any(block.kept and block.fingerprint in boilerplate - reading.repeated for block in blocks):
        await re_extraction.ask(
            connection, [article_id], now
        )  # another host's visit learned it after this page was read
    forgotten = await _forget(connection, outlet, reading, place=place, now=now)
    return Learned(repeated=learned.repeated, forgotten=learned.forgotten + forgotten)


async def ask_if_late(
    connection: Connection, outlet: str, article_id: UUID, *, extraction: Extraction, reading: Reading, now: datetime
) -> None:
    """Have the article read again where its text holds what another host's visit learned after this page was read."""
    blocks = repetition.seen_blocks(extraction, exempt=reading.shared | reading.repeated)
    cursor = await connection.execute(
        """
        SELECT FROM aiwire.block_sighting
        WHERE outlet = %s AND fingerprint = ANY(%s) AND learned_at IS NOT NULL LIMIT 1
        """,
        (outlet, [block.fingerprint for block in blocks if block.kept]),
    )
    if await cursor.fetchone() is not None:
        await re_extraction.ask(connection, [article_id], now)


async def _known(connection: Connection, outlet: str, blocks: Sequence[SeenBlock]) -> Mapping[bytes, Sequence[UUID]]:
    """Those of the blocks that were seen before, with the articles in whose text they stand."""
    cursor = await connection.execute(
        "SELECT fingerprint, stored_in FROM aiwire.block_sighting WHERE outlet = %s AND fingerprint = ANY(%s)",
        (outlet, [block.fingerprint for block in blocks]),
    )
    return {bytes(fingerprint): stored_in for fingerprint, stored_in in await cursor.fetchall()}


async def _add(
    connection: Connection,
    outlet: str,
    article_id: UUID,
    *,
    blocks: Sequence[SeenBlock],
    known: Mapping[bytes, object],
    reading: Reading,
    now: datetime,
) -> tuple[int, list[_Counted]]:
    """Count an article and its blocks; returns the article's place, and the blocks about which there is something to judge."""
    heads, tails = repetition.outer(blocks, known)
    cursor = await connection.execute(
        """
        WITH place AS (
            INSERT INTO aiwire.outlet_extraction AS o (outlet, articles) VALUES (%(outlet)s, 1)
            ON CONFLICT (outlet) DO UPDATE SET articles = o.articles + 1 RETURNING articles AS number
        ), counted AS (
            INSERT INTO aiwire.block_sighting AS s (outlet, fingerprint, sample, weight, articles, heads, tails, first_place,
                last_place, first_seen_at, last_seen_at, stored_in)
            SELECT %(outlet)s, b.fingerprint, b.sample, b.weight, 1, b.head, b.tail, place.number, place.number, %(now)s,
                   %(now)s, ARRAY[%(article)s]
            FROM place, unnest(%(fingerprints)s::bytea[], %(samples)s::text[], %(weights)s::int[], %(heads)s::int[],
                               %(tails)s::int[]) AS b (fingerprint, sample, weight, head, tail)
            ON CONFLICT (outlet, fingerprint) DO UPDATE SET articles = s.articles + 1, heads = s.heads + EXCLUDED.heads,
                tails = s.tails + EXCLUDED.tails, last_place = EXCLUDED.last_place, last_seen_at = EXCLUDED.last_seen_at,
                sample = CASE s.sample WHEN '' THEN EXCLUDED.sample ELSE s.sample END,
                stored_in = CASE WHEN cardinality(s.stored_in) >= %(most)s THEN s.stored_in
                                 ELSE s.stored_in || EXCLUDED.stored_in END
            RETURNING fingerprint, articles, heads, tails, first_place, weight, sample, stored_in, learned_at
        )
        SELECT place.number, fingerprint, articles, heads, tails, place.number - first_place + 1, weight, sample, stored_in,
               learned_at IS NOT NULL
        FROM place LEFT JOIN counted ON articles >= %(limit)s OR learned_at IS NOT NULL
        """,
        {
            "outlet": outlet,
            "article": article_id,
            "now": now,
            "most": _STORED_MOST,
            "limit": reading.limits.articles,
            "fingerprints": [block.fingerprint for block in blocks],
            # Nearly every block is seen once: only the others' words are worth their bytes.
            "samples": [block.sample if block.fingerprint in known else "" for block in blocks],
            "weights": [block.weight for block in blocks],
            "heads": [int(block.fingerprint in heads) for block in blocks],
            "tails": [int(block.fingerprint in tails) for block in blocks],
        },
    )
    rows = await cursor.fetchall()
    return int(rows[0][0]), [_Counted.from_row(row[1:]) for row in rows if row[1] is not None]


async def _learn(
    connection: Connection, outlet: str, counted: Sequence[_Counted], *, reading: Reading, now: datetime
) -> tuple[Learned, frozenset[bytes]]:
    """Judge what an article had anew, and have the articles read again for which that makes a difference.

    Returns what was learned, and those of the blocks that are boilerplate now.
    """
    boilerplate: set[bytes] = set()
    turned: dict[bool, list[_Counted]] = {True: [], False: []}
    for one in counted:
        judged = repetition.repeated(one.seen, reading.limits, already=one.already)
        if judged:
            boilerplate.add(one.fingerprint)
        if judged != one.already:
            turned[judged].append(one)
    for judged, found in turned.items():
        if found:
            await connection.execute(
                "UPDATE aiwire.block_sighting SET learned_at = %s WHERE outlet = %s AND fingerprint = ANY(%s)",
                (now if judged else None, outlet, [one.fingerprint for one in found]),
            )
    if again := {id_ for found in turned.values() for one in found for id_ in one.stored_in}:
        await re_extraction.ask(connection, again, now)
    learned = Learned(
        repeated=tuple(one.sample for one in turned[True]), forgotten=tuple(one.sample for one in turned[False])
    )
    return learned, frozenset(boilerplate)


async def _forget(
    connection: Connection, outlet: str, reading: Reading, *, place: int, now: datetime
) -> tuple[str, ...]:
    """Forget what the outlet dropped, and what its TOML now says is shared; returns what is no longer taken out."""
    old = place - reading.limits.window
    cursor = await connection.execute(
        """
        DELETE FROM aiwire.block_sighting
        WHERE outlet = %s AND learned_at IS NOT NULL AND (last_place <= %s OR fingerprint = ANY(%s))
        RETURNING sample, stored_in, fingerprint
        """,
        (outlet, old, list(reading.shared)),
    )
    forgotten = await cursor.fetchall()
    # What it dropped was boilerplate as long as it was there; what is shared belongs to the texts that had it.
    if again := {id_ for _, ids, fingerprint in forgotten if bytes(fingerprint) in reading.shared for id_ in ids}:
        await re_extraction.ask(connection, again, now)
    if place % _FORGET_EVERY == 0:
        await connection.execute(
            "DELETE FROM aiwire.block_sighting WHERE outlet = %s AND last_place <= %s", (outlet, old)
        )
    return tuple(sample for sample, _, _ in forgotten)
