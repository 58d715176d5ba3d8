"""A policy with a metric of every kind, and requirements on them in many ways of writing."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from demur.language.compile import compile_file
from demur.measure.thresholds import Threshold, gates
from demur.runtime.evaluator import Evaluator

HEAD = """\
demur: 1
policy: verdicts
version: 1.0.0
about: Requirements on every kind of metric.
owner: team@example.com
runbook: runbook.md
stages:
  answer:
    ok: bool
    bad: bool
    kept: bool
    score: {type: double, min: 0, max: 1}
    cost: {type: double, min: 0}
    tokens: {type: double, min: 1, max: 4}
    team: string
    tags: {type: list, of: string}
rules:
  low: {when: answer.score < 0.1, then: abstain}
"""
METRICS = {
    "rate": "rate(answer.bad)",
    "rate_where": "rate(answer.bad, answer.kept)",
    "refused": "rate(decision.declined)",
    "complement": "1.0 - rate(answer.ok)",
    "negated": "rate(!answer.ok)",
    "scaled": "100.0 * rate(answer.bad)",
    "share": "count(answer.bad) / count()",
    "difference": "rate(answer.bad) - rate(answer.ok)",
    "both": "rate(answer.bad) + rate(answer.kept)",
    "unknown": "unknown_rate(answer.score)",
    "number": "count(answer.bad)",
    "total": "sum(answer.score)",
    "total_where": "sum(answer.score, answer.kept)",
    "mean": "mean(answer.score)",
    "mean_where": "mean(answer.score, answer.kept)",
    "mean_tokens": "mean(answer.tokens)",
    "mean_cost": "mean(answer.cost)",
    "average": "sum(answer.score) / count()",
    "least": "min(answer.score)",
    "most": "max(answer.score)",
    "middle": "quantile(answer.score, 0.5)",
    "high": "quantile(answer.score, 0.9, answer.kept)",
    "ratio": "ratio(answer.score, answer.tokens)",
    "quotient": "mean(answer.score) / mean(answer.tokens)",
    "spread": "quantile(answer.score, 0.9) - quantile(answer.score, 0.1)",
    "kinds": "distinct(answer.team)",
    "unique": "unique_rate(answer.team)",
    "drifted": "kolmogorov_smirnov(answer.score)",
    "shifted": "psi(answer.team)",
    "moved": "psi(answer.score)",
    "parted": "jensen_shannon(answer.team)",
}
DRIFTS = ("drifted", "shifted", "moved", "parted")
BOUNDS = (
    "{}", "baseline", "baseline + {}", "baseline - {}", "baseline * 1.1", "baseline * 0.9",
    "1.0 - baseline", "baseline * baseline",
)  # fmt: skip
NUMBERS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 2.5, 5.0, 20.0)
OPERATORS = ("<", "<=", ">", ">=")
BYS = ((), ("answer.team",), ("answer.tags",), ("answer.team * answer.kept",), ("decision.action",))


def requirements(pick: random.Random, count: int) -> list[str]:
    """Requirements at random."""
    found: list[str] = []
    for _ in range(count):
        name = pick.choice(list(METRICS))
        bound = "{}" if name in DRIFTS else pick.choice(BOUNDS)
        found.append(f"{name} {pick.choice(OPERATORS)} {bound.format(pick.choice(NUMBERS))}")
    return found


def compiled(
    texts: list[str], metrics: dict[str, str] = METRICS
) -> tuple[Evaluator, tuple[Threshold, ...]]:
    """The policy with a gate of these requirements, and the requirements."""
    lines = [f"  {name}: {text}\n" for name, text in metrics.items()]
    required = [f"      - {text}\n" for text in texts]
    text = (
        f"{HEAD}metrics:\n{''.join(lines)}suites: {{cases: {{cases: cases.jsonl}}}}\n"
        f"gates:\n  tested:\n    suites: [cases]\n    require:\n{''.join(required)}"
    )
    with TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_text(text, "utf-8")
        path.with_name("runbook.md").write_text("# Runbook\n", "utf-8")
        evaluator = Evaluator(*compile_file(path))
    return evaluator, gates(evaluator)["tested"].thresholds


@cache
def batch(seed: int, count: int) -> tuple[Evaluator, tuple[Threshold, ...]]:
    """A policy with requirements drawn by the seed."""
    return compiled(requirements(random.Random(seed), count))


def with_settings(threshold: Threshold, pick: random.Random) -> Threshold:
    """The requirement with settings at random."""
    return replace(
        threshold,
        by=pick.choice(BYS),
        confidence=pick.choice((None, 0.8, 0.9, 0.95, 0.99)),
        min_samples=pick.choice((1, 1, 5)),
        min_slice=pick.choice((None, None, 5, 12)),
    )
