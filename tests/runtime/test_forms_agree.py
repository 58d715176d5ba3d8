"""The optimistic form and the precise form of generated policies say the same of generated records."""

from __future__ import annotations

import copy
import math
import random
from pathlib import Path
from typing import Any

import pytest

from demur.functions.values import EvaluationError
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.policy import STRICTNESS
from demur.runtime.bundle import decode, digest, encode
from demur.runtime.evaluator import Evaluator
from tests.runtime.records import POLICIES, good_record
from tests.runtime.staged import expected

HEADER = """\
demur: 1
policy: generated
about: A generated policy.
owner: team@example.com
stages:
  request:
    intent: {type: string, enum: [a, b, c]}
    tenant: string
    count: {type: int, min: -3, max: 100}
    big: int
    flag: bool
    age: {type: int, optional: true, min: 0}
    tags: {type: list, of: string, max_size: 4}
  retrieval:
    documents:
      type: list
      of: {id: string, source: string, score: {type: double, min: 0, max: 1},
           rank: {type: int, optional: true}}
    weights: {type: map, of: double}
  answer:
    score: double
    ratio: {type: double, min: -5, max: 5}
    model: {type: object, fields: {name: string, heat: {type: double, min: 0, max: 2}}}
params:
  limit: {type: double, default: 0.5, min: 0, max: 1}
define:
  best: retrieval.documents.map(d, d.score).max()
  sources: retrieval.documents.map(d, d.source)
  quotient: answer.score / answer.ratio
rules:
"""

ATOMS = [
    'request.intent == "a"', 'request.intent in ["a", "b"]', 'request.tenant == "x"',
    "request.count > 5", "request.count + 1 >= request.big", "request.big * 2 > 10",
    "request.flag", "has(request.age)", "has(request.age) && request.age < 18",
    "!has(request.age) || request.age >= 18", "size(request.tags) > 1",
    '"x" in request.tags', 'request.tags.all(t, t.startsWith("x"))',
    'request.tags.exists(t, t == "y")', "request.tags.exists_one(t, t.size() == 1)",
    "size(retrieval.documents) == 0", "best < params.limit", "best > 0.9",
    'retrieval.documents.all(d, d.source in ["s", "t"])',
    "retrieval.documents.exists(d, d.score > 0.8)",
    "retrieval.documents.exists(d, has(d.rank) && d.rank == 1)",
    "retrieval.documents.filter(d, d.score > params.limit).size() > 1",
    '"s" in sources', 'retrieval.weights.w > 0.1', '"w" in retrieval.weights',
    "retrieval.weights.exists(k, retrieval.weights[k] > 1.0)",
    "answer.score < params.limit", "answer.score / answer.ratio > 1.0", "quotient < 2.0",
    "quotient == quotient", 'answer.model.name == "m"', "answer.model.heat > 1.0",
    "request.big / request.count > 1", "[answer.score, answer.ratio].max() > 0.7",
    "double(request.count) > answer.score", 'request.tenant.matches("^x+$")',
]  # fmt: skip

ACTIONS = ["flag", "fallback", "escalate", "abstain", "refuse"]


def condition(pick: random.Random, depth: int = 2) -> str:
    if depth == 0 or pick.random() < 0.4:
        return f"({pick.choice(ATOMS)})"
    left, right = condition(pick, depth - 1), condition(pick, depth - 1)
    form = pick.choice(["({} && {})", "({} || {})", "!({})", "({} ? {} : true)"])
    return form.format(left, right)


def policy_text(pick: random.Random, rules: int | None = None) -> str:
    lines = []
    for at in range(rules or pick.randint(1, 6)):
        text = condition(pick).replace("'", "''")
        unknown = pick.choice(["", "", "\n    on_unknown: ignore", "\n    on_unknown: refuse"])
        lines.append(
            f"  rule-{at}:\n    when: '{text}'\n    then: {pick.choice(ACTIONS)}{unknown}\n"
        )
    return HEADER + "".join(lines)


def evaluator(text: str) -> Evaluator:
    source = parse_source(text, "policy.yaml")
    _, checked, diagnostics = check_source(source, Path())
    assert checked is not None
    assert diagnostics == ()
    policy = assemble(checked)
    return Evaluator(policy, digest(policy))


def record(pick: random.Random) -> dict[str, Any]:
    """A good record, spoilt here and there."""
    score = lambda: pick.choice([0.0, 0.3, 0.5, 0.95, 1.0, 1])  # noqa: E731
    made: dict[str, Any] = {
        "request": {
            "intent": pick.choice("abc"),
            "tenant": pick.choice(["x", "xx", "y", ""]),
            "count": pick.choice([-3, 0, 1, 6, 100]),
            "big": pick.choice([0, 3, 2**62, -(2**63), 2**63 - 1]),
            "flag": pick.random() < 0.5,
            "tags": [pick.choice(["x", "y", "xx"]) for _ in range(pick.randint(0, 3))],
        },
        "retrieval": {
            "documents": [
                {"id": "d", "source": pick.choice("stu"), "score": float(score())}
                | ({"rank": pick.randint(1, 2)} if pick.random() < 0.5 else {})
                for _ in range(pick.randint(0, 3))
            ],
            "weights": {key: score() * 2.0 for key in pick.sample(["w", "v"], pick.randint(0, 2))},
        },
        "answer": {
            "score": pick.choice([-1.0, 0.0, 0.4, 0.7, 2]),
            "ratio": pick.choice([0.0, 1.0, -0.5, 5]),
            "model": {"name": pick.choice("mn"), "heat": pick.choice([0.0, 1.5, 2.0])},
        },
    }
    if pick.random() < 0.5:
        made["request"]["age"] = pick.choice([0, 17, 18, None])
    for _ in range(pick.choice([0, 0, 1, 1, 2])):
        spoil(made, pick)
    return made


