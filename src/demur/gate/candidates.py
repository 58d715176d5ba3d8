"""Records that a policy's signals admit, for a gate to be tried on.

Values are drawn from the signals' shapes: every enum value, bounds and what lies beside them, the
constants that the policy compares with, empty lists, absent signals. From each of some random
records a walk goes to one that fewer and fewer rules object to, so that answered ones are among
them, and those that each milder rule flags or lets fall back.
What only a pattern or a sum of signals lets through may not be found.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, cast

from demur.functions.values import Duration, Timestamp
from demur.policy import ANSWERED, Policy, Rule, Shape
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.tree import Constant, walk

WALKS, STEPS = 24, 400
"""From how many records a walk begins, and how many changes it tries."""
LONGEST = 20
"""How many elements a list has at most."""
FARTHEST = 1e15
"""How far from zero a number goes that nothing bounds; every int up to it is a double too."""

Record = Mapping[str, Any]
Constants = Mapping[type, Sequence[Any]]


def candidates(evaluator: Evaluator) -> Iterator[Record]:
    """Admissible records, the same ones each time."""
    policy = evaluator.policy
    evaluator = _asked_at_once(evaluator)
    pick = random.Random(0)
    constants = _constants(policy)
    stages = {**policy.stages, "outcome": policy.outcome}
    places = [(stage, name) for stage, signals in stages.items() for name in signals]
    milder = [one.name for one in policy.rules if one.response.action in ANSWERED]
    for goal in islice(cycle([None, *milder]), max(WALKS, 2 * len(milder))):
        record: Record = {
            stage: _without_absent({n: _value(one, pick, constants) for n, one in signals.items()})
            for stage, signals in stages.items()
        }
        reached = _distance(evaluator, record, goal)
        yield record
        for _ in range(STEPS if places else 0):
            stage, name = pick.choice(places)
            signals = dict(record[stage])
            known = {**constants, str: [*constants[str], *_texts(record)]}
            signals[name] = _changed(signals.get(name), stages[stage][name], pick, known)
            changed = {**record, stage: _without_absent(signals)}
            found = _distance(evaluator, changed, goal)
            yield changed
            if found <= reached:
                record, reached = changed, found


def incomplete(record: Record) -> Iterator[Record]:
    """The record without one of its signals, each in turn: what is unknown where they are read."""
    for stage, signals in record.items():
        for name in signals:
            yield {**record, stage: {other: signals[other] for other in signals if other != name}}


def _asked_at_once(evaluator: Evaluator) -> Evaluator:
    """The policy with all its rules at the last stage, so that a walk knows of every objection."""
    policy = evaluator.policy
    last = max(len(policy.stages) - 1, 0)
    rules = [
        Rule(one.name, one.section, last, one.condition, one.response, one.on_unknown)
        for one in policy.rules
    ]
    return Evaluator(policy.replaced(rules=tuple(rules)), evaluator.digest)


def _distance(evaluator: Evaluator, record: Record, goal: str | None) -> tuple[int, int]:
    """How far the record is from where its walk leads: answered, by a certain milder rule or by none.

    A rule that keeps it from being answered counts as much as the goal that is not reached, so that a
    walk may pass through either.
    """
    firings = evaluator.decide(record).firings
    mild = [one.name for one in firings if one.action in ANSWERED]
    far = len(firings) - len(mild)
    return (far, len(mild)) if goal is None else (far + (goal not in mild), 0)


def _texts(value: Any) -> Iterator[str]:
    """The texts of a record: signals are often to equal each other."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in cast(Mapping[str, Any], value).values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in cast(list[Any], value):
            yield from _texts(one)


