"""Composes the stages for one page: extraction, attribution, relevance; runs inside the sandbox.

Each stage's rules are its own; what becomes of the result is decided by `pipelines.verdict` and written by
`pipelines.store.articles`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

from pipelines import extract
from pipelines.attribution import Credits, attribute, load_credits
from pipelines.errors import ConfigError
from pipelines.identity import content_hash
from pipelines.records import Context, Extraction, Field, Ingested, Page, Relevance, RemovedBlock
from pipelines.relevance import Topic, judge, load_topic
from pipelines.repetition import seen_blocks
from pipelines.storable import REPLACEMENT, clean_record


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the stages look things up in."""

    credits: Credits
    topic: Topic


_knowledge: list[Knowledge] = []


def configure(config_dir: str) -> None:
    """Load what the stages need, once a process, and warm the extraction up. Raises ConfigError."""
    _knowledge[:] = [load_knowledge(config_dir)]
    extract.warm()


@lru_cache(maxsize=2)
def load_knowledge(config_dir: str) -> Knowledge:
    folder = Path(config_dir)
    return Knowledge(load_credits(folder / "credits"), load_topic(folder / "topics" / "ai.toml"))


def read(page: Page, context: Context = Context()) -> Extraction:  # noqa: B008 -- frozen
    """The page's article alone, as Postgres can hold it; raises ExtractError where the page holds none."""
    return fit(extract.extract(page, context), page)


def ingest(page: Page, context: Context = Context(), *, relevant: bool = False) -> Ingested:  # noqa: B008 -- frozen
    """All that is found out about a page. `relevant` says that every article of the outlet is.

    Raises ExtractError where the page holds no article, ConfigError where `configure` was not called.
    """
    if not _knowledge:
        raise ConfigError("ingest.configure was not called in this process", code="not_configured")
    known = _knowledge[0]
    extraction = read(page, context)
    title = extraction.title.value if extraction.title else None
    language = extraction.language.value if extraction.language else context.language
    outlet = context.outlet_name
    found = attribute(extraction.text, title=title, language=language, credits=known.credits, outlet_name=outlet)
    lead = f"{extraction.standfirst.value if extraction.standfirst else ''}\n{extraction.text}"
    judged = judge(title=title, lead=lead, language=language, topic=known.topic)
    if relevant and not judged.relevant:
        judged = Relevance(relevant=True, score=1.0, why=("outlet",))
    return Ingested(
        extraction=extraction,
        attributions=found,
        relevance=judged,
        content_hash=content_hash(extraction),
        seen=seen_blocks(extraction),
    )


_UNTOLD = frozenset({"url", "canonical_url", "markdown", "kept", "second_opinion", "reserved", "cleaned"})
"""Fields of an extraction that hold no words of their own."""


def fit(extraction: Extraction, page: Page) -> Extraction:
    """The extraction as Postgres can hold it; `cleaned` names the fields in which U+FFFD stands for what it can't.

    The parsers put U+FFFD, too, where the page's bytes or references are no characters: that counts, unless the page
    has one of its own. What other places say instead of a field's value is told as `provenance`.
    """
    clean = clean_record(extraction)
    own = REPLACEMENT.encode() in page.body
    found = []
    for name in (field.name for field in fields(extraction) if field.name not in _UNTOLD):
        before, after = getattr(extraction, name), getattr(clean, name)
        if isinstance(after, Field):
            if _replaced(before.disagreeing, after.disagreeing, own=own):
                found.append("provenance")
            before, after = before.value, after.value
        if _replaced(before, after, own=own):
            found.append("removed_block" if name == "removed" else name)
    # Two addresses must not become one.
    stated = clean.canonical_url
    canonical = None if stated is not None and REPLACEMENT in stated else stated
    if not found and canonical is stated:
        return clean
    return replace(clean, canonical_url=canonical, cleaned=tuple(sorted({*extraction.cleaned, *found})))


def _replaced(before: object, after: object, *, own: bool) -> bool:
    return _replacements(after) > (_replacements(before) if own else 0)


def _replacements(value: object) -> int:
    if isinstance(value, str):
        return value.count(REPLACEMENT)
    if isinstance(value, RemovedBlock):
        return value.text.count(REPLACEMENT)
    return sum(map(_replacements, value)) if isinstance(value, tuple) else 0
