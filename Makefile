# Tasks for users, developers and CI. `make` without a target lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The Python that creates the environments: 3.11 or newer.
ifeq ($(OS),Windows_NT)
PYTHON ?= python
SCRIPTS := Scripts
else
PYTHON ?= python3
SCRIPTS := bin
endif
# Environments for running and for development. environments/create.py creates both. They share downloads.
VENV := .venv
DEV := .venv-dev
RIVALS := .venv-rivals
AUDIT := .venv-audit
BIN := $(VENV)/$(SCRIPTS)
DEV_BIN := $(DEV)/$(SCRIPTS)
CREATE = command -v $(PYTHON) >/dev/null \
  || { echo "setup: topicdesk needs Python 3.11 or newer, and there is no $(PYTHON): make PYTHON=python3.11" >&2; exit 2; }; \
  $(PYTHON) environments/create.py
PORT ?= 5000
FUZZ_SECONDS ?= 60
EXECUTED := docs/executed

# Environments are created one at a time, because they share the installer.
.NOTPARALLEL:

.PHONY: help setup setup-dev data reproduce verify review serve notebooks docs documents lab check test core package lint fuzz mutants audit torture coverage bench lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## Create .venv, for running, from requirements.lock

setup-dev: $(DEV)/.ready ## Create .venv-dev, for tests, notebooks and documentation, from environments/dev.lock

data: setup ## Fetch the pinned news corpus and build it
	@$(BIN)/topicdesk data build newsarticles

reproduce: data ## Run the main comparison, log it to MLflow, and compare its scores with the results lock
	@$(BIN)/topicdesk compare experiments/topics.toml
	@$(BIN)/topicdesk results

verify: data ## Recompute the scores of the main comparison; fail if one differs from the results lock
	@$(BIN)/topicdesk verify experiments/topics.toml

review: setup ## Start MLflow's pages on 127.0.0.1 (PORT=5000)
	@$(BIN)/topicdesk review --port $(PORT)

serve: setup ## Serve the champion on 127.0.0.1 (PORT=5000)
	@$(BIN)/topicdesk serve --port $(PORT)

notebooks: $(EXECUTED)/.ready ## Run the notebooks from top to bottom, after make reproduce; executed copies in docs/executed

