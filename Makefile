# `make demo` shows demur at work, `make test` checks everything; both fill `.venv` first.
# Needs Python 3.11 or newer: `make test PYTHON=python3.12` names another than `python3`.

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
EXAMPLE := examples/support_rag
BUNDLE := build/support_rag.demur

.PHONY: help setup demo test benchmark soak format clean

help:
	@echo "make setup       fill .venv; does nothing when nothing changed"
	@echo "make demo        check, test, compile, run and gate the example policy"
	@echo "make test        format, lint, types, architecture, tests"
	@echo "make benchmark   speed, as ratios against hand-written code"
	@echo "make soak        ten minutes of traffic through a guard; memory must stay flat"
	@echo "make format      put the code into the one layout"
	@echo "make clean       remove what the commands above made"

setup:
	@$(PYTHON) tools/setup.py

demo: setup
	@mkdir -p $(dir $(BUNDLE))
	$(BIN)/demur lint $(EXAMPLE)
	$(BIN)/demur test $(EXAMPLE)
	$(BIN)/demur compile $(EXAMPLE)/policy.yaml -o $(BUNDLE)
	$(BIN)/python $(EXAMPLE)/demo.py --records build/records.jsonl
	$(BIN)/demur decide $(BUNDLE) build/records.jsonl -o build/decisions.jsonl
	$(BIN)/demur decide $(BUNDLE) $(EXAMPLE)/one_record.jsonl --explain
	$(BIN)/demur gate $(EXAMPLE)/policy.yaml --gate ship --self-test
	$(BIN)/demur gate $(EXAMPLE)/policy.yaml --gate ship --results build/records.jsonl \
		--format text --format html=build/ship.html
	$(BIN)/demur gate $(EXAMPLE)/policy.yaml --gate storefronts --results build/records.jsonl

test: setup
	@$(PYTHON) tools/system_packages.py
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --numprocesses auto --dist loadgroup

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
