"""Generated policies over signals that every form can hold, and records with holes of every kind.

Declarations are plain data here, so that the reference reads them and nothing of demur's.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Record = dict[str, Any]

SIGNALS: dict[str, dict[str, Any]] = {
    "request.intent": {"type": "string", "enum": ["a", "b"]},
    "request.tenant": {"type": "string", "max_size": 4},
    "request.count": {"type": "int", "min": -3, "max": 100},
    "request.big": {"type": "int"},
    "request.age": {"type": "int", "min": 0, "max": 100, "optional": True},
    "request.flag": {"type": "bool"},
    "request.at": {"type": "timestamp"},
    "request.local": {"type": "timestamp", "zone": "Europe/Berlin"},
    "request.tags": {"type": "list", "of": {"type": "string"}, "max_size": 3},
    "request.numbers": {"type": "list", "of": {"type": "int"}},
    "retrieval.sources": {
        "type": "list",
        "of": {
            "type": "object",
            "fields": {
                "id": {"type": "string"},
                "trust": {"type": "double", "min": 0, "max": 1},
                "rank": {"type": "int"},
            },
        },
    },
    "retrieval.grades": {"type": "list", "of": {"type": "double", "min": 0, "max": 1}},
    "retrieval.weights": {"type": "map", "of": {"type": "double"}},
    "answer.score": {"type": "double", "min": 0, "max": 1},
    "answer.ratio": {"type": "double"},
    "answer.cost": {"type": "double", "min": 0, "max": 9, "optional": True},
    "answer.model": {
        "type": "object",
        "fields": {"name": {"type": "string"}, "heat": {"type": "double", "min": 0, "max": 2}},
    },
    "outcome.ok": {"type": "bool"},
    "outcome.stars": {"type": "int", "min": 1, "max": 5},
}
"""What is declared, by path; stages in order."""
CONDITIONS = [
    "answer.score < 0.5", "answer.score <= 1.0", "answer.score >= 0.0",
    "request.count > 50 || answer.score <= 0.1",
    "answer.ratio > 0.3", "answer.ratio != answer.ratio", "answer.ratio == 0.0", "1.0 / answer.ratio < 0.0",
    "answer.ratio - answer.score > 0.0", "answer.ratio * 1e308 > 1.0", "-answer.ratio <= 0.0",
    "has(answer.cost) && answer.cost > 2.0", "!has(answer.cost)", 'request.intent == "a"',
    'request.intent in ["a", "b"]', 'request.tenant == "x"', 'request.tenant < "xx"', "request.flag",
    "request.count > 5", "request.count in [0, 5, 100]", "request.big == 9007199254740993",
    "request.big > 9007199254740991", "request.big + 1 > request.count", "request.big >= 0",
    "has(request.age) && request.age < 18", "has(request.age) && request.age >= 0",
    '"x" in request.tags', "size(request.tags) > 1", "request.numbers.exists(n, n > 6)",
    "request.numbers.all(n, n >= 0)", "request.numbers.max() > 3",
    "retrieval.sources.exists(s, s.trust > 0.8)", "retrieval.sources.all(s, s.trust <= 1.0)",
    "retrieval.sources.all(s, s.rank < 3)", "retrieval.sources.map(s, s.trust).max() < 0.5",
    'retrieval.sources.exists(s, s.id == "d" && s.rank == 1)', "retrieval.grades.all(g, g <= 1.0)",
    "retrieval.grades.exists(g, g > 0.7)", "retrieval.grades.max() > 0.5", "answer.model.heat <= 2.0",
    'answer.model.name == "m"', "[answer.score, answer.ratio].max() > 0.7",
]  # fmt: skip
"""What engines express."""
IN_PYTHON = [
    "request.count % 2 == 1", "request.big / 3 > 7", "retrieval.grades.min() < 0.5",
    "request.at < timestamp('2024-03-31T01:30:00Z')", "request.local < timestamp('2024-03-31T01:30:00Z')",
    "request.local.getHours('Europe/Berlin') < 3", "'w' in retrieval.weights",
    "retrieval.weights.exists(k, retrieval.weights[k] > 1.0)", "request.tenant.lowerAscii() == 'x'",
]  # fmt: skip
"""What Python evaluates for them."""
METRICS = {
    "answered": "rate(decision.answered)",
    "failing": 'rate("low" in decision.failures)',
    "bad": "rate(!outcome.ok, decision.answered)",
    "over": "rate(answer.score > 0.5, request.flag)",
    "trusted": "rate(retrieval.sources.exists(s, s.trust > 0.8))",
    "many": "count(request.count > 5)",
    "mean_ratio": "mean(answer.ratio)",
    "mean_score": "mean(answer.score)",
    "mean_count": 'mean(request.count, request.intent == "a")',
    "total": "sum(answer.score, request.flag)",
    "least": "min(answer.score)",
    "most": "max(request.count, request.flag)",
    "middle": "quantile(answer.score, 0.5)",
    "high": "quantile(answer.ratio, 0.9, request.flag)",
    "shares": "ratio(request.count, outcome.stars)",
    "kinds": "distinct(request.tenant)",
    "unique": "unique_rate(request.big)",
    "unscored": "unknown_rate(answer.score)",
    "untold": "unknown_rate(request.tenant, request.flag)",
    "graded": "unknown_rate(retrieval.grades)",
    "came": 'rate(reached("answer"))',
    "rated": "ratio(answer.score, double(outcome.stars))",
    "scored": "count(answer.score > 0.5)",
}
SLICES = ("request.intent", "request.flag", "request.tags")
_ACTIONS = ("flag", "fallback", "escalate", "abstain", "refuse")


def policy_text(pick: random.Random, python: float = 0.4) -> tuple[str, list[str]]:
    """A policy, and the names of its metrics; `python` is how often a condition of Python's is in it."""
    rules: list[str] = []
    atoms = [pick.choice(CONDITIONS) for _ in range(pick.randint(2, 5))]
    if pick.random() < python:
        atoms.append(pick.choice(IN_PYTHON))
    for at, atom in enumerate(atoms):
        other = pick.choice(CONDITIONS)
        form = pick.choice(["({0})", "({0})", "({0}) && ({1})", "({0}) || ({1})", "!({0})"])
        condition = json.dumps(form.format(atom, other))
        unknown = pick.choice(["", "", "\n    on_unknown: ignore", "\n    on_unknown: refuse"])
        rules.append(
            f"  rule-{at}:\n    when: {condition}\n    then: {pick.choice(_ACTIONS)}\n"
            f"    failure: {pick.choice(['low', 'worse'])}{unknown}\n"
        )
    names = sorted(pick.sample(sorted(METRICS), 8))
    metrics = "".join(f"  {name}: {json.dumps(METRICS[name])}\n" for name in names)
    return f"{header()}rules:\n{''.join(rules)}metrics:\n{metrics}", names


