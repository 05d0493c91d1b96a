"""Polls: one conditional GET of each due source, and what it brought, committed together with its next due time.

What becomes of the entries is `crawler.fetching`'s affair; how sources are asked and read, `crawler.spiders`'.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from crawler import telemetry
from crawler.cadence import next_poll
from crawler.context import HostAway, VisitContext, backoff
from crawler.engine import NotModified
from crawler.failures import HOST_AWAY
from crawler.outlets import Outlet, Source
from crawler.spiders.base import OutletSpider
from crawler.spiders.sources import claims_of, explain_empty, read_nested
from pipelines.errors import AiwireError, Permanent, SandboxBroken, Transient, Unavailable
from pipelines.records import Page
from pipelines.store import sources
from pipelines.store.claims import write_claims
from pipelines.store.sources import SourceState

log = structlog.get_logger(__name__)

_SAID = {"unreachable": "source_unreachable", "refused": "source_refused", "broken": "source_broken"}


async def poll_all(context: VisitContext, due: list[SourceState]) -> None:
    """Poll the host's due sources one after another. Raises HostAway, Unavailable."""
    for n, state in enumerate(due):
        if context.over():
            return
        try:
            await _poll(context, state, context.spider(state.outlet, state.definition))
        except HostAway as away:
            # What was found out of the host is true of its other sources, too: say it of each outlet.
            for other in due[n + 1 :]:
                await _poll_failed(context, other, context.spider(other.outlet, other.definition).outlet, away.error)
            raise


async def _poll(context: VisitContext, state: SourceState, spider: OutletSpider) -> None:
    context.counts.polls += 1
    outlet = spider.outlet
    source = _source(outlet, state.url)
    if source is None:  # the TOML changed since; the next sync takes the source away
        return
    request = spider.poll_request(source, etag=state.etag, last_modified=state.last_modified)
    try:
        answer = await context.station.engine.get(request)
        if isinstance(answer, NotModified):
            await _poll_unchanged(context, state, outlet, source)
        else:
            await _poll_answered(context, state, spider, source, answer)
    except (Unavailable, SandboxBroken):
        raise
    except AiwireError as error:
        await _poll_failed(context, state, outlet, error)
        if isinstance(error, Transient) and error.code in HOST_AWAY:
            raise HostAway(error) from error


async def _poll_unchanged(context: VisitContext, state: SourceState, outlet: Outlet, source: Source) -> None:
    now = context.clock()
    async with context.station.database.transaction() as connection:
        kept = "empty" if state.state == "empty" else "ok"
        await sources.polled(connection, state.id, now=now, next_poll_at=_next(state, outlet, source, now), state=kept)
        await context.answered(connection)
    _recovered(state, kept)


async def _poll_answered(
    context: VisitContext, state: SourceState, spider: OutletSpider, source: Source, page: Page
) -> None:
    discovery = await spider.read_source(source, page, context.station.sandbox)
    discovery = await read_nested(context.station.engine, spider, source, discovery, context.station.sandbox)
    claims = claims_of(discovery, spider)
    now = context.clock()
    empty = explain_empty(discovery) if not claims else None
    # Validators, entries and the next due time commit together: validators saved first would lose articles.
    async with context.station.database.transaction() as connection:
        claimed = await write_claims(connection, source_id=state.id, outlet=state.outlet, claims=claims, now=now)
        await sources.polled(
            connection,
            state.id,
            now=now,
            next_poll_at=_next(state, spider.outlet, source, now),
            state="empty" if empty else "ok",
            entries_seen=len(claims),
            found=bool(claimed.new),
            validators=(page.header("ETag"), page.header("Last-Modified")),
            message=empty,
        )
        await context.answered(connection)
    if claimed.new or claimed.changed:
        log.info(
            "source_polled",
            outlet=state.outlet,
            source=state.url,
            new=claimed.new,
            changed=claimed.changed,
            skipped=dict(discovery.skipped),
        )
    if empty and state.state != "empty":
        log.warning("source_empty", outlet=state.outlet, source=state.url, reason=empty)
    _recovered(state, "empty" if empty else "ok")


async def _poll_failed(context: VisitContext, state: SourceState, outlet: Outlet, error: AiwireError) -> None:
    context.counts.failed += 1
    now = context.clock()
    source = _source(outlet, state.url)
    if source is None:
        return
    if isinstance(error, Transient):
        kind = "unreachable"
    elif isinstance(error, Permanent) and error.code in ("robots_refused", "never_scraped"):
        kind = "refused"
    else:
        kind = "broken"
    next_poll_at = _next(state, outlet, source, now, failures=state.failures + 1)
    if isinstance(error, Transient):  # a network that comes back is noticed soon, whatever the interval
        next_poll_at = min(next_poll_at, now + backoff(state.failures))
    async with context.station.database.transaction() as connection:
        await sources.poll_failed(
            connection,
            state.id,
            now=now,
            next_poll_at=next_poll_at,
            state=kind,
            code=error.code,
            message=error.message,
        )
    if (state.state, state.error_code) != (kind, error.code):  # said once, not at every try
        log.warning(_SAID[kind], outlet=state.outlet, source=state.url, code=error.code, reason=error.message)
        if not isinstance(error, Transient):
            telemetry.capture(error, outlet=state.outlet, source=state.url, stage="poll")


def _recovered(state: SourceState, now: str) -> None:
    if state.failures:
        log.info("source_recovered", outlet=state.outlet, source=state.url, state=now, after=state.failures)


def _next(state: SourceState, outlet: Outlet, source: Source, now: datetime, *, failures: int = 0) -> datetime:
    return next_poll(source, outlet, last=state.next_poll_at, now=now, failures=failures, key=state.url)


def _source(outlet: Outlet, url: str) -> Source | None:
    return next((source for source in outlet.sources if source.url == url), None)
