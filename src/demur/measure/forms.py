"""The one form of metrics that say the same: an aggregate, times a factor, and moved.

`1.0 - rate(x)`, `100.0 * rate(x)` and `count(x) / count()` are the rate of x, and have its evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isclose

from demur.measure.formula import formula
from demur.runtime.aggregates import Aggregate, Metric, Metrics
from demur.runtime.evaluator import Evaluator
from demur.tree import Call, Expression, Variable, rebuilt, walk

_SHARES = {"count": "rate", "sum": "mean"}
"""What an aggregate without `where` is once it is divided by the number of all records."""


@dataclass(frozen=True, slots=True)
class Line:
    """A number that is `factor` times another one, and `added`."""

    factor: float
    added: float


@dataclass(frozen=True, slots=True)
class Form:
    """A metric that is a line of one aggregate, whose parts are those of the one of this `number`."""

    aggregate: Aggregate
    number: int
    line: Line


def form_of(metric: Metric, metrics: Metrics, evaluator: Evaluator) -> Form | None:
    """The metric's form; None where it is no line of one aggregate."""
    aggregates = [metrics.aggregates[at] for at in metric.aggregates]
    shared: dict[int, Aggregate] = {}

    def change(node: Expression) -> Expression:
        match node:
            case Call(
                function="arithmetic.divide_double",
                arguments=(Variable(name=above), Variable(name=below)),
            ):
                first, second = aggregates[int(above[1:])], aggregates[int(below[1:])]
                is_of_all = second.kind == "count" and second.value is None
                if is_of_all and first.value is not None and first.where is None:
                    kind = _SHARES.get(first.kind)
                    if kind is not None:
                        number = metric.aggregates[int(above[1:])]
                        shared[number] = replace(first, kind=kind)
                        return Variable(f"share {number}", "double")
            case Variable(name=name):
                return Variable(f"own {metric.aggregates[int(name[1:])]}", "double")
            case _:
                pass
        return rebuilt(node, change)

    tree = change(metric.tree)
    names = sorted({node.name for node in walk(tree) if isinstance(node, Variable)})
    if len(names) != 1:
        return None
    what, _, written = names[0].partition(" ")
    number = int(written)
    compute = formula(tree, names, evaluator)
    line = line_of(lambda value: compute((value,)))
    if line is None or line.factor == 0:
        return None
    return Form(shared[number] if what == "share" else metrics.aggregates[number], number, line)


def line_of(function: Callable[[float], float | None]) -> Line | None:
    """The line that a function of one number is; None where it is none."""
    at_zero, at_one = function(0.0), function(1.0)
    if at_zero is None or at_one is None:
        return None
    line = Line(at_one - at_zero, at_zero)
    for at in (-1.0, 0.5, 2.0):
        value = function(at)
        expected = line.factor * at + line.added
        if value is None or not isclose(value, expected, rel_tol=1e-9, abs_tol=1e-12):
            return None
    return line
