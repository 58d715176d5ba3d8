"""Gates over records: verdicts, unknown records, slices, and everything that must be an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.running import gate, only, policy, record, records, slices


def test_a_point_threshold_compares_the_value(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= 0.1")
    assert gate(path, records(20, wrong=2)).verdict == "pass"
    assert gate(path, records(20, wrong=3)).verdict == "fail"


def test_with_a_confidence_a_value_near_its_limit_is_inconclusive_and_says_how_many_more(
    tmp_path: Path,
) -> None:
    path = policy(tmp_path, "confidence: 0.95", "wrong <= 0.1")
    judged = only(gate(path, records(100, wrong=8)))
    assert judged.verdict == "inconclusive"
    assert judged.needed is not None
    more = 100 + judged.needed
    assert only(gate(path, records(more, wrong=int(0.08 * more)))).verdict == "pass"
    assert only(gate(path, records(100, wrong=25))).verdict == "fail"
    assert only(gate(path, records(100, wrong=1))).verdict == "pass"


@pytest.mark.parametrize(
    ("requirement", "verdict"), [("wrong <= 0.2", "fail"), ("correct >= 0.8", "fail")]
)
def test_unknown_records_count_as_the_worst_for_the_comparison(
    tmp_path: Path, requirement: str, verdict: str
) -> None:
    rows = [*records(70), *records(30, start=70, correct_unknown=True)]
    for row in rows[70:]:
        row["outcome"] = {}
    judged = only(gate(policy(tmp_path, "", requirement), rows))
    assert judged.verdict == verdict
    assert judged.measured.unknown == 30
    assert judged.measured.known_value in (0.0, 1.0)


def test_a_crashed_judge_never_raises_a_mean(tmp_path: Path) -> None:
    rows = [*records(90, judged=5.0), *records(10, start=90, judged=None)]
    judged = only(gate(policy(tmp_path, "", "grade >= 4.6"), rows))
    assert judged.measured.value == pytest.approx(4.5)
    assert judged.verdict == "fail"


@pytest.mark.parametrize("bad", [None, float("nan"), "0.1", True])
def test_an_unknown_value_that_nothing_bounds_is_an_error(tmp_path: Path, bad: object) -> None:
    rows = [*records(50), record("odd", cost=bad)]
    for requirement in ("cost <= 1", "cost_p90 <= 1", "spent <= 1000"):
        judged = only(gate(policy(tmp_path, "", requirement), rows))
        if requirement.startswith("cost_p90"):
            assert judged.verdict == "pass", "one of 51 cannot move the 90th percentile to infinity"
        else:
            assert (judged.verdict, judged.code) == ("error", "DM816")


def test_no_records_and_no_records_that_count_are_errors(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong_answers <= 0.5")
    assert [code for code, _ in gate(path, []).problems] == ["DM820"]
    assert gate(path, []).verdict == "error"
    judged = only(gate(path, records(20, score=0.1)))
    assert (judged.verdict, judged.code) == ("error", "DM810")


def test_slices_must_each_clear_the_threshold(tmp_path: Path) -> None:
    path = policy(tmp_path, "by: [request.tenant]", "wrong <= 0.2")
    rows = [*records(90), *records(10, wrong=6, start=90, tenant="b")]
    result = gate(path, rows)
    assert {name: one.verdict for name, one in slices(result).items()} == {
        "all": "pass",
        "request.tenant = a": "pass",
        "request.tenant = b": "fail",
    }
    assert result.verdict == "fail"
    assert slices(result)["request.tenant = b"].cases[0] == "c0090"


def test_a_list_slices_by_each_member_and_an_unknown_value_is_a_slice(tmp_path: Path) -> None:
    path = policy(tmp_path, "by: [request.tags, request.tenant * decision.action]", "wrong <= 1")
    rows = [
        record("1", tags=["x", "y", "x"]),
        record("2", tags=[]),
        record("3", tags=None, tenant=None),
        record("4", tags=["y"], score=0.1),
    ]
    found = {name: one.measured.samples for name, one in slices(gate(path, rows)).items()}
    assert found == {
        "all": 4,
        "request.tags = x": 1,
        "request.tags = y": 2,
        "request.tags = (none)": 1,
        "request.tags = (unknown)": 1,
        "request.tenant = a, decision.action = answer": 2,
        "request.tenant = a, decision.action = abstain": 1,
        "request.tenant = (unknown), decision.action = answer": 1,
    }


def test_slices_below_the_floor_are_judged_together_and_none_is_dropped(tmp_path: Path) -> None:
    path = policy(tmp_path, "by: [request.tenant]\nmin_slice: 10", "wrong <= 0.2")
    rows = records(40)
    for at in range(6):
        rows += records(3, wrong=2, start=100 + 3 * at, tenant=f"small{at}")
    found = slices(gate(path, rows))
    assert set(found) == {"all", "request.tenant = a", "request.tenant: 6 small slices together"}
    together = found["request.tenant: 6 small slices together"]
    assert together.measured.samples == 18
    assert together.measured.value == pytest.approx(12 / 18)
    assert together.verdict == "fail"


def test_a_warning_is_shown_and_does_not_block(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "{that: wrong <= 0.1, level: warn}", "correct >= 0.5")
    result = gate(path, records(20, wrong=5))
    assert [one.verdict for one in result.requirements] == ["fail", "pass"]
    assert result.verdict == "pass"


def test_too_few_samples_are_inconclusive(tmp_path: Path) -> None:
    judged = only(gate(policy(tmp_path, "min_samples: 30", "wrong <= 0.5"), records(12)))
    assert (judged.verdict, judged.needed) == ("inconclusive", 18)


def test_metrics_of_several_aggregates_have_bounds_by_the_bootstrap(tmp_path: Path) -> None:
    path = policy(tmp_path, "confidence: 0.95", "balance >= 0.5", "per_point <= 0.05")
    rows = [
        record(
            f"c{at}",
            correct=at % 5 != 0,
            cost=0.1 + at % 7 / 100,
            score=0.3 if at % 10 == 0 else 0.9,
        )
        for at in range(200)
    ]
    balance, per_point = (one.overall for one in gate(path, rows).requirements)
    assert (balance.verdict, per_point.verdict) == ("pass", "pass")
    assert balance.measured.value == pytest.approx(0.8 - 0.1)
    for judged in (balance, per_point):
        interval, value = judged.measured.interval, judged.measured.value
        assert interval is not None
        assert value is not None
        assert interval.low < value < interval.high


def test_a_case_with_two_results_is_an_error(tmp_path: Path) -> None:
    result = gate(policy(tmp_path, "", "wrong <= 1"), [*records(5), *records(2)])
    assert [code for code, _ in result.problems] == ["DM811"]
    assert "2 cases have several results: c0000, c0001." in result.problems[0][1]
    assert result.verdict == "error"


def test_a_case_of_the_suite_without_a_result_is_an_error(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= 1")
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(f'{{"id": "c{at:04}"}}\n' for at in range(6)), "utf-8")
    assert gate(path, records(6)).verdict == "pass"
    result = gate(path, records(5))
    assert result.problems == (("DM813", "1 of the suites' cases has no result: c0005."),)
    assert result.verdict == "error"


def test_results_of_other_suites_are_left_aside(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= 0")
    (tmp_path / "cases.jsonl").write_text('{"id": "c0005"}\n', "utf-8")
    result = gate(path, records(10, wrong=5))
    assert (result.verdict, result.records) == ("pass", 1)


def test_records_in_reports_have_personal_values_masked(tmp_path: Path) -> None:
    result = gate(policy(tmp_path, "", "wrong <= 0.01"), records(20, wrong=2))
    assert [one.id for one in result.cases] == ["c0000", "c0001"]
    assert "secret" not in str(result)
    assert result.cases[0].record["outcome"] == {"correct": False}


def test_the_runbook_of_the_failure_that_the_metric_counts_is_shown(tmp_path: Path) -> None:
    result = gate(policy(tmp_path, "", "low <= 0.01"), records(20, score=0.1))
    assert result.runbook_section == "## Low scores\n\nLook here."


def test_failures_and_actions_are_counted_by_slice(tmp_path: Path) -> None:
    path = policy(tmp_path, "by: [request.tenant]", "wrong <= 1")
    result = gate(path, [*records(6, score=0.1), *records(4, start=6, tenant="b")])
    assert result.failure_runbooks == {"low": "runbook.md#low-scores"}
    counts = {str(one.slice): (one.records, one.failures["low"]) for one in result.failures}
    assert counts == {"all": (10, 6), "request.tenant = a": (6, 6), "request.tenant = b": (4, 0)}


def test_signals_that_are_unknown_are_counted(tmp_path: Path) -> None:
    rows = [*records(6), record("odd", score=7.0), record("gone", score=None)]
    assert gate(policy(tmp_path, "", "wrong <= 1"), rows).unknown_signals == {"answer.score": 2}


def test_a_file_of_cases_that_is_not_there_is_an_error_that_names_the_one_that_is(
    tmp_path: Path,
) -> None:
    path = policy(tmp_path, "", "wrong <= 1")
    (tmp_path / "cases.jsonl").rename(tmp_path / "case.jsonl")
    result = gate(path, records(5))
    assert result.problems == (
        (
            "DM821",
            "There is no file cases.jsonl, which the suite `cases` has as its cases. "
            "Did you mean `case.jsonl`?",
        ),
    )
    assert result.verdict == "error"


def test_where_it_is_not_known_which_cases_must_be_there_the_report_says_so(tmp_path: Path) -> None:
    path = policy(tmp_path, "", "wrong <= 0.5")
    assert gate(path, records(5)).unchecked == "cases.jsonl has cases without an id"
    (tmp_path / "cases.jsonl").write_text('{"id": "c0000"}\n', "utf-8")
    assert gate(path, records(5)).unchecked == ""
