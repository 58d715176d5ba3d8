"""`decide` against hand-written Python that does no checking at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import demur
from benchmarks import hand_written
from benchmarks.measuring import Measurement, paired
from benchmarks.tenants import GENERAL, LIMITS, tenant_policy

POLICY = Path(__file__).parent / "rag_policy.yaml"


def record(**answer: Any) -> dict[str, Any]:
    """A good record with five documents."""
    return {
        "request": {
            "intent": "billing",
            "tenant": "acme",
            "language": "en",
            "text": "Why was I charged twice?",
            "tokens": 7,
            "toxicity": 0.01,
        },
        "retrieval": {
            "documents": [
                {
                    "id": f"d{at}",
                    "source": "help-centre",
                    "score": 0.9 - at / 10,
                    "age_days": 30 + at,
                }
                for at in range(5)
            ]
        },
        "answer": {
            "confidence": 0.9,
            "citations": ["d0", "d1"],
            "unsupported_claims": 0,
            "latency_ms": 812.5,
            "model": {"name": "production", "temperature": 0.2},
            **answer,
        },
    }


def measure() -> Iterator[Measurement]:
    """The ratios of decisions."""
    policy = demur.load(POLICY)
    good, firing = record(), record(confidence=0.4, citations=[])
    for one in (good, firing):
        expected, found = hand_written.decide(one), policy.decide(one)
        assert (found.action, found.rule, found.message) == (
            expected.action,
            expected.rule,
            expected.message,
        )
    for name, one in (("nothing fires", good), ("two rules fire", firing)):
        yield paired(
            f"decide, 12 rules, {name}",
            lambda one=one: policy.decide(one).action,
            lambda one=one: hand_written.decide(one).action,
            limit=1.5,
        )
        yield paired(
            f"  against list comprehensions, {name}",
            lambda one=one: policy.decide(one).action,
            lambda one=one: hand_written.decide_with_lists(one).action,
            limit=1.5,
        )
    yield paired(
        "  and message and rule read, two rules fire",
        lambda: (found := policy.decide(firing)) and (found.message, found.rule),
        lambda: (found := hand_written.decide(firing)) and (found.message, found.rule),
    )
    unknown = record(confidence=math.nan)
    assert policy.decide(unknown).action == "abstain"
    assert hand_written.decide(unknown).action == "answer"
    yield paired(
        "  a NaN: demur abstains, with reasons; by hand it is answered",
        lambda: policy.decide(unknown).action,
        lambda: hand_written.decide(unknown).action,
    )
    tenants = tenant_policy()
    by_hand = hand_written.tenant_decider(LIMITS, GENERAL)
    doubtful = record(confidence=0.1)
    for one in (good, doubtful):
        one["request"]["tenant"] = "tenant-417"
        assert [fired.name for fired in tenants.decide(one).firings] == by_hand(one).fired
    for name, one in (("nothing fires", good), ("eight fire", doubtful)):
        yield paired(
            f"decide, 1,000 rules, most of one tenant, {name}",
            lambda one=one: tenants.decide(one).action,
            lambda one=one: by_hand(one).action,
            limit=1.5,
        )
