"""No record gets out of a gate: cases that cannot be read, results without a name, slices called as marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demur.gate.run import Sources, run_gate
from demur.language.compile import compile_file
from demur.measure.records.relation import UnreadableTable
from demur.measure.thresholds import gates
from demur.runtime.evaluator import Evaluator
from tests.gate.running import connection, gate, policy, record


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), "utf-8")
    return str(path)


def test_a_case_that_cannot_be_read_ends_the_gate_with_its_line(tmp_path: Path) -> None:
    path = policy(tmp_path, "min_samples: 1", "wrong <= 0.2")
    (tmp_path / "cases.jsonl").write_text('{"id": "a"}\n{"id": "b", \n', "utf-8")
    with pytest.raises(UnreadableTable, match=r"cases\.jsonl:2: DM721"):
        gate(path, [record("a"), record("b", correct=False)])


@pytest.mark.parametrize("name", [None, 1.5])
def test_results_without_an_id_are_an_error_beside_those_of_every_case(
    name: Any, tmp_path: Path
) -> None:
    path = policy(tmp_path, "min_samples: 1", "wrong <= 0.2")
    written(tmp_path / "cases.jsonl", [{"id": "a"}])
    result = gate(path, [record("a"), {**record("b", correct=False), "id": name}])
    assert result.verdict == "error"
    assert [code for code, _ in result.problems] == ["DM818"]


def test_a_suite_of_recorded_requests_leaves_the_cases_of_others_required(tmp_path: Path) -> None:
    path = policy(tmp_path, "min_samples: 1", "wrong <= 0.2")
    text = path.read_text("utf-8").replace(
        "  cases: {cases", "  live: {journal: true}\n  cases: {cases"
    )
    path.write_text(text.replace("suites: [cases]", "suites: [live, cases]"), "utf-8")
    written(tmp_path / "cases.jsonl", [{"id": "a"}, {"id": "b"}])
    result = gate(path, [record("a"), record("other")])
    assert result.verdict == "error"
    assert [code for code, _ in result.problems] == ["DM813"]
    assert result.records == 2


@pytest.mark.parametrize("mark", ["(not reached)", "(none)", "(unknown)"])
@pytest.mark.parametrize("by", ["request.tenant", "request.tags"])
def test_a_slice_that_is_called_as_a_mark_is_a_slice_of_its_own(
    mark: str, by: str, tmp_path: Path
) -> None:
    path = policy(tmp_path, f"by: [{by}]", "wrong <= 0.2")
    good = [record(f"g{at}", tenant="a", tags=["x"]) for at in range(60)]
    bad = [record(f"b{at}", tenant=mark, tags=[mark], correct=False) for at in range(3)]
    result = gate(path, good + bad)
    found = {str(one.slice): one.verdict for one in result.requirements[0].judgements[1:]}
    assert result.verdict == "fail"
    assert found[f'{by} = "{mark}"'] == "fail"


@pytest.mark.parametrize("mark", ["(not reached)", "(unknown)"])
@pytest.mark.parametrize("by", ["request.tenant", "request.tags"])
def test_a_slice_that_is_called_as_such_a_name_is_written_is_yet_another(
    mark: str, by: str, tmp_path: Path
) -> None:
    path = policy(tmp_path, f"by: [{by}]", "wrong <= 0.2")
    good = [record(f"g{at}", tenant=mark, tags=[mark]) for at in range(60)]
    bad = [
        record(f"b{at}", tenant=f'"{mark}"', tags=[f'"{mark}"'], correct=False) for at in range(3)
    ]
    result = gate(path, good + bad)
    found = {str(one.slice): one.verdict for one in result.requirements[0].judgements[1:]}
    assert found == {f'{by} = "{mark}"': "pass", f'{by} = ""{mark}""': "fail"}


def test_each_way_of_writing_a_share_of_a_later_stage_has_one_verdict(tmp_path: Path) -> None:
    (tmp_path / "runbook.md").write_text("# Low scores\n", "utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(
        "demur: 1\npolicy: p\nabout: x\nowner: a@b.c\nrunbook: runbook.md\n"
        "stages: {request: {topic: string}, answer: {ok: bool}}\n"
        "rules: {late: {when: request.topic == 'late', then: refuse}}\n"
        "metrics:\n  share: rate(!answer.ok)\n  counted: count(!answer.ok) / count()\n"
        "  percent: 100.0 * count(!answer.ok) / count()\n"
        "suites: {live: {journal: true}}\n"
        "gates: {g: {suites: [live], confidence: 0.9, require: "
        "[share <= 0.2992, counted <= 0.2992, percent <= 29.92]}}\n",
        "utf-8",
    )
    rows = [
        {"id": f"r{at}", "request": {"topic": "a"}, "answer": {"ok": at >= 13}} for at in range(60)
    ]
    evaluator = Evaluator(*compile_file(path))
    source = written(tmp_path / "r.jsonl", rows)
    result = run_gate(evaluator, gates(evaluator)["g"], Sources((source,)), connection())
    assert len({one.judgements[0].verdict for one in result.requirements}) == 1
    first, second, third = (one.judgements[0].measured.interval for one in result.requirements)
    assert first == second
    assert first is not None
    assert third is not None
    assert third.high == pytest.approx(100 * first.high)
