"""`aiwire db`: the database in use."""

from __future__ import annotations

from pathlib import Path
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


@app.command("move")
def db_move(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            envvar="AIWIRE_MOVE_TO",
            show_envvar=True,
            help="The URL of an empty database, Postgres 15 or newer; its password rather in PGPASSWORD or ~/.pgpass.",
        ),
    ],
) -> None:
    """Take the installation to another Postgres; what follows it goes on with its cursors."""
    from crawler.moving import move_database

    raise typer.Exit(move_database(settings_of(context), to))


@app.command("backup")
def db_backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
) -> None:
    """All rows as of now, in one file; the daemon goes on meanwhile."""
    from crawler.backup import back_up

    raise typer.Exit(back_up(settings_of(context), file))


@app.command("restore")
def db_restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `aiwire db backup` wrote.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Also where there is an installation: it goes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
) -> None:
    """Fill an empty database from a backup; nothing happens where it is damaged."""
    from crawler.backup import restore_from

    raise typer.Exit(restore_from(settings_of(context), file, replace=replace, yes=yes))


@app.command("restored")
def db_restored(context: typer.Context) -> None:
    """Say that the server's files were put back from a copy: nothing else could tell, and cursors must know."""
    from crawler.moving import begin_epoch

    raise typer.Exit(begin_epoch(settings_of(context)))
