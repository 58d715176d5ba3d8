"""A suite that no gate judges."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    used = {suite for gate in policy.document.gates.values() for suite in gate.suites}
    for name in policy.document.suites:
        if name not in used:
            message = f"No gate judges the suite `{name}`."
            yield Finding(policy.span(("suites", name)), message, "Name it in a gate's `suites`.")


RULE = Rule(
    code="DM505",
    name="unused-suite",
    title="A suite that no gate judges",
    severity=Severity.WARNING,
    explanation="""\
Looks for suites that no gate names: cases that are run and never stop anything.
""",
    wrong=HEADER
    + """\
metrics:
  answer_rate: rate(decision.answered)
suites:
  golden: {cases: golden.jsonl}
  hard: {cases: hard.jsonl}
gates:
  ship:
    suites: [golden]
    min_samples: 30
    by: [decision.action]
    require: [answer_rate >= 0.8]
""",
    right=HEADER
    + """\
metrics:
  answer_rate: rate(decision.answered)
suites:
  golden: {cases: golden.jsonl}
  hard: {cases: hard.jsonl}
gates:
  ship:
    suites: [golden, hard]
    min_samples: 30
    by: [decision.action]
    require: [answer_rate >= 0.8]
""",
    check=_check,
)
