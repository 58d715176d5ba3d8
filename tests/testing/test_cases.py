from __future__ import annotations

from pathlib import Path

import pytest

from demur import testing
from demur.testing.files import records
from tests.testing.files import GIVEN, marked, one_test, only_problem, problems, run, write


def table(cases: str, above: str = "expect: {action: answer}") -> str:
    return f"tests:\n  - name: t\n    given: {GIVEN}\n    {above}\n    cases:\n{cases}"


def test_with_is_merged_deeply_and_without_takes_out(tmp_path: Path) -> None:
    cases = (
        "      - {name: a, with: {answer: {confidence: 0.8}}}\n"
        "      - {name: b, without: [answer.confidence]}\n"
        "      - {name: c, with: {answer: {confidence: .nan}, request: {topic: null}}}\n"
        "      - {name: d, with: {request: [1, {x: 2}]}, without: ['request[1].x', 'request[0]']}\n"
    )
    found = records([write(tmp_path, table(cases))])
    assert found["t / a"]["answer"] == {"confidence": 0.8, "claims": 0}
    assert found["t / b"]["answer"] == {"claims": 0}
    assert found["t / c"]["answer"]["confidence"] != found["t / c"]["answer"]["confidence"]
    assert found["t / c"]["request"] == {"topic": None, "urgent": False}
    assert found["t / d"]["request"] == [{}]


def test_the_tables_expectation_and_stage_are_under_each_cases_own(tmp_path: Path) -> None:
    cases = (
        "      - {name: a}\n"
        "      - name: b\n"
        "        stage: answer\n"
        "        with: {answer: {confidence: 0.1}}\n"
        "        expect: {rule: not-sure, action: escalate}\n"
    )
    above = "stage: request\n    expect: {action: answer, failures: []}"
    first, second = run(tmp_path, table(cases, above)).cases
    assert [one.stage for one in (*first.expectations, *second.expectations)] == [
        "request",
        "answer",
    ]
    assert first.passed
    assert [part.what for part in second.expectations[0].differences] == ["failures"]


def test_not_a_number_and_infinity_are_unknown(tmp_path: Path) -> None:
    cases = (
        "      - {name: nan, with: {answer: {confidence: .nan}}}\n"
        "      - {name: infinity, with: {answer: {confidence: .inf}}}\n"
    )
    above = "expect: {action: abstain, unknown: [answer.confidence]}"
    assert run(tmp_path, table(cases, above)).passed


@pytest.mark.parametrize(
    ("tests", "code", "place", "says"),
    [
        ("tests: []\n", "DM601", "tests", "no tests"),
        ("tests: [{name: a b}]\n", "DM602", "a b", "`a b` expects nothing"),
        ("tests: [{name: a, expect: {}}]\n", "DM602", "a", "expects nothing"),
        ("tests: [{name: a, cases: []}]\n", "DM602", "cases", "no cases"),
        ("tests: [{name: a, cases: [{name: b}]}]\n", "DM602", "b", "`a / b` expects nothing"),
        (table("      - {name: b}\n      - {name: b}\n"), "DM603", "b", "line 6"),
        (one_test("{action: abstian}"), "DM604", "abstian", "no action `abstian`"),
        (one_test("{rule: not-shure}"), "DM604", "not-shure", "no rule"),
        (one_test("{rules: [off-topic, offtopic]}"), "DM604", "offtopic", "no rule"),
        (one_test("{failure: unshure}"), "DM604", "unshure", "no failure"),
        (one_test("{failures: [unshure]}"), "DM604", "unshure", "no failure"),
        (one_test("{unknown: [answer.confidance]}"), "DM604", "answer.confidance", "no signal"),
        (one_test("{action: flag}", rest="stage: anwser"), "DM604", "anwser", "no stage"),
        (
            "tests: [{name: a, expect_at: {anwser: {action: flag}}}]\n",
            "DM604",
            "anwser",
            "no stage `anwser`",
        ),
        (
            table("      - {name: b, without: [answer.confidance]}\n"),
            "DM607",
            "answer.confidance",
            "no `answer.confidance` to leave out",
        ),
        (
            one_test("{rule: not-sure}", rest="stage: request"),
            "DM608",
            "not-sure",
            "runs at stage `answer`, not yet at `request`",
        ),
    ],
)
def test_a_mistake_is_reported_where_it_is(
    tmp_path: Path, tests: str, code: str, place: str, says: str
) -> None:
    report = run(tmp_path, tests)
    problem = only_problem(report)
    assert problem.code == code
    assert problem.name == testing.TEST_CODES[code][0]
    assert says in problem.message
    assert marked(tmp_path / "policy.test.yaml", problem) == place
    assert not report.passed
    assert report.cases == ()


