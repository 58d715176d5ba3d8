"""A policy's own metrics, of one record: what each adds to the series that alerts need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from demur.functions.values import EvaluationError
from demur.policy import Policy, Shape, type_of
from demur.runtime.aggregates import (
    FURTHER,
    NOT_REACHED,
    Aggregate,
    Metrics,
    as_slice,
    policy_of_records,
    reached,
    read_metrics,
)
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.names import COUNTED, UNKNOWN, Series, label, series
from demur.tree import Constant, Expression, Signal, walk

Labels = tuple[tuple[str, str], ...]
"""Names and values of labels."""
Prepared = tuple[list[int], Callable[[Mapping[str, Any]], list[Any]]]
"""Numbers of columns, and what computes them."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One aggregate of a metric: its series, and the dimensions that it is sliced by.

    `needs_outcome` says that it reads what is known only afterwards.
    """

    metric: str
    series: Series
    aggregate: Aggregate
    dimensions: tuple[str, ...]
    needs_outcome: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A record's values: of the columns that aggregates read, and of the dimensions as text."""

    columns: Sequence[Any]
    dimensions: Mapping[str, str]

    def labels(self, names: Sequence[str]) -> Labels:
        """The slice that the record belongs to."""
        return tuple((label(name), self.dimensions[name]) for name in names)


class PolicyMetrics:
    """All metrics of a policy that can be exported, prepared to be computed of many records.

    `dimensions` are the signals that any alert or gate slices by, `exported` what is computed.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.policy = evaluator.policy
        metrics = read_metrics(evaluator, evaluator.policy.evaluation.get("metrics", {}))
        by, limits = sliced_by(self.policy), limits_of(evaluator)
        extended = Evaluator(policy_of_records(self.policy), evaluator.digest)
        signals = extended.policy.stages
        self._signals = signals
        self.dimensions = tuple(
            name
            for name in dict.fromkeys(name for one in by.values() for name in one)
            if _is_scalar(signals, name)
        )
        self.exported = tuple(
            Exported(
                name,
                one,
                metrics.aggregates[number],
                tuple(each for each in by.get(name, ()) if each in self.dimensions),
                _reads_outcome(metrics, metrics.aggregates[number]),
            )
            for name, metric in metrics.metrics.items()
            for one, number in zip(
                series(metric, metrics, limits.get(name, ())),
                (at for at in metric.aggregates if _has_series(metrics.aggregates[at])),
                strict=True,
            )
        )
        self.needs_outcome = any(one.needs_outcome for one in self.exported)
        trees: list[Expression] = list(metrics.columns)
        for name in self.dimensions:
            stage, _, signal = name.partition(".")
            trees.append(Signal(stage, signal, type_of(signals[stage][signal], name)))
        trees += [_came_to(self.policy, name) for name in self.dimensions]
        self._count = len(metrics.columns)
        self._evaluate = {late: self._prepare(extended, trees, late) for late in (False, True)}
        self.reads = frozenset(
            (node.stage, node.name)
            for tree in (*trees, *self.policy.definitions.values())
            for node in walk(tree)
            if isinstance(node, Signal)
        )

    def _prepare(self, extended: Evaluator, trees: Sequence[Expression], late: bool) -> Prepared:
        """What the aggregates read that are counted now, or when the outcome is known."""
        needed = {
            at
            for one in self.exported
            if one.needs_outcome is late
            for at in (one.aggregate.value, one.aggregate.second, one.aggregate.where)
            if at is not None
        }
        places = [*sorted(needed), *range(self._count, len(trees))]
        return places, extended.prepare([trees[at] for at in places])

    def foreseen(self, exported: Exported, most: int) -> Iterator[Labels]:
        """The slices that are known before any record comes: of bools, and of signals with an `enum`.

        None where a dimension may have any value, or where there are more than `most`.
        """
        values: list[tuple[str, ...]] = []
        for name in exported.dimensions:
            stage, _, signal = name.partition(".")
            values.append(_values(self._signals[stage][signal]))
        if prod(map(len, values)) <= most:
            names = [label(name) for name in exported.dimensions]
            for one in product(*values):
                yield tuple(zip(names, one, strict=True))

    def row(self, record: Mapping[str, Any], *, late: bool = False) -> Row:
        """The values of a record that has its `decision` as a stage.

        Of the columns only those of the metrics that are counted at once, or, `late`, of those that
        read the outcome.
        """
        places, evaluate = self._evaluate[late]
        # What was served came as far as its decision.
        record = {**record, "decision": {**record.get("decision", {}), FURTHER: False}}
        count, many = self._count, len(self.dimensions)
        values: list[Any] = [None] * (count + 2 * many)
        for at, value in zip(places, evaluate(record), strict=True):
            if not isinstance(value, EvaluationError):
                values[at] = value
        shown = {
            name: NOT_REACHED if came is False else _text(value)
            for name, value, came in zip(
                self.dimensions, values[count : count + many], values[count + many :], strict=True
            )
        }
        return Row(values[:count], shown)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one record adds to an aggregate: how it counts, and its numbers where they are known."""

    result: str
    value: float | None = None
    divisor: float | None = None