docs: setup-dev $(EXECUTED)/.ready ## Build the documentation offline, and check its links
	@$(DEV_BIN)/python docs/badges.py
	@rm -rf docs/_build/executed docs/_build/html
	@$(DEV_BIN)/python -m nbconvert --log-level=WARN --to html --config docs/nbconvert_config.py --output-dir docs/_build/executed/notebooks $(EXECUTED)/*.ipynb
	@$(DEV_BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs docs/_build/html
	@$(DEV_BIN)/python docs/check_links.py docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

test: setup-dev $(DEV)/pips/.ready ## Run the tests
	@$(DEV_BIN)/python -m pytest -n auto --dist worksteal

check: setup-dev ## Run lint, and beside it the tests that take less than a second each
	@mkdir -p build
	@$(MAKE) --no-print-directory lint >build/lint.log 2>&1 & lint=$$!; status=0; \
	  $(DEV_BIN)/python -m pytest -n auto --dist worksteal -q -m "not slow" --durations=5 --durations-min=1 || status=$$?; \
	  wait $$lint || status=$$?; cat build/lint.log; exit $$status

documents: setup setup-dev ## Run the code of README and tutorial, after make reproduce, in this clone (writes desk, mine, newsdesk), and of all documents with the wheel in an empty folder
	@echo "Running the code of README and tutorial here, and of all documents with the wheel; this takes about six minutes."
	@$(DEV_BIN)/python -m pytest -n 2 -q --documents tests/documents

core: setup ## Check that .venv has no extras and can label a file, after make reproduce
	@$(BIN)/python tests/core/check_core.py

package: setup-dev ## Build the wheel and the source distribution in dist/
	@rm -rf dist
	@$(DEV_BIN)/uv build --offline --quiet
	@ls dist/*

lab: setup-dev ## Open the notebooks in JupyterLab
	@$(DEV_BIN)/jupyter lab notebooks

lint: setup-dev ## Check format, style, types, import directions, spelling and stored notebooks
	$(DEV_BIN)/ruff format --check .
	$(DEV_BIN)/ruff check .
	$(DEV_BIN)/mypy
	$(DEV_BIN)/lint-imports --no-cache
	$(DEV_BIN)/codespell
	$(DEV_BIN)/nbstripout --verify notebooks/*.ipynb

fuzz: setup-dev ## Fuzz the readers of pages, datelines, files, exports, specs and labels, a minute each (FUZZ_SECONDS=60)
	@mkdir -p build/fuzz
	@for target in page dateline readers exports spec labels; do \
	  $(DEV_BIN)/python tests/fuzz/fuzz.py $$target $(FUZZ_SECONDS) 2>&1 | tee build/fuzz/$$target.log | grep -v '^#'; done

mutants: setup-dev ## Run mutation tests of the statistics and features
	@rm -rf mutants
	@$(DEV_BIN)/mutmut run
	@$(DEV_BIN)/python tests/trust/mutants.py

audit: $(AUDIT)/.ready ## Check locked packages for known vulnerabilities, and write build/sbom.cdx.json (CycloneDX)
	@$(AUDIT)/bin/python .ci/audit/audit.py

torture: data setup-dev audit ## Run the long form of all tests in docs/reliability.md, and write the results there
	@$(DEV_BIN)/python -m pytest -n auto --dist worksteal --torture --figures build/figures.json $$($(DEV_BIN)/python docs/reliability.py --tests)
	@$(MAKE) fuzz
	@$(MAKE) mutants
	@$(DEV_BIN)/python docs/reliability.py --record

coverage: setup-dev $(DEV)/pips/.ready ## Run the tests, and report line and branch coverage in build/coverage
	@$(DEV_BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered --cov-report=html:build/coverage

bench: setup-dev $(RIVALS)/.ready ## Compare with published scores, LibMultiLabel, fastText and GridSearchCV; measure speed
	@$(DEV_BIN)/topicdesk compare experiments/published.toml
	@$(DEV_BIN)/topicdesk results
	@$(DEV_BIN)/python benchmarks/setup.py
	@$(DEV_BIN)/python benchmarks/startup.py
	@$(DEV_BIN)/python benchmarks/duplicates.py
	@$(DEV_BIN)/python benchmarks/stories.py
	@$(DEV_BIN)/python benchmarks/interval_coverage.py
	@$(DEV_BIN)/python benchmarks/automation.py
	@$(DEV_BIN)/python benchmarks/drift.py
	@$(DEV_BIN)/python benchmarks/importing.py
	@$(DEV_BIN)/python benchmarks/where_time_goes.py
	@$(DEV_BIN)/python benchmarks/kernels.py
	@$(DEV_BIN)/python benchmarks/tracking.py
	@$(DEV_BIN)/python benchmarks/annotating.py
	@$(DEV_BIN)/python benchmarks/queues.py --plot docs/pictures/queues.png
	@$(DEV_BIN)/python benchmarks/label.py $(RIVALS)/bin/python
	@$(DEV_BIN)/python benchmarks/serving.py
	@$(DEV_BIN)/python benchmarks/cluster.py
	@$(DEV_BIN)/python benchmarks/side_by_side.py $(RIVALS)/bin/python
	@$(DEV_BIN)/python benchmarks/compare.py

# dev.lock takes its versions from requirements.lock, so that scores are the same in both environments.
COMPILE = $(DEV_BIN)/uv pip compile --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links --quiet
lock: setup-dev ## Update the locks to the newest versions that pyproject.toml allows
	$(COMPILE) --upgrade --output-file environments/uv.lock environments/uv.in
	$(COMPILE) --upgrade --output-file requirements.lock pyproject.toml environments/pip.in
	$(COMPILE) --upgrade --constraint requirements.lock --constraint environments/uv.lock --all-extras \
	  --output-file environments/dev.lock pyproject.toml environments/pip.in

clean: ## Remove environments, caches and built corpora; keep downloads and MLflow's store
	rm -rf $(VENV) $(RIVALS) $(DEV) $(AUDIT) .uv mutants docs/_build docs/executed docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist data/corpora data/raw/.fetching-* experiments/.cells
	find . -name '.*.part' -type f -delete
	find . -name '.*.removed' -prune -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: requirements.lock environments/uv.lock environments/create.py pyproject.toml
	@$(CREATE) requirements.lock $(VENV) --editable

$(DEV)/.ready: environments/dev.lock environments/uv.lock environments/create.py pyproject.toml
	@$(CREATE) environments/dev.lock $(DEV) --editable

# LibMultiLabel and fastText need another version of NumPy. fastText has no wheels for Python 3.12 or newer.
$(RIVALS)/.ready: benchmarks/rivals/requirements.lock environments/uv.lock environments/create.py
	@$(CREATE) $< $(RIVALS)

$(AUDIT)/.ready: .ci/audit/requirements.lock environments/uv.lock environments/create.py
	@$(CREATE) $< $(AUDIT)

# Old versions of pip, for the tests of installation. Each has its own folder, because an environment has only one pip.
$(DEV)/pips/.ready: $(wildcard environments/old-pips/*.lock) | setup-dev
	@rm -rf $(DEV)/pips
	@for lock in environments/old-pips/*.lock; do $(DEV_BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --require-hashes --requirement $$lock --target $(DEV)/pips/$$(basename $$lock .lock); done
	@touch $@

# Copies are executed, because the notebooks in the repository have no outputs.
$(EXECUTED)/.ready: $(wildcard notebooks/*.ipynb) $(shell find src -name '*.py') | data setup-dev
	@rm -rf $(EXECUTED) && mkdir -p $(EXECUTED) && cp notebooks/*.ipynb $(EXECUTED)
	$(DEV_BIN)/python -m pytest -n auto -p nbmake --nbmake --overwrite --nbmake-timeout=300 --rootdir=. -p no:cacheprovider $(EXECUTED)
	@touch $@