def header() -> str:
    stages: dict[str, dict[str, Any]] = {}
    for path, declared in SIGNALS.items():
        stage, _, name = path.partition(".")
        stages.setdefault(stage, {})[name] = declared
    outcome = stages.pop("outcome")
    return (
        "demur: 1\npolicy: paths\nabout: A generated policy.\nowner: team@example.com\n"
        f"stages: {json.dumps(stages)}\noutcome: {json.dumps(outcome)}\n"
        "failures: {low: {severity: warning}, worse: {severity: critical}}\n"
    )


_NAN, _INFINITE = math.nan, math.inf
_HOLES: dict[str, list[Any]] = {
    "string": [None],
    "int": [None],
    "double": [None, _NAN, _NAN],
    "bool": [None],
    "timestamp": [None],
    "list": [None],
    "map": [None],
    "object": [None],
}
"""What is missing, and nothing else wrong: all other values are within their bounds."""
_TIME = datetime(2024, 3, 31, 0, 0, 0, 0, UTC)
_WRONG: dict[str, list[Any]] = {
    "request.intent": ["c", ""],
    "request.tenant": ["xxxxx"],
    "request.count": [-4, 101, 2**40],
    "request.age": [-1, 101],
    "request.tags": [["x", None], ["x", "y", "z", "x"]],
    "request.numbers": [[1, None], [2**53]],
    "retrieval.grades": [[0.5, _NAN], [_NAN], [1.5], [0.2, None], [-_INFINITE], [_INFINITE]],
    "retrieval.weights": [{"w": _NAN}, {"v": None}, {"w": _INFINITE}],
    "retrieval.sources": [
        [{"id": "d", "trust": _NAN, "rank": 1}],
        [{"id": "d", "trust": 0.9, "rank": None}, {"id": "e", "trust": 2.0, "rank": 2}],
        [{"id": None, "trust": 0.1, "rank": 1}],
        [None],
    ],
    "answer.score": [1.5, -0.25, _INFINITE, -_INFINITE],
    "answer.ratio": [_INFINITE, -_INFINITE],
    "answer.cost": [-1.0, 10.0, _INFINITE],
    "answer.model": [
        {"name": "m", "heat": _NAN},
        {"name": None, "heat": 1.0},
        {"name": "n", "heat": 3.0},
    ],
    "outcome.stars": [0, 6],
}
_GOOD: dict[str, list[Any]] = {
    "request.intent": ["a", "b"],
    "request.tenant": ["x", "xx", "y", "é", "X"],
    "request.count": [-3, 0, 1, 5, 6, 100],
    "request.big": [0, 7, -7, 2**53 - 1, 2**53, 2**53 + 1, -(2**53), 2**63 - 1, -(2**63)],
    "request.age": [0, 17, 18, 100],
    "request.flag": [True, False],
    "request.at": [_TIME, _TIME + timedelta(hours=2), _TIME - timedelta(days=90, microseconds=1)],
    "request.tags": [[], ["x"], ["x", "y"], ["y", "y"]],
    "request.numbers": [[], [1], [7, -1], [0, 2**53 - 1]],
    "retrieval.sources": [
        [],
        [{"id": "d", "trust": 0.875, "rank": 1}],
        [{"id": "d", "trust": 0.0, "rank": 1}, {"id": "e", "trust": 1.0, "rank": 5}],
    ],
    "retrieval.grades": [[], [0.5], [0.0, 1.0], [0.25, 0.75]],
    "retrieval.weights": [{}, {"w": 1.5}, {"v": 0.5}],
    "answer.score": [0.0, -0.0, 0.25, 0.5, 0.75, 1.0],
    "answer.ratio": [0.0, -0.0, 0.25, 0.5, -2.0],
    "answer.cost": [0.0, 1.5, 3.0],
    "answer.model": [{"name": "m", "heat": 0.5}, {"name": "n", "heat": 2.0}],
    "outcome.ok": [True, False],
    "outcome.stars": [1, 2, 3, 4, 5],
}
_LOCAL = [hours * 0.5 for hours in range(12)]


