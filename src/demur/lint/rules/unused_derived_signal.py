"""A derived signal that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.tree import Signal, walk


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    read = {
        (node.stage, node.name)
        for one in policy.expressions()
        for node in walk(one.tree)
        if isinstance(node, Signal)
    }
    sliced = {name for one in _slicing(policy) for name in one}
    for stage, name in policy.derived:
        if (stage, name) not in read and f"{stage}.{name}" not in sliced:
            yield Finding(
                policy.span(("stages", stage, name)),
                f"`{stage}.{name}` is computed for every decision, and nothing reads it.",
                "Read it in a rule or a metric, or take it out.",
            )


def _slicing(policy: CheckedPolicy) -> Iterator[list[str]]:
    """Every `by` of the file."""
    document = policy.document
    for gate in document.gates.values():
        yield gate.by or []
        yield from (one.by or [] for one in gate.require if not isinstance(one, str))
    yield from (alert.by or [] for alert in document.alerts.values())


RULE = Rule(
    code="DM534",
    name="unused-derived-signal",
    title="A derived signal that nothing reads",
    severity=Severity.WARNING,
    explanation="""\
Looks for signals with `derive` that no rule, message, metric, definition, slice or other derived
signal reads. They cost their time at every decision.
""",
    wrong=HEADER
    + """\
stages:
  answer:
    text: {type: string, max_size: 8000}
    words: {type: int, min: 0, derive: word_count(answer.text)}
failures:
  too_short: {severity: warning}
rules:
  too-short:
    when: size(answer.text) < 3
    then: abstain
    failure: too_short
    say: I have no answer to that.
""",
    right=HEADER
    + """\
stages:
  answer:
    text: {type: string, max_size: 8000}
    words: {type: int, min: 0, derive: word_count(answer.text)}
failures:
  too_short: {severity: warning}
rules:
  too-short:
    when: answer.words < 3
    then: abstain
    failure: too_short
    say: I have no answer to that.
""",
    check=_check,
)
