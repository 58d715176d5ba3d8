"""A policy without a version."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    if policy.document.version is None:
        message = "The policy has no version."
        yield Finding(policy.span(("policy",)), message, "Add `version: 1.0.0`.")


RULE = Rule(
    code="DM532",
    name="missing-version",
    title="A policy without a version",
    severity=Severity.NOTE,
    explanation="""\
Looks for policies without `version`. The digest tells two policies apart; the version tells
people which is newer.
""",
    wrong=HEADER.replace("version: 1.0.0\n", ""),
    right=HEADER,
    check=_check,
)
