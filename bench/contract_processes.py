"""Work that the benches do in several processes at once, or, for a test, in as many threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any


def gathered(answers: Any, started: Sequence[Any], count: int) -> list[Any]:
    """The answers of `count` of those started. Raises RuntimeError where one of them ended in an error: it won't answer."""
    found: list[Any] = []
    while len(found) < count:
        try:
            found.append(answers.get(timeout=2))
        except queue.Empty:
            if any(getattr(one, "exitcode", 0) for one in started):
                raise RuntimeError("a process of the bench ended in an error; it said which above") from None
    return found


class Threads:
    """What `multiprocessing` calls by these names, within one process."""

    Barrier = threading.Barrier
    Event = threading.Event
    Queue = queue.Queue
    Process = threading.Thread
