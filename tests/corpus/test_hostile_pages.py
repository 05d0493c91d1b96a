"""Whatever a page is, it ends within 10 s of CPU and 1 GiB as a result or a clear error, and leaves nothing behind.

The sandbox enforces both limits here as it does for the daemon: a page that breaks one is a SandboxError, which is a failure.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import ingest
from pipelines.errors import ExtractError, SandboxError
from pipelines.records import Extraction, Page
from pipelines.sandbox import Sandbox
from tests.corpus import hostile_pages

CHECKOUT = Path(__file__).resolve().parents[2]
CPU, MEMORY = 10.0, 1 << 30
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        processes=1,
        cpu_seconds=CPU,
        memory_bytes=MEMORY,
        wall_seconds=120,  # of a busy machine; what is measured is CPU
        recycle_after=10_000,
        initializer=ingest.configure,
        initargs=(str(CHECKOUT / "config"),),
        preload=("pipelines.preloaded",),
    ) as sandbox:
        yield sandbox


def outcome(sandbox: Sandbox, body: bytes) -> Extraction | str:
    """The extraction, or the code of a clear error; anything else raises."""
    page = Page(url="https://hostile.example/a", body=body, fetched_at=NOW)
    try:
        return sandbox.call(ingest.read, page, subject=page.url)
    except SandboxError:
        raise
    except ExtractError as error:
        told = error
    assert told.code not in ("stage_failed", "answer_too_large"), str(told)
    assert told.message
    return told.code


@pytest.mark.parametrize("name", hostile_pages.GENERATED)
def test_hostile_page_ends_as_a_result_or_a_clear_error(sandbox: Sandbox, name: str) -> None:
    outcome(sandbox, hostile_pages.GENERATED[name]())


@pytest.mark.parametrize("name", ["100,000 empty paragraphs", "2,000 levels of nesting", "50,000 attributes"])
def test_article_in_a_hostile_page_is_found_or_refused(sandbox: Sandbox, name: str) -> None:
    found = outcome(sandbox, hostile_pages.GENERATED[name]())

    assert found in ("too_many_elements", "too_deep") or (
        isinstance(found, Extraction) and "Paragraph 5 of a report" in found.text
    )


def test_every_file_of_broken_encodings_ends(sandbox: Sandbox, shared: Path) -> None:
    """Each file as a page of its own, and its bytes in the middle of an article."""
    article = hostile_pages.page(hostile_pages.ARTICLE)
    before, after = article.split(b"<p>Paragraph 3", 1)
    files = _files(shared, "utf8tests", "html5lib-encoding")
    assert len(files) >= 6
    for path in files:
        body = path.read_bytes()
        outcome(sandbox, body)
        outcome(sandbox, before + b"<p>" + body + b"</p>\n<p>Paragraph 3" + after)


def test_every_declaration_of_an_encoding_ends(sandbox: Sandbox, shared: Path) -> None:
    for path in _files(shared, "html5lib-encoding"):
        for case in path.read_bytes().split(b"#data\n")[1:]:
            declared = case.partition(b"#encoding")[0]
            outcome(sandbox, declared + hostile_pages.ARTICLE.encode())


def test_every_file_for_tokenizers_ends(sandbox: Sandbox, shared: Path) -> None:
    """Each file as it is, and all its inputs one after another as one page."""
    files = _files(shared, "html5lib-tokenizer")
    assert len(files) >= 14
    for path in files:
        outcome(sandbox, path.read_bytes())
        if path.suffix == ".test":
            inputs = "\n".join(_inputs(path))
            outcome(sandbox, f"{hostile_pages.ARTICLE}\n{inputs}".encode("utf-8", "surrogatepass"))
            outcome(sandbox, f"{inputs}\n{hostile_pages.ARTICLE}".encode("utf-8", "surrogatepass"))


@pytest.mark.slow
def test_every_input_for_tokenizers_ends(sandbox: Sandbox, shared: Path) -> None:
    for path in _files(shared, "html5lib-tokenizer"):
        for text in _inputs(path) if path.suffix == ".test" else ():
            outcome(sandbox, f"{hostile_pages.ARTICLE}{text}{hostile_pages.ARTICLE}".encode("utf-8", "surrogatepass"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_same_page_a_thousand_times_is_the_same_and_leaves_memory_flat(sandbox: Sandbox) -> None:
    body = hostile_pages.page(
        hostile_pages.ARTICLE
        + "<p>Published Monday, 12 January 2026 by Anna Smith</p><p>Read also: another report</p>",
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "A harbour votes"}</script>',
    )
    first = outcome(sandbox, body)
    assert isinstance(first, Extraction)
    resident = []
    for _ in range(1_000):
        assert outcome(sandbox, body) == first
        resident.append(sandbox.call(hostile_pages.resident_bytes))

    assert resident[-1] - resident[200] < 4 << 20, "bytes more after 800 further pages"
    assert sandbox.stats.recycled == 0


def _files(shared: Path, *names: str) -> list[Path]:
    folders = [shared / "data" / "corpora" / name for name in names]
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def _inputs(path: Path) -> list[str]:
    (tests,) = json.loads(path.read_text(encoding="utf-8")).values()
    return [test["input"] for test in tests]
