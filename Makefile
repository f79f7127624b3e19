# Two commands do everything, set-up included: `make demo` and `make test`. `make help` lists the others.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROVIDERS := .venv-providers
BROWSER := .venv-browser

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Environments of Dify plugins and of providers stay in this folder, so that a fresh clone shows a step that is missing.
export MEMCONFORM_PLUGIN_ENVIRONMENTS ?= $(CURDIR)/.venv-plugins
export MEMCONFORM_PROVIDER_ENVIRONMENTS ?= $(CURDIR)/.venv-provider-environments

.PHONY: help demo test lint types matrix matrix-clients matrix-load test-python312 test-browser test-shells test-providers check-providers check-all-providers test-wheel docs bench lock clean
.DEFAULT_GOAL := help

help: ## List these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/installed ## Judge the reference server and one with a seeded defect, call and load a plugin; writes results/
	$(BIN)/memconform demo --output results

test: $(VENV)/installed ## Run every test of the toolkit
	$(BIN)/python -m pytest -n 2 -m "not provider and not browser"

lint: $(VENV)/installed ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed ## Check types, strictly
	$(BIN)/mypy

matrix: $(VENV)/installed ## Prove the judge: every defect found, no legal server blamed
	$(BIN)/memconform selftest

matrix-clients: $(VENV)/installed ## Prove the judge of clients: every defect of the plugin found, no legal one blamed
	$(BIN)/memconform plugin selftest

matrix-load: $(VENV)/installed ## Prove the judge of load: every fault that only load shows found, no legal server blamed
	$(BIN)/python benchmarks/load_defects.py

test-python312: $(VENV)/installed ## Run the plugin and its host on Python 3.12 with the newest Dify SDK, as Dify does
	sh tests/house/python312.sh $(BIN)

test-browser: $(BROWSER)/installed ## Run the tests of the pages in a headless Chromium (installs what they need)
	sh requirements/chromium.sh
	$(BROWSER)/bin/python -m pytest -n 2 -m browser tests/browser

test-shells: $(VENV)/installed ## Press Tab in a real bash, zsh and fish (installs the shells)
	sh requirements/shells.sh
	$(BIN)/python -m pytest -q -n 2 tests/conformance/test_completion.py

test-providers: $(PROVIDERS)/installed ## Run the tests of the bridges to real providers (installs their libraries)
	$(PROVIDERS)/bin/python -m pytest -n 2 -m provider tests/providers

check-providers: $(PROVIDERS)/installed ## Judge the providers of every build, and compare with docs/providers/results
	$(PROVIDERS)/bin/memconform providers check --all ci --expect docs/providers/results

check-all-providers: check-providers ## Judge those, too, that take long to install and to start, and run their findings
	$(PROVIDERS)/bin/memconform providers check --all scheduled --expect docs/providers/results
	MEMCONFORM_SCHEDULED=1 $(PROVIDERS)/bin/python -m pytest -m provider tests/providers

test-wheel: $(VENV)/installed ## Build the wheel, install it elsewhere, and use it from there
	sh tests/house/wheel.sh $(BIN)/python

docs: $(VENV)/installed ## Make the pages of reference anew that come from help texts and schemas
	$(BIN)/python -m memconform.cli.manual docs/reference

bench: $(VENV)/installed ## Print the ratios that the documents claim
	for each in benchmarks/*.py; do $(BIN)/python $$each || exit 1; done

lock: $(VENV)/installed ## Resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --extra server --extra dev --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements/lock.txt
	$(BIN)/uv pip compile pyproject.toml --extra providers --extra dev --universal --python-version 3.11 \
	  --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q \
	  -o requirements/providers.lock.txt
	$(BIN)/uv pip compile pyproject.toml --extra server --extra dev --extra browser --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -c requirements/lock.txt \
	  -o requirements/browser.lock.txt

clean: ## Remove what these commands made
	rm -rf $(VENV) $(PROVIDERS) $(BROWSER) .venv-plugins .venv-provider-environments results dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/installed: requirements/lock.txt pyproject.toml
	sh requirements/install.sh "$(PYTHON)" $(VENV) requirements/lock.txt
	touch $@

$(PROVIDERS)/installed: requirements/providers.lock.txt pyproject.toml
	sh requirements/install.sh "$(PYTHON)" $(PROVIDERS) requirements/providers.lock.txt
	touch $@

$(BROWSER)/installed: requirements/browser.lock.txt pyproject.toml
	sh requirements/install.sh "$(PYTHON)" $(BROWSER) requirements/browser.lock.txt
	touch $@
