"""One mistake is one error: what reads something that is wrong itself is not called wrong as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.diagnostics import Severity
from demur.language.compile import check_source
from demur.language.source import parse_source
from tests.language.documents import HEADER

POLICY = f"""{HEADER}runbook: r.md
stages:
  request:
    intent: {{type: string, enum: [a, b]}}
  answer:
    score: {{type: double, min: 0, max: 1}}
    latency_ms: {{type: double, unit: ms}}
outcome:
  correct: bool
params:
  least: {{type: double, default: 0.5}}
define:
  low: answer.score < params.least
  very_low: low && answer.score < 0.1
failures:
  unsure: {{severity: warning}}
scope:
  known: request.intent == "a"
  otherwise: {{then: refuse, failure: unsure}}
rules:
  low-score: {{when: low || very_low, then: abstain, failure: unsure, why: "{{{{answer.score}}}}"}}
metrics:
  wrong: rate(outcome.correct == false)
  score: mean(answer.score)
suites:
  golden: {{cases: c.jsonl, target: "python:a:b", measure: {{answer.latency_ms: latency}}}}
gates:
  ship:
    suites: [golden]
    by: [request.intent]
    require: [wrong <= params.least, score >= 0.5]
alerts:
  bad: {{when: wrong > params.least, window: 1h, by: [request.intent]}}
  slo: {{slo: {{metric: wrong, objective: 0.99, window: 30d}}}}
invariants:
  never-low: {{never: low && decision.answered}}
"""


def errors(text: str) -> list[str]:
    _, _, found = check_source(parse_source(text, "p.yaml"), Path())
    return [one.message for one in found if one.severity is Severity.ERROR]


def test_the_policy_is_right() -> None:
    assert errors(POLICY) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        # What is wrong in structure is left out, and what reads it with it.
        ("intent: {type: string, enum: [a, b]}", "intent: {type: text}"),
        ("score: {type: double, min: 0, max: 1}", "score: float"),
        ("score: {type: double, min: 0, max: 1}", "score: {type: double, min: 2, max: 1}"),
        ("latency_ms: {type: double, unit: ms}", "latency_ms: {unit: ms, typ: double}"),
        ("correct: bool", "correct: boolean"),
        ("least: {type: double, default: 0.5}", "least: {type: number, default: 0.5}"),
        ("low: answer.score < params.least", "low: [answer.score]"),
        ("unsure: {severity: warning}", "unsure: {}"),
        ("wrong: rate(outcome.correct == false)", "wrong: {about: x}"),
        ("golden: {cases: c.jsonl,", "golden: {cases: 3,"),
        # A section that is no mapping, or that is called otherwise.
        ("failures:\n  unsure: {severity: warning}", "failures: [unsure]"),
        ("params:\n  least: {type: double, default: 0.5}", "params: [least]"),
        ("outcome:\n  correct: bool", "outcome: [correct]"),
        ("\nparams:", "\nparameters:"),
        ("failures:", "failure:"),
        ("metrics:", "metric:"),
        ("\nsuites:", "\ndatasets:"),
        ("stages:", "inputs:"),
        ("define:", "variables:"),
        # An expression that is wrong has no type, and what reads it none either.
        ("low: answer.score < params.least", "low: answer.scor < params.least"),
        ("wrong: rate(outcome.correct == false)", "wrong: rate(outcome.corect == false)"),
        ("wrong: rate(outcome.correct == false)", "wrong: outcome.correct == false"),
        ("score: mean(answer.score)", "score: average of scores"),
    ],
)
def test_one_mistake_is_one_error(right: str, wrong: str) -> None:
    assert POLICY.count(right) == 1
    assert len(errors(POLICY.replace(right, wrong))) == 1


def test_other_mistakes_are_told_in_the_same_run() -> None:
    text = POLICY.replace("least: {type: double", "least: {type: number").replace(
        "known: request.intent", "known: request.intnt"
    )
    assert len(errors(text)) == 2
