"""A comparison with a value that the signal cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import comparisons, number
from demur.policy import Shape
from demur.suggestions import did_you_mean
from demur.tree import Call, Constant, ListLiteral, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    for expression, node in comparisons(policy):
        for signal, constant in (node.arguments, node.arguments[::-1]):
            shape = ranges.shape(signal)
            if shape is not None and isinstance(constant, Constant):
                problem = _problem(shape, constant)
                if problem is not None:
                    yield Finding(expression.span_of(constant), *problem)
    for expression in policy.expressions():
        for node in walk(expression.tree):
            if isinstance(node, Call) and node.function.startswith("lists.contains"):
                value, elements = node.arguments
                shape = ranges.shape(value)
                if shape is None or not isinstance(elements, ListLiteral):
                    continue
                for element in elements.elements:
                    problem = _problem(shape, element) if isinstance(element, Constant) else None
                    if problem is not None:
                        yield Finding(expression.span_of(element), *problem)


def _problem(shape: Shape, constant: Constant) -> tuple[str, str | None] | None:
    """What is wrong with comparing a signal of this shape with the constant."""
    value = constant.value
    if shape.enum is not None and isinstance(value, str | int) and value not in shape.enum:
        known = [str(one) for one in shape.enum]
        advice = did_you_mean(str(value), known) or f"It is one of: {', '.join(known)}."
        return f"The signal is never `{value}`.", advice
    bound = number(constant)
    if bound is None or shape.type not in ("int", "uint", "double"):
        return None
    low, high = shape.minimum, shape.maximum
    if (low is not None and bound < low) or (high is not None and bound > high):
        ends = f"{'' if low is None else low} to {'' if high is None else high}"
        return f"{bound:g} lies outside of the signal's bounds, {ends}.", None
    return None


RULE = Rule(
    code="DM509",
    name="comparison-out-of-bounds",
    title="A comparison with a value that the signal cannot have",
    severity=Severity.ERROR,
    explanation="""\
Looks for constants outside of the bounds, or not among the values, that the signal declares.
Mostly it is a misspelt value, or a percentage where a share is declared.
""",
    wrong=HEADER
    + """\
stages:
  request:
    intent: {type: string, enum: [billing, returns]}
failures:
  out_of_scope: {severity: info}
rules:
  billing-closed:
    when: request.intent in ["biling", "returns"]
    then: refuse
    failure: out_of_scope
    say: Billing is closed.
""",
    right=HEADER
    + """\
stages:
  request:
    intent: {type: string, enum: [billing, returns]}
failures:
  out_of_scope: {severity: info}
rules:
  billing-closed:
    when: request.intent == "billing"
    then: refuse
    failure: out_of_scope
    say: Billing is closed.
""",
    check=_check,
)
