"""Slices by what is personal are judged apart, and called by what nobody can tell the value from."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from demur.cli import cli
from demur.measure.naming import Naming

POLICY = """\
demur: 1
policy: sliced
about: A policy.
owner: team@example.com
runbook: runbook.md
stages:
  request:
    mail: {type: string, pii: true}
    age: {type: int, pii: true, min: 0, max: 150}
  answer: {confidence: {type: double, min: 0, max: 1}}
rules:
  unsure: {when: answer.confidence < 0.7, then: abstain}
metrics:
  declined: rate(decision.declined)
  mean_age: mean(request.age)
suites:
  golden: {cases: cases.jsonl}
gates:
  ship:
    suites: [golden]
    min_samples: 1
    by: [request.mail]
    require: [declined <= 0.5, mean_age <= 100]
"""


def test_a_bad_slice_is_found_and_not_named(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    records = [
        {"id": f"{name}-{at}", "request": {"mail": f"{name}@x.org", "age": 40 + at}}
        | {"answer": {"confidence": 0.1 if name == "bob" else 0.9}}
        for name in ("ada", "bob", "cid")
        for at in range(3)
    ]
    (tmp_path / "cases.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in records))
    arguments = ["gate", str(tmp_path / "policy.yaml"), "--format", "json", "--no-keep"]
    names: list[set[str]] = []
    for _ in range(2):
        done = CliRunner().invoke(cli, [*arguments, "--results", str(tmp_path / "cases.jsonl")])
        assert "@x.org" not in done.output
        result = json.loads(done.stdout)
        assert result["verdict"] == "fail"
        found = set(re.findall("<pii [0-9a-f]{12}>", done.stdout))
        assert len(found) == 3
        names.append(found)
        assert result["distributions"] == []
    assert not names[0] & names[1], "two reports cannot be joined"


def test_with_one_key_a_slice_keeps_its_name() -> None:
    personal = frozenset(("request.mail",))
    first, second = Naming(personal, b"k" * 16), Naming(personal, b"k" * 16)
    dimensions = ("request.mail", "request.intent")
    assert first.slice(dimensions, ("ada", "x")) == second.slice(dimensions, ("ada", "x"))
    assert first.values(dimensions, ("(unknown)", "x")) == ["(unknown)", "x"]
    assert first.values(dimensions, ("(none)", "x")) == ["(none)", "x"]
    assert first.values(dimensions, ("ada", "x")) != first.values(dimensions, ("bob", "x"))
    assert Naming(personal).key != Naming(personal).key
    assert "kkkk" not in repr(first)
