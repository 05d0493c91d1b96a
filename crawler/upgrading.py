"""The embedded server's data brought to another major version by pg_upgrade, into a folder beside, then by rename.

    cluster.upgrading   being made; worth nothing
    cluster.upgraded    whole, and about to become `cluster`
    cluster.NN          the data as it was, kept

A kill at any moment leaves `cluster` as it was, or `cluster.upgraded` whole. Starting and stopping the server, and who may
do so, is `crawler.embedded`'s affair, where binaries are `crawler.binaries`'.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawler.binaries import binaries_of, is_postgres, pid_in
from pipelines.errors import StoreError

_SPARE = 300_000_000  # bytes: WAL and an empty cluster
_PORT = 50_432  # of the servers that pg_upgrade starts; a name of a socket, since they listen nowhere else
_PR_SET_PDEATHSIG = 1


def cluster_major(cluster: Path) -> int | None:
    """The major version that a cluster is of; None where there is no cluster."""
    try:
        return int((cluster / "PG_VERSION").read_text(encoding="ascii").split(".", 1)[0])
    except FileNotFoundError:
        return None


def recover(cluster: Path) -> None:
    """After a kill: end servers that pg_upgrade left behind, do the last rename if it is due, remove what is worth nothing."""
    making, made = _beside(cluster, "upgrading"), _beside(cluster, "upgraded")
    for folder in (cluster, making):
        lock = folder / "postmaster.pid"
        pid = pid_in(lock)
        if pid is None or not is_postgres(pid, folder) or _port_in(lock) != _PORT:
            continue
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 60
        while is_postgres(pid, folder) and time.monotonic() < deadline:
            time.sleep(0.05)
    if made.exists():
        if cluster.exists():  # it may have been written to since
            shutil.rmtree(made)
        else:
            made.rename(cluster)
    shutil.rmtree(making, ignore_errors=True)


def old_binaries(cluster: Path, wanted: int) -> Path:
    """The programs that can start a cluster, to bring it to major version `wanted`; StoreError says what to install."""
    there = cluster_major(cluster) or 0
    if there > wanted:
        raise StoreError(
            f"the data is of Postgres {there}, and the programs here are of {wanted}: install the release that brought {there}",
            subject=str(cluster),
            code="embedded_upgrade",
        )
    found = binaries_of(there)
    if found is None:
        raise StoreError(
            f"the data is of Postgres {there}; to upgrade it to {wanted}, the programs of {there} are needed, too: install them "
            f"(on Debian, apt install postgresql-{there}), or set AIWIRE_OLD_POSTGRES to the folder of its `postgres`",
            subject=str(cluster),
            code="embedded_upgrade",
        )
    return found


def check_space(cluster: Path) -> None:
    """Raises StoreError where the disk does not hold the data twice."""
    needed = (
        sum(file.stat().st_size for file in cluster.rglob("*") if file.is_file() and not file.is_symlink()) + _SPARE
    )
    free = shutil.disk_usage(cluster).free
    if free < needed:
        raise StoreError(
            f"Postgres' data is of version {cluster_major(cluster)}, and to upgrade it takes {needed / 1e9:.1f} GB of free disk space: "
            f"{free / 1e9:.1f} GB are there",
            subject=str(cluster),
            code="embedded_upgrade",
        )


def upgrade(
    cluster: Path,
    *,
    old: Path,
    new: Path,
    socket_folder: Path,
    user: str,
    as_user: dict[str, Any],
    initdb: Callable[[Path, list[str]], None],
) -> Path:
    """Upgrade a stopped cluster from the binaries in `old` to those in `new`; returns where the old data is kept.

    `initdb(folder, options)` makes an empty cluster. Raises StoreError (`embedded_upgrade`) with pg_upgrade's words; then
    the data is as it was.
    """
    major = cluster_major(cluster)
    making, made = _beside(cluster, "upgrading"), _beside(cluster, "upgraded")
    kept = _beside(cluster, str(major))
    checksums = control(old, cluster, as_user, "Data page checksum version") not in ("", "0")
    initdb(making, ["--data-checksums" if checksums else "--no-data-checksums"])
    # Copied, not linked: with links the first start of the new server would spoil the old data.
    done = subprocess.run(  # noqa: S603
        [
            new / "pg_upgrade",
            *("--old-bindir", old, "--new-bindir", new, "--old-datadir", cluster, "--new-datadir", making),
            *("--username", user, "--socketdir", socket_folder),
            *("--old-port", str(_PORT), "--new-port", str(_PORT)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        cwd=making,  # it leaves a script there
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        preexec_fn=_end_with_parent,
        **as_user,
    )
    if done.returncode != 0:
        words = done.stdout.strip()[-1_500:]
        shutil.rmtree(making, ignore_errors=True)
        raise StoreError(
            f"Postgres' data could not be upgraded from {major}, and is as it was. pg_upgrade says:\n{words}",
            subject=str(cluster),
            code="embedded_upgrade",
        )
    making.rename(made)
    if kept.exists():  # of an upgrade that was taken back by hand
        kept = _beside(cluster, f"{major}.{int(time.time())}")
    cluster.rename(kept)
    made.rename(cluster)
    return kept


def control(binaries: Path, cluster: Path, as_user: dict[str, Any], name: str) -> str:
    """A line of pg_controldata; empty where there is none."""
    told = subprocess.run(  # noqa: S603
        [binaries / "pg_controldata", cluster],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        **as_user,
    ).stdout
    return next((line.partition(":")[2].strip() for line in told.splitlines() if line.startswith(f"{name}:")), "")


def _beside(cluster: Path, what: str) -> Path:
    return cluster.with_name(f"{cluster.name}.{what}")


def _port_in(lock: Path) -> int | None:
    """The port in a postmaster.pid: its fourth line."""
    try:
        return int(lock.read_text(encoding="ascii", errors="replace").split("\n")[3])
    except (OSError, ValueError, IndexError):
        return None


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
