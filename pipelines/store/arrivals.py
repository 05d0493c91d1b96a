"""What is brought to the store, and what comes of it: pages that were read, and the outcomes of storing them.

Storing itself is `pipelines.store.articles`' affair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pipelines.identity import canonical_url, trusted_canonical
from pipelines.records import Ingested
from pipelines.store.repetition import Learned
from pipelines.store.revisions import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a page: `brought_by_other` is true where another entry had already brought its article.

    `revised` says that the publisher changed it. `learned` is what became known of the outlet's repeated blocks.
    """

    article_id: UUID
    url: str
    revision: int
    new: bool
    revised: bool
    brought_by_other: bool
    learned: Learned = field(default_factory=Learned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Nothing was written: the page differs from the article's revision, but the rules by which that was read differ, too.

    Whether the publisher or we changed it shows when the revision's page is read by today's rules: see ReadAgain.
    """

    article_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nothing was written: somebody asked that this address be forgotten (`aiwire forget`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """The kept page of a revision, as today's rules read it."""

    revision: int
    ingested: Ingested
    reading: Reading
    capture_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A page that was read, and is to be stored.

    `claimed_key` is the canonical form of the URL that the source gave; the page's own URL differs after a redirect.
    `before` answers a Doubt: what differs by our rules alone becomes a revision of its own. `certain` says that it can't
    be answered.
    """

    outlet: str
    ingested: Ingested
    claimed_key: str
    guid: str | None
    capture_sha256: bytes
    now: datetime
    reading: Reading = field(default_factory=Reading)
    before: ReadAgain | None = None
    certain: bool = False

    fetched: str = field(init=False)
    """The canonical URL at which the page was found."""
    present: str = field(init=False)
    """The canonical URL that the page may claim, else `fetched`."""
    own: tuple[str, ...] = field(init=False)
    """Where it was found, and where it was said to be."""

    def __post_init__(self) -> None:
        # Once a page: they are asked for again and again, and each parses a URL.
        extraction = self.ingested.extraction
        fetched = canonical_url(extraction.url)
        object.__setattr__(self, "fetched", fetched)
        object.__setattr__(self, "present", trusted_canonical(extraction.url, extraction.canonical_url) or fetched)
        object.__setattr__(self, "own", tuple(dict.fromkeys([fetched, self.claimed_key])))
