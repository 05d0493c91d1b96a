"""Articles for the benches of the store: as long, and as many rows each, as real ones; no two of an outlet share a sentence.

The words are those of real articles in five languages where ../shared has them, else made up; sentences are put together
anew for every article. What pages look like is not this module's affair.
"""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from pipelines.identity import block_fingerprint, content_hash
from pipelines.records import (
    Attribution,
    Extraction,
    Field,
    Ingested,
    KeptBlock,
    Origin,
    Precision,
    Reason,
    Relevance,
    RemovedBlock,
    When,
)
from pipelines.repetition import seen_blocks

GOLD = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "extraction" / "gold.jsonl"
LANGUAGES = ("en", "de", "fr", "es", "it")
START = datetime(2026, 1, 1, tzinfo=UTC)
_REASONS = (Reason.RELATED, Reason.PROMO, Reason.SHARE, Reason.CAPTION, Reason.NEWSLETTER, Reason.AUTHOR_BIO)
_REPEATED = 3  # blocks that stand under each article of an outlet, as its furniture does


@lru_cache(maxsize=8)
def words(language: str) -> tuple[str, ...]:
    """Running words of a language, each as often as texts use it: some 60,000."""
    found: list[str] = []
    if GOLD.exists():
        with GOLD.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if row["lang"] == language and len(found) < 60_000:
                    found += [word for word in row["text"].split() if len(word) < 30]
    if len(found) < 5_000:
        return _invented(language)
    return tuple(found)


def _invented(language: str) -> tuple[str, ...]:
    """Made-up words, the n-th of 8,000 about 1/n times as often as the first."""
    chance = random.Random(language)  # noqa: S311 -- no secret
    syllables = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "en", "er", "is")]
    known = ["".join(chance.choices(syllables, k=chance.choice((1, 1, 2, 2, 2, 3, 3, 4)))) for _ in range(8_000)]
    return tuple(chance.choices(known, weights=[1 / n for n in range(1, len(known) + 1)], k=60_000))


class Press:
    """One outlet's articles: `article(n)` is always the same for one outlet and number.

    A text has about `size` characters in sentences of some 100, each a block, with 8 to 12 blocks removed and one or two
    attributions.
    """

    def __init__(self, outlet: str, *, size: int = 4_000) -> None:
        self.outlet = outlet
        self.language = LANGUAGES[int(hashlib.sha256(outlet.encode()).hexdigest(), 16) % len(LANGUAGES)]
        self._size = size
        self._words = words(self.language)
        chance = random.Random(outlet)  # noqa: S311 -- no secret
        self._furniture = [self._sentence(chance) for _ in range(_REPEATED)]

    @property
    def repeated(self) -> frozenset[bytes]:
        """Fingerprints of what stands under every article."""
        return frozenset(block_fingerprint(text) for text in self._furniture)

    def url(self, n: int) -> str:
        return f"https://{self.outlet}.example/2026/{n % 12 + 1:02d}/story-{n}"

    def article(self, n: int, *, edition: int = 1) -> Ingested:
        """The n-th article; another `edition` has another last sentence."""
        chance = random.Random(f"{self.outlet}-{n}")  # noqa: S311 -- no secret
        sentences = [self._sentence(chance) for _ in range(max(1, self._size // 105))]
        if edition > 1:
            sentences[-1] = f"{sentences[-1]} {edition}"
        removed = [self._sentence(chance) for _ in range(chance.randint(8, 12) - _REPEATED)]
        told = [(text, chance.choice(_REASONS), "link-list") for text in removed]
        told += [(text, Reason.REPEATED, "repeated") for text in self._furniture]
        published = START + timedelta(minutes=7 * n % 400_000)
        extraction = Extraction(
            url=self.url(n),
            canonical_url=self.url(n),
            title=Field(value=self._sentence(chance)[:80], origin=Origin.HEADING),
            standfirst=Field(value=self._sentence(chance), origin=Origin.HEADING),
            byline=Field(value="By Ada Lovelace and Alan Turing", origin=Origin.BYLINE_LINE),
            authors=Field(value=("Ada Lovelace", "Alan Turing"), origin=Origin.JSON_LD),
            published=Field(value=When(instant=published, precision=Precision.MINUTE), origin=Origin.JSON_LD),
            modified=None,
            language=Field(value=self.language, origin=Origin.TEXT),
            section=Field(value="technology", origin=Origin.META),
            image=Field(value=f"{self.url(n)}.jpg", origin=Origin.OPENGRAPH),
            paywalled=None,
            rights=None,
            markdown="",
            kept=tuple(KeptBlock(text=text, position=at) for at, text in enumerate(sentences)),
            second_opinion=False,
            text="\n".join(sentences),
            removed=tuple(
                RemovedBlock(text=text, reason=reason, rule=rule, position=len(sentences) + at)
                for at, (text, reason, rule) in enumerate(told)
            ),
        )
        credited = tuple(
            Attribution(credited=name, form="reported_by", evidence=chance.choice(sentences), confidence=0.9)
            for name in chance.sample(("Reuters", "AP", "AFP", "dpa"), k=chance.randint(1, 2))
        )
        relevance = Relevance(relevant=True, score=0.8, why=("title:llm", "lead:model"))
        return Ingested(
            extraction=extraction,
            attributions=credited,
            relevance=relevance,
            content_hash=content_hash(extraction),
            seen=seen_blocks(extraction),
        )

    def _sentence(self, chance: random.Random) -> str:
        """Some hundred characters that no other article has: a stretch of running words, one of them changed place."""
        at = chance.randrange(len(self._words) - 20)
        taken = list(self._words[at : at + 16])
        taken.insert(chance.randrange(len(taken)), chance.choice(self._words))
        taken.insert(chance.randrange(len(taken)), chance.choice(self._words))
        return " ".join(taken)
