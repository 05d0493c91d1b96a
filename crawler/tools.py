"""What belongs to one Scrapy Crawler beside its settings: the memory of hosts, and the sandbox.

Scrapy copies its settings deeply, so live objects can't travel in them. The daemon hands its own over; under
`scrapy crawl` they are made when first asked for, and end with the spider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.crawler import Crawler

from crawler.outlets import Outlet
from crawler.politeness.courtesy import Courtesy
from crawler.settings import Settings, load_settings
from pipelines import ingest
from pipelines.sandbox import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What requests and their answers need."""

    courtesy: Courtesy
    sandbox: Sandbox


_tools: WeakKeyDictionary[Crawler, Tools] = WeakKeyDictionary()


def hand_over(crawler: Crawler, tools: Tools) -> None:
    _tools[crawler] = tools


def tools_of(crawler: Crawler) -> Tools:
    if crawler not in _tools:
        settings = load_settings()
        _ = settings.user_agent  # raises ConfigError where outlets could not reach whoever asks them
        sandbox = new_sandbox(settings)
        sandbox.start()
        outlet: Outlet | None = getattr(crawler.spidercls, "outlet", None)
        gap = settings.gap if outlet is None or outlet.gap is None else outlet.gap
        _tools[crawler] = Tools(courtesy=Courtesy(gap=timedelta(seconds=gap)), sandbox=sandbox)

        def end() -> None:
            sandbox.close()

        crawler.signals.connect(end, signals.engine_stopped, weak=False)
    return _tools[crawler]


def new_sandbox(settings: Settings) -> Sandbox:
    """The sandbox as the settings size it, with what ingest needs loaded in each process."""
    return Sandbox(
        processes=settings.sandbox_processes,
        cpu_seconds=settings.sandbox_cpu_seconds,
        memory_bytes=settings.sandbox_memory_mb << 20,
        initializer=ingest.configure,
        initargs=(str(settings.config_dir),),
        preload=("pipelines.preloaded",),
    )
