"""Articles of a made-up outlet, stored as the worker stores them: for tests of what consumers see."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pipelines.identity import canonical_url, claim_fingerprint, content_hash
from pipelines.records import Entry, Extraction, Field, Ingested, Origin, Precision, Relevance, When
from pipelines.repetition import seen_blocks
from pipelines.store import articles, sources, withdrawals
from pipelines.store.arrivals import Stored
from pipelines.store.claims import Claim, write_claims
from pipelines.store.database import Database
from pipelines.store.sources import OutletRow

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
SITE = "https://news.example"


async def an_outlet(database: Database, slug: str = "example") -> None:
    row = OutletRow(
        slug=slug,
        name=slug.title(),
        homepage=SITE,
        language="en",
        policy="scrape",
        definition={"name": slug.title(), "country": "IT", "timezone": "Europe/Rome"},
        sources=(("feed", f"{SITE}/{slug}/feed", "news.example"),),
    )
    async with database.transaction() as connection:
        await sources.sync(connection, [row], NOW)


async def rows(database: Database, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    async with database.transaction() as connection:
        cursor = await connection.execute(query.encode(), parameters)
        return await cursor.fetchall() if cursor.description else []


def claim(path: str, **said: str) -> Claim:
    """What a source says of a page at that path."""
    entry = Entry(url=f"{SITE}{path}", **said)
    key = canonical_url(entry.url)
    return Claim(entry=entry, url_key=key, host="news.example", fingerprint=claim_fingerprint(entry))


async def new_entry(database: Database, path: str) -> int:
    """An entry that a source has just claimed; its id."""
    made = claim(path)
    async with database.transaction() as connection:
        source = (await (await connection.execute("SELECT min(id) FROM aiwire.source")).fetchone() or [0])[0]
        await write_claims(connection, source_id=source, outlet="example", claims=[made], now=NOW)
    return int((await rows(database, "SELECT id FROM aiwire.entry WHERE url_key = %s", made.url_key))[0][0])


def ingested(
    path: str,
    text: str,
    *,
    title: str = "A title of some length",
    language: str | None = None,
    published: datetime | None = NOW,
    canonical: str | None = None,
) -> Ingested:
    """What the sandbox would find out about a page at that path."""
    when = When(instant=published, precision=Precision.MINUTE) if published else None
    extraction = Extraction(
        url=f"{SITE}{path}",
        canonical_url=canonical,
        title=Field(value=title, origin=Origin.HEADING),
        standfirst=None,
        byline=None,
        authors=None,
        published=Field(value=when, origin=Origin.JSON_LD) if when else None,
        modified=None,
        language=Field(value=language, origin=Origin.TEXT) if language else None,
        section=None,
        image=None,
        paywalled=None,
        rights=None,
        markdown="",
        kept=(),
        second_opinion=False,
        text=text,
        removed=(),
    )
    relevance = Relevance(relevant=False, score=0.0, why=())
    return Ingested(
        extraction=extraction,
        attributions=(),
        relevance=relevance,
        content_hash=content_hash(extraction),
        seen=seen_blocks(extraction),
    )


async def store_at(database: Database, found: Ingested, *, outlet: str = "example", now: datetime = NOW) -> Stored:
    async with database.transaction() as connection:
        stored = await articles.store(
            connection,
            outlet=outlet,
            ingested=found,
            claimed_key=found.extraction.url,
            guid=None,
            capture_sha256=hashlib.sha256(found.extraction.url.encode()).digest(),
            now=now,
        )
    assert isinstance(stored, Stored)
    return stored


async def withdraw_at(
    database: Database, path: str, *, reason: str = "rights_reserved", withheld: bool, now: datetime = NOW
) -> UUID:
    """Withdraw the article of that path; returns its id."""
    async with database.transaction() as connection:
        found = await withdrawals.find(connection, f"{SITE}{path}")
        (article_id,) = found.articles
        later = now + timedelta(days=1)
        assert await withdrawals.withdraw(connection, article_id, reason, withheld=withheld, now=later, entry_id=0)
    return article_id
