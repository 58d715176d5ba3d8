"""A failure that nothing counts as."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import responses


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    used = {response.failure for response in responses(policy)}
    for name in policy.document.failures:
        if name not in used:
            message = f"No rule counts as the failure `{name}`."
            advice = "Name it in a rule, or take it out."
            yield Finding(policy.span(("failures", name)), message, advice)


RULE = Rule(
    code="DM503",
    name="unused-failure",
    title="A failure that nothing counts as",
    severity=Severity.WARNING,
    explanation="""\
Looks for entries of `failures` that no rule, scope or `on_unknown` names: a category that is
always zero on every dashboard.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
  retrieval_miss: {severity: warning}
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
""",
    check=_check,
)
