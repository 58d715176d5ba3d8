from __future__ import annotations

from pathlib import Path

import pytest

from demur import testing
from tests.testing.files import GIVEN, one_test, run, write

UNSURE = "{request: {topic: garden, urgent: false}, answer: {confidence: 0.5, claims: 0}}"
BOTH = "{request: {topic: politics, urgent: false}, answer: {confidence: 0.5, claims: 0}}"
OPEN = "{request: {topic: garden, urgent: false}, answer: {claims: 0}}"


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (GIVEN, "{action: answer}"),
        (GIVEN, "{rules: [], failures: [], unknown: []}"),
        (UNSURE, "{action: escalate, rule: not-sure, failure: unsure}"),
        (UNSURE, '{message: "A person will take over, because I am not sure."}'),
        (UNSURE, "{why: confidence 0.5}"),
        (BOTH, "{action: refuse, rules: [off-topic]}"),
        (BOTH, "{failures: [out_of_scope], failure: out_of_scope}"),
        (BOTH, "{why: topic <pii>}"),
        (OPEN, "{action: abstain, rule: not-sure, unknown: [answer.confidence]}"),
    ],
)
def test_an_expectation_that_holds_passes(tmp_path: Path, given: str, expect: str) -> None:
    report = run(tmp_path, one_test(expect, given))
    assert report.passed
    assert len(report.cases) == 1


@pytest.mark.parametrize(
    ("given", "expect", "what", "expected", "found"),
    [
        (UNSURE, "{action: answer}", "action", "answer", "escalate"),
        (UNSURE, "{rules: []}", "rules", [], ["not-sure"]),
        (GIVEN, "{failure: unsure}", "failure", "unsure", None),
        (UNSURE, "{rule: off-topic}", "rule", "off-topic", "not-sure"),
        (BOTH, "{rules: [not-sure]}", "rules", ["not-sure"], ["off-topic"]),
        (BOTH, "{rules: [off-topic, not-sure]}", "rules", ["off-topic", "not-sure"], ["off-topic"]),
        (BOTH, "{failures: [unsure]}", "failures", ["unsure"], ["out_of_scope"]),
        (OPEN, "{unknown: []}", "unknown", [], ["answer.confidence"]),
        (OPEN, "{unknown: [answer.claims]}", "unknown", ["answer.claims"], ["answer.confidence"]),
        (GIVEN, "{unknown: [answer.claims]}", "unknown", ["answer.claims"], []),
        (GIVEN, "{message: Hello.}", "message", "Hello.", None),
        (UNSURE, "{why: confidence 0.6}", "why", "confidence 0.6", "confidence 0.5"),
    ],
)  # fmt: skip
def test_an_expectation_that_does_not_hold_says_what_was_found(
    tmp_path: Path, given: str, expect: str, what: str, expected: object, found: object
) -> None:
    report = run(tmp_path, one_test(expect, given))
    assert report.outcome is testing.Outcome.FAIL
    (difference,) = report.failed[0].expectations[0].differences
    assert difference == testing.Difference(what, expected, found)


def test_a_failure_has_the_states_of_the_rules_at_its_stage(tmp_path: Path) -> None:
    (result,) = run(tmp_path, one_test("{action: answer}", OPEN)).failed[0].expectations
    assert [(one.rule, one.state, one.action) for one in result.rules] == [
        ("off-topic", "false", None),
        ("not-sure", "unknown", "abstain"),
    ]
    assert result.rules[1].reason == "answer.confidence: is absent"


def test_a_failure_has_the_signals_with_personal_values_masked(tmp_path: Path) -> None:
    (result,) = run(tmp_path, one_test("{action: flag}", UNSURE)).failed[0].expectations
    assert result.signals == {
        "request.topic": "<pii>",
        "answer.confidence": 0.5,
        "request.urgent": False,
        "answer.claims": 0,
    }


def test_a_path_within_a_signal_is_covered_by_the_signal(tmp_path: Path) -> None:
    policy = """\
demur: 1
policy: documents
about: Abstains where nothing was found.
owner: someone@example.com
stages:
  retrieval: {documents: {type: list, of: {score: {type: double, min: 0, max: 1}}}}
rules:
  miss:
    when: retrieval.documents.map(d, d.score).max() < 0.5
    then: abstain
"""
    given = "{retrieval: {documents: [{score: 7}]}}"
    path = write(tmp_path, one_test("{unknown: [retrieval.documents]}", given), policy)
    assert testing.run([path]).passed


def test_expectations_at_several_stages_are_each_judged(tmp_path: Path) -> None:
    tests = f"""\
tests:
  - name: it
    given: {UNSURE}
    expect_at:
      request: {{action: answer}}
      answer: {{action: answer}}
"""
    (case,) = run(tmp_path, tests).cases
    assert [(one.stage, one.passed) for one in case.expectations] == [
        ("request", True),
        ("answer", False),
    ]
    assert [one.span.start.line for one in case.expectations] == [5, 6]


def test_parameters_of_the_file_are_used(tmp_path: Path) -> None:
    tests = f"params: {{floor: 0.4}}\n{one_test('{action: answer}', UNSURE)}"
    assert run(tmp_path, tests).passed
