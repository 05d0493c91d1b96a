"""`python -m crawler.newsroom FOLDER`: prints one JSON line with the outlets' addresses, then serves.

It ends on SIGTERM, and when its parent does: a newsroom never outlives its demo or test.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from crawler.newsroom.server import Newsroom
from crawler.newsroom.state import State


async def _main(folder: Path) -> None:
    serving = asyncio.ensure_future(
        Newsroom(State.load(folder)).serve(lambda bases: print(json.dumps({"pid": os.getpid(), "bases": bases}), flush=True))  # noqa: T201
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    loop.add_reader(0, lambda: serving.cancel() if not os.read(0, 1) else None)  # our parent holds the other end
    try:
        await serving
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    try:
        asyncio.run(_main(Path(sys.argv[1])))
    except OSError as error:
        sys.exit(f"newsroom: {error}")
