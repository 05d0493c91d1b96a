"""`aiwire db`: the database in use."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from crawler.cli.options import settings_of

app = typer.Typer(no_args_is_help=True, help="The database in use.")


@app.command("migrate")
def db_migrate(context: typer.Context) -> None:
    """Bring the database to this release's schema."""
    from crawler.commands import migrate_database

    migrate_database(settings_of(context))


@app.command("shell")
def db_shell(
    context: typer.Context,
    command: Annotated[str | None, typer.Option("--command", "-c", help="Run this SQL and end.")] = None,
    role: Annotated[
        Literal["reader", "ingest", "owner"],
        typer.Option(help="reader: schema news, nothing to break; ingest: our own tables, too; owner: everything."),
    ] = "reader",
) -> None:
    """Psql on the database, or a plain prompt where psql is missing."""
    from crawler.shell import open_shell

    raise typer.Exit(open_shell(settings_of(context), command, role))


@app.command("url")
def db_url(context: typer.Context) -> None:
    """The database's URL, for other programs; a password in DATABASE_URL is printed as well."""
    from crawler.commands import print_url

    print_url(settings_of(context))
