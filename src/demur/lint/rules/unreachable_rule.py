"""A rule that can never fire."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import number
from demur.runtime.encoding import write_expression
from demur.tree import Call, Constant, Expression


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    for rule in policy.rules:
        tree = rule.condition.tree
        if rule.negated or not isinstance(tree, Call) or tree.function != "logic.and":
            continue
        if ranges.truth(tree) is None and _excludes_itself(tree.arguments):
            message = "The parts of this condition exclude each other, so the rule never fires."
            yield Finding(rule.condition.span, message, "Use `||`, or two rules.")


def _excludes_itself(parts: tuple[Expression, ...]) -> bool:
    written = {str(write_expression(part)) for part in parts}
    values: dict[str, object] = {}
    lows: dict[str, float] = {}
    highs: dict[str, float] = {}
    for part in parts:
        if not isinstance(part, Call):
            continue
        if part.function == "logic.not" and str(write_expression(part.arguments[0])) in written:
            return True
        if not part.function.startswith("comparison."):
            continue
        left, right = part.arguments
        turned = isinstance(left, Constant)
        signal, constant = (right, left) if turned else (left, right)
        if not isinstance(constant, Constant) or isinstance(signal, Constant):
            continue
        key = str(write_expression(signal))
        is_equality = part.function.startswith("comparison.equals")
        if is_equality and values.setdefault(key, constant.value) != constant.value:
            return True
        bound = number(constant)
        if bound is not None and part.function.startswith(("comparison.less", "comparison.great")):
            is_upper = part.function.startswith("comparison.less") != turned
            limits = highs if is_upper else lows
            limits[key] = bound
            if lows.get(key, bound) > highs.get(key, bound):
                return True
    return False


RULE = Rule(
    code="DM513",
    name="unreachable-rule",
    title="A rule that can never fire",
    severity=Severity.ERROR,
    explanation="""\
Looks for conditions whose parts exclude each other: a signal that must equal two values, a number
that must lie above and below, a condition beside its own opposite.
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
    when: request.intent == "billing" && request.intent == "returns"
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