def records(pick: random.Random, count: int) -> list[Record]:
    """Records named `r0`, `r1`, …; of each signal all are good, or some are missing, or some are wrong."""
    made: list[Record] = [{"id": f"r{at}"} for at in range(count)]
    for path, declared in SIGNALS.items():
        stage, _, name = path.partition(".")
        how = pick.choice(["good", "missing", "missing", "wrong", "wrong"])
        for record in made:
            record.setdefault(stage, {})[name] = _value(path, declared["type"], how, pick)
    return made


def _value(path: str, type: str, how: str, pick: random.Random) -> Any:
    chance = pick.random()
    if how != "good" and chance < 0.12:
        return pick.choice(_HOLES[type])
    if how == "wrong" and chance < 0.3 and path in _WRONG:
        return json.loads(json.dumps(pick.choice(_WRONG[path])))
    if path == "request.local":
        day = pick.choice([datetime(2024, 3, 31), datetime(2024, 10, 27)])  # noqa: DTZ001 - no zone
        return day + timedelta(hours=pick.choice(_LOCAL))
    if path == "request.at" and how == "wrong" and chance < 0.3:
        return None
    return json_copy(pick.choice(_GOOD[path]))


def json_copy(value: Any) -> Any:
    """The value, so that no two records share a list."""
    if isinstance(value, list):
        return [json_copy(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value
