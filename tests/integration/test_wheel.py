"""The wheel holds the whole program, its data and its configuration."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = ("crawler", "pipelines", "config")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel is built from, away from the checkout, where the build would leave its traces."""
    folder = tmp_path_factory.mktemp("source")
    for name in SHIPPED:
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    built = tmp_path_factory.mktemp("wheel")
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(built)], cwd=source, check=True, capture_output=True)
    (path,) = built.glob("aiwire-*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


@pytest.mark.parametrize("package", ["crawler", "pipelines"])
def test_wheel_holds_every_file_of_the_packages(package: str, source: Path, wheel: zipfile.ZipFile) -> None:
    """Articles, migrations and pages are read beside the modules: one left out fails only where no checkout is."""
    expected = {path.relative_to(source).as_posix() for path in (source / package).rglob("*") if path.is_file()}

    assert expected <= set(wheel.namelist())


def test_wheel_ships_the_configuration_as_shared_data(source: Path, wheel: zipfile.ZipFile) -> None:
    expected = {path.relative_to(source).as_posix() for path in (source / "config").rglob("*.toml")}

    shipped = {name.partition("/data/share/aiwire/")[2] for name in wheel.namelist() if "/data/" in name}

    assert expected
    assert shipped == expected


def test_wheel_holds_nothing_of_the_tests_or_tools(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.startswith("aiwire-")} == {"crawler", "pipelines"}
