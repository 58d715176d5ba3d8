"""A strict rule that counts as no failure."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import STRICT


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    seen: set[tuple[str | int, ...]] = set()
    for rule in policy.rules:
        response = rule.response
        if response.action in STRICT and response.failure is None and response.path not in seen:
            seen.add(response.path)
            message = f"What happens here ({response.action}) counts as no failure."
            yield Finding(policy.span(response.path), message, "Add `failure:`.")


RULE = Rule(
    code="DM520",
    name="missing-failure",
    title="A strict rule that counts as no failure",
    severity=Severity.WARNING,
    explanation="""\
Looks for responses that refuse, abstain or escalate without `failure`. What has no category is
missing from every count.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
rules:
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
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
