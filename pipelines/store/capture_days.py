"""The days of captures: partitions made ahead, what a day brought, and days dropped whole, with their objects.

What a capture is, and where its bytes are, is `pipelines.store.captures`' affair; when days are dropped the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from pipelines.errors import StoreError, Unavailable
from pipelines.store.capture_objects import ObjectStore, clear, day_for_objects, elsewhere, object_name
from pipelines.store.captures import Key, partition_of
from pipelines.store.database import Connection, Database

_LOCK_TIMEOUT = "30s"  # to wait for those who read a partition that goes; nobody waits behind us meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What became of a day; `done` is false where its objects stay because no setting says where they are."""

    carried: int
    objects: int
    done: bool


async def ensure_partitions(connection: Connection, today: date | None = None) -> None:
    """Make the partitions that will be needed, those of the change feed too; by the server's day unless one is given.

    Needs a connection as owner. What is there stays; nobody who reads or writes waits for it.
    """
    await connection.execute("SELECT aiwire.make_partitions(coalesce(%s, (now() AT TIME ZONE 'UTC')::date))", (today,))


async def to_drop(connection: Connection, *, keep: int) -> list[date]:
    """Days that ended more than `keep` days ago by the server's clock, those first whose dropping was begun."""
    cursor = await connection.execute(
        """
        SELECT day FROM aiwire.capture_day WHERE closing OR day < (now() AT TIME ZONE 'UTC')::date - %s
        ORDER BY closing DESC, day
        """,
        (keep,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def drop_day(database: Database, day: date, storage: ObjectStore | None) -> Dropped:
    """Drop a day's captures; those that still wait to be processed are carried over to today first.

    `database` works as owner. Each step may be the last of a process: the same call ends what was begun. The row in
    aiwire.capture_day goes last, so that no object is forgotten. Raises Unavailable where the object storage is away, or
    somebody's long transaction still reads the day; to be tried again later.
    """
    async with database.transaction() as connection:
        await connection.execute("UPDATE aiwire.capture_day SET closing = true WHERE day = %s", (day,))
    carried = await _carry(database, day, storage)
    connection = await database.connect()
    try:
        await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'".encode())
        await _detach(connection, day)
        # A page may have come between: while there was no partition for today, the nearest day took it.
        carried += await _carry(database, day, storage)
        await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(partition_of(day)))
    except psycopg.errors.LockNotAvailable as error:
        raise Unavailable(f"a long transaction still reads the captures of {day}", code="capture_day_in_use") from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"Postgres is away: {str(error).splitlines()[0]}") from error
    except psycopg.Error as error:
        raise StoreError(f"the captures of {day} can't be dropped: {str(error).splitlines()[0]}") from error
    finally:
        await connection.close()
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT FROM aiwire.capture_day WHERE day = %s AND objects", (day,))
        has_objects = await cursor.fetchone() is not None
    objects = 0
    if has_objects:
        if storage is None:
            return Dropped(carried=carried, objects=0, done=False)
        for folder in await storage.names(day.isoformat()):
            objects += await clear(storage, folder)
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM aiwire.capture_day WHERE day = %s", (day,))
    return Dropped(carried=carried, objects=objects, done=True)


async def count_days(connection: Connection) -> None:
    """Count once what each of the last seven days that are over brought, for `pipelines.store.reading`."""
    await connection.execute(
        f"""
        INSERT INTO aiwire.day_figure (day, captures, capture_bytes, articles, revisions)
        SELECT d.day, f.captures, f.capture_bytes, f.articles, f.revisions
        FROM (SELECT (now() AT TIME ZONE 'UTC')::date - n AS day FROM generate_series(1, 7) AS n) AS d
        CROSS JOIN LATERAL ({FIGURES_OF_A_DAY}) AS f
        WHERE NOT EXISTS (SELECT FROM aiwire.day_figure x WHERE x.day = d.day)
        ON CONFLICT DO NOTHING
        """.encode()  # noqa: S608 -- a constant
    )


