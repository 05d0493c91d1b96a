"""One visit to one host: poll, commit, fetch, capture, process, store, count.

    due sources --poll--> entries (committed with validators and the next due time)
    due entries --fetch--> capture (committed) --sandbox--> article, revision (committed with the disposition)

It is the one boundary at which errors become dispositions. Who holds the host, and when a visit happens, is
`crawler.worker`'s and `crawler.schedule`'s affair; what the requests are, `crawler.spiders`'.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from crawler import telemetry
from crawler.cadence import next_look, next_poll
from crawler.engine import Engine, NotModified
from crawler.failures import HOST_AWAY
from crawler.outlets import Outlet, Source
from crawler.politeness.courtesy import Courtesy
from crawler.settings import Settings
from crawler.spiders.base import OutletSpider
from crawler.spiders.loader import spider_for
from crawler.spiders.sources import claims_of, explain_empty, read_nested
from pipelines.errors import AiwireError, ExtractError, FetchError, Permanent, SandboxError, StoreError, Transient
from pipelines.records import Page
from pipelines.sandbox import Sandbox
from pipelines.store import articles, captures, entries, hosts, runs, sources
from pipelines.store.database import Database
from pipelines.store.entries import Disposition, Work
from pipelines.store.sources import SourceState

log = structlog.get_logger(__name__)

_BATCH = 20  # entries read from Postgres at a time
_RETRY = (60, 300, 1_800, 7_200, 43_200, 86_400)
"""Seconds until a page that failed is tried again, by attempt; then it is given up."""
_QUARANTINE_AFTER = 3  # times a page's bytes may end the worker that works on them
_HOLD_FIRST, _HOLD_MOST = 30, 900  # seconds; doubles with each visit in a row that could not reach the host


@dataclass(slots=True)
class Counts:
    """What a visit did so far."""

    polls: int = 0
    fetched: int = 0
    stored: int = 0
    failed: int = 0
    unchanged: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(
            polls=self.polls + other.polls,
            fetched=self.fetched + other.fetched,
            stored=self.stored + other.stored,
            failed=self.failed + other.failed,
            unchanged=self.unchanged + other.unchanged,
        )

    @property
    def told(self) -> bool:
        return bool(self.fetched or self.stored or self.failed)


class HostAway(Exception):  # noqa: N818 -- not an error: it ends the visit early
    """The host can't be reached, or asked for silence: nothing more is asked of it in this visit."""

    def __init__(self, error: FetchError) -> None:
        super().__init__(str(error))
        self.error = error


