"""make/venv.sh finds a Python and a way to an environment on machines that lack something, or says what to install."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "make" / "venv.sh"
# This interpreter, but for its version and the modules that it can, or can't, import.
INTERPRETER = """#!/bin/sh
[ "$1" = -c ] || exit 9
exec {python} -S -c '
import sys, types
sys.version_info = ({version}, 0, "final", 0)
for name, version in {modules}.items():
    sys.modules[name] = None if version is None else types.ModuleType(name)
    if version: sys.modules[name].__version__ = version
exec(sys.argv[2])' "$@"
"""
COMPLETE = {"venv": "", "ensurepip": ""}
WITHOUT_ENSUREPIP = {"venv": "", "ensurepip": None, "pip": "23.0.1"}
WITHOUT_ANY_PIP = {"venv": "", "ensurepip": None, "pip": None}


class Machine:
    """A PATH of its own: a few tools, and whatever a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        for tool in ("dirname", "cksum", "cat", "sh"):
            (folder / tool).symlink_to(str(shutil.which(tool)))

    def python(self, name: str, version: str, modules: dict[str, str | None]) -> Path:
        text = INTERPRETER.format(python=sys.executable, version=version.replace(".", ", "), modules=modules)
        # The program stands in single quotes.
        return self.program(name, text.replace(repr(modules), repr(modules).replace("'", '"')))

    def program(self, name: str, text: str) -> Path:
        path = self.path / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def plan(self, **environment: str) -> tuple[int, str, str]:
        command = ["sh", str(SCRIPT), "runtime", "--plan"]
        environment = {"PATH": str(self.path), **environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("version", ["3.11", "3.14"])
def test_python3_that_fits_is_taken(machine: Machine, version: str) -> None:
    machine.python("python3", version, COMPLETE)
    machine.python("python3.12", "3.12", COMPLETE)

    assert machine.plan() == (0, "python=python3\nmaker=venv\n", "")


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.15"])
def test_python3_that_does_not_fit_is_passed_over(machine: Machine, version: str) -> None:
    machine.python("python3", version, COMPLETE)
    machine.python("python3.12", "3.12", COMPLETE)

    assert machine.plan() == (0, "python=python3.12\nmaker=venv\n", "")


def test_named_python_comes_first(machine: Machine) -> None:
    machine.python("python3", "3.12", COMPLETE)
    named = machine.python("elsewhere", "3.13", COMPLETE)

    assert machine.plan(PYTHON=str(named)) == (0, f"python={named}\nmaker=venv\n", "")


def test_python_that_only_uv_knows_is_found(machine: Machine) -> None:
    hidden = machine.python("hidden", "3.13", COMPLETE)
    machine.program("uv", f'#!/bin/sh\n[ "$1 $2" = "python find" ] && echo {hidden}\n')

    assert machine.plan() == (0, f"python={hidden}\nmaker=venv\n", "")


def test_only_an_old_python_says_what_to_install(machine: Machine) -> None:
    machine.python("python3", "3.9", COMPLETE)

    status, plan, told = machine.plan()

    assert (status, plan) == (1, "")
    assert "needs Python 3.11 to 3.14; python3 is 3.9." in told
    assert "sudo apt install python3 python3-venv" in told
    assert "sudo dnf install" in told
    assert "brew install" in told


def test_no_python_says_what_to_install(machine: Machine) -> None:
    status, plan, told = machine.plan()

    assert (status, plan) == (1, "")
    assert "there is no python3" in told
    assert "sudo apt install" in told


def test_without_ensurepip_the_pip_of_the_machine_is_used(machine: Machine) -> None:
    """Debian without python3-venv."""
    machine.python("python3", "3.11", WITHOUT_ENSUREPIP)

    assert machine.plan() == (0, "python=python3\nmaker=venv without pip\n", "")


def test_pip_that_can_install_for_no_other_python_is_passed_over(machine: Machine) -> None:
    """`pip --python` came with 22.3."""
    machine.python("python3", "3.11", {**WITHOUT_ENSUREPIP, "pip": "22.2"})
    machine.program("virtualenv", "#!/bin/sh\n")

    assert machine.plan() == (0, "python=python3\nmaker=virtualenv\n", "")


def test_without_venv_and_pip_uv_gets_by(machine: Machine) -> None:
    machine.python("python3", "3.11", WITHOUT_ANY_PIP)
    machine.program("uv", "#!/bin/sh\n")

    assert machine.plan() == (0, "python=python3\nmaker=uv\n", "")


def test_without_any_way_it_says_what_to_install(machine: Machine) -> None:
    machine.python("python3", "3.12", WITHOUT_ANY_PIP)

    status, plan, told = machine.plan()

    assert (status, plan) == (1, "")
    assert "python3 can make no virtual environment" in told
    assert "sudo apt install python3-venv   (or python3.12-venv)" in told
