"""The JSON Schema of a policy's records takes a record exactly if every signal in it is known."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import demur
from demur.backends.python.reading import read_field, read_signal
from demur.export.jsonschema import schema
from demur.functions.values import EvaluationError
from demur.language.compile import compile_file
from demur.policy import Policy, Shape
from tests.engines import generation
from tests.runtime.records import POLICIES, good_record


def compiled(folder: Path, text: str) -> tuple[Policy, str]:
    path = folder / "policy.yaml"
    path.write_text(text, "utf-8")
    return compile_file(path)


def validator(folder: Path, text: str, **how: Any) -> Draft202012Validator:
    made = schema(*compiled(folder, text), **how)
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def unknown(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """The unknown fields of objects in a value that is known itself."""
    if shape.type == "object":
        for name, field in (shape.fields or {}).items():
            if field.optional and value.get(name) is None:
                continue
            try:
                inner = read_field(value, name, field, f"{path}.{name}")
            except EvaluationError:
                yield f"{path}.{name}"
            else:
                yield from unknown(inner, field, f"{path}.{name}")
    elif shape.of is not None:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from unknown(inner, shape.of, path)


def unknown_signals(policy: Policy, record: Any) -> list[str]:
    """The signals that reading finds unknown; of an outcome those that it has."""
    found: list[str] = []
    for stage, signals in (*policy.stages.items(), ("outcome", policy.outcome)):
        held = record.get(stage, {})
        if not isinstance(held, dict):
            found.append(stage)
            continue
        for name, shape in signals.items():
            may_be_null = shape.optional or (stage, name) in policy.derived
            may_be_absent = may_be_null or stage == "outcome"
            if (may_be_absent and name not in held) or (may_be_null and held[name] is None):
                continue
            value = read_signal(record, stage, name, shape)
            if isinstance(value, EvaluationError):
                found.append(f"{stage}.{name}")
            else:
                found += unknown(value, shape, f"{stage}.{name}")
    return found


def test_generated_records_are_valid_exactly_if_every_signal_is_known(tmp_path: Path) -> None:
    pick = random.Random(7)
    policy, digest = compiled(tmp_path, generation.policy_text(pick))
    check = Draft202012Validator(schema(policy, digest))
    counts = {True: 0, False: 0}
    for number in range(1500):
        record = generation.record(pick, outside=number % 3 == 0)
        try:
            record = json.loads(json.dumps(record, allow_nan=False))
        except (TypeError, ValueError):
            continue
        found = unknown_signals(policy, record)
        assert check.is_valid(record) == (not found), (record, found)
        counts[not found] += 1
    assert min(counts.values()) >= 20, counts


@pytest.mark.parametrize("name", POLICIES)
def test_a_record_that_a_policy_answers_lacks_what_is_unknown_in_it_and_what_is_taken_out(
    name: str,
) -> None:
    evaluator, record = good_record(name)
    policy = evaluator.policy
    check = Draft202012Validator(schema(policy, evaluator.digest))
    # What no rule reads may be missing from a record that is answered.
    missing = unknown_signals(policy, record)
    assert len(list(check.iter_errors(record))) == len(missing)
    for stage, signals in policy.stages.items():
        for signal in signals.keys() & record[stage].keys():
            without = json.loads(json.dumps(record))
            del without[stage][signal]
            more = 0 if signals[signal].optional else 1
            assert len(list(check.iter_errors(without))) == len(missing) + more


POLICY = """\
demur: 1
policy: example
about: An example.
owner: team@example.com
stages:
  first: {value: %s}
  second: {other: {type: string, optional: true}, last: bool}
