"""A large export by the daemon, one of whose workers is killed in the middle of a part."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from installation import CHECKOUT, Installation

sys.path.insert(0, str(CHECKOUT / "tests" / "integration"))
from exported import lines, many


def until(true: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def workers(folder: Path) -> list[int]:
    """The process ids of worker roles whose configuration is this installation's."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            told = (each / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "worker" in told and str(folder / "config") in told and "crawler.roles" in told:
            found.append(int(each.name))
    return found


@pytest.mark.slow
def test_parts_of_a_killed_worker_are_done_by_another_and_each_once(installation: Installation) -> None:
    many(installation.database_url, 60_000, length=60)
    out = installation.folder / "out"
    done = installation.aiwire("export", "--jobs", "--outlet", "many", "-o", str(out), "--json")
    assert done.returncode == 0, done.stderr
    daemons = [
        subprocess.Popen(
            installation.command("run", *role),
            env=installation.environment(),
            cwd=CHECKOUT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for role in ((), ("--role", "worker"))
    ]
    try:
        # A part is being written as long as a job is `doing`; the worker that has it is killed.
        doing = (
            "SELECT count(*) FROM aiwire_queue.procrastinate_jobs WHERE task_name = 'export_part' AND status = 'doing'"
        )
        until(lambda: installation.one(doing) == 2)
        killed = workers(installation.folder)
        assert len(killed) == 2
        os.kill(killed[0], signal.SIGKILL)
        told = json.loads(installation.aiwire("status", "--json").stdout)["exports"]
        assert [row["parts"] for row in told] == [7], "the last is for what comes meanwhile"
        until((out / "manifest.json").exists)
    finally:
        for daemon in daemons:
            daemon.send_signal(signal.SIGTERM)
        for daemon in daemons:
            daemon.wait(timeout=60)
    manifest = json.loads((out / "manifest.json").read_text())
    ids = [line["id"] for part in manifest["parts"] for line in lines(out / part["file"])]
    assert len(ids) == len(set(ids)) == 60_000
    assert not list(out.glob(".*"))
    with psycopg.connect(installation.database_url) as connection:
        assert connection.execute("SELECT state FROM aiwire.export").fetchall() == [("done",)]
    again = installation.aiwire("export", "--jobs", "--outlet", "many", "-o", str(out))
    assert f"Go on with --since {manifest['cursor']}" in again.stdout
