"""A parameter that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import reads


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    _, used = reads(policy)
    for name in policy.document.params:
        if name not in used:
            message = f"Nothing reads the parameter `{name}`."
            yield Finding(policy.span(("params", name)), message, "Read it, or take it out.")


RULE = Rule(
    code="DM502",
    name="unused-parameter",
    title="A parameter that nothing reads",
    severity=Severity.WARNING,
    explanation="""\
Looks for entries of `params` that no expression reads: whoever tunes one changes nothing.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
params:
  limit: {type: double, default: 0.7, min: 0, max: 1}
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
params:
  limit: {type: double, default: 0.7, min: 0, max: 1}
rules:
  low-confidence:
    when: answer.confidence < params.limit
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
