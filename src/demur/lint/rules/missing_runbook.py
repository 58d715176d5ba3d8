"""A critical failure without a runbook."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for name, failure in policy.document.failures.items():
        if failure.severity == "critical" and not failure.runbook and not policy.document.runbook:
            message = f"The failure `{name}` is critical, and there is no runbook for it."
            advice = 'Add `runbook: "#section"` and the policy\'s `runbook`.'
            yield Finding(policy.span(("failures", name)), message, advice)


RULE = Rule(
    code="DM518",
    name="missing-runbook",
    title="A critical failure without a runbook",
    severity=Severity.WARNING,
    explanation="""\
Looks for failures of severity `critical` that name no runbook in a policy that has none. Whoever
is woken should not have to think of the first step.
""",
    wrong=HEADER.replace("runbook: runbook.md\n", "")
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: critical}
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
  low_confidence: {severity: critical}
rules:
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
