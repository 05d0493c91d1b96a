"""`aiwire forget URL`: on request, an article's text, revisions and raw bytes go, and its addresses are never fetched again.

What is removed where is `pipelines.store.withdrawals`' and `pipelines.store.captures`' affair.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sized
from datetime import UTC, datetime

from crawler import present
from crawler.commands import database
from crawler.object_storage import open_storage
from crawler.settings import Settings
from pipelines.errors import ConfigError
from pipelines.identity import canonical_url
from pipelines.store import articles, captures, withdrawals
from pipelines.store.database import Database
from pipelines.store.withdrawals import Found


def forget_url(settings: Settings, url: str, *, yes: bool, as_json: bool) -> int:
    """Forget what is known by an address, once that was seen; 1 where nobody said to.

    Raises ConfigError where it is no http(s) address.
    """
    try:
        url_key = canonical_url(url)
    except ValueError as error:
        raise ConfigError(f"{error}: give the article's address", subject=url, code="usage") from error
    with database(settings) as database_url:
        return asyncio.run(_forget(settings, database_url, url_key, yes=yes, as_json=as_json))


async def _forget(settings: Settings, database_url: str, url_key: str, *, yes: bool, as_json: bool) -> int:
    storage = open_storage(settings.captures)
    async with Database(database_url, size=1, name="aiwire-forget", role="owner") as opened:
        async with opened.transaction() as connection:
            found = await withdrawals.find(connection, url_key)
        if not yes:
            _show(found)
            if as_json or not sys.stdin.isatty():
                present.errors.print("Nothing was removed: --yes does it.")
                return 1
            if present.errors.input("Remove this for ever? [y/N] ").strip().lower() not in ("y", "yes"):
                return 1
        async with opened.transaction() as connection:
            # No visit of the outlet stores it while it goes; and what a visit brought since it was shown goes, too.
            for outlet in await withdrawals.outlets_of(connection, url_key):
                await articles.lock(connection, outlet)
            found = await withdrawals.find(connection, url_key)
            await withdrawals.forget(connection, found, datetime.now(UTC))
            await captures.erase(connection, found.entries, storage)
    if as_json:
        present.as_json(
            {"articles": [str(id_) for id_ in found.articles], "entries": len(found.entries), "urls": found.urls}
        )
    else:
        present.console.print(
            f"Forgotten: {_many(found.articles, 'article', 'articles')}, {_many(found.entries, 'entry', 'entries')}; never fetched again:",
            markup=False,
        )
        for known in found.urls:
            present.console.print(f"  {known}", markup=False, soft_wrap=True)
    return 0


def _show(found: Found) -> None:
    present.errors.print(
        f"{_many(found.articles, 'article', 'articles')} with all revisions, removed blocks, credits and raw pages, and what "
        f"sources said in {_many(found.entries, 'entry', 'entries')}. These addresses are not fetched again:",
        markup=False,
    )
    for known in found.urls:
        present.errors.print(f"  {known}", markup=False, soft_wrap=True)


def _many(found: Sized, one: str, many: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else many}"
