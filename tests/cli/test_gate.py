"""`demur gate` as a user runs it: exit status, formats, engines' fallbacks, and proof that it can fail."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from tests.gate.running import policy, record, records, write


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["gate", *arguments])


@pytest.mark.parametrize(
    ("wrong", "status", "word"),
    [(0, 0, "PASS"), (50, 1, "FAIL"), (9, 3, "INCONCLUSIVE")],
)
def test_the_exit_status_is_the_verdicts(
    tmp_path: Path, wrong: int, status: int, word: str
) -> None:
    path = policy(tmp_path, "confidence: 0.95", "wrong <= 0.1")
    results = write(tmp_path / "r.jsonl", records(100, wrong=wrong))
    found = run(str(path), "--results", results)
    assert found.exit_code == status, found.output
    assert found.output.startswith(word)


def test_what_cannot_be_judged_or_read_is_status_4(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= baseline")
    results = write(tmp_path / "r.jsonl", records(5))
    assert run(str(path), "--results", results).exit_code == 4
    missing = run(str(path), "--results", str(tmp_path / "none.jsonl"))
    assert missing.exit_code == 4
    assert "there is no such file" in missing.output
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n{"id": \n', "utf-8")
    broken = run(str(path), "--results", str(tmp_path / "bad.jsonl"))
    assert broken.exit_code == 4
    assert "bad.jsonl:2:" in broken.output


def test_wrong_usage_is_status_2(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= 1")
    results = write(tmp_path / "r.jsonl", records(5))
    unknown = run(str(path), "--gate", "testd", "--results", results)
    assert unknown.exit_code == 2
    assert "tested" in unknown.output
    assert run(str(path)).exit_code == 2
    assert run(str(path), "--results", results, "--format", "jsn").exit_code == 2


def test_a_parameter_is_given_for_the_run_and_changes_the_digest(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= params.most")
    text = "params:\n  most: {type: double, default: 0.5, min: 0, max: 1}\nmetrics:\n"
    path.write_text(path.read_text("utf-8").replace("metrics:\n", text), "utf-8")
    asked = (str(path), "--results", write(tmp_path / "r.jsonl", records(10, wrong=2)), "--no-keep")
    found = [run(*asked, *more, "--format", "json") for more in ((), ("--param", "most=0.1"))]
    assert [one.exit_code for one in found] == [0, 1]
    digests = {json.loads(one.stdout)["digest"] for one in found}
    assert len(digests) == 2
    wrong = run(*asked, "--param", "most=2")
    assert wrong.exit_code == 2
    assert "most" in wrong.output
    assert run(*asked, "--param", "most").exit_code == 2


def test_several_formats_are_written_in_one_run(tmp_path: Path) -> None:
    path = policy(tmp_path, "by: [request.tenant]", "wrong <= 0.1")
    results = write(tmp_path / "r.jsonl", records(20, wrong=5))
    out = tmp_path / "out"
    names = ["json", "junit", "sarif", "github", "markdown", "html"]
    formats = [part for name in names for part in ("--format", f"{name}={out}/{name}")]
    found = run(str(path), "--results", results, "--format", "text", *formats)
    assert found.exit_code == 1
    assert found.output.startswith("FAIL")
    shown = json.loads((out / "json").read_text("utf-8"))
    assert (shown["version"], shown["verdict"], shown["records"]) == (1, "fail", 20)
    sarif = json.loads((out / "sarif").read_text("utf-8"))
    region = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    line = path.read_text("utf-8").splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 :].startswith("wrong <= 0.1")
    for name in names:
        assert "wrong" in (out / name).read_text("utf-8"), name


def test_github_writes_the_job_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    path = policy(tmp_path, "", "wrong <= 0.1")
    results = write(tmp_path / "r.jsonl", records(20, wrong=5))
    found = run(str(path), "--results", results, "--format", "github")
    assert "::error" in found.output
    assert "wrong" in (tmp_path / "summary.md").read_text("utf-8")


def test_explain_says_what_python_evaluated_and_why(tmp_path: Path) -> None:
    path = policy(tmp_path, "by: [decision.unknown]", "wrong <= 1")
    results = write(tmp_path / "r.jsonl", [record("a"), record("b", score=None)])
    found = run(str(path), "--results", results, "--explain")
    assert found.exit_code == 0
    assert "slice decision.unknown" in found.output
    assert "known to Python alone" in found.output


def flattened(row: dict[str, Any]) -> dict[str, str]:
    """The record as CSV has it: a column a signal, everything but text as JSON."""
    cells = {"id": row["id"]}
    for stage, signals in row.items():
        if stage != "id":
            for name, value in signals.items():
                cells[f"{stage}.{name}"] = value if isinstance(value, str) else json.dumps(value)
    return cells


def test_csv_and_parquet_results_give_what_jsonl_gives(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = policy(tmp_path, "confidence: 0.9", "wrong <= 0.3", "grade >= 3", "cost_p90 <= 1")
    rows = records(40, wrong=8)
    jsonl = write(tmp_path / "r.jsonl", rows)
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "r.parquet")
    with (tmp_path / "r.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        flat = [flattened(row) for row in rows]
        writer.writerow(flat[0])
        writer.writerows(row.values() for row in flat)
    outputs = [
        json.loads(run(str(path), "--results", str(file), "--format", "json").output)[
            "requirements"
        ]
        for file in (jsonl, tmp_path / "r.parquet", tmp_path / "r.csv")
    ]
    assert outputs[0] == outputs[1] == outputs[2]


def test_a_gate_that_can_fail_says_so_and_one_that_cannot_is_a_failure(tmp_path: Path) -> None:
    path = policy(
        tmp_path, "confidence: 0.95", "wrong <= 0.1", "grade >= 2", "wrong_answers <= baseline"
    )
    found = run(str(path), "--self-test")
    assert found.exit_code == 0, found.output
    assert "All 3 requirements of tested can fail." in found.output
    path = policy(tmp_path, "", "wrong <= 1", "grade >= 0")
    found = run(str(path), "--self-test")
    assert found.exit_code == 1
    assert found.output.count("CANNOT FAIL (pass)") == 2
