"""What `make bench-extraction` counts: turns, ratios, and which pages are exactly right."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "bench" / "extraction.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_extraction", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def case(bench: ModuleType, name: str) -> object:
    gold = {"id": name, "text": "L'uno.\nL'altro.", "title": "T", "authors": ["Anna S."], "published": "2026-01-12"}
    return bench.Case(id=name, url="", body=b"", gold=gold)


def test_another_tool_begins_with_each_page(bench: ModuleType) -> None:
    asked = []
    tools = {name: lambda page, name=name: asked.append((page.id, name)) or {} for name in ("a", "b", "c")}

    bench.run([case(bench, str(n)) for n in range(3)], tools)

    turns = asked[-9:]  # before them the tools were warmed up
    assert [name for _, name in turns] == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_failure_of_a_tool_is_its_answer_and_ends_nothing(bench: ModuleType) -> None:
    def fails(page: object) -> dict[str, object]:
        raise ValueError("no")

    answers, seconds = bench.run([case(bench, "1"), case(bench, "2")], {"a": fails})

    assert answers["a"]["2"]["error"] == "ValueError: no"
    assert len(seconds["a"]) == 2


def test_costs_are_ratios_of_means_and_of_medians(bench: ModuleType) -> None:
    found = bench.costs({"trafilatura": [1.0, 2.0, 9.0], "aiwire": [1.0, 1.0, 1.0]})

    assert (found["aiwire"]["mean"], found["aiwire"]["median"], found["aiwire"]["mean_ms"]) == (0.25, 0.5, 1000.0)
    assert found["trafilatura"]["mean"] == 1.0


@pytest.mark.parametrize(
    ("change", "exact"),
    [
        ({}, 1),
        ({"text": "L’uno.\nL’altro."}, 1),
        ({"text": "L'uno. L'altro."}, 0),
        ({"authors": ["Anna S"]}, 0),
        ({"published": "2026-01-01"}, 0),
        ({"title": None}, 0),
    ],
)
def test_page_is_exact_where_text_and_all_fields_are(bench: ModuleType, change: dict[str, object], exact: int) -> None:
    page = case(bench, "1")
    answer = {**page.gold, "published": "2026-01-12T10:00:00+01:00", **change}

    assert bench.exact_pages([page], {"1": answer}) == exact


def test_without_the_pages_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "checkout" / "bench").mkdir(parents=True)
    copy = tmp_path / "checkout" / "bench" / "extraction.py"
    copy.write_bytes(PROGRAM.read_bytes())

    done = subprocess.run([sys.executable, str(copy)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "nothing is measured" in done.stdout
