"""Coverage, counted by hand: the policy of `files` has five conditions of three outcomes each."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur import testing
from demur.testing.coverage import ConditionCoverage, percent
from tests.testing.files import GIVEN, HEAD, one_test, only_problem, run, write


def counts(report: testing.TestReport) -> dict[str, tuple[int, ...]]:
    """How often each condition was true, false and unknown."""
    return {one.text: tuple(one.counts.values()) for one in report.coverage.conditions}


def test_one_case_covers_one_outcome_of_each_condition(tmp_path: Path) -> None:
    report = run(tmp_path, one_test("{action: answer}"))
    assert counts(report) == {
        'request.topic == "politics"': (0, 1, 0),
        "answer.confidence < params.floor || request.urgent && answer.claims > 2": (0, 1, 0),
        "answer.confidence < params.floor": (0, 1, 0),
        "request.urgent": (0, 1, 0),
        "answer.claims > 2": (0, 1, 0),
    }
    assert (report.coverage.covered, report.coverage.possible) == (5, 15)
    assert report.coverage.percent == 33.3


def test_outcomes_are_counted_over_all_cases_and_stages(tmp_path: Path) -> None:
    tests = f"""\
tests:
  - name: t
    given: {GIVEN}
    cases:
      - name: at both stages
        expect_at: {{request: {{action: answer}}, answer: {{action: answer}}}}
      - name: politics
        with: {{request: {{topic: politics}}}}
        stage: request
        expect: {{action: refuse}}
      - name: urgent
        with: {{request: {{urgent: true}}, answer: {{claims: 3}}}}
        expect: {{action: escalate}}
      - {{name: no confidence, without: [answer.confidence], expect: {{action: abstain}}}}
"""
    report = run(tmp_path, tests)
    assert report.passed
    assert counts(report) == {
        'request.topic == "politics"': (1, 4, 0),
        "answer.confidence < params.floor || request.urgent && answer.claims > 2": (1, 1, 1),
        "answer.confidence < params.floor": (0, 2, 1),
        "request.urgent": (1, 2, 0),
        "answer.claims > 2": (1, 2, 0),
    }
    assert (report.coverage.covered, report.coverage.possible) == (11, 15)
    assert {one.text: one.missing for one in report.coverage.conditions if one.missing} == {
        'request.topic == "politics"': ("unknown",),
        "answer.confidence < params.floor": ("true",),
        "request.urgent": ("unknown",),
        "answer.claims > 2": ("unknown",),
    }


def test_test_files_of_one_policy_are_counted_together(tmp_path: Path) -> None:
    first = write(tmp_path, one_test("{action: answer}"))
    second = tmp_path / "more.test.yaml"
    text = one_test("{action: escalate}").replace("confidence: 0.9", "confidence: 0.1")
    second.write_text(f"policy: policy.yaml\n{text}", encoding="utf-8")
    report = testing.run([first, second])
    assert len(report.coverage.policies) == 1
    assert counts(report)["answer.confidence < params.floor"] == (1, 1, 0)


def test_parameters_of_a_file_change_its_outcomes_only(tmp_path: Path) -> None:
    first = write(tmp_path, one_test("{action: answer}"))
    second = tmp_path / "more.test.yaml"
    text = f"policy: policy.yaml\nparams: {{floor: 0.95}}\n{one_test('{action: escalate}')}"
    second.write_text(text, encoding="utf-8")
    report = testing.run([first, second])
    assert report.passed
    assert counts(report)["answer.confidence < params.floor"] == (1, 1, 0)


def test_rules_stand_where_the_policy_has_them(tmp_path: Path) -> None:
    report = run(tmp_path, one_test("{action: answer}"))
    lines = (tmp_path / "policy.yaml").read_text(encoding="utf-8").splitlines()
    for rule in report.coverage.policies[0].rules:
        assert rule.span is not None
        assert lines[rule.span.start.line - 1].strip() == f"{rule.rule}:"


OTHERS = f"""\
{HEAD}
stages:
  request: {{language: {{type: string, optional: true}}, urgent: bool, tokens: int}}
params:
  strict: {{type: bool, default: false}}
define:
  either: request.urgent || request.tokens > 5
  tokens: request.tokens > 7
rules:
  optional:
    when: has(request.language) && request.language != "en"
    then: flag
  no-signal:
    when: params.strict
    then: flag
  compound-definition:
    when: "!either"
    then: flag
  plain-definition:
    when: "tokens && (request.urgent ? params.strict : request.tokens > 9)"
    then: flag
"""


def test_what_a_condition_cannot_be_is_not_counted(tmp_path: Path) -> None:
    given = "{request: {urgent: false, tokens: 1}}"
    report = run(tmp_path, one_test("{action: flag}", given), OTHERS)
    assert report.passed
    rules = {
        rule.rule: {one.text: dict(one.counts) for one in rule.conditions}
        for rule in report.coverage.policies[0].rules
    }
    assert rules == {
        "optional": {
            'has(request.language) && request.language != "en"': {
                "true": 0,
                "false": 1,
                "unknown": 0,
            },
            "has(request.language)": {"true": 0, "false": 1},
            'request.language != "en"': {"true": 0, "false": 0, "unknown": 1},
        },
        "no-signal": {"params.strict": {"true": 0, "false": 1}},
        "compound-definition": {
            "!either": {"true": 1, "false": 0, "unknown": 0},
            "request.urgent": {"true": 0, "false": 1, "unknown": 0},
            "request.tokens > 5": {"true": 0, "false": 1, "unknown": 0},
        },
        "plain-definition": {
            "tokens && (request.urgent ? params.strict : request.tokens > 9)": {
                "true": 0,
                "false": 1,
                "unknown": 0,
            },
            "tokens": {"true": 0, "false": 1, "unknown": 0},
            "request.urgent": {"true": 0, "false": 1, "unknown": 0},
            "params.strict": {"true": 0, "false": 1},
            "request.tokens > 9": {"true": 0, "false": 1, "unknown": 0},
        },
    }


def test_too_little_coverage_fails(tmp_path: Path) -> None:
    path = write(tmp_path, one_test("{action: answer}"))
    assert testing.run([path], minimum_coverage=33.3).passed
    report = testing.run([path], minimum_coverage=33.4)
    assert report.outcome is testing.Outcome.FAIL
    problem = only_problem(report)
    assert problem.code == "DM611"
    assert "5 of 15" in problem.message


def test_nothing_to_cover_is_never_enough(tmp_path: Path) -> None:
    policy = (
        f"{HEAD}stages:\n  request: {{topic: string}}\nmetrics:\n  rate: rate(decision.answered)\n"
    )
    path = write(tmp_path, one_test("{action: answer}"), policy)
    report = testing.run([path], minimum_coverage=1)
    assert report.coverage.percent is None
    assert report.outcome is testing.Outcome.FAIL


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(1, 3, 33.3), (999_999, 1_000_000, 99.9), (5, 5, 100.0), (0, 0, None)],
)
def test_percentages_are_rounded_down(part: int, whole: int, expected: float | None) -> None:
    assert percent(part, whole) == expected


def test_missing_outcomes_are_those_never_counted() -> None:
    one = ConditionCoverage("a", {"true": 0, "false": 2, "unknown": 0})
    assert one.missing == ("true", "unknown")
