"""Generated policies over signals of every kind, and records with all that data can be."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

HEADER = """\
demur: 1
policy: generated
about: A generated policy.
owner: team@example.com
stages:
  request:
    intent: {type: string, enum: [a, b, été]}
    tenant: string
    text: {type: string, max_size: 4}
    count: {type: int, min: -3, max: 100}
    big: int
    other: int
    flag: bool
    age: {type: int, optional: true, min: 0}
    note: {type: string, optional: true}
    tags: {type: list, of: string, max_size: 4}
    numbers: {type: list, of: int}
    grades: {type: list, of: {type: double, min: 0, max: 1}}
    flags: {type: list, of: bool}
    nested: {type: list, of: {type: list, of: int}}
  retrieval:
    documents:
      type: list
      of:
        id: string
        source: {type: string, enum: [s, t]}
        score: {type: double, min: 0, max: 1}
        rank: int
        fresh: bool
    marked: {type: list, of: {source: string, rank: {type: int, optional: true}}}
    weights: {type: map, of: double}
  answer:
    score: double
    ratio: {type: double, min: -5, max: 5}
    model: {type: object, fields: {name: string, heat: {type: double, min: 0, max: 2}, size: int}}
    bytes: {type: uint, max: 1000}
    asked_at: timestamp
    anything: dyn
outcome:
  correct: bool
  stars: {type: int, min: 1, max: 5}
params:
  limit: {type: double, default: 0.5, min: 0, max: 1}
  words: {type: int, default: 2, min: 0, max: 9}
define:
  best: retrieval.documents.map(d, d.score).max()
  sources: retrieval.documents.map(d, d.source)
  quotient: answer.score / answer.ratio
  long: size(request.tenant) > params.words
failures:
  bad: {severity: warning}
  worse: {severity: critical}
