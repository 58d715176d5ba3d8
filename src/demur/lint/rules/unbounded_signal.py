"""A score without bounds."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.guards import declared_path
from demur.lint.intervals import Ranges
from demur.lint.rule import HEADER, Finding, Rule
from demur.lint.trees import comparisons


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    ranges = Ranges(policy)
    seen: set[str] = set()
    for expression, node in comparisons(policy):
        for part in node.arguments:
            shape, path = ranges.shape(part), declared_path(part)
            if shape is None or path is None or path in seen or shape.type != "double":
                continue
            if shape.minimum is None and shape.maximum is None:
                seen.add(path)
                message = f"`{path}` is compared, and declares no bounds."
                yield Finding(expression.span_of(part), message, "Declare its `min` and `max`.")


RULE = Rule(
    code="DM525",
    name="unbounded-signal",
    title="A score without bounds",
    severity=Severity.NOTE,
    explanation="""\
Looks for doubles that are compared with a number and declare neither `min` nor `max`. With
bounds, a score of 97 where 0.97 is meant is unknown rather than excellent.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    confidence: double
failures:
  low_confidence: {severity: warning}
rules:
  low-confidence:
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
