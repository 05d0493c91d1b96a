"""`aiwire try`: what would be stored of a page, feed, sitemap or listing; nothing is written.

The stages are the daemon's own; how the outcome is shown is `crawler.present`'s affair.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from rich.text import Text
from scrapy import Request

from crawler import present
from crawler.batch import answer_of, read_page
from crawler.engine import Engine, NotModified, run_in_reactor
from crawler.outlets import Outlet, load_outlets
from crawler.politeness.courtesy import Courtesy
from crawler.settings import Settings
from crawler.spiders.sources import explain_empty
from crawler.tools import new_sandbox
from pipelines.discovery import discover
from pipelines.errors import ConfigError, ParseError
from pipelines.identity import covers, host_of
from pipelines.ingest import ingest
from pipelines.records import Context, Discovery, Hints, Ingested, Page, SourceKind
from pipelines.sandbox import Sandbox

_FEED = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
_SITEMAP = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a target is looked at: `url` is the address of a saved file, `at` the day or instant of its fetch."""

    url: str | None = None
    slug: str | None = None
    at: str | None = None
    as_json: bool = False
    as_markdown: bool = False


def try_target(settings: Settings, target: str, wish: Wish) -> int:
    """Show what a URL or a saved file holds. Raises ConfigError, FetchError, ParseError or ExtractError."""
    outlets = load_outlets(settings.config_dir)
    remote = target.startswith(("http://", "https://"))
    address = target if remote else wish.url or Path(target).absolute().as_uri().replace("file://", "https://localhost")
    outlet = _outlet(outlets, wish.slug, address)
    at = _instant(wish.at, outlet) if wish.at else None
    with new_sandbox(settings) as sandbox:
        page = (
            _fetched(settings, sandbox, target)
            if remote
            else Page(url=address, body=read_page(Path(target)), fetched_at=datetime.now(UTC))
        )
        if at is not None:
            page = replace(page, fetched_at=at)
        source = next((s for s in outlet.sources if s.url == address), None) if outlet else None
        kind = source.kind if source else _kind(page, outlet)
        if kind is not None:
            pattern = (source.link_pattern if source else None) or _pattern(outlet)
            task = partial(
                discover, kind, url=page.url, content_type=page.header("Content-Type"), link_pattern=pattern,
                timezone=outlet.timezone if outlet else None, now=page.fetched_at,
            )  # fmt: skip
            found = sandbox.call(task, page.body, subject=page.url)
            _show_entries(found, as_json=wish.as_json)
            return 0
        context = Context(
            outlet_name=outlet.name if outlet else None,
            language=outlet.language if outlet else None,
            timezone=outlet.timezone if outlet else None,
            hints=outlet.hints_at(page.fetched_at) if outlet else Hints(),
        )
        ingested = sandbox.call(
            partial(ingest, context=context, relevant=bool(outlet and outlet.relevant)), page, subject=page.url
        )
    if wish.as_markdown:
        present.console.print(Text(ingested.extraction.markdown), soft_wrap=True)
    else:
        _show_article(ingested, as_json=wish.as_json)
    return 0


def _instant(at: str, outlet: Outlet | None) -> datetime:
    """A day (its noon) or an instant as ISO 8601 has it; without an offset it is in the outlet's zone."""
    try:
        day = len(at) == len("2026-03-01")
        instant = datetime.combine(date.fromisoformat(at), time(12)) if day else datetime.fromisoformat(at)
    except ValueError as error:
        raise ConfigError(
            f"--at: {at!r} is no day (2026-03-01) and no instant (2026-03-01T09:30+01:00)", code="usage"
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=outlet.zone if outlet else UTC)


def _outlet(outlets: tuple[Outlet, ...], slug: str | None, address: str) -> Outlet | None:
    if slug is None:
        return next((outlet for outlet in outlets if covers(host_of(address), outlet.hosts)), None)
    for outlet in outlets:
        if outlet.slug == slug:
            return outlet
    raise ConfigError("there is no such outlet", subject=slug, code="no_outlet")


