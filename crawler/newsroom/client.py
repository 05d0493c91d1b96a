"""Starts a newsroom and commands it: for the demo and the tests.

What its outlets show is `crawler.newsroom.server`'s affair.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from crawler.newsroom.articles import SITES, Article
from crawler.newsroom.state import State
from pipelines.errors import AiwireError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that an outlet of the newsroom saw."""

    at: str
    outlet: str
    path: str
    status: int
    conditional: bool
    agent: str


class Newsroom:
    """A newsroom in a process of its own; `folder` keeps its ports and what it published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bases: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; raises AiwireError where it does not come up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "crawler.newsroom", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            told = self._process.stderr.read() if self._process.stderr else ""
            raise AiwireError(f"the newsroom did not start: {told.strip()[-500:]}", subject=str(self.folder), code="newsroom")
        self.bases = json.loads(line)["bases"]

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- commands --------------------------------------------------------------------------------------------------

    def publish(self, key: str) -> None:
        self._do(do="publish", article=key)

    def edit(self, key: str) -> None:
        self._do(do="edit", article=key)

    def withdraw(self, key: str) -> None:
        self._do(do="withdraw", article=key)

    def rename(self, key: str, slug: str) -> None:
        self._do(do="rename", article=key, slug=slug)

    def misbehave(self, outlet: str, mode: str, *, count: int = 1_000_000) -> None:
        """From now on, for `count` requests; the modes are `crawler.newsroom.server.MODES`."""
        self._do(do="misbehave", outlet=outlet, mode=mode, count=count)

    def calm(self, outlet: str) -> None:
        self._do(do="calm", outlet=outlet)

    def add_outlet(self, slug: str, pages: list[dict[str, str]]) -> None:
        """A further outlet of given pages: `path`, `file` (an absolute path; .gz is unpacked), `title`."""
        listed = self.folder / f"pages-{slug}.json"
        listed.write_text(json.dumps(pages), encoding="utf-8")
        ports = self._do(do="add_outlet", slug=slug, pages=str(listed.absolute()))["ports"]
        self.bases[slug] = f"http://127.0.0.1:{ports[slug]}"

    def requests(self, since: int = 0) -> list[Asked]:
        """What its outlets were asked, in order, from number `since` on."""
        with urllib.request.urlopen(f"{self.bases['control']}/requests?since={since}", timeout=20) as answer:  # noqa: S310
            return [Asked(**row) for row in json.load(answer)]

    def expected(self) -> dict[str, Article]:
        """What is published now, by URL."""
        state = State.load(self.folder)
        return {self.bases[slug] + article.path: article for slug in SITES for article in state.articles(slug)}

    def _do(self, **order: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- our own loopback address
            self.bases["control"], data=json.dumps(order).encode(), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)

    # -- configuration ---------------------------------------------------------------------------------------------

    def write_outlets(self, config_dir: Path, *, every: str = "2s", looks: tuple[str, ...] = ("4s", "8s", "15s")) -> None:
        """Write config_dir/outlets/*.toml for its outlets, quick enough for a demo."""
        (config_dir / "outlets").mkdir(parents=True, exist_ok=True)
        for slug, base in self.bases.items():
            if slug == "control":
                continue
            site = SITES.get(slug)
            sources = site.sources if site else (("feed", "/feed.xml"),)
            lines = [
                f'name = "{site.name if site else slug}"',
                f'homepage = "{base}"',
                f'language = "{site.language if site else "en"}"',
                f'timezone = "{site.timezone if site else "UTC"}"',
                'policy = "scrape"',
                "local = true",
                'gap = "0s"',
                f'hosts = ["{base.removeprefix("http://")}"]',
                f"second_looks = {json.dumps(list(looks))}",
                "",
                "[poll]",
                f'every = "{every}"',
                'min = "0s"',
            ]
            for kind, path in sources:
                lines += ["", "[[source]]", f'kind = "{kind}"', f'url = "{base}{quote(path)}"']
                if kind == "listing":
                    lines.append("link_pattern = '^/altro/(tecnologia|mondo)/[a-z0-9-]+$'")
            (config_dir / "outlets" / f"{slug}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
