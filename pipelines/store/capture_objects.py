"""Raw pages as objects beside Postgres: their names, what an object storage must be able to do, how objects go.

Rows, and who reads them, are `pipelines.store.captures`' affair; the storage itself is `crawler.object_storage`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import zstandard

from pipelines.errors import StoreError, Unavailable
from pipelines.records import Page
from pipelines.store.database import Connection

AWAY = "captures_unavailable"
"""The code of Unavailable where it is the object storage that is away."""
_LEVEL = 6  # the knee for HTML: a fifth of the bytes at about 100 MB/s
_BATCH = 1_000  # objects deleted at a time: the most that S3 takes
SHARDS = 256
"""Folders of a day's objects: a million pages a day make listings of some four thousand names."""


class ObjectStore(Protocol):
    """Where pages are kept beside Postgres; names are relative to its address. Every method raises Unavailable."""

    async def write(self, name: str, content: bytes) -> None:
        """When it returns, the object is there whole; what was there under the name is replaced."""

    async def read(self, name: str) -> bytes | None:
        """None where there is no such object."""

    async def names(self, folder: str) -> list[str]:
        """The objects and folders directly in a folder, asked anew; none where there is no such folder."""

    async def delete(self, names: Sequence[str]) -> None:
        """Take objects away; those that are not there are no error. Whether it worked, `names` tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An object that is there, and awaits its row."""

    day: date
    name: str
    stored_size: int


async def day_for_objects(connection: Connection) -> date:
    """The day under which an object is to be written now; from then on the day counts as one that has objects."""
    cursor = await connection.execute(
        """
        WITH today AS (SELECT aiwire.open_capture_day() AS day),
             marked AS (UPDATE aiwire.capture_day d SET objects = true FROM today WHERE d.day = today.day AND NOT d.objects)
        SELECT day FROM today WHERE day IS NOT NULL
        """
    )
    row = await cursor.fetchone()
    if row is None:
        raise StoreError("there is no partition for captures: aiwire db migrate makes them", code="no_capture_day")
    day: date = row[0]
    return day


async def write_object(storage: ObjectStore, day: date, entry_id: int, page: Page) -> Written:
    """Keep the page's bytes as an object, for `save`; raises Unavailable.

    Its row comes after it: a row always has its bytes, and an object whose row never came goes with its day.
    """
    packed = pack(page.body)
    name = object_name(day, entry_id, hashlib.sha256(page.body).digest())
    await storage.write(name, packed)
    return Written(day=day, name=name, stored_size=len(packed))


async def clear(storage: ObjectStore, folder: str, *, starts: tuple[str, ...] = ("",)) -> int:
    """Take away a folder's objects whose names start so, and see that they are gone; raises Unavailable if not."""
    gone = 0
    names = [name for name in await storage.names(folder) if name.startswith(starts)]
    while names:
        for first in range(0, len(names), _BATCH):
            await storage.delete(names[first : first + _BATCH])
        left = [name for name in await storage.names(folder) if name.startswith(starts)]
        if not set(left).isdisjoint(names):  # S3 tells per object what it refused, and libraries pass over it
            raise Unavailable(f"{len(left)} objects could not be deleted from {folder}", code=AWAY)
        gone += len(names)
        names = left
    return gone


def object_name(day: date, entry_id: int, sha256: bytes) -> str:
    """Where an entry's page is kept: its entry tells the folder, so that all that is an entry's can be found."""
    return f"{folder_of(day, entry_id)}/{entry_id}-{sha256.hex()}.zst"


def elsewhere(subject: str) -> StoreError:
    return StoreError(
        "its bytes are on object storage, and setting captures does not say where",
        subject=subject,
        code="captures_elsewhere",
    )


def folder_of(day: date, entry_id: int) -> str:
    """The folder of all that is kept of an entry on a day."""
    return f"{day.isoformat()}/{entry_id % SHARDS:02x}"


def pack(body: bytes) -> bytes:
    """As pages are kept, in Postgres and as objects."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(body)
