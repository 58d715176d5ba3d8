"""A requirement that no results can miss."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.intervals import ANY, Interval, Ranges
from demur.lint.rule import GATE, Finding, Rule
from demur.lint.trees import number
from demur.runtime.aggregates import kind_of
from demur.tree import Call, Expression


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    for one in policy.thresholds:
        limit = number(one.limit.tree)
        if one.path[0] != "gates" or limit is None:
            continue
        values = _values(policy.metrics[one.metric].tree, ranges)
        upper = one.operator in ("<", "<=")
        end = values.high if upper else values.low
        beyond = end < limit if upper else end > limit
        if beyond or (end == limit and one.operator in ("<=", ">=")):
            most = "more" if upper else "less"
            message = f"`{one.metric}` is never {most} than {end:g}, so nothing can miss this."
            advice = "Give the requirement a bound that bad results would miss, or leave it out."
            yield Finding(one.limit.span, message, advice)


def _values(tree: Expression, ranges: Ranges) -> Interval:
    """What a metric of one aggregate can be, by the bounds declared of what it reads."""
    if not isinstance(tree, Call):
        return ANY
    match kind_of(tree):
        case "rate" | "unique_rate" | "jensen_shannon" | "kolmogorov_smirnov":
            return Interval(0.0, 1.0)
        case "count" | "distinct" | "psi":
            return Interval(low=0.0)
        case "mean" | "quantile" | "min" | "max":
            return ranges.interval(tree.arguments[0])
        case _:
            return ANY


RULE = Rule(
    code="DM533",
    name="requirement-always-met",
    title="A requirement that no results can miss",
    severity=Severity.ERROR,
    explanation="""\
Looks for requirements of a gate whose bound is at the end of what the metric can be at all: a rate
of at least 0, a mean of at most the signal's declared `max`. They look like a check and are none.
`demur gate --self-test` tries it of every requirement, whatever its metric.
""",
    wrong=GATE
    + """\
    min_samples: 30
    by: [decision.action]
    require: [wrong_rate <= 1]
""",
    right=GATE
    + """\
    min_samples: 30
    by: [decision.action]
    require: [wrong_rate <= 0.1]
""",
    check=_check,
)
