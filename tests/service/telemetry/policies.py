"""A policy with every kind of metric, and random records for it."""

from __future__ import annotations

import math
import random
from typing import Any

from demur.runtime.evaluator import Evaluator
from demur.service.guard import Guard
from tests.service.guard.policies import compiled

TEXT = """demur: 1
policy: measured
version: 2.0.0
about: Answers.
owner: team@example.com
runbook: runbook.md
stages:
  request:
    tenant: {type: string, enum: [a, b]}
    user: {type: string, pii: true}
    tokens: {type: int, min: 0, unit: tokens, otel: gen_ai.usage.input_tokens}
    reasons: {type: list, of: string, otel: gen_ai.response.finish_reasons}
  answer:
    confidence: {type: double, min: 0, max: 1}
    grounded: {type: double, min: 0, max: 1, optional: true}
    change: double
    latency_ms: {type: double, min: 0, unit: ms}
    model: {type: string, otel: gen_ai.response.model}
outcome:
  correct: bool
failures:
  low_confidence: {severity: warning}
rules:
  unsure:
    when: answer.confidence < 0.5
    then: escalate
    failure: low_confidence
    say: Wait.
    why: "confidence {{answer.confidence}} of {{request.user}}"
on_unknown: {then: abstain, say: No.}
metrics:
  answer_rate: rate(decision.answered)
  sure_rate: rate(answer.confidence > 0.8, request.tokens > 10)
  big: count(request.tokens > 50)
  confidence: mean(answer.confidence)
  change: mean(answer.change, request.tokens > 10)
  tokens: sum(request.tokens)
  tokens_each: ratio(answer.latency_ms, answer.change)
  latency_p95: quantile(answer.latency_ms, 0.95)
  spread: max(answer.confidence) - min(answer.confidence)
  per_answer: sum(request.tokens) / count(decision.answered)
  wrong_rate: rate(outcome.correct == false, decision.answered)
gates:
  ship:
    suites: [golden]
    by: [request.user]
    require: [{that: latency_p95 <= 1234, by: [request.tenant]}, confidence >= 0.5]
suites:
  golden: {cases: golden.jsonl}
alerts:
  fewer-answers: {when: answer_rate < 0.5, window: 1h, by: [request.tenant, "request.tenant * decision.rule"]}
  wrong: {slo: {metric: wrong_rate, objective: 0.99, window: 30d}, by: [request.tenant]}
"""


def evaluator() -> Evaluator:
    return compiled(TEXT)


def records(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Random records, a good part of whose values are missing or malformed."""
    draw = random.Random(seed)

    def maybe(value: Any) -> Any:
        return draw.choice([value] * 8 + [None, "?", math.nan])

    return [
        {
            "request": {
                "tenant": maybe(draw.choice("ab")),
                "user": "Ann",
                "tokens": maybe(draw.randrange(100)),
            },
            "answer": {
                "confidence": maybe(draw.random()),
                "change": maybe(draw.uniform(-1, 1)),
                "latency_ms": maybe(draw.uniform(0, 3000)),
            },
        }
        for _ in range(count)
    ]


def run(guard: Guard, given: list[dict[str, Any]]) -> None:
    for at, record in enumerate(given):
        with guard.trace(f"t{at}") as trace:
            trace.check(**record)
