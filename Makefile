# Everything that people who work on the product run. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCK   := $(shell cksum < requirements.lock | tr -d ' \n')
READY  := $(VENV)/.ready-$(LOCK)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench faults histories texts reference lock

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(READY) ## the environment in .venv, from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "wastehub needs Python 3.11 or newer; name one: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "This Python cannot make environments (on Debian: apt-get install python3-venv)."; rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null \
	  || { echo "This Python has no pip (on Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Installing what requirements.lock names into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

demo: setup ## a made-up city becomes one ledger (ARGS='DIR --no-serve' passes options on)
	@$(BIN)/wastehub demo $(ARGS)

test: setup ## all tests with coverage, and a short run of the faults
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report term:skip-covered $(ARGS)
	$(BIN)/python -m tests.faults --short

check: setup ## style, types, imports, texts, docs: the code's own rules
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/rules

bench: setup ## what it reaches on this machine (writes build/bench.json)
	$(BIN)/python -m tests.bench $(ARGS)

faults: setup ## by seeds: kill, stop, race and cut off the hub, its broker and its database, fill disks, poison topics; count losses
	$(BIN)/python -m tests.faults $(ARGS)

histories: setup ## send random histories (2,000, or ARGS="--histories 20000") through store, rebuild and oracle
	$(BIN)/python -m tests.projector $(ARGS)

texts: setup ## bring the Chinese catalogue in step with the code
	$(BIN)/python -m tests.rules.messages

reference: setup ## write docs/reference.md anew from the commands and refusals
	$(BIN)/python -m tests.rules.reference

lock: setup ## compile requirements.lock anew from pyproject.toml
	uv pip compile --universal --no-emit-index-url --no-header --all-extras --group dev pyproject.toml \
	  --output-file requirements.lock
