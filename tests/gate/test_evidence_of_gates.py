"""What a gate with a confidence takes for proof: whatever way a metric is written."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demur.measure import frames, measuring
from demur.measure.frames import frame
from tests.gate.running import gate, only, policy, record, records, slices, with_metrics


@pytest.mark.parametrize(
    "metric",
    [
        "rate(outcome.correct)",
        "1.0 - rate(outcome.correct == false)",
        "count(outcome.correct) / count()",
        "count(outcome.correct) / (count(outcome.correct) + count(outcome.correct == false))",
        "rate(outcome.correct) * 1.0",
    ],
)
def test_twenty_good_cases_are_no_proof_of_99_percent_however_it_is_written(
    tmp_path: Path, metric: str
) -> None:
    path = policy(tmp_path, "confidence: 0.95", "good >= 0.99")
    judged = only(gate(with_metrics(path, f"good: {metric}"), records(20)))
    assert judged.verdict == "inconclusive", judged


@pytest.mark.parametrize(
    "share",
    [
        "count(outcome.correct == false) / count()",
        "double(count(outcome.correct == false)) / double(count())",
        "1.0 - double(1.0 - count(outcome.correct == false) / count())",
    ],
)
def test_a_share_of_counts_is_tested_as_the_rate_that_it_is(tmp_path: Path, share: str) -> None:
    path = policy(tmp_path, "confidence: 0.95", "share <= 0.1")
    path = with_metrics(path, f"share: {share}")
    judged = [only(gate(path, records(100, wrong=wrong))) for wrong in (1, 8, 12, 30)]
    assert [one.verdict for one in judged] == ["pass", "inconclusive", "inconclusive", "fail"]
    assert judged[0].method == "exact binomial (Clopper-Pearson)"


def test_of_a_condition_only_the_records_that_count_are_evidence(tmp_path: Path) -> None:
    # Four answered cases, all of them right, among a thousand that were not answered.
    path = policy(tmp_path, "confidence: 0.95", "right >= 0.8")
    path = with_metrics(path, "right: 1.0 - rate(outcome.correct == false, decision.answered)")
    rows = [*records(4), *records(1000, start=10, score=0.1)]
    judged = only(gate(path, rows))
    assert (judged.verdict, judged.measured.samples) == ("inconclusive", 4)


def test_equal_grades_are_proof_only_as_far_as_chance_allows(tmp_path: Path) -> None:
    path = policy(tmp_path, "confidence: 0.95", "grade >= 4.6")
    assert only(gate(path, records(10, judged=5.0))).verdict == "inconclusive"
    assert only(gate(path, records(40, judged=5.0))).verdict == "pass"


def test_no_event_in_either_run_is_no_proof_of_a_factor(tmp_path: Path) -> None:
    path = policy(tmp_path, "confidence: 0.95", "wrong <= baseline * 1.1")
    assert only(gate(path, records(20), records(20))).verdict == "inconclusive"


def test_a_high_quantile_of_few_pairs_cannot_be_shown_to_be_lower(tmp_path: Path) -> None:
    def cost(at: int, factor: float) -> dict[str, Any]:
        return record(f"c{at}", cost=factor * (1 + at % 7 / 10))

    path = policy(tmp_path, "confidence: 0.95", "cost_p90 <= baseline")
    for count, verdict in ((20, "inconclusive"), (80, "pass")):
        now, before = ([cost(at, factor) for at in range(count)] for factor in (0.5, 1.0))
        assert only(gate(path, now, before)).verdict == verdict


def test_a_slice_by_the_decision_counts_each_case_in_the_run_that_has_it_there(
    tmp_path: Path,
) -> None:
    # The new version answers a hundred more cases, and gets half of them wrong. Over the cases that
    # both answered nothing has changed.
    before = [*records(200, wrong=20), *records(100, start=500, score=0.1)]
    now = [*records(200, wrong=20), *records(100, start=500, wrong=50)]
    path = policy(tmp_path, "confidence: 0.95\nby: [decision.action]", "wrong <= baseline + 0.14")
    answered = slices(gate(path, now, before))["decision.action = answer"]
    assert answered.measured.value == pytest.approx(70 / 300)
    assert answered.verdict == "inconclusive", answered


def test_the_floor_of_samples_holds_for_the_baseline_too(tmp_path: Path) -> None:
    path = policy(tmp_path, "min_samples: 30", "wrong_answers <= baseline")
    before = [*records(5, wrong=5), *records(95, start=5, score=0.1)]
    judged = only(gate(path, records(100, wrong=60), before))
    assert (judged.verdict, judged.needed) == ("inconclusive", 25)
    assert "5 in the baseline" in judged.reason


# Records whose `where` is unknown.


def unknown_where(count: int, start: int, correct: bool) -> list[dict[str, Any]]:
    return [record(f"u{start + at}", tags=None, correct=correct) for at in range(count)]


TAGGED = "tagged_wrong: rate(outcome.correct == false, size(request.tags) > 0)"


def test_records_that_may_not_count_do_not_fill_the_floor_of_samples(tmp_path: Path) -> None:
    path = with_metrics(policy(tmp_path, "min_samples: 30", "tagged_wrong <= 0.1"), TAGGED)
    judged = only(gate(path, [*records(5), *unknown_where(100, 0, correct=True)]))
    assert (judged.verdict, judged.needed) == ("inconclusive", 25)
    assert "100 of which may not count" in judged.reason


@pytest.mark.parametrize(
    "metric", [TAGGED, "tagged_grade: mean(answer.judged, size(request.tags) > 0)"]
)
def test_a_metric_over_records_of_which_none_is_known_to_count_is_an_error(
    tmp_path: Path, metric: str
) -> None:
    name = metric.partition(":")[0]
    path = with_metrics(policy(tmp_path, "", f"{name} >= 0", f"{name} <= 5"), metric)
    for one in gate(path, unknown_where(50, 0, correct=True)).requirements:
        assert (one.overall.verdict, one.overall.code) == ("error", "DM810")
        assert "none is known to count" in one.overall.reason


# Samples and pools of large runs.


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of records beyond which a sample is taken, made small."""
    monkeypatch.setattr(measuring, "frame", partial(frame, limit=500))
    monkeypatch.setattr(measuring, "small_slices", partial(frames.small_slices, limit=500))
    return 500


