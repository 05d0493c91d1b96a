"""What passes between the stages: one frozen record a stage, never one that fills up.

Nothing here does I/O or knows a library; how each record comes to be is the stages' affair.

    Source --poll--> Entry --fetch--> Page --sandbox--> Extraction --verdict--> Verdict
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Withdrawal(StrEnum):
    """Why an article is withdrawn without anybody asking for it."""

    GONE = "gone"
    """410, or 404 twice, a day apart."""
    RIGHTS_RESERVED = "rights_reserved"
    """robots.txt or the page itself reserves the text against machines now."""


class Policy(StrEnum):
    """What an outlet's operator of aiwire allows it to do with the outlet."""

    SCRAPE = "scrape"
    DISCOVERY_ONLY = "discovery-only"
    """Entries are recorded with what the source says of them; article pages are never fetched."""
    NEVER_SCRAPE = "never-scrape"
    """No request at all; the outlet exists as a name that others credit."""


class SourceKind(StrEnum):
    """The shapes in which an outlet announces its articles."""

    FEED = "feed"
    NEWS_SITEMAP = "news-sitemap"
    SITEMAP = "sitemap"
    LISTING = "listing"


class Precision(StrEnum):
    """How exactly a publisher stated an instant."""

    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


class Origin(StrEnum):
    """Where a field's value was read."""

    JSON_LD = "json-ld"
    OPENGRAPH = "opengraph"
    MICRODATA = "microdata"
    META = "meta"
    TIME_ELEMENT = "time-element"
    BYLINE_LINE = "byline-line"
    HEADING = "heading"
    URL = "url"
    SOURCE = "source"
    """The feed, sitemap or listing that announced the article."""
    TRAFILATURA = "trafilatura"
    TEXT = "text"
    """The article's own words: their language."""
    OUTLET_RULE = "outlet-rule"


