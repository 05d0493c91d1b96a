"""The sandbox: what a page can do to the process that works on it, and what of that anyone else notices."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.errors import ConfigError, ExtractError, ParseError, SandboxBroken, SandboxError
from pipelines.sandbox import Sandbox
from tests.integration import hostile

CHECKOUT = Path(__file__).resolve().parents[2]
DEADLINE = 20  # seconds until a test gives up waiting for something that should come at once


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Two processes under small limits."""
    with Sandbox(processes=2, cpu_seconds=0.5, wall_seconds=15, memory_bytes=512 << 20) as sandbox:
        yield sandbox


def until(true: Callable[[], bool], *, what: str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what}"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class TestWhatAPageMayDo:
    """Whatever a page does to its process ends as that page's error, with its URL and the way it ended."""

    @pytest.mark.parametrize(
        ("function", "code", "words"),
        [
            (hostile.segfault, "sandbox_killed", "SIGSEGV"),
            (hostile.kill_itself, "sandbox_killed", "SIGKILL"),
            (hostile.leave, "sandbox_killed", "exited with status 3"),
            (hostile.babble, "sandbox_killed", "makes no sense"),
            (hostile.loop, "sandbox_cpu", "more than 0.5 s of CPU"),
            (hostile.hoard, "sandbox_memory", "memory"),
        ],
    )
    def test_its_process_ends_and_the_error_says_how(
        self, sandbox: Sandbox, function: Callable[[], object], code: str, words: str
    ) -> None:
        with pytest.raises(SandboxError, match=words) as caught:
            sandbox.call(function, subject="https://example.org/evil")
        assert (caught.value.code, caught.value.subject) == (code, "https://example.org/evil")
        assert sandbox.call(hostile.double, 21) == 42

    def test_one_that_waits_for_ever_is_cut_off(self) -> None:
        with Sandbox(processes=1, wall_seconds=0.3) as sandbox:
            with pytest.raises(SandboxError, match=r"longer than 0\.3 s") as caught:
                sandbox.call(time.sleep, 600)
            assert caught.value.code == "sandbox_timeout"
            assert sandbox.call(hostile.double, 1) == 2
            assert sandbox.stats.ended == {"sandbox_timeout": 1}

    def test_one_that_stops_before_it_has_read_its_call_is_cut_off(self) -> None:
        with Sandbox(processes=1, wall_seconds=0.3) as sandbox:
            os.kill(sandbox.call(os.getpid), signal.SIGSTOP)
            with pytest.raises(SandboxError) as caught:
                sandbox.call(len, b"x" * (8 << 20))  # more than a pipe holds
            assert caught.value.code == "sandbox_timeout"

    def test_an_answer_that_is_too_large_is_refused(self, sandbox: Sandbox) -> None:
        with pytest.raises(ExtractError, match="64 MiB is the most") as caught:
            sandbox.call(bytes, 65 << 20)
        assert caught.value.code == "answer_too_large"

    def test_an_answer_that_cannot_be_pickled_is_an_error(self, sandbox: Sandbox) -> None:
        with pytest.raises(ExtractError, match="can't be pickled") as caught:
            sandbox.call(hostile.unpicklable)
        assert caught.value.code == "stage_failed"

    def test_it_writes_no_file(self, sandbox: Sandbox, tmp_path: Path) -> None:
        with pytest.raises(ExtractError, match="File too large"):
            sandbox.call(Path.write_bytes, tmp_path / "loot", b"x")


class TestErrors:
    def test_our_own_errors_arrive_as_they_were_raised(self, sandbox: Sandbox) -> None:
        with pytest.raises(ParseError) as caught:
            sandbox.call(hostile.refuse, subject="https://example.org/feed")
        error = caught.value
        assert (error.message, error.code, error.subject) == ("no feed", "not_a_feed", "https://example.org/feed")

    def test_an_error_that_names_its_subject_keeps_it(self, sandbox: Sandbox) -> None:
        with pytest.raises(ParseError) as caught:
            sandbox.call(hostile.refuse, "line 7", subject="https://example.org/feed")
        assert caught.value.subject == "line 7"

    @pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, RecursionError])
    def test_any_other_exception_says_its_type_and_place(self, sandbox: Sandbox, kind: type[BaseException]) -> None:
        with pytest.raises(ExtractError, match=rf"{kind.__name__}: a bug \(hostile\.py:\d+") as caught:
            sandbox.call(hostile.fail, kind)
        assert caught.value.code == "stage_failed"


