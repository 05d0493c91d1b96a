"""The language of an article: what its page declares, and its own words where declarations are missing or at odds.

What a language changes in reading dates and bylines is the affair of `pipelines.dates` and `pipelines.authors`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from pipelines import jsonld
from pipelines.blocks import Block
from pipelines.markup import first
from pipelines.page_head import Head
from pipelines.records import Context, Field, Origin

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]|$)")
_NAMES = {
    "english": "en", "italian": "it", "italiano": "it", "german": "de", "deutsch": "de", "french": "fr", "français": "fr",
    "spanish": "es", "español": "es", "portuguese": "pt", "português": "pt", "dutch": "nl", "nederlands": "nl",
}  # fmt: skip
_SAMPLE = 400
"""Characters of text that are classified: 0.1 ms; from 200 on the classifier is right on newspaper text."""
_SAMPLE_LEAST = 120
_PARAGRAPH = 60  # characters: shorter blocks are menus and lines of credit
_COMMON = {
    tag: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for tag, words in (
        ("en", "the|and|of|with|that"), ("it", "che|della|gli|nel|una|il"), ("de", "und|der|das|nicht|für|die"), ("fr", "les|des|est|dans|une"),
        ("es", "los|las|del|una|el"), ("pt", "não|uma|dos|da|em"), ("nl", "het|een|van|niet|voor"),
    )
}  # fmt: skip
_COMMON_LEAST = 4
"""Such words in the sample that bear a declared language out; another language has one or two of them by chance."""
_SURE = 0.99
_NEAR = (
    {"no", "nb", "nn", "da", "sv"}, {"hr", "sr", "bs", "sl"}, {"id", "ms", "jv"}, {"pt", "gl", "es", "ca", "an", "oc"}, {"cs", "sk"},
    {"hi", "mr", "ne"}, {"bg", "mk"}, {"ru", "uk", "be"}, {"af", "nl"}, {"zu", "xh"}, {"it", "la", "co"}, {"de", "lb"}, {"zh", "yue"},
    {"az", "tr"},
)  # fmt: skip
"""Languages that the classifier takes for each other: between them the page's word stands."""


def read_language(head: Head, article: dict[str, Any], context: Context, blocks: Sequence[Block]) -> Field[str] | None:
    """ISO 639 code of two (or, without one, three) letters.

    The text is classified where nothing declares a language or places differ; and where one place alone declares it, or
    all say English as templates do, unless the commonest words of that language bear it out.
    """
    stated = (
        (Origin.META, head.language),
        (Origin.JSON_LD, jsonld.text_of(article.get("inLanguage"))),
        (Origin.OPENGRAPH, head.metas.get("og:locale")),
        (
            Origin.META,
            head.metas.get("content-language") or head.metas.get("language") or head.metas.get("dc.language"),
        ),
        (Origin.OUTLET_RULE, context.language),
    )
    told = [(origin, tag) for origin, value in stated if value and (tag := tag_of(value))]
    sample = _sample(blocks)
    said = {tag for _, tag in told}
    if len(said) == 1 and (_sounds(sample, told[0][1]) or (len(told) > 1 and said != {"en"})):
        return first(*told)
    spoken = _spoken(sample)
    if spoken is None:
        return first(*told)
    agreeing = [(origin, tag) for origin, tag in told if tag == spoken or _near(tag, spoken)]
    others = [(origin, tag) for origin, tag in told if (origin, tag) not in agreeing]
    return first(*agreeing, (Origin.TEXT, spoken), *others) if not agreeing else first(*agreeing, *others)


def _sounds(sample: str, tag: str) -> bool:
    """Its commonest words bear a declared language out; cheaper than classifying."""
    common = _COMMON.get(tag)
    return common is not None and len(common.findall(sample)) >= _COMMON_LEAST


def tag_of(value: str) -> str | None:
    """`it` of "it-IT", "it_IT" or "Italiano"; None of what is no language."""
    value = value.strip()
    if (named := _NAMES.get(value.lower())) is not None:
        return named
    match = _TAG.match(value)
    return match[1].lower() if match else None


def _near(one: str, other: str) -> bool:
    return any(one in group and other in group for group in _NEAR)


def _sample(blocks: Sequence[Block]) -> str:
    parts: list[str] = []
    length = 0
    for block in blocks:
        if len(block.text) >= _PARAGRAPH and block.linked * 2 < len(block.text):
            parts.append(block.text[:_SAMPLE])
            length += len(block.text)
            if length >= _SAMPLE:
                break
    return " ".join(parts)[:_SAMPLE]


def _spoken(text: str) -> str | None:
    if len(text) < _SAMPLE_LEAST:
        return None
    code, probability = _identifier().classify(text)
    return str(code) if probability >= _SURE else None


def load() -> None:
    """Load the classifier now: it writes a temporary file, which is not to be had everywhere."""
    _identifier()


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """The classifier; loading it costs 0.7 s of CPU, which `pipelines.preloaded` pays once for all processes."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # type: ignore[no-untyped-call]
