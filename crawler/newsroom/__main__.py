"""`python -m crawler.newsroom --state FOLDER`: prints one JSON line with its addresses and pid, then serves.

It ends on SIGTERM and SIGINT, and when its parent does: a newsroom never outlives its demo or test.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

from crawler.newsroom.control import CONTROL
from crawler.newsroom.server import Newsroom
from crawler.newsroom.state import State

_LOOK_FOR_PARENT_EVERY = 1.0  # seconds


def main() -> None:
    """Serve; a line on stderr and status 1 where a port or the folder can't be had."""
    parser = argparse.ArgumentParser(prog="python -m crawler.newsroom", description="Outlets of our own on loopback.")
    parser.add_argument(
        "--state", type=Path, required=True, metavar="FOLDER", help="keeps its ports and what it published"
    )
    folder: Path = parser.parse_args().state
    try:
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(folder))
    except (OSError, ValueError) as error:
        sys.exit(f"newsroom: {error}")


async def _serve(folder: Path) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if stat.S_ISFIFO(os.fstat(0).st_mode):  # whoever started us holds the other end; a terminal says nothing
        loop.add_reader(0, _read_stdin, loop, end)
    orphanage = asyncio.create_task(_notice_orphanage(os.getppid(), end))
    await Newsroom(State.load(folder)).serve(_announce, end)
    orphanage.cancel()


def _read_stdin(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    if not os.read(0, 4096):
        loop.remove_reader(0)
        end.set()


async def _notice_orphanage(parent: int, end: asyncio.Event) -> None:
    """A fork of our parent may hold the pipe's other end, too. (PR_SET_PDEATHSIG would end us with its thread.)"""
    while os.getppid() == parent:  # noqa: ASYNC110 -- nothing tells us
        await asyncio.sleep(_LOOK_FOR_PARENT_EVERY)
    end.set()


def _announce(bases: dict[str, str]) -> None:
    outlets = {slug: base for slug, base in bases.items() if slug != CONTROL}
    print(json.dumps({"outlets": outlets, "control": bases[CONTROL], "pid": os.getpid()}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
