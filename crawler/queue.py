"""The task queue: jobs that carry batches of hosts from the scheduler to the workers, in the same Postgres.

When a host is due is `crawler.schedule`'s affair, what a visit does `crawler.visit`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
from procrastinate import jobs

from pipelines.store import sources
from pipelines.store.database import QUEUE_SCHEMA, Connection, Database
from pipelines.store.roles import GROUPS

VISITS = "visits"
BULK = "bulk"
"""Parts of exports: each worker takes one at a time, beside its visits."""
BATCH_MOST = 64
"""Hosts in one job: a job costs about 4 ms of CPU in all, a poll should not."""
HEARTBEAT = 5.0
STALLED_AFTER = timedelta(seconds=20)
"""A worker that has not beaten for this long is dead; its jobs go to another."""

VisitHosts = Callable[[Sequence[str]], Awaitable[None]]
ExportPart = Callable[[int, int], Awaitable[None]]


def open_queue(
    database: Database, visit_hosts: VisitHosts | None = None, export_part: ExportPart | None = None
) -> procrastinate.App:
    """The queue on an open database, in the same role.

    `visit_hosts` and `export_part` (an export's number, a part's) do a worker's work, None for who only defers.
    """
    role = f" -c role={GROUPS[database.taken]}" if database.taken else ""
    connector = procrastinate.PsycopgConnector(
        conninfo=database.url,
        min_size=1,
        max_size=3,
        kwargs={"options": f"-c search_path={QUEUE_SCHEMA} -c timezone=UTC{role}", "application_name": "aiwire-queue"},
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="visit", queue=VISITS)
    async def visit(hosts: list[str]) -> None:
        if visit_hosts is None:
            raise RuntimeError("this process only defers jobs")
        await visit_hosts(hosts)

    @app.task(name="export_part", queue=BULK)
    async def part_of_export(export: int, part: int) -> None:
        if export_part is None:
            raise RuntimeError("this process only defers jobs")
        await export_part(export, part)

    return app


def batches(hosts: Sequence[str], *, lanes: int) -> list[list[str]]:
    """Hosts in jobs: few hosts one a job, so that every lane has work; many in batches of up to BATCH_MOST."""
    size = max(1, min(BATCH_MOST, -(-len(hosts) // max(1, lanes))))
    return [list(hosts[n : n + size]) for n in range(0, len(hosts), size)]


async def defer(app: procrastinate.App, connection: Connection, hosts: Sequence[str], *, lanes: int) -> int:
    """Put visits into the queue, in the caller's transaction; returns how many jobs."""
    await connection.execute(f"SET LOCAL search_path TO {QUEUE_SCHEMA}".encode())
    jobs_ = batches(hosts, lanes=lanes)
    task = app.configure_task("visit", queue=VISITS, connection=connection)
    arguments: list[dict[str, Any]] = [{"hosts": batch} for batch in jobs_]
    await task.batch_defer_async(*arguments)
    return len(jobs_)


async def defer_parts(app: procrastinate.App, connection: Connection, parts: Sequence[tuple[int, int]]) -> None:
    """Put parts of exports (an export's number, a part's) into the queue, in the caller's transaction."""
    await connection.execute(f"SET LOCAL search_path TO {QUEUE_SCHEMA}".encode())
    task = app.configure_task("export_part", queue=BULK, connection=connection)
    arguments: list[dict[str, Any]] = [{"export": export, "part": part} for export, part in parts]
    await task.batch_defer_async(*arguments)


async def rescue(app: procrastinate.App, database: Database) -> list[str]:
    """Take jobs from workers that fell silent; their hosts, and those whose job was lost, become due again.

    Nothing of a visit is in its job: what is still due is columns, so a stalled job is ended, not retried.
    """
    stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER.total_seconds())
    hosts: list[str] = []
    for job in stalled:
        carried: Any = job.task_kwargs.get("hosts")
        hosts.extend(carried or ())
        await app.job_manager.finish_job(job, status=jobs.Status.FAILED, delete_job=True)
    await app.job_manager.prune_stalled_workers(STALLED_AFTER.total_seconds())
    async with database.transaction() as connection:
        if hosts:
            await sources.visited(connection, hosts)
        hosts += await sources.forget_lost(connection, datetime.now(UTC))
    return sorted(set(hosts))