_PLAIN = {
    result: Contribution(result)
    for result in ("true", "false", "unknown", "open_true", "open_false", "open_unknown", "open")
}
"""Those without numbers, made once."""


def contribution(aggregate: Aggregate, columns: Sequence[Any]) -> Contribution | None:
    """A record's part in an aggregate, as `demur.measure.summaries` counts it; None for no part."""
    kept = True if aggregate.where is None else columns[aggregate.where]
    if kept is False:
        return None
    value = True if aggregate.value is None else columns[aggregate.value]
    if aggregate.kind in ("rate", "count"):
        said = "unknown" if value is None else "true" if value else "false"
        return _PLAIN[said if kept else f"open_{said}"]
    if kept is None:
        return _PLAIN["open"]
    if aggregate.kind == "ratio":
        assert aggregate.second is not None
        second = columns[aggregate.second]
        if value is None or second is None:
            return _PLAIN["unknown"]
        return Contribution("known", float(value), float(second))
    return _PLAIN["unknown"] if value is None else Contribution("known", float(value))


def sliced_by(policy: Policy) -> dict[str, tuple[str, ...]]:
    """For each metric, the dimensions that alerts and gates on it slice by, each once."""
    settings = policy.evaluation.get("settings", {})
    found: dict[str, dict[str, None]] = {}

    def add(metric: str, *holders: Any) -> None:
        for holder in holders:
            if isinstance(holder, Mapping):
                for entry in holder.get("by") or ():
                    names = (part.strip() for part in entry.split("*"))
                    found.setdefault(metric, {}).update(dict.fromkeys(names))

    for threshold in policy.evaluation.get("thresholds", ()):
        section, name, *rest = threshold["path"]
        holder = settings.get(section, {}).get(name, {})
        add(threshold["metric"], holder, _at(holder, rest[:-1]))
    for alert in settings.get("alerts", {}).values():
        if alert.get("slo"):
            add(alert["slo"]["metric"], alert)
    return {metric: tuple(names) for metric, names in found.items()}


def limits_of(evaluator: Evaluator) -> dict[str, tuple[float, ...]]:
    """For each metric, the numbers that thresholds compare it with; not those of a baseline."""
    found: dict[str, list[float]] = {}
    for threshold in evaluator.policy.evaluation.get("thresholds", ()):
        if not threshold["baseline"]:
            (limit,) = evaluator.evaluate([read_expression(threshold["limit"])], {})
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                found.setdefault(threshold["metric"], []).append(float(limit))
    return {metric: tuple(limits) for metric, limits in found.items()}


def _at(holder: Any, path: Sequence[Any]) -> Any:
    """What stands at a path within settings: a gate's requirement with settings of its own."""
    for step in path:
        holder = holder[step]
    return holder


def _came_to(policy: Policy, dimension: str) -> Expression:
    """Whether a record came to the stage of a dimension; of decision and outcome each did."""
    stage = dimension.partition(".")[0]
    return reached(policy, stage) if stage in policy.stages else Constant(True, "bool")


def _has_series(aggregate: Aggregate) -> bool:
    return aggregate.kind in COUNTED


def _reads_outcome(metrics: Metrics, aggregate: Aggregate) -> bool:
    columns = (aggregate.value, aggregate.second, aggregate.where)
    return any(node.stage == "outcome" for node in _signals(metrics, columns))


def _signals(metrics: Metrics, columns: Sequence[int | None]) -> Iterator[Signal]:
    for at in columns:
        if at is not None:
            yield from (node for node in walk(metrics.columns[at]) if isinstance(node, Signal))


def _is_scalar(signals: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    """Whether a record has one value of it: with a list it would count in several series."""
    stage, _, signal = name.partition(".")
    shape = signals.get(stage, {}).get(signal)
    return shape is not None and shape.type not in ("list", "map", "object") and not shape.pii


def _values(shape: Shape) -> tuple[str, ...]:
    """What a signal's label may be, without what is not known; none where that may be anything."""
    if shape.type == "bool":
        return ("true", "false")
    return tuple(map(_text, shape.enum or ()))


def _text(value: Any) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = int.__repr__(value) if isinstance(value, int) else str(value)
    return as_slice(shown)
