"""What the newsroom's outlets were asked: a line of JSON a request, appended to a file that survives restarts.

It is the witness of what a crawler did, and is written before the answer goes out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "requests.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that an outlet of the newsroom saw; `path` includes the query."""

    at: str
    outlet: str
    method: str
    path: str
    status: int
    """0 where it was not answered."""
    bytes: int
    """Of the body as sent."""
    if_none_match: str | None
    if_modified_since: str | None
    agent: str

    @property
    def conditional(self) -> bool:
        return bool(self.if_none_match or self.if_modified_since)


class RequestLog:
    """The file in a newsroom's folder; requests are numbered from 0, from the folder's first day on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        # Unbuffered: each line is one write, which a killed process has done or not done.
        self._file = self._path.open("ab", buffering=0)

    def note(self, asked: Asked) -> None:
        self._file.write(json.dumps(asdict(asked)).encode() + b"\n")

    def since(self, number: int) -> list[dict[str, object]]:
        lines = self._path.read_bytes().splitlines()
        return [json.loads(line) for line in lines[max(0, number) :]]

    def close(self) -> None:
        self._file.close()
