"""What is not known is never taken for good: exhaustively, over our own policies.

The check is independent of the evaluator's own notion of what is unknown: a policy *needs* a signal if
some rule that reads it was settled by nothing else. So a spoilt record may be answered only if every
rule that reads the spoilt signal has an outcome that is false whatever that signal is, which is tried
with good values of it.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

import demur
from demur.backends.python.decisions import reachable, signals_read
from demur.functions.values import EvaluationError
from tests.runtime.records import ABSENT, POLICIES, bad_values, good_record, places, spoilt

MOST = 4_000
"""How many subsets of missing signals are tried for one policy."""


def readers(policy: demur.Evaluator, signal: tuple[str, str]) -> list[str]:
    """The rules that read the signal, also through definitions."""
    found = []
    for rule in policy.policy.rules:
        trees = (*reachable(policy.policy, (rule.condition,)).values(), rule.condition)
        if signal in signals_read(trees):
            found.append(rule.name)
    return found


def settled_without(policy: demur.Evaluator, record: dict[str, Any], names: list[str]) -> bool:
    """Whether each of these rules is false by what is known."""
    outcomes = {rule.name: state for rule, state in policy.outcomes(record)}
    return all(outcomes[name] is False for name in names)


@pytest.mark.parametrize("name", POLICIES)
def test_no_subset_of_missing_signals_is_answered_if_a_rule_needs_one(name: str) -> None:
    policy, record = good_record(name)
    signals = [
        (stage, signal)
        for stage, shapes in policy.policy.stages.items()
        for signal, shape in shapes.items()
        if not shape.optional and signal in record[stage]
    ]
    read = {signal: readers(policy, signal) for signal in signals}
    needed = [signal for signal in signals if read[signal]]
    assert needed
    subsets = [
        subset
        for size in range(1, len(needed) + 1)
        for subset in (
            itertools.combinations(needed, size) if size <= 3 or len(needed) <= 12 else ()
        )
    ]
    if len(subsets) > MOST:
        subsets = random.Random(1).sample(subsets, MOST)
    for subset in subsets:
        spoilt_record = record
        for signal in subset:
            spoilt_record = spoilt(spoilt_record, signal, ABSENT)
        decision = policy.decide(spoilt_record)
        if decision.action == "answer":
            rules = [rule for signal in subset for rule in read[signal]]
            assert settled_without(policy, spoilt_record, rules), (subset, decision)


@pytest.mark.parametrize("name", POLICIES)
def test_no_malformed_signal_is_answered_if_a_rule_needs_it(name: str) -> None:
    policy, record = good_record(name)
    tried = 0
    for keys, shape, path in places(policy, record):
        rules = readers(policy, (keys[0], keys[1]))
        for value in bad_values(shape):
            changed = spoilt(record, keys, value)
            decision = policy.decide(changed)
            tried += 1
            if not rules or decision.action != "answer":
                continue
            is_field = len(keys) > 2
            assert is_field or settled_without(policy, changed, rules), (path, value, decision)
            if is_field and settled_without(policy, record, rules):
                outcomes = [state for _, state in policy.outcomes(changed)]
                assert not any(isinstance(state, EvaluationError) for state in outcomes)
    assert tried > 20


@pytest.mark.parametrize("name", POLICIES)
def test_each_unknown_names_its_signal_and_the_rules_that_it_left_open(name: str) -> None:
    policy, record = good_record(name)
    named = 0
    for keys, shape, path in places(policy, record):
        if len(keys) > 2 or shape.optional or not readers(policy, (keys[0], keys[1])):
            continue
        decision = policy.decide(spoilt(record, keys, ABSENT))
        for unknown in decision.unknown:
            assert unknown.signal == path
            assert unknown.kind == "absent"
            assert unknown.rules
            assert set(unknown.rules) <= set(readers(policy, (keys[0], keys[1])))
            named += 1
    assert named > 0


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_answers_nothing_to_an_empty_record(name: str) -> None:
    policy, _ = good_record(name)
    for record in ({}, None, [], "record", 5, {"request": None}, {"request": 3, "retrieval": []}):
        assert policy.decide(record).action != "answer"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", POLICIES)
def test_strict_raises_where_something_is_unknown(name: str) -> None:
    policy, record = good_record(name)
    assert policy.decide(record, strict=True).answered
    with pytest.raises(EvaluationError):
        policy.decide({}, strict=True)
