"""Starts a newsroom and commands it: for the demo and the tests.

What its outlets show is `crawler.newsroom.server`'s affair; how aiwire is told of them, `crawler.newsroom.outlet_files`'.
"""

from __future__ import annotations

import http.client
import json
import selectors
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from crawler.newsroom.articles import SITES, Article
from crawler.newsroom.outlet_files import write_outlet_files
from crawler.newsroom.request_log import Asked
from crawler.newsroom.state import State
from pipelines.errors import AiwireError

_START, _ANSWER, _STOP = 30.0, 20.0, 10.0
"""Seconds of patience with its start, an answer of its control, and its end."""
_BREATH = 0.2
"""Seconds before a dead one is started again."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""No proxy that the environment names: it would look for our loopback on its own machine."""


class NewsroomError(AiwireError):
    """The newsroom did not start, or makes no sense of a command."""

    code = "newsroom"


class Newsroom:
    """A newsroom in a process of its own; `folder` keeps its ports, what it published, its requests and its log.

    A newsroom that dies is started again, at the same addresses, until `stop`; `deaths` counts how often.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outlets: dict[str, str] = {}
        """Addresses by slug, without a slash at the end."""
        self.control = ""
        self.pid = 0
        self.deaths = 0
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start it; raises NewsroomError where it does not come up, as when a port that it keeps is taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._stopped.clear()
        self._process = self._launch()
        threading.Thread(target=self._revive, name="newsroom", daemon=True).start()

    def stop(self) -> None:
        """End it; nothing where it is not running."""
        self._stopped.set()
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- commands; they raise NewsroomError where the newsroom makes no sense of them ----------------------------------

    def publish(self, key: str) -> None:
        """Show an article that was held back or withdrawn; a key is `outlet/slug`, the slug that of its TOML."""
        self._do(do="publish", article=key)

    def edit(self, key: str) -> None:
        """Apply the correction that the article's TOML prepares."""
        self._do(do="edit", article=key)

    def withdraw(self, key: str) -> None:
        """From now on its address answers 410."""
        self._do(do="withdraw", article=key)

    def rename(self, key: str, slug: str) -> None:
        """From now on its address redirects to that of the new slug."""
        self._do(do="rename", article=key, slug=slug)

    def misbehave(self, outlet: str, mode: str, *, count: int = 1_000_000) -> None:
        """From now on, for `count` requests; the modes are `crawler.newsroom.misbehaviour.MODES`."""
        self._do(do="misbehave", outlet=outlet, mode=mode, count=count)

    def calm(self, outlet: str) -> None:
        """End its misbehaviour."""
        self._do(do="calm", outlet=outlet)

    def add_outlet(self, slug: str, pages: list[dict[str, str]], *, language: str = "en") -> None:
        """A further outlet of given pages, or new pages for one that was added; a feed at /feed.xml announces them.

        A page has `path` (with its query), `file` (.gz is unpacked; else its bytes are served unchanged) or `body`,
        and may have `title`, `published` (as RSS writes dates) and `status` (of the answer; 200 where it is not said).
        """
        served = [{**page, "file": str(Path(page["file"]).absolute())} if "file" in page else page for page in pages]
        ports = self._do(do="add_outlet", slug=slug, language=language, pages=served)["ports"]
        self.outlets[slug] = f"http://127.0.0.1:{ports[slug]}"

    # -- what it knows -------------------------------------------------------------------------------------------------

    @property
    def bases(self) -> dict[str, str]:
        """`outlets`, and the control's address as `control`."""
        return {**self.outlets, "control": self.control}

    def requests(self, since: int = 0) -> list[Asked]:
        """What its outlets were asked, in order, from number `since` on."""
        return [Asked(**row) for row in self._ask(f"/requests?since={since}")]

    def expected(self, outlet: str | None = None) -> dict[str, Article]:
        """What a well-behaved crawler finds now, by URL: at one outlet, or at all three."""
        state = State.load(self.folder)
        slugs = SITES if outlet is None else (outlet,)
        return {self.outlets[slug] + article.path: article for slug in slugs for article in state.articles(slug)}

    def write_outlets(
        self, config_dir: Path, *, every: str = "2s", looks: tuple[str, ...] = ("4s", "8s", "15s"), gap: str = "0s"
    ) -> None:
        """Write config_dir/outlets/*.toml for its outlets, quick enough for a demo."""
        languages = State.load(self.folder).languages()
        write_outlet_files(config_dir / "outlets", self.outlets, languages, every=every, looks=looks, gap=gap)

    # -- the process ---------------------------------------------------------------------------------------------------

    def _launch(self) -> subprocess.Popen[str]:
        log = self.folder / "newsroom.log"
        with log.open("a", encoding="utf-8") as errors:
            before = errors.tell()
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "crawler.newsroom", "--state", str(self.folder)],
                stdin=subprocess.PIPE,  # it ends when this does
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C is for us: we still have commands for it
            )
        assert process.stdout is not None  # noqa: S101 -- it is a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if selector.select(_START) else ""
        if not line:
            _end(process)
            told = (
                log.read_bytes()[before:].decode(errors="replace").strip()[-500:] or f"it said nothing for {_START:g} s"
            )
            raise NewsroomError(f"it did not start: {told}", subject=str(self.folder))
        told_addresses = json.loads(line)
        self.outlets, self.control, self.pid = (told_addresses[name] for name in ("outlets", "control", "pid"))
        return process

    def _revive(self) -> None:
        while (process := self._process) is not None:
            process.wait()
            if self._stopped.is_set():
                return
            self.deaths += 1
            _end(process)
            self._stopped.wait(_BREATH)
            try:
                fresh = self._launch()
            except AiwireError:  # its next command tells
                return
            self._process = fresh
            if self._stopped.is_set():  # meanwhile
                _end(fresh)

    def _do(self, **order: Any) -> Any:
        return self._ask("/", json.dumps(order).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        """Its control's answer; where it has just died, that of its successor. A command may arrive twice."""
        request = urllib.request.Request(  # noqa: S310 -- our own loopback address
            f"{self.control}{path}", data=body, headers={"Content-Type": "application/json"}
        )
        deadline = time.monotonic() + _ANSWER
        while True:
            try:
                with _DIRECT.open(request, timeout=_ANSWER) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                with error:
                    told = error.read().decode(errors="replace")
                raise NewsroomError(_reason(told), subject=path) from error
            except (OSError, http.client.HTTPException) as error:
                if self._process is None or time.monotonic() > deadline:
                    raise NewsroomError(f"its control does not answer: {error}", subject=self.control) from error
                time.sleep(0.05)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _reason(told: str) -> str:
    try:
        return str(json.loads(told)["error"])
    except (ValueError, LookupError, TypeError):
        return told
