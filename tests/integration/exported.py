"""Many articles made by the server, and `aiwire export` as a process: for tests of exports."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import zstandard

from crawler.settings import CHECKOUT

_MANY = """
    INSERT INTO aiwire.outlet (slug, name, homepage, language, policy, definition)
    VALUES ('many', 'Many', 'https://many.example', 'en', 'scrape', '{}') ON CONFLICT DO NOTHING;
    INSERT INTO aiwire.article (id, outlet, url, revision, content_hash, first_seen_at, changed_at)
    SELECT md5(n::text)::uuid, 'many', 'https://many.example/' || n, 1, '', date_trunc('day', now()), date_trunc('day', now())
    FROM generate_series(FIRST, LAST) AS n;
    INSERT INTO aiwire.revision (article_id, number, reason, changed, title, authors, paywalled, text, relevant, relevance_score,
        relevance_why, provenance, content_hash, capture_sha256, seen_at)
    SELECT md5(n::text)::uuid, 1, 'first', '{}', 'Title ' || n, '{}', false, repeat(md5(n::text) || E'\\n', LENGTH), true, 0.5, '{}',
        '{}', '', '', date_trunc('day', now())
    FROM generate_series(FIRST, LAST) AS n;
"""


def many(url: str, last: int, *, first: int = 1, length: int = 30) -> None:
    """Store articles of outlet `many`, numbered, each with a text of `length` lines of 33 characters."""
    query = _MANY.replace("FIRST", str(first)).replace("LAST", str(last)).replace("LENGTH", str(length))
    with psycopg.connect(url) as connection:
        connection.execute(query.encode())


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "crawler.cli", "export", *arguments]


def environment(url: str, folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AIWIRE_")}
    return {
        **kept,
        "DATABASE_URL": url,
        "AIWIRE_DATA_DIR": str(folder / "data"),
        "AIWIRE_CONTACT": "https://example.org/tests",
        "PYTHONPATH": str(CHECKOUT),
    }


def export(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`aiwire export` in a folder, to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(url, folder),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def killed_until_done(url: str, folder: Path, target: Path, *arguments: str) -> int:
    """Run an export again and again, each time killed after its first new checkpoint; returns how often."""
    state, kills = target.with_name(f"{target.name}.state"), 0
    while True:
        before = state.read_bytes() if state.exists() else b""
        running = subprocess.Popen(
            command("-o", str(target), *arguments),
            env=environment(url, folder),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            while running.poll() is None:
                now = state.read_bytes() if state.exists() else b""
                if now != before and json.loads(now or b"{}").get("place"):
                    running.send_signal(signal.SIGKILL)
                    kills += 1
                    break
                time.sleep(0.002)
            _, told = running.communicate(timeout=60)
        finally:
            running.kill()
        if running.returncode == 0:
            return kills
        assert running.returncode == -signal.SIGKILL, told.decode()


def lines(path: Path) -> list[dict[str, Any]]:
    """The lines of an export, unpacked by what any program would use."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content), read_across_frames=True).read()
    assert not content or content.endswith(b"\n")
    return [json.loads(line) for line in content.decode().splitlines()]
