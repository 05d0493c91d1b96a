# What each target is for: `make help`. How .venv comes to be: make/venv.sh.
# make PYTHON=/path/to/python3.12 ... names the Python that .venv is made with.

.POSIX:
.DEFAULT_GOAL := help
.PHONY: help demo run test test-slow test-all check bench-extraction bench-contract lock clean runtime dev bench
BIN = .venv/bin

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

demo: runtime ## the whole way on this machine alone: bundled outlets to Postgres, in under two minutes
	@$(BIN)/aiwire demo

run: runtime ## the daemon on the outlets in config/outlets, until Ctrl-C
	@$(BIN)/aiwire run

test: dev ## the tests, without a network
	$(BIN)/python -m pytest -q

test-slow: dev ## the long suites alone
	$(BIN)/python -m pytest -q -m slow

test-all: dev ## the tests and the long suites
	$(BIN)/python -m pytest -q -m ""

check: dev ## style, types, who may import whom, and whether the locks are fresh
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python make/locks.py check

bench-extraction: bench ## quality and CPU beside trafilatura, readability and newspaper; OPTIONS="--limit 50"
	$(BIN)/python bench/extraction.py $(OPTIONS)

bench-contract: runtime ## storing beside COPY, the change feed under load, a million articles; OPTIONS="--only feed"
	$(BIN)/python bench/contract.py $(OPTIONS)

lock: dev ## resolve the locks again from pyproject.toml (needs uv); LOCK=--upgrade takes newer versions
	$(BIN)/python make/locks.py write $(LOCK)

clean: ## remove .venv, caches and builds; the data directory stays
	rm -rf .venv build dist aiwire.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime dev bench:
	@PYTHON="$(PYTHON)" make/venv.sh $@
