"""`aiwire extract --batch --learn`: what the pages of one site repeat is taken out, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.batch import extract_batch
from pipelines.repetition import Limits
from pipelines.sandbox import Sandbox

PROMO = (
    "Ogni venerdì la redazione sceglie le cinque storie della settimana e le manda a chi si è iscritto, senza costi."
)
BIO = "Chi scrive vive tra Trieste e il Carso, e da quindici anni racconta i porti dell'alto Adriatico e chi ci lavora."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(processes=2, preload=("pipelines.preloaded",)) as sandbox:
        yield sandbox


def own(n: int) -> list[str]:
    return [
        f"La compagnia dei traghetti dell'isola {n} ha presentato lunedì il piano per l'inverno, senza sorprese per il porto.",
        f"Le sue {n + 3} navi resteranno ferme da novembre, un errore da {n + 2} milioni secondo il sindaco dell'isola {n}.",
        f"La decisione arriva nella settimana {n + 10}; fino ad allora i {n + 40} dipendenti aspettano il consiglio.",
    ]


def page(texts: list[str], head: str = "") -> str:
    paragraphs = "".join(f"<p>{text}</p>\n" for text in texts)
    return f"<html lang='it'><head><title>I traghetti</title>{head}</head><body><article>{paragraphs}</article></body></html>"


Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """Pages as (URL, HTML) in, answers out."""

    def run(*pages: tuple[str, str], outlets: dict[int, str] | None = None) -> list[dict[str, Any]]:
        lines = []
        for n, (url, html) in enumerate(pages):
            (tmp_path / f"{n}.html").write_text(html, encoding="utf-8")
            line = {"id": n, "url": url, "path": f"{n}.html"}
            lines.append(json.dumps(line | ({"outlet": outlets[n]} if outlets and n in outlets else {})))
        source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        source.write_text("\n".join([*lines, "", "no JSON"]), encoding="utf-8")
        counts = extract_batch(source, target, sandbox=sandbox, learn=Limits())
        answers = [json.loads(one) for one in target.read_text(encoding="utf-8").splitlines()]
        assert counts.pages == len(answers) == len(pages) + 1
        assert answers.pop()["error"]["code"] == "bad_line"
        return answers

    return run


def texts(answers: list[dict[str, Any]]) -> list[list[str]]:
    return [answer["text"].split("\n") for answer in answers]


def test_what_a_sites_pages_repeat_is_taken_out_of_all_of_them_with_its_evidence(run: Run) -> None:
    pages = [(f"https://{'www.' if n % 2 else ''}example.org/a/{n}", page([*own(n), BIO, PROMO])) for n in range(4)]
    answers = run(*pages, ("https://example.net/a", page([*own(9), PROMO])))
    assert texts(answers) == [*(own(n) for n in range(4)), [*own(9), PROMO]], "another site has its own habits"
    for answer in answers[:4]:
        taken = [(block["text"], block["reason"]) for block in answer["removed"]]
        assert taken == [(BIO, "repeated"), (PROMO, "repeated")]


def test_one_article_saved_thrice_repeats_nothing(run: Run) -> None:
    again = page([*own(1), PROMO], head='<link rel="canonical" href="https://porto.example/a/1">')
    answers = run(*((f"https://porto.example/a/1{variant}", again) for variant in ("", "/amp", "?p=2")))
    assert texts(answers) == [[*own(1), PROMO]] * 3
    reprints = run(*((f"https://porto.example/b/{n}", page([*own(1), PROMO])) for n in range(4)))
    assert texts(reprints) == [[*own(1), PROMO]] * 4


def test_outlet_that_is_named_goes_before_the_address(run: Run) -> None:
    pages = [(f"https://hoster.example/{n}", page([*own(n), PROMO])) for n in range(4)]
    assert texts(run(*pages, outlets={0: "Uno", 1: "Uno", 2: "Due", 3: "Due"}))[0][-1] == PROMO
    pages = [("", page([*own(n), PROMO])) for n in range(3)]
    assert texts(run(*pages, outlets=dict.fromkeys(range(3), "Uno"))) == [own(n) for n in range(3)]
    assert texts(run(*pages))[0][-1] == PROMO, "nobody knows whose pages they are"


def test_sub_headlines_that_recur_stay(run: Run) -> None:
    pages = []
    for n in range(8):
        first, second, third = own(n)
        html = page([first]).replace("</article>", f"<h2>Che cosa cambia</h2><p>{second}</p><p>{third}</p></article>")
        pages.append((f"https://porto.example/{n}", html))
    assert all("Che cosa cambia" in answer["text"] for answer in run(*pages))
