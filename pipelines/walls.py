"""Pages that ask for something first: consent, or a subscription; told from articles that carry the same dialogue.

Their words are `pipelines.kind_wording`'s; the other kinds of pages are told in `pipelines.page_kinds`.
"""

from __future__ import annotations

import re

from pipelines import kind_wording as wording
from pipelines.blocks import INSIDE
from pipelines.jsonld import text_of
from pipelines.length import LEAST, weight
from pipelines.page_view import Found, Kind, SeenPage

_REST = 250
"""Characters beside a consent dialogue: more, and the dialogue stands on an article."""
_TEASER = 1_000
"""Characters of a teaser, at most; twice as many where it is cut in mid-sentence."""
_GATES = (*wording.GATE, *wording.GATE_LOGIN)
_WORD = re.compile(r"\w+")
_ENDED = re.compile(r"[.!?:;)\]\"'”’»“。！？][\W_]*$")
_CUT = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])[\W_]*$")


def consent_wall(page: SeenPage) -> Found | None:
    low = "\n".join(["", *page.lines, ""]).casefold()
    # Cheap, for nearly every page: a dialogue says one of these in each sentence.
    if page.weight >= _REST and sum(low.count(stem) for stem in wording.CONSENT_STEMS) < max(2, page.weight // 400):
        return None
    rest = [line for line in page.lines if not wording.CONSENTISH.search(line[:600])]
    beside = sum(weight(line) for line in rest)
    if beside > _REST or (page.weight >= LEAST and beside * 2 > page.weight):
        return None
    found = {
        name: phrase
        for name, phrases in (
            ("partners", wording.CONSENT_PARTNERS),
            ("choice", wording.CONSENT_CHOICE),
            ("pay", wording.CONSENT_PAY),
        )
        for _, phrase in list(page.spoken.find(phrases))[:1]
    }
    if len(found) < 2:
        return None
    # An article about consent has the words, and a dialogue of its own beside it: then the dialogue is not the text.
    dated = page.fields.published is not None or page.fields.authors is not None
    least = 0 if page.weight < LEAST else 4 if dated or page.weight > 3_000 else 1 if len(found) == 3 else 2
    phrases = (*wording.CONSENT_PARTNERS, *wording.CONSENT_CHOICE, *wording.CONSENT_PAY)
    if sum(phrase in low for phrase in phrases) < least:
        return None
    quoted = " and ".join(repr(phrase.strip()) for phrase in found.values())
    return Found(kind=Kind.CONSENT_WALL, evidence=f"it asks for consent, {quoted}, and has {beside} characters beside")


def paywall_teaser(page: SeenPage) -> Found | None:
    if page.weight > 2 * _TEASER:
        return None
    gate = _gate(page)
    own = [line for line in page.lines if not any(phrase in line.casefold() for phrase in _GATES)]
    left = sum(weight(line) for line in own)
    paywalled = page.fields.paywalled is not None and page.fields.paywalled.value
    told = _told_length(page)
    here = "\n".join(own)
    if told is not None and len(_WORD.findall(here)) >= 0.8 * told:
        return None  # all that there is, behind a gate or not
    shorter = told is not None and told > 60 and told > 1.6 * len(_WORD.findall(here))
    if gate is None:
        if paywalled and shorter and left < _TEASER:
            return Found(
                kind=Kind.PAYWALL_TEASER, evidence=f"paywalled, and {left} characters of its {told} words are here"
            )
        return None
    free = page.fields.paywalled is not None and not page.fields.paywalled.value
    cut = bool(own) and (_CUT.search(own[-1]) is not None or not _ENDED.search(own[-1]))
    few = len(own) <= 4 and left < 700 and not free and gate in wording.GATE
    if shorter or (paywalled and left < _TEASER) or (cut and left < 2 * _TEASER) or few:
        why = "; its JSON-LD says that it is paywalled" if paywalled else ""
        return Found(kind=Kind.PAYWALL_TEASER, evidence=f"after {left} characters stands {gate!r}{why}")
    return None


def _gate(page: SeenPage) -> str | None:
    """The words, or the markup, of the block with which a teaser ends: below its headline, soon after its text."""
    blocks = page.spoken.blocks
    positions = {id(block): n for n, block in enumerate(blocks)}
    texts = [positions[id(block)] for block in page.kept if id(block) in positions]
    heads = [n for n, block in enumerate(blocks) if block.tag == "h1"]
    first = min([*texts, *heads[:1]], default=0)
    # What the engine removed after the text was the gate itself, or share buttons: a few blocks.
    last = max(texts, default=first) + 15
    for n, phrase in page.spoken.find(_GATES):
        apart = blocks[n].inside & (INSIDE["nav"] | INSIDE["footer"])
        if n in texts and sum(text > n for text in texts) > 1:
            continue  # the article's own words: a gate ends the text
        # "Scroll to continue reading" stands below an advertisement.
        if first <= n <= last and not apart and "scroll" not in blocks[n].text.casefold():
            return phrase
    for block in blocks[max(texts, default=first) : last + 1]:
        for element in (block.element, block.element.getparent()):
            if element is None:
                continue
            marks = f"{element.get('class') or ''} {element.get('id') or ''}"[:400]
            if wording.GATE_MARKS.search(marks):
                return " ".join(marks.split())[:80]
    return None


def _told_length(page: SeenPage) -> int | None:
    """How many words the article has, as its JSON-LD tells."""
    count = page.article.get("wordCount")
    if isinstance(count, str) and len(count) < 10 and count.strip().isdecimal():
        count = int(count)
    if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 1_000_000:
        return count
    body = text_of(page.article.get("articleBody"))
    return len(_WORD.findall(body)) if body else None
