"""Keeps requirements.lock, requirements-dev.lock and requirements-bench.lock in step with pyproject.toml.

    locks.py check    do the locks belong to pyproject.toml as it stands? Needs no network
    locks.py write    resolve again, with uv; what is pinned stays pinned unless --upgrade is given

What is installed, and when, is venv.sh's affair.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
EXTRAS: dict[str, tuple[str, ...]] = {
    "requirements.lock": (),
    "requirements-dev.lock": ("dev",),
    "requirements-bench.lock": ("bench",),
}
"""The locks, and the extras that each holds beside the dependencies and the build backend."""
_HEAD = "# Written by `make lock` from pyproject.toml, whose dependencies had the fingerprint {}\n"


def fingerprint(pyproject: dict[str, Any], extras: tuple[str, ...]) -> str:
    """16 hex digits over all that a lock is resolved from; the order of dependencies does not count."""
    project = pyproject["project"]
    parts = [
        [project["requires-python"]],
        sorted(pyproject["build-system"]["requires"]),
        sorted(project["dependencies"]),
        *(sorted(project["optional-dependencies"][extra]) for extra in extras),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def mistakes(folder: Path) -> list[str]:
    """What is wrong with the locks in `folder`, one sentence each."""
    pyproject = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    found = []
    pins: dict[str, set[str]] = {}
    for name, extras in EXTRAS.items():
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            found.append(f"{name} is missing")
            continue
        if not text.startswith(_HEAD.format(fingerprint(pyproject, extras))):
            found.append(f"{name} was written for other dependencies than pyproject.toml names")
        pins[name] = set(re.findall(r"^[\w.-]+==[^\s;]+", text, re.MULTILINE))
    if len(pins) == len(EXTRAS):
        found += [
            f"{name} pins other versions than requirements.lock: {', '.join(sorted(differ))}"
            for name in pins
            if (differ := pins["requirements.lock"] - pins[name])
        ]
    return found


def write(folder: Path, uv: str, *options: str) -> None:
    """Resolve the locks for every platform; each keeps to those before it: tests and benchmarks run what ships."""
    pyproject = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    floor = pyproject["project"]["requires-python"].removeprefix(">=")
    earlier: list[str] = []
    for name, extras in EXTRAS.items():
        # The build backend is locked, too: the checkout is installed without pip's isolated, unhashed build.
        command = [uv, "pip", "compile", "pyproject.toml", "-", "--universal", "--python-version", floor, "--quiet"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--output-file", name, *options]
        command += [f"--extra={extra}" for extra in extras]
        command += [f"--constraint={lock}" for lock in earlier]
        earlier.append(name)
        backend = "\n".join(pyproject["build-system"]["requires"])
        subprocess.run(command, cwd=folder, input=backend, text=True, check=True, stdout=subprocess.DEVNULL)
        path = folder / name
        path.write_text(
            _HEAD.format(fingerprint(pyproject, extras)) + path.read_text(encoding="utf-8"), encoding="utf-8"
        )


def main(argv: list[str]) -> int:
    if argv[1:2] == ["write"]:
        uv = shutil.which("uv")
        if uv is None:
            sys.exit(
                "make lock resolves with uv, which no lock holds: install it (`pipx install uv` or `brew install uv`)"
            )
        write(CHECKOUT, uv, *argv[2:])
    if found := mistakes(CHECKOUT):
        sys.exit("\n".join([*found, "Run `make lock` and commit what it writes."]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
