"""A condition that is true whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    for rule in policy.rules:
        if ranges.truth(rule.condition.tree) is True:
            what = "excludes nothing" if rule.negated else "fires for every record"
            message = f"The condition is always true by the bounds of its signals, so it {what}."
            yield Finding(rule.condition.span, message, "Compare with what lies within the bounds.")


RULE = Rule(
    code="DM507",
    name="condition-always-true",
    title="A condition that is true whatever happens",
    severity=Severity.ERROR,
    explanation="""\
Works out from types, bounds and enums what a condition can be. A rule that fires for every record
is no rule; a scope entry that always holds excludes nothing.
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
    when: answer.confidence <= 1.0
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
