"""Kept pages that are read again: what was learned of an outlet applied to its first articles, and what a doubt asks for.

Which articles wait for it is `pipelines.store.re_extraction`'s affair, what is written `pipelines.store.articles`'; a whole
outlet is read again by `crawler.reprocess`.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import UUID

import structlog

from crawler import telemetry
from crawler.context import VisitContext
from crawler.learning import limits_of
from crawler.settings import Settings
from crawler.spiders.base import OutletSpider
from pipelines.drift import figures_of
from pipelines.errors import ExtractError, SandboxBroken, SandboxError, StoreError, Unavailable
from pipelines.identity import block_fingerprint
from pipelines.records import Entry, Page
from pipelines.rules_version import rules_version
from pipelines.sandbox import Sandbox
from pipelines.store import articles, captures, drift, re_extraction
from pipelines.store.arrivals import ReadAgain
from pipelines.store.capture_objects import ObjectStore
from pipelines.store.database import Database
from pipelines.store.re_extraction import Kept
from pipelines.store.revisions import Reading

log = structlog.get_logger(__name__)

_BATCH = 10  # articles read from Postgres at a time
_MOST = 100  # articles a visit: what is live goes first, and the host is due again at once
_AGAIN = timedelta(minutes=10)
_ATTEMPTS = 3


def reading_of(settings: Settings, spider: OutletSpider, entry: Entry, page: Page) -> Reading:
    """How the spider reads that page now."""
    context = spider.context(entry, page.fetched_at)
    return Reading(
        rules=rules_version(context),
        repeated=context.repeated,
        shared=frozenset(map(block_fingerprint, context.hints.shared)),
        limits=limits_of(settings),
        markdown=settings.markdown,
    )


async def find_kept(database: Database, article_id: UUID, storage: ObjectStore | None) -> tuple[Kept, Page] | None:
    """An article's raw page; None where it is no longer kept, or can't be read. Raises Unavailable."""
    async with database.transaction() as connection:
        kept = await re_extraction.kept(connection, article_id)
        capture = await captures.find(connection, kept.capture) if kept else None
    if kept is None or capture is None:
        return None
    try:
        return kept, await captures.read(capture, storage)
    except Unavailable:
        raise
    except StoreError as error:
        log.warning("capture_unreadable", code=error.code, url=error.subject, reason=error.message)
        return None


async def read_again(settings: Settings, sandbox: Sandbox, spider: OutletSpider, kept: Kept, page: Page) -> ReadAgain:
    """The page as today's rules read it; raises ExtractError, SandboxError."""
    reading = reading_of(settings, spider, kept.work.entry, page)
    ingested = await spider.read_article(kept.work.entry, page, sandbox)
    sha256 = hashlib.sha256(page.body).digest()
    return ReadAgain(revision=kept.revision, ingested=ingested, reading=reading, capture_sha256=sha256)


async def read_before(context: VisitContext, spider: OutletSpider, article_id: UUID) -> ReadAgain | None:
    """An article's kept page as today's rules read it; None where that can't be told."""
    station = context.station
    found = await find_kept(station.database, article_id, station.storage)
    if found is None:
        return None
    try:
        return await read_again(station.settings, station.sandbox, spider, *found)
    except (ExtractError, SandboxError):
        return None


async def work_off_re_extractions(context: VisitContext) -> None:
    """Read again what waits for this host's visit, until nothing does, or the visit is over. Raises Unavailable."""
    done = changed = 0
    while not context.over() and done < _MOST:
        async with context.station.database.transaction() as connection:
            batch = await re_extraction.due(connection, context.host, context.clock(), most=_BATCH)
        if not batch:
            break
        for article_id in batch:
            if context.over():
                break
            done += 1
            try:
                changed += await _one(context, article_id)
            except (Unavailable, SandboxBroken):
                raise
            except StoreError as error:
                # It comes up again in a while, and is left as it is in the end: no other article waits for it.
                telemetry.capture(error, host=context.host, source=str(article_id), stage="store")
                log.error("store_refused", host=context.host, article=str(article_id), reason=error.message)
    if done:
        log.info("articles_read_again", host=context.host, articles=done, changed=changed)


async def _one(context: VisitContext, article_id: UUID) -> bool:
    station = context.station
    async with station.database.transaction() as connection:
        wanted = await re_extraction.begun(connection, article_id, again_at=context.clock() + _AGAIN, most=_ATTEMPTS)
    found = await find_kept(station.database, article_id, station.storage) if wanted else None
    changed: tuple[str, ...] | None = ()
    reason = "given up" if not wanted else "its raw page is no longer kept" if found is None else None
    if found is not None:
        kept, page = found
        spider = context.spider(kept.work.outlet, kept.work.definition)
        await context.learned(spider)
        try:
            again = await read_again(station.settings, station.sandbox, spider, kept, page)
        except (ExtractError, SandboxError) as error:
            reason = error.message
        else:
            async with station.database.transaction() as connection:
                changed = await articles.store_again(
                    connection, outlet=kept.work.outlet, article_id=article_id, again=again, now=context.clock()
                )
                if changed:
                    figures = figures_of(again.ingested.extraction)
                    await drift.note(connection, kept.work.outlet, kept.work.id, figures, again=True)
                if changed is not None:
                    await re_extraction.done(connection, article_id)
            if changed is None:  # a newer revision came: it is read by what is known now, at the next attempt
                return False
            return bool(changed)
    async with station.database.transaction() as connection:
        await re_extraction.done(connection, article_id)
    log.info("article_not_read_again", article=str(article_id), reason=reason)
    return False
