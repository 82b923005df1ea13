# The habits of this project. Each works on a clean clone: what is missing is installed into .venv first.
.PHONY: help setup demo test sweep lint bench generate site lock clean
.DEFAULT_GOAL := help

# The first interpreter of 3.11 or later that is found; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# Tests at once: one more than the two cores of a small machine, because some wait for a clock or a socket.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
SITE := .venv-site
LOCK := --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --no-header --quiet
READY := $(VENV)/.ready

help: ## What can be made.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## Install everything into .venv, versions and hashes pinned.

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "setup: no Python 3.11 or later was found, one is needed. Install it, or name it: make setup PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up .venv (once, a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## The main job on this machine: emulator, deploy, change, drift, restore, destroy.
	@$(BIN)/python examples/demo.py

test: $(READY) ## All tests; the cases for pulumi run where the program is on PATH.
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

sweep: $(READY) ## The long searches: many kills, mutations and drawn cases; an hour or more.
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m sweep
	@$(BIN)/python -m pytest -n 2 -k laws --hypothesis-profile thorough

lint: $(READY) ## ruff, mypy --strict, import contract, generated files.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@for program in stacks/__main__.py examples/*/__main__.py; do $(BIN)/mypy --no-error-summary $$program || exit 1; done
	@$(BIN)/lint-imports
	@$(BIN)/python -m flireo_iac.generate --check
	@$(BIN)/python -m tests.emulator.answers --check

bench: $(READY) ## Requests, wall time, floors and memory of typical runs.
	@$(BIN)/python -m tests.bench

generate: $(READY) ## Write the generated files anew.
	@$(BIN)/python -m flireo_iac.generate
	@$(BIN)/python -m tests.emulator.answers --write

site: $(SITE)/.ready ## The documentation as a site, in site/.
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --strict --quiet
	@echo "Open site/index.html."

$(SITE)/.ready: site.lock
	@test -n "$(PYTHON)" || { echo "site: no Python 3.11 or later was found, one is needed."; exit 1; }
	@$(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r site.lock
	@touch $@

lock: ## Pin versions and hashes anew; needs the uv program.
	@uv pip compile pyproject.toml --all-extras --group dev $(LOCK) -o requirements.lock
	@uv pip compile --group site $(LOCK) -o site.lock

clean: ## Remove .venv and caches.
	@rm -rf $(VENV) $(SITE) site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
