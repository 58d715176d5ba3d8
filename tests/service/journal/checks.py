"""A policy with personal signals, and checks by it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.runtime.bundle import digest
from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.journal.reading import Damage, Line, read_journal

POLICY = """\
demur: 1
policy: journalled
version: 1.2.0
about: A policy whose decisions are journalled.
owner: team@example.com
stages:
  request:
    intent: {type: string, enum: [billing, returns]}
    text: {type: string, pii: true, max_size: 200}
    nickname: {type: string, pii: true, optional: true}
    tokens: {type: int, min: 0}
    tags: {type: list, of: string}
  retrieval:
    documents:
      type: list
      of: {id: string, score: double, author: {type: string, pii: true}}
    headers: {type: map, of: {type: string, pii: true}, optional: true}
  answer:
    confidence: {type: double, min: 0, max: 1}
    latency_ms: double
outcome:
  correct: bool
  comment: {type: string, pii: true}
failures:
  doubtful: {severity: warning}
  empty: {severity: info}
rules:
  empty-text:
    when: size(request.text) == 0
    then: refuse
    failure: empty
    say: Please write something.
  too-long:
    when: request.tokens > 1000
    then: refuse
    failure: empty
    say: That is too long, {{request.text}}.
    why: "{{request.tokens}} tokens of {{request.text}}"
  low-confidence:
    when: answer.confidence < 0.7
    then: abstain
    failure: doubtful
    say: I am not sure.
metrics:
  answer_rate: rate(decision.answered)
  wrong_rate: rate(outcome.correct == false, decision.answered)
gates:
  ship:
    suites: [golden]
    require: [answer_rate >= 0.1]
suites:
  golden: {cases: cases.jsonl}
"""
UNREAD = POLICY.replace("size(request.text) == 0", "request.intent == 'returns'")
"""The same policy, whose rules turn on nothing personal."""


def compiled(text: str = UNREAD) -> Evaluator:
    """The policy of this text."""
    _, checked, diagnostics = check_source(parse_source(text, "policy.yaml"), Path())
    assert checked is not None, diagnostics
    policy = assemble(checked)
    return Evaluator(policy, digest(policy))


def record(**answer: Any) -> dict[str, Any]:
    """A good record."""
    return {
        "request": {
            "intent": "billing",
            "text": "Why was I charged twice, asks Ada?",
            "tokens": 7,
            "tags": ["new"],
        },
        "retrieval": {"documents": [{"id": "d1", "score": 0.9, "author": "Grace"}]},
        "answer": {"confidence": 0.9, "latency_ms": 12.5, **answer},
    }


def check(
    evaluator: Evaluator,
    given: Mapping[str, Any] | None = None,
    trace_id: str = "4bf92f3577b34da6a3ce929d0e0e4736",
    **more: Any,
) -> Check:
    """A final check of a record."""
    given = record() if given is None else given
    settings: dict[str, Any] = {
        "time": time.time(),
        "span_id": "00f067aa0ba902b7",
        "duration": 1e-5,
        "elapsed": 0.002,
        "stage": "answer",
        "is_final": True,
        **more,
    }
    decision = evaluator.decide(given, settings["stage"])
    return Check(
        trace_id=trace_id, record=given, decision=decision, evaluator=evaluator, **settings
    )


def lines(folder: Path) -> list[Line]:
    """The journal's lines, all of which must be readable."""
    found = list(read_journal(folder))
    damage = [one for one in found if isinstance(one, Damage)]
    assert not damage, damage
    return [one for one in found if isinstance(one, Line)]


def values(folder: Path) -> list[dict[str, Any]]:
    """The journal's lines as data."""
    return [one.value for one in lines(folder)]


def line_of(layout: Any, one: Check) -> dict[str, Any]:
    """The line that a layout writes of a check, read back."""
    return json.loads(layout.decision_line(one))
