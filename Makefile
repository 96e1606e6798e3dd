# Everything a person does with this tree. Needs only make and Python 3.11 or newer.

PYTHON ?= python3
PORT ?= 8000
CASES ?= 1000,100000
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
INSTALL := $(PIP) install --retries 10 --timeout 60 --require-hashes --requirement
INSTALL_TREE := $(PIP) install --no-index --no-deps --no-build-isolation --editable .
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--python-version 3.11 --custom-compile-command "make lock" pyproject.toml
TYPED := portal/audit portal/ime portal/policy.py portal/outside portal/words.py

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench screens lock sbom clean
.DELETE_ON_ERROR:

help:  ## Say what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

demo: .venv/installed  ## Build the small world and serve it on PORT (default 8000)
	@exec env PORT=$(PORT) $(BIN)/flask --app wsgi demo

test: .venv/installed-dev  ## Install what the tests need and run them all; ARGS="-k offer" narrows
	@$(BIN)/python -m tests.machine.packages
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal $(ARGS)

check: .venv/installed-dev  ## Check format, lint, types and templates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/djlint --quiet --lint portal/templates

format: .venv/installed-dev  ## Put the Python code into its format
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

bench: .venv/installed-dev  ## Measure the pages beside their limit (CASES=1000,100000)
	CASES=$(CASES) $(BIN)/python -m bench

screens: .venv/installed-dev  ## Take the pictures of the README again
	@$(BIN)/python -m tests.machine.packages
	$(BIN)/python -m tests.browser.screens

lock: .venv/bin/python  ## Write both locks again; UPGRADE=--upgrade takes the newest allowed versions
	$(PIP) install uv
	$(LOCK) $(UPGRADE) --output-file requirements.lock
	$(LOCK) $(UPGRADE) --group dev --all-extras --constraint requirements.lock --output-file requirements-dev.lock

sbom: .venv/installed-dev  ## Print the bill of materials as CycloneDX
	@$(BIN)/python -m tests.machine.sbom

clean:  ## Remove the environment, the caches and the demo's world
	rm -rf .venv instance .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/machine/oidc/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "Impartial needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || { [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] && \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3-venv >/dev/null; } || \
	  { echo "This Python cannot make an environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; exit 1; }

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what the portal needs…"
	@$(INSTALL) requirements.lock
	@$(INSTALL_TREE)
	@touch $@

.venv/installed-dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what the portal and its tests need…"
	@$(INSTALL) requirements-dev.lock
	@$(INSTALL_TREE)
	@touch $@ .venv/installed
