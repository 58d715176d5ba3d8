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
_BY_THE_SECOND = frozenset(("arithmetic.divide_double",))
_MULTIPLES = _BY_THE_SECOND | {
    "arithmetic.multiply_double", "arithmetic.negate_double", "arithmetic.known",
}  # fmt: skip
"""What makes a multiple of its one operand that varies."""


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

    def share(node: Expression) -> Expression | None:
        """A multiple of a count or sum once it is divided by the number of all records."""
        match node:
            case Variable(name=name):
                number = metric.aggregates[int(name[1:])]
                first = metrics.aggregates[number]
                kind = _SHARES.get(first.kind)
                if kind is None or first.value is None or first.where is not None:
                    return None
                shared[number] = replace(first, kind=kind)
                return Variable(f"share {number}", "double")
            case Call(function=function, arguments=parts) if function in _MULTIPLES:
                varying = [at for at, one in enumerate(parts) if _varies(one)]
                if varying not in ([0], [1]) or (varying == [1] and function in _BY_THE_SECOND):
                    return None
                inner = share(parts[varying[0]])
                if inner is None:
                    return None
                changed = tuple(inner if at in varying else one for at, one in enumerate(parts))
                return Call(function, changed, node.type, node.span)
            case _:
                return None

    def change(node: Expression) -> Expression:
        match node:
            case Call(
                function="arithmetic.divide_double", arguments=(above, Variable(name=below))
            ) if _is_of_all(aggregates[int(below[1:])]):
                found = share(above)
                if found is not None:
                    return found
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


def _is_of_all(aggregate: Aggregate) -> bool:
    """Whether it is `count()`, the number of all records."""
    return aggregate.kind == "count" and aggregate.value is None


def _varies(node: Expression) -> bool:
    return any(isinstance(one, Variable) for one in walk(node))


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
