"""What the tests of a policy file's structure share: a valid file, and short ways to load one."""

from __future__ import annotations

from demur.diagnostics import Diagnostic
from demur.language.document import PolicyDocument
from demur.language.loading import load_document, load_test_document
from demur.language.source import parse_source

HEADER = "demur: 1\npolicy: support-rag\nabout: Answers questions.\nowner: team@example.com\n"

POLICY = (
    HEADER
    + """\
version: 1.4.0
runbook: runbooks/support-rag.md
stages:
  request:
    intent:  {type: string, enum: [billing, shipping]}
    text:    {type: string, pii: true, max_size: 8000}
    tokens:  {type: int, min: 0, unit: tokens, otel: gen_ai.usage.input_tokens}
  retrieval:
    documents: {type: list, of: {id: string, score: {type: double, min: 0, max: 1}}}
    weights:   {type: map, of: double, optional: true}
    page:      {type: object, fields: {title: string, size: uint}}
outcome:
  correct: bool
params:
  min_score: {type: double, default: 0.55, min: 0, max: 1}
define:
  best_score: retrieval.documents.map(d, d.score).max()
failures:
  retrieval_miss: {severity: warning, runbook: "#retrieval-miss"}
scope:
  supported-intent: request.intent == "billing"
  otherwise: {then: refuse, say: I can help with billing.}
rules:
  retrieval-miss:
    when: best_score < params.min_score
    then: abstain
    failure: retrieval_miss
    say: I couldn't find this.
    on_unknown: ignore
  too-long:
    when: request.tokens > 5000
    then: refuse
    on_unknown: {then: escalate}
on_unknown: {then: abstain, say: Something is missing.}
metrics:
  answer_rate: rate(decision.answered)
  miss_rate: {value: rate(decision.declined), better: lower}
suites:
  golden: {cases: data/golden.jsonl, target: "python:support_rag:answer"}
gates:
  ship:
    suites: [golden]
    confidence: 0.95
    by: [request.intent]
    require:
      - answer_rate >= 0.8
      - {that: miss_rate <= 0.1, by: [], level: warn}
alerts:
  jump: {when: miss_rate > baseline * 2, window: 1h, against: 7d, for: 15m, severity: page}
  slow: {slo: {metric: miss_rate, objective: 0.99, window: 30d}}
invariants:
  never-both: {never: decision.answered && decision.declined}
"""
)

TESTS = """\
policy: support_rag.yaml
params: {min_score: 0.4}
tests:
  - name: nothing found
    given: {retrieval: {documents: []}}
    stage: retrieval
    expect: {action: abstain, failure: retrieval_miss, unknown: []}
  - name: a table
    given: {request: {intent: billing}}
    cases:
      - {name: one, with: {request: {tokens: 1}}, expect: {action: answer}}
      - {name: two, with: {request: {tokens: .nan}}, expect: {rules: [too-long]}}
"""


def loaded(text: str) -> tuple[PolicyDocument | None, list[Diagnostic]]:
    return load_document(parse_source(text, "p.yaml"))


def accepted(text: str) -> PolicyDocument:
    """The document in `text` below the header, which must have nothing wrong."""
    document, diagnostics = loaded(HEADER + text)
    assert document is not None, diagnostics
    assert not diagnostics
    return document


def findings(text: str) -> list[Diagnostic]:
    """What is wrong with `text` below the header; something must be."""
    document, diagnostics = loaded(HEADER + text)
    assert document is None
    assert diagnostics
    return diagnostics


def findings_in_tests(text: str) -> list[Diagnostic]:
    """What is wrong with the test file `text`; something must be."""
    document, diagnostics = load_test_document(parse_source(text, "p.test.yaml"))
    assert document is None
    assert diagnostics
    return diagnostics


def finding(text: str) -> Diagnostic:
    """The only thing that is wrong with `text` below the header."""
    (only,) = findings(text)
    return only


def pointed_at(text: str, diagnostic: Diagnostic) -> str:
    """What a diagnostic of the file `text` underlines, which is within one line."""
    span = diagnostic.span
    assert span is not None
    assert span.start.line == span.end.line
    return text.split("\n")[span.start.line - 1][span.start.column - 1 : span.end.column - 1]
