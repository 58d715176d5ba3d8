"""A requirement that can never be shown."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy, CheckedThreshold
from demur.language.document_of_evaluation import Requirement
from demur.lint.rule import GATE, Finding, Rule
from demur.lint.trees import number
from demur.runtime.aggregates import DRIFTS, kind_of
from demur.tree import Call


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for one in policy.thresholds:
        if one.path[0] == "gates" and _confidence(policy, one) is not None:
            tree = policy.metrics[one.metric].tree
            kind = kind_of(tree) if isinstance(tree, Call) else ""
            end = 0.0 if "<" in one.operator else 1.0
            if (kind == "rate" or kind in DRIFTS) and number(one.limit.tree) == end:
                what = "a rate" if kind == "rate" else "drift"
                message = f"With `confidence`, no number of cases shows that {what} is {end:g}."
                advice = "Give the requirement a bound that can be cleared, or no confidence."
                yield Finding(one.limit.span, message, advice)


def _confidence(policy: CheckedPolicy, one: CheckedThreshold) -> float | None:
    gate = policy.document.gates[one.owner]
    at = one.path[3]
    requirement = gate.require[at] if isinstance(at, int) else None
    if isinstance(requirement, Requirement) and requirement.confidence is not None:
        return requirement.confidence
    return gate.confidence


RULE = Rule(
    code="DM531",
    name="impossible-gate",
    title="A requirement that can never be shown",
    severity=Severity.ERROR,
    explanation="""\
Looks for requirements with a `confidence` whose bound is the very end of a rate's range, or drift of
0. However many cases go well, an interval never clears 0 or 1 themselves.
""",
    wrong=GATE
    + """\
    confidence: 0.95
    by: [decision.action]
    require: [wrong_rate <= 0]
""",
    right=GATE
    + """\
    min_samples: 30
    by: [decision.action]
    require: [wrong_rate <= 0]
""",
    check=_check,
)