"""

NATIVE = [
    'request.intent == "a"', 'request.intent in ["a", "été"]', 'request.intent != "b"',
    'request.tenant == "x"', 'request.tenant != ""', 'request.tenant < "x"',
    'request.tenant >= "Z"', "request.tenant <= request.text", "request.tenant > request.text",
    "request.tenant == request.text", "request.tenant + request.text == 'xx'",
    "size(request.tenant + request.text) > 3", "request.tenant.size() == params.words",
    'request.tenant.contains("x")', 'request.tenant.startsWith("x")',
    'request.tenant.endsWith("\\u00e9")', "request.tenant.contains(request.text)",
    'request.tenant.contains("%")', 'request.tenant.startsWith("_")', 'request.tenant.contains("\\\\")',
    'request.tenant.endsWith("%")', "request.tenant.startsWith(request.text)",
    "request.tenant.endsWith(request.text)",
    "string(request.big) == request.tenant", "string(request.count).size() > 1",
    "request.count > 5", "request.count + 1 >= request.big", "request.big * 2 > 10",
    "request.big - request.other < 0", "request.big * request.other == 0",
    "request.big + request.other != 7", "request.big == request.other",
    "double(request.big) < answer.score", "double(request.count) > answer.score",
    "request.big * request.big > request.other", "request.big - 1 <= request.other",
    "request.flag", "request.flag == (answer.ratio > 0.0)", "request.flag != (request.count > 0)",
    "request.flag < (request.count > 0)", "request.flag >= (answer.score > 0.0)",
    "(request.flag ? request.count : request.big) > 0",
    "(request.count > 0 ? request.tenant : request.text) == 'x'",
    "has(request.age)", "has(request.age) && request.age < 18",
    "!has(request.age) || request.age >= 18", "has(request.note) && request.note == 'x'",
    "has(request.tenant)", "has(request.count)",
    "size(request.tags) > 1", "request.tags.size() == params.words", '"x" in request.tags',
    "request.tenant in request.tags", "request.big in request.numbers", "7 in request.numbers",
    'request.tags.all(t, t.startsWith("x"))', 'request.tags.exists(t, t == "y")',
    "request.tags.exists_one(t, t.size() == 1)", "request.tags.max() > 'x'", "request.tags.min() < 'x'",
    "request.tags.filter(t, t != 'x').size() == 1",
    "request.tags.map(t, t.size()).max() > 1", "request.tags.all(t, t in ['x', 'y'])",
    "request.tags.exists(t, request.tags.exists_one(u, u == t))",
    "request.tags.all(t, retrieval.documents.exists(d, d.id == t))",
    "retrieval.documents.filter(d, d.fresh).exists(d, request.tags.all(t, t != d.id))",
    "request.tags.exists(t, t in request.tags)", "request.tags.exists(t, request.tenant.contains(t))",
    "request.tags.all(t, request.tenant + t != 'xy')",
    "request.tags.exists(t, request.tags.exists(u, request.tags.exists_one(v, v + u == t)))",
    "request.numbers.max() > request.big", "request.numbers.min() == request.other",
    "request.numbers.map(n, n * 2).max() > 3", "request.numbers.all(n, n + 1 > 0)",
    "request.numbers.exists(n, n * request.big > 0)", "request.numbers.map(n, n > 0, n * n).min() > 3",
    "request.numbers.exists_one(n, n - 1 == request.count)",
    "request.numbers.filter(n, n * 3 > 0).size() > 0",
    "request.grades.max() > params.limit", "request.grades.all(g, g < 1.0)",
    "request.grades.exists(g, g / answer.ratio > 1.0)",
    "request.flags.all(f, f)", "request.flags.exists(f, !f)", "request.flags.exists_one(f, f)",
    "size(retrieval.documents) == 0", "best < params.limit", "best > 0.9",
    'retrieval.documents.all(d, d.source in ["s", "t"])',
    "retrieval.documents.all(d, d.source == 's' || d.score > 0.5)",
    "retrieval.documents.exists(d, d.score > 0.8)", "retrieval.documents.exists(d, d.fresh)",
    "retrieval.documents.exists_one(d, d.rank == 1 && d.score >= 0.3)",
    "retrieval.documents.filter(d, d.score > params.limit).size() > 1",
    "retrieval.documents.filter(d, d.fresh).map(d, d.rank).max() > 1",
    '"s" in sources', "sources.exists(s, s == request.tenant)", "size(sources) > 1",
    "answer.score < params.limit", "answer.score / answer.ratio > 1.0", "quotient < 2.0",
    "quotient == quotient", "-answer.score > 0.0", "math.abs(answer.score) < 1.0",
    "answer.score * answer.ratio - 1.0 > answer.score", "answer.score + answer.ratio == 0.4",
    "answer.score * 1e308 * 10.0 > 0.0", "answer.score - 1e308 * answer.ratio < 0.0",
    "answer.score == answer.ratio", "answer.score in [0.4, 2.0]", "request.count in [0, 1, -3]",
    'answer.model.name == "m"', "answer.model.heat > 1.0", "answer.model.size + 1 > 2",
    "[answer.score, answer.ratio].max() > 0.7", "[request.count, request.big].min() < 0",
    "[request.flag, long].all(f, f)", "long", "cel.bind(x, request.count + 1, x * x > 4)",
]  # fmt: skip
PYTHON = [
    "request.big / request.count > 1", "request.big % request.count == 1", "-request.big > 0",
    'request.tenant.matches("^x+$")', 'request.text.matches("\\\\d|.")',
    "request.tenant.lowerAscii() == 'x'", "request.nested.all(l, size(l) > 0)",
    "retrieval.marked.exists(d, has(d.rank) && d.rank == 1)", 'retrieval.weights.w > 0.1',
    '"w" in retrieval.weights', "retrieval.weights.exists(k, retrieval.weights[k] > 1.0)",
    "answer.bytes > 5u", "answer.asked_at < timestamp('2024-01-01T00:00:00Z')",
    "answer.asked_at.getFullYear() == 2024", "answer.anything == 1", "request.tags[0] == 'x'",
    "size(answer.anything) > 0", "double(request.tenant) > 1.0", "request.numbers.sum() > 0",
]  # fmt: skip
METRICS = """\
  answered: rate(decision.answered)
  failed: rate(decision.failure == "bad")
  failing: rate("bad" in decision.failures)
  declined: rate(outcome.correct, decision.declined)
  wrong: rate(outcome.correct == false, request.flag)
  doubted: rate(outcome.stars > 3, "worse" in decision.failures)
  ruled: rate("rule-0" in decision.rules)
  same: rate(decision.rule == "rule-0", decision.action != "answer")
  over: rate(answer.score > params.limit, request.flag)
  counted: count()
  few: count(request.count > 0)
  mean_ratio: mean(answer.ratio)
  mean_count: mean(request.count, request.intent == "a")
  total: sum(answer.ratio, request.flag)
  gained: sum(request.count, request.age > 0)
  least: min(answer.score)
  lowest: min(request.count)
  most: max(request.count, request.flag)
  middle: quantile(answer.score, 0.5)
  high: quantile(answer.ratio, 0.9, request.flag)
  stars: quantile(outcome.stars, 0.25)
  shares: ratio(request.count, outcome.stars)
  kinds: distinct(request.tenant)
  numbers: distinct(request.count)
  unscored: unknown_rate(answer.score)
  untold: unknown_rate(request.tenant, request.flag)
  unique: unique_rate(request.tenant)
  unique_counts: unique_rate(request.count)
  drifted: drift(answer.score)
  drifted_text: psi(request.tenant, request.flag)
  aged: rate(has(request.age) && request.age < 18)
  combined: 2.0 * rate(request.flag) * rate(decision.declined) + 1.0
