# `make demo` shows demur at work, `make test` checks everything; both fill `.venv` first.
# Needs Python 3.11 or newer: `make test PYTHON=python3.12` names another than `python3`.

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
EXAMPLE := examples/support_rag
BUNDLE := build/support_rag.demur
TRIAL := build/trial
RESULTS := $(addprefix --results $(TRIAL)/.demur/results/,golden.jsonl hard.jsonl)

.PHONY: help setup demo test paths fuzz audit release benchmark soak format clean

help:
	@echo "make setup       fill .venv; does nothing when nothing changed"
	@echo "make demo        check, test, compile, run and gate the example, and catch it getting worse"
	@echo "make test        format, lint, types, architecture, tests"
	@echo "make paths       2,000 generated policies through every form of records; ends with 0 disagreements"
	@echo "make fuzz        a million changed inputs for all that reads a stranger's bytes; ends with 0"
	@echo "make audit       workflows by zizmor, dependencies by pip-audit"
	@echo "make release     builds, checks and says what it would publish, in dist; publishes nothing"
	@echo "make benchmark   speed, as ratios against hand-written code"
	@echo "make soak        ten minutes of traffic through a guard; memory must stay flat"
	@echo "make format      put the code into the one layout"
	@echo "make clean       remove what the commands above made"

setup:
	@$(PYTHON) tools/setup.py

demo: setup
	@rm -rf $(TRIAL) && mkdir -p $(dir $(BUNDLE)) && cp -r $(EXAMPLE) $(TRIAL)
	$(BIN)/demur lint $(EXAMPLE)
	$(BIN)/demur test $(EXAMPLE)
	$(BIN)/demur compile $(EXAMPLE)/policy.yaml -o $(BUNDLE)
	$(BIN)/python $(EXAMPLE)/demo.py --records build/records.jsonl
	$(BIN)/demur decide $(BUNDLE) build/records.jsonl -o build/decisions.jsonl
	$(BIN)/demur decide $(BUNDLE) $(EXAMPLE)/one_record.jsonl --explain
	$(BIN)/demur gate $(EXAMPLE)/policy.yaml --gate ship --self-test
	@echo "# From here on in a copy of the example, build/trial. The suites are run, and judged:"
	$(BIN)/demur run $(TRIAL)/policy.yaml
	$(BIN)/demur gate $(TRIAL)/policy.yaml --gate ship $(RESULTS) --format text --format html=build/ship.html
	@echo "# The first run to compare with is the version in service, which is this one:"
	$(BIN)/demur gate $(TRIAL)/policy.yaml --gate no-regression $(RESULTS) $(RESULTS:--results=--baseline)
	@echo "# Now the retriever finds one document, not three. The gate must fail, with exit status 1:"
	sed 's/^limit = 3/limit = 1/' $(EXAMPLE)/retriever.toml > $(TRIAL)/retriever.toml
	$(BIN)/demur run $(TRIAL)/policy.yaml
	$(BIN)/demur gate $(TRIAL)/policy.yaml --gate no-regression $(RESULTS) --baseline last-pass \
		--format text --format html=build/no-regression.html; status=$$?; \
		echo "# exit status $$status"; test $$status -eq 1
	@echo "# It did: more of the questions that have no answer get one. The report names them, and the runbook."
	$(BIN)/demur trend $(TRIAL)/policy.yaml --gate no-regression \
		--format text --format html=build/trend.html

test: setup
	@$(PYTHON) tools/system_packages.py
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --numprocesses auto --dist loadgroup

paths: setup
	@$(PYTHON) tools/system_packages.py
	$(BIN)/python -m tests.paths 2000 --processes 2

fuzz: setup
	$(BIN)/python -m tests.fuzz 1000000 --processes 2

audit: setup
	@$(BIN)/python tools/audit.py

release: setup
	@$(BIN)/python tools/release.py

benchmark: setup
	$(BIN)/python -m benchmarks

soak: setup
	$(BIN)/python -m benchmarks.soak

format: setup
	$(BIN)/ruff check --fix --select I
	$(BIN)/ruff format

clean:
	rm -rf .venv build dist benchmarks/output .coverage .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find src tests examples tools -name __pycache__ -type d -prune -exec rm -rf {} +
