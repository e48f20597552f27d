# Every task of a person or of CI. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The Python that makes the environment: 3.11 or newer.
PYTHON ?= python3
VENV := .venv
RIVALS := .venv-rivals
AUDIT := .venv-audit
CORE := .venv-core
BIN := $(VENV)/bin
PORT ?= 5000
FUZZ_SECONDS ?= 60
EXECUTED := docs/executed

.PHONY: help setup data reproduce verify review serve notebooks docs test core lint fuzz mutants audit torture coverage bench lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## Make .venv from requirements.lock, checked by hash

data: setup ## Fetch the pinned news corpus and build it
	@$(BIN)/topicdesk data build newsarticles

reproduce: data ## Run the main comparison, log it to MLflow, check it against its lock
	@$(BIN)/topicdesk compare experiments/topics.toml
	@$(BIN)/topicdesk results

verify: data ## Compute the main figures again; fail if one is not in the lock
	@$(BIN)/topicdesk verify experiments/topics.toml

review: setup ## Start MLflow's pages on 127.0.0.1 (PORT=5000)
	@$(BIN)/topicdesk review --port $(PORT)

serve: setup ## Answer requests with the champion on 127.0.0.1 (PORT=5000)
	@$(BIN)/topicdesk serve --port $(PORT)

notebooks: $(EXECUTED)/.ready ## Run the notebooks from top to bottom, after make reproduce; executed copies in docs/executed

docs: setup $(EXECUTED)/.ready ## Build the documentation, offline, and check its links
	@$(BIN)/python docs/badges.py
	@rm -rf docs/_build/executed docs/_build/html
	@$(BIN)/python -m nbconvert --log-level=WARN --to html --config docs/nbconvert_config.py --output-dir docs/_build/executed/notebooks $(EXECUTED)/*.ipynb
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs docs/_build/html
	@$(BIN)/python docs/check_links.py docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

test: setup ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

core: setup ## Install the core alone, without extras, and label with it, after make reproduce
	@$(PYTHON) -m venv --clear --without-pip $(CORE)
	@$(BIN)/uv pip install --quiet --python $(CORE) --constraint requirements.lock .
	@$(CORE)/bin/python tests/core/check_core.py

lint: setup ## Check format, style, types, import directions, spelling and stored notebooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell
	$(BIN)/nbstripout --verify notebooks/*.ipynb

fuzz: setup ## Throw mutated pages, files, specs and labels at what reads them, a minute each (FUZZ_SECONDS=60)
	@mkdir -p build/fuzz
	@for target in page dateline readers spec labels; do \
	  $(BIN)/python tests/fuzz/fuzz.py $$target $(FUZZ_SECONDS) 2>&1 | tee build/fuzz/$$target.log | grep -v '^#'; done

mutants: setup ## Put a fault each into copies of the statistics and features, and count those that tests find
	@rm -rf mutants
	@$(BIN)/mutmut run
	@$(BIN)/python tests/trust/mutants.py

audit: $(AUDIT)/.ready ## Ask for known faults of locked packages, and write build/sbom.cdx.json (CycloneDX)
	@$(AUDIT)/bin/python .ci/audit/audit.py

torture: data audit ## All that docs/reliability.md promises, in its long form; writes the figures there
	@$(BIN)/python -m pytest -n auto --dist worksteal --torture --figures build/figures.json $$($(BIN)/python docs/reliability.py --tests)
	@$(MAKE) fuzz
	@$(MAKE) mutants
	@$(BIN)/python docs/reliability.py --record

coverage: setup ## Run the tests and report which lines and branches they reach, in build/coverage
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered --cov-report=html:build/coverage

bench: setup $(RIVALS)/.ready ## Compare with published figures, LibMultiLabel, fastText and GridSearchCV; measure speed
	@$(BIN)/topicdesk compare experiments/published.toml
	@$(BIN)/topicdesk results
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/duplicates.py
	@$(BIN)/python benchmarks/importing.py
	@$(BIN)/python benchmarks/where_time_goes.py
	@$(BIN)/python benchmarks/tracking.py
	@$(BIN)/python benchmarks/annotating.py
	@$(BIN)/python benchmarks/queues.py --plot docs/pictures/queues.png
	@$(BIN)/python benchmarks/label.py $(RIVALS)/bin/python
	@$(BIN)/python benchmarks/serving.py
	@$(BIN)/python benchmarks/cluster.py
	@$(BIN)/python benchmarks/side_by_side.py $(RIVALS)/bin/python
	@$(BIN)/python benchmarks/compare.py

lock: setup ## Renew requirements.lock to the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --upgrade --universal --fork-strategy fewest --python-version 3.11 --all-extras --generate-hashes \
	  --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock pyproject.toml

clean: ## Remove environment, caches and built corpora; keep downloads and MLflow's store
	rm -rf $(VENV) $(RIVALS) $(CORE) $(AUDIT) mutants docs/_build docs/executed docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist data/corpora data/raw/.fetching-* experiments/.cells
	find . -name '.*.part' -type f -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# LibMultiLabel and fastText need another NumPy than we do, and fastText's wheels end at Python 3.11.
$(RIVALS)/.ready: benchmarks/rivals/requirements.lock
	$(PYTHON) -m venv --clear $(RIVALS)
	$(RIVALS)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes --requirement $<
	@touch $@

$(AUDIT)/.ready: .ci/audit/requirements.lock
	$(PYTHON) -m venv --clear $(AUDIT)
	$(AUDIT)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes --requirement $<
	@touch $@

# A stamp is made last: an environment whose making was stopped has none, and is made anew.
$(VENV)/.packages: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "topicdesk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.ready: $(VENV)/.packages pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# Executed where they are copied to: what is stored has no outputs.
$(EXECUTED)/.ready: $(wildcard notebooks/*.ipynb) $(shell find src -name '*.py') | data
	@rm -rf $(EXECUTED) && mkdir -p $(EXECUTED) && cp notebooks/*.ipynb $(EXECUTED)
	$(BIN)/python -m pytest -n auto --nbmake --overwrite --nbmake-timeout=300 --rootdir=. -p no:cacheprovider $(EXECUTED)
	@touch $@
