"""Many saved pages at once, for `aiwire extract --batch`: one answer a line, in order, whatever is in them.

What an answer holds is `pipelines.extract`'s affair; that a bad page ends nothing, the sandbox's; what the pages of one
site repeat, `crawler.learning`'s.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
import pickle
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from crawler.learning import Lesson, Lessons, lesson_of
from pipelines import ingest
from pipelines.errors import AiwireError, ConfigError, SandboxBroken
from pipelines.records import Context, Extraction, Page
from pipelines.repetition import Limits
from pipelines.sandbox import Sandbox

PAGE_MOST = 15 << 20
"""Bytes of an unpacked page; larger ones are an error, as they are for the daemon (max_body_mb)."""
_LINE_MOST = 1 << 20  # bytes of one input line
_AHEAD = 64  # pages a process that are begun before the one whose turn it is: a slow page idles nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCounts:
    """Lines read, and how many of them ended as an error."""

    pages: int
    errors: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What is written of a page, and what it tells of its site."""

    told: dict[str, Any]
    lesson: Lesson | None = None


def extract_batch(source: Path, target: Path, *, sandbox: Sandbox, learn: Limits | None = None) -> BatchCounts:
    """Extract every page that `source` lists into `target`, which appears whole or not at all.

    An input line is `{"id", "url", "path"}` (`path` .html or .html.gz, relative to the input file; `url` empty where
    nobody knows it), with `language`, `timezone`, `outlet` and `fetched_at` where they are known. A line that is no such thing, a page that can't be read and a page
    without an article each become `{"id", "error": {"code", "message"}}`; `id` is null where the line has none.

    With `learn`, blocks that the pages of one site (an outlet, else a registrable domain) repeat are taken out: pages in
    which one stands are read twice.

    Raises ConfigError where `source` or `target` can't be opened, SandboxBroken where no page can be worked on.
    """
    pages = errors = 0
    folder = source.parent.absolute()
    try:
        with source.open("rb") as lines, _whole(target) as out:
            read = _learning(lines, folder, sandbox, learn) if learn else _reading(lines, folder, sandbox)
            for answer in read:
                pages += 1
                errors += "error" in answer.told
                out.write(json.dumps(answer.told, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ConfigError(str(error), subject=str(error.filename or target), code="batch_file") from error
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
        "paywalled": bool(extraction.paywalled and extraction.paywalled.value),
    }


def read_page(path: Path) -> bytes:
    """A saved page, unpacked; raises ConfigError `page_unreadable` or `page_too_large`."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError("it is no file", subject=str(path), code="page_unreadable")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            body = stream.read(PAGE_MOST + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:  # ValueError: a NUL in the path
        raise ConfigError(f"it can't be read: {error}", subject=str(path), code="page_unreadable") from error
    if len(body) > PAGE_MOST:
        raise ConfigError(f"more than {PAGE_MOST >> 20} MiB unpacked", subject=str(path), code="page_too_large")
    return body


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[IO[str]]:
    """A file beside the target that takes its place at the end; a pipe or terminal is written to as it is."""
    target = target.resolve()
    in_place = target.exists() and not target.is_file()
    path = target if in_place else target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        # A lone surrogate in an id is written as JSON's own escape of it.
        with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            yield out
        if not in_place:
            path.replace(target)
    finally:
        if not in_place:
            path.unlink(missing_ok=True)


def _reading(lines: IO[bytes], folder: Path, sandbox: Sandbox) -> Iterator[Answer]:
    tasks = (partial(_answer, line, number, folder, sandbox) for number, line in _numbered(lines))
    return _in_order(tasks, sandbox)


def _learning(lines: IO[bytes], folder: Path, sandbox: Sandbox, limits: Limits) -> Iterator[Answer]:
    """Read every page, then those again in which a block stands that their site repeats.

    What waits for the end waits on disk: each line and its first answer.
    """
    lessons = Lessons()
    with tempfile.TemporaryFile() as drafts:
        kept, read = itertools.tee(_numbered(lines))
        tasks = (partial(_answer, line, number, folder, sandbox) for number, line in read)
        for (number, line), answer in zip(kept, _in_order(tasks, sandbox), strict=True):
            if answer.lesson is not None:
                lessons.add(number, answer.lesson)
            pickle.dump((number, line, answer.told), drafts)
        repeated = lessons.repeated(limits)
        drafts.seek(0)
        again = (
            partial(_answer, line, number, folder, sandbox, repeated[number])
            if number in repeated
            else partial(Answer, told)
            for number, line, told in _loaded(drafts)
        )
        yield from _in_order(again, sandbox)


def _loaded(drafts: IO[bytes]) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    with contextlib.suppress(EOFError):
        while True:
            yield pickle.load(drafts)  # noqa: S301 -- written by this process


def _in_order(tasks: Iterable[Callable[[], Answer]], sandbox: Sandbox) -> Iterator[Answer]:
    """Answers in the order of the tasks, a number of pages ahead of the one that is due: memory stays bounded."""
    ahead: deque[Future[Answer]] = deque()
    threads = ThreadPoolExecutor(sandbox.processes, thread_name_prefix="batch")
    try:
        for task in tasks:
            ahead.append(threads.submit(task))
            while len(ahead) > _AHEAD * sandbox.processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)


def _numbered(lines: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, by their numbers in the file."""
    return ((number, line) for number, line in enumerate(_bounded(lines), start=1) if line.strip())


def _bounded(lines: IO[bytes]) -> Iterator[bytes]:
    """The lines, each cut off where it is longer than any line may be."""
    while line := lines.readline(_LINE_MOST):
        rest = line
        while len(rest) == _LINE_MOST and not rest.endswith(b"\n"):
            rest = lines.readline(_LINE_MOST)
        yield line


def _answer(
    line: bytes, number: int, folder: Path, sandbox: Sandbox, repeated: frozenset[bytes] = frozenset()
) -> Answer:
    id_: object = None
    try:
        order = _read_line(line, number)
        id_ = order.get("id")
        page, context = _ordered(order, number, folder)
        extraction = sandbox.call(ingest.read, page, replace(context, repeated=repeated), subject=page.url)
        return Answer({"id": id_, **answer_of(extraction)}, lesson_of(extraction, context.outlet_name))
    except SandboxBroken:
        raise
    except AiwireError as error:
        return Answer({"id": id_, "error": {"code": error.code, "message": error.message}})


def _read_line(line: bytes, number: int) -> dict[str, Any]:
    try:
        order = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"line {number} is not JSON: {error}", code="bad_line") from error
    if not isinstance(order, dict):
        raise ConfigError(f"line {number} is no JSON object", code="bad_line")
    return order


def _ordered(order: dict[str, Any], number: int, folder: Path) -> tuple[Page, Context]:
    for key in ("id", "url", "path"):
        if key not in order or (order[key] is None and key != "url"):
            raise ConfigError(f"line {number}: {key} is missing", code="bad_line")
    for key in ("url", "path", "language", "timezone", "outlet", "fetched_at"):
        if not isinstance(order.get(key), str | None):
            raise ConfigError(f"line {number}: {key}: a text is wanted", code="bad_line")
    try:
        fetched = datetime.fromisoformat(order["fetched_at"]) if order.get("fetched_at") else datetime.now(UTC)
    except ValueError as error:
        raise ConfigError(f"line {number}: fetched_at: {error}", code="bad_line") from error
    page = Page(
        url=order["url"] or "",
        body=read_page(folder / order["path"]),
        fetched_at=fetched if fetched.tzinfo else fetched.replace(tzinfo=UTC),
    )
    context = Context(language=order.get("language"), timezone=order.get("timezone"), outlet_name=order.get("outlet"))
    return page, context
