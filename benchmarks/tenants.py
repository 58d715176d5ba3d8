"""A policy of 1,000 rules, of which 990 test for one tenant each."""

from __future__ import annotations

import tempfile
from pathlib import Path

import demur

HEADER = """\
demur: 1
policy: benchmark-tenants
version: 1.0.0
about: A thousand rules, most of which test one tenant.
owner: benchmarks@example.com

stages:
  request:
    tenant: string
  answer:
    confidence: {type: double, min: 0, max: 1}

failures:
  low_confidence: {severity: warning}

rules:
"""

LIMITS: dict[str, list[tuple[str, float]]] = {
    f"tenant-{at}": [(f"tenant-{at}-{rule}", (at % 5 + 5 + rule) / 20) for rule in range(2)]
    for at in range(495)
}
GENERAL: list[tuple[str, float]] = [(f"general-{at}", (at + 1) / 50) for at in range(10)]


def tenant_policy_text(tenants: int = 495) -> str:
    """The policy file's text."""
    rules = [(name, f"answer.confidence < {limit!r}") for name, limit in GENERAL]
    for tenant, limits in list(LIMITS.items())[:tenants]:
        rules += [
            (name, f"request.tenant == '{tenant}' && answer.confidence < {limit!r}")
            for name, limit in limits
        ]
    return HEADER + "".join(
        f'  {name}:\n    when: "{condition}"\n    then: escalate\n'
        "    failure: low_confidence\n    say: A person will take over.\n"
        for name, condition in rules
    )


def tenant_policy() -> demur.Evaluator:
    """The policy, loaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tenants.yaml"
        path.write_text(tenant_policy_text(), encoding="utf-8")
        return demur.load(path)