def _fetched(settings: Settings, sandbox: Sandbox, url: str) -> Page:
    async def get() -> Page | NotModified:
        courtesy = Courtesy(gap=timedelta(seconds=settings.gap))
        async with Engine(settings, courtesy=courtesy, sandbox=sandbox) as engine:
            return await engine.get(Request(url, meta={"handle_httpstatus_all": True}, dont_filter=True))

    page = run_in_reactor(get)
    assert isinstance(page, Page)  # noqa: S101 -- no validator was sent, so there is no 304
    return page


def _kind(page: Page, outlet: Outlet | None) -> SourceKind | None:
    """What the bytes are, None for a page; a JSON Feed and a gzipped sitemap are known by their beginnings, too."""
    head = page.body[:4_096]
    if _SITEMAP.search(head) or (head.startswith(b"\x1f\x8b") and "sitemap" in page.url):
        return SourceKind.SITEMAP
    if _FEED.search(head) and not re.search(rb"<html[\s>]", head, re.IGNORECASE):
        return SourceKind.FEED
    if head.lstrip().startswith(b"{"):
        try:
            if "jsonfeed.org" in str(json.loads(page.body).get("version")):
                return SourceKind.FEED
        except (ValueError, AttributeError):
            raise ParseError("JSON, but no JSON Feed", subject=page.url, code="feed_unparsable") from None
    if outlet is not None and page.url.rstrip("/") in [source.url.rstrip("/") for source in outlet.sources]:
        return SourceKind.LISTING
    return None


def _pattern(outlet: Outlet | None) -> str:
    return next((source.link_pattern for source in outlet.sources if source.link_pattern), ".") if outlet else "."


def _show_entries(found: Discovery, *, as_json: bool) -> None:
    if as_json:
        entries = [
            {
                "url": e.url,
                "title": e.title,
                "published": e.published.isoformat() if e.published else None,
                "guid": e.guid,
            }
            for e in found.entries
        ]
        present.as_json({"kind": found.kind, "entries": entries, "nested": found.nested, "skipped": found.skipped})
        return
    present.console.print(
        f"{found.kind}: {len(found.entries)} entries"
        + (f", {len(found.nested)} nested sitemaps" if found.nested else "")
    )
    present.console.print(present.entries(found.entries))
    if not found.entries:
        present.console.print(explain_empty(replace(found, entries=())), markup=False)


def _show_article(ingested: Ingested, *, as_json: bool) -> None:
    extraction = ingested.extraction
    if as_json:
        present.as_json(
            {
                **answer_of(extraction),
                "byline": extraction.byline.value if extraction.byline else None,
                "section": extraction.section.value if extraction.section else None,
                "image": extraction.image.value if extraction.image else None,
                "rights": extraction.rights.value if extraction.rights else None,
                "markdown": extraction.markdown,
                "kept": [asdict(block) for block in extraction.kept],
                "removed": [asdict(block) for block in extraction.removed],
                "second_opinion": extraction.second_opinion,
                "reserved": extraction.reserved,
                "provenance": present.provenance(extraction),
                "attributions": [asdict(found) for found in ingested.attributions],
                "relevance": asdict(ingested.relevance),
            }
        )
        return
    out = present.console
    for line in present.page_fields(extraction):
        out.print(line, soft_wrap=True)
    out.print(
        Text.assemble(
            ("relevant   ", "bold"),
            "yes" if ingested.relevance.relevant else "no",
            (f"  ({', '.join(ingested.relevance.why)})", "dim"),
        )
    )
    for found in ingested.attributions:
        out.print(
            Text.assemble(("credits    ", "bold"), found.credited, (f"  ({found.form}): “{found.evidence}”", "cyan"))
        )
    if extraction.reserved:
        told = f"Its text is reserved, and would not be kept: {'; '.join(extraction.reserved)}."
        out.print(told, style="bold yellow", markup=False)
    if extraction.second_opinion:
        out.print("The page looked suspect: a second extractor was asked.", style="yellow")
    out.print()
    for line in present.page_text(extraction):
        out.print(line, soft_wrap=True)