class Reason(StrEnum):
    """Why a block of text was removed."""

    REPEATED = "repeated"
    BYLINE_LINE = "byline_line"
    DATE_LINE = "date_line"
    AUTHOR_BIO = "author_bio"
    RELATED = "related"
    PROMO = "promo"
    NEWSLETTER = "newsletter"
    SHARE = "share"
    CAPTION = "caption"
    CREDIT = "credit"
    COPYRIGHT = "copyright"
    COMMENTS_UI = "comments_ui"
    COOKIE = "cookie"
    TITLE_REPEAT = "title_repeat"
    OUTLET_RULE = "outlet_rule"
    NAVIGATION = "navigation"
    """Tags, breadcrumbs, a table of contents."""
    OTHER = "other"
    """The weighing left it out, and no rule names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """An instant as its publisher stated it.

    `instant` is aware and keeps the publisher's UTC offset; for `Precision.DAY` it is midnight of
    that day in the publisher's (or, where `zone_assumed`, the outlet's) zone, and only the day
    was stated.
    """

    instant: datetime
    precision: Precision
    zone_assumed: bool = False

    def __post_init__(self) -> None:
        if self.instant.tzinfo is None:
            raise ValueError(f"a When needs an aware datetime, got {self.instant!r}")

    @property
    def utc(self) -> datetime:
        return self.instant.astimezone(UTC)

    @property
    def day(self) -> date:
        """The calendar day as the publisher wrote it."""
        return self.instant.date()

    def isoformat(self) -> str:
        """`2026-01-12` for a bare day, else ISO 8601 with the publisher's offset."""
        if self.precision is Precision.DAY:
            return self.instant.date().isoformat()
        timespec = "minutes" if self.precision is Precision.MINUTE else "seconds"
        return self.instant.isoformat(timespec=timespec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a source claims: a URL, and what it says of the article behind it.

    `url` is absolute and as the source gave it (tracking parameters included); `guid` is the
    source's own identifier where it has one, never invented.
    """

    url: str
    title: str | None = None
    published: When | None = None
    modified: When | None = None
    guid: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What the bytes of one source said.

    `nested` are sitemaps to read next (a sitemap index). `links` is only filled for listings:
    every same-site link seen, so that a pattern can be proposed where none of them matched.
    `skipped` counts what was there but unusable (no link, a bad URL), by reason.
    """

    kind: SourceKind
    entries: tuple[Entry, ...]
    title: str | None = None
    nested: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Fetched bytes, as they came (content encodings of the transport undone, nothing else)."""

    url: str
    """The address that answered, after redirects."""
    body: bytes
    fetched_at: datetime
    requested_url: str | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of that name, case-insensitively."""
        wanted = name.lower()
        return next((v for k, v in self.headers if k.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What an outlet's TOML knows of its pages; all selectors are CSS, or XPath if they start with / or (."""

    keep: tuple[str, ...] = ()
    """Where the article's text is; the first selector that matches wins."""
    prune: tuple[str, ...] = ()
    """What to take out of the page before anything reads it."""
    byline: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """Blocks of text that the outlet's articles legitimately repeat: never taken out as repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What extraction may know of a page beyond its bytes."""

    outlet_name: str | None = None
    language: str | None = None
    timezone: str | None = None
    """IANA name; a date without a zone is in this one."""
    hints: Hints = Hints()
    entry: Entry | None = None
    """What the source said of it: used where the page itself is silent."""
    repeated: frozenset[bytes] = frozenset()
    """Fingerprints (`identity.block_fingerprint`) of the blocks that the outlet's other articles repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Generic[T]):
    """A value, where it was read, and what other places said instead."""

    value: T
    origin: Origin
    disagreeing: tuple[tuple[Origin, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedBlock:
    """A block of the page that is not the article: the evidence of its removal.

    `position` is its index among all text blocks of the page, kept and removed, from 0.
    """

    text: str
    reason: Reason
    rule: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBlock:
    """A block of the article's text; `position` as in RemovedBlock."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class SeenBlock:
    """A block of one page. `weight` is its length in characters, a letter of a script without spaces counting thrice.

    `kept` is false where it was taken out because the outlet repeats it: it goes on being seen.
    """

    fingerprint: bytes
    sample: str
    weight: int
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a page says of its article beside the text: each value with where it was read."""

    canonical_url: str | None
    """rel=canonical as the page states it, absolute; believed or not by `pipelines.identity`."""
    title: Field[str] | None
    standfirst: Field[str] | None
    byline: Field[str] | None
    authors: Field[tuple[str, ...]] | None
    published: Field[When] | None
    modified: Field[When] | None
    language: Field[str] | None
    section: Field[str] | None
    image: Field[str] | None
    paywalled: Field[bool] | None
    rights: Field[str] | None
    """The licence (a URL or its name) or the rights note that goes with the article."""
    reserved: tuple[str, ...] = ()
    """Signals by which the text is reserved against machines; see `pipelines.reservation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction(Metadata):
    """The article that a page holds. `text` has paragraphs separated by a newline."""

    url: str
    text: str
    markdown: str
    """The same text with its headings, lists, quotes and tables marked (CommonMark, GitHub's tables)."""
    removed: tuple[RemovedBlock, ...]
    kept: tuple[KeptBlock, ...]
    second_opinion: bool
    """Signals made the page suspect, and another extractor was asked."""
    cleaned: tuple[str, ...] = ()
    """Where U+FFFD stands for what can't be held (`pipelines.storable`): fields, `provenance`, `removed_block`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A news source that an article credits, and the sentence that says so."""

    credited: str
    form: str
    evidence: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """Whether an article is AI-industry news, and which terms said so."""

    relevant: bool
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """All that the sandbox found out about one page; what `pipelines.store` writes."""

    extraction: Extraction
    attributions: tuple[Attribution, ...]
    relevance: Relevance
    content_hash: bytes
    """SHA-256 over the fields that make a revision; equal hashes mean an unchanged article."""
    seen: tuple[SeenBlock, ...] = ()
    """What counts as seen in the page (`repetition.seen_blocks`)."""

    @property
    def cleaned(self) -> tuple[str, ...]:
        return self.extraction.cleaned