BAD = [None, math.nan, math.inf, "x", "", 7, -1, 2**70, True, [], {}, [None], [{"score": 2}], 0.5]


def spoil(made: dict[str, Any], pick: random.Random) -> None:
    stage = pick.choice(list(made))
    if not isinstance(made[stage], dict) or pick.random() < 0.03:
        made[stage] = copy.deepcopy(pick.choice(BAD))
        return
    if not made[stage]:
        return
    name = pick.choice(list(made[stage]))
    value = made[stage][name]
    if isinstance(value, list) and value and isinstance(value[0], dict) and pick.random() < 0.7:
        inner = pick.choice(value)
        if isinstance(inner, dict) and inner:
            inner[pick.choice(list(inner))] = copy.deepcopy(pick.choice(BAD))
    elif isinstance(value, dict) and value and pick.random() < 0.6:
        value[pick.choice(list(value))] = copy.deepcopy(pick.choice(BAD))
    elif pick.random() < 0.3:
        del made[stage][name]
    else:
        made[stage][name] = copy.deepcopy(pick.choice(BAD))


@pytest.mark.parametrize("seed", range(24))
def test_the_two_forms_agree_on_generated_policies_and_records(seed: int) -> None:
    pick = random.Random(seed)
    decided_optimistically = 0
    for _ in range(25):
        made = evaluator(policy_text(pick))
        stages = [None, *made.stages]
        for _ in range(30):
            sample = record(pick)
            stage = pick.choice(stages)
            prepared = made._at(made.stages[-1] if stage is None else stage)
            fired = prepared.decide(sample)
            outcomes = made.outcomes(sample, stage)
            last = len(made.stages) - 1 if stage is None else made.stages.index(stage)
            right = expected(outcomes, last)
            if fired is not None:
                decided_optimistically += 1
                states = [outcomes[at][1] for at in right.asked]
                assert not any(isinstance(state, EvaluationError) for state in states), sample
                assert fired == right.spoken, sample
            decision = made.decide(sample, stage)
            assert decision.action == right.action, sample
            assert decision.stage == made.stages[right.stage]
            assert [one.name for one in decision.firings] == [
                prepared.rules[at].name for at in right.spoken
            ]
            read = {outcomes[at][0].name for at in right.asked}
            assert {name for one in decision.unknown for name in one.rules} <= read
    assert decided_optimistically > 100


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_rules_never_changes_the_action(seed: int) -> None:
    pick = random.Random(1000 + seed)
    text = policy_text(pick, rules=5)
    head, _, body = text.partition("rules:\n")
    rules = [f"  rule-{part}" for part in body.split("  rule-")[1:]]
    other = rules[:]
    pick.shuffle(other)
    first, second = evaluator(text), evaluator(head + "rules:\n" + "".join(other))
    for _ in range(60):
        sample = record(pick)
        assert first.decide(sample).action == second.decide(sample).action


@pytest.mark.parametrize("seed", range(8))
def test_a_bundle_decides_as_its_policy_does(seed: int) -> None:
    pick = random.Random(2000 + seed)
    made = evaluator(policy_text(pick))
    bundle = encode(made.policy)
    loaded = Evaluator(*decode(bundle))
    assert loaded.digest == made.digest
    assert encode(loaded.policy) == bundle
    for _ in range(60):
        sample = record(pick)
        assert loaded.decide(sample).to_dict() == made.decide(sample).to_dict()


@pytest.mark.parametrize("seed", range(8))
def test_a_later_stage_is_never_milder_and_the_same_record_decides_the_same(seed: int) -> None:
    pick = random.Random(3000 + seed)
    made = evaluator(policy_text(pick))
    for _ in range(60):
        sample = record(pick)
        strictness = [STRICTNESS[made.decide(sample, stage).action] for stage in made.stages]
        assert strictness == sorted(strictness)
        assert made.decide(sample) == made.decide(sample)


def test_many_rules_on_one_signal_are_indexed_and_decide_as_without_an_index() -> None:
    rules = "".join(
        f"  tenant-{at}:\n    when: request.tenant == 'x{at % 7}' && request.count > {at % 5}\n"
        f"    then: {ACTIONS[at % 5]}\n"
        for at in range(40)
    )
    made = evaluator(HEADER + rules + "  general:\n    when: request.flag\n    then: flag\n")
    from demur.backends.python.decisions import write_optimistic

    assert "index0.get(" in write_optimistic(made.policy, made.rules_at()).source
    pick = random.Random(5)
    for _ in range(400):
        sample = record(pick)
        if isinstance(sample["request"], dict):
            sample["request"]["tenant"] = f"x{pick.randint(0, 9)}"
        fired = made._at("answer").decide(sample)
        outcomes = made.outcomes(sample)
        if fired is not None:
            assert fired == tuple(at for at, (_, one) in enumerate(outcomes) if one is True)


@pytest.mark.parametrize("name", POLICIES)
def test_a_good_record_needs_the_first_form_only(name: str) -> None:
    made, sample = good_record(name)
    assert made._last.decide(made.complete(sample)) == ()
