"""A strict rule that ignores what is not known."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import STRICT


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for rule in policy.rules:
        if rule.on_unknown == "ignore" and rule.response.action in STRICT:
            message = f"Where a signal is missing this rule does not {rule.response.action}."
            advice = "Leave `on_unknown` out, or name an action."
            yield Finding(policy.span((*rule.path, "on_unknown")), message, advice)


RULE = Rule(
    code="DM523",
    name="ignored-unknown",
    title="A strict rule that ignores what is not known",
    severity=Severity.ERROR,
    explanation="""\
Looks for `on_unknown: ignore` on rules that refuse, abstain or escalate. A missing signal would
then be taken for a good one, which is what the rule is there to prevent.
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
    on_unknown: ignore
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
