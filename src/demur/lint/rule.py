"""What a lint rule is: one record in a file of its own under `rules/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from demur.diagnostics import Diagnostic, Edit, Severity, Span
from demur.language.checked import CheckedPolicy


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: where, what is wrong, what to write instead, and how to mend it."""

    span: Span
    message: str
    help: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A lint rule.

    `name` reads well after "allow". `explanation` says what the rule looks for and why it matters;
    `wrong` is a policy in which it finds something, `right` one in which it does not, and both are
    run by the tests and shown in the reference.
    """

    code: str
    name: str
    title: str
    severity: Severity
    explanation: str
    wrong: str
    right: str
    check: Callable[[CheckedPolicy], Iterable[Finding]]

    def diagnostics(self, policy: CheckedPolicy) -> list[Diagnostic]:
        """The rule's findings in a policy."""
        return [
            Diagnostic(
                self.code, self.name, self.severity, one.message, one.span, one.help, one.edits
            )
            for one in self.check(policy)
        ]


HEADER = """\
demur: 1
policy: example
version: 1.0.0
about: An example.
owner: team@example.com
runbook: runbook.md
"""
"""How the examples of rules begin."""
GATE = (
    HEADER
    + """\
metrics:
  wrong_rate: rate(decision.declined)
suites:
  golden: {cases: golden.jsonl}
gates:
  ship:
    suites: [golden]
"""
)
"""How the examples of rules about gates begin; the gate's own settings follow."""
