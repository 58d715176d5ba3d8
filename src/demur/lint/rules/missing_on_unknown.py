"""A policy that has no words for the unknown."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    if policy.rules and policy.key(("on_unknown",)) is None:
        message = "Where a signal is missing the system abstains, and tells the user nothing."
        span = policy.span((policy.rules[0].path[0],))
        yield Finding(span, message, "Add `on_unknown: {then: abstain, say: …}`.")


RULE = Rule(
    code="DM522",
    name="missing-on-unknown",
    title="A policy that has no words for the unknown",
    severity=Severity.NOTE,
    explanation="""\
Looks for policies with rules and no `on_unknown`. The system then abstains without a message.
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
    when: answer.confidence < 0.7
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
on_unknown: {then: abstain, say: Something I need is missing.}
""",
    check=_check,
)
