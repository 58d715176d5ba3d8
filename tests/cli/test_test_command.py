"""`demur test`: what it takes, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from demur import testing
from demur.cli.commands.test import command
from demur.testing.formats import FORMATS
from tests.cli.conftest import Run
from tests.testing.files import GIVEN, POLICY, SINGLE, one_test, write

PASSES = one_test("{action: answer}")
FAILS = one_test("{action: refuse}")
SINGLE_PASSES = one_test("{action: escalate}", "{answer: {confidence: 0.65}}")


def test_tests_that_pass(run: Run) -> None:
    write(Path(), PASSES)
    result = run("test", ".")
    assert result.exit_code == 0
    assert result.stdout.startswith("policy.test.yaml  .  1 test\n")
    assert "\x1b" not in result.stdout


def test_a_test_that_fails(run: Run) -> None:
    write(Path(), FAILS)
    result = run("test", "policy.test.yaml")
    assert result.exit_code == 1
    assert "FAIL policy.test.yaml:2:11: it" in result.stdout


def test_no_tests_fail(run: Run) -> None:
    Path("policy.yaml").write_text(POLICY, encoding="utf-8")
    for path in (".", "policy.yaml"):
        result = run("test", path)
        assert result.exit_code == 1
        assert "DM601" in result.stdout


def test_an_invalid_test_file_is_shown_with_its_line(run: Run) -> None:
    write(Path(), one_test("{rule: not-shure}"))
    result = run("test", "policy.yaml")
    assert result.exit_code == 2
    assert "policy.test.yaml:5:20: error[DM604] unknown-in-test" in result.stdout
    assert "5 |     expect: {rule: not-shure}" in result.stdout
    assert "^^^^^^^^^" in result.stdout
    assert "Did you mean `not-sure`?" in result.stdout
    assert "1 file not run" in result.stdout


def test_an_invalid_policy_is_shown_once_for_all_its_test_files(run: Run) -> None:
    write(Path(), PASSES, POLICY.replace("params.floor ||", "params.flor ||"))
    Path("more.test.yaml").write_text(f"policy: policy.yaml\n{PASSES}", encoding="utf-8")
    result = run("test", ".")
    assert result.exit_code == 2
    assert result.stdout.count("= help: Did you mean `params.floor`?") == 1
    assert result.stdout.count("error[") == 1


def test_an_empty_test_file_is_named(run: Run) -> None:
    write(Path(), "")
    result = run("test", ".")
    assert result.exit_code == 2
    assert result.stdout.startswith("policy.test.yaml:1:1: error[")


def test_a_path_that_is_not_there_is_wrong_usage(run: Run) -> None:
    assert run("test", "missing").exit_code == 2
    assert run("test").exit_code == 2


def test_a_file_that_cannot_be_read_could_not_run(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(Path(), PASSES)
    opened = os.open

    def refuses(name: Any, *arguments: Any, **options: Any) -> int:
        if str(name).endswith(path.name):
            raise PermissionError(13, "Permission denied")
        return opened(name, *arguments, **options)

    monkeypatch.setattr(os, "open", refuses)
    result = run("test", ".")
    assert result.exit_code == 4
    assert "DM101" in result.stdout


def test_verbose_lists_every_test(run: Run) -> None:
    write(Path(), PASSES)
    assert "  ok   it\n" in run("test", ".", "-v").stdout


def test_coverage_is_shown_and_may_be_demanded(run: Run) -> None:
    write(Path(), PASSES)
    result = run("test", ".", "--coverage", "--min-coverage", "33.3")
    assert result.exit_code == 0
    assert "Coverage of policy.yaml: 5 of 15 outcomes (33.3 %)" in result.stdout
    result = run("test", ".", "--min-coverage", "34")
    assert result.exit_code == 1
    assert "DM611" in result.stdout


def test_mutants_are_run_and_survivors_may_be_limited(run: Run) -> None:
    write(Path(), SINGLE_PASSES, SINGLE)
    assert "Mutants: 4 of 7 noticed (57.1 %)" in run("test", ".", "--mutate").stdout
    assert run("test", ".", "--mutate").exit_code == 0
    assert run("test", ".", "--min-mutation", "57").exit_code == 0
    result = run("test", ".", "--min-mutation", "58")
    assert result.exit_code == 1
    assert "DM612" in result.stdout
    assert "of 2 noticed" in run("test", ".", "--mutate", "--mutants", "2").stdout


@pytest.mark.parametrize("option", ["--min-coverage", "--min-mutation"])
@pytest.mark.parametrize("percent", ["-1", "101", "nan", "many"])
def test_a_minimum_is_a_percentage(run: Run, option: str, percent: str) -> None:
    write(Path(), PASSES)
    assert run("test", ".", option, percent).exit_code == 2


@pytest.mark.parametrize("name", ["json", "junit", "github"])
def test_other_formats_have_the_failure_and_the_status(run: Run, name: str) -> None:
    write(Path(), FAILS)
    result = run("test", ".", "--format", name)
    assert result.exit_code == 1
    assert "policy.test.yaml" in result.stdout


def test_the_report_may_go_to_a_file(run: Run) -> None:
    write(Path(), FAILS)
    result = run("test", ".", "--format", "json", "-o", "report.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["outcome"] == "fail"


def test_a_text_report_in_a_file_has_no_colours(run: Run) -> None:
    write(Path(), FAILS)
    run("test", ".", "-o", "report.txt")
    report = Path("report.txt").read_text(encoding="utf-8")
    assert "FAIL policy.test.yaml" in report
    assert "\x1b" not in report


def test_the_record_of_a_test_can_be_decided(run: Run) -> None:
    given = GIVEN.replace("0.9", ".nan")
    write(Path(), one_test("{action: abstain}", given))
    record = run("test", "policy.test.yaml", "--record", "it")
    assert record.exit_code == 0
    decision = run("decide", "policy.yaml", "--stage", "answer", input=record.stdout)
    assert json.loads(decision.stdout)["unknown"][0]["kind"] == "nan"


def test_the_record_of_no_test_is_wrong_usage(run: Run) -> None:
    write(Path(), PASSES.replace("name: it", "name: an empty retrieval"))
    result = run("test", ".", "--record", "an empty retreival")
    assert result.exit_code == 2
    assert "Did you mean `an empty retrieval`?" in result.stderr


def test_the_options_are_the_librarys() -> None:
    options = {one.name: one for one in command.params}
    choices = getattr(options["format_name"].type, "choices", ())
    assert sorted(choices) == sorted(FORMATS)
    assert options["mutants"].default == testing.DEFAULT_LIMIT
