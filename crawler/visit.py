"""One visit to one host: poll, commit, fetch, capture, process, store, count.

    due sources --poll--> entries (committed with validators and the next due time)
    due entries --fetch--> capture (committed) --sandbox--> article, revision (committed with the disposition)
    articles in which something learned stands --sandbox--> revision `re_extraction`

Here is the order of the steps, and what is remembered of the host afterwards; the steps are `crawler.polling`,
`crawler.fetching` and `crawler.re_extraction`. Who holds the host, and when it is visited, is `crawler.worker`'s and `crawler.schedule`'s affair.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crawler.context import Counts, HostAway, VisitContext, backoff
from crawler.fetching import work_off
from crawler.polling import poll_all
from crawler.re_extraction import work_off_re_extractions
from pipelines.store import hosts, runs, sources


async def visit(context: VisitContext) -> Counts:
    """Do all due work at the host, whose lock the caller holds, until none is left or the context says that it is over.

    Raises Unavailable when Postgres goes away: what was committed stays, the rest is still due.
    """
    database, courtesy = context.station.database, context.station.courtesy
    started = context.clock()
    context.deadline = started + timedelta(seconds=context.station.settings.visit_deadline)
    outcome, message = "done", None
    async with database.transaction() as connection:
        state = await hosts.load(connection, context.host)
        due = await sources.due_sources(connection, context.host, started)
    memory = courtesy.recall(state)
    try:
        await poll_all(context, due)
        await work_off(context)
    except HostAway as away:
        outcome, message = "host_away", str(away)
        asked_for = courtesy.held(context.host)
        async with database.transaction() as connection:
            await hosts.hold(
                connection,
                context.host,
                until=asked_for or context.clock() + backoff(state.failures),
                reason=(memory.hold_reason if asked_for else None) or away.error.message,
                unreachable=True,
            )
    # It needs nothing of the host, and what is live went before it.
    if state.re_extractions or context.counts.stored:
        await work_off_re_extractions(context)
    await _remember(context, started, outcome, message)
    return context.counts


async def _remember(context: VisitContext, started: datetime, outcome: str, message: str | None) -> None:
    memory, counts = context.station.courtesy.host(context.host), context.counts
    async with context.station.database.transaction() as connection:
        if memory.robots_fetched and memory.rules is not None and memory.rules_until is not None:
            await hosts.save_robots(
                connection,
                context.host,
                robots=memory.rules.to_json(),
                status=memory.rules_status or "",
                until=memory.rules_until,
            )
            memory.robots_fetched = False
        if counts.told:
            run = runs.Run(
                host=context.host,
                started_at=started,
                ended_at=context.clock(),
                outcome=outcome,
                polls=counts.polls,
                fetched=counts.fetched,
                stored=counts.stored,
                failed=counts.failed,
                message=message,
            )
            await runs.record(connection, run)
        await sources.visited(connection, [context.host])