FIGURES_OF_A_DAY = """
    SELECT c.captures, c.capture_bytes, n.articles, n.revisions
    FROM (SELECT count(*) AS captures, coalesce(sum(x.stored_size), 0)::bigint AS capture_bytes
          FROM aiwire.capture x WHERE x.day = d.day) AS c,
         (SELECT count(*) FILTER (WHERE x.kind = 'new') AS articles,
                 count(*) FILTER (WHERE x.kind IN ('new', 'edit', 're_extraction')) AS revisions
          FROM aiwire.change x
          WHERE x.told_at >= d.day::timestamp AT TIME ZONE 'UTC' AND x.told_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
         ) AS n
"""
"""What the day `d.day` brought, UTC: pages with their compressed bytes, new articles, and revisions, the first included."""


async def _carry(database: Database, day: date, storage: ObjectStore | None) -> int:
    """Move captures that still wait out of a day's partition, whether or not it is still attached; returns how many."""
    partition = partition_of(day)
    async with database.transaction() as connection:
        there = await connection.execute("SELECT WHERE to_regclass(%s) IS NOT NULL", (partition.as_string(),))
        if await there.fetchone() is None:
            return 0
        cursor = await connection.execute(
            sql.SQL(
                """
                SELECT e.id, c.id, c.object, c.sha256 FROM {} c JOIN aiwire.entry e ON e.id = c.entry_id
                WHERE e.capture_day = %s AND e.capture_id = c.id
                """
            ).format(partition),
            (day,),
        )
        waiting = await cursor.fetchall()
    for entry_id, capture_id, name, sha256 in waiting:
        to, moved_to = None, None
        if name is not None:
            to, moved_to = await _carry_object(database, entry_id, name, sha256, storage)
        async with database.transaction() as connection:
            # Held: a worker may just be settling it.
            held = await connection.execute(
                "SELECT FROM aiwire.entry WHERE id = %s AND capture_day = %s AND capture_id = %s FOR UPDATE",
                (entry_id, day, capture_id),
            )
            if await held.fetchone() is None:
                continue
            await _carry_row(connection, Key(day, capture_id), to=to, moved_to=moved_to)
    return len(waiting)


async def _carry_object(
    database: Database, entry_id: int, name: str, sha256: bytes, storage: ObjectStore | None
) -> tuple[date, str]:
    if storage is None:
        raise elsewhere(name)
    async with database.transaction() as connection:
        to = await day_for_objects(connection)
    content = await storage.read(name)
    moved_to = object_name(to, entry_id, sha256)
    if content is not None:  # what is lost already is told by who comes to read it
        await storage.write(moved_to, content)
    return to, moved_to


async def _carry_row(connection: Connection, key: Key, *, to: date | None, moved_to: str | None) -> None:
    await connection.execute(
        sql.SQL(
            """
            WITH gone AS (DELETE FROM {} WHERE id = %(id)s RETURNING *),
                 come AS (INSERT INTO aiwire.capture (day, id, entry_id, url, status, headers, body, object, size,
                                                      stored_size, sha256, captured_at)
                          SELECT coalesce(%(to)s, aiwire.open_capture_day()), id, entry_id, url, status, headers, body,
                                 coalesce(%(object)s, object), size, stored_size, sha256, captured_at
                          FROM gone RETURNING day, id, entry_id)
            UPDATE aiwire.entry e SET capture_day = come.day FROM come WHERE e.id = come.entry_id
            """
        ).format(partition_of(key.day)),
        {"id": key.id, "to": to, "object": moved_to},
    )


async def _detach(connection: Connection, day: date) -> None:
    """Take the partition out of its table without locking anybody out; ends what another process began."""
    cursor = await connection.execute(
        """
        SELECT inhdetachpending FROM pg_inherits
        WHERE inhparent = 'aiwire.capture'::regclass AND inhrelid = to_regclass(%s)
        """,
        (partition_of(day).as_string(),),
    )
    row = await cursor.fetchone()
    if row is None:
        return
    how = sql.SQL("FINALIZE" if row[0] else "CONCURRENTLY")
    await connection.execute(
        sql.SQL("ALTER TABLE aiwire.capture DETACH PARTITION {} {}").format(partition_of(day), how)
    )
