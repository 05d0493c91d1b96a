"""What becomes of a source's discovery: nested sitemaps are read, entries become claims, an empty listing is explained.

How a source's bytes are parsed is `pipelines.discovery`'s affair; what is done with claims, `pipelines.store.entries`'.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from crawler.engine import Engine, NotModified
from crawler.outlets import Source
from crawler.spiders.base import NESTED_MOST, OutletSpider
from pipelines.discovery.entries import identifier
from pipelines.discovery.listing import link_shapes, propose_pattern
from pipelines.errors import ParseError
from pipelines.identity import canonical_url, claim_fingerprint, host_of
from pipelines.records import Discovery, Policy, SourceKind
from pipelines.sandbox import Sandbox
from pipelines.storable import clean, clean_record, fits
from pipelines.store.claims import Claim
from pipelines.store.entries import Disposition

log = structlog.get_logger(__name__)


async def read_nested(
    engine: Engine, spider: OutletSpider, source: Source, discovery: Discovery, sandbox: Sandbox
) -> Discovery:
    """A sitemap index with the entries of its newest sitemaps; anything else as it is."""
    found = list(discovery.entries)
    for url in discovery.nested[:NESTED_MOST]:
        nested = source.model_copy(update={"url": url})
        page = await engine.get(spider.poll_request(nested))
        if not isinstance(page, NotModified):
            found.extend((await spider.read_source(nested, page, sandbox)).entries)
    return replace(discovery, entries=tuple(found))


def claims_of(discovery: Discovery, spider: OutletSpider) -> list[Claim]:
    """The entries as claims on article pages, as Postgres can hold them; what is not to be fetched says why.

    An entry without an address that can be used is told and passed over; an identifier that can't be a key is none.
    """
    claims = []
    for said in discovery.entries:
        try:
            key = canonical_url(said.url)
            if not fits(said.url):
                raise ParseError("it holds NUL or half a surrogate pair", subject=said.url[:200], code="bad_url")  # noqa: TRY301
        except ParseError as error:
            log.info("claim_refused", outlet=spider.outlet.slug, url=clean(said.url[:200]), reason=error.code)
            continue
        entry = clean_record(replace(said, guid=identifier(said.guid)))
        host = host_of(key)
        disposition, reason = None, None
        if spider.outlet.policy is Policy.DISCOVERY_ONLY:
            disposition, reason = Disposition.DISCOVERED, "policy"
        elif not spider.wanted(host):
            disposition, reason = Disposition.REFUSED, "off_site"
        claims.append(
            Claim(
                entry=entry,
                url_key=key,
                host=host,
                fingerprint=claim_fingerprint(entry),
                disposition=disposition,
                reason=reason,
            )
        )
    return claims


def explain_empty(discovery: Discovery) -> str:
    """Why a source brought no entry, and what to do about it."""
    if discovery.kind is not SourceKind.LISTING:
        skipped = ", ".join(f"{count} {reason}" for reason, count in sorted(discovery.skipped.items()))
        return "it holds no entry" + (f" that can be used ({skipped})" if skipped else "")
    if not discovery.links:
        return "the listing holds no link of its own site: is it drawn by JavaScript, or a consent page?"
    shapes = ", ".join(f"{shape} ({count})" for shape, count in link_shapes(discovery.links)[:5])
    proposal = propose_pattern(discovery.links)
    advice = f"; link_pattern = '{proposal}' would match" if proposal else ""
    return f"no link matches link_pattern; links seen: {shapes}{advice}"
