"""What a report shows beside the verdicts: failures by slice, distributions, flips, open cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from demur.measure.frames import Frame
from demur.measure.grouping import sliced
from demur.measure.measuring import Run, read_run_and, shapes_of
from demur.measure.records.python_columns import records
from demur.measure.records.relation import IDENTITY, Relation, Wanted
from demur.measure.results import Case, Distribution, FailureCount, Flip
from demur.measure.slices import NOT_REACHED, Cut
from demur.measure.thresholds import Threshold
from demur.policy import ACTIONS, Shape
from demur.runtime.aggregates import Metrics
from demur.runtime.decision import plain
from demur.runtime.personal import shown as shown_to_people
from demur.tree import Call, Expression, Signal

SHARES = (0.5, 0.9, 0.95, 0.99)
"""The quantiles that a distribution names."""
BINS = 30
MAXIMUM_FLIPS = 200
MAXIMUM_CASES = 200


def failure_counts(run: Run, cuts: Iterable[Cut]) -> tuple[FailureCount, ...]:
    """Records by failure and action, over all and over each slice of the cuts."""
    failures = list(run.evaluator.policy.failures)
    found: list[FailureCount] = []
    for cut in dict.fromkeys([(), *cuts]):
        table, names = sliced(run.decided, cut)
        sums = {
            f"failure {name}": table[f"failure:{name}"].cast("int32").sum() for name in failures
        }
        sums |= {
            f"action {name}": (table["action"] == name).cast("int32").sum() for name in ACTIONS
        }
        sums["records"] = table.count()
        query = table.group_by(names).aggregate(**sums) if names else table.aggregate(**sums)
        rows = sorted(query.to_pyarrow().to_pylist(), key=lambda row: [row[one] for one in names])
        dimensions = [run.plan.dimensions[at] for at in cut]
        for row in rows:
            if NOT_REACHED in (row[one] for one in names):
                continue
            slice = run.plan.naming.slice(dimensions, [row[one] for one in names])
            counts = {name: int(row[f"failure {name}"] or 0) for name in failures}
            actions = {name: int(row[f"action {name}"] or 0) for name in ACTIONS}
            found.append(FailureCount(slice, int(row["records"]), counts, actions))
    return tuple(found)


def numeric_signals(metrics: Metrics) -> dict[str, tuple[int, Signal]]:
    """The numbers that means, quantiles and drift are taken of, by path, with their columns."""
    found: dict[str, tuple[int, Signal]] = {}
    for one in metrics.aggregates:
        if one.value is not None and (one.kind in ("mean", "quantile") or one.is_drift):
            signal = _number(metrics.columns[one.value])
            if signal is not None:
                found[f"{signal.stage}.{signal.name}"] = (one.value, signal)
    return found


def _number(tree: Expression) -> Signal | None:
    if isinstance(tree, Call) and tree.function == "arithmetic.known":
        tree = tree.arguments[0]
    if not isinstance(tree, Signal) or tree.stage == "decision":
        return None
    return tree if tree.type in ("double", "int", "uint") else None


def distributions(run: Run, baseline: Run | None) -> tuple[Distribution, ...]:
    """How the numbers that metrics aggregate are distributed, unknown ones left out.

    Not personal ones: the ends of a distribution are somebody's number.
    """
    policy = run.evaluator.policy
    shapes = {**policy.stages, "outcome": policy.outcome}
    found: list[Distribution] = []
    for name, (column, signal) in numeric_signals(run.metrics).items():
        if shapes[signal.stage][signal.name].has_personal:
            continue
        mine = _known(_values(run, column))
        theirs = np.array([]) if baseline is None else _known(_values(baseline, column))
        if not len(mine):
            continue
        edges = _edges(np.concatenate([mine, theirs]))
        found.append(
            Distribution(
                name,
                shapes[signal.stage][signal.name].unit,
                tuple(edges.tolist()),
                tuple(np.histogram(mine, edges)[0].tolist()),
                tuple(np.histogram(theirs, edges)[0].tolist()) if len(theirs) else (),
                _quantiles(mine),
                _quantiles(theirs) if len(theirs) else (),
            )
        )
    return tuple(found)


def _edges(values: Any) -> Any:
    """The edges of the histogram's bins; of one bin where doubles do not tell so many apart."""
    low, high = values.min(), values.max()
    if low == high:
        low, high = low - 0.5, high + 0.5
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.linspace(low, high, BINS + 1)
    if bool((np.diff(edges) > 0).all()):
        return edges
    return np.array([np.nextafter(low, -np.inf), np.nextafter(high, np.inf)])


