"""Entries, one by one: fetch, capture, process, store; the one boundary at which their errors become dispositions.

How a page is read is `crawler.spiders`' affair, what is written of it `pipelines.store`'s.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from crawler import settling, telemetry
from crawler.context import HostAway, VisitContext
from crawler.engine import NotModified
from crawler.failures import HOST_AWAY
from crawler.re_extraction import read_before, reading_of
from crawler.spiders.base import OutletSpider
from pipelines.drift import Figures, figures_of
from pipelines.errors import (
    ExtractError,
    FetchError,
    ParseError,
    SandboxBroken,
    SandboxError,
    StoreError,
    Transient,
    Unavailable,
)
from pipelines.records import Ingested, Page
from pipelines.store import captures, drift, entries
from pipelines.store.arrivals import Arrival, Doubt, Forgotten, Stored
from pipelines.store.capture_objects import Written, day_for_objects, write_object
from pipelines.store.entries import Disposition, Settlement, Work
from pipelines.store.revisions import Reading

log = structlog.get_logger(__name__)

_BATCH = 20  # entries read from Postgres at a time
_RETRY = (60, 300, 1_800, 7_200, 43_200, 86_400)
"""Seconds until a page that failed is tried again, by attempt; then it is given up."""
_DOUBTS = 3  # times that a page is read again because another revision of its article came meanwhile
_QUARANTINE_AFTER = 3  # times a page's bytes may end the worker that works on them


async def work_off(context: VisitContext) -> None:
    """Do what is due on the host's entries until nothing is. Raises HostAway, Unavailable."""
    done = 0
    while not context.over() and (context.most is None or done < context.most):
        most = _BATCH if context.most is None else min(_BATCH, context.most - done)
        async with context.station.database.transaction() as connection:
            batch = await entries.due(connection, context.host, context.clock(), most=most)
        if not batch:
            return
        for work in batch:
            if context.over():
                return
            await _entry(context, work, context.spider(work.outlet, work.definition))
            done += 1


async def _entry(context: VisitContext, work: Work, spider: OutletSpider) -> None:
    """One entry, one step: whatever goes wrong with it stays with it."""
    try:
        if work.state == "captured":
            await _replay(context, work, spider)
        else:
            await _fetch(context, work, spider)
    except (Unavailable, HostAway, SandboxBroken):
        raise  # not the entry's trouble: it stays due
    except StoreError as error:
        # Postgres refuses this one: were it to stay due, it would stop all that come after it.
        telemetry.capture(error, outlet=work.outlet, source=work.url, stage="store")
        log.error("store_refused", outlet=work.outlet, url=work.url, code=error.code, reason=error.message)
        await _retry(context, work, error.code, error.message)
    except ParseError as error:  # it was led to an address that can't be an article's: too long for an index
        await _settle(context, work, Disposition.FAILED, error.code, error.message)
    except Exception as error:
        telemetry.capture(error, outlet=work.outlet, source=work.url, stage="visit")
        log.exception("entry_failed_unexpectedly", outlet=work.outlet, url=work.url)
        await _retry(context, work, "unexpected", f"{type(error).__name__}: {error}")


async def _fetch(context: VisitContext, work: Work, spider: OutletSpider) -> None:
    request = spider.article_request(work.entry, etag=work.etag, last_modified=work.last_modified)
    try:
        answer = await context.station.engine.get(request)
    except Transient as error:
        if error.code not in HOST_AWAY or error.code.startswith("http_"):
            # A page that always answers 503 must come to an end, too: it counts as an attempt.
            await _retry(context, work, error.code, error.message)
        if error.code in HOST_AWAY:
            raise HostAway(error) from error
        return
    except FetchError as error:
        await _refused(context, work, spider, error)
        return
    context.counts.fetched += 1
    if isinstance(answer, NotModified):
        context.counts.unchanged += 1
        async with context.station.database.transaction() as connection:
            await entries.look_later(connection, work.id, look_again_at=_next_look(context, work, spider))
            await context.answered(connection)
        return
    written = await _write_object(context, work, answer)
    async with context.station.database.transaction() as connection:
        kept = await captures.save(connection, work.id, answer, written=written)
        await context.answered(connection)
    if kept is None:
        if written is not None and context.station.storage is not None:
            await context.station.storage.delete([written.name])
        log.info("entry_settled", outlet=work.outlet, url=work.url, disposition="refused", reason="forgotten")
        return
    await _process(context, work, spider, answer)


