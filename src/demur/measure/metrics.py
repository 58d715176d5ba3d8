"""A metric's value from its aggregates' values: arithmetic, and interval arithmetic for the bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import inf, isnan

from demur.measure.formula import Formula, formula
from demur.measure.results import Interval
from demur.measure.summaries import Parts, Value, value_of
from demur.runtime.aggregates import Aggregate, Metric, Metrics
from demur.runtime.evaluator import Evaluator
from demur.tree import Call, Constant, Expression, Parameter, Variable

Bounds = tuple[float, float]


def metric_value(
    metric: Metric, metrics: Metrics, found: Mapping[int, Parts], evaluator: Evaluator
) -> Value:
    """The metric over the records of a slice.

    Its samples are those of the aggregate with the fewest: a ratio is as uncertain as its scarcer part.
    """
    values = [value_of(metrics.aggregates[at], found.get(at, {})) for at in metric.aggregates]
    samples = min(one.samples for one in values)
    doubtful = samples - min(one.certain for one in values)
    unknown = max(one.unknown for one in values)
    if metric.is_plain:
        return values[0]
    known = formula_of(metric, evaluator)([one.known for one in values])
    if not unknown:
        return Value(known, known, known, samples, 0)
    bounds = extremes(
        metric.tree,
        {
            f"@{at}": None if v.low is None or v.high is None else (v.low, v.high)
            for at, v in enumerate(values)
        },
        evaluator,
    )
    low, high = (None, None) if bounds is None else bounds
    return Value(known, low, high, samples, unknown, doubtful)


def admissible(metric: Metric, metrics: Metrics, samples: int, evaluator: Evaluator) -> Interval:
    """What the metric could be over so many records, by the declared bounds of what it reads."""
    ranges = {
        f"@{at}": _admissible(metrics.aggregates[one], samples)
        for at, one in enumerate(metric.aggregates)
    }
    bounds = extremes(metric.tree, ranges, evaluator)
    return Interval(-inf, inf) if bounds is None else Interval(*bounds)


def _admissible(aggregate: Aggregate, samples: int) -> Bounds:
    match aggregate.kind:
        case "rate" | "unique_rate":
            return 0.0, 1.0
        case "count":
            return (0.0 if aggregate.value is not None else float(samples)), float(samples)
        case "mean" | "quantile" | "min" | "max":
            return aggregate.range.low, aggregate.range.high
        case "sum":
            low, high = aggregate.range.low, aggregate.range.high
            ends = (samples * low if low else 0.0, samples * high if high else 0.0)
            # Of a condition any number of records may count.
            return ends if aggregate.where is None else (min(0.0, ends[0]), max(0.0, ends[1]))
        case "ratio":
            divisor = aggregate.second_range.low, aggregate.second_range.high
            found = _divide((aggregate.range.low, aggregate.range.high), divisor)
            return (-inf, inf) if found is None else found
        case _:
            return -inf, inf


def formula_of(metric: Metric, evaluator: Evaluator) -> Formula:
    """The metric as a function of its aggregates' values."""
    return formula(metric.tree, [f"@{at}" for at in range(len(metric.aggregates))], evaluator)


def extremes(
    tree: Expression, values: Mapping[str, Bounds | None], evaluator: Evaluator
) -> Bounds | None:
    """The lowest and highest value of arithmetic over intervals; None where nothing bounds it.

    Sound, and wider than need be where an aggregate stands twice (Moore 1966, Interval Analysis).
    """
    match tree:
        case Variable(name=name):
            return values[name]
        case Constant() | Parameter():
            value = formula(tree, (), evaluator)(())
            return None if value is None else (value, value)
        case Call(function=function, arguments=arguments):
            parts = [extremes(one, values, evaluator) for one in arguments]
            known = [one for one in parts if one is not None]
            operation = _OPERATIONS.get(function)
            if operation is None or len(known) < len(parts):
                return None
            return operation(*known)
        case _:
            return None


def _of_ends(
    operation: Callable[[float, float], float],
) -> Callable[[Bounds, Bounds], Bounds | None]:
    """The extremes of an operation that is monotone in either operand: they lie at the ends."""

    def apply(left: Bounds, right: Bounds) -> Bounds | None:
        ends = [operation(a, b) for a, b in product(left, right)]
        return None if any(map(isnan, ends)) else (min(ends), max(ends))

    return apply


def _divide(left: Bounds, right: Bounds) -> Bounds | None:
    if right[0] <= 0 <= right[1]:
        return None
    return _of_ends(lambda a, b: a / b)(left, right)


_OPERATIONS: Mapping[str, Callable[..., Bounds | None]] = {
    "arithmetic.add_double": _of_ends(lambda a, b: a + b),
    "arithmetic.subtract_double": _of_ends(lambda a, b: a - b),
    "arithmetic.multiply_double": _of_ends(lambda a, b: a * b),
    "arithmetic.divide_double": _divide,
    "arithmetic.negate_double": lambda one: (-one[1], -one[0]),
    "arithmetic.known": lambda one: one,
}
