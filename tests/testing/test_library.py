"""What a test of one's own may do with `demur.testing`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from demur import testing
from tests.testing.files import one_test, write


def test_a_report_is_a_frozen_record(tmp_path: Path) -> None:
    report = testing.run([write(tmp_path, one_test("{action: answer}"))])
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.files = ()  # type: ignore[misc]


def test_paths_may_be_text(tmp_path: Path) -> None:
    assert testing.run([str(write(tmp_path, one_test("{action: answer}")))]).passed


def test_the_worst_of_several_files_decides(tmp_path: Path) -> None:
    passes = write(tmp_path, one_test("{action: answer}"), name="passes")
    fails = write(tmp_path, one_test("{action: refuse}"), name="fails")
    invalid = write(tmp_path, one_test("{action: x}"), name="invalid")
    unreadable = tmp_path / "missing.test.yaml"
    outcomes = testing.Outcome
    assert testing.run([passes]).outcome is outcomes.PASS
    assert testing.run([passes, fails]).outcome is outcomes.FAIL
    assert testing.run([passes, fails, invalid]).outcome is outcomes.INVALID
    assert testing.run([passes, fails, invalid, unreadable]).outcome is outcomes.ERROR


def test_an_invalid_file_does_not_keep_others_from_running(tmp_path: Path) -> None:
    invalid = write(tmp_path, one_test("{action: x}"), name="a")
    fails = write(tmp_path, one_test("{action: refuse}"), name="b")
    report = testing.run([invalid, fails])
    assert [case.name for case in report.failed] == ["it"]


def test_no_paths_is_not_a_pass() -> None:
    report = testing.run([])
    assert (report.passed, report.cases) == (False, ())


def test_pytest_does_not_take_the_report_for_a_test() -> None:
    assert testing.TestReport.__test__ is False
