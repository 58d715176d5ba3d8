"""What a suite may say of its run, and what is wrong with what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.language.compile import assemble, check_source
from demur.language.source import parse_source

TEXT = """\
demur: 1
policy: p
about: a
owner: t@example.com
stages:
  request: {size: int}
  answer:
    text: string
    took: {type: double, unit: s}
    spent: {type: double, unit: usd}
suites:
  golden:
    cases: cases.jsonl
    target: "python:system:answer"
    SAID
"""


def findings(said: str) -> list[tuple[str, str]]:
    source = parse_source(TEXT.replace("SAID", said), "policy.yaml")
    return [(one.code, one.message) for one in check_source(source, Path())[2]]


def test_what_a_suite_says_of_its_run_is_in_the_compiled_policy() -> None:
    said = (
        "concurrency: 4\n    timeout: 1m30s\n    retries: 0\n    retry_on: [timeout]\n"
        "    measure: {answer.took: latency}\n    fingerprint: {prompt: ['p/*.md'], model: m}"
    )
    source = parse_source(TEXT.replace("SAID", said), "policy.yaml")
    _, checked, diagnostics = check_source(source, Path())
    assert not diagnostics
    assert checked is not None
    assert assemble(checked).evaluation["settings"]["suites"]["golden"] == {
        "cases": "cases.jsonl",
        "target": "python:system:answer",
        "concurrency": 4,
        "timeout": "1m30s",
        "retries": 0,
        "retry_on": ["timeout"],
        "measure": {"answer.took": "latency"},
        "fingerprint": {"prompt": ["p/*.md"], "model": "m"},
    }


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ("measure: {answer.tok: latency}", "DM401", "There is no signal `answer.tok`."),
        ("measure: {request.size: latency}", "DM425", "is known before the system is asked"),
        ("measure: {answer.text: latency}", "DM425", "is string"),
        ("measure: {answer.spent: latency}", "DM425", "is in usd"),
        ("measure: {answer.took: tokens}", "DM204", "`tokens` is no possible value"),
        ("timeout: 1d", "DM205", "1d"),
        ("timeout: 0s", "DM209", "longer than nothing"),
        ("concurrency: 0", "DM206", "must be at least 1"),
        ("retries: 21", "DM206", "must be at most 20"),
        ("retry_on: [http, exeption]", "DM204", "exeption"),
        ("fingerprint: {promt: [a]}", "DM201", "promt"),
    ],
)
def test_what_is_wrong_with_a_suite_is_said(said: str, code: str, message: str) -> None:
    ((found, text),) = findings(said)
    assert (found, message in text) == (code, True), text
