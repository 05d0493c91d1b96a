"""Many saved pages at once, for `aiwire extract --batch`: one answer a line, in order, whatever is in them.

What an answer holds is `pipelines.extract`'s affair; that a bad page ends nothing, the sandbox's.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.errors import AiwireError, ConfigError
from pipelines.extract import extract
from pipelines.records import Context, Extraction, Page
from pipelines.sandbox import Sandbox

PAGE_MOST = 15 << 20
"""Bytes of an unpacked page; larger ones are an error, as they are for the daemon (max_body_mb)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCounts:
    """Lines read, and how many of them ended as an error."""

    pages: int
    errors: int


def extract_batch(source: Path, target: Path, *, sandbox: Sandbox) -> BatchCounts:
    """Extract every page that `source` lists into `target`, which appears whole or not at all.

    An input line is `{"id", "url", "path"}` (.html or .html.gz; relative to the input file), with `language`, `timezone`,
    `outlet` and `fetched_at` where they are known. Raises ConfigError where a file can't be read or written.
    """
    pages = errors = 0
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with source.open(encoding="utf-8") as lines, fresh.open("w", encoding="utf-8") as out:
            for answer in _answers(lines, source.parent, sandbox):
                pages += 1
                errors += "error" in answer
                out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        fresh.replace(target)
    except OSError as error:
        raise ConfigError(str(error), subject=str(error.filename or target), code="batch_file") from error
    finally:
        fresh.unlink(missing_ok=True)
    return BatchCounts(pages=pages, errors=errors)


def answer_of(extraction: Extraction) -> dict[str, Any]:
    """An extraction as `--batch` and `try --json` write it."""
    return {
        "url": extraction.url,
        "canonical_url": extraction.canonical_url,
        "title": extraction.title.value if extraction.title else None,
        "standfirst": extraction.standfirst.value if extraction.standfirst else None,
        "authors": list(extraction.authors.value) if extraction.authors else [],
        "published": extraction.published.value.isoformat() if extraction.published else None,
        "modified": extraction.modified.value.isoformat() if extraction.modified else None,
        "language": extraction.language.value if extraction.language else None,
        "text": extraction.text,
        "removed": [{"text": b.text, "reason": b.reason, "rule": b.rule} for b in extraction.removed],
        "paywalled": extraction.paywalled,
    }


def _answers(lines: Any, folder: Path, sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """Answers in the order of the lines, a few pages ahead of the one that is due: memory stays bounded."""
    ahead: deque[Future[dict[str, Any]]] = deque()
    with ThreadPoolExecutor(sandbox.processes) as threads:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                ahead.append(threads.submit(_answer, line, number, folder, sandbox))
            while len(ahead) > 4 * sandbox.processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _answer(line: str, number: int, folder: Path, sandbox: Sandbox) -> dict[str, Any]:
    id_: object = f"line {number}"
    try:
        try:
            order = json.loads(line)
            id_, url, path = order["id"], str(order["url"]), str(order["path"])
            fetched = datetime.fromisoformat(order["fetched_at"]) if order.get("fetched_at") else datetime.now(UTC)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f'a line is {{"id", "url", "path"}}: {error!r}', code="bad_line") from error
        page = Page(url=url, body=read_page(folder / path), fetched_at=fetched if fetched.tzinfo else fetched.replace(tzinfo=UTC))
        context = Context(language=order.get("language"), timezone=order.get("timezone"), outlet_name=order.get("outlet"))
        return {"id": id_, **answer_of(sandbox.call(extract, page, context, subject=url))}
    except AiwireError as error:
        return {"id": id_, "error": {"code": error.code, "message": error.message}}


def read_page(path: Path) -> bytes:
    """A saved page, unpacked; raises ConfigError `page_unreadable` or `page_too_large`."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            body = stream.read(PAGE_MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"it can't be read: {error}", subject=str(path), code="page_unreadable") from error
    if len(body) > PAGE_MOST:
        raise ConfigError(f"more than {PAGE_MOST >> 20} MiB unpacked", subject=str(path), code="page_too_large")
    return body
