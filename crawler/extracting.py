"""`aiwire extract`: many saved pages, a line in and a line out; the work is `crawler.batch`'s."""

from __future__ import annotations

import time
from pathlib import Path

from crawler import present
from crawler.batch import extract_batch
from crawler.learning import limits_of
from crawler.settings import Settings
from crawler.tools import new_sandbox


def extract_pages(settings: Settings, source: Path, target: Path, *, learn: bool = False) -> int:
    """Extract many saved pages; 0 however many of them were bad: each has its own answer."""
    started = time.monotonic()
    with new_sandbox(settings) as sandbox:
        counts = extract_batch(source, target, sandbox=sandbox, learn=limits_of(settings) if learn else None)
    seconds = time.monotonic() - started
    present.errors.print(f"{counts.pages} pages, {counts.errors} without an article, in {seconds:.1f} s: {target}")
    return 0
