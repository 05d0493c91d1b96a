"""Extraction beside its peers, in turns on the same pages: quality with confidence intervals, CPU as a ratio to trafilatura.

    python bench/extraction.py [--set extraction|italian|infogioco] [--only aiwire,trafilatura] [--limit N] [--json FILE]

One process, warmed up; page by page each tool has its turn, and another one begins. CPU is `time.process_time` from a page's
bytes to text and fields: for aiwire that is `pipelines.ingest.read`, for trafilatura `bare_extraction` with metadata.
How answers are scored is ../shared/tools/score.py's affair; pages and scorer are not part of the project.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import logging
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = CHECKOUT.parent / "shared"
sys.path.insert(0, str(CHECKOUT))

SETS = ("extraction", "italian", "infogioco")
MEASURES = {
    "pageF1": "page F1",
    "F1": "F1",
    "acc": "exact",
    "leak_page": "leak_page",
    "title": "title",
    "title_lax": "title lax",
    "authors": "authors",
    "no_byline_ok": "no byline",
    "date10": "date",
}
FETCHED = datetime(2026, 11, 1, tzinfo=UTC)
WARM_UP = 5  # pages that each tool reads before anything is measured
Answer = dict[str, Any]
Tool = Callable[["Case"], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page and its gold row."""

    id: str
    url: str
    body: bytes
    gold: dict[str, Any]
    outlet: str | None = None


# -- the tools; each imports its own when it is asked for ---------------------------------------------------------------


def aiwire() -> Tool:
    from pipelines.errors import ExtractError
    from pipelines.ingest import read
    from pipelines.records import Context, Page

    def answer(case: Case) -> Answer:
        context = Context(outlet_name=case.outlet, language="it", timezone="Europe/Rome") if case.outlet else Context()
        try:
            found = read(Page(url=case.url, body=case.body, fetched_at=FETCHED), context)
        except ExtractError as error:
            return {"error": error.code}
        return {
            "text": found.text,
            "title": found.title.value if found.title else None,
            "standfirst": found.standfirst.value if found.standfirst else None,
            "authors": list(found.authors.value) if found.authors else [],
            "published": found.published.value.isoformat() if found.published else None,
        }

    return answer


def trafilatura() -> Tool:
    from trafilatura import bare_extraction

    def answer(case: Case) -> Answer:
        found: Any = bare_extraction(case.body, url=case.url or None, with_metadata=True, include_comments=False)
        if found is None:
            return {"error": "none"}
        authors = [name.strip() for name in (found.author or "").split(";") if name.strip()]
        return {"text": found.text, "title": found.title, "authors": authors, "published": found.date}

    return answer


