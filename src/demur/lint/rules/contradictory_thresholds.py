"""Requirements that no metric can meet together."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy, CheckedThreshold
from demur.lint.rule import GATE, Finding, Rule
from demur.lint.trees import number
from demur.runtime.aggregates import kind_of
from demur.tree import Call


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    of_gates: dict[str, list[CheckedThreshold]] = {gate: [] for gate in policy.document.gates}
    for one in policy.thresholds:
        if one.path[0] == "gates":
            of_gates[one.owner].append(one)
    for thresholds in of_gates.values():
        uppers: dict[str, float] = {}
        lowers: dict[str, float] = {}
        for one in thresholds:
            bound = number(one.limit.tree)
            if bound is None:
                continue
            yield from _of_rate(policy, one, bound)
            own, others = (uppers, lowers) if "<" in one.operator else (lowers, uppers)
            if own.get(one.metric) == bound:
                yield Finding(one.expression.span, "The gate requires this already.")
            own[one.metric] = bound
            other = others.get(one.metric)
            if other is not None and (other > bound if own is uppers else other < bound):
                message = f"Another requirement of this gate bounds `{one.metric}` by {other:g}."
                advice = "No value meets both: take one out, or turn its sign."
                yield Finding(one.expression.span, message, advice)


def _of_rate(policy: CheckedPolicy, one: CheckedThreshold, bound: float) -> Iterator[Finding]:
    tree = policy.metrics[one.metric].tree
    is_rate = isinstance(tree, Call) and kind_of(tree) == "rate"
    if is_rate and not 0 <= bound <= 1:
        message = f"`{one.metric}` is a rate, from 0 to 1, and is compared with {bound:g}."
        yield Finding(one.limit.span, message, "Write a share, not a percentage.")


RULE = Rule(
    code="DM511",
    name="contradictory-thresholds",
    title="Requirements that no metric can meet together",
    severity=Severity.ERROR,
    explanation="""\
Looks in each gate for bounds of one metric that exclude each other, for the same bound twice, and
for bounds of a rate below 0 or above 1.
""",
    wrong=GATE
    + """\
    min_samples: 30
    by: [decision.action]
    require: [wrong_rate <= 0.1, wrong_rate >= 0.2]
""",
    right=GATE
    + """\
    min_samples: 30
    by: [decision.action]
    require: [wrong_rate <= 0.1, wrong_rate >= 0.02]
""",
    check=_check,
)
