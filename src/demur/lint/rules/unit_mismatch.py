"""A comparison or sum across units."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule
from demur.tree import Call, Expression, Parameter, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)

    def unit(node: Expression) -> str | None:
        if isinstance(node, Parameter):
            return policy.document.params[node.name].unit
        shape = ranges.shape(node)
        return None if shape is None else shape.unit

    for expression in policy.expressions():
        for node in walk(expression.tree):
            if not isinstance(node, Call) or not node.function.startswith(_SAME_UNIT):
                continue
            if len(node.arguments) == 2:
                left, right = map(unit, node.arguments)
                if left is not None and right is not None and left != right:
                    message = f"One side is in {left}, the other in {right}."
                    yield Finding(expression.span_of(node), message, "Convert one of them.")


_SAME_UNIT = ("comparison.", "arithmetic.add", "arithmetic.subtract")


RULE = Rule(
    code="DM510",
    name="unit-mismatch",
    title="A comparison or sum across units",
    severity=Severity.ERROR,
    explanation="""\
Looks for comparisons, sums and differences of signals and parameters that declare different
units: milliseconds with seconds, dollars with tokens.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    latency: {type: double, min: 0, unit: ms}
params:
  budget: {type: double, default: 2, min: 0, unit: s}
rules:
  slow:
    when: answer.latency > params.budget
    then: flag
""",
    right=HEADER
    + """\
stages:
  answer:
    latency: {type: double, min: 0, unit: ms}
params:
  budget: {type: double, default: 2000, min: 0, unit: ms}
rules:
  slow:
    when: answer.latency > params.budget
    then: flag
""",
    check=_check,
)
