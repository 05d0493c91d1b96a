"""What several commands of `aiwire` take: options, and the settings that they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crawler.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Outlet = Annotated[str | None, typer.Option("--outlet", help="Only this outlet.")]


def settings_of(context: typer.Context, *, demo: bool = False, need_contact: bool = False) -> Settings:
    """The settings of a command, by the options before it; see `crawler.commands.prepare`."""
    from crawler.commands import prepare

    return prepare(context.obj["config"], demo=demo or context.obj["demo"], need_contact=need_contact)