@pytest.mark.parametrize(
    ("expect", "meant"),
    [
        ("{action: abstian}", "abstain"),
        ("{rule: not-shure}", "not-sure"),
        ("{failure: unshure}", "unsure"),
        ("{unknown: [answer.confidance]}", "answer.confidence"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(tmp_path: Path, expect: str, meant: str) -> None:
    assert only_problem(run(tmp_path, one_test(expect))).help == f"Did you mean `{meant}`?"


def test_a_name_like_no_other_gets_the_list(tmp_path: Path) -> None:
    problem = only_problem(run(tmp_path, one_test("{rule: zzz}")))
    assert problem.help == "Its rules: off-topic, not-sure."


def test_two_tests_with_one_name_are_an_error(tmp_path: Path) -> None:
    tests = (
        "tests:\n  - {name: a, expect: {action: answer}}\n  - {name: a, expect: {action: flag}}\n"
    )
    problem = only_problem(run(tmp_path, tests))
    assert problem.code == "DM603"
    assert problem.span is not None
    assert problem.span.start.line == 3


def test_all_mistakes_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    tests = """\
tests:
  - {name: a, expect: {rule: x}}
  - {name: b}
  - {name: b, expect: {action: x}}
"""
    assert [one.code for one in problems(run(tmp_path, tests))] == [
        "DM604",
        "DM602",
        "DM603",
        "DM604",
    ]


def test_a_mistake_in_a_tables_expectation_is_reported_once(tmp_path: Path) -> None:
    cases = "      - {name: a}\n      - {name: b}\n"
    assert only_problem(run(tmp_path, table(cases, "expect: {rule: x}"))).code == "DM604"


@pytest.mark.parametrize(
    ("given", "place", "says", "help"),
    [
        ("{reqest: {topic: a}}", "reqest", "no stage `reqest`", "Did you mean `request`?"),
        ("{request: {topik: a}}", "topik", "no signal `request.topik`", "Did you mean `topic`?"),
        ("{answer: {zzz: 1}}", "zzz", "no signal `answer.zzz`", "leave it out"),
    ],
)
def test_what_the_policy_does_not_declare_is_a_warning(
    tmp_path: Path, given: str, place: str, says: str, help: str
) -> None:
    report = run(tmp_path, one_test("{action: abstain}", given))
    problem = only_problem(report)
    assert (problem.code, problem.severity) == ("DM609", "warning")
    assert says in problem.message
    assert help in str(problem.help)
    assert marked(tmp_path / "policy.test.yaml", problem) == place
    assert report.passed


def test_a_record_may_have_an_identity_an_outcome_and_a_decision(tmp_path: Path) -> None:
    given = f"{{id: 7, trace_id: x, outcome: {{}}, decision: {{action: flag}}, {GIVEN[1:]}"
    assert problems(run(tmp_path, one_test("{action: answer}", given))) == []


def test_an_unknown_key_of_a_test_file_is_an_error_of_its_structure(tmp_path: Path) -> None:
    report = run(tmp_path, "tests: [{name: a, expekt: {action: answer}}]\n")
    assert report.outcome is testing.Outcome.INVALID
    assert all(one.code.startswith("DM2") for one in problems(report))


@pytest.mark.parametrize(
    ("parameters", "says"),
    [("{flor: 0.5}", "floor"), ("{floor: 1.5}", "above"), ("{floor: high}", "double")],
)
def test_a_parameter_that_cannot_be_set_is_an_error(
    tmp_path: Path, parameters: str, says: str
) -> None:
    tests = f"params: {parameters}\n{one_test('{action: answer}')}"
    problem = only_problem(run(tmp_path, tests))
    assert problem.code == "DM606"
    assert says in problem.message
    assert marked(tmp_path / "policy.test.yaml", problem) == parameters
