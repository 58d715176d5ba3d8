"""`demur import`: what is written, what is told, what is refused, and what a gate makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "importing"
POLICY = EXAMPLES / "policy.yaml"
RESULTS = EXAMPLES / "promptfoo.json"


def lines(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_text("utf-8").splitlines()]


def test_records_go_to_the_file_and_what_was_mapped_is_told(run: Run) -> None:
    result = run("import", "promptfoo", RESULTS, "--policy", POLICY, "-o", "r.jsonl")
    assert result.exit_code == 0
    assert "answer.faithfulness      from namedScores.Faithfulness (by name)" in result.stdout
    assert "Fields that feed no signal:" in result.stdout
    assert len(lines("r.jsonl")) == 10


def test_without_a_file_records_go_to_standard_output_and_nothing_else_does(run: Run) -> None:
    result = run("import", "promptfoo", RESULTS, "--policy", POLICY)
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 10
    assert "promptfoo: 10 cases" in result.stderr


def test_strict_writes_nothing_until_every_field_is_mapped_or_ignored(run: Run) -> None:
    said = ["import", "promptfoo", RESULTS, "--policy", POLICY, "-o", "r.jsonl", "--strict"]
    refused = run(*said)
    assert (refused.exit_code, Path("r.jsonl").exists()) == (1, False)
    assert "error[DM734] results-unmapped: 5 fields were not mapped" in refused.stderr
    ignored = ["--ignore", "tokenUsage.*", "--ignore", "s*", "--ignore", "provider"]
    assert run(*said, *ignored).exit_code == 0


def test_a_field_is_mapped_by_its_path(run: Run) -> None:
    mapping = "request.topic=testCase.vars.topic"
    run("import", "promptfoo", RESULTS, "--policy", POLICY, "-o", "r.jsonl", "--map", mapping)
    assert lines("r.jsonl")[0]["request"]["topic"] == "orders"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["promptfo", RESULTS], 2, "Did you mean `promptfoo`?"),
        (["promptfoo", RESULTS, "--map", "answer.text"], 2, "Write SIGNAL=FIELD"),
        (["promptfoo", RESULTS, "--map", "a=b", "--map", "a=c"], 2, "mapped twice"),
        (["promptfoo", RESULTS, "--map", "answer.tex=output"], 2, "error[DM735]"),
        (["promptfoo", RESULTS, "--map", "answer.text=outputs"], 2, "Did you mean `output`?"),
        (["ragas", RESULTS], 4, "The file looks like promptfoo: `demur import promptfoo …`."),
        (["promptfoo", "none.json"], 4, "there is no such file"),
        (["promptfoo", POLICY], 4, "error[DM731]"),
    ],
)
def test_what_cannot_be_imported_is_refused_without_a_traceback(
    run: Run, arguments: list[str | Path], status: int, said: str
) -> None:
    result = run("import", *arguments, "--policy", POLICY, "-o", "r.jsonl")
    assert result.exit_code == status
    assert said in result.output
    assert "Traceback" not in result.output
    assert not Path("r.jsonl").exists()


def test_a_record_that_would_not_read_back_is_refused_and_nothing_is_left(run: Run) -> None:
    deep = json.loads("[" * 63 + "]" * 63)
    row = {"user_input": "Q", "response": "A", "extra": deep}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n")
    policy = POLICY.read_text("utf-8").replace("    cost_usd", "    extra: dyn\n    cost_usd")
    Path("policy.yaml").write_text(policy, encoding="utf-8")
    result = run("import", "ragas", "rows.jsonl", "--policy", "policy.yaml", "-o", "r.jsonl")
    assert (result.exit_code, Path("r.jsonl").exists()) == (4, False)
    assert "error[DM738]" in result.stderr


def mean_of_promptfoo(document: dict[str, Any], metric: str) -> float:
    """A metric as promptfoo averages it: the sum of named scores by how many rows have one."""
    rows = document["results"]["results"]
    scores = [one["namedScores"][metric] for one in rows if metric in one["namedScores"]]
    return sum(scores) / len(scores)


def test_calls_that_fail_raise_the_mean_of_promptfoo_and_never_pass_a_gate(run: Run) -> None:
    document = json.loads(RESULTS.read_text("utf-8"))
    rows = document["results"]["results"]
    good = json.loads(json.dumps(rows[0]))
    for at, row in enumerate(rows):
        rows[at] = json.loads(json.dumps(good))
        rows[at]["vars"] = row["vars"]
    for row in rows[:2]:
        row["namedScores"]["Faithfulness"] = 0.1
        row["gradingResult"]["componentResults"][0]["score"] = 0.1

    def gated() -> tuple[float, int, str]:
        Path("results.json").write_text(json.dumps(document))
        run("import", "promptfoo", "results.json", "--policy", POLICY, "-o", "r.jsonl")
        result = run("gate", POLICY, "--results", "r.jsonl")
        return mean_of_promptfoo(document, "Faithfulness"), result.exit_code, result.output

    before, status, _ = gated()
    assert status == 1
    for row in rows[:2]:
        row.update(error="API error: 429", failureReason=2, namedScores={}, gradingResult=None)
        row.update(success=False, score=0, response={"error": "API error: 429"})
    after, status, said = gated()
    assert after > before + 0.1
    assert after > 0.9
    assert status == 1
    assert "✕  unfaithful <= 0.1    0.2" in said


def test_a_grader_that_crashed_everywhere_passes_nothing(run: Run) -> None:
    document = json.loads(RESULTS.read_text("utf-8"))
    for row in document["results"]["results"]:
        for one in (row["gradingResult"] or {}).get("componentResults", ()):
            one.update(metadata={"graderError": True}, score=1, **{"pass": True})
    Path("results.json").write_text(json.dumps(document))
    run("import", "promptfoo", "results.json", "--policy", POLICY, "-o", "r.jsonl")
    result = run("gate", POLICY, "--results", "r.jsonl")
    assert result.exit_code == 1
    assert {one.get("answer", {}).get("faithfulness") for one in lines("r.jsonl")} == {None}


def test_what_is_held_and_not_taken_is_told_with_its_cases(run: Run) -> None:
    document = json.loads(RESULTS.read_text("utf-8"))
    rows = document["results"]["results"]
    for row in rows[:4]:
        row["gradingResult"] = {"pass": True, "score": 1, "reason": "No assertions"}
        row["testCase"]["assert"] = []
    rows[4]["success"] = not rows[4]["success"]
    Path("results.json").write_text(json.dumps(document))
    result = run("import", "promptfoo", "results.json", "--policy", POLICY, "-o", "r.jsonl")
    ids = [one["id"] for one in lines("r.jsonl")]
    assert f"  in 4 cases: nothing was asserted ({', '.join(ids[:3])}, …)" in result.stdout
    contradiction = "the grades contradict each other or their sum"
    assert f"  in 1 case: {contradiction} ({ids[4]})" in result.stdout
    assert f"  in 1 case: a grader says that it failed ({ids[6]})" in result.stdout


def test_evaluations_that_join_no_case_are_told_and_make_none(run: Run) -> None:
    spans = (EXAMPLES / "spans.otlp.jsonl").read_text("utf-8")
    attributes = [
        {"key": "gen_ai.evaluation.name", "value": {"stringValue": "Faithfulness"}},
        {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 1.0}},
        {"key": "gen_ai.response.id", "value": {"stringValue": "of no span"}},
    ]
    event = {"eventName": "gen_ai.evaluation.result", "attributes": attributes}
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [event, event]}]}]}
    Path("spans.jsonl").write_text(spans, encoding="utf-8")
    Path("logs.json").write_text(json.dumps(logs))
    said = ["import", "otel", "logs.json", "spans.jsonl", "--policy", POLICY, "-o", "r.jsonl"]
    result = run(*said)
    assert len(lines("r.jsonl")) == 10
    told = "Evaluations that join no case, left out: Faithfulness (logs.json), 2 times."
    assert told in result.stdout
    assert "Left out:" not in result.stdout
