"""A record that each policy answers, and ways to spoil a signal."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import demur
from demur.policy import Shape

ROOT = Path(__file__).resolve().parents[2]

POLICIES = {
    path.relative_to(ROOT).as_posix(): path
    for path in (
        *sorted((ROOT / "policies").glob("*.yaml")),
        ROOT / "examples" / "support_rag" / "policy.yaml",
        ROOT / "docs" / "examples" / "support.yaml",
        ROOT / "benchmarks" / "rag_policy.yaml",
    )
    if ".test." not in path.name
}

Record = dict[str, Any]


def good_record(name: str) -> tuple[demur.Evaluator, Record]:
    """The policy, and a record in which every signal is known and which it answers.

    It is the first such record of the policy's own tests, or the one written here.
    """
    path = POLICIES[name]
    policy = demur.load(path)
    for record in (*WRITTEN.get(policy.name, ()), *_tested(path)):
        decision = policy.decide(record)
        whole = all(stage in record for stage in policy.stages)
        if decision.action == "answer" and not decision.unknown and whole:
            return policy, record
    raise AssertionError(f"no test of {name} has a record that is answered")


def _tested(path: Path) -> Iterator[Record]:
    """The records of the policy's test file."""
    file = path.with_name(f"{path.stem}.test.yaml")
    if not file.exists():
        return
    for test in YAML(typ="safe").load(file)["tests"]:
        yield test.get("given", {})
        for case in test.get("cases", ()):
            record = copy.deepcopy(test.get("given", {}))
            _merge(record, case.get("with", {}))
            yield record


def _merge(record: Record, other: Record) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(record.get(key), dict):
            _merge(record[key], value)
        else:
            record[key] = copy.deepcopy(value)


DOCUMENT = {"id": "d1", "source": "help-centre", "score": 0.9, "age_days": 3}
WRITTEN: dict[str, list[Record]] = {
    "support": [
        {
            "request": {"intent": "billing"},
            "retrieval": {"documents": [{"source": "help-centre", "score": 0.9}]},
            "answer": {"confidence": 0.9},
        }
    ],
    "benchmark-rag": [
        {
            "request": {
                "intent": "billing",
                "tenant": "acme",
                "language": "en",
                "text": "Why?",
                "tokens": 2,
                "toxicity": 0.0,
            },
            "retrieval": {"documents": [DOCUMENT, {**DOCUMENT, "id": "d2"}]},
            "answer": {
                "confidence": 0.9,
                "citations": ["d1"],
                "unsupported_claims": 0,
                "latency_ms": 812.5,
                "model": {"name": "production", "temperature": 0.2},
            },
        }
    ],
}

ABSENT = object()


def places(policy: demur.Evaluator, record: Record) -> Iterator[tuple[tuple[Any, ...], Shape, str]]:
    """Every signal and field of the record: its keys, its shape, and its path as reasons name it."""
    for stage, signals in policy.policy.stages.items():
        for name, shape in signals.items():
            if name in record[stage]:
                value = record[stage][name]
                yield from _places((stage, name), shape, f"{stage}.{name}", value)


def _places(
    keys: tuple[Any, ...], shape: Shape, path: str, value: Any
) -> Iterator[tuple[tuple[Any, ...], Shape, str]]:
    yield keys, shape, path
    if shape.type == "object":
        for name, part in (shape.fields or {}).items():
            if name in value:
                yield from _places((*keys, name), part, f"{path}.{name}", value[name])
    elif shape.type == "list" and shape.of is not None and value:
        yield from _places((*keys, 0), shape.of, f"{path}[]", value[0])


def spoilt(record: Record, keys: tuple[Any, ...], value: Any) -> Record:
    """The record with another value at a place, or without the place for `ABSENT`."""
    changed = copy.deepcopy(record)
    holder: Any = changed
    for key in keys[:-1]:
        holder = holder[key]
    if value is ABSENT and isinstance(holder, dict):
        del holder[keys[-1]]
    else:
        holder[keys[-1]] = None if value is ABSENT else value
    return changed


def bad_values(shape: Shape) -> list[Any]:
    """Values that are not what the shape declares, each wrong in its own way."""
    found: list[Any] = [] if shape.optional else [ABSENT, None]
    if shape.type != "dyn":
        found.append(object())
    if shape.type in ("int", "uint", "double"):
        found += [math.nan, math.inf, -math.inf, "1", True, [], {}, 10**400]
        if shape.minimum is not None:
            found.append(shape.minimum - 1)
        if shape.maximum is not None:
            found.append(shape.maximum + 1)
    if shape.type in ("int", "uint"):
        found.append(0.5)
    if shape.type == "uint":
        found.append(-1)
    if shape.type == "string":
        found += [1, 0.5, False, [], {}, b"text", math.nan]
        if shape.enum is not None:
            found.append("none of them")
        if shape.maximum_size is not None:
            found.append("x" * (shape.maximum_size + 1))
    if shape.type == "bool":
        found += [0, 1, "true", "", [], math.nan]
    if shape.type == "list":
        found += ["text", {}, 1, math.nan, [object()]]
        if shape.maximum_size is not None:
            found.append(["x"] * (shape.maximum_size + 1))
    if shape.type in ("map", "object"):
        found += ["text", [], 1, math.nan]
    if shape.type == "map":
        found.append({1: "x"})
    if shape.type in ("timestamp", "duration"):
        found += ["yesterday", 5, math.nan, "", []]
    return found
