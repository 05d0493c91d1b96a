"""One long-lived Scrapy Crawler in a process: requests go in, pages come out.

Which requests, and what their answers mean, is the affair of `crawler.spiders` and `crawler.visit`; whether a host
may be asked is decided in `crawler.politeness`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self, TypeVar

import scrapy
from scrapy import exceptions, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.reactor import install_reactor

from crawler.failures import translated
from crawler.politeness.courtesy import Courtesy
from crawler.scrapy_settings import scrapy_settings
from crawler.settings import Settings
from crawler.tools import Tools, hand_over
from pipelines.errors import Permanent, Transient
from pipelines.records import Page
from pipelines.sandbox import Sandbox

T = TypeVar("T")

_ABSENT: dict[int, str] = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.GONE: "gone"}
_TRY_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


class NotModified:
    """A 304: what we have is current."""


NOT_MODIFIED = NotModified()


class _Standby(scrapy.Spider):
    """Keeps the Crawler open; the requests come through `Engine.get`."""

    name = "standby"

    async def start(self) -> Any:
        return
        yield  # an async generator that yields nothing

    @staticmethod
    def stay() -> None:
        raise exceptions.DontCloseSpider


class Engine:
    """Requests politely and one process at a time: `async with Engine(...) as engine: page = await engine.get(request)`."""

    def __init__(self, settings: Settings, *, courtesy: Courtesy, sandbox: Sandbox) -> None:
        self._crawler = Crawler(_Standby, scrapy_settings(settings))
        hand_over(self._crawler, Tools(courtesy=courtesy, sandbox=sandbox))
        self._crawl: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        opened = asyncio.Event()
        # Scrapy's dispatcher holds receivers weakly: keep this one.
        self._opened = opened.set
        self._crawler.signals.connect(self._opened, signals.engine_started)
        self._crawler.signals.connect(_Standby.stay, signals.spider_idle)
        self._crawl = asyncio.ensure_future(self._crawler.crawl_async())
        waiter = asyncio.ensure_future(opened.wait())
        await asyncio.wait({self._crawl, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if self._crawl.done():
            waiter.cancel()
            await self._crawl
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._crawl is not None and not self._crawl.done():
            await self._crawler.stop_async()
            await self._crawl

    async def get(self, request: scrapy.Request) -> Page | NotModified:
        """The page behind the request, redirects followed, or NOT_MODIFIED.

        Raises Transient (unreachable, time-out, 5xx, 429, on hold) or Permanent (gone, refused, too large, …).
        """
        engine: Any = self._crawler.engine
        try:
            response = await engine.download_async(request)
        except Exception as error:
            raise translated(error, request.url) from error
        return _judged(response, request)


def page_of(response: Response, *, requested: str) -> Page:
    """A Scrapy response as our record."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )
    return Page(
        url=response.url,
        requested_url=requested,
        status=response.status,
        headers=headers,
        body=response.body,
        fetched_at=datetime.now(UTC),
    )


def _judged(response: Response, request: scrapy.Request) -> Page | NotModified:
    status = response.status
    if status == HTTPStatus.OK:
        return page_of(response, requested=request.url)
    if status == HTTPStatus.NOT_MODIFIED:
        return NOT_MODIFIED
    answered = f"answered HTTP {status}"
    if status in _ABSENT:
        raise Permanent(answered, subject=response.url, code=_ABSENT[status])
    if status in _TRY_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Transient(answered, subject=response.url, code=f"http_{status}")
    raise Permanent(answered, subject=response.url, code=f"http_{status}")


def run_in_reactor(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on Twisted's asyncio reactor, which Scrapy needs; once a process.

    Signals are left alone: whoever calls this decides what SIGTERM means.
    """
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor  # noqa: PLC0415 -- importing it installs one

    the_reactor: Any = reactor
    outcome: list[asyncio.Task[T]] = []

    def begin() -> None:
        task = asyncio.get_event_loop().create_task(main())
        task.add_done_callback(lambda _: the_reactor.stop())
        outcome.append(task)

    the_reactor.callWhenRunning(begin)
    the_reactor.run(installSignalHandlers=False)
    return outcome[0].result()
