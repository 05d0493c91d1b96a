"""`make check` notices locks that no longer belong to pyproject.toml, without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that make/locks.py looks at, with no uv on the way to them."""
    (tmp_path / "make").mkdir()
    for name in ("make/locks.py", "pyproject.toml", *LOCKS):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    return tmp_path


def locks(folder: Path, command: str = "check") -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, str(folder / "make" / "locks.py"), command]
    return subprocess.run(arguments, env={"PATH": ""}, capture_output=True, text=True, check=False)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_committed_locks_are_fresh(copy: Path) -> None:
    done = locks(copy)

    assert (done.returncode, done.stderr) == (0, "")


def test_changed_dependency_makes_all_locks_stale(copy: Path) -> None:
    replace(copy / "pyproject.toml", '"scrapy>=', '"scrapy>=2.')

    done = locks(copy)

    assert done.returncode == 1
    assert all(f"{name} was written for other dependencies" in done.stderr for name in LOCKS)
    assert "make lock" in done.stderr


def test_changed_dev_dependency_makes_the_dev_lock_stale_alone(copy: Path) -> None:
    replace(copy / "pyproject.toml", 'dev = ["hypothesis"', 'dev = ["hypothesis>=6"')

    done = locks(copy)

    assert done.returncode == 1
    assert "requirements-dev.lock was written for other dependencies" in done.stderr
    assert "requirements.lock was" not in done.stderr


def test_changed_setting_of_a_tool_changes_nothing(copy: Path) -> None:
    replace(copy / "pyproject.toml", "line-length = 120", "line-length = 100")

    assert locks(copy).returncode == 0


def test_locks_that_pin_different_versions_are_told(copy: Path) -> None:
    pin = re.search(r"^structlog==\S+", (copy / "requirements-dev.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert pin
    replace(copy / "requirements-dev.lock", pin[0], "structlog==1.0.0")

    done = locks(copy)

    assert done.returncode == 1
    assert f"other versions than requirements.lock: {pin[0]}" in done.stderr


def test_missing_uv_is_told_with_what_to_install(copy: Path) -> None:
    done = locks(copy, "write")

    assert done.returncode == 1
    assert "pipx install uv" in done.stderr


@pytest.mark.parametrize("name", LOCKS)
def test_lock_pins_every_package_by_hash_and_names_no_registry(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    packages = [n for n, line in enumerate(lines) if not line.startswith(" ")]

    assert all("==" in lines[n] for n in packages)
    assert all(lines[n + 1].startswith("    --hash=sha256:") for n in packages)
    assert "://" not in text
    assert any(lines[n].startswith("setuptools==") for n in packages)
