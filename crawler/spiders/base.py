"""The spider of an outlet: which requests its sources and articles need, and how to read the answers.

The daemon calls these methods one by one and commits between them (`crawler.visit`); `scrapy crawl SLUG` runs the same
methods as an ordinary Scrapy spider, without a database. A custom spider extends OutletSpider and overrides what differs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import scrapy
from scrapy.http import Response

from crawler.engine import page_of
from crawler.outlets import Outlet, Source
from crawler.politeness.middleware import GAP
from crawler.tools import tools_of
from pipelines.discovery import discover
from pipelines.errors import AiwireError
from pipelines.identity import covers
from pipelines.ingest import ingest
from pipelines.records import Context, Discovery, Entry, Ingested, Page, Policy, SourceKind
from pipelines.sandbox import Sandbox

_ACCEPT = {
    SourceKind.FEED: "application/atom+xml,application/rss+xml,application/feed+json,application/xml;q=0.9,*/*;q=0.5",
    SourceKind.NEWS_SITEMAP: "application/xml,text/xml;q=0.9,*/*;q=0.5",
    SourceKind.SITEMAP: "application/xml,text/xml;q=0.9,*/*;q=0.5",
    SourceKind.LISTING: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5",
}
NESTED_MOST = 5
"""How many sitemaps of a sitemap index are read in one poll, the newest first."""


class OutletSpider(scrapy.Spider):
    """One outlet; `outlet` is its configuration."""

    outlet: Outlet
    repeated: frozenset[bytes] = frozenset()
    """Fingerprints of the blocks that the outlet's articles are known to repeat (`pipelines.store.repetition`)."""

    def __init__(self, outlet: Outlet | None = None, **kwargs: Any) -> None:
        if outlet is not None:
            self.outlet = outlet
        super().__init__(name=self.outlet.slug, **kwargs)

    # -- what to ask -----------------------------------------------------------------------------------------------

    def poll_request(
        self, source: Source, *, etag: str | None = None, last_modified: str | None = None
    ) -> scrapy.Request:
        """One conditional GET of a source (RFC 9110 section 13)."""
        return self._request(source.url, accept=_ACCEPT[source.kind], etag=etag, last_modified=last_modified)

    def article_request(
        self, entry: Entry, *, etag: str | None = None, last_modified: str | None = None
    ) -> scrapy.Request:
        return self._request(entry.url, accept=_ACCEPT[SourceKind.LISTING], etag=etag, last_modified=last_modified)

    def _request(self, url: str, *, accept: str, etag: str | None, last_modified: str | None) -> scrapy.Request:
        headers = {"Accept": accept, "Accept-Language": f"{self.outlet.language},*;q=0.5"}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        # 304 and errors come to us, not to Scrapy's error handling; the same URL is asked again and again.
        meta = {"handle_httpstatus_all": True, GAP: self.outlet.gap}
        return scrapy.Request(url, headers=headers, meta=meta, dont_filter=True)

    # -- what the answers say --------------------------------------------------------------------------------------

    async def read_source(self, source: Source, page: Page, sandbox: Sandbox) -> Discovery:
        """What a source's bytes say; raises ParseError."""
        task = partial(
            discover,
            source.kind,
            url=page.url,
            content_type=page.header("Content-Type"),
            link_pattern=source.link_pattern,
            timezone=self.outlet.timezone,
            now=page.fetched_at,
        )
        return await sandbox.run(task, page.body, subject=page.url)

    async def read_article(self, entry: Entry, page: Page, sandbox: Sandbox) -> Ingested:
        """What an article's page says; raises ExtractError."""
        task = partial(ingest, context=self.context(entry, page.fetched_at), relevant=self.outlet.relevant)
        return await sandbox.run(task, page, subject=page.url)

    def context(self, entry: Entry, at: datetime) -> Context:
        """What is known of a page that was fetched then; of a capture that is read again, when it was captured."""
        return Context(
            outlet_name=self.outlet.name,
            language=self.outlet.language,
            timezone=self.outlet.timezone,
            hints=self.outlet.hints_at(at),
            entry=entry,
            repeated=self.repeated,
        )

    def wanted(self, host: str) -> bool:
        """Whether an entry at that host is this outlet's: links to elsewhere are recorded, never fetched."""
        return covers(host, self.outlet.hosts)

    # -- `scrapy crawl SLUG` ---------------------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for source in self.outlet.sources:
            yield self.poll_request(source).replace(callback=self.parse_source, cb_kwargs={"source": source})

    async def parse_source(self, response: Response, source: Source) -> AsyncIterator[scrapy.Request]:
        if not self._usable(response):
            return
        discovery = await self.read_source(source, page_of(response, requested=source.url), self._sandbox)
        for url in discovery.nested[:NESTED_MOST]:
            nested = source.model_copy(update={"url": url})
            yield self.poll_request(nested).replace(callback=self.parse_source, cb_kwargs={"source": nested})
        if self.outlet.policy is not Policy.SCRAPE:
            return
        for entry in discovery.entries:
            yield self.article_request(entry).replace(
                callback=self.parse_article, cb_kwargs={"entry": entry}, dont_filter=False
            )

    async def parse_article(self, response: Response, entry: Entry) -> AsyncIterator[dict[str, Any]]:
        if not self._usable(response):
            return
        page = page_of(response, requested=entry.url)
        try:
            ingested = await self.read_article(entry, page, self._sandbox)
        except AiwireError as error:
            yield {"url": entry.url, "error": {"code": error.code, "message": error.message}}
            return
        extraction = ingested.extraction
        yield {
            "url": extraction.url,
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "title": extraction.title.value if extraction.title else None,
            "authors": list(extraction.authors.value) if extraction.authors else [],
            "published": extraction.published.value.isoformat() if extraction.published else None,
            "text": extraction.text,
            "credited": [attribution.credited for attribution in ingested.attributions],
            "relevant": ingested.relevance.relevant,
        }

    def _usable(self, response: Response) -> bool:
        if response.status != HTTPStatus.OK:
            self.logger.error("%s answered HTTP %d", response.url, response.status)
        return response.status == HTTPStatus.OK

    @property
    def _sandbox(self) -> Sandbox:
        return tools_of(self.crawler).sandbox
