"""A strict rule that answers where it does not know."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy, CheckedResponse
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import STRICT


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    own = [(rule.on_unknown, rule.response.action, rule.path) for rule in policy.rules]
    for unknown, action, path in own:
        if not isinstance(unknown, CheckedResponse) or action not in STRICT:
            continue
        if unknown.action not in STRICT:
            message = f"Where a signal is missing the system will {unknown.action}."
            advice = "Abstain, escalate or refuse."
            yield Finding(policy.span((*path, "on_unknown")), message, advice)
    general = policy.on_unknown
    if general is not None and general.action not in STRICT:
        message = f"Where a signal is missing the system will {general.action}."
        yield Finding(policy.span(("on_unknown",)), message, "Abstain, escalate or refuse.")


RULE = Rule(
    code="DM524",
    name="mild-on-unknown",
    title="A strict rule that answers where it does not know",
    severity=Severity.WARNING,
    explanation="""\
Looks for `on_unknown` that answers, flags or falls back, on rules that refuse, abstain or
escalate.
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
    on_unknown: flag
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
    on_unknown: {then: escalate, say: A person will take over.}
""",
    check=_check,
)
