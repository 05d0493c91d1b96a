"""The embedded Postgres of a machine that has none: a real server under the data directory, on a unix socket only.

Any process may start it or attach to it; the last holder stops it. Data of an earlier major version is upgraded at start
(`crawler.upgrading`). Migrations are `pipelines.store.migrate`'s affair.
The server's binaries come with a Python package, or from any folder (Debian's work unchanged).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import psycopg
import structlog

from crawler import upgrading
from crawler.binaries import (
    initdb,
    is_postgres,
    major_of,
    pid_in,
    source_binaries,
    unprivileged_user,
    usable_binaries,
)
from pipelines.errors import StoreError, Unavailable

log = structlog.get_logger(__name__)

_NAME = "aiwire"  # of the database and its owner
_SOCKET_PATH_MOST = 100  # bytes; the kernel allows 107
_START_SECONDS = 60
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "jit": "off",  # it takes longer to compile a question of ours than to answer it
    "random_page_cost": "1.1",  # data directories are on SSDs
    "max_connections": "60",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """A Postgres in `folder`; `binaries` is the folder of initdb and postgres, by default the installed package's.

    `with EmbeddedPostgres(folder) as server: psycopg.connect(server.url)`.
    """

    def __init__(self, folder: Path, *, binaries: Path | None = None) -> None:
        self.folder = folder.absolute()
        self._binaries = binaries
        self._cluster = self.folder / "cluster"
        self._log = self.folder / "server.log"
        self._hold: IO[str] | None = None
        self._user = unprivileged_user()
        self._started: int | None = None

    @property
    def url(self) -> str:
        """A libpq URL; the server is reached by whoever may enter the socket's folder, which is its owner and root."""
        return f"postgresql://{_NAME}@/{_NAME}?host={quote(str(self._socket_folder()), safe='')}"

    def acquire(self) -> str:
        """Start the server or attach to the running one, and be one of its holders; returns the URL.

        Raises StoreError (`embedded_postgres`) where it can't be started, with the end of its log.
        """
        self._prepare_folders()
        with self._exclusive():
            if self._hold is None:
                self._hold = (self.folder / "holders.lock").open("a+")
                # A lock instead of a count: it vanishes with a holder that is killed.
                fcntl.flock(self._hold, fcntl.LOCK_SH)
            try:
                self._ensure_running()
            except BaseException:
                self._let_go()
                raise
        return self.url

    def release(self) -> None:
        """Be a holder no longer; the last one stops the server."""
        if self._hold is None:
            return
        with self._exclusive():
            hold = self._hold
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # others hold it
            else:
                self._stop()
            self._let_go()

    def ensure_alive(self) -> bool:
        """Start the server again if it was killed; returns whether it had to be."""
        if self._answers():
            return False
        with self._exclusive():
            if self._answers():
                return False
            self._ensure_running()
        return True

    def program(self, name: str) -> Path:
        """The path of a client program such as psql; it may be missing."""
        return source_binaries(self._binaries) / name

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    # -- the server ------------------------------------------------------------------------------------------------

    def _ensure_running(self) -> None:
        if self._answers():
            return
        binaries = usable_binaries(source_binaries(self._binaries), self.folder, as_root=self._user is not None)
        upgrading.recover(self._cluster)
        there, wanted = upgrading.cluster_major(self._cluster), major_of(binaries)
        if there is None:
            self._create_cluster(binaries)
        elif wanted is not None and there != wanted:
            self._upgrade(there, wanted, binaries)
        self._start(binaries)
        self._create_database()

    def _start(self, binaries: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        launched: subprocess.Popen[bytes] | None = None
        while not self._answers():
            if time.monotonic() > deadline:
                raise self._failure(f"it did not answer within {_START_SECONDS} s")
            pid = self._recorded_pid()
            if launched is not None and launched.poll() is not None:
                # Backends orphaned by a SIGKILL hold the shared memory for a moment: try again.
                if "shared memory" not in self._log_tail():
                    raise self._failure(f"it ended with status {launched.returncode}")
                launched = None
                time.sleep(0.3)
            elif launched is None and (pid is None or not is_postgres(pid, self._cluster)):
                self._remove_stale_locks()
                launched = self._launch(binaries)
            # A postmaster that is there and does not answer is recovering: one of its backends was killed.
            time.sleep(0.05)
        if launched is not None:
            self._started = launched.pid
            launched.returncode = 0  # it outlives this object, whoever stops it: not ours to wait for

    def _upgrade(self, there: int, wanted: int, binaries: Path) -> None:
        """Bring the data to the binaries' major version; the data as it was is kept beside."""
        found = upgrading.old_binaries(self._cluster, wanted)
        old = usable_binaries(found, self.folder, as_root=self._user is not None)
        upgrading.check_space(self._cluster)
        log.warning("postgres_upgrading", before=there, after=wanted, folder=str(self._cluster))
        running = (pid := self._recorded_pid()) is not None and is_postgres(pid, self._cluster)
        if running or upgrading.control(old, self._cluster, self._as_user(), "Database cluster state") != "shut down":
            self._start(old)  # after a kill its log must be replayed by its own version
            self._stop()
        kept = upgrading.upgrade(
            self._cluster,
            old=old,
            new=binaries,
            socket_folder=self._socket_folder(),
            user=_NAME,
            as_user=self._as_user(),
            initdb=lambda folder, options: self._initdb(binaries, folder, options),
        )
        log.warning("postgres_upgraded", before=there, after=wanted, kept=str(kept))

    def _launch(self, binaries: Path) -> subprocess.Popen[bytes]:
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        options += [f"--unix_socket_directories={self._socket_folder()}"]
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [binaries / "postgres", "-D", self._cluster, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A session of its own: Ctrl-C on the terminal must not end the server under our feet.
                start_new_session=True,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                **self._as_user(),
            )

    def _create_cluster(self, binaries: Path) -> None:
        """Initdb into a folder beside, then rename: a cluster is there whole or not at all."""
        fresh = self.folder / f"cluster.new.{os.getpid()}"
        for left in self.folder.glob("cluster.new.*"):
            shutil.rmtree(left, ignore_errors=True)
        self._initdb(binaries, fresh, [])
        fresh.rename(self._cluster)

    def _initdb(self, binaries: Path, fresh: Path, options: list[str]) -> None:
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        initdb(binaries, fresh, [f"--username={_NAME}", *options], as_user=self._as_user())

    def _create_database(self) -> None:
        with psycopg.connect(self._admin_url(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_NAME,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {_NAME}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._admin_url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _admin_url(self) -> str:
        return self.url.replace(f"/{_NAME}?", "/postgres?")

    def _stop(self) -> None:
        pid = self._recorded_pid()
        if pid is None or not is_postgres(pid, self._cluster):
            return
        os.kill(pid, signal.SIGINT)  # fast shutdown: open transactions are rolled back
        deadline = time.monotonic() + 30
        while is_postgres(pid, self._cluster) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._reap()

    def _reap(self) -> None:
        if self._started is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._started, os.WNOHANG)

    def _recorded_pid(self) -> int | None:
        return pid_in(self._cluster / "postmaster.pid")

    def _remove_stale_locks(self) -> None:
        """Postgres would refuse to start: after a reboot the number may be any process', after a kill a zombie's."""
        self._reap()
        for lock in (self._cluster / "postmaster.pid", self._socket_folder() / ".s.PGSQL.5432.lock"):
            pid = pid_in(lock)
            if pid is not None and not is_postgres(pid, self._cluster):
                lock.unlink(missing_ok=True)

    # -- folders, users, binaries ----------------------------------------------------------------------------------

    def _prepare_folders(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            socket_folder = self._socket_folder()
            socket_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if socket_folder.stat().st_uid not in (os.geteuid(), self._user.pw_uid if self._user else os.geteuid()):
                raise StoreError("it belongs to another user", subject=str(socket_folder), code="embedded_postgres")
            for name in ("holders.lock", "start.lock", "server.log"):
                (self.folder / name).touch(mode=0o600)
        except OSError as error:
            raise StoreError(
                f"the data directory can't be written: {error}; set AIWIRE_DATA_DIR to one that can",
                subject=str(self.folder),
                code="embedded_postgres",
            ) from error
        if self._user is not None:
            self._give(self.folder)
            self._give(socket_folder)
            self._check_reachable()

    def _socket_folder(self) -> Path:
        beside = self.folder / "socket"
        if len(os.fsencode(beside / ".s.PGSQL.5432.lock")) <= _SOCKET_PATH_MOST:
            return beside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"aiwire-{os.geteuid()}-{name}"

    def _check_reachable(self) -> None:
        for parent in self.folder.parents:
            if not parent.stat().st_mode & 0o001:
                raise StoreError(
                    f"root can't run Postgres itself, and the user {self._user.pw_name if self._user else ''} can't enter "
                    f"{parent}: set AIWIRE_DATA_DIR to a folder that it can enter, such as /var/lib/aiwire",
                    subject=str(self.folder),
                    code="embedded_postgres",
                )

    def _as_user(self) -> dict[str, Any]:  # keyword arguments of subprocess
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self._user is not None and path.stat().st_uid != self._user.pw_uid:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    # -- holders ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self.folder / "start.lock").open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _let_go(self) -> None:
        if self._hold is not None:
            self._hold.close()
            self._hold = None

    def _failure(self, words: str) -> StoreError:
        return Unavailable(
            f"the embedded Postgres: {words}. The end of its log ({self._log}):\n{self._log_tail()}",
            subject=str(self.folder),
            code="embedded_postgres",
        )

    def _log_tail(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")[-1_500:]
        except OSError as error:
            return f"(can't be read: {error})"
