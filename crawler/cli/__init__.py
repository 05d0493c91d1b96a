"""The command `aiwire`: one thin function a command; what each does lives in the module it imports.

What concerns what landed is `crawler.cli.articles`, the database `crawler.cli.db`.

Exit codes: 0 done; 1 something failed that was tried (a source, a page, an outlet); 2 wrong usage or configuration;
3 Postgres can't be reached; 130 interrupted.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import articles, db, reading
from crawler.cli.export import export
from crawler.cli.options import Json, Outlet, settings_of
from pipelines.errors import AiwireError, ConfigError, Unavailable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A newswire for the AI industry that fills your own Postgres.",
)
outlets_app = typer.Typer(no_args_is_help=True, help="The outlets as configured.")
app.add_typer(outlets_app, name="outlets")
app.add_typer(articles.app, name="articles")
app.add_typer(db.app, name="db")
app.command()(export)
app.command("search", context_settings={"ignore_unknown_options": True})(reading.search)


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="The folder with aiwire.toml and outlets/.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Look at the demo's installation instead.")] = False,
) -> None:
    """Options that every command takes."""
    context.obj = {"config": config, "demo": demo}


@app.command()
def demo(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="End when all is ingested, without the live part.")] = False,
    json: Json = False,
) -> None:
    """Run the daemon against three outlets on loopback, and show what it made of them."""
    from crawler.demo import run_demo

    raise typer.Exit(run_demo(settings_of(context, demo=True, need_contact=False), once=once, as_json=json))


@app.command()
def run(
    context: typer.Context,
    role: Annotated[str | None, typer.Option(help="Only this role: scheduler or worker.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due, then end.")] = False,
) -> None:
    """The daemon, until Ctrl-C; SIGHUP or a changed file reloads the outlets."""
    from crawler.daemon import run_daemon

    settings = settings_of(context, need_contact=True)
    if once:
        from crawler.crawling import run_once

        raise typer.Exit(run_once(settings))
    if role is not None and role not in ("scheduler", "worker"):
        raise ConfigError(f"there is no role {role}: scheduler or worker", code="usage")
    raise typer.Exit(run_daemon(settings, (role,) if role else ("scheduler", "worker")))


@app.command()
def crawl(
    context: typer.Context,
    outlet: Annotated[str, typer.Argument(help="The outlet's slug.")],
    limit: Annotated[int | None, typer.Option(help="At most so many articles.")] = None,
) -> None:
    """One outlet now, in the foreground: the first-contact check."""
    from crawler.crawling import crawl_outlet

    raise typer.Exit(crawl_outlet(settings_of(context, need_contact=True), outlet, limit))


@app.command("try")
def try_(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="URL|FILE")],
    *,
    url: Annotated[str | None, typer.Option(help="The address of a saved file.")] = None,
    outlet: Outlet = None,
    at: Annotated[str | None, typer.Option(help="As if fetched on that day: which dated rules apply.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The article's text as Markdown, nothing else.")] = False,
    json: Json = False,
) -> None:
    """What would be stored of a page, feed, sitemap or listing; nothing is written."""
    from crawler.trying import Wish, try_target

    if json and markdown:
        raise ConfigError("--json holds the Markdown, too: ask for one of them", code="usage")
    settings = settings_of(context, need_contact=target.startswith(("http://", "https://")))
    wish = Wish(url=url, slug=outlet, at=at, as_json=json, as_markdown=markdown)
    raise typer.Exit(try_target(settings, target, wish))


@app.command()
def extract(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="IN.jsonl")],
    target: Annotated[Path, typer.Argument(metavar="OUT.jsonl")],
    batch: Annotated[bool, typer.Option("--batch", help="Many saved pages; the only mode there is.")] = True,
    learn: Annotated[bool, typer.Option("--learn", help="Take out what the pages of one site repeat.")] = False,
) -> None:
    """The articles in many saved pages: a line in, a line out."""
    from crawler.extracting import extract_pages

    if not batch:
        raise ConfigError("for a single page there is `aiwire try`", code="usage")
    raise typer.Exit(extract_pages(settings_of(context), source, target, learn=learn))


@app.command()
def reprocess(
    context: typer.Context,
    outlet: Annotated[str, typer.Argument(help="The outlet's slug.")],
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only pages captured on this day (UTC) or later.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    json: Json = False,
) -> None:
    """An outlet's kept pages once more, after a rule was mended; shows what would change, then asks."""
    from crawler.reprocess import reprocess_outlet

    day = since.replace(tzinfo=UTC) if since else None
    code = reprocess_outlet(settings_of(context), outlet, since=day, yes=yes, dry_run=dry_run, as_json=json)
    raise typer.Exit(code)


@outlets_app.command("list")
def outlets_list(context: typer.Context, json: Json = False) -> None:
    """Every outlet with its sources."""
    from crawler.commands import list_outlets

    list_outlets(settings_of(context), as_json=json)


@outlets_app.command("check")
def outlets_check(context: typer.Context) -> None:
    """Every mistake in every file at once; nothing is fetched."""
    from crawler.commands import check_outlets

    raise typer.Exit(check_outlets(settings_of(context)))


@app.command()
def changes(
    context: typer.Context,
    *,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="Go on after this cursor; else from the first.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Begin at the present end.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more, until Ctrl-C.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document a line.")] = False,
) -> None:
    """The change feed: every article that came, changed, moved or was withdrawn, in order."""
    from crawler.changes import show_changes

    if (new and after) or (limit and follow):
        raise ConfigError("--new and --after, --limit and --follow exclude each other", code="usage")
    code = show_changes(settings_of(context), cursor=after, most=limit, follow=follow, end=new, as_json=json)
    raise typer.Exit(code)


@app.command()
def forget(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Any address that the article was known by.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
    json: Json = False,
) -> None:
    """Remove an article's text, revisions and raw pages on request; it is never fetched again."""
    from crawler.forgetting import forget_url

    raise typer.Exit(forget_url(settings_of(context), url, yes=yes, as_json=json))


@app.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Per source: last poll, last new article, next poll, state, error."""
    from crawler.commands import show_status

    show_status(settings_of(context), as_json=json)


def main() -> None:
    """The entry point: errors of ours become one message and an exit code, never a traceback."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except AiwireError as error:
        from rich.markup import escape

        from crawler.present import errors
        from crawler.scrubbing import scrub

        errors.print(f"[bold red]aiwire:[/] {escape(scrub(str(error)))}", markup=True, soft_wrap=True)
        sys.exit(2 if isinstance(error, ConfigError) else 3 if isinstance(error, Unavailable) else 1)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # click's own usage errors
            error.show()
            sys.exit(error.exit_code)
        raise
