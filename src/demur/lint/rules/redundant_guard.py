"""A guard of a signal that is never absent."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.guards import declared_path
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule
from demur.tree import Has, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    for expression in policy.expressions():
        for node in walk(expression.tree):
            if not isinstance(node, Has):
                continue
            shape = ranges.shape(node.operand)
            if shape is not None and not shape.optional:
                path = declared_path(node.operand)
                message = (
                    f"`{path}` is not optional: where it is missing this is unknown, not false."
                )
                advice = "Declare it `optional: true`, or leave the guard out."
                yield Finding(expression.span_of(node), message, advice)


RULE = Rule(
    code="DM526",
    name="redundant-guard",
    title="A guard of a signal that is never absent",
    severity=Severity.WARNING,
    explanation="""\
Looks for `has()` of signals that are not optional. Their absence is never legitimate: it is
unknown, not false, so the guard does not do what it seems to.
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
    when: has(answer.confidence) && answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    right=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1, optional: true}
failures:
  low_confidence: {severity: warning}
rules:
  low-confidence:
    when: has(answer.confidence) && answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
