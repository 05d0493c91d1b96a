"""`aiwire search`: finding what landed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from crawler.cli.options import Json, Outlet, settings_of
from pipelines.errors import ConfigError

_DAY = ["%Y-%m-%d"]


def search(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS…", help='Words, -words that must be absent, or, "a phrase".')
    ],
    *,
    outlet: Outlet = None,
    language: Annotated[str | None, typer.Option(help="Only articles in this language (en, it, …).")] = None,
    since: Annotated[datetime | None, typer.Option(formats=_DAY, help="Published on this day (UTC) or later.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, help="Published before this day (UTC).")] = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first, not the best.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 10,
    json: Json = False,
) -> None:
    """Articles by their words, the best first."""
    from crawler.searching import Wanted, search_articles

    # "-word" is one of the words; so a mistyped option arrives here, too.
    if odd := [word for word in words if word.startswith("--")]:
        raise ConfigError(f"there is no option {odd[0]}: see aiwire search --help", code="usage")
    wanted = Wanted(
        words=" ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words),
        language=language,
        outlet=outlet,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
        most=limit,
        newest=newest,
    )
    raise typer.Exit(search_articles(settings_of(context), wanted, as_json=json))