async def _write_object(context: VisitContext, work: Work, page: Page) -> Written | None:
    """Keep the page's bytes where object storage is set; before their row, and outside its transaction."""
    storage = context.station.storage
    if storage is None:
        return None
    async with context.station.database.transaction() as connection:
        day = await day_for_objects(connection)
    return await write_object(storage, day, work.id, page)


async def _replay(context: VisitContext, work: Work, spider: OutletSpider) -> None:
    """Bytes that were captured and not processed: the worker died, or Postgres went away."""
    async with context.station.database.transaction() as connection:
        capture = await captures.waiting(connection, work.id)
    page = await captures.read(capture, context.station.storage) if capture else None
    async with context.station.database.transaction() as connection:
        await entries.started(connection, work.id)
    if page is None:
        await _settle(context, work, Disposition.FAILED, "capture_lost", "its raw page is no longer kept")
    elif work.attempts >= _QUARANTINE_AFTER:
        message = f"{work.attempts} workers ended while they worked on this page"
        await _settle(context, work, Disposition.FAILED, "quarantined", message)
        log.error("page_quarantined", outlet=work.outlet, url=work.url, reason=message)
    else:
        await _process(context, work, spider, page)


async def _process(context: VisitContext, work: Work, spider: OutletSpider, page: Page) -> None:
    await context.learned(spider)
    reading = reading_of(context.station.settings, spider, work.entry, page)
    try:
        ingested = await spider.read_article(work.entry, page, context.station.sandbox)
    except SandboxError as error:
        telemetry.capture(error, outlet=work.outlet, source=work.url, stage="extract")
        log.error("page_quarantined", outlet=work.outlet, url=work.url, code=error.code, reason=error.message)
        await _settle(context, work, Disposition.FAILED, error.code, error.message)
        return
    except ExtractError as error:
        known = Disposition.FAILED if error.code == "stage_failed" else Disposition.NOT_ARTICLE
        if known is Disposition.FAILED:
            telemetry.capture(error, outlet=work.outlet, source=work.url, stage="extract")
        elif work.article_id is not None:
            await _keep(context, work, spider, error)
            return
        await _settle(context, work, known, error.code, error.message)
        if known is Disposition.NOT_ARTICLE and work.state != "settled":
            await _note(context, work, Figures(read=False))
        return
    if ingested.extraction.reserved:
        await _reserved(context, work, spider, code="rights_reserved", message="; ".join(ingested.extraction.reserved))
        return
    stored = await _store(context, work, spider, page, ingested=ingested, reading=reading)
    if isinstance(stored, Forgotten):
        log.info("entry_settled", outlet=work.outlet, url=work.url, disposition="refused", reason="forgotten")
        return
    if stored.new:
        await _note(context, work, figures_of(ingested.extraction))
    if stored.learned:
        await context.learned(spider, anew=True)
        log.info(
            "repetition_learned",
            outlet=work.outlet,
            repeated=[sample[:80] for sample in stored.learned.repeated],
            forgotten=[sample[:80] for sample in stored.learned.forgotten],
        )
    if stored.new or stored.revised:
        context.counts.stored += 1
        log.info(
            "article_stored" if stored.new else "article_revised",
            outlet=work.outlet,
            url=stored.url,
            revision=stored.revision,
        )


