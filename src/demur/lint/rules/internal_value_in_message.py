"""A message that shows an internal value."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.expressions import signals_of
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import responses
from demur.tree import Parameter, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    first = next(iter(policy.document.stages), None)
    for response in responses(policy):
        for part in response.say.parts if response.say is not None else ():
            if isinstance(part, str):
                continue
            internal = [
                f"{signal.stage}.{signal.name}"
                for signal in signals_of(part.tree, policy.definitions)
                if signal.stage != first
            ]
            internal += [
                f"params.{node.name}" for node in walk(part.tree) if isinstance(node, Parameter)
            ]
            if internal:
                message = f"The message shows the user `{internal[0]}`."
                yield Finding(part.span, message, "Put it into `why`, which is for engineers.")


RULE = Rule(
    code="DM517",
    name="internal-value-in-message",
    title="A message that shows an internal value",
    severity=Severity.WARNING,
    explanation="""\
Looks for `say` that puts in a signal of a later stage than the first, or a parameter. Scores and
limits help nobody who asks, and tell an attacker how close it was. `why` is for them.
""",
    wrong=HEADER
    + """\
stages:
  request:
    email: {type: string, pii: true}
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
rules:
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    say: "Only {{answer.confidence}} sure."
""",
    right=HEADER
    + """\
stages:
  request:
    email: {type: string, pii: true}
  answer:
    confidence: {type: double, min: 0, max: 1}
failures:
  low_confidence: {severity: warning}
rules:
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
    failure: low_confidence
    why: "confidence {{answer.confidence}}"
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
