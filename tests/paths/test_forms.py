"""Whatever form records arrive in: what is decided, measured and unknown is what `decide` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engines.conftest import duckdb, postgres, postgres_url, spark
from tests.paths.agreement import disagreements
from tests.paths.forms import FORMS, OTHER_ENGINES, Form

__all__ = ["duckdb", "postgres", "postgres_url", "spark"]
POLICIES = 8
"""Of each form; `python -m tests.paths 2000` runs more."""


def of(engine: str) -> list[Form]:
    return [one for one in OTHER_ENGINES.values() if one.engine == engine]


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_duckdb_says_of_every_form_what_decide_says(
    duckdb: Any, tmp_path: Path, form: Form
) -> None:
    start = 1000 * list(FORMS).index(form.name)
    for seed in range(start, start + POLICIES):
        assert disagreements(seed, form, duckdb, tmp_path) == []


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_recorded_decisions_are_read_alike_from_every_form(
    duckdb: Any, tmp_path: Path, form: Form
) -> None:
    start = 1000 * list(FORMS).index(form.name) + 500
    for seed in range(start, start + POLICIES // 2):
        assert disagreements(seed, form, duckdb, tmp_path, recorded=True) == []


@pytest.mark.parametrize("form", of("postgres"), ids=lambda form: form.name)
def test_postgres_says_what_decide_says(postgres: Any, tmp_path: Path, form: Form) -> None:
    for seed in range(3):
        assert disagreements(seed, form, postgres, tmp_path) == []


@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("form", of("spark"), ids=lambda form: form.name)
def test_spark_says_what_decide_says(spark: Any, tmp_path: Path, form: Form) -> None:
    assert disagreements(7, form, spark, tmp_path) == []


def test_every_policy_of_the_long_run_has_a_form() -> None:
    from tests.paths.__main__ import chosen

    names = {form.name for seed in range(60) for form, _ in chosen(seed, ("duckdb",))}
    assert names == set(FORMS)
    assert any(recorded for seed in range(60) for _, recorded in chosen(seed, ("duckdb",)))
