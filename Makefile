# Everything a newcomer needs is `make lab` and `make test`; `make help` lists the rest.
# Works with Python >= 3.10 and Node >= 20. Each target makes its own environment first.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# Most tests wait for something, and so leave room for others.
WORKERS ?= 3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-for-development
UI_STAMP := ui-tests/node_modules/.installed
# Yarn follows whatever registry npm is set up for, and nothing of it is committed.
YARN := YARN_ENABLE_TELEMETRY=0 YARN_NPM_REGISTRY_SERVER="$$(npm config get registry 2>/dev/null | sed 's,/*$$,,')"

SOURCES := $(shell find src style schema -type f 2>/dev/null)

.PHONY: help lab test lint fix unit docker-tests docker-and-wheel ui-tests screenshots bench soak wire wheel check-wheel clean check-tools

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

check-tools:
	@scripts/check_tools.sh "$(PYTHON)"

$(STAMP): pyproject.toml package.json yarn.lock install.json $(SOURCES) | check-tools
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) (a few minutes the first time)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "jupyter-builder>=1.3,<2"
	@$(RUN) $(YARN) jlpm install --immutable > $(VENV)/jlpm.log 2>&1 || { tail -n 30 $(VENV)/jlpm.log; exit 1; }
	@$(RUN) $(YARN) $(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[lab,examples,openai,fr]"
	@$(RUN) jlpm build > $(VENV)/build.log 2>&1 || { tail -n 30 $(VENV)/build.log; exit 1; }
	@$(RUN) jupyter-builder develop --overwrite . > $(VENV)/develop.log 2>&1 || { cat $(VENV)/develop.log; exit 1; }
	@touch $@

$(DEV_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,lint]"
	@touch $@

$(UI_STAMP): ui-tests/package.json ui-tests/yarn.lock | $(STAMP)
	@cd ui-tests && PATH="$(CURDIR)/$(BIN):$$PATH" PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(YARN) jlpm install --immutable > /dev/null
	@touch $@

lab: $(STAMP) ## Set up and open JupyterLab on the examples (LAB_HOME=folder keeps its state, LAB_ARGS=… for more)
	@$(RUN) $(BIN)/python scripts/lab.py $(LAB_ARGS)

test: lint ## Set up and pass all tests
	@$(MAKE) -j2 --output-sync=recurse unit docker-and-wheel # both mostly wait
	@$(MAKE) ui-tests
	@$(BIN)/python scripts/coverage_gate.py
	@echo "All tests passed."

lint: $(DEV_STAMP) $(UI_STAMP) ## ruff, mypy, eslint, stylelint, prettier, generated files
	@$(RUN) scripts/timed.sh lint scripts/lint.sh

fix: $(DEV_STAMP) ## Let the formatters mend what they can
	@$(RUN) ruff check --fix . ; $(RUN) ruff format . ; $(RUN) jlpm lint

wire: $(DEV_STAMP) ## Generate what follows from the code: JSON Schema, TypeScript types, reference pages
	@$(RUN) python scripts/generate_wire.py
	@$(RUN) python scripts/generate_docs.py

unit: $(DEV_STAMP) $(UI_STAMP) ## Python and TypeScript tests that need neither Docker nor a browser
	@$(RUN) scripts/timed.sh jest jlpm test
	@$(RUN) scripts/timed.sh pytest scripts/pytest_covered.sh -n $(WORKERS) --dist loadfile -m "not docker"

docker-tests: $(DEV_STAMP) ## Tests on a real Docker engine, started for them
	@$(RUN) scripts/timed.sh docker scripts/pytest_covered.sh -m docker

docker-and-wheel: $(DEV_STAMP)
	@$(MAKE) docker-tests
	@$(MAKE) check-wheel

ui-tests: $(DEV_STAMP) $(UI_STAMP) ## Tests in a real browser on a real server
	@$(RUN) scripts/timed.sh browser scripts/browser_tests.sh

screenshots: $(DEV_STAMP) $(UI_STAMP) ## Make the pictures of the docs anew, in a real browser (-g NAME by SHOTS="-g NAME")
	@$(RUN) scripts/timed.sh screenshots scripts/screenshots.sh $(SHOTS)

bench: $(DEV_STAMP) ## Print the budgets (docs/developers/budgets.md) as ratios, with n and spread
	@$(RUN) python -m benchmarks

soak: $(DEV_STAMP) ## Long random runs: fuzzing and load
	@$(RUN) scripts/soak.sh

check-wheel: $(DEV_STAMP) ## Build the wheel, install it without Node, remove it without a trace
	@$(RUN) scripts/timed.sh wheel scripts/check_wheel.sh

wheel: $(STAMP) ## Build the wheel and the source archive into dist/
	@$(RUN) scripts/wheel.sh

clean: ## Remove what was built; the environment too
	@rm -rf $(VENV) node_modules ui-tests/node_modules lib dist coverage .mypy_cache .ruff_cache .pytest_cache .coverage* coursia_genai_lab/labextension coursia_genai_lab/_version.py