def _values(run: Run, column: int) -> Any:
    return run.frame.columns[column][run.frame.rows((), [()])]


def _known(values: Any) -> Any:
    return values[np.isfinite(values)]


def _quantiles(values: Any) -> tuple[tuple[float, float], ...]:
    return tuple((share, float(np.quantile(values, share))) for share in SHARES)


def flips(run: Run, baseline: Run, thresholds: Sequence[Threshold]) -> tuple[Flip, ...]:
    """The cases that came out otherwise than in the baseline, those that got worse first."""
    now, before = run.frame, baseline.frame
    changes = [
        (one, _rate_column(run, one, now), _rate_column(baseline, one, before))
        for one in thresholds
    ]
    found: list[tuple[int, Flip]] = []
    for name, row in now.by_id.items():
        earlier = before.by_id.get(name)
        if earlier is None:
            continue
        worse: list[str] = []
        better: list[str] = []
        for threshold, mine, theirs in changes:
            if mine is None or theirs is None or mine[row] == theirs[earlier]:
                continue
            is_worse = (mine[row] > theirs[earlier]) == threshold.is_upper
            (worse if is_worse else better).append(threshold.metric)
        action, rule = now.actions[row], now.rules[row]
        action_before, rule_before = before.actions[earlier], before.rules[earlier]
        if not (worse or better) and (action, rule) == (action_before, rule_before):
            continue
        flip = Flip(
            name, action_before, action, rule_before or None, rule or None,
            tuple(dict.fromkeys(worse)), tuple(dict.fromkeys(better)),
        )  # fmt: skip
        found.append((len(better) - len(worse), flip))
    found.sort(key=lambda one: (one[0], one[1].case))
    return tuple(flip for _, flip in found)


def _rate_column(run: Run, threshold: Threshold, frame: Frame) -> Any:
    """Each record's contribution to a rate, 0.5 where it does not count; None for other metrics."""
    metric = run.metrics.metrics[threshold.metric]
    aggregate = run.metrics.aggregates[metric.aggregates[0]]
    if not metric.is_plain or aggregate.kind != "rate":
        return None
    found = frame.contributions(aggregate, threshold.is_upper)
    return np.where(found.kept, found.values, 0.5)


def opened(run: Run, names: Iterable[str]) -> tuple[Case, ...]:
    """The named records as one can look at them, whole, personal values masked."""
    chosen = list(dict.fromkeys(names))[:MAXIMUM_CASES]
    if not chosen:
        return ()
    policy = run.evaluator.policy
    shapes = shapes_of(policy)
    everything = Wanted(
        {f"{stage}.{name}": one for stage, found in shapes.items() for name, one in found.items()},
        frozenset(),
    )

    def shown(relation: Relation) -> dict[str, dict[str, Any]]:
        table = relation.table.filter(relation.table[IDENTITY].isin(chosen)).to_pyarrow()
        (batch,) = table.combine_chunks().to_batches() or [None]
        if batch is None:
            return {}
        ids = batch.column(IDENTITY).to_pylist()
        return dict(zip(ids, records(batch, everything, relation.texts), strict=True))

    decided = run.decided.table
    facts = decided.filter(decided[IDENTITY].isin(chosen)).select(
        IDENTITY, "action", "rule", "failure"
    )
    decisions = {row[IDENTITY]: row for row in facts.to_pyarrow().to_pylist()}
    connection = run.decided.relation.connection
    found = read_run_and(connection, run.sources, everything, policy, shown)
    return tuple(
        Case(
            name,
            decisions[name]["action"],
            decisions[name]["rule"] or None,
            decisions[name]["failure"] or None,
            _masked(found[name], shapes),
        )
        for name in chosen
        if name in found and name in decisions
    )


def _masked(record: Mapping[str, Any], shapes: Mapping[str, Mapping[str, Shape]]) -> dict[str, Any]:
    return {
        stage: {
            key: plain(shown_to_people(value, shapes[stage][key])) for key, value in signals.items()
        }
        for stage, signals in record.items()
        if stage in shapes
    }