class TestBlame:
    def test_siblings_land_while_one_page_kills_its_processes(self) -> None:
        calls = [hostile.segfault if n % 10 == 3 else hostile.double for n in range(40)]
        with Sandbox(processes=2) as sandbox:
            futures = [
                sandbox.submit(function, *(() if function is hostile.segfault else (n,)))
                for n, function in enumerate(calls)
            ]
            failed = {n for n, future in enumerate(futures) if future.exception() is not None}
        assert failed == {3, 13, 23, 33}
        assert [f.result() for n, f in enumerate(futures) if n not in failed] == [
            2 * n for n in range(40) if n % 10 != 3
        ]

    def test_a_page_whose_process_was_killed_by_someone_else_lands(self, sandbox: Sandbox, tmp_path: Path) -> None:
        assert sandbox.call(hostile.killed_once, tmp_path / "been here") == "landed"

    def test_a_process_that_died_between_two_calls_is_nobodys_fault(self) -> None:
        with Sandbox(processes=1) as sandbox:
            pid = sandbox.call(os.getpid)
            os.kill(pid, signal.SIGKILL)
            until(lambda: not is_alive(pid), what="its death")
            assert sandbox.call(hostile.double, 2) == 4
            assert sandbox.stats.ended == {}

    def test_work_goes_on_when_the_fork_server_is_killed(self) -> None:
        with Sandbox(processes=1) as sandbox:
            pid, server = sandbox.call(os.getpid), sandbox.call(os.getppid)
            os.kill(server, signal.SIGKILL)
            until(lambda: not is_alive(pid), what="its children's death")
            assert sandbox.call(os.getppid) != server


class TestRecycling:
    def test_a_process_is_replaced_after_its_calls(self) -> None:
        with Sandbox(processes=1, recycle_after=3) as sandbox:
            pids = [sandbox.call(os.getpid) for _ in range(7)]
            assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
            assert sandbox.stats.recycled == 2

    def test_a_process_that_grew_is_replaced(self) -> None:
        with Sandbox(processes=1, memory_bytes=512 << 20) as sandbox:
            pid = sandbox.call(os.getpid)
            assert sandbox.call(hostile.leak, 300 << 20) == pid
            assert sandbox.call(os.getpid) != pid
            assert sandbox.stats.recycled == 1

    def test_limits_on_cpu_are_a_calls_not_a_process_life(self) -> None:
        with Sandbox(processes=1, cpu_seconds=0.5) as sandbox:
            pids = {sandbox.call(hostile.burn, 0.15) for _ in range(12)}
            assert len(pids) == 1
            assert sandbox.stats.cpu_seconds > 1.5


class TestStart:
    def test_processes_are_warm_before_the_first_call(self) -> None:
        with Sandbox(processes=2, initializer=hostile.prepare, initargs=("hello",)) as sandbox:
            assert sandbox.call(hostile.prepared) == "hello"

    def test_an_initializer_that_fails_is_told_at_start(self) -> None:
        with pytest.raises(SandboxBroken, match=r"do not start: ValueError: a bug") as caught:
            Sandbox(processes=2, initializer=hostile.fail, initargs=(ValueError,)).start()
        assert caught.value.code == "sandbox_broken"

    def test_processes_that_die_at_start_are_not_respawned_for_ever(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxBroken, match="SIGSEGV"):
            Sandbox(processes=1, initializer=hostile.counted_segfault, initargs=(tmp_path,)).start()
        assert len(list(tmp_path.iterdir())) == 3

    def test_a_broken_sandbox_does_not_hold_its_callers(self) -> None:
        sandbox = Sandbox(processes=1, initializer=hostile.segfault)
        for _ in range(3):  # more calls than places
            with pytest.raises(SandboxBroken):
                sandbox.call(hostile.double, 1)
        sandbox.close()

    def test_a_mistake_in_the_configuration_is_told_as_one(self) -> None:
        with pytest.raises(ConfigError, match=r"topics/ai\.toml: not TOML"):
            Sandbox(processes=1, initializer=hostile.misconfigured).start()


class TestClose:
    def test_calls_under_way_and_waiting_are_cut_off_and_blamed_on_no_page(self) -> None:
        sandbox = Sandbox(processes=1)
        sandbox.start()
        pid = sandbox.call(os.getpid)
        futures = [sandbox.submit(time.sleep, 600) for _ in range(3)]
        until(futures[0].running, what="the first call's start")
        sandbox.close()
        assert [future.exception().code for future in futures] == ["sandbox_closed"] * 3
        assert not any(isinstance(future.exception(), ExtractError) for future in futures)
        until(lambda: not is_alive(pid), what="its death")

    def test_a_closed_sandbox_says_so(self) -> None:
        sandbox = Sandbox(processes=1)
        sandbox.close()
        for use in (sandbox.call, sandbox.submit):
            with pytest.raises(SandboxBroken, match="closed"):
                use(hostile.double, 1)


