"""Composes the stages for one page: extraction, attribution, relevance; runs inside the sandbox.

Each stage's rules are its own; what becomes of the result is decided by `pipelines.verdict` and written by
`pipelines.store.articles`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pipelines import extract
from pipelines.attribution import Credits, attribute, load_credits
from pipelines.errors import ConfigError
from pipelines.identity import content_hash
from pipelines.records import Context, Extraction, Ingested, Page, Relevance
from pipelines.relevance import Topic, judge, load_topic

T = TypeVar("T")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What Postgres rejects in text: NUL and lone surrogates."""


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
    """The page's article alone, its strings fit to be stored; raises ExtractError where the page holds none."""
    return storable(extract.extract(page, context))


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
    return Ingested(extraction=extraction, attributions=found, relevance=judged, content_hash=content_hash(extraction))


def storable(value: T) -> T:
    """The value with every string in it free of what Postgres rejects: itself where there is nothing to take out."""
    stored: Any = value
    if type(stored) is str:  # and no StrEnum
        stored = _UNSTORABLE.sub("", stored)
    elif isinstance(value, tuple):
        parts = tuple(storable(part) for part in value)
        stored = value if all(one is other for one, other in zip(parts, value, strict=True)) else parts
    elif is_dataclass(value) and not isinstance(value, type):
        held = {f.name: getattr(value, f.name) for f in fields(value)}
        changed = {name: after for name, before in held.items() if (after := storable(before)) is not before}
        stored = replace(value, **changed) if changed else value
    result: T = stored
    return result