async def _store(
    context: VisitContext, work: Work, spider: OutletSpider, page: Page, *, ingested: Ingested, reading: Reading
) -> Stored | Forgotten:
    """Write the article and settle the entry; where it is in doubt who changed it, read the page before first."""
    now = context.clock()
    arrival = Arrival(
        outlet=work.outlet,
        ingested=ingested,
        claimed_key=work.url_key,
        guid=work.guid,
        capture_sha256=hashlib.sha256(page.body).digest(),
        now=now,
        reading=reading,
    )
    settings, looked = context.station.settings, work.state == "settled"

    def settle(became: Stored | Forgotten) -> Settlement:
        return settling.stored(settings, spider, work, became=became, ingested=ingested, now=now, looked=looked)

    asked = 0
    while isinstance(outcome := await context.station.storing.store(arrival, settle), Doubt):
        asked += 1
        before = await read_before(context, spider, outcome.article_id)
        # Revisions that come faster than they can be read again are the publisher's.
        arrival = replace(arrival, before=before, certain=before is None or asked >= _DOUBTS)
    return outcome


async def _note(context: VisitContext, work: Work, figures: Figures) -> None:
    """What a page gave when it was first read, and whether the outlet's pages are as they were."""
    async with context.station.database.transaction() as connection:
        await drift.note(connection, work.outlet, work.id, figures)
        turn = await drift.judge(connection, work.outlet, context.clock())
    if turn is not None:
        tell = log.info if turn.over else log.warning
        tell("outlet_drift_over" if turn.over else "outlet_drift", outlet=work.outlet, evidence=list(turn.evidence))


async def _keep(context: VisitContext, work: Work, spider: OutletSpider, error: ExtractError) -> None:
    """A known article whose address now answers with a wall, a stub, an error page: it stays, and is looked at again."""
    async with context.station.database.transaction() as connection:
        await entries.settle(
            connection,
            work.id,
            Disposition.STORED,
            now=context.clock(),
            reason=error.code,
            message=error.message,
            look_again_at=_next_look(context, work, spider),
            looked=work.state == "settled",
        )
    log.info("article_hidden", outlet=work.outlet, url=work.url, reason=error.code)


async def _refused(context: VisitContext, work: Work, spider: OutletSpider, error: FetchError) -> None:
    if error.code in ("gone", "not_found"):
        settings, now = context.station.settings, context.clock()
        async with context.station.database.transaction() as connection:
            became = await settling.absent(
                connection, settings, spider, work, message=error.message, code=error.code, now=now
            )
        log.info(
            "article_withdrawn" if became == "withdrawn" else "page_absent",
            outlet=work.outlet,
            url=work.url,
            reason=error.code,
        )
    elif error.code == "robots_refused":
        await _reserved(context, work, spider, code=error.code, message=error.message)
    elif error.code in ("never_scraped", "refused"):
        await _settle(context, work, Disposition.REFUSED, error.code, error.message)
    else:
        await _settle(context, work, Disposition.FAILED, error.code, error.message)


async def _reserved(context: VisitContext, work: Work, spider: OutletSpider, *, code: str, message: str) -> None:
    settings, now = context.station.settings, context.clock()
    async with context.station.database.transaction() as connection:
        withdrawn = await settling.reserved(connection, settings, spider, work, message=message, code=code, now=now)
    event = "article_withdrawn" if withdrawn else "text_reserved"
    log.info(event, outlet=work.outlet, url=work.url, reason=code, message=message)


async def _retry(context: VisitContext, work: Work, reason: str, message: str) -> None:
    if work.attempts >= len(_RETRY):
        await _settle(
            context, work, Disposition.FAILED, reason, f"given up after {work.attempts + 1} attempts: {message}"
        )
        return
    context.counts.failed += 1
    at = context.clock() + timedelta(seconds=_RETRY[work.attempts])
    async with context.station.database.transaction() as connection:
        await entries.retry(connection, work.id, at=at, reason=reason, message=message)


async def _settle(context: VisitContext, work: Work, disposition: Disposition, reason: str, message: str) -> None:
    if disposition is Disposition.FAILED:
        context.counts.failed += 1
    async with context.station.database.transaction() as connection:
        await entries.settle(connection, work.id, disposition, now=context.clock(), reason=reason, message=message)
    log.info("entry_settled", outlet=work.outlet, url=work.url, disposition=disposition, reason=reason)


def _next_look(context: VisitContext, work: Work, spider: OutletSpider) -> datetime | None:
    return settling.look_again(context.station.settings, spider, work, context.clock())
