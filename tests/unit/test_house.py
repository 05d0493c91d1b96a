"""What holds for every module, and no linter looks at; who may import whom stands in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(CHECKOUT)
    for package in ("crawler", "pipelines")
    for path in (CHECKOUT / package).rglob("*.py")
    if "versions" not in path.parts and path.name != "env.py"  # Alembic runs these by path
)


def test_every_module_imports_without_a_warning() -> None:
    """Libraries that lost a dependency, or announce that they will break, are met here rather than in a visit."""
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    command = [sys.executable, "-W", "error", "-c", program, *names]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_says_what_it_does(path: Path) -> None:
    tree = ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))

    assert ast.get_docstring(tree)


def test_feedparser_is_given_bytes_in_memory_only() -> None:
    """Given a string it would fetch a URL or open a file of that name: the string comes from an outlet.

    That no other module imports feedparser is import-linter's to hold.
    """
    tree = ast.parse((CHECKOUT / "pipelines/discovery/feed.py").read_text(encoding="utf-8"))

    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) in {"feedparser.parse", "_parse"}]

    assert given
    assert all(argument.startswith(("BytesIO(", "io.BytesIO(")) for argument in given)
