"""`demur run` as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from demur.cli.progress import Remaining
from demur.suites.manifest import manifest_path
from tests.cli.bundled import write_bundle
from tests.suites.systems import made, python_system

SURE = "def answer(case): return {'answer': {'score': 0.9}}\n"
SOME = "def answer(case):\n assert case['id'] != 'c1'\n return {'answer': {'score': 0.9}}\n"


def run(folder: Path, *options: object) -> Result:
    words = ["run", folder / "policy.yaml", *options]
    return CliRunner().invoke(cli, [str(one) for one in words])


def test_it_says_what_came_of_the_suite_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = made(tmp_path, python_system(tmp_path, SOME), 4)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["run", "policy.yaml"])
    assert result.exit_code == 0
    first, said, second, last = result.stdout.splitlines()
    assert re.fullmatch(r"golden: 4 cases, 1 error \(1 exception\), in \d+\.\d s\.", first)
    assert said.startswith("  1 of 1 says: ")
    assert second == "  .demur/results/golden.jsonl"
    command = "demur gate policy.yaml --gate ship --results .demur/results/golden.jsonl"
    assert last == f"Next: {command}"
    assert CliRunner().invoke(cli, command.split()[1:]).exit_code == 0
    assert len(suite.records()) == 4


def test_an_unchanged_suite_is_said_with_the_errors_it_has(tmp_path: Path) -> None:
    made(tmp_path, python_system(tmp_path, SOME), 4, "fingerprint: {model: m}")
    run(tmp_path)
    again = run(tmp_path)
    assert again.exit_code == 0
    assert "golden: unchanged since 20" in again.stdout
    assert "1 case ended in an error: --failed runs them again." in again.stdout
    assert "3 from before" in run(tmp_path, "--failed").stdout
    fresh = run(tmp_path, "--fresh").stdout
    assert "nothing that is in the fingerprint" in fresh


def test_what_changed_since_the_last_run_is_said(tmp_path: Path) -> None:
    target = python_system(tmp_path, SURE)
    made(tmp_path, target, 2, "fingerprint: {model: m}")
    run(tmp_path)
    made(tmp_path, target, 3, "fingerprint: {model: n}")
    assert re.search(r"changed since the run of 20\S+Z: data, model\n", run(tmp_path).stdout)


def test_every_case_failed_is_status_4(tmp_path: Path) -> None:
    made(tmp_path, python_system(tmp_path, "def answer(case): raise OSError('away')\n"), 2)
    result = run(tmp_path)
    assert result.exit_code == 4
    assert "error[DM857] every-case-failed: Every case of `golden`" in result.stderr
    assert "Next" not in result.stdout


def test_a_system_that_cannot_be_started_is_status_4(tmp_path: Path) -> None:
    made(tmp_path, "python:there_is_no_such_module:answer", 2)
    result = run(tmp_path)
    assert result.exit_code == 4
    assert "error[DM854] target-not-loaded: There is no module" in result.stderr
    assert "help: It is looked for in" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--suite", "goldn"), "There is no suite `goldn`. Did you mean `golden`?"),
        (("--only", "c9"), "The suite has no case `c9`."),
        (("--fresh", "--failed"), "give one of them"),
        (("--timeout", "soon"), "Write a length of time"),
        (("--timeout", "0s"), "Write a length of time"),
        (("--header", "Authorization"), "Write `NAME: VALUE`."),
        (("--concurrency", "0"), "0 is not in the range"),
    ],
)
def test_wrong_usage_is_status_2(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    made(tmp_path, python_system(tmp_path, SURE), 2)
    result = run(tmp_path, *options)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("target", ["pyton:a:b", "python:system", "ftp://host", "http://", "x"])
def test_a_target_of_no_kind_is_status_4(tmp_path: Path, target: str) -> None:
    made(tmp_path, python_system(tmp_path, SURE), 2)
    result = run(tmp_path, "--target", target)
    assert result.exit_code == 4
    assert f"`{target}` is no target." in result.stderr
    assert "help: Write python:MODULE:FUNCTION" in result.stderr


@pytest.mark.parametrize(
    ("target", "instead"),
    [
        ("system:answer", "python:system:answer"),
        ("app.system:answer", "python:app.system:answer"),
        ("system.py", "python:system:FUNCTION"),
        ("./app/system.py:answer", "python:app.system:answer"),
    ],
)
def test_a_target_as_other_tools_name_it_is_told_as_it_is_here(
    tmp_path: Path, target: str, instead: str
) -> None:
    made(tmp_path, python_system(tmp_path, SURE), 2)
    assert f"help: Write `{instead}`." in run(tmp_path, "--target", target).stderr


def test_bad_cases_are_status_2_with_their_place(tmp_path: Path) -> None:
    made(tmp_path, python_system(tmp_path, SURE), [{"id": "a"}, {"id": "a"}])
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "cases.jsonl:2: the case `a` stands at cases.jsonl:1 already." in result.stderr


def test_a_policy_without_suites_is_wrong_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["run", str(write_bundle(tmp_path))])
    assert result.exit_code == 2
    assert "The policy has no suites." in result.stderr


def test_a_bundle_runs_its_suites_from_its_own_folder(tmp_path: Path) -> None:
    suite = made(
        tmp_path, python_system(tmp_path, SURE), 2, "measure: {answer.latency_ms: latency}"
    )
    bundle = tmp_path / "policy.demur"
    words = ["compile", str(tmp_path / "policy.yaml"), "-o", str(bundle)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert CliRunner().invoke(cli, ["run", str(bundle)]).exit_code == 0
    assert suite.records()[0]["answer"]["latency_ms"] > 0


def test_results_go_where_they_are_wanted(tmp_path: Path) -> None:
    made(tmp_path, python_system(tmp_path, SURE), 2)
    output = tmp_path / "out" / "first.jsonl"
    result = run(tmp_path, "-o", output)
    assert result.exit_code == 0
    assert f"--results {output.as_posix()}" in result.stdout
    assert [json.loads(one)["id"] for one in output.read_text("utf-8").splitlines()] == ["c0", "c1"]
    assert manifest_path(output) == tmp_path / "out" / "first.run.json"
    assert manifest_path(output).is_file()


def test_a_sample_is_not_judged(tmp_path: Path) -> None:
    made(tmp_path, python_system(tmp_path, SURE), 3)
    result = run(tmp_path, "--limit", "2")
    assert "golden: 2 cases" in result.stdout
    assert "Next" not in result.stdout


def test_progress_says_how_much_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 0.1, 10.0, 10.1, 3600.0])
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("demur.cli.progress.time.monotonic", lambda: next(clock))
    with Remaining("golden") as remaining:
        for done in (51, 60, 61, 90):
            remaining.show(done, 100, 2, done - 50)
    shown = capsys.readouterr().err.split("\r\x1b[K")
    assert shown[1:] == [
        "golden: 60 of 100, 2 with an error, about 40 s left",
        "golden: 90 of 100, 2 with an error, about 15 min left",
        "",
    ]


def test_progress_is_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Remaining("golden") as remaining:
        remaining.show(1, 2, 0, 1)
    assert capsys.readouterr().err == ""
