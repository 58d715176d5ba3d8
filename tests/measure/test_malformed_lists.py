"""A value of another type than declared is unknown, also where Python takes the records from DuckDB."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import demur
from demur.gate.run import Sources, run_gate
from demur.measure.records.connecting import connect
from demur.measure.thresholds import gates

POLICY = """\
demur: 1
policy: p
version: 1.0.0
about: Cites.
owner: a@example.com
stages:
  answer:
    text: string
    citations: {type: list, of: string}
    numbered: {type: bool, derive: 'answer.text.matches("[0-9]{5}")'}
rules:
  order-number:
    when: answer.numbered
    then: refuse
  uncited:
    when: size(answer.citations) == 0
    then: abstain
metrics:
  answered: rate(decision.action == "answer")
suites:
  golden: {cases: golden.jsonl}
gates:
  ship: {suites: [golden], require: [answered >= 0.5]}
"""


@pytest.mark.parametrize("count", [3, 3_000])
def test_a_text_where_a_list_should_be_is_unknown_in_that_record_alone(
    count: int, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    records = [
        {"id": f"c{at}", "answer": {"text": "Yes.", "citations": ["a"]}} for at in range(count)
    ]
    records[-1]["answer"] = {"text": "Yes.", "citations": "a"}
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    (tmp_path / "golden.jsonl").write_text(results.read_text("utf-8"), encoding="utf-8")
    evaluator = demur.load(policy)
    gate = gates(evaluator)["ship"]
    result = run_gate(evaluator, gate, Sources((str(results),)), connect(None))
    assert result.fallbacks
    assert (result.verdict, result.records) == ("pass", count)
    assert result.unknown_signals == {"answer.citations": 1}
