"""What a journal masks is unknown to a gate over it, as it is to a replay, and never another value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import demur
from demur.measure.measuring import measure
from demur.measure.plan import plan
from demur.measure.records.connecting import connect
from demur.runtime.aggregates import read_metrics
from demur.runtime.evaluator import Evaluator
from demur.service.journal import Journal, Masking
from demur.service.journal.line import MAXIMUM_LINE
from demur.service.journal.reading import Line, read_journal
from demur.service.journal.replay import Replay
from tests.runtime.test_forms_agree import evaluator as evaluator_of

HEADER = """\
demur: 1
policy: masked
about: A policy with personal signals.
owner: team@example.com
"""
OPTIONAL = f"""\
{HEADER}stages:
  request:
    email: {{type: string, optional: true, pii: true}}
    tags: {{type: list, of: string, optional: true, pii: true}}
    text: {{type: string, optional: true}}
    sender: {{type: object, fields: {{name: {{type: string, optional: true, pii: true}}, age: int}}}}
    parts: {{type: list, of: {{by: {{type: string, optional: true, pii: true}}, size: int}}}}
rules:
  email: {{when: has(request.email), then: refuse}}
  tags: {{when: has(request.tags), then: refuse}}
  text: {{when: has(request.text), then: refuse}}
  sender: {{when: has(request.sender.name), then: refuse}}
  parts: {{when: "request.parts.exists(one, has(one.by))", then: refuse}}
metrics:
  emails: rate(has(request.email))
"""
NEEDED = f"""\
{HEADER}stages:
  request:
    email: {{type: string, pii: true}}
    tags: {{type: list, of: {{type: string, pii: true}}}}
    sender: {{type: object, fields: {{name: {{type: string, pii: true}}, age: int}}}}
    parts: {{type: list, of: {{by: {{type: string, pii: true}}, size: int}}}}
    odd: {{type: list, of: {{by: {{type: string, pii: true, optional: true}}, size: int}}}}
    places: {{type: map, of: {{type: string, pii: true}}}}
rules:
  email: {{when: "request.email == 'bad'", then: refuse}}
  python: {{when: "request.email.lowerAscii() == 'bad'", then: refuse}}
  tags: {{when: "'bad' in request.tags", then: refuse}}
  name: {{when: request.sender.name == 'bad', then: refuse}}
  age: {{when: request.sender.age > 100, then: refuse}}
  by: {{when: "request.parts.exists(one, one.by == 'bad')", then: refuse}}
  size: {{when: "request.parts.exists(one, one.size > 9)", then: refuse}}
  odd: {{when: "request.odd.exists(one, has(one.by) && one.by == 'bad')", then: refuse}}
  places: {{when: "size(request.places) > 1", then: refuse}}
metrics:
  emails: rate(request.email == 'bad')
"""
GOOD: dict[str, dict[str, Any]] = {
    OPTIONAL: {"sender": {"age": 1}, "parts": [{"size": 1}]},
    NEEDED: {
        "email": "ada@example.com",
        "tags": ["quite a good one"],
        "sender": {"name": "Ada Lovelace", "age": 36},
        "parts": [{"by": "Ada Lovelace", "size": 1}],
        "odd": [{"by": "Ada Lovelace", "size": 1}],
        "places": {"home": "Vienna, Austria"},
    },
}
OTHERS: dict[str, list[dict[str, Any]]] = {
    OPTIONAL: [
        {"email": "ada@example.com"},
        {"tags": ["a"]},
        {"text": "x" * (MAXIMUM_LINE + 1)},
        {"sender": {"age": 1, "name": "Ada"}},
        {"parts": [{"size": 1}, {"size": 1, "by": "Ada"}]},
    ],
    NEEDED: [
        {"email": "bad"},
        {"email": "BAD"},
        {"tags": ["bad"]},
        {"tags": []},
        {"sender": {"name": "bad", "age": 1}},
        {"sender": {"name": "Ada Lovelace", "age": 101}},
        {"parts": [{"by": "bad", "size": 1}]},
        {"parts": [{"by": "Ada Lovelace", "size": 10}]},
        {"odd": [{"by": "bad", "size": 1}]},
        {"places": {"home": "a", "work": "b"}},
    ],
}
MASKINGS = [Masking(), Masking("hash", key=b"sixteen bytes or more"), Masking("partial")]


def served(text: str, folder: Path, masking: Masking, form: str) -> Evaluator:
    """The policy, after it served the good record and the others into a journal."""
    evaluator = evaluator_of(text)
    journal = Journal(folder, masking=masking, form=form)
    with demur.Guard(evaluator, journal=journal) as guard:
        for at, other in enumerate([{}, *OTHERS[text]]):
            with guard.trace(f"t{at}") as trace:
                trace.check(request={**GOOD[text], **other})
    return evaluator


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("masking", MASKINGS, ids=lambda one: one.mode)
@pytest.mark.parametrize("text", [OPTIONAL, NEEDED], ids=["optional", "needed"])
def test_a_gate_decides_a_masked_line_as_a_replay_does(
    tmp_path: Path, text: str, masking: Masking, form: str
) -> None:
    evaluator = served(text, tmp_path, masking, form)
    replay = Replay(evaluator)
    expected: dict[str, tuple[str, str]] = {}
    for line in read_journal(tmp_path):
        assert isinstance(line, Line)
        after = replay.decide(line).after
        expected[str(line.value["id"])] = (after["action"], after["rule"])
    made = plan(evaluator, read_metrics(evaluator, ["emails"]), ())
    run = measure(connect(None), [str(tmp_path)], made, [()])
    rows = run.decided.table.select("id", "action", "rule").to_pyarrow().to_pylist()
    assert {row["id"]: (row["action"], row["rule"]) for row in rows} == expected
    # Nothing that a rule turns on came out as if it had been there and good.
    assert [one for one in expected if one != "t0" and expected[one][0] == "answer"] == []
    value = run.value("emails", (), [()])
    assert value.unknown
    assert value.high is not None
    assert value.high > 0


def test_what_a_line_that_is_too_large_left_out_is_not_absent(tmp_path: Path) -> None:
    evaluator = served(OPTIONAL, tmp_path, Masking(), "jsonl")
    large = [
        one
        for one in read_journal(tmp_path)
        if isinstance(one, Line) and "request.text" in one.value["demur"].get("inexact", ())
    ]
    (line,) = large
    assert line.value["request"] == {"text": {"demur_unavailable": "too_large"}}
    assert Replay(evaluator).decide(line).verdict == "withheld"