"""
MIXED_METRICS = """\
  opened: rate(size(decision.unknown) > 0)
  matched: rate(request.tenant.matches("^x+$"))
  documents: mean(double(size(retrieval.documents)))
  best: mean(best, long)
  undefined: unknown_rate(quotient, request.count > 0)
"""
"""What Python computes on some engine."""
FEW_METRICS = """\
  answered: rate(decision.answered)
  failing: rate("bad" in decision.failures, outcome.correct)
  gained: sum(request.count, request.age > 0)
  middle: quantile(answer.score, 0.5, request.flag)
  kinds: distinct(request.tenant)
  untold: unknown_rate(request.tenant, request.flag)
  unique: unique_rate(request.count)
  drifted: drift(request.flag)
"""
"""For an engine that takes long to plan a query."""
DIMENSIONS = (
    "request.intent", "request.tags", "decision.action", "request.flag", "request.count",
    "request.tenant", "decision.failures", "request.flags", "answer.bytes", "request.numbers",
)  # fmt: skip
"""All that can be sliced by, of every type; `answer.bytes` is read by Python alone."""
CUTS = (
    (0,),
    (1,),
    (2,),
    (3,),
    (0, 2),
    (1, 3),
    (4,),
    (5,),
    (6,),
    (7,),
    (8,),
    (9,),
    (1, 6),
    (2, 3, 0),
)
_ACTIONS = ["flag", "fallback", "escalate", "abstain", "refuse"]


def policy_text(
    pick: random.Random,
    atoms: Sequence[str] = NATIVE,
    python: float = 0.0,
    metrics: str = METRICS,
) -> str:
    """A policy of such conditions; `python` is the share of rules that also have one for Python."""
    rules: list[str] = []
    for at in range(pick.randint(4, 10)):
        first = PYTHON if pick.random() < python else atoms
        text = _condition(pick, first, atoms, pick.randint(0, 2))
        unknown = pick.choice(["", "", "\n    on_unknown: ignore", "\n    on_unknown: refuse"])
        rules.append(
            f"  rule-{at}:\n    when: '{text}'\n    then: {pick.choice(_ACTIONS)}\n"
            f"    failure: {pick.choice(['bad', 'worse'])}{unknown}\n"
        )
    limits = pick.choice(["", "", "limits: {value: 5, steps: 7}\n", "limits: {steps: 1}\n"])
    return f"{HEADER}{limits}rules:\n{''.join(rules)}metrics:\n{metrics}"


def policy_of_all(atoms: Sequence[str]) -> str:
    """A policy with a rule for each condition, in order."""
    rules = (
        f"  rule-{at}:\n    when: '{_atom(atom)}'\n    then: flag\n"
        for at, atom in enumerate(atoms)
    )
    return f"{HEADER}rules:\n{''.join(rules)}"


def _atom(atom: str) -> str:
    return f"({atom})".replace("'", "''")


def _condition(pick: random.Random, first: Sequence[str], others: Sequence[str], depth: int) -> str:
    if depth == 0:
        return _atom(pick.choice(first))
    left = _condition(pick, first, others, depth - 1)
    right = _condition(pick, others, others, depth - 1)
    form = pick.choice(["({} && {})", "({} || {})", "!({})", "({} ? {} : true)", "({} || !{})"])
    return form.format(left, right)


_TEXTS = [
    "", "x", "xx", "y", "X", "é", "été", "e\u0301", "\U0001f600", "\U0001f600x", "ﬁ", "ß", "\uffff", "%", "_",
    "a%", "_x", "\\", "a\\", "\\x", "'", '"', "\n", "x\r\n", "\t", "7", "-3", "\u2028", "(unknown)", "true",
    "\u0130", "\u200b", " x ", "null", "abcd", "\U0001f600\U0001f600\U0001f600\U0001f600", "abcde",
]  # fmt: skip
_INTS = [
    0,
    1,
    -1,
    2,
    3,
    7,
    100,
    -3,
    2**31,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    2**62,
    2**63 - 1,
    -(2**63),
]
_DOUBLES = [
    0.0, -0.0, 0.4, 1.0, -1.0, 2, 0.7, 0.1, 1e308, -1e308, 5e-324, 2.0**63, 9007199254740993, 1e21, -0.5,
]  # fmt: skip
_COUNTS = [-3, 0, 1, 5, 6, 100]

Make = Callable[[random.Random], Any]


def _one(values: list[Any]) -> Make:
    return lambda pick: copy.deepcopy(pick.choice(values))


def _some(values: list[Any], longest: int = 4) -> Make:
    return lambda pick: [
        copy.deepcopy(pick.choice(values)) for _ in range(pick.randint(0, longest))
    ]


def _document(pick: random.Random) -> Any:
    return {
        "id": "d",
        "source": pick.choice("st"),
        "score": pick.choice([0.0, 0.3, 0.5, 0.85, 1.0, 1]),
        "rank": pick.choice([0, 1, 2, 2**63 - 1]),
        "fresh": pick.random() < 0.5,
    }


_GOOD: dict[str, dict[str, Make]] = {
    "request": {
        "intent": _one(["a", "b", "été"]),
        "tenant": _one(_TEXTS),
        "text": _one(_TEXTS),
        "count": _one(_COUNTS),
        "big": _one(_INTS),
        "other": _one(_INTS),
        "flag": _one([True, False]),
        "age": _one([0, 17, 18, None]),
        "note": _one(["x", "", None]),
        "tags": _some(["x", "y", "xx", "é", ""]),
        "numbers": _some(_INTS),
        "grades": _some([0, 0.5, 1.0, 0.25]),
        "flags": _some([True, False]),
        "nested": _some([[], [1], [1, 2]]),
    },
    "retrieval": {
        "documents": lambda pick: [_document(pick) for _ in range(pick.randint(0, 3))],
        "marked": _some([{"source": "s"}, {"source": "t", "rank": 1}, {"source": "s", "rank": 2}]),
        "weights": _one([{}, {"w": 1.5}, {"w": 0.05, "v": 2}]),
    },
    "answer": {
        "score": _one(_DOUBLES),
        "ratio": _one([0.0, -0.0, 1.0, -0.5, 5, 0.1]),
        "model": lambda pick: {
            "name": pick.choice("mn"),
            "heat": pick.choice([0, 1.5, 2.0]),
            "size": pick.choice(_INTS),
        },
        "bytes": _one([0, 5, 6, 1000]),
        "asked_at": _one(["2024-05-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z"]),
        "anything": _one([1, 1.0, "x", [1], {"a": None}, True]),
    },
    "outcome": {"correct": _one([True, False]), "stars": _one([1, 2, 3, 4, 5])},
}
_BAD = [
    None, "x", "", 7, -1, 101, 2**63, -(2**63) - 1, 2**64, 2**70, True, False, [], {}, [None], [1, "x"],
    ["x", 2],
    [True, None], [[1]], [{}], {"name": 3}, {"name": "m", "heat": "hot"}, [{"score": 2}],
    [{"score": None}, 1],
    [{"source": "s", "score": 0.5, "rank": 1.5, "fresh": 1}], 0.5, 1.0, 7.0, 1e300, "true", "1", "null",
    "{}", "[]",
    "NaN", ["x"] * 5, "x" * 40, {"id": "d"}, [0.5, 2.0], [2**63], "t", "f", "1e5",
]  # fmt: skip
_OUTSIDE_JSON = [
    math.nan,
    math.inf,
    -math.inf,
    [math.nan],
    {"name": "m", "heat": math.nan, "size": 1},
]
_HALF = ["\ud800", "x\udfff", ["\ud800"], "a\0b", "\0", ["x\0"]]


def record(pick: random.Random, outside: bool) -> dict[str, Any]:
    """A record, spoilt here and there; `outside` with what standard JSON or an engine's text is not."""
    bad = [*_BAD, *_OUTSIDE_JSON, *_HALF] if outside else _BAD
    made: dict[str, Any] = {}
    for stage, signals in _GOOD.items():
        if pick.random() < 0.02:
            made[stage] = pick.choice([None, {}] + (["x", 7, [], [1], True] if outside else []))
            continue
        made[stage] = {}
        for name, make in signals.items():
            chance = pick.random()
            if chance < 0.03:
                continue
            value = copy.deepcopy(pick.choice(bad)) if chance < 0.08 else make(pick)
            made[stage][name] = _spoilt(value, bad, pick) if chance > 0.93 else value
    return made


def _spoilt(value: Any, bad: list[Any], pick: random.Random) -> Any:
    """The value with something wrong inside, or elsewhere in its place."""
    if isinstance(value, dict) and value:
        name = pick.choice(list(value))
        if pick.random() < 0.3:
            del value[name]
        else:
            value[name] = copy.deepcopy(pick.choice(bad))
    elif isinstance(value, list) and value:
        at = pick.randrange(len(value))
        whole = not isinstance(value[at], dict) or pick.random() < 0.2
        value[at] = copy.deepcopy(pick.choice(bad)) if whole else _spoilt(value[at], bad, pick)
    return value
