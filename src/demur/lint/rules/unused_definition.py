"""A definition that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import reads


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    used, _ = reads(policy)
    for name in policy.definitions:
        if name not in used:
            message = f"Nothing reads the definition `{name}`."
            yield Finding(policy.span(("define", name)), message, "Read it, or take it out.")


RULE = Rule(
    code="DM501",
    name="unused-definition",
    title="A definition that nothing reads",
    severity=Severity.WARNING,
    explanation="""\
Looks for entries of `define` that no rule, metric, message or other definition reads. They are
dead weight, or the sign of a rule that was forgotten.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
define:
  unsure: answer.confidence < 0.7
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
define:
  unsure: answer.confidence < 0.7
rules:
  low-confidence:
    when: unsure
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
