"""A message that shows personal data."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.expressions import signals_of
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import responses


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for response in responses(policy):
        for part in response.say.parts if response.say is not None else ():
            if isinstance(part, str):
                continue
            for signal in signals_of(part.tree, policy.definitions):
                if policy.surroundings.stages[signal.stage][signal.name].pii:
                    message = (
                        f"The message shows `{signal.stage}.{signal.name}`, which is personal."
                    )
                    yield Finding(part.span, message, "Say it without.")


RULE = Rule(
    code="DM516",
    name="personal-data-in-message",
    title="A message that shows personal data",
    severity=Severity.ERROR,
    explanation="""\
Looks for `say` that puts in a signal marked `pii`. Messages are shown, logged and forwarded.
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
    say: "I will write to {{request.email}}."
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
    say: I'm not sure, so I won't answer.
""",
    check=_check,
)
