#!/bin/sh
# Brings .venv up to a lock: `make/venv.sh runtime`, `dev` or `bench`; with --plan it only says how it would.
#
# It finds a Python, makes the environment with whatever this machine has for that, installs the hashed lock, then
# the checkout. While the stamps in .venv agree with the files, nothing is done. The locks are locks.py's affair.
set -eu
cd "$(dirname "$0")/.."

oldest=11 newest=14   # Python 3.x; for later ones the embedded Postgres has no build yet
venv=.venv
kind=${1:-}
plan=${2:-}
case $kind in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    bench) lock=requirements-bench.lock ;;
    *) echo "usage: make/venv.sh runtime|dev|bench [--plan]" >&2; exit 2 ;;
esac

# Settings of pip and Python that are meant for other environments than ours.
unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_NO_BINARY PIP_ONLY_BINARY 2>/dev/null || :
export PIP_USER=false PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
fits() { "$1" -c "import sys; sys.exit(not (3, $oldest) <= sys.version_info[:2] <= (3, $newest))" 2>/dev/null; }

find_python() {
    for python in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$python" ] && have "$python" && fits "$python" && return
    done
    if have uv && python=$(uv python find --no-python-downloads ">=3.$oldest,<3.$((newest + 1))" 2>/dev/null) &&
        fits "$python"; then
        return
    fi
    if found=$(version python3); then found="python3 is $found"; else found="there is no python3 that runs"; fi
    say "aiwire needs Python 3.$oldest to 3.$newest; $found."
    say "Install one of them, for example:"
    say "  Debian 12, Ubuntu 24.04 or newer   sudo apt install python3 python3-venv"
    say "  Ubuntu 22.04                       sudo apt install python3.11 python3.11-venv"
    say "  Fedora, RHEL                       sudo dnf install python3.12"
    say "  macOS                              brew install python@3.13"
    say "  anywhere, with uv                  uv python install 3.13"
    say "then call make again, or tell it where: make PYTHON=/path/to/python3.12 ..."
    exit 1
}

find_maker() {
    # Debian keeps ensurepip, without which venv makes no pip, in a package of its own.
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        maker=venv
    elif "$python" -c 'import sys, venv, pip; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (22, 3))' \
        2>/dev/null; then
        maker="venv without pip"
    elif have uv; then
        maker=uv
    elif have virtualenv; then
        maker=virtualenv
    else
        say "$python can make no virtual environment: its venv or pip is missing. Install it, for example:"
        say "  Debian, Ubuntu   sudo apt install python3-venv   (or python$(version "$python")-venv)"
        say "  Fedora, RHEL     sudo dnf install python3-pip"
        say "  anywhere         uv or virtualenv"
        say "then call make again."
        exit 1
    fi
}

identity() { # an environment that was moved, or whose Python was replaced, no longer has the one it was made with
    "$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.prefix)' 2>/dev/null
}

make_environment() {
    if [ -e "$venv" ]; then
        if [ ! -e "$venv/pyvenv.cfg" ]; then
            say "$venv is in the way: it is no virtual environment. Move it away and call make again."
            exit 1
        fi
        rm -rf "$venv"
    fi
    case $maker in
        venv) "$python" -m venv "$venv" ;;
        "venv without pip") "$python" -m venv --without-pip "$venv" ;;
        uv) uv venv --quiet --python "$python" "$venv" ;;
        virtualenv) virtualenv --quiet --python "$python" "$venv" ;;
    esac
    identity >"$venv/stamp-made"
}

install() {
    # Compiled at once: where PYTHONDONTWRITEBYTECODE is set, each start would pay for it again.
    case $maker in
        "venv without pip") "$python" -m pip --python "$venv/bin/python" install -qq "$@" ;;
        uv) uv pip install --quiet --compile-bytecode --python "$venv/bin/python" "$@" ;;
        *) "$venv/bin/python" -m pip install -qq "$@" ;;
    esac
}

wanted=$(cksum <"$lock")
project=$(cksum <pyproject.toml)
stamp() { cat "$venv/stamp-$1" 2>/dev/null || :; }
made() { [ -n "$(stamp made)" ] && [ "$(stamp made)" = "$(identity)" ]; }

if [ -z "$plan" ] && made && [ "$(stamp "$kind")" = "$wanted" ] && [ "$(stamp project)" = "$project" ]; then
    exit 0
fi
find_python
find_maker
if [ -n "$plan" ]; then
    echo "python=$python"
    echo "maker=$maker"
    exit 0
fi
# One that was made in another way has, or lacks, a pip of its own.
if ! made || [ "$(stamp maker)" != "$maker" ]; then
    say "Making $venv with $python ($(version "$python"))"
    make_environment
    echo "$maker" >"$venv/stamp-maker"
fi
if [ "$(stamp "$kind")" != "$wanted" ]; then
    say "Installing $lock into $venv: some 100 MB to fetch the first time, and half a minute of work"
    # A lock leaves nothing to resolve; and pip <= 23.2 trips over the extras of lxml where two packages ask for them.
    install --require-hashes --no-deps -r "$lock"
    echo "$wanted" >"$venv/stamp-$kind"
    # The other locks hold all of the runtime lock, in the same versions.
    if [ "$kind" != runtime ]; then cksum <requirements.lock >"$venv/stamp-runtime"; fi
fi
install --no-build-isolation --no-deps -e .
echo "$project" >"$venv/stamp-project"