@pytest.mark.parametrize("named", [True, False])
def test_of_many_records_a_sample_is_the_evidence_and_the_report_says_so(
    tmp_path: Path, small_limit: int, named: bool
) -> None:
    path = policy(tmp_path, "confidence: 0.95", "cost <= 0.5")
    rows = [record(f"c{at}" if named else None, cost=at % 10 / 10) for at in range(2000)]
    judged = only(gate(path, rows))
    assert judged.measured.samples == 2000
    assert judged.measured.value == pytest.approx(0.45)
    size = int(judged.method.rpartition("sample of ")[2].split()[0])
    assert 0.75 * small_limit < size < 1.3 * small_limit
    assert judged.verdict == "pass"


def test_a_sample_cannot_be_told_to_grow(tmp_path: Path, small_limit: int) -> None:
    path = policy(tmp_path, "confidence: 0.95", "cost <= 0.4501")
    judged = only(gate(path, [record(f"c{at}", cost=at % 10 / 10) for at in range(2000)]))
    assert (judged.verdict, judged.needed) == ("inconclusive", None)


@pytest.mark.parametrize("by", ["request.tenant", "request.tags", "request.tenant * request.tags"])
def test_small_slices_are_pooled_exactly_however_many_records_there_are(
    tmp_path: Path, small_limit: int, by: str
) -> None:
    path = policy(
        tmp_path, f"by: ['{by}']\nmin_slice: 100", "many <= 1e6", "spent <= 1e6", "most <= 9",
        "tenants <= 1e6", "cost_p90 <= 9",
    )  # fmt: skip
    path = with_metrics(
        path, "many: count(outcome.correct)", "most: max(answer.cost)",
        "tenants: distinct(request.tenant)",
    )  # fmt: skip
    rows = [record(f"a{at}") for at in range(1000)]
    for at in range(30):
        tenant, tags = f"t{at}", [f"x{at}", f"y{at}", f"x{at}"]
        rows += [
            record(f"b{at}-{n}", tenant=tenant, tags=tags, cost=5.0 if at == n == 2 else 1.0)
            for n in range(3)
        ]
    result = gate(path, rows)
    found = {
        one.metric: next(j for j in one.judgements if j.slice.remainder).measured
        for one in result.requirements
    }
    assert len(rows) > small_limit
    assert {name: (one.value, one.samples) for name, one in found.items()} == {
        "many": (90, 90),
        "spent": (pytest.approx(94), 90),
        "most": (5, 90),
        "tenants": (30, 90),
        "cost_p90": (1, 90),
    }


@pytest.mark.parametrize("by", ["request.tenant", "request.tags", "request.tenant * request.tags"])
@pytest.mark.parametrize("compares", [False, True])
def test_a_small_slice_of_many_records_is_judged_by_all_of_its_own(
    tmp_path: Path, small_limit: int, by: str, compares: bool
) -> None:
    requirement = "per_point <= baseline + 10.0" if compares else "per_point <= 2.0"
    path = policy(tmp_path, f"confidence: 0.95\nby: ['{by}']", requirement)
    rare = [
        record(f"r{at}", tenant="rare", tags=["odd"], cost=20.0 if at < 9 else 0.5)
        for at in range(36)
    ]
    rows = [*(record(f"c{at}", cost=at % 10 / 10) for at in range(2000)), *rare]
    before = [{**row, "request": {"tenant": "a", "tags": ["x"]}} for row in rows]
    found = slices(gate(path, rows, before if compares else None))
    (judged,) = [one for name, one in found.items() if "rare" in name or "odd" in name]
    assert judged.measured.samples == 36
    alone = slices(gate(path, rare, before[-36:] if compares else None))
    if not compares:
        (only_rare,) = [one for name, one in alone.items() if "rare" in name or "odd" in name]
        assert judged == only_rare
        assert "sample" not in judged.method
    else:
        assert judged.verdict == "error"
        assert judged.code == "DM819"
