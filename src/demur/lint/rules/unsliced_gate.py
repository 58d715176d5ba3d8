"""A gate that looks at averages only."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import GATE, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for name, gate in policy.document.gates.items():
        sliced = [one.by for one in gate.require if not isinstance(one, str)]
        if not gate.by and not any(sliced):
            message = f"The gate `{name}` judges the average of all records only."
            advice = "Add `by: [request.intent]`, or what your users differ by."
            yield Finding(policy.span(("gates", name)), message, advice)


RULE = Rule(
    code="DM529",
    name="unsliced-gate",
    title="A gate that looks at averages only",
    severity=Severity.NOTE,
    explanation="""\
Looks for gates without `by`. A regression for one tenant or intent hides in the average of all.
""",
    wrong=GATE
    + """\
    min_samples: 30
    require: [wrong_rate <= 0.1]
""",
    right=GATE
    + """\
    min_samples: 30
    by: [decision.action]
    require: [wrong_rate <= 0.1]
""",
    check=_check,
)