class Visit:
    """All due work at one host, whose lock the caller holds."""

    def __init__(
        self,
        host: str,
        *,
        settings: Settings,
        database: Database,
        engine: Engine,
        sandbox: Sandbox,
        courtesy: Courtesy,
        stop: asyncio.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        most: int | None = None,
    ) -> None:
        self.host = host
        self.counts = Counts()
        self._settings = settings
        self._database = database
        self._engine = engine
        self._sandbox = sandbox
        self._courtesy = courtesy
        self._stop = stop
        self._clock = clock
        self._most = most
        self._spiders: dict[str, OutletSpider] = {}

    async def run(self) -> Counts:
        """Do what is due until nothing is, the deadline is near, or `stop` is set.

        Raises Unavailable when Postgres goes away: what was committed stays, the rest is still due.
        """
        started = self._clock()
        deadline = started + timedelta(seconds=self._settings.visit_deadline)
        outcome, message = "done", None
        async with self._database.transaction() as connection:
            state = await hosts.load(connection, self.host)
            due = await sources.due_sources(connection, self.host, started)
        spiders = [self._spider(source.outlet, source.definition) for source in due]
        gaps = [spider.outlet.gap for spider in spiders if spider.outlet.gap is not None]
        memory = self._courtesy.recall(state, gap=timedelta(seconds=min(gaps)) if gaps else None)
        try:
            await self._polls(due, spiders, deadline)
            await self._work_off(deadline, recalled_gap=bool(gaps))
        except HostAway as away:
            outcome, message = "host_away", str(away)
            until = memory.hold_until if memory.hold_until and memory.hold_until > self._clock() else None
            async with self._database.transaction() as connection:
                await hosts.hold(
                    connection,
                    self.host,
                    until=until or self._clock() + _backoff(state.failures),
                    reason=away.error.message,
                    unreachable=True,
                )
        await self._remember(started, outcome, message)
        return self.counts

    # -- polls -----------------------------------------------------------------------------------------------------

    async def _polls(self, due: list[SourceState], spiders: list[OutletSpider], deadline: datetime) -> None:
        for n, (source, spider) in enumerate(zip(due, spiders, strict=True)):
            if self._over(deadline):
                return
            try:
                await self._poll(source, spider)
            except HostAway as away:
                # What was found out of the host is true of its other sources, too: say it of each outlet.
                for other, others_spider in zip(due[n + 1 :], spiders[n + 1 :], strict=True):
                    await self._poll_failed(other, others_spider.outlet, away.error)
                raise

    async def _poll(self, state: SourceState, spider: OutletSpider) -> None:
        self.counts.polls += 1
        outlet = spider.outlet
        source = _source(outlet, state.url)
        if source is None:  # the TOML changed since; the next sync takes the source away
            return
        request = spider.poll_request(source, etag=state.etag, last_modified=state.last_modified)
        try:
            answer = await self._engine.get(request)
            if isinstance(answer, NotModified):
                await self._poll_unchanged(state, outlet, source)
            else:
                await self._poll_answered(state, spider, source, answer)
        except StoreError:
            raise
        except AiwireError as error:
            await self._poll_failed(state, outlet, error)
            if isinstance(error, Transient) and error.code in HOST_AWAY:
                raise HostAway(error) from error

    async def _poll_unchanged(self, state: SourceState, outlet: Outlet, source: Source) -> None:
        now = self._clock()
        async with self._database.transaction() as connection:
            kept = "empty" if state.state == "empty" else "ok"
            await sources.polled(
                connection, state.id, now=now, next_poll_at=self._next(state, outlet, source, now), state=kept
            )
            await self._asked(connection)
        self._recovered(state, kept)

    async def _poll_answered(self, state: SourceState, spider: OutletSpider, source: Source, page: Page) -> None:
        discovery = await spider.read_source(source, page, self._sandbox)
        discovery = await read_nested(self._engine, spider, source, discovery, self._sandbox)
        claims = claims_of(discovery, spider)
        now = self._clock()
        empty = explain_empty(discovery) if not claims else None
        # Validators, entries and the next due time commit together: validators saved first would lose articles.
        async with self._database.transaction() as connection:
            claimed = await entries.claim(
                connection, source_id=state.id, outlet=state.outlet, claims=claims, now=now
            )
            await sources.polled(
                connection,
                state.id,
                now=now,
                next_poll_at=self._next(state, spider.outlet, source, now),
                state="empty" if empty else "ok",
                entries_seen=len(claims),
                found=bool(claimed.new),
                validators=(page.header("ETag"), page.header("Last-Modified")),
                message=empty,
            )
            await self._asked(connection)
        if claimed.new or claimed.changed:
            log.info("source_polled", outlet=state.outlet, source=state.url, new=claimed.new, changed=claimed.changed)
        if empty and state.state != "empty":
            log.warning("source_empty", outlet=state.outlet, source=state.url, reason=empty)
        self._recovered(state, "empty" if empty else "ok")

    async def _poll_failed(self, state: SourceState, outlet: Outlet, error: AiwireError) -> None:
        self.counts.failed += 1
        now = self._clock()
        source = _source(outlet, state.url)
        if source is None:
            return
        if isinstance(error, Transient):
            kind = "unreachable"
        elif isinstance(error, Permanent) and error.code in ("robots_refused", "never_scraped"):
            kind = "refused"
        else:
            kind = "broken"
        next_poll_at = self._next(state, outlet, source, now, failures=state.failures + 1)
        if isinstance(error, Transient):  # a network that comes back is noticed soon, whatever the interval
            next_poll_at = min(next_poll_at, now + _backoff(state.failures))
        async with self._database.transaction() as connection:
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
            log.warning(
                f"source_{kind}", outlet=state.outlet, source=state.url, code=error.code, reason=error.message
            )
            if not isinstance(error, Transient):
                telemetry.capture(error, outlet=state.outlet, source=state.url, stage="poll")

    def _recovered(self, state: SourceState, now: str) -> None:
        if state.failures:
            log.info("source_recovered", outlet=state.outlet, source=state.url, state=now, after=state.failures)

    # -- entries ---------------------------------------------------------------------------------------------------

    async def _work_off(self, deadline: datetime, *, recalled_gap: bool) -> None:
        done = 0
        while not self._over(deadline) and (self._most is None or done < self._most):
            most = _BATCH if self._most is None else min(_BATCH, self._most - done)
            async with self._database.transaction() as connection:
                batch = await entries.due(connection, self.host, self._clock(), most=most)
            if not batch:
                return
            for work in batch:
                if self._over(deadline):
                    return
                spider = self._spider(work.outlet, work.definition)
                if not recalled_gap and spider.outlet.gap is not None:
                    self._courtesy.host(self.host).gap = timedelta(seconds=spider.outlet.gap)
                await self._entry(work, spider)
                done += 1

    async def _entry(self, work: Work, spider: OutletSpider) -> None:
        """One entry, one step: whatever goes wrong with it stays with it."""
        try:
            if work.state == "captured":
                await self._replay(work, spider)
            else:
                await self._fetch(work, spider)
        except (StoreError, HostAway):
            raise
        except Exception as error:  # noqa: BLE001 -- the boundary: it is reported, and the entry stays due
            telemetry.capture(error, outlet=work.outlet, source=work.url, stage="visit")
            log.exception("entry_failed_unexpectedly", outlet=work.outlet, url=work.url)
            await self._retry(work, "unexpected", f"{type(error).__name__}: {error}")

    async def _fetch(self, work: Work, spider: OutletSpider) -> None:
        request = spider.article_request(work.entry, etag=work.etag, last_modified=work.last_modified)
        try:
            answer = await self._engine.get(request)
        except Transient as error:
            if error.code not in HOST_AWAY or error.code.startswith("http_"):
                # A page that always answers 503 must come to an end, too: it counts as an attempt.
                await self._retry(work, error.code, error.message)
            if error.code in HOST_AWAY:
                raise HostAway(error) from error
            return
        except FetchError as error:
            await self._refused(work, error)
            return
        self.counts.fetched += 1
        if isinstance(answer, NotModified):
            self.counts.unchanged += 1
            async with self._database.transaction() as connection:
                await entries.look_later(connection, work.id, look_again_at=self._next_look(work, spider))
                await self._asked(connection)
            return
        async with self._database.transaction() as connection:
            await captures.save(connection, work.id, answer)
            await self._asked(connection)
        await self._process(work, spider, answer)

    async def _replay(self, work: Work, spider: OutletSpider) -> None:
        """Bytes that were captured and not processed: the worker died, or Postgres went away."""
        async with self._database.transaction() as connection:
            page = await captures.load(connection, work.capture_id) if work.capture_id else None
            await entries.started(connection, work.id)
        if page is None:
            await self._settle(work, Disposition.FAILED, "capture_lost", "its raw page is no longer kept")
        elif work.attempts >= _QUARANTINE_AFTER:
            message = f"{work.attempts} workers ended while they worked on this page"
            await self._settle(work, Disposition.FAILED, "quarantined", message)
            log.error("page_quarantined", outlet=work.outlet, url=work.url, reason=message)
        else:
            await self._process(work, spider, page)

    async def _process(self, work: Work, spider: OutletSpider, page: Page) -> None:
        try:
            ingested = await spider.read_article(work.entry, page, self._sandbox)
        except SandboxError as error:
            telemetry.capture(error, outlet=work.outlet, source=work.url, stage="extract")
            log.error("page_quarantined", outlet=work.outlet, url=work.url, code=error.code, reason=error.message)
            await self._settle(work, Disposition.FAILED, error.code, error.message)
            return
        except ExtractError as error:
            known = Disposition.FAILED if error.code == "stage_failed" else Disposition.NOT_ARTICLE
            if known is Disposition.FAILED:
                telemetry.capture(error, outlet=work.outlet, source=work.url, stage="extract")
            await self._settle(work, known, error.code, error.message)
            return
        now = self._clock()
        async with self._database.transaction() as connection:
            stored = await articles.store(
                connection,
                outlet=work.outlet,
                ingested=ingested,
                claimed_key=work.url_key,
                guid=work.guid,
                capture_sha256=hashlib.sha256(page.body).digest(),
                now=now,
            )
            duplicate = work.article_id is None and not stored.new and stored.brought_by_other
            await entries.settle(
                connection,
                work.id,
                Disposition.DUPLICATE if duplicate else Disposition.STORED,
                now=now,
                article_id=stored.article_id,
                look_again_at=None if duplicate else self._next_look(work, spider),
                looked=work.state == "settled",
            )
        if stored.new or stored.revised:
            self.counts.stored += 1
            log.info(
                "article_stored" if stored.new else "article_revised",
                outlet=work.outlet,
                url=stored.url,
                revision=stored.revision,
            )

    async def _refused(self, work: Work, error: FetchError) -> None:
        if error.code == "gone":
            await self._settle(work, Disposition.GONE, error.code, error.message)
        elif error.code in ("robots_refused", "never_scraped", "refused"):
            await self._settle(work, Disposition.REFUSED, error.code, error.message)
        else:
            await self._settle(work, Disposition.FAILED, error.code, error.message)

    async def _retry(self, work: Work, reason: str, message: str) -> None:
        if work.attempts >= len(_RETRY):
            await self._settle(work, Disposition.FAILED, reason, f"given up after {work.attempts + 1} attempts: {message}")
            return
        self.counts.failed += 1
        at = self._clock() + timedelta(seconds=_RETRY[work.attempts])
        async with self._database.transaction() as connection:
            await entries.retry(connection, work.id, at=at, reason=reason, message=message)

    async def _settle(self, work: Work, disposition: Disposition, reason: str, message: str) -> None:
        if disposition is Disposition.FAILED:
            self.counts.failed += 1
        async with self._database.transaction() as connection:
            await entries.settle(connection, work.id, disposition, now=self._clock(), reason=reason, message=message)
        log.info("entry_settled", outlet=work.outlet, url=work.url, disposition=disposition, reason=reason)

    # -- the rest --------------------------------------------------------------------------------------------------

    def _spider(self, slug: str, definition: dict[str, object]) -> OutletSpider:
        if slug not in self._spiders:
            self._spiders[slug] = spider_for(Outlet.model_validate(definition))
        return self._spiders[slug]

    def _over(self, deadline: datetime) -> bool:
        return self._stop.is_set() or self._clock() >= deadline

    def _next(self, state: SourceState, outlet: Outlet, source: Source, now: datetime, *, failures: int = 0) -> datetime:
        return next_poll(source, outlet, last=state.next_poll_at, now=now, failures=failures, key=state.url)

    def _next_look(self, work: Work, spider: OutletSpider) -> datetime | None:
        delays = spider.outlet.second_looks
        delays = self._settings.second_looks if delays is None else delays
        return next_look(work.discovered_at, delays, self._clock())

    async def _asked(self, connection: object) -> None:
        """The host answered: commit its gap with what it gave us."""
        at = self._courtesy.host(self.host).next_request_at or self._clock()
        await hosts.requested(connection, self.host, next_request_at=at)  # type: ignore[arg-type]

    async def _remember(self, started: datetime, outcome: str, message: str | None) -> None:
        memory = self._courtesy.host(self.host)
        ended = self._clock()
        async with self._database.transaction() as connection:
            if memory.robots_fetched and memory.rules is not None and memory.rules_until is not None:
                await hosts.save_robots(
                    connection,
                    self.host,
                    robots=memory.rules.to_json(),
                    status=memory.rules_status or "",
                    until=memory.rules_until,
                )
                memory.robots_fetched = False
            if self.counts.told:
                run = runs.Run(
                    host=self.host,
                    started_at=started,
                    ended_at=ended,
                    outcome=outcome,
                    polls=self.counts.polls,
                    fetched=self.counts.fetched,
                    stored=self.counts.stored,
                    failed=self.counts.failed,
                    message=message,
                )
                await runs.record(connection, run)
            await sources.visited(connection, [self.host])


def _backoff(failures: int) -> timedelta:
    """How long to leave alone what failed so many times in a row before."""
    return timedelta(seconds=min(_HOLD_FIRST * 2 ** min(failures, 16), _HOLD_MOST))


def _source(outlet: Outlet, url: str) -> Source | None:
    return next((source for source in outlet.sources if source.url == url), None)
