"""Damaged and malicious files end in a message, and what was lost in them is never known."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demur.interop.results import ResultsError, read
from tests.interop.results.policies import DATA, EXAMPLES, policy
from tests.interop.results.test_formats import FILES

JUNK: list[Any] = [
    None, True, 0, -1, float("inf"), float("nan"), "", "x", "[[", "{}", [], {}, [1, None], "\ud800",
    {"a": {"b": [{}]}}, [[[]]], 10**30, "\x00", {"key": 1, "value": {"stringValue": 3}}, "null",
    10**400, 1e308, "not-", [[{"trace_id": "t"}]], "NOT_PARSABLE",
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
    file.write_text("".join(json.dumps(one) + "\n" for one in spans[:2]))
    (record,) = read("openinference", [file], policy()).records()
    assert record["request"]["text"] is None


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


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, from the outermost."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key, part in [(key, value[key]) for key in keys]:
        yield (*path, key)
        yield from places(part, (*path, key))


def drop(holder: Any, key: Any) -> None:
    del holder[key]


def nullify(holder: Any, key: Any) -> None:
    holder[key] = None


def as_text(holder: Any, key: Any) -> None:
    holder[key] = json.dumps(holder[key])


def wrapped(holder: Any, key: Any) -> None:
    holder[key] = [holder[key]]


def emptied(holder: Any, key: Any) -> None:
    holder[key] = type(holder[key])() if isinstance(holder[key], str | list | dict) else ""


def renamed(holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder[f"{key}X"] = holder.pop(key)


CHANGES: tuple[Callable[[Any, Any], None], ...] = (
    drop, nullify, as_text, wrapped, emptied, renamed,
)  # fmt: skip


def passes(format: str, file: Path, evaluator: Any) -> dict[str, set[str]]:
    """What is known and good: of each question the verdicts that would pass."""
    found: dict[str, set[str]] = {}
    for record in read(format, [file], evaluator).records():
        evaluator.decide(record)
        good = {
            name
            for name, value in record.get("answer", {}).items()
            if value is True or (type(value) in (int, float) and name in SCORES and value >= 0.7)
        }
        found.setdefault(str(record.get("request", {}).get("text")), set()).update(good)
    return found


SCORES = ("faithfulness", "relevance", "harmless", "correctness", "contains")
HARMED = {
    "promptfoo": ("promptfoo.json", "promptfoo-4.jsonl", "promptfoo-2.json"),
    "deepeval": ("deepeval.json", "deepeval-snake.json"),
    "otel": ("spans.otlp.jsonl", "otlp-previous.json"),
    "openinference": ("spans.phoenix.jsonl", "openinference.otlp.json"),
}


@pytest.mark.parametrize(
    ("format", "name"), [(format, name) for format, names in HARMED.items() for name in names]
)
def test_no_damage_to_a_file_makes_a_pass_of_what_was_none(
    format: str, name: str, tmp_path: Path
) -> None:
    """The damage takes away and changes types: it writes no verdict."""
    evaluator = policy()
    source = next(one for one in (EXAMPLES / name, DATA / name) if one.exists())
    text = source.read_text("utf-8")
    lines = text.splitlines() if source.suffix == ".jsonl" else [text]
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    before = passes(format, file, evaluator)
    chance = random.Random(1)
    tried = 0
    for _ in range(ATTEMPTS):
        number = chance.randrange(len(lines))
        document = json.loads(lines[number])
        *above, key = chance.choice(list(places(document)))
        holder = document
        for part in above:
            holder = holder[part]
        chance.choice(CHANGES)(holder, key)
        parts = [*lines[:number], json.dumps(document), *lines[number + 1 :]]
        file.write_text("\n".join(parts), encoding="utf-8")
        try:
            after = passes(format, file, evaluator)
        except ResultsError:
            continue
        tried += 1
        more = {one: after[one] - before[one] for one in after.keys() & before.keys()}
        assert not any(more.values()), (above, key, more)
    assert tried > ATTEMPTS / 3


ATTEMPTS = 60


@pytest.mark.parametrize(
    "written", ["{[]: 1}", "{{}: 1}", "[" * 300, "[1, '\\ ']", "{1, 2}", "[1j]", "[- - - 1, x]"]
)
def test_what_only_looks_like_pythons_notation_is_no_traceback_and_spoils_nothing_else(
    written: str, tmp_path: Path
) -> None:
    file = tmp_path / "ragas.csv"
    file.write_text(f'user_input,response,retrieved_contexts,faithfulness\nQ,A,"{written}",0.9\n')
    (record,) = read("ragas", [file], policy()).records()
    policy().decide(record)
    assert record["answer"]["faithfulness"] == 0.9
