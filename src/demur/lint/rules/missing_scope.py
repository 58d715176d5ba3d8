"""A policy that says nothing of its scope."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    if policy.document.rules and not policy.document.scope:
        message = "The policy does not say what the system is for."
        yield Finding(policy.span(("rules",)), message, "Add a `scope`.")


RULE = Rule(
    code="DM521",
    name="missing-scope",
    title="A policy that says nothing of its scope",
    severity=Severity.NOTE,
    explanation="""\
Looks for policies with rules and no `scope`. What a system is for should be said before what it
must not do.
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
  request:
    intent: {type: string, enum: [billing, returns, other]}
failures:
  out_of_scope: {severity: info}
scope:
  known-intent: request.intent in ["billing", "returns"]
  otherwise: {then: refuse, failure: out_of_scope, say: I can't help with that.}
""",
    check=_check,
)
