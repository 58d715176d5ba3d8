"""A message that shows personal data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.expressions import signals_of
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import responses
from demur.tree import Signal


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    repetition = policy.repetition
    for response in responses(policy):
        for part in response.say.parts if response.say is not None else ():
            if isinstance(part, str):
                continue
            if not repetition.of(part.tree):
                continue
            for name in _personal(signals_of(part.tree, policy.definitions), policy):
                message = f"The message shows `{name}`, which is personal."
                yield Finding(part.span, message, "Say it without.")


def _personal(signals: Iterable[Signal], policy: CheckedPolicy) -> dict[str, None]:
    """The paths of those signals that have anything personal."""
    stages, origin = policy.surroundings.stages, policy.personal_by_origin
    return {
        f"{one.stage}.{one.name}": None
        for one in signals
        if stages[one.stage][one.name].has_personal or (one.stage, one.name) in origin
    }


RULE = Rule(
    code="DM516",
    name="personal-data-in-message",
    title="A message that shows personal data",
    severity=Severity.ERROR,
    explanation="""\
Looks for `say` that puts in a signal marked `pii`, or a part of one. Messages are shown, logged and
forwarded.
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
