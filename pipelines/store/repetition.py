"""Blocks of text that outlets' articles repeat: counted as articles are stored, learned, and forgotten again.

When a block is boilerplate is judged by `pipelines.repetition`. Every call here is made under the outlet's lock, which
`pipelines.store.articles` takes: an outlet's articles are counted one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pipelines import repetition
from pipelines.records import SeenBlock
from pipelines.store import block_sightings, re_extraction
from pipelines.store.block_sightings import Key, Row
from pipelines.store.database import Connection
from pipelines.store.revisions import Reading

_FORGET_EVERY = 100  # articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What became known with one article: beginnings of blocks that are taken out from now on, and no longer."""

    repeated: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.repeated or self.forgotten)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """An article whose blocks, `seen`, are to be counted, or looked up."""

    outlet: str
    article_id: UUID
    seen: tuple[SeenBlock, ...]
    reading: Reading
    now: datetime


async def learned(connection: Connection, outlet: str) -> frozenset[bytes]:
    """The fingerprints of the blocks that are taken out of the outlet's pages now."""
    cursor = await connection.execute(
        "SELECT fingerprint FROM aiwire.block_sighting WHERE outlet = %s AND learned_at IS NOT NULL", (outlet,)
    )
    return frozenset(bytes(row[0]) for row in await cursor.fetchall())


async def count_all(connection: Connection, new: Sequence[Counting]) -> list[Learned]:
    """Count the blocks of new articles, once an article: revisions and further captures are not counted.

    Articles that hold a block which is boilerplate now are put down to be read again.
    """
    seen = [[block for block in one.seen if block.fingerprint not in one.reading.shared] for one in new]
    keys = {(one.outlet, block.fingerprint) for one, blocks in zip(new, seen, strict=True) for block in blocks}
    rows = await block_sightings.load(connection, keys)
    places = await block_sightings.places(connection, (one.outlet for one in new))
    before = dict(places)
    again: dict[UUID, datetime] = {}
    learned = [
        _count(one, blocks, rows=rows, places=places, again=again) for one, blocks in zip(new, seen, strict=True)
    ]
    if places != before:
        await block_sightings.write(connection, rows)
        await block_sightings.write_places(connection, places)
        last = {one.outlet: n for n, one in enumerate(new)}
        ends = [_End(counting=new[n], before=before.get(outlet, 0), place=places[outlet]) for outlet, n in last.items()]
        for outlet, forgotten in (await _forget(connection, ends)).items():
            n = last[outlet]
            learned[n] = Learned(repeated=learned[n].repeated, forgotten=(*learned[n].forgotten, *forgotten))
    for now in sorted(set(again.values())):
        await re_extraction.ask(connection, [id_ for id_, at in again.items() if at == now], now)
    return learned


def _count(
    one: Counting,
    blocks: Sequence[SeenBlock],
    *,
    rows: dict[Key, Row],
    places: dict[str, int],
    again: dict[UUID, datetime],
) -> Learned:
    """Count one article in memory; what is to be read again for it comes into `again`."""
    known = {
        block.fingerprint: row for block in blocks if (row := rows.get((one.outlet, block.fingerprint))) is not None
    }
    if repetition.twin(blocks, {print_: row.stored_in for print_, row in known.items()}) is not None:
        return Learned()
    place = places[one.outlet] = places.get(one.outlet, 0) + 1
    heads, tails = repetition.outer(blocks, known)
    turned: dict[bool, list[str]] = {True: [], False: []}
    for block in blocks:
        head, tail = block.fingerprint in heads, block.fingerprint in tails
        row = known.get(block.fingerprint)
        if row is None:
            rows[(one.outlet, block.fingerprint)] = _first(one, block, head=head, tail=tail, place=place)
            continue
        row.count(one.article_id, head=head, tail=tail, place=place, sample=block.sample, now=one.now)
        already = row.learned_at is not None
        judged = already or row.articles >= one.reading.limits.articles
        if judged:
            judged = repetition.repeated(row.sighting(place), one.reading.limits, already=already)
        if judged != already:
            row.learned_at = one.now if judged else None
            turned[judged].append(row.sample)
            again.update(dict.fromkeys(row.stored_in, one.now))
        if judged and block.kept and block.fingerprint not in one.reading.repeated:
            again[one.article_id] = one.now  # another host's visit learned it after this page was read
    return Learned(repeated=tuple(turned[True]), forgotten=tuple(turned[False]))


def _first(one: Counting, block: SeenBlock, *, head: bool, tail: bool, place: int) -> Row:
    return Row(
        sample="",
        weight=block.weight,
        articles=1,
        heads=int(head),
        tails=int(tail),
        first_place=place,
        last_place=place,
        seen_at=one.now,
        stored_in=[one.article_id],
        learned_at=None,
        new=True,
    )


async def ask_if_late(connection: Connection, one: Counting) -> None:
    """Have the article read again where its text holds what another host's visit learned after this page was read."""
    exempt = one.reading.shared | one.reading.repeated
    cursor = await connection.execute(
        """
        SELECT FROM aiwire.block_sighting
        WHERE outlet = %s AND fingerprint = ANY(%s) AND learned_at IS NOT NULL LIMIT 1
        """,
        (one.outlet, [block.fingerprint for block in one.seen if block.kept and block.fingerprint not in exempt]),
    )
    if await cursor.fetchone() is not None:
        await re_extraction.ask(connection, [one.article_id], one.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where an outlet's counting was `before`, and is now; by the last of its articles."""

    counting: Counting
    before: int
    place: int

    @property
    def old(self) -> int:
        """Blocks that were last seen at this place, or before it, are forgotten."""
        return self.place - self.counting.reading.limits.window


async def _forget(connection: Connection, ends: Sequence[_End]) -> dict[str, list[str]]:
    """Forget what outlets dropped, and what their TOML now says is shared; returns what is no longer taken out, by outlet."""
    shared = [(end.counting.outlet, print_) for end in ends for print_ in end.counting.reading.shared]
    cursor = await connection.execute(
        """
        DELETE FROM aiwire.block_sighting s
        USING unnest(%(outlets)s::text[], %(olds)s::int[]) AS k (outlet, old)
        WHERE s.outlet = k.outlet AND s.learned_at IS NOT NULL
          AND (s.last_place <= k.old OR (s.outlet, s.fingerprint) IN (
                SELECT * FROM unnest(%(shared_by)s::text[], %(shared)s::bytea[])))
        RETURNING s.outlet, s.sample, s.stored_in, s.fingerprint
        """,
        {
            "outlets": [end.counting.outlet for end in ends],
            "olds": [end.old for end in ends],
            "shared_by": [outlet for outlet, _ in shared],
            "shared": [print_ for _, print_ in shared],
        },
    )
    samples: dict[str, list[str]] = {}
    again: set[UUID] = set()
    for outlet, sample, stored_in, print_ in await cursor.fetchall():
        samples.setdefault(outlet, []).append(sample)
        # What it dropped was boilerplate as long as it was there; what is shared belongs to the texts that had it.
        if (outlet, bytes(print_)) in shared:
            again.update(stored_in)
    if again:
        await re_extraction.ask(connection, again, ends[-1].counting.now)
    for end in ends:
        every = min(_FORGET_EVERY, end.counting.reading.limits.window)
        if end.place // every != end.before // every:
            await connection.execute(
                "DELETE FROM aiwire.block_sighting WHERE outlet = %s AND last_place <= %s",
                (end.counting.outlet, end.old),
            )
    return samples
