"""A regular expression that RE2 refuses."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.functions.regular_expressions import compile_pattern
from demur.functions.values import EvaluationError
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.tree import Call, Constant, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for expression in policy.expressions():
        for node in walk(expression.tree):
            if not isinstance(node, Call) or "regular_expressions.matches" not in node.function:
                continue
            pattern = node.arguments[1]
            if isinstance(pattern, Constant) and isinstance(pattern.value, str):
                try:
                    compile_pattern(pattern.value)
                except EvaluationError as refused:
                    message = f"{refused}."
                    advice = "RE2 has no look-around and no back-references."
                    yield Finding(expression.span_of(pattern), message, advice)


RULE = Rule(
    code="DM527",
    name="invalid-pattern",
    title="A regular expression that RE2 refuses",
    severity=Severity.ERROR,
    explanation="""\
Compiles the constant patterns of `matches` with RE2. RE2 has no look-around and no
back-references, and in return no pattern can hang a service.
""",
    wrong=HEADER
    + """\
stages:
  request:
    text: {type: string, max_size: 8000}
failures:
  out_of_scope: {severity: info}
rules:
  order-number:
    when: request.text.matches('(?=order)')
    then: refuse
    failure: out_of_scope
    say: I can't see orders.
""",
    right=HEADER
    + """\
stages:
  request:
    text: {type: string, max_size: 8000}
failures:
  out_of_scope: {severity: info}
rules:
  order-number:
    when: request.text.matches('(?i)order')
    then: refuse
    failure: out_of_scope
    say: I can't see orders.
""",
    check=_check,
)