class TestConfinement:
    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_no_secret_is_in_its_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not even in /proc, which shows what a process was started with for as long as it lives."""
        script = (
            "from pathlib import Path\n"
            "from pipelines.sandbox import Sandbox\n"
            "with Sandbox(processes=1) as sandbox:\n"
            "    import os, sys\n"
            "    pids = ['self', sandbox.call(os.getpid), sandbox.call(os.getppid)]\n"
            "    sys.stdout.buffer.write(b'|'.join(Path(f'/proc/{pid}/environ').read_bytes() for pid in pids))\n"
            "    os.kill(pids[2], 9)\n"
            "    while os.path.exists(f'/proc/{pids[1]}'): pass\n"
            "    pids = [sandbox.call(os.getpid), sandbox.call(os.getppid)]\n"
            "    sys.stdout.buffer.write(b'|' + b'|'.join(Path(f'/proc/{pid}/environ').read_bytes() for pid in pids))\n"
            "    assert os.environ['DATABASE_URL'] == 'postgresql://canary'\n"
        )
        monkeypatch.setenv("DATABASE_URL", "postgresql://canary")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, cwd=CHECKOUT, check=True)
        ours, *theirs = done.stdout.split(b"|")
        assert ours.count(b"canary") == 2
        assert len(theirs) == 4
        assert not any(b"canary" in environment for environment in theirs)

    def test_its_environment_is_empty_to_whoever_asks(self, sandbox: Sandbox) -> None:
        assert sandbox.call(hostile.environment) == {}

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_it_holds_nothing_open_but_its_pipe(self, sandbox: Sandbox) -> None:
        """Three standard streams, the pipe, the sentinel, and the folder that the listing reads."""
        assert len(sandbox.call(os.listdir, "/proc/self/fd")) == 6

    def test_limits_hold(self, sandbox: Sandbox) -> None:
        wanted = {"AS": 512 << 20, "CORE": 0, "FSIZE": 0, "NOFILE": 64}
        for name, most in wanted.items():
            assert sandbox.call(resource.getrlimit, getattr(resource, f"RLIMIT_{name}")) == (most, most), name

    def test_ctrl_c_is_left_to_the_parent(self, sandbox: Sandbox) -> None:
        assert sandbox.call(hostile.interrupt_itself) == "still there"

    def test_the_main_module_of_the_program_is_not_run_again(self, tmp_path: Path) -> None:
        program = tmp_path / "program.py"
        program.write_text(
            "print('main runs')\n"
            "import os\n"
            "from pipelines.sandbox import Sandbox\n"
            "with Sandbox(processes=2) as sandbox:\n"
            "    print(sandbox.call(os.getcwd) == os.getcwd())\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        done = subprocess.run(
            [sys.executable, program], capture_output=True, text=True, timeout=60, env=environment, check=True
        )
        assert done.stdout == "main runs\nTrue\n"

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    @pytest.mark.parametrize("task", ["time.sleep, 600", "re.match, '(a+)+b', 'a' * 60"])
    def test_processes_end_with_their_parent_whatever_they_are_at(self, task: str) -> None:
        """One in a system call, one in a regular expression that never lets Python's own code run."""
        script = (
            "import os, re, time\n"
            "from pipelines.sandbox import Sandbox\n"
            "sandbox = Sandbox(processes=2, cpu_seconds=600, wall_seconds=600)\n"
            "sandbox.start()\n"
            "pids = {sandbox.call(os.getpid) for _ in range(2)}\n"
            "server = sandbox.call(os.getppid)\n"
            f"sandbox.submit({task})\n"
            "print(*pids, server, flush=True)\n"
            "time.sleep(600)\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 3
        assert all(is_alive(pid) for pid in pids)
        parent.kill()
        parent.communicate()
        until(lambda: not any(is_alive(pid) for pid in pids), what="the end of all processes")


class TestAsync:
    async def test_calls_run_beside_each_other_and_the_loop_goes_on(self, sandbox: Sandbox, tmp_path: Path) -> None:
        """Two calls that wait for each other both come back only where they run at the same time."""
        rendezvous = [
            sandbox.run(hostile.meet, tmp_path / mine, tmp_path / other) for mine, other in (("a", "b"), ("b", "a"))
        ]
        assert await asyncio.gather(*rendezvous) == ["met", "met"]

    async def test_no_more_calls_run_than_there_are_processes(self, sandbox: Sandbox) -> None:
        pids = await asyncio.gather(*(sandbox.run(os.getpid) for _ in range(30)))
        assert 1 <= len(set(pids)) <= 2

    def test_threads_of_the_caller_may_use_it(self, sandbox: Sandbox) -> None:
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(lambda n: sandbox.call(hostile.double, n), range(64))) == [2 * n for n in range(64)]
