"""`aiwire try`: what would be stored of a page, feed, sitemap or listing; nothing is written.

The stages are the daemon's own; how the outcome is shown is `crawler.present`'s affair.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

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


def try_target(settings: Settings, target: str, *, url: str | None, slug: str | None, as_json: bool) -> int:
    """Show what a URL or a saved file holds. Raises ConfigError, FetchError, ParseError or ExtractError."""
    outlets = load_outlets(settings.config_dir)
    remote = target.startswith(("http://", "https://"))
    address = target if remote else url or Path(target).absolute().as_uri().replace("file://", "https://localhost")
    outlet = _outlet(outlets, slug, address)
    with new_sandbox(settings) as sandbox:
        page = (
            _fetched(settings, sandbox, target)
            if remote
            else Page(url=address, body=read_page(Path(target)), fetched_at=datetime.now(UTC))
        )
        source = next((s for s in outlet.sources if s.url == address), None) if outlet else None
        kind = source.kind if source else _kind(page, outlet)
        if kind is not None:
            pattern = (source.link_pattern if source else None) or _pattern(outlet)
            task = partial(
                discover, kind, url=page.url, content_type=page.header("Content-Type"), link_pattern=pattern,
                timezone=outlet.timezone if outlet else None, now=page.fetched_at,
            )  # fmt: skip
            found = sandbox.call(task, page.body, subject=page.url)
            _show_entries(found, as_json=as_json)
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
    _show_article(ingested, as_json=as_json)
    return 0


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
    provenance: dict[str, Any] = {}
    for name in ("title", "standfirst", "byline", "authors", "published", "modified", "language", "section", "image"):
        field = getattr(extraction, name)
        if field is not None:
            provenance[name] = {"origin": field.origin, "disagreeing": field.disagreeing}
    if as_json:
        credited = [
            {"credited": a.credited, "form": a.form, "evidence": a.evidence, "confidence": a.confidence}
            for a in ingested.attributions
        ]
        relevance = {
            "relevant": ingested.relevance.relevant,
            "score": ingested.relevance.score,
            "why": ingested.relevance.why,
        }
        present.as_json(
            {**answer_of(extraction), "provenance": provenance, "attributions": credited, "relevance": relevance}
        )
        return
    out = present.console
    for name, said in provenance.items():
        value = getattr(extraction, name).value
        shown = (
            value.isoformat()
            if hasattr(value, "isoformat")
            else ", ".join(value)
            if isinstance(value, tuple)
            else value
        )
        out.print(Text.assemble((f"{name:<11}", "bold"), shown, (f"  ({said['origin']})", "dim")))
        for origin, other in said["disagreeing"]:
            out.print(Text(f"           {origin} says: {other}", style="dim yellow"))
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
    out.print()
    out.print(Text(extraction.text))
    for block in extraction.removed:
        out.print(Text(f"\n- removed as {block.reason} by {block.rule}:", style="red"))
        out.print(Text(block.text, style="strike dim"))
