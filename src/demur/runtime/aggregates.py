"""The metrics of a policy as aggregates over columns: what each record contributes, and what of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from demur.backends.python.decisions import reachable, signals_read
from demur.functions.values import EvaluationError
from demur.policy import Policy, Shape
from demur.runtime.encoding import read_expression, write_expression
from demur.runtime.evaluator import Evaluator
from demur.tree import (
    Call,
    Constant,
    Expression,
    ListLiteral,
    Parameter,
    Signal,
    Variable,
    rebuilt,
    walk,
)

FURTHER = "further"
"""The signal of a decision, not for users, that says whether the record may have come further than it: true
where only something unknown stopped a record that no service has served."""
DECISION: Mapping[str, Shape] = {
    "action": Shape("string"),
    "answered": Shape("bool"),
    "declined": Shape("bool"),
    "rule": Shape("string"),
    "rules": Shape("list", of=Shape("string")),
    "failure": Shape("string"),
    "failures": Shape("list", of=Shape("string")),
    "unknown": Shape("list", of=Shape("string")),
    "stage": Shape("string"),
    FURTHER: Shape("bool"),
}
"""The decision as signals of a stage of its own; a rule or failure that there is not is empty."""


DRIFTS = frozenset(("kolmogorov_smirnov", "jensen_shannon", "psi"))
"""The aggregates that compare the distribution of a signal with the baseline's."""
_KINDS: Mapping[str, str] = {
    "unknown_rate": "rate",
    "unique_rate": "unique_rate",
    "kolmogorov_smirnov": "kolmogorov_smirnov",
    "jensen_shannon": "jensen_shannon",
    "drift_string": "jensen_shannon",
    "drift_bool": "jensen_shannon",
    "drift": "kolmogorov_smirnov",
}
"""The kinds of the aggregates whose overloads do not begin with theirs and a type."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that an unknown value could be."""

    low: float = -inf
    high: float = inf


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate: `value`, `second` (a ratio's divisor) and `where` are numbers of columns.

    `range` and `second_range` are what the columns' unknown values could be; `share` is a quantile's.
    """

    kind: str
    value: int | None = None
    second: int | None = None
    where: int | None = None
    share: float = 0.0
    range: Range = Range()
    second_range: Range = Range()

    @property
    def is_drift(self) -> bool:
        """Whether it compares two runs, so that one of them has no value."""
        return self.kind in DRIFTS


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: arithmetic over aggregates, which stand in `tree` as variables `@0`, `@1`, …

    `aggregates` are their numbers in the list of all aggregates, in that order. `came` is the number of the
    one that counts the records which came to the last stage that the metric reads; None for the first.
    """

    name: str
    tree: Expression
    aggregates: tuple[int, ...]
    unit: str | None = None
    better: str | None = None
    about: str | None = None
    came: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the metric is one aggregate and nothing else."""
        return isinstance(self.tree, Variable)


@dataclass(frozen=True)
class Metrics:
    """The metrics asked for, their aggregates, and the trees of the columns that these read."""

    columns: tuple[Expression, ...]
    aggregates: tuple[Aggregate, ...]
    metrics: Mapping[str, Metric]

    def is_drift(self, name: str) -> bool:
        """Whether the metric compares two runs, so that it has no value of one."""
        return any(self.aggregates[at].is_drift for at in self.metrics[name].aggregates)


def policy_of_records(policy: Policy) -> Policy:
    """The policy with outcome and decision as stages, so that metrics can read them."""
    stages = {**policy.stages, "outcome": policy.outcome, "decision": DECISION}
    return policy.replaced(stages=stages, outcome={}, rules=(), evaluation={})


def read_metrics(evaluator: Evaluator, names: Iterable[str]) -> Metrics:
    """The named metrics of a compiled policy. Raises KeyError for one that it has not."""
    policy = evaluator.policy
    settings = policy.evaluation.get("settings", {}).get("metrics", {})
    columns: dict[str, tuple[int, Expression]] = {}
    aggregates: dict[Aggregate, int] = {}
    metrics: dict[str, Metric] = {}

    def column(tree: Expression) -> int:
        if tree.type == "double":
            tree = _known(tree)
        return columns.setdefault(str(write_expression(tree)), (len(columns), tree))[0]

    for name in names:
        tree = with_decision(read_expression(policy.evaluation["metrics"][name]), policy)
        found: list[int] = []
        calls = [one for one in walk(tree) if isinstance(one, Call) and is_aggregate(one)]

        def put_in(node: Expression, found: list[int] = found) -> Expression:
            if isinstance(node, Call) and is_aggregate(node):
                aggregate = _aggregate(node, column, evaluator)
                found.append(aggregates.setdefault(aggregate, len(aggregates)))
                return Variable(f"@{len(found) - 1}", "double")
            if isinstance(node, Call) and node.function == "conversions.double_of_double":
                # Which says nothing, and would hide that the metric is a line of an aggregate.
                return put_in(node.arguments[0])
            return rebuilt(node, put_in)

        said = settings.get(name)
        facts: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        tree = put_in(tree)
        unit = facts.get("unit") or _unit(aggregates, found, columns, policy)
        stage = last_stage(policy, calls)
        came = None
        if stage is not None:
            counts = Aggregate("count", column(reached(policy, stage)))
            came = aggregates.setdefault(counts, len(aggregates))
        metrics[name] = Metric(
            name, tree, tuple(found), unit, facts.get("better"), facts.get("about"), came
        )
    return Metrics(tuple(tree for _, tree in columns.values()), tuple(aggregates), metrics)


def is_aggregate(call: Call) -> bool:
    """Whether the call is of an aggregate."""
    return call.function.startswith("aggregates.")


def with_decision(tree: Expression, policy: Policy) -> Expression:
    """The tree with the decision's parts, and what `reached` asks of it, read as signals."""

    def change(node: Expression) -> Expression:
        if isinstance(node, Variable) and node.name.startswith("decision."):
            return Signal("decision", node.name.removeprefix("decision."), node.type, node.span)
        if isinstance(node, Call) and node.function == REACHED:
            (stage,) = node.arguments
            assert isinstance(stage, Constant)
            return reached(policy, stage.value)
        return rebuilt(node, change)

    return change(tree)


NOT_REACHED = "(not reached)"
"""In place of a slice: the record did not come to the dimension's stage, and is in none of its slices."""
MARKS = ("(unknown)", "(none)", NOT_REACHED)
"""What stands for slices without a value; a value that reads so is shown in quotation marks."""


def as_slice(text: str) -> str:
    """A text as the name of a slice: in quotation marks where it reads as a mark, with or without such."""
    return f'"{text}"' if text.replace('"', "") in MARKS else text


REACHED = "stages.reached"
"""The function that asks whether a record came to a stage."""


def reached(policy: Policy, stage: str) -> Expression:
    """The condition that a record came to the stage: `decision.stage` is it or a later one.

    A record that only something unknown stopped counts as one that came there, so that an unknown signal
    never takes a record out of a metric; but of what was served it is known how far it came.
    """
    stages = list(policy.stages)
    later = stages[stages.index(stage) :] if stage in stages else []
    names = tuple(Constant(name, "string") for name in later)
    came = Call(
        "lists.contains_string",
        (Signal("decision", "stage", "string"), ListLiteral(names, (), "list(string)")),
        "bool",
    )
    return Call("logic.or", (came, Signal("decision", FURTHER, "bool")), "bool")


def last_stage(policy: Policy, trees: Iterable[Expression]) -> str | None:
    """The stage of the last signal that the expressions read; None for the first, or for none."""
    trees = list(trees)
    stages = list(policy.stages)
    read = signals_read((*reachable(policy, trees).values(), *trees))
    last = max((stages.index(stage) for stage, _ in read if stage in policy.stages), default=0)
    return stages[last] if last > 0 else None


def _aggregate(node: Call, column: Callable[[Expression], int], evaluator: Evaluator) -> Aggregate:
    """The aggregate of a call. Only records count that came to the stage of the last signal it reads."""
    policy = evaluator.policy
    name = node.function.removeprefix("aggregates.")
    kind = kind_of(node)
    parts = list(node.arguments)
    stage = last_stage(policy, parts)
    kept = parts.pop() if name.endswith("_where") and kind != "count" else None
    came = None if stage is None else reached(policy, stage)
    if kind == "count" and parts and came is not None:
        # How many there are of all records, so that it is a share of them once it is divided by `count()`.
        parts[0] = Call("logic.and", (came, parts[0]), "bool", parts[0].span)
    elif came is not None:
        kept = came if kept is None else Call("logic.and", (came, kept), "bool", kept.span)
    where = None if kept is None else column(kept)
    if not parts:
        return Aggregate(kind)
    if name.startswith("unknown_rate"):
        return Aggregate(kind, column(_is_unknown(parts[0])), where=where)
    value = column(parts[0])
    range = _range(parts[0], policy)
    if kind == "ratio":
        second = _range(parts[1], policy)
        return Aggregate(kind, value, column(parts[1]), where, range=range, second_range=second)
    if kind == "quantile":
        return Aggregate(kind, value, where=where, share=_share(parts[1], evaluator), range=range)
    return Aggregate(kind, value, where=where, range=range)


def kind_of(aggregate: Call) -> str:
    """The kind of a call of an aggregate: several overloads have the same."""
    name = aggregate.function.removeprefix("aggregates.")
    found = (kind for prefix, kind in _KINDS.items() if name.startswith(prefix))
    return next(found, name.partition("_")[0])


def is_drift(tree: Expression) -> bool:
    """Whether the expression is an aggregate that compares two runs."""
    if not isinstance(tree, Call) or not tree.function.startswith("aggregates."):
        return False
    return kind_of(tree) in DRIFTS


def _known(tree: Expression) -> Expression:
    return Call("arithmetic.known", (tree,), "double", tree.span)


def _is_unknown(tree: Expression) -> Expression:
    """The condition that the expression is unknown, as a computed NaN is."""
    if tree.type == "double":
        tree = _known(tree)
    return Call("logic.is_unknown", (tree,), "bool", tree.span)


def _share(tree: Expression, evaluator: Evaluator) -> float:
    """A quantile's share. Raises ValueError for one that is no number from 0 to 1."""
    share = evaluator.evaluate([tree], {})[0]
    if isinstance(share, EvaluationError) or not 0 <= share <= 1:
        raise ValueError("a quantile's share is a number from 0 to 1")
    return float(share)


def _range(node: Expression, policy: Policy) -> Range:
    """What an unknown value of the expression could be, by the declared bounds of what it reads."""
    match node:
        case Constant(value=bool()) | Constant(value=str()):
            return Range()
        case Constant(value=value) if isinstance(value, int | float):
            return Range(float(value), float(value))
        case Parameter(name=name):
            bounds = policy.parameters[name]
            return _bounds(bounds.minimum, bounds.maximum)
        case Signal(stage=stage, name=name):
            holder = {**policy.stages, "outcome": policy.outcome, "decision": DECISION}
            shape = holder[stage][name]
            return _bounds(shape.minimum, shape.maximum)
        case Call(
            function="arithmetic.known"
            | "conversions.double_of_int"
            | "conversions.double_of_double"
        ):
            return _range(node.arguments[0], policy)
        case Call(function=function) if function.startswith(
            ("lists.size", "strings.size", "maps.size")
        ):
            return Range(0.0, inf)
        case _:
            return Range()


def _bounds(low: float | None, high: float | None) -> Range:
    return Range(-inf if low is None else float(low), inf if high is None else float(high))


def _unit(
    aggregates: Mapping[Aggregate, int],
    found: list[int],
    columns: Mapping[str, tuple[int, Expression]],
    policy: Policy,
) -> str | None:
    """The declared unit of the one signal that a metric aggregates."""
    if len(found) != 1:
        return None
    aggregate = list(aggregates)[found[0]]
    trees = [tree for _, tree in columns.values()]
    tree = None if aggregate.value is None else trees[aggregate.value]
    if isinstance(tree, Call) and tree.function == "arithmetic.known":
        tree = tree.arguments[0]
    if aggregate.kind not in ("mean", "sum", "min", "max", "quantile") or not isinstance(
        tree, Signal
    ):
        return None
    shape = {**policy.stages, "outcome": policy.outcome}.get(tree.stage, {}).get(tree.name)
    return None if shape is None else shape.unit
