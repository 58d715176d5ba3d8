"""Every engine decides and measures generated records by generated policies as Python does."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from demur.measure import quantiles
from demur.measure.measuring import Run
from demur.measure.records import opening
from demur.runtime.evaluator import Evaluator
from tests.engines import generation
from tests.engines.agreement import (
    Record,
    assert_decided_alike,
    assert_measured_alike,
    expressed,
    run_of,
)
from tests.measure import generated
from tests.runtime import test_forms_agree as forms

ALL_METRICS = generation.METRICS + generation.MIXED_METRICS


def written(path: Path, records: Sequence[Record]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    return str(path)


def records(pick: random.Random, count: int, outside: bool) -> list[dict[str, Any]]:
    return [{"id": f"r{at}", **generation.record(pick, outside)} for at in range(count)]


def assert_alike(
    connection: Any,
    path: Path,
    evaluator: Evaluator,
    rows: Sequence[Record],
    dimensions: tuple[str, ...] = generation.DIMENSIONS,
    cuts: Sequence[tuple[int, ...]] = generation.CUTS,
) -> Run:
    run = run_of(connection, [written(path, rows)], evaluator, dimensions, cuts)
    assert_decided_alike(run, rows)
    assert_measured_alike(run, rows, dimensions, cuts)
    return run


@pytest.mark.parametrize("seed", range(8))
def test_duckdb_agrees_over_its_own_json_reader(
    duckdb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(opening, "_read_in_python", None)
    pick = random.Random(seed)
    for at in range(2):
        text = generation.policy_text(pick, python=0.1, metrics=ALL_METRICS)
        cuts = pick.sample(generation.CUTS, 3)
        rows = records(pick, 250, outside=False)
        assert_alike(duckdb, tmp_path / f"{at}.jsonl", forms.evaluator(text), rows, cuts=cuts)


@pytest.mark.parametrize("seed", range(4))
def test_duckdb_agrees_over_what_no_engine_can_hold(duckdb: Any, tmp_path: Path, seed: int) -> None:
    """NaN, infinity, stages that are no objects, halves of surrogate pairs, U+0000."""
    pick = random.Random(100 + seed)
    text = generation.policy_text(pick, metrics=ALL_METRICS)
    rows = records(pick, 250, outside=True)
    cuts = pick.sample(generation.CUTS, 3)
    assert_alike(duckdb, tmp_path / "r.jsonl", forms.evaluator(text), rows, cuts=cuts)


@pytest.mark.parametrize("seed", range(4))
def test_duckdb_agrees_over_policies_of_which_python_computes_half(
    duckdb: Any, tmp_path: Path, seed: int
) -> None:
    pick = random.Random(200 + seed)
    made = forms.evaluator(generated.with_metrics(forms.policy_text(pick)))
    rows = [{"id": f"r{at}", **forms.record(pick)} for at in range(250)]
    cuts = pick.sample(generated.CUTS, 3)
    run = assert_alike(duckdb, tmp_path / "r.jsonl", made, rows, generated.DIMENSIONS, cuts)
    assert run.decided.fallbacks


def test_duckdb_agrees_where_slices_are_too_many_to_ask_for_their_places(
    duckdb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantiles, "MAXIMUM_SHARES", 0)
    pick = random.Random(600)
    text = generation.policy_text(pick, metrics=ALL_METRICS)
    assert_alike(
        duckdb, tmp_path / "r.jsonl", forms.evaluator(text), records(pick, 250, outside=False)
    )


@cache
def _on_postgres(connection: Any, folder: Path) -> list[str]:
    return expressed(connection, folder, generation.NATIVE)


@pytest.mark.parametrize("seed", range(6))
def test_postgres_agrees_over_what_it_computes_itself(
    postgres: Any, tmp_path: Path, seed: int
) -> None:
    atoms = _on_postgres(postgres, tmp_path)
    assert len(atoms) > 50
    pick = random.Random(300 + seed)
    text = generation.policy_text(pick, atoms)
    rows = records(pick, 250, outside=False)
    dimensions = tuple(one for one in generation.DIMENSIONS if one != "answer.bytes")
    cuts = ((0,), (1, 3), (pick.randrange(len(dimensions)),))
    path = tmp_path / "r.jsonl"
    run = assert_alike(postgres, path, forms.evaluator(text), rows, dimensions, cuts)
    assert run.decided.fallbacks == {}
    assert run.decided.relation.connection is postgres


@pytest.mark.parametrize("outside", [False, True])
def test_postgres_agrees_where_python_helps(postgres: Any, tmp_path: Path, outside: bool) -> None:
    pick = random.Random(400 + outside)
    made = forms.evaluator(generation.policy_text(pick, python=0.3, metrics=ALL_METRICS))
    rows = records(pick, 250, outside)
    cuts = pick.sample(generation.CUTS, 3)
    run = assert_alike(postgres, tmp_path / "r.jsonl", made, rows, cuts=cuts)
    assert run.decided.fallbacks


@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize(("seed", "outside"), [(0, False), (1, False), (2, True)])
def test_spark_agrees(spark: Any, tmp_path: Path, seed: int, outside: bool) -> None:
    """Over what it computes itself, over what its workers compute by Python, over what it cannot hold."""
    pick = random.Random(500 + seed)
    atoms = [one for one in generation.NATIVE if "quotient" not in one and " / " not in one]
    text = generation.policy_text(pick, atoms, python=0.4 * seed, metrics=generation.FEW_METRICS)
    made = forms.evaluator(text)
    rows = records(pick, 600, outside)
    cuts = ((0,), (1, 3))
    run = assert_alike(spark, tmp_path / "r.jsonl", made, rows, cuts=cuts)
    left = [name for name in run.decided.fallbacks if not name.startswith("slice ")]
    assert bool(left) == (seed > 0)
    assert run.decided.relation.connection is spark
