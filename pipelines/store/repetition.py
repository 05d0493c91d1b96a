"""Blocks of text that an outlet's articles repeat: counted as articles are stored, learned, and forgotten again.

When a block is boilerplate is judged by `pipelines.repetition`. Every call here is made under the outlet's lock, which
`pipelines.store.articles` takes: articles are counted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    place = await _next_place(connection, outlet)
    await _add(connection, outlet, article_id, blocks=blocks, known=known, place=place, now=now)
    learned = await _learn(
        connection, outlet, [block.fingerprint for block in blocks], reading=reading, place=place, now=now
    )
    await ask_if_late(connection, outlet, article_id, extraction=extraction, reading=reading, now=now)
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


async def _next_place(connection: Connection, outlet: str) -> int:
    cursor = await connection.execute(
        """
        INSERT INTO aiwire.outlet_extraction AS o (outlet, articles) VALUES (%s, 1)
        ON CONFLICT (outlet) DO UPDATE SET articles = o.articles + 1 RETURNING articles
        """,
        (outlet,),
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 -- it was just written
    return int(row[0])


async def _add(
    connection: Connection,
    outlet: str,
    article_id: UUID,
    *,
    blocks: Sequence[SeenBlock],
    known: Mapping[bytes, object],
    place: int,
    now: datetime,
) -> None:
    heads, tails = repetition.outer(blocks, known)
    await connection.execute(
        """
        INSERT INTO aiwire.block_sighting AS s (outlet, fingerprint, weight, articles, heads, tails, first_place,
            last_place, first_seen_at, last_seen_at, stored_in)
        SELECT %(outlet)s, b.fingerprint, b.weight, 1, b.head, b.tail, %(place)s, %(place)s, %(now)s, %(now)s,
               ARRAY[%(article)s]
        FROM unnest(%(fingerprints)s::bytea[], %(weights)s::int[], %(heads)s::int[], %(tails)s::int[])
             AS b (fingerprint, weight, head, tail)
        ON CONFLICT (outlet, fingerprint) DO UPDATE SET articles = s.articles + 1, heads = s.heads + EXCLUDED.heads,
            tails = s.tails + EXCLUDED.tails, last_place = EXCLUDED.last_place, last_seen_at = EXCLUDED.last_seen_at,
            stored_in = CASE WHEN cardinality(s.stored_in) >= %(most)s THEN s.stored_in
                             ELSE s.stored_in || EXCLUDED.stored_in END
        """,
        {
            "outlet": outlet,
            "article": article_id,
            "place": place,
            "now": now,
            "most": _STORED_MOST,
            "fingerprints": [block.fingerprint for block in blocks],
            "weights": [block.weight for block in blocks],
            "heads": [int(block.fingerprint in heads) for block in blocks],
            "tails": [int(block.fingerprint in tails) for block in blocks],
        },
    )
    # Nearly every block is seen once: only the others' words are worth their bytes.
    again = [block for block in blocks if block.fingerprint in known]
    if again:
        await connection.execute(
            """
            UPDATE aiwire.block_sighting s SET sample = b.sample
            FROM unnest(%s::bytea[], %s::text[]) AS b (fingerprint, sample)
            WHERE s.outlet = %s AND s.fingerprint = b.fingerprint AND s.sample = ''
            """,
            ([block.fingerprint for block in again], [block.sample for block in again], outlet),
        )


async def _learn(
    connection: Connection, outlet: str, fingerprints: Sequence[bytes], *, reading: Reading, place: int, now: datetime
) -> Learned:
    """Judge what an article had anew, and have the articles read again for which that makes a difference."""
    cursor = await connection.execute(
        """
        SELECT fingerprint, articles, heads, tails, %s - first_place + 1, weight, sample, stored_in,
               learned_at IS NOT NULL
        FROM aiwire.block_sighting
        WHERE outlet = %s AND fingerprint = ANY(%s) AND (articles >= %s OR learned_at IS NOT NULL)
        """,
        (place, outlet, list(fingerprints), reading.limits.articles),
    )
    samples: dict[bool, list[str]] = {True: [], False: []}
    turned: dict[bool, list[bytes]] = {True: [], False: []}
    again: set[UUID] = set()
    for fingerprint, articles, heads, tails, chances, weight, sample, stored_in, already in await cursor.fetchall():
        seen = Sighting(articles=articles, heads=heads, tails=tails, chances=chances, weight=weight)
        judged = repetition.repeated(seen, reading.limits, already=already)
        if judged != already:
            samples[judged].append(sample)
            turned[judged].append(fingerprint)
            again.update(stored_in)
    for judged, found in turned.items():
        if found:
            await connection.execute(
                "UPDATE aiwire.block_sighting SET learned_at = %s WHERE outlet = %s AND fingerprint = ANY(%s)",
                (now if judged else None, outlet, found),
            )
    if again:
        await re_extraction.ask(connection, again, now)
    return Learned(repeated=tuple(samples[True]), forgotten=tuple(samples[False]))


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
