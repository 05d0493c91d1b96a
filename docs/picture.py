"""Draws docs/demo.svg from what the demo made: `make demo`, then `.venv/bin/python docs/picture.py`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from crawler import present

WIDTH = 150  # columns
SHOWN = ("gazzetta-ia", "chipwire", "rechenblatt")


def main() -> None:
    """Pick three articles an outlet, the corrected one among them, and draw them as the demo does."""
    done = subprocess.run(
        [sys.executable, "-m", "crawler.cli", "--demo", "articles", "list", "--limit", "99", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = json.loads(done.stdout)
    rows.sort(key=lambda row: (-row["revision"], not row["credited"]))
    picked = [row for slug in SHOWN for row in [row for row in rows if row["outlet"] == slug][:3]]
    console = Console(record=True, width=WIDTH, highlight=False, file=io.StringIO())
    console.print("[bold green]$[/] make demo\n")
    console.print(present.articles(picked))
    console.print(f"[dim]… {len(rows)} articles from three outlets[/]")
    svg = console.export_svg(title="aiwire", theme=MONOKAI)
    (Path(__file__).parent / "demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
