"""Damaged and malicious files end in a message, and what was lost in them is never known."""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import ResultsError, read
from tests.interop.results.policies import EXAMPLES, policy
from tests.interop.results.test_formats import FILES

JUNK: list[Any] = [
    None, True, 0, -1, float("inf"), float("nan"), "", "x", "[[", "{}", [], {}, [1, None], "\ud800",
    {"a": {"b": [{}]}}, [[[]]], 10**30, "\x00", {"key": 1, "value": {"stringValue": 3}}, "null",
]  # fmt: skip


def mutated(value: Any, chance: random.Random, share: float) -> Any:
    if chance.random() < share:
        return chance.choice(JUNK)
    if isinstance(value, list):
        return [mutated(one, chance, share) for one in value if chance.random() > share]
    if not isinstance(value, dict):
        return value
    names = ["score", "x.y", "vars", "name"]
    return {
        chance.choice(names) if chance.random() < share else key: mutated(one, chance, share)
        for key, one in value.items()
        if chance.random() > share
    }


def damaged(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.choice([1, 3, 30])):
        place = chance.randrange(len(found) + 1)
        if chance.random() < 0.5:
            del found[place : place + chance.choice([1, 5, 500])]
        else:
            found[place:place] = chance.choice([b"{", b"}", b'"', b",", b"\xff", b"[", b"null"])
    return bytes(found)


@pytest.mark.parametrize("format", FILES)
def test_whatever_a_file_holds_there_are_records_that_decide_or_a_message(
    format: str, tmp_path: Path
) -> None:
    evaluator = policy()
    data = (EXAMPLES / FILES[format]).read_bytes()
    file = tmp_path / FILES[format]
    outcomes = {"records": 0, "message": 0}
    for seed in range(60):
        chance = random.Random(seed)
        if seed % 2 and file.suffix != ".csv":
            lines = data.splitlines() if file.suffix == ".jsonl" else [data]
            share = chance.choice([0.001, 0.01, 0.1])
            parts = [json.dumps(mutated(json.loads(line), chance, share)) for line in lines]
            file.write_text("\n".join(parts))
        else:
            file.write_bytes(damaged(data, chance))
        try:
            found = read(format, [file], evaluator)
            for record in found.records():
                evaluator.decide(record)
            outcomes["records"] += 1
        except ResultsError:
            outcomes["message"] += 1
    assert min(outcomes.values()) > 0


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.json", b"", "DM731"),
        ("a.json", b"\xff\xfe", "DM731"),
        ("a.json", b"[" * 100_000, "DM731"),
        ("a.json", b'{"results":' + b'{"a":' * 200 + b"1" + b"}" * 201, "DM731"),
        ("a.json", b'{"results": 1' + b"0" * 5000 + b"}", "DM731"),
        ("a.json", b'{"results": {"results": []}}', "DM733"),
        ("a.json", b'{"results": {"results": [3]}}', "DM731"),
        ("a.json", b"3", "DM732"),
        ("a.jsonl", b'{"vars": {}, "success": true}\n{"vars"', "DM731"),
        ("a.json.gz", b"no gzip", "DM731"),
        ("a.json.gz", gzip.compress(b'{"results": {}}', mtime=0)[:-9], "DM731"),
        ("a.parquet", b"PAR1", "DM731"),
        ("a.csv", b'user_input,response\n"a', "DM731"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_name(
    name: str, data: bytes, code: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(ResultsError) as refused:
        read("promptfoo", [file], policy())
    assert refused.value.code == code
    assert name in refused.value.message


def test_a_ring_of_spans_ends(tmp_path: Path) -> None:
    spans = [
        {"context.trace_id": "t", "context.span_id": a, "parent_id": b, "attributes.input.value": a}
        for a, b in (("1", "2"), ("2", "1"), ("3", "3"))
    ]
    file = tmp_path / "ring.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in spans))
    (record,) = read("openinference", [file], policy()).records()
    assert record["id"] == "t"


@pytest.mark.parametrize("format", FILES)
def test_a_score_that_is_taken_away_is_unknown_and_never_absent_from_the_count(
    format: str, tmp_path: Path
) -> None:
    text = (EXAMPLES / FILES[format]).read_text("utf-8")
    file = tmp_path / FILES[format]
    nothing = "" if file.suffix == ".csv" else "null"
    file.write_text(re.sub(r"\b0\.97\b", nothing, text), encoding="utf-8")
    found = list(read(format, [file], policy()).records())
    assert len(found) == 10
    assert found[8]["answer"]["faithfulness"] is None
