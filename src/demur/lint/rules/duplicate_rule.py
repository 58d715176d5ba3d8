"""A rule whose condition another has."""

from __future__ import annotations

from collections.abc import Iterator

from demur.cel import syntax
from demur.cel.unparse import unparse
from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    seen: dict[tuple[bool, str], str] = {}
    for rule in policy.rules:
        key = (rule.negated, _canonical(rule.condition.syntax))
        if key in seen:
            message = f"`{seen[key]}` has the same condition."
            yield Finding(policy.span(rule.path), message, "Join the two rules.")
        seen.setdefault(key, rule.name)


def _canonical(node: syntax.Node) -> str:
    """The condition's text with the operands of `&&` and `||` in one order."""
    if isinstance(node, syntax.Call) and node.function in ("_&&_", "_||_"):
        return f"({node.function.join(sorted(map(_canonical, node.arguments)))})"
    return unparse(node)


RULE = Rule(
    code="DM512",
    name="duplicate-rule",
    title="A rule whose condition another has",
    severity=Severity.WARNING,
    explanation="""\
Looks for rules with the same condition, up to spacing and the order of operands of `&&` and `||`.
The strictest of their actions wins, so the others never decide.
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
  unsure:
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
rules:
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
