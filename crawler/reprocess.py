"""`aiwire reprocess OUTLET`: kept pages read again after a rule was mended; shows what would change before it writes.

How a page is read again is `crawler.re_extraction`'s affair, how far it has come that of `pipelines.store.reprocess`.
What a newer revision changed meanwhile is left alone, so that it may run beside the daemon, or twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from crawler import present, settling
from crawler.commands import database
from crawler.differences import fields_of, text_change
from crawler.object_storage import ObjectStorage, open_storage
from crawler.outlets import Outlet, load_outlets
from crawler.re_extraction import find_kept, read_again, reading_of
from crawler.reprocessed import Shown
from crawler.schedule import sync_outlets
from crawler.settings import Settings
from crawler.spiders.base import OutletSpider
from crawler.spiders.loader import spider_for
from crawler.tools import new_sandbox
from pipelines import verdict
from pipelines.drift import figures_of
from pipelines.errors import ConfigError, ExtractError, SandboxError, StoreError, Unavailable
from pipelines.records import Entry, Ingested, Page
from pipelines.rules_version import rules_version
from pipelines.sandbox import Sandbox
from pipelines.store import articles, captures, drift, entries, known_articles, repetition, reprocess
from pipelines.store.arrivals import Doubt, ReadAgain
from pipelines.store.captures import Key
from pipelines.store.database import Connection, Database
from pipelines.store.entries import Work
from pipelines.store.re_extraction import Kept
from pipelines.store.reprocess import Progress
from pipelines.store.revisions import Reading

_AHEAD = 2  # pages a process of the sandbox that are held at a time


@dataclass(slots=True)
class Outcome:
    """What came, or would come, of one page: `kind` is changed, unchanged, found (an article where there was none),
    no_article, not_kept or newer.
    """

    kind: str
    url: str
    changed: tuple[str, ...] = ()
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    text: str = ""
    again: tuple[Kept, ReadAgain] | None = None
    entry: tuple[Work, Page, Ingested, Reading] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What one run works with; `write` is false while it only shows."""

    settings: Settings
    database: Database
    sandbox: Sandbox
    spider: OutletSpider
    since: datetime | None
    write: bool
    storage: ObjectStorage | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def slug(self) -> str:
        return self.spider.outlet.slug


def reprocess_outlet(
    settings: Settings, slug: str, *, since: datetime | None, yes: bool, dry_run: bool, as_json: bool
) -> int:
    """Read an outlet's kept pages again and write what differs, once that was seen; 1 where nobody said to write it.

    Raises ConfigError where there is no such outlet.
    """
    outlets = load_outlets(settings.config_dir)
    if slug not in {outlet.slug for outlet in outlets}:
        raise ConfigError("there is no such outlet", subject=slug, code="no_outlet")
    with database(settings) as url, new_sandbox(settings) as sandbox:
        go = partial(_go, settings, url, sandbox, outlets, slug, since=since, as_json=as_json)
        if yes and not dry_run:
            asyncio.run(go(write=True))
            return 0
        would = asyncio.run(go(write=False))
        if dry_run or not would:
            return 0
        if as_json or not sys.stdin.isatty():
            present.errors.print("Nothing was written: --yes writes it.")
            return 1
        if present.errors.input("Write this? [y/N] ").strip().lower() not in ("y", "yes"):
            return 1
        asyncio.run(go(write=True, quiet=True))
    return 0


async def _go(
    settings: Settings,
    url: str,
    sandbox: Sandbox,
    outlets: tuple[Outlet, ...],
    slug: str,
    *,
    since: datetime | None,
    write: bool,
    as_json: bool,
    quiet: bool = False,
) -> int:
    """One pass over the pages; returns how many articles change."""
    spider = spider_for(next(outlet for outlet in outlets if outlet.slug == slug))
    async with Database(url, size=settings.sandbox_processes, name="aiwire-reprocess", role="ingest") as opened:
        await sync_outlets(opened, outlets)
        storage = open_storage(settings.captures)
        run = _Run(
            settings=settings,
            database=opened,
            sandbox=sandbox,
            spider=spider,
            since=since,
            write=write,
            storage=storage,
        )
        now = datetime.now(UTC)
        rules = _rules(spider, now)
        async with opened.transaction() as connection:
            if write:
                progress = await reprocess.begin(connection, slug, since=since, rules=rules, now=now)
            else:
                progress = await reprocess.stopped(connection, slug, since=since, rules=rules)
            spider.repeated = await repetition.learned(connection, slug)
        if progress.begun:
            present.errors.print(f"Going on after {progress.pages} pages of which {progress.changed} had changed.")
        shown = Shown(slug, written=write, as_json=as_json, quiet=quiet)
        async for outcome in _outcomes(run, progress):
            run.counts[outcome.kind] += 1
            shown.page(outcome.kind, outcome.url, outcome.fields, outcome.text)
        turn = None
        if write:
            async with opened.transaction() as connection:
                await reprocess.finish(connection, slug, datetime.now(UTC))
                turn = await drift.settle(connection, slug, datetime.now(UTC))
        shown.end(run.counts, drift_over=turn is not None)
    return run.counts["changed"] + run.counts["found"]


def _rules(spider: OutletSpider, now: datetime) -> bytes:
    """By what rules this is done: all of the outlet's, but for what is repeated, which changes as articles arrive."""
    known = replace(spider.context(Entry(url=spider.outlet.homepage), now), repeated=frozenset())
    told = spider.outlet.model_dump_json(include={"extraction", "language", "timezone", "name"})
    return hashlib.blake2b(rules_version(known) + told.encode(), digest_size=16).digest()


