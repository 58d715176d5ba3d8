"""A double compared for equality."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import comparisons


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for expression, node in comparisons(policy):
        is_equality = node.function.startswith(("comparison.equals", "comparison.differs"))
        if is_equality and any(part.type == "double" for part in node.arguments):
            message = "Doubles are compared for equality."
            advice = "Compare with `<` or `>=`, or with the distance between them."
            yield Finding(expression.span_of(node), message, advice)


RULE = Rule(
    code="DM514",
    name="float-equality",
    title="A double compared for equality",
    severity=Severity.WARNING,
    explanation="""\
Looks for `==` and `!=` between doubles. A score that was computed is hardly ever exactly 0.7.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
rules:
  low-confidence:
    when: answer.confidence == 0.7
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    right=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
rules:
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
