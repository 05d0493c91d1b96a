"""Asks trafilatura where the page's own evidence leaves doubt: it costs more than all else, and is right where we are not.

When that is so was measured (docs/decisions/second-opinion.md); what its answer weighs is learned (`pipelines.weighing`).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import trafilatura
from trafilatura.settings import use_config

from pipelines.evidence import Evidence, Opinion, squeeze
from pipelines.records import Context

_DOUBT_MOST = 0.11
"""Of the text's characters, those that may have been judged wrongly: on a fifth of real pages it is more, and asking on
more of them brought nothing (unseen domains)."""
_SHORT = 400  # expected characters: shorter texts are suspect
_STATED_LEAST = 500  # characters of a statement of the text (JSON-LD) from which on its length is believed
_STATED_OFF = 1.6  # how many times longer or shorter than stated
_SUMMARY_LEAST = 200  # characters of a feed's summary that ought to begin like the text
_config = use_config()
_config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")  # the sandbox has its own, which works in any thread
_config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "100")


def wanted(evidence: Evidence, chances: npt.NDArray[np.float64], context: Context) -> bool:
    """Whether the page is suspect: doubtful blocks, little text, or another text than is stated elsewhere."""
    length = np.array([len(block.text) for block in evidence.blocks], dtype=np.float64)
    expected = float((length * chances).sum())
    doubt = float((length * np.minimum(chances, 1 - chances)).sum())
    if expected < _SHORT or doubt > _DOUBT_MOST * expected:
        return True
    kept = [text for text, chance in zip(evidence.squeezed, chances, strict=True) if chance >= 0.5]
    stated = len(evidence.stated)
    if stated >= _STATED_LEAST and not 1 / _STATED_OFF < sum(map(len, kept)) / stated < _STATED_OFF:
        return True
    summary = context.entry.summary if context.entry else None
    return summary is not None and len(summary) >= _SUMMARY_LEAST and squeeze(summary)[:40] not in "".join(kept)


def ask(tree: Any) -> Opinion:
    """What trafilatura takes for the article; it may change the tree that it is given, so it gets a copy."""
    text = trafilatura.extract(
        copy.deepcopy(tree), include_comments=False, include_tables=True, deduplicate=False, fast=True, config=_config
    )
    return Opinion.of(text or "")