outcome: {correct: bool}
"""


@pytest.mark.parametrize(
    ("declared", "good", "bad"),
    [
        ("int", [0, -(2**63), 12.0, -0.0], [2**63, "1", True, None, 1.5, 12.5, 1e300]),
        ("{type: int, min: 2, max: 4}", [2, 4], [1, 5]),
        ("uint", [0, 2**64 - 1], [-1, 2**64]),
        ("double", [0, 1.5, -1e308], ["x", None, 10**400, float("inf")]),
        ("{type: double, min: 0, max: 1}", [0, 1.0], [-0.1, 1.1]),
        ("bool", [True], [1, "true"]),
        ("string", ["", "é"], [1, None]),
        ("{type: string, max_size: 2}", ["é€"], ["abc"]),
        ("{type: string, enum: [a, b]}", ["a"], ["c", None]),
        ("{type: string, enum: [a], optional: true}", ["a", None], ["c"]),
        ("bytes", ["", "YQ==", "YWI=", "YWJj"], ["Y", "YQ", "é==="]),
        ("{type: bytes, max_size: 1}", ["", "YQ=="], ["YWI=", "YWJj", "YWJjZA=="]),
        ("{type: bytes, max_size: 2}", ["YQ==", "YWI="], ["YWJj"]),
        ("{type: bytes, max_size: 3}", ["YQ==", "YWI=", "YWJj"], ["YWJjZA=="]),
        ("{type: bytes, max_size: 0}", [""], ["YQ=="]),
        (
            "timestamp",
            ["2026-11-26T18:51:27Z", "2026-11-26t18:51:27.123+05:30"],
            ["2026-11-26", "2026-11-26T18:51:27", 5],
        ),
        ("duration", ["1h30m", "-1.5s", "0", "250ms"], ["1", "h", "1 h", 5]),
        ("{type: list, of: int, max_size: 2}", [[], [1, 2]], [[1, 2, 3], [None], "x"]),
        ("{type: list, of: dyn}", [[1, "x", {}]], [[None]]),
        ("{type: map, of: double, max_size: 1}", [{}, {"a": 1}], [{"a": "x"}, {"a": 1, "b": 2}]),
        (
            "{type: object, fields: {a: int, b: {type: int, optional: true}}}",
            [{"a": 1}, {"a": 1, "b": None}],
            [{}, {"a": 1, "b": "x"}],
        ),
        ("dyn", [0, "x", [None], {"a": [1]}], [None]),
        ("{type: dyn, max_size: 1}", ["x", [1], 12, True], ["xy", [1, 2]]),
    ],
)
def test_a_value_of_each_type(
    declared: str, good: list[Any], bad: list[Any], tmp_path: Path
) -> None:
    policy, digest = compiled(tmp_path, POLICY % declared)
    check = Draft202012Validator(schema(policy, digest))
    for value, is_good in [*((one, True) for one in good), *((one, False) for one in bad)]:
        record = {"first": {"value": value}, "second": {"last": True}}
        assert check.is_valid(record) == is_good, value
        assert (unknown_signals(policy, record) == []) == is_good, value


def test_at_a_stage_what_comes_later_need_not_be_there_and_must_be_right(tmp_path: Path) -> None:
    check = validator(tmp_path, POLICY % "int", stage="first")
    assert check.is_valid({"first": {"value": 1}})
    assert not check.is_valid({"first": {"value": 1}, "second": {"last": "yes"}})
    assert not check.is_valid({"second": {"last": True}})


def test_undeclared_keys_are_refused_where_that_is_asked_for(tmp_path: Path) -> None:
    record = {"id": 1, "first": {"value": 1}, "second": {"last": True, "othr": "x"}}
    assert validator(tmp_path, POLICY % "int").is_valid(record)
    closed = validator(tmp_path, POLICY % "int", closed=True)
    assert not closed.is_valid(record)
    del record["second"]["othr"]
    assert closed.is_valid(record)
    assert not closed.is_valid({**record, "third": {}})


def test_an_outcome_may_be_missing_in_part_and_must_be_right(tmp_path: Path) -> None:
    check = validator(tmp_path, POLICY % "int")
    record = {"first": {"value": 1}, "second": {"last": True}}
    assert check.is_valid({**record, "outcome": {}})
    assert not check.is_valid({**record, "outcome": {"correct": "yes"}})


def test_the_schema_says_units_personal_data_and_where_it_comes_from() -> None:
    evaluator = demur.load(POLICIES["policies/support_rag.yaml"])
    made = schema(evaluator.policy, evaluator.digest)
    request = made["properties"]["request"]["properties"]
    assert request["text"]["description"] == "Personal."
    assert request["tokens"]["description"] == (
        "In tokens. OpenTelemetry: gen_ai.usage.input_tokens."
    )
    assert evaluator.digest in made["$comment"]


def test_a_derived_signal_may_be_left_out_or_null_and_is_right_where_it_is_there(
    tmp_path: Path,
) -> None:
    signals = "{text: string, length: {type: int, min: 0, derive: size(first.text)}}"
    policy, digest = compiled(tmp_path, POLICY.replace("{value: %s}", signals))
    check = Draft202012Validator(schema(policy, digest))
    for given, valid in [({}, True), ({"length": None}, True), ({"length": -1}, False)]:
        record = {"first": {"text": "a", **given}, "second": {"last": True}}
        assert check.is_valid(record) == valid
