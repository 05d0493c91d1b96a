"""`aiwire export`: taking it elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.options import Json, Outlet, settings_of
from pipelines.errors import ConfigError


def export(
    context: typer.Context,
    *,
    format_: Annotated[str, typer.Option("--format", help="jsonl: articles; warc: raw pages.")] = "jsonl",
    target: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", help="Packed by its suffix: .gz, .zst; - is standard output."),
    ] = "-",
    since: Annotated[
        str | None, typer.Option(metavar="CURSOR|DATE", help="Only what came or changed since; else everything.")
    ] = None,
    outlet: Outlet = None,
    revisions: Annotated[bool, typer.Option("--revisions", help="Every revision with its text.")] = False,
    jobs: Annotated[
        bool, typer.Option("--jobs", help="Let the daemon's workers write parts: -o is a folder, or s3://….")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="With --jobs: end the one that goes there.")] = False,
    json: Json = False,
) -> None:
    """Articles or raw pages to a file; after a kill the same command goes on. Prints where the next one begins."""
    from crawler.export import export_as_jobs, export_to
    from pipelines.store.export import Wish

    if cancel and not jobs:
        raise ConfigError("--cancel goes with --jobs: a file's export ends with its command", code="usage")
    wish = Wish(format=format_, outlet=outlet, since=since or None, history=revisions)
    settings = settings_of(context)
    if jobs:
        raise typer.Exit(export_as_jobs(settings, wish, target, cancel=cancel, as_json=json))
    raise typer.Exit(export_to(settings, wish, target, as_json=json))
