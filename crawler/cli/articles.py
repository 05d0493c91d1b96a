"""`aiwire articles`: what landed."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.cli.options import Json, Outlet, settings_of

app = typer.Typer(no_args_is_help=True, help="What landed.")


@app.command("list")
def articles_list(
    context: typer.Context,
    outlet: Outlet = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    json: Json = False,
) -> None:
    """The newest articles."""
    from crawler.commands import list_articles

    list_articles(settings_of(context), outlet=outlet, most=limit, as_json=json)


@app.command("show")
def articles_show(
    context: typer.Context, key: Annotated[str, typer.Argument(metavar="ID|URL")], json: Json = False
) -> None:
    """One article whole: text, credits, what was removed, revisions."""
    from crawler.commands import show_article

    raise typer.Exit(show_article(settings_of(context), key, as_json=json))


@app.command("diff")
def articles_diff(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID|URL")],
    a: Annotated[
        int | None, typer.Argument(metavar="A", min=1, help="A revision; with B left out, against the last.")
    ] = None,
    b: Annotated[int | None, typer.Argument(metavar="B", min=1, help="Another; both left out: the last two.")] = None,
    json: Json = False,
) -> None:
    """What changed between two revisions of an article, word by word."""
    from crawler.articles_diff import show_diff

    raise typer.Exit(show_diff(settings_of(context), key, a, b, as_json=json))
