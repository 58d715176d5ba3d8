"""A metric that no gate or alert judges."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    used = {threshold.metric for threshold in policy.thresholds}
    used |= {alert.slo.metric for alert in policy.document.alerts.values() if alert.slo is not None}
    for name in policy.metrics:
        if name not in used:
            message = f"No gate or alert judges the metric `{name}`."
            yield Finding(policy.span(("metrics", name)), message, "Require a bound of it.")


RULE = Rule(
    code="DM504",
    name="unused-metric",
    title="A metric that no gate or alert judges",
    severity=Severity.NOTE,
    explanation="""\
Looks for metrics that no gate and no alert compares with anything. What is measured and never
judged stops nothing.
""",
    wrong=HEADER
    + """\
metrics:
  answer_rate: rate(decision.answered)
  miss_rate: rate(decision.declined)
suites:
  golden: {cases: golden.jsonl}
gates:
  ship:
    suites: [golden]
    min_samples: 30
    by: [decision.action]
    require: [answer_rate >= 0.8]
""",
    right=HEADER
    + """\
metrics:
  answer_rate: rate(decision.answered)
suites:
  golden: {cases: golden.jsonl}
gates:
  ship:
    suites: [golden]
    min_samples: 30
    by: [decision.action]
    require: [answer_rate >= 0.8]
""",
    check=_check,
)