def _changed(value: Any, shape: Shape, pick: random.Random, constants: Constants) -> Any:
    """Another value; of a list often the same with one element changed, of an object one field."""
    if isinstance(value, list) and value and shape.of is not None and pick.random() < 0.7:
        at = pick.randrange(len(value))
        return [*value[:at], _changed(value[at], shape.of, pick, constants), *value[at + 1 :]]
    if isinstance(value, dict) and shape.fields and pick.random() < 0.8:
        name = pick.choice(list(shape.fields))
        changed = _changed(value.get(name), shape.fields[name], pick, constants)
        return _without_absent({**value, name: changed})
    return _value(shape, pick, constants)


def _without_absent(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _constants(policy: Policy) -> Constants:
    """What the policy compares with, by type: values on which its conditions and gates turn.

    Texts that it does not name are among them, so that two signals can differ, and one can be long.
    """
    evaluation = policy.evaluation
    trees = [*policy.definitions.values(), *(rule.condition for rule in policy.rules)]
    trees += [read_expression(one) for one in evaluation.get("metrics", {}).values()]
    trees += [read_expression(one["limit"]) for one in evaluation.get("thresholds", ())]
    named = [node.value for tree in trees for node in walk(tree) if isinstance(node, Constant)]
    named += [one.value for one in policy.parameters.values()]
    found: dict[type, list[Any]] = {str: ["", "a", "b", "word " * 40], float: [0.0], int: [0]}
    for value in named:
        if not isinstance(value, Timestamp | Duration | bool | bytes):
            found.setdefault(type(value), []).append(value)
    return found


def _value(shape: Shape, pick: random.Random, constants: Constants) -> Any:
    """An admissible value, or None for an absent one where that is admissible."""
    if shape.optional and pick.random() < 0.3:
        return None
    if shape.enum is not None:
        return pick.choice(shape.enum)
    match shape.type:
        case "bool":
            return pick.random() < 0.5
        case "int" | "uint":
            return int(_number(shape, pick, [*constants[int], *constants[float]]))
        case "double":
            return float(_number(shape, pick, [*constants[float], *constants[int]]))
        case "string":
            return pick.choice(constants[str])[: shape.maximum_size]
        case "list":
            inner = shape.of or Shape("string")
            return [_value(inner, pick, constants) for _ in range(_size(shape, pick, constants))]
        case "map":
            inner = shape.of or Shape("string")
            names = sorted({pick.choice(constants[str]) for _ in range(pick.randint(0, 2))})
            return {name: _value(inner, pick, constants) for name in names[: shape.maximum_size]}
        case "object":
            fields = (shape.fields or {}).items()
            return _without_absent({name: _value(part, pick, constants) for name, part in fields})
        case "timestamp":
            return pick.choice(["2020-01-01T00:00:00Z", "2038-01-19T03:14:07Z"])
        case "duration":
            return pick.choice(["0s", "1h", "720h"])
        case "bytes":
            return ""
        case _:
            return {}


def _size(shape: Shape, pick: random.Random, constants: Constants) -> int:
    """How many elements: a few, or about as many as the policy asks for."""
    beside = pick.choice(constants[int]) + pick.choice([-1, 0, 1])
    size = pick.choice([pick.randint(0, 3), max(0, beside)])
    return min(size, LONGEST if shape.maximum_size is None else min(LONGEST, shape.maximum_size))


def _number(shape: Shape, pick: random.Random, constants: Sequence[float]) -> float:
    """A number within the bounds: an end, a constant of the policy or beside it, or any between.

    Where nothing bounds it, the end is well beyond whatever the policy compares with.
    """
    far = min(FARTHEST, 10 * max(1e5, *map(abs, constants)))
    low = -far if shape.minimum is None else shape.minimum
    high = max(low, far) if shape.maximum is None else shape.maximum
    if shape.type == "uint":
        low = max(low, 0)
    whole = shape.type != "double"
    step = 1 if whole else 1e-9
    beside = pick.choice(constants) + pick.choice([-step, 0, step])
    drawn = pick.choice([low, high, beside, pick.uniform(low, high)])
    return min(max(drawn, low), high)
