"""Tests of alerts: traffic in, states out, and slips found where they stand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from demur.testing import run
from demur.testing.results import Outcome, TestReport
from tests.conftest import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "alerts"
HEAD = """\
alerts:
  - name: tried
    alert: misses
"""
GOOD = "{request: {tenant: a}, retrieval: {score: 0.9}}"
BAD = "{request: {tenant: a}, retrieval: {score: 0.1}}"


def report_of(folder: Path, text: str) -> TestReport:
    for name in ("assistant.yaml", "runbook.md"):
        shutil.copy(EXAMPLE / name, folder / name)
    (folder / "assistant.test.yaml").write_text(HEAD + text, "utf-8")
    return run([folder])


def expecting(
    folder: Path, series: str, state: str, at: str = "20m", record: str = BAD
) -> TestReport:
    return report_of(
        folder,
        f"    traffic: [{{record: {record}, series: {series}}}]\n"
        f"    expect: [{{at: {at}, state: {state}}}]\n",
    )


@pytest.mark.parametrize(
    ("record", "series", "state"),
    [
        (BAD, "10x20", "firing"),
        (GOOD, "10x20", "inactive"),
        (BAD, "1x20", "inactive"),
        (BAD, "_x20", "inactive"),
        (BAD, "0x15 10x5", "pending"),
    ],
)
def test_the_state_is_that_of_the_traffic(
    record: str, series: str, state: str, tmp_path: Path
) -> None:
    assert expecting(tmp_path, series, state, record=record).outcome is Outcome.PASS
    others = {"inactive", "pending", "firing"} - {state}
    for other in others:
        assert expecting(tmp_path, series, other, record=record).outcome is Outcome.FAIL


def test_a_failure_says_what_was_found_and_why(tmp_path: Path) -> None:
    report = expecting(tmp_path, "10x20", "inactive")
    (case,) = report.failed
    (result,) = case.expectations
    (difference,) = result.differences
    assert (difference.what, difference.expected, difference.found) == (
        "state at 20m",
        "inactive",
        "firing",
    )
    assert result.note.startswith("holds: 1 over 100 cases, where at most 0.2 is allowed")
    assert result.span.start.line == 5


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (
            "    traffic: [{record: {}, series: 10z3}]\n    expect: [{at: 1m, state: firing}]\n",
            "DM613",
            4,
        ),
        (
            "    traffic: [{record: {}, series: 1.5x3}]\n    expect: [{at: 1m, state: firing}]\n",
            "DM613",
            4,
        ),
        (
            "    traffic: [{record: {}, series: -1x3}]\n    expect: [{at: 1m, state: firing}]\n",
            "DM613",
            4,
        ),
        (
            "    traffic: [{record: {}, series: 90000x9}]\n    expect: [{at: 1m, state: firing}]\n",
            "DM613",
            4,
        ),
        ("    traffic: []\n    expect: [{at: 90s, state: firing}]\n", "DM613", 5),
        (
            "    traffic: []\n    expect: [{at: 1m, state: firing, slice: {request.tennant: a}}]\n",
            "DM604",
            5,
        ),
    ],
)
def test_a_slip_is_found_where_it_stands(text: str, code: str, line: int, tmp_path: Path) -> None:
    report = report_of(tmp_path, text)
    assert report.outcome is Outcome.INVALID
    found = [one for file in report.files for one in file.diagnostics]
    assert [(one.code, one.span and one.span.start.line) for one in found] == [(code, line)]


def test_an_alert_that_is_not_there_is_found(tmp_path: Path) -> None:
    for name in ("assistant.yaml", "runbook.md"):
        shutil.copy(EXAMPLE / name, tmp_path / name)
    text = "alerts: [{name: x, alert: mises, traffic: [], expect: [{at: 1m, state: firing}]}]\n"
    (tmp_path / "assistant.test.yaml").write_text(text, "utf-8")
    (finding,) = [one for file in run([tmp_path]).files for one in file.diagnostics]
    assert finding.code == "DM604"
    assert finding.help == "Did you mean `misses`?"


def test_a_file_without_any_test_is_still_an_error(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "assistant.yaml", tmp_path / "assistant.yaml")
    for text in ("tests: []\nalerts: []\n", "policy: assistant.yaml\n"):
        (tmp_path / "assistant.test.yaml").write_text(text, "utf-8")
        found = [one.code for file in run([tmp_path]).files for one in file.diagnostics]
        assert "DM601" in found
