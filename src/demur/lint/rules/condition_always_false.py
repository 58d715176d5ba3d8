"""A condition that is never true."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    for rule in policy.rules:
        if ranges.truth(rule.condition.tree) is False:
            what = "refuses every request" if rule.negated else "never fires"
            message = f"The condition is never true by the bounds of its signals, so it {what}."
            yield Finding(rule.condition.span, message, "Compare with what lies within the bounds.")


RULE = Rule(
    code="DM508",
    name="condition-always-false",
    title="A condition that is never true",
    severity=Severity.ERROR,
    explanation="""\
Works out from types, bounds and enums what a condition can be. A rule that can never fire
protects nobody; a scope entry that never holds refuses everybody.
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
    when: answer.confidence > 1.0
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
