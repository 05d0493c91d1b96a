"""Imported by the sandbox's fork server: what takes long to load, or must be loaded where files may still be written.

What its processes then do is `pipelines.ingest`'s and `pipelines.discovery`'s affair.
"""

from __future__ import annotations

import pipelines.discovery
import pipelines.ingest  # noqa: F401
from pipelines import page_language

# py3langid unpacks its model into a temporary file, which the sandbox's processes may not have; they inherit it.
page_language.load()
