"""A policy of three stages with an optional signal, for guards."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from demur.diagnostics import Severity
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.runtime.bundle import digest
from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.guard import Guard

TEXT = """demur: 1
policy: guarded
version: 1.0.0
about: Answers billing questions.
owner: team@example.com
stages:
  request:
    intent: {type: string, enum: [billing, shipping, other]}
    tenant: string
  retrieval:
    documents: {type: list, of: {id: string, score: double}}
  answer:
    confidence: {type: double, min: 0, max: 1}
    flagged: {type: bool, optional: true}
    note: {type: string, optional: true}
outcome:
  correct: {type: bool, optional: true}
failures:
  out_of_scope: {severity: info}
  low_confidence: {severity: warning}
scope:
  supported: request.intent in ["billing", "shipping"]
  otherwise: {then: refuse, failure: out_of_scope, say: Only billing.}
rules:
  no-documents: {when: size(retrieval.documents) == 0, then: abstain, say: Nothing found.}
  unsure: {when: answer.confidence < 0.5, then: escalate, failure: low_confidence, say: A person will help.}
  flagged: {when: has(answer.flagged) && answer.flagged, then: refuse, say: Not that.}
on_unknown: {then: abstain, say: I do not know.}
"""
REQUEST = {"intent": "billing", "tenant": "acme"}
RETRIEVAL = {"documents": [{"id": "a", "score": 0.9}]}
ANSWER = {"confidence": 0.9}


@cache
def compiled(text: str = TEXT) -> Evaluator:
    _, checked, diagnostics = check_source(parse_source(text, "guarded.yaml"), Path())
    assert checked is not None, diagnostics
    assert not [one for one in diagnostics if one.severity is Severity.ERROR]
    policy = assemble(checked)
    return Evaluator(policy, digest(policy))


def watched(**options: Any) -> tuple[Guard, list[Check]]:
    """A guard, and the checks that its observers are told of."""
    checks: list[Check] = []
    policy = options.pop("policy", None) or compiled()
    observers = [checks.append, *options.pop("observers", ())]
    return Guard(policy, observers=observers, **options), checks
