# Timmy: `make run` is all a first look needs. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help run test test-browser torture torture-quick lint format bench bench-quick screenshots lock messages clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' \
	  || { echo "Timmy needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make run PYTHON=python3.12"; exit 1; }
ifdef UV
	@$(UV) venv -q --allow-existing --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing (Debian: apt install python3-venv)"; exit 1; }
endif
	@touch $@

$(VENV)/.runtime: requirements.txt | $(VENV)/.made
	@echo "Installing what Timmy needs …"
ifdef UV
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --require-hashes -r requirements.txt
else
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
endif
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what the tests need …"
ifdef UV
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --require-hashes -r requirements-dev.txt
else
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
endif
	@touch $@

run: $(VENV)/.runtime ## Install, prepare and serve on http://localhost:8000 (PORT=8001 for another port)
	@DEMO=$${DEMO:-true} PORT=$(PORT) exec $(PY) manage.py serve

test: $(VENV)/.dev ## Run the tests: no key, browser or server needed
	@$(PY) -m pytest -q -n auto

test-browser: $(VENV)/.dev ## Drive the widget and the admin in a real Chromium
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
	  || { echo "There is no Chromium here. Install it (Debian: apt install chromium) and try again."; exit 1; }
	@$(PY) -m pytest -q -m browser tests/browser

torture: $(VENV)/.dev ## Try to lose, double or cross something, and print figures (about an hour)
	@$(PY) -m tests.torture

torture-quick: $(VENV)/.dev ## The short form of it that CI runs
	@$(PY) -m tests.torture --quick

lint: $(VENV)/.dev ## Check format, style and types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

format: $(VENV)/.dev ## Format the code
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.dev ## Measure against a bare relay (about ten minutes)
	@$(PY) -m bench.run

bench-quick: $(VENV)/.dev ## The same in under two minutes
	@$(PY) -m bench.run --quick

screenshots: $(VENV)/.dev ## Make the pictures of the documentation again
	@TIMMY_SCREENSHOTS=docs/images $(PY) -m pytest -q -m browser tests/browser

lock: ## Pin the dependencies again, with hashes (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header requirements/runtime.in -o requirements.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header requirements/dev.in -o requirements-dev.txt

messages: $(VENV)/.dev ## Collect and compile the translations (needs GNU gettext)
	@$(PY) manage.py makemessages -l pt_BR -l es --no-obsolete --ignore '.venv/*' --ignore 'tests/*'
	@$(PY) manage.py compilemessages -l pt_BR -l es --ignore '.venv/*'

clean: ## Remove what was installed and collected (never data/ or tenant_files/)
	@rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
