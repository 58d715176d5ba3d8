"""A gate that a handful of cases can pass."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import GATE, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    for name, gate in policy.document.gates.items():
        if gate.confidence is None and gate.min_samples is None:
            message = f"The gate `{name}` has neither `confidence` nor `min_samples`."
            yield Finding(policy.span(("gates", name)), message, "Add `min_samples: 30`.")


RULE = Rule(
    code="DM530",
    name="gate-without-minimum",
    title="A gate that a handful of cases can pass",
    severity=Severity.NOTE,
    explanation="""\
Looks for gates with neither `confidence` nor `min_samples`. Three lucky cases would pass them.
""",
    wrong=GATE
    + """\
    by: [decision.action]
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
