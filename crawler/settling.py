"""What becomes of an entry whose page was read or refused: its disposition, its next look, and a withdrawn article.

Fetching and reading are `crawler.fetching`'s affair; the daemon and `aiwire reprocess` settle in the same way.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crawler.cadence import looks_from, next_look
from crawler.settings import Settings
from crawler.spiders.base import OutletSpider
from pipelines.records import Ingested
from pipelines.store import entries, withdrawals
from pipelines.store.arrivals import Forgotten, Stored
from pipelines.store.database import Connection
from pipelines.store.entries import Disposition, Settlement, Work

MISSING_FOR = timedelta(days=1)
"""A stored article whose address answers 404 is gone when it does so again after this long; 410 says it at once."""


def look_again(settings: Settings, spider: OutletSpider, work: Work, now: datetime) -> datetime | None:
    """When the entry's page is next asked whether it changed."""
    return next_look(work.looks_from or work.discovered_at, _delays(settings, spider), now)


def stored(
    settings: Settings,
    spider: OutletSpider,
    work: Work,
    *,
    became: Stored | Forgotten,
    ingested: Ingested,
    now: datetime,
    looked: bool,
) -> Settlement:
    """The disposition of an entry whose page was read as an article."""
    if isinstance(became, Forgotten):
        return Settlement(entry_id=work.id, disposition=Disposition.REFUSED, now=now, reason="forgotten")
    delays = _delays(settings, spider)
    published = ingested.extraction.published
    since = work.looks_from or looks_from(work.discovered_at, published.value if published else None, delays)
    # An entry that had the article before goes on having it, whoever brought it first.
    duplicate = work.article_id is None and not became.new and became.brought_by_other
    return Settlement(
        entry_id=work.id,
        disposition=Disposition.DUPLICATE if duplicate else Disposition.STORED,
        now=now,
        article_id=became.article_id,
        look_again_at=None if duplicate else next_look(since, delays, now),
        looks_from=since,
        looked=looked,
    )


async def absent(
    connection: Connection,
    settings: Settings,
    spider: OutletSpider,
    work: Work,
    *,
    message: str,
    code: str,
    now: datetime,
) -> str:
    """A page that answers 404 (`not_found`) or 410 (`gone`); returns what became of it: `missing`, `withdrawn`, `gone`.

    A stored article that is not found is looked at again a day later, and is gone if it is still not found then.
    """
    if work.article_id is not None and code == "not_found":
        since = work.missing_since or now
        if now - since < MISSING_FOR:
            at = since + MISSING_FOR
            await entries.missing(connection, work.id, reason=code, message=message, since=since, look_again_at=at)
            return "missing"
    await entries.settle(connection, work.id, Disposition.GONE, now=now, reason=code, message=message)
    if work.article_id is None:
        return "gone"
    return "withdrawn" if await withdraw(connection, settings, spider, work, reason="gone", now=now) else "gone"


async def reserved(
    connection: Connection,
    settings: Settings,
    spider: OutletSpider,
    work: Work,
    *,
    message: str,
    code: str,
    now: datetime,
) -> bool:
    """A page whose text may not be kept (any more); returns whether an article was withdrawn for it.

    `code` is `rights_reserved` where the page says so, `robots_refused` where robots.txt does. Of a page that was never
    stored, what its source said of it stays.
    """
    refused = work.article_id is not None or code == "robots_refused"
    disposition = Disposition.REFUSED if refused else Disposition.DISCOVERED
    await entries.settle(connection, work.id, disposition, now=now, reason=code, message=message)
    if work.article_id is None:
        return False
    return await withdraw(connection, settings, spider, work, reason="rights_reserved", now=now)


async def withdraw(
    connection: Connection, settings: Settings, spider: OutletSpider, work: Work, *, reason: str, now: datetime
) -> bool:
    """Withdraw the entry's article, its text withheld where the outlet or the installation says so for that reason."""
    if work.article_id is None:
        return False
    told = spider.outlet.withhold
    withheld = reason in (settings.withhold if told is None else told)
    return await withdrawals.withdraw(connection, work.article_id, reason, withheld=withheld, now=now, entry_id=work.id)


def _delays(settings: Settings, spider: OutletSpider) -> tuple[float, ...]:
    delays = spider.outlet.second_looks
    return settings.second_looks if delays is None else delays
