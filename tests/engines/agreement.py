"""What an engine makes of records, held against Python: each decision, each metric of each slice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demur.measure.measuring import Run, measure, shapes_of
from demur.measure.metrics import metric_value
from demur.measure.plan import Builder, plan
from demur.measure.records.opening import open_records
from demur.measure.reference import summarise_records
from demur.measure.slices import Cut
from demur.measure.summaries import Value, value_of
from demur.runtime.aggregates import Metrics, read_metrics
from demur.runtime.evaluator import Evaluator
from tests.engines import generation
from tests.runtime.test_forms_agree import evaluator as evaluator_of

Record = Mapping[str, Any]


def run_of(
    connection: Any,
    sources: Sequence[str],
    evaluator: Evaluator,
    dimensions: tuple[str, ...],
    cuts: Sequence[Cut],
) -> Run:
    """The engine's run, with every metric of the policy."""
    metrics = read_metrics(evaluator, evaluator.policy.evaluation.get("metrics", {}))
    return measure(connection, sources, plan(evaluator, metrics, dimensions), cuts)


def expressed(connection: Any, folder: Path, atoms: Sequence[str]) -> list[str]:
    """The conditions that the engine computes itself."""
    evaluator = evaluator_of(generation.policy_of_all(atoms))
    made = plan(evaluator, read_metrics(evaluator, ()), ())
    path = folder / "one.jsonl"
    path.write_text("{}\n", "utf-8")
    shapes = shapes_of(evaluator.policy)
    relation = open_records(connection, [str(path)], made.wanted, shapes)
    left = Builder(made, relation, {}).build().fallbacks
    return [atom for at, atom in enumerate(atoms) if f"rule rule-{at}" not in left]


def assert_decided_alike(run: Run, records: Sequence[Record]) -> None:
    """Action, rule, failure and all failures of each record are what `Evaluator.decide` says.

    The records are named by their place, `r0`, `r1`, …
    """
    failures = list(run.evaluator.policy.failures)
    rows = run.decided.table.to_pyarrow().to_pylist()
    assert sorted(row["id"] for row in rows) == sorted(f"r{at}" for at in range(len(records)))
    for row in rows:
        record = records[int(row["id"][1:])]
        decision = run.evaluator.decide(record)
        found = (row["action"], row["rule"], row["failure"])
        assert found == (decision.action, decision.rule or "", decision.failure or ""), record
        counted = [name for name in failures if row[f"failure:{name}"]]
        assert counted == [name for name in failures if name in decision.failures], record


def assert_measured_alike(
    run: Run, records: Sequence[Record], dimensions: Sequence[str], cuts: Sequence[Cut]
) -> None:
    """Slices, parts, aggregates and metrics are the reference's."""
    metrics, evaluator = run.metrics, run.evaluator
    expected = summarise_records(evaluator, metrics, dimensions, cuts, records)
    assert set(run.summaries) == set(expected)
    for cut, slices in expected.items():
        assert set(run.summaries[cut]) == set(slices), cut
        for key, wanted in slices.items():
            found = run.summaries[cut][key]
            _assert_same_parts(found, wanted, metrics, (cut, key))
            for name, metric in metrics.metrics.items():
                values = (
                    metric_value(metric, metrics, parts, evaluator) for parts in (found, wanted)
                )
                _assert_same_value(*values, (cut, key, name))


def _assert_same_parts(
    found: Mapping[int, Mapping[str, float]],
    wanted: Mapping[int, Mapping[str, float]],
    metrics: Metrics,
    where: Any,
) -> None:
    for at, aggregate in enumerate(metrics.aggregates):
        mine, theirs = found.get(at, {}), wanted.get(at, {})
        for name, value in mine.items():
            # Without unknown records a quantile's bounds are the quantile.
            other = theirs.get(name, theirs.get("known") if name in ("low", "high") else 0)
            assert _same(value, other), (where, aggregate, name, mine, theirs)
        _assert_same_value(value_of(aggregate, mine), value_of(aggregate, theirs), (where, at))


def _assert_same_value(mine: Value, theirs: Value, where: Any) -> None:
    for name in ("known", "low", "high", "samples", "unknown"):
        assert _same(getattr(mine, name), getattr(theirs, name)), (where, name, mine, theirs)


def _same(one: float | None, other: float | None) -> bool:
    """Equal but for the last digits of a sum in another order."""
    if one is None or other is None:
        return one is other
    if one == other or (math.isnan(one) and math.isnan(other)):
        return True
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
