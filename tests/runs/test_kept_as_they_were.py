"""The records that a run keeps are decided as the run's own were, whatever these were read from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as arrow
from pyarrow import parquet

import demur
from demur.measure.measuring import measure
from demur.measure.plan import plan
from demur.measure.records.connecting import connect
from demur.runs.records import write_records
from demur.runtime.aggregates import read_metrics
from demur.runtime.evaluator import Evaluator
from tests.runtime.test_forms_agree import evaluator as evaluator_of

POLICY = """\
demur: 1
policy: kept
about: A policy with signals of types that JSON has not.
owner: team@example.com
stages:
  request:
    at: timestamp
    local: {type: timestamp, zone: Europe/Berlin}
    wait: duration
    key: bytes
    spans: {type: list, of: {from: timestamp, took: duration}}
    age: {type: int, optional: true}
  answer:
    score: {type: double, min: 0, max: 1}
failures:
  at: {severity: info}
  local: {severity: info}
  wait: {severity: info}
  key: {severity: info}
  spans: {severity: info}
  age: {severity: info}
  score: {severity: info}
rules:
  at: {when: "request.at > timestamp('2024-01-01T00:00:00Z')", then: flag, failure: at}
  local: {when: "request.local > timestamp('2024-01-01T00:00:00Z')", then: flag, failure: local}
  wait: {when: "request.wait > duration('1h')", then: flag, failure: wait}
  key: {when: "request.key == b'x'", then: refuse, failure: key}
  spans: {when: "request.spans.exists(one, one.took > duration('1s'))", then: flag, failure: spans}
  age: {when: has(request.age) && request.age < 18, then: flag, failure: age}
  score: {when: answer.score < 0.5, then: abstain, failure: score}
"""
MOMENTS = [datetime(2023, 6, 1), datetime(2024, 6, 1)]  # noqa: DTZ001 - in the signal's zone
RECORDS: list[dict[str, dict[str, Any]]] = [
    {
        "request": {
            "at": MOMENTS[at % 2].replace(tzinfo=UTC),
            "local": MOMENTS[at // 2 % 2],
            "wait": timedelta(minutes=70 if at % 3 else 5),
            "key": b"x" if at % 5 == 0 else b"\xff",
            "spans": [{"from": MOMENTS[0].replace(tzinfo=UTC), "took": timedelta(seconds=at % 4)}],
            "age": None if at % 2 else at,
        },
        "answer": {"score": None if at % 7 == 0 else at / 20},
    }
    for at in range(20)
]


def decisions(evaluator: Evaluator, source: Path) -> dict[str, tuple[Any, ...]]:
    made = plan(evaluator, read_metrics(evaluator, []), ())
    rows = measure(connect(None), [str(source)], made, [()]).decided.table.to_pyarrow().to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    named = [f"failure:{name}" for name in evaluator.policy.failures]
    return {row["id"]: (row["action"], row["rule"], *(row[one] for one in named)) for row in rows}


def is_kept(evaluator: Evaluator, source: Path, folder: Path) -> bool:
    kept = folder / "kept.jsonl.gz"
    assert write_records(evaluator, [str(source)], kept).without == ""
    found = decisions(evaluator, kept)
    assert len({one[:2] for one in found.values()}) > 2
    return found == decisions(evaluator, source)


def test_times_durations_and_bytes_of_parquet_are_kept_as_what_they_are(tmp_path: Path) -> None:
    request = arrow.array([one["request"] for one in RECORDS])
    answer = arrow.array([one["answer"] for one in RECORDS])
    names = arrow.array([f"r{at}" for at in range(len(RECORDS))])
    path = tmp_path / "records.parquet"
    parquet.write_table(arrow.table({"id": names, "request": request, "answer": answer}), path)
    assert is_kept(evaluator_of(POLICY), path, tmp_path)


def test_of_a_journal_each_request_is_kept_once_at_the_stage_that_it_came_to(
    tmp_path: Path,
) -> None:
    evaluator = evaluator_of(POLICY)
    journal = tmp_path / "journal"
    with demur.Guard(evaluator, journal=str(journal)) as guard:
        for at, record in enumerate(RECORDS):
            with guard.trace(f"r{at}") as trace:
                trace.check(request=record["request"])
                if at % 3:
                    trace.check(answer=record["answer"])
    assert is_kept(evaluator, journal, tmp_path)