def readability() -> Tool:
    import lxml.html
    from readability import Document
    from trafilatura.utils import decode_file

    blocks = ("p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "tr", "br", "section", "td")

    def answer(case: Case) -> Answer:
        # 0.8.4.1 fails on bytes, though its documentation allows them.
        document = Document(decode_file(case.body), url=case.url or None)
        tree = lxml.html.fromstring(document.summary(html_partial=True))
        for element in tree.iter(*blocks):
            element.tail = f"\n{element.tail or ''}"
            element.text = f"\n{element.text or ''}"
        lines = (" ".join(line.split()) for line in tree.text_content().split("\n"))
        return {"text": "\n".join(line for line in lines if line), "title": document.short_title(), "authors": []}

    return answer


def newspaper() -> Tool:
    from newspaper import Article, Config

    settings = Config()
    settings.fetch_images = False  # it would fetch them

    def answer(case: Case) -> Answer:
        article = Article(case.url or "https://localhost/", config=settings)
        article.download(input_html=case.body)
        article.parse()
        published = article.publish_date
        return {
            "text": article.text,
            "title": article.title,
            "authors": list(article.authors),
            "published": published.isoformat() if isinstance(published, datetime) else published,
        }

    return answer


TOOLS: dict[str, Callable[[], Tool]] = {
    "aiwire": aiwire,
    "trafilatura": trafilatura,
    "readability-lxml": readability,
    "newspaper4k": newspaper,
}
BASE = "trafilatura"


# -- the run -----------------------------------------------------------------------------------------------------------


def load(name: str, limit: int | None) -> list[Case]:
    """The set's pages, unpacked; raises FileNotFoundError where they are missing."""
    folder = SHARED / "data" / name
    rows = [json.loads(line) for line in (folder / "gold.jsonl").read_bytes().split(b"\n") if line]
    cases = []
    for row in rows[:limit]:
        plain = folder / f"{row['id']}.html"
        body = (
            plain.read_bytes()
            if plain.exists()
            else gzip.decompress((folder / f"pages/{row['id']}.html.gz").read_bytes())
        )
        outlet = "Infogioco.it" if name == "infogioco" else None
        cases.append(Case(id=row["id"], url=row.get("url") or "", body=body, gold=row, outlet=outlet))
    return cases


def run(cases: Sequence[Case], tools: dict[str, Tool]) -> tuple[dict[str, dict[str, Answer]], dict[str, list[float]]]:
    """Every tool on every page, in turns: answers by tool and page, seconds of CPU by tool in the order of pages."""
    answers: dict[str, dict[str, Answer]] = {name: {} for name in tools}
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    names = list(tools)
    for case in cases[:WARM_UP]:
        for name in names:
            _ask(tools[name], case)
    for turn, case in enumerate(cases):
        first = turn % len(names)
        for name in (*names[first:], *names[:first]):
            before = time.process_time()
            answer = _ask(tools[name], case)
            seconds[name].append(time.process_time() - before)
            answers[name][case.id] = {"id": case.id, **answer}
    return answers, seconds


def _ask(tool: Tool, case: Case) -> Answer:
    try:
        return tool(case)
    except Exception as error:  # noqa: BLE001 -- a peer's failure on a page is its answer
        return {"error": f"{type(error).__name__}: {error}"}


def costs(seconds: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Milliseconds a page, and ratios to trafilatura: of the means, of the medians."""
    base = seconds.get(BASE)
    found = {}
    for name, spent in seconds.items():
        mean, median = statistics.fmean(spent), statistics.median(spent)
        found[name] = {"mean_ms": 1_000 * mean, "median_ms": 1_000 * median}
        if base:
            found[name] |= {"mean": mean / statistics.fmean(base), "median": median / statistics.median(base)}
    return found


def exact_pages(cases: Sequence[Case], answers: dict[str, Answer]) -> int:
    """Pages of which text, title, authors and day are exactly those of the gold."""

    def same(said: object, wanted: object) -> bool:
        # One of the gold texts writes a straight apostrophe as a curly one.
        one, other = (str(value).replace("’", "'") for value in (said, wanted))
        return one == other

    return sum(
        same(answer.get("text"), case.gold["text"])
        and same(answer.get("title"), case.gold["title"])
        and answer.get("authors") == case.gold["authors"]
        and str(answer.get("published"))[:10] == str(case.gold["published"])[:10]
        for case in cases
        for answer in (answers[case.id],)
    )


def scorer() -> Any:
    """../shared/tools/score.py as a module."""
    spec = importlib.util.spec_from_file_location("score", SHARED / "tools" / "score.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(SHARED / "tools" / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(scores: dict[str, dict[str, Any]], spent: dict[str, dict[str, float]]) -> list[str]:
    """A line a measure, a column a tool."""
    names = list(spent)
    lines = [f"{'':<14}" + "".join(f"{name:>24}" for name in names)]
    for key, label in MEASURES.items():
        cells = []
        for name in names:
            found = scores[name].get(key)
            # What a tool does not say at all is not wrong.
            told = found and not (name == "readability-lxml" and key in ("authors", "no_byline_ok", "date10"))
            cells.append(f"{found[0]:.3f} [{found[1]:.3f}, {found[2]:.3f}]" if told and len(found) == 3 else "–")
        if any(cell != "–" for cell in cells):
            lines.append(f"{label:<14}" + "".join(f"{cell:>24}" for cell in cells))
    for key, label in (("mean", "CPU, mean"), ("median", "CPU, median")):
        cells = [
            f"{cost[key]:.2f} ({cost[f'{key}_ms']:.1f} ms)" if key in cost else f"{cost[f'{key}_ms']:.1f} ms"
            for cost in spent.values()
        ]
        lines.append(f"{label:<14}" + "".join(f"{cell:>24}" for cell in cells))
    return lines


def chosen(names: str | None) -> dict[str, Tool]:
    """The tools by name; one whose package is missing is told and left out."""
    wanted = [re.sub(r"\s", "", name) for name in names.split(",")] if names else list(TOOLS)
    if unknown := [name for name in wanted if name not in TOOLS]:
        sys.exit(f"there is no tool {', '.join(unknown)}; there are {', '.join(TOOLS)}")
    tools = {}
    for name in wanted:
        try:
            tools[name] = TOOLS[name]()
        except ImportError as error:
            print(f"{name} is left out: {error}; `make bench-extraction` installs it", file=sys.stderr)
    return tools


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--set", action="append", choices=SETS, help="only this set of pages; may be repeated")
    parser.add_argument("--only", metavar="TOOLS", help=f"comma-separated: {', '.join(TOOLS)}")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many pages of each set")
    parser.add_argument("--boot", type=int, default=1_000, help="resamplings for the confidence intervals")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    wish = parser.parse_args()
    if not (SHARED / "data" / "extraction").is_dir():
        print(f"nothing is measured: {SHARED} is not there (the pages are not part of the project)")
        return 0
    logging.disable()  # what the tools say of pages
    warnings.simplefilter("ignore")
    tools = chosen(wish.only)
    score = scorer()
    told: dict[str, Any] = {}
    for name in wish.set or SETS:
        cases = load(name, wish.limit)
        answers, seconds = run(cases, tools)
        gold = {case.id: case.gold for case in cases}
        spent = costs(seconds)
        scores = {tool: score.score(found, gold, wish.boot) for tool, found in answers.items()}
        told[name] = {"pages": len(cases), "scores": scores, "cpu": spent}
        print(f"\n{name}: {len(cases)} pages, 95 % intervals over pages; CPU as a ratio to {BASE} with metadata")
        if name == "infogioco":
            exact = {tool: exact_pages(cases, found) for tool, found in answers.items()}
            told[name]["exact"] = exact
            print("text, title, authors and day all exact: " + ", ".join(f"{tool} {n}" for tool, n in exact.items()))
        print("\n".join(table(scores, spent)))
        for tool, found in answers.items():
            if refused := [f"{row['id']} ({row['error']})" for row in found.values() if row.get("error")]:
                print(f"{tool}: no answer for {', '.join(refused)[:600]}")
    if wish.json:
        wish.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
