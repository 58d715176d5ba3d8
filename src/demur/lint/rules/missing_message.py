"""A refusal that tells the user nothing."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import STRICT, responses


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    written = policy.key(("on_unknown",)) is not None
    fallback = policy.on_unknown is not None and policy.on_unknown.say is not None
    for response in responses(policy):
        is_default = response is policy.on_unknown and not written
        inherits = response.path[-1] == "on_unknown" and len(response.path) > 1 and fallback
        if response.action in STRICT and response.say is None and not is_default and not inherits:
            message = f"The user is not told why the system will {response.action}."
            yield Finding(policy.span(response.path), message, "Add `say:`.")


RULE = Rule(
    code="DM515",
    name="missing-message",
    title="A refusal that tells the user nothing",
    severity=Severity.WARNING,
    explanation="""\
Looks for responses that refuse, abstain or escalate without `say`. Who is not answered must be
told something, and without it the service makes up its own words.
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
