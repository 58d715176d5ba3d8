"""Invariants, which this version checks the types of and does not prove."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    if policy.document.invariants:
        message = "Invariants are stated and not proved: this version checks only their types."
        advice = "Test each in `NAME.test.yaml`, and allow this by a comment that says so."
        yield Finding(policy.span(("invariants",)), message, advice)


RULE = Rule(
    code="DM537",
    name="unproved-invariant",
    title="Invariants that nothing proves",
    severity=Severity.WARNING,
    explanation="""\
Looks for `invariants`. They read as promises, and this version checks that they are conditions over
signals and the decision, not that they hold. Write rules and tests for what must hold.
""",
    wrong=HEADER
    + """\
stages:
  retrieval:
    documents: {type: int, min: 0, max: 100}
rules:
  no-evidence:
    when: retrieval.documents == 0
    then: abstain
    say: I found nothing about it.
invariants:
  no-evidence-no-answer:
    never: decision.answered && retrieval.documents == 0
""",
    right=HEADER
    + """\
stages:
  retrieval:
    documents: {type: int, min: 0, max: 100}
rules:
  no-evidence:
    when: retrieval.documents == 0
    then: abstain
    say: I found nothing about it.
""",
    check=_check,
)
