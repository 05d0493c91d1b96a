"""`scrapy list` and `scrapy crawl` in the checkout, as Scrapy's users know them, against the newsroom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.newsroom.client import Newsroom

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with Newsroom(tmp_path / "newsroom") as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, newsroom: Newsroom) -> Path:
    folder = tmp_path / "config"
    for name in ("credits", "topics"):
        shutil.copytree(CHECKOUT / "config" / name, folder / name)
    newsroom.write_outlets(folder, every="1h", looks=("1h",))
    return folder


def scrapy(config: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AIWIRE_")}
    ours = {"AIWIRE_CONFIG": str(config), "AIWIRE_DATA_DIR": str(config.parent / "data"), **environment}
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=CHECKOUT,
        env={**kept, **ours},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_outlets_are_listed_as_spiders_without_a_contact(config: Path) -> None:
    done = scrapy(config, "list")

    assert (done.returncode, done.stdout.split()) == (0, ["chipwire", "gazzetta-ia", "rechenblatt"])


def test_crawl_writes_the_outlet_s_articles(config: Path, newsroom: Newsroom, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"

    done = scrapy(config, "crawl", "chipwire", "-O", str(target), AIWIRE_CONTACT="https://example.org/tests")

    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    asked = [request for request in newsroom.requests() if request.outlet == "chipwire"]
    assert found, done.stderr
    assert all(article["title"] and article["text"] for article in found)
    assert len({article["url"] for article in found}) == len(found)
    assert {request.path for request in asked[:1]} == {"/robots.txt"}
    assert all("https://example.org/tests" in request.agent for request in asked)


def test_crawl_without_a_contact_asks_nobody(config: Path, newsroom: Newsroom, tmp_path: Path) -> None:
    done = scrapy(config, "crawl", "chipwire", "-O", str(tmp_path / "out.jsonl"))

    assert done.returncode != 0
    assert "export AIWIRE_CONTACT=" in done.stderr
    assert newsroom.requests() == []
