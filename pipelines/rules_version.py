"""Names the rules by which a page is read: this program's code, the libraries, what is known of the outlet.

A revision is stored with it: where two texts of one page differ and the rules do too, it may be we who changed, not the
publisher. Who finds that out is `crawler.fetching`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from pipelines.records import Context

_LIBRARIES = ("trafilatura", "justext", "lxml", "numpy", "py3langid")


def rules_version(context: Context) -> bytes:
    """16 bytes; what the source said of one entry does not count."""
    known = (context.outlet_name, context.language, context.timezone, context.hints, sorted(context.repeated))
    return hashlib.blake2b(_code() + repr(known).encode("utf-8", "replace"), digest_size=16).digest()


@lru_cache(maxsize=1)
def _code() -> bytes:
    """Over the stages' sources and weights as this process found them, so that nobody need remember to raise a number."""
    digest = hashlib.blake2b(digest_size=16)
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*.py"), *folder.glob("weights/*.json")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for name in _LIBRARIES:
        try:
            digest.update(f"{name} {metadata.version(name)}\n".encode())
        except metadata.PackageNotFoundError:  # it came with another library, and may go with it
            continue
    return digest.digest()
