"""A name that hides another."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.tree import Bind, Comprehension, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    outer = {*policy.document.define, *policy.document.stages, "params", "outcome", "decision"}
    for name in policy.document.define:
        if name in policy.document.stages or name in policy.document.metrics:
            message = f"The definition `{name}` has the name of a stage or a metric."
            yield Finding(policy.span(("define", name)), message, "Give it another name.")
    for expression in policy.expressions():
        for node in walk(expression.tree):
            names: tuple[str, ...] = ()
            if isinstance(node, Comprehension):
                names = node.variables
            elif isinstance(node, Bind):
                names = (node.variable,)
            for name in names:
                if name in outer:
                    message = f"The variable `{name}` hides the policy's own `{name}`."
                    advice = "Give the variable another name."
                    yield Finding(expression.span_of(node), message, advice)


RULE = Rule(
    code="DM506",
    name="shadowed-name",
    title="A name that hides another",
    severity=Severity.WARNING,
    explanation="""\
Looks for variables of macros, and definitions, that have the name of a definition, a stage or a
metric. A reader takes one for the other.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
define:
  limits: "[0.7, 0.8]"
  low: limits.all(limits, answer.confidence < limits)
rules:
  low-confidence:
    when: low
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
define:
  limits: "[0.7, 0.8]"
  low: limits.all(limit, answer.confidence < limit)
rules:
  low-confidence:
    when: low
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
