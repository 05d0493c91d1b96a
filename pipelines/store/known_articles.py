"""What is known of the addresses of a page: the article that it is, who holds which address, whether one was forgotten.

What is written then is `pipelines.store.articles`' affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pipelines.identity import same_article
from pipelines.records import Extraction
from pipelines.store.database import Connection
from pipelines.verdict import Known

_COLUMNS = """
    a.id, a.url, a.revision, a.content_hash, r.title, r.standfirst, r.authors, r.published, r.modified, r.text, r.rules,
    a.withdrawn_reason
"""
# The revision of a forgotten article is gone.
_REVISION = """
    LEFT JOIN aiwire.revision r ON r.article_id = a.id AND r.number = a.revision AND r.seen_at = a.changed_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article of ours: its current text, and why it was withdrawn, if it was."""

    known: Known
    withdrawn_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What is known of a page's addresses, canonical URLs as strings, and of its guid.

    `by_url` are the articles that hold them, `by_guid` the one that the guid names, `forgotten` says that one of the
    URLs must not be fetched any more.
    """

    by_url: Mapping[str, Article]
    by_guid: Article | None
    forgotten: bool

    def holder(self, url: str) -> UUID | None:
        """The article that is known by this URL."""
        return self.by_url[url].known.article_id if url in self.by_url else None

    def article(self, extraction: Extraction, *, own: Sequence[str], canonical: str) -> Article | None:
        """The article that the page is: one that holds a URL of `own`; one that `canonical` or the guid names, if it says the same."""
        for url in own:
            if found := self.by_url.get(url):
                return found
        title = extraction.title.value if extraction.title else ""
        for found in (self.by_url.get(canonical), self.by_guid):
            if found is not None and same_article(found.known.title, found.known.text, title, extraction.text):
                return found
        return None


async def of_addresses(
    connection: Connection, asked: Sequence[tuple[str, Sequence[str], str | None]]
) -> list[Addresses]:
    """What is known of pages' addresses: for each (outlet, canonical URLs, guid); the caller holds the outlets' locks."""
    keys = [(outlet, "url", url) for outlet, urls, _ in asked for url in urls]
    keys += [(outlet, "guid", guid) for outlet, _, guid in asked if guid is not None]
    cursor = await connection.execute(
        f"""
        SELECT u.outlet, u.kind, u.value, {_COLUMNS}
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (outlet, kind, value)
        JOIN aiwire.article_url u ON u.outlet = k.outlet AND u.kind = k.kind AND u.value = k.value
        JOIN aiwire.article a ON a.id = u.article_id
        {_REVISION}
        """.encode(),  # noqa: S608 -- constants
        tuple(list(column) for column in zip(*keys, strict=True)) if keys else ([], [], []),
    )
    found = {tuple(row[:3]): _article(row[3:]) for row in await cursor.fetchall()}
    cursor = await connection.execute(
        "SELECT url_key FROM aiwire.forgotten WHERE url_key = ANY(%s)",
        ([url for _, kind, url in keys if kind == "url"],),
    )
    forgotten = {row[0] for row in await cursor.fetchall()}
    return [
        Addresses(
            by_url={url: found[outlet, "url", url] for url in urls if (outlet, "url", url) in found},
            by_guid=found.get((outlet, "guid", guid or "")),
            forgotten=not forgotten.isdisjoint(urls),
        )
        for outlet, urls, guid in asked
    ]


async def by_id(connection: Connection, article_id: UUID) -> Article | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM aiwire.article a {_REVISION} WHERE a.id = %s".encode(),  # noqa: S608 -- constants
        (article_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _article(row)


def _article(row: tuple[Any, ...]) -> Article:
    id_, url, revision, content_hash, title, standfirst, authors, published, modified, text, rules, withdrawn = row
    known = Known(
        article_id=id_,
        url=url,
        revision=revision,
        content_hash=content_hash,
        title=title or "",
        standfirst=standfirst,
        authors=tuple(authors or ()),
        published=published,
        modified=modified,
        text=text or "",
        rules=None if rules is None else bytes(rules),
    )
    return Article(known=known, withdrawn_reason=withdrawn)
