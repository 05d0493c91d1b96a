"""`aiwire extract --batch`: a line in, a line out, in order, whatever the lines and their pages are."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.batch import BatchCounts, extract_batch
from pipelines.errors import ConfigError, SandboxBroken
from pipelines.sandbox import Sandbox

SENTENCE = "Il laboratorio ha mostrato il nuovo modello a una platea di ricercatori, giornalisti e curiosi."
PAGE = """<!doctype html><html lang="it"><head><title>{title} | Foglio</title>
<meta property="og:title" content="{title}"><meta property="og:site_name" content="Foglio">
<meta property="article:published_time" content="{published}"><meta name="author" content="Anna Serra">
<link rel="canonical" href="/a/{n}"></head>
<body><article><h1>{title}</h1>{paragraphs}</article></body></html>"""


def page(n: int, published: str = "2026-01-12T09:30:00+01:00") -> str:
    paragraphs = "".join(f"<p>Paragrafo {part} della pagina {n}. {SENTENCE}</p>" for part in range(4))
    return PAGE.format(n=n, title=f"Titolo della pagina numero {n}", published=published, paragraphs=paragraphs)


def line(n: int, path: str, **more: object) -> str:
    return json.dumps({"id": f"p{n}", "url": f"https://foglio.example/a/{n}?utm_source=x", "path": path, **more})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(processes=2, preload=("pipelines.ingest",)) as sandbox:
        yield sandbox


Run = Callable[[list[str | bytes]], list[dict[str, Any]]]


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """Lines in, answers out."""

    def run(lines: list[str | bytes]) -> list[dict[str, Any]]:
        source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        source.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines) + b"\n")
        counts = extract_batch(source, target, sandbox=sandbox)
        answers = [json.loads(one) for one in target.read_text(encoding="utf-8").splitlines()]
        assert counts == BatchCounts(pages=len(answers), errors=sum("error" in one for one in answers))
        return answers

    return run


def test_an_answer_has_every_field_in_its_form(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text(page(1), encoding="utf-8")
    (answer,) = run([line(1, "one.html")])
    assert list(answer) == [
        "id", "url", "canonical_url", "title", "standfirst", "authors", "published", "modified", "language", "text",
        "removed", "paywalled",
    ]  # fmt: skip
    assert answer["id"] == "p1"
    assert answer["url"] == "https://foglio.example/a/1?utm_source=x"
    assert answer["canonical_url"] == "https://foglio.example/a/1"
    assert answer["title"] == "Titolo della pagina numero 1"
    assert answer["authors"] == ["Anna Serra"]
    assert answer["published"] == "2026-01-12T09:30:00+01:00"
    assert answer["modified"] is None
    assert answer["language"] == "it"
    assert answer["text"].split("\n") == [f"Paragrafo {part} della pagina 1. {SENTENCE}" for part in range(4)]
    assert answer["paywalled"] is False
    assert all(set(block) == {"text", "reason", "rule"} for block in answer["removed"])
    assert "title_repeat" in [block["reason"] for block in answer["removed"]]


def test_a_bare_day_stays_a_day(run: Run, tmp_path: Path) -> None:
    (tmp_path / "day.html").write_text(page(1, published="2026-01-12"), encoding="utf-8")
    assert run([line(1, "day.html", timezone="Europe/Rome")])[0]["published"] == "2026-01-12"


def test_packed_and_plain_pages_give_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.html").write_text(page(1), encoding="utf-8")
    (tmp_path / "pages" / "b.html.gz").write_bytes(gzip.compress(page(1).encode()))
    plain, packed, absolute = run(
        [line(1, "pages/a.html"), line(1, "pages/b.html.gz"), line(1, str(tmp_path / "pages" / "a.html"))]
    )
    assert plain == packed == absolute


@pytest.mark.parametrize("url", ["", None])
def test_a_page_whose_address_nobody_knows_has_its_article(run: Run, tmp_path: Path, url: str | None) -> None:
    (tmp_path / "one.html").write_text(page(1), encoding="utf-8")
    (answer,) = run([json.dumps({"id": 1, "url": url, "path": "one.html"})])
    assert (answer["id"], answer["url"], answer["title"]) == (1, "", "Titolo della pagina numero 1")


def test_answers_come_in_the_order_of_the_lines(run: Run, tmp_path: Path) -> None:
    for n in range(60):
        (tmp_path / f"{n}.html").write_text(page(n) + "<!-- -->" * (200_000 if n % 20 == 0 else 1), encoding="utf-8")
    answers = run([line(n, f"{n}.html") for n in range(60)])
    assert [answer["title"] for answer in answers] == [f"Titolo della pagina numero {n}" for n in range(60)]


def test_a_bad_line_or_page_is_an_error_of_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text(page(1), encoding="utf-8")
    (tmp_path / "cut.html.gz").write_bytes(gzip.compress(os.urandom(500) + page(1).encode())[:-20])
    (tmp_path / "not.html.gz").write_text(page(1), encoding="utf-8")
    (tmp_path / "bomb.html.gz").write_bytes(gzip.compress(bytes(200 << 20), compresslevel=1))
    (tmp_path / "large.html").write_bytes(bytes((15 << 20) + 1))
    (tmp_path / "empty.html").touch()
    (tmp_path / "wall.html").write_text("<html><body><p>Please log in.</p></body></html>", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.html")
    wanted: list[tuple[str | bytes, str | None, str | None]] = [
        (line(1, "good.html"), "p1", None),
        ("{", None, "bad_line"),
        ("[1]", None, "bad_line"),
        (b'{"id": "\xff"}', None, "bad_line"),
        ("[" * 100_000, None, "bad_line"),
        ('{"id": "x", "path": "good.html"}', "x", "bad_line"),
        ('{"id": "x", "url": "https://foglio.example/", "path": 7}', "x", "bad_line"),
        ('{"url": "https://foglio.example/", "path": "good.html"}', None, "bad_line"),
        (line(2, "good.html", fetched_at="yesterday"), "p2", "bad_line"),
        (line(3, "missing.html"), "p3", "page_unreadable"),
        (line(4, "nul\0.html"), "p4", "page_unreadable"),
        (line(5, "."), "p5", "page_unreadable"),
        (line(6, "pipe.html"), "p6", "page_unreadable"),
        (line(7, "cut.html.gz"), "p7", "page_unreadable"),
        (line(8, "not.html.gz"), "p8", "page_unreadable"),
        (line(9, "bomb.html.gz"), "p9", "page_too_large"),
        (line(10, "large.html"), "p10", "page_too_large"),
        (line(11, "empty.html"), "p11", "empty_page"),
        (line(12, "wall.html"), "p12", "no_article"),
        (line(13, "good.html", pad="x" * (3 << 20)), None, "bad_line"),
        ("   ", None, "nothing"),
        (line(14, "good.html"), "p14", None),
    ]
    answers = run([one for one, _, _ in wanted])
    got = [(answer["id"], answer["error"]["code"] if "error" in answer else None) for answer in answers]
    assert got == [(id_, code) for _, id_, code in wanted if code != "nothing"]
    assert all(set(answer) == {"id", "error"} for answer in answers if "error" in answer)
    assert answers[1]["error"]["message"].startswith("line 2 is not JSON")


def test_strings_that_utf8_cannot_hold_are_written_as_escapes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text(
        page(1).replace(
            "</head>",
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"A \\ud800\\u0000b"}</script></head>',
        ),
        encoding="utf-8",
    )
    (answer,) = run(['{"id": "\\ud800", "url": "https://foglio.example/", "path": "one.html"}'])
    assert answer["id"] == "\ud800"
    assert "\ud800" not in json.dumps(answer["title"], ensure_ascii=False)


def test_a_page_that_kills_its_process_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "slow.html").write_text(page(0).replace("</h1>", "</h1>" + f"<p>{SENTENCE}" * 50_000), encoding="utf-8")
    (tmp_path / "good.html").write_text(page(1), encoding="utf-8")
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join([line(1, "good.html"), line(2, "slow.html"), line(3, "good.html")]), encoding="utf-8")
    with Sandbox(processes=1, cpu_seconds=0.5, preload=("pipelines.ingest",)) as sandbox:
        assert extract_batch(source, target, sandbox=sandbox) == BatchCounts(pages=3, errors=1)
    answers = [json.loads(one) for one in target.read_text(encoding="utf-8").splitlines()]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, "sandbox_cpu", None]


class TestFiles:
    def test_the_target_is_replaced_whole_or_not_at_all(self, tmp_path: Path) -> None:
        source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        (tmp_path / "good.html").write_text(page(1), encoding="utf-8")
        source.write_text(line(1, "good.html"), encoding="utf-8")
        target.write_text("as it was", encoding="utf-8")
        with Sandbox(processes=1) as sandbox:
            sandbox.close()
            with pytest.raises(SandboxBroken):
                extract_batch(source, target, sandbox=sandbox)
        assert target.read_text(encoding="utf-8") == "as it was"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["good.html", "in.jsonl", "out.jsonl"]

    def test_an_input_or_output_that_cannot_be_opened_is_named(self, sandbox: Sandbox, tmp_path: Path) -> None:
        (tmp_path / "in.jsonl").touch()
        for source, target in (("missing.jsonl", "out.jsonl"), ("in.jsonl", "no folder/out.jsonl")):
            with pytest.raises(ConfigError, match=r"missing|no folder"):
                extract_batch(tmp_path / source, tmp_path / target, sandbox=sandbox)

    def test_a_link_stays_a_link(self, sandbox: Sandbox, tmp_path: Path) -> None:
        (tmp_path / "in.jsonl").touch()
        (tmp_path / "link.jsonl").symlink_to(tmp_path / "out.jsonl")
        extract_batch(tmp_path / "in.jsonl", tmp_path / "link.jsonl", sandbox=sandbox)
        assert (tmp_path / "link.jsonl").is_symlink()
        assert (tmp_path / "out.jsonl").read_bytes() == b""

    def test_a_pipe_is_written_to_not_replaced(self, sandbox: Sandbox, tmp_path: Path) -> None:
        (tmp_path / "in.jsonl").write_text("{", encoding="utf-8")
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        read: list[str] = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
        reader.start()
        extract_batch(tmp_path / "in.jsonl", pipe, sandbox=sandbox)
        reader.join(20)
        assert pipe.is_fifo()
        assert json.loads(read[0])["error"]["code"] == "bad_line"


def test_a_slow_page_idles_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first page waits for the last to be worked on, the others are."""
    for name in ("first.html", *(f"{n}.html" for n in range(20)), "last.html"):
        (tmp_path / name).write_text(page(1), encoding="utf-8")
    names = ["first.html", *(f"{n}.html" for n in range(20)), "last.html"]
    (tmp_path / "in.jsonl").write_text("\n".join(line(n, name) for n, name in enumerate(names)), encoding="utf-8")
    with Sandbox(processes=2, wall_seconds=20) as sandbox:
        call, last = sandbox.call, threading.Event()

        def watched(function: Any, page: Any, context: Any, *, subject: str) -> Any:
            if subject.endswith("/0?utm_source=x"):
                assert last.wait(20), "the last page was not begun"
            if subject.endswith("/21?utm_source=x"):
                last.set()
            return call(function, page, context, subject=subject)

        monkeypatch.setattr(sandbox, "call", watched)
        counts = extract_batch(tmp_path / "in.jsonl", tmp_path / "out.jsonl", sandbox=sandbox)
    assert counts == BatchCounts(pages=22, errors=0)
