"""The Scrapy middleware through which every request goes: policy, robots.txt, holds and the gap, hop by hop.

What a host allows is known by `crawler.politeness.courtesy`; robots.txt is parsed in the sandbox.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.failures import HOST_AWAY, translated
from crawler.politeness.courtesy import NEVER_SCRAPED, ROBOTS_FRESH, ROBOTS_RETRY, Courtesy
from crawler.tools import tools_of
from pipelines.discovery.robots import ALLOW_ALL, DENY_ALL, RobotsRules, parse_robots
from pipelines.errors import AiwireError, Permanent, SandboxBroken, SandboxError, Transient
from pipelines.identity import covers, host_of
from pipelines.sandbox import Sandbox

AGENT = "aiwire"
"""Our product token (RFC 9309 section 2.2.1)."""
GAP = "aiwire_gap"
"""Key of a request's meta: seconds between requests to the host, where its outlet says other than the settings."""
_ROBOTS = "aiwire_robots"  # marks the request for robots.txt itself


class Refused(Permanent, IgnoreRequest):
    """Our policy or the host's robots.txt forbids the request (an IgnoreRequest, so that Scrapy stays calm)."""

    code = "refused"


class OnHold(Transient, IgnoreRequest):
    """The host asked for silence; the request was not made."""

    code = "on_hold"


class CourtesyMiddleware:
    """Lets a request through when its host may be asked, and remembers what the host answered."""

    def __init__(self, crawler: Crawler, courtesy: Courtesy, sandbox: Sandbox) -> None:
        self._crawler = crawler
        self._courtesy = courtesy
        self._sandbox = sandbox
        self._asking: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        tools = tools_of(crawler)
        return cls(crawler, tools.courtesy, tools.sandbox)

    async def process_request(self, request: Request) -> None:
        """Wait for the host's turn; raises Refused or OnHold where it may not be asked."""
        host = host_of(request.url)
        if covers(urlsplit(request.url).hostname or "", NEVER_SCRAPED):
            raise Refused("aiwire never scrapes this publisher", subject=request.url, code="never_scraped")
        if until := self._courtesy.held(host):
            raise OnHold(f"the host asked for silence until {until:%Y-%m-%d %H:%M} UTC", subject=request.url)
        if not request.meta.get(_ROBOTS):
            rules = await self._rules(host, request)
            if not rules.allows(request.url):
                status = self._courtesy.host(host).rules_status
                if rules == DENY_ALL and status != "200":
                    raise Transient(
                        f"robots.txt answered {status}, which forbids everything until it answers (RFC 9309)",
                        subject=request.url,
                        code="robots_unavailable",
                    )
                raise Refused("robots.txt forbids it", subject=request.url, code="robots_refused")
        memory = self._courtesy.host(host)
        if (gap := request.meta.get(GAP)) is not None:
            memory.gap = timedelta(seconds=gap)
        async with memory.turn:
            await asyncio.sleep(self._courtesy.wait(host))
            self._courtesy.asked(host)

    def process_response(self, request: Request, response: Response) -> Response:
        host = host_of(request.url)
        self._courtesy.asked(host)
        if response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            retry_after = response.headers.get("Retry-After")
            self._courtesy.told_to_wait(
                host, status=response.status, retry_after=retry_after.decode("latin-1") if retry_after else None
            )
        return response

    async def _rules(self, host: str, request: Request) -> RobotsRules:
        # Only one question per host at a time: its robots.txt is asked for once.
        async with self._asking.setdefault(host, asyncio.Lock()):
            rules = self._courtesy.rules(host)
            if rules is not None:
                return rules
            parts = urlsplit(request.url)
            url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/robots.txt"
            meta: dict[str, Any] = {_ROBOTS: True, GAP: request.meta.get(GAP)}
            engine: Any = self._crawler.engine
            # Unreachable means no (RFC 9309 section 2.3.1.4): the error goes up, and nothing is asked of the host.
            try:
                response = await engine.download_async(Request(url, meta=meta, dont_filter=True))
            except Exception as error:
                failure = translated(error, url)
                if failure.code in HOST_AWAY:
                    raise failure from error
                raise Transient(
                    f"robots.txt can't be read: {failure.message}", subject=url, code="robots_unavailable"
                ) from error
            status = str(response.status)
            if response.status == HTTPStatus.OK:
                rules = await self._parse(response)
            elif response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                rules = DENY_ALL
            else:
                rules = ALLOW_ALL
            self._courtesy.learn(
                host,
                rules,
                status=status,
                fresh_for=ROBOTS_RETRY if rules == DENY_ALL and status != "200" else ROBOTS_FRESH,
            )
            return rules

    async def _parse(self, response: Response) -> RobotsRules:
        try:
            return await self._sandbox.run(partial(parse_robots, agent=AGENT), response.body, subject=response.url)
        except (SandboxError, SandboxBroken):
            raise
        except AiwireError:
            # RFC 9309 section 2.3.1.1 asks to use what can be parsed; what cannot be parsed at all allows.
            return ALLOW_ALL