async def _outcomes(run: _Run, progress: Progress) -> AsyncIterator[Outcome]:
    """The outlet's articles, then its entries without one, a few at a time: memory holds so many pages."""
    most = _AHEAD * run.sandbox.processes
    while True:
        async with run.database.transaction() as connection:
            ids = await reprocess.articles_after(
                connection, run.slug, progress.after_article, since=run.since, most=most
            )
        if not ids:
            break
        found = await asyncio.gather(*(_article(run, id_) for id_ in ids))
        progress = await _write(run, found, replace(progress, after_article=ids[-1]))
        for outcome in found:
            yield outcome
    while True:
        async with run.database.transaction() as connection:
            kept = await reprocess.entries_after(connection, run.slug, progress.after_entry, since=run.since, most=most)
        if not kept:
            break
        found = await asyncio.gather(*(_entry(run, entry_id, key) for entry_id, key in kept))
        progress = await _write(run, found, replace(progress, after_entry=kept[-1][0]))
        for outcome in found:
            yield outcome


async def _article(run: _Run, article_id: UUID) -> Outcome:
    async with run.database.transaction() as connection:
        article = await known_articles.by_id(connection, article_id)
    if article is None or article.withdrawn_reason is not None:
        return Outcome("not_kept", str(article_id))
    known = article.known
    found = await find_kept(run.database, article_id, run.storage)
    if found is None:
        return Outcome("not_kept", known.url)
    kept, page = found
    try:
        again = await read_again(run.settings, run.sandbox, run.spider, kept, page)
    except (ExtractError, SandboxError) as error:
        return Outcome("no_article", known.url, text=error.message)
    judged = verdict.judge(known, again.ingested)
    if not isinstance(judged, verdict.Revision):
        return Outcome("unchanged", known.url)
    outcome = Outcome("changed", known.url, judged.changed, again=(kept, again))
    outcome.fields = fields_of(known, again.ingested, judged.changed)
    if "text" in judged.changed:
        change = text_change(known.text, again.ingested.extraction.text)
        outcome.text = f"−{change.gone} +{change.come} words: {change.shown}"
    return outcome


async def _entry(run: _Run, entry_id: int, key: Key) -> Outcome:
    async with run.database.transaction() as connection:
        work = await entries.load(connection, entry_id)
        capture = await captures.find(connection, key)
    if work is None or capture is None:
        return Outcome("not_kept", str(entry_id))
    try:
        page = await captures.read(capture, run.storage)
    except Unavailable:
        raise
    except StoreError as error:
        return Outcome("not_kept", work.url, text=error.message)
    reading = reading_of(run.settings, run.spider, work.entry, page)
    try:
        ingested = await run.spider.read_article(work.entry, page, run.sandbox)
    except (ExtractError, SandboxError):
        return Outcome("no_article", work.url)
    if ingested.extraction.reserved:
        return Outcome("no_article", work.url, text="; ".join(ingested.extraction.reserved))
    title = ingested.extraction.title
    said = f"{len(ingested.extraction.text.split())} words: {title.value if title else ''}"
    return Outcome("found", work.url, text=said, entry=(work, page, ingested, reading))


async def _write(run: _Run, outcomes: Sequence[Outcome], progress: Progress) -> Progress:
    """What the pages gave and how far that is, in one transaction: what is done is never done twice."""
    if not run.write:
        return progress
    async with run.database.transaction() as connection:
        # Before any entry is held: a visit takes them in this order, too.
        await articles.lock(connection, run.slug)
        for outcome in outcomes:
            await _write_one(run, connection, outcome)
        changed = sum(outcome.kind in ("changed", "found") for outcome in outcomes)
        progress = replace(progress, pages=progress.pages + len(outcomes), changed=progress.changed + changed)
        await reprocess.advance(connection, run.slug, progress)
    return progress


async def _write_one(run: _Run, connection: Connection, outcome: Outcome) -> None:
    now = datetime.now(UTC)
    if outcome.again is not None:
        kept, again = outcome.again
        changed = await articles.store_again(
            connection, outlet=run.slug, article_id=kept.article_id, again=again, now=now
        )
        if changed:
            figures = figures_of(again.ingested.extraction)
            await drift.note(connection, run.slug, kept.work.id, figures, again=True)
        else:
            outcome.kind = "newer"
    elif outcome.entry is not None:
        work, page, ingested, reading = outcome.entry
        now_is = await entries.load(connection, work.id, hold=True)
        if now_is is None or now_is.state != "settled":  # a visit is at it: its bytes are newer
            outcome.kind = "newer"
            return
        stored = await articles.store(
            connection,
            outlet=run.slug,
            ingested=ingested,
            claimed_key=work.url_key,
            guid=work.guid,
            capture_sha256=hashlib.sha256(page.body).digest(),
            now=now,
            reading=reading,
            certain=True,
        )
        assert not isinstance(stored, Doubt)  # noqa: S101 -- `certain` leaves none
        settlement = settling.stored(
            run.settings, run.spider, now_is, became=stored, ingested=ingested, now=now, looked=False
        )
        await entries.settle_all(connection, [settlement])
        await drift.note(connection, run.slug, work.id, figures_of(ingested.extraction), again=True)
