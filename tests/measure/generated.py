"""Generated policies with metrics over every kind of aggregate, and generated records."""

from __future__ import annotations

import random

METRICS = """\
  answered: rate(decision.answered)
  failed: rate(decision.failure == "bad")
  failing: rate("bad" in decision.failures)
  opened: rate(size(decision.unknown) > 0)
  over: rate(answer.score > params.limit, request.flag)
  where_decided: rate(request.flag, decision.answered)
  counted: count()
  few: count(request.count > 0)
  mean_ratio: mean(answer.ratio)
  mean_count: mean(request.count, request.intent == "a")
  total: sum(answer.ratio, request.flag)
  least: min(answer.score)
  most: max(request.count, request.flag)
  middle: quantile(answer.score, 0.5)
  high: quantile(answer.ratio, 0.9, request.flag)
  shares: ratio(request.count, request.count)
  kinds: distinct(request.tenant)
  matched: rate(request.tenant.matches("^x+$"))
  aged: rate(has(request.age) && request.age < 18)
  combined: 2.0 * rate(request.flag) * rate(decision.declined) + 1.0
  documents: mean(double(size(retrieval.documents)))
"""
DIMENSIONS = ("request.intent", "request.tags", "decision.action", "request.flag", "request.count")
CUTS = ((0,), (1,), (2,), (3,), (0, 2), (1, 3), (4,))


def with_metrics(text: str) -> str:
    """The generated policy with a failure for each rule, and the metrics."""
    pick = random.Random(text)
    lines = []
    for line in text.splitlines():
        lines.append(line)
        if line.startswith("    then: "):
            lines.append(f"    failure: {pick.choice(['bad', 'worse'])}")
    declared = "failures:\n  bad: {severity: warning}\n  worse: {severity: critical}\n"
    head, _, rules = "\n".join(lines).partition("rules:\n")
    return f"{head}{declared}rules:\n{rules}\nmetrics:\n{METRICS}"
