"""Gates on the data itself: what is unknown, what comes twice, and drift against a baseline."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from demur.gate.self_test import self_test
from demur.language.compile import compile_file
from demur.lint import lint_file
from demur.measure import frames
from demur.measure.evidence.rates import Rate
from demur.measure.thresholds import gates
from demur.report.gates import FORMATS, write
from demur.runtime.evaluator import Evaluator
from tests.gate.running import connection, gate, only, policy, record, records, slices, with_metrics

METRICS = (
    "unscored: unknown_rate(answer.score)",
    "unscored_of_a: unknown_rate(answer.score, request.tenant == 'a')",
    "unsure: unknown_rate(answer.score / answer.judged)",
    "unique: unique_rate(request.text)",
    "drifted: drift(answer.cost)",
    "tenants: drift(request.tenant)",
    "right: drift(outcome.correct)",
    "shifted: psi(answer.cost)",
    "shifted_of_right: psi(answer.cost, outcome.correct)",
    "apart: jensen_shannon(request.tenant)",
)


def gated(folder: Path, settings: str, *require: str) -> Path:
    return with_metrics(policy(folder, settings, *require), *METRICS)


def spread(count: int, shift: float = 0.0, seed: int = 1, **given: Any) -> list[dict[str, Any]]:
    """Records with log-normal costs, of tenants that are drawn too."""
    pick = random.Random(seed)
    return [
        record(
            f"s{seed}-{at:05}",
            **{
                "cost": pick.lognormvariate(shift, 0.5),
                "tenant": pick.choice("abc"),
                "text": f"text {at}",
                **given,
            },
        )
        for at in range(count)
    ]


def test_unknown_is_counted_for_what_it_is(tmp_path: Path) -> None:
    rows = [record(f"c{at}", score=None if at < 10 else 0.9) for at in range(200)]
    rows[0]["answer"]["score"] = 7.0
    judged = only(gate(gated(tmp_path, "confidence: 0.95", "unscored <= 0.1"), rows))
    assert judged.verdict == "pass"
    assert (judged.measured.value, judged.measured.unknown) == (10 / 200, 0)
    assert judged.measured.interval == Rate(10, 200).interval(0.95)
    assert judged.cases[:2] == ("c0", "c1")


def test_what_is_malformed_or_could_not_be_had_does_not_count_as_there(tmp_path: Path) -> None:
    path = with_metrics(policy(tmp_path, "", "there >= 0.9"), "there: rate(has(request.locale))")
    text = path.read_text("utf-8").replace(
        "    tenant: string\n", "    tenant: string\n    locale: {type: string, optional: true}\n"
    )
    path.write_text(text, "utf-8")
    rows = records(6)
    given: list[Any] = ["de", {"demur_unavailable": "timed_out"}, 7, None]
    for row, locale in zip(rows, given, strict=False):
        row["request"]["locale"] = locale
    judged = only(gate(path, rows))
    assert judged.verdict == "fail"
    assert (judged.measured.value, judged.measured.unknown) == (1 / 6, 2)


def test_unknown_of_some_records_and_of_a_computed_value(tmp_path: Path) -> None:
    rows = [
        *records(6, score=None),
        *records(4, start=6, score=0.0, judged=0.0),
        *records(9, start=10, tenant="b", score=None),
        *records(1, start=19, tenant=None),
    ]
    result = gate(gated(tmp_path, "", "unscored_of_a <= 0.5", "unsure <= 0.5"), rows)
    of_a, unsure = (one.overall.measured for one in result.requirements)
    # A record of which it is not known whether it counts is the worst that it can be: here, none of them.
    assert (of_a.known_value, of_a.value, of_a.samples, of_a.unknown) == (0.6, 0.6, 11, 1)
    assert unsure.value == pytest.approx(19 / 20)


def test_unknown_against_a_baseline_is_paired_by_case(tmp_path: Path) -> None:
    before = [record(f"c{at:03}", score=None if at < 4 else 0.9) for at in range(300)]
    after = [record(f"c{at:03}", score=None if at < 40 else 0.9) for at in range(300)]
    judged = only(gate(gated(tmp_path, "confidence: 0.95", "unscored <= baseline"), after, before))
    assert judged.verdict == "fail"
    assert "exact McNemar" in judged.method


def test_unique_values_are_a_fact_of_the_run(tmp_path: Path) -> None:
    rows = [record(f"c{at}", text=f"t{at % 8}") for at in range(10)]
    rows.append(record("unknown", text=None))
    path = gated(tmp_path, "confidence: 0.95", "unique >= 0.7")
    judged = only(gate(path, rows))
    # The unknown one is the worst: one that was there before.
    assert (judged.measured.known_value, judged.measured.value) == (0.8, pytest.approx(8 / 11))
    assert (judged.verdict, judged.method) == ("pass", "exact count")
    assert only(gate(gated(tmp_path, "", "unique <= 0.75"), rows)).verdict == "fail"


def test_drift_is_found_by_the_method_for_the_type(tmp_path: Path) -> None:
    require = ("drifted <= 0.1", "tenants <= 0.1", "right <= 0.1", "shifted <= 0.1")
    path = gated(tmp_path, "confidence: 0.95", *require)
    before = spread(3000)
    same = gate(path, spread(3000, seed=2), before)
    assert [one.verdict for one in same.requirements] == ["pass"] * 4
    moved = [
        {**one, "request": {**one["request"], "tenant": "a"}, "outcome": {"correct": at % 2 == 0}}
        for at, one in enumerate(spread(3000, shift=0.5, seed=2))
    ]
    drifted = gate(path, moved, before)
    assert [one.verdict for one in drifted.requirements] == ["fail"] * 4
    methods = [one.overall.method for one in drifted.requirements]
    assert methods[0] == "Kolmogorov-Smirnov"
    assert set(methods[1:]) == {"noncentral chi-square, by permutations"}
    overall = drifted.requirements[0].overall
    assert overall.measured.interval is not None
    assert 0.1 < overall.measured.interval.low < (overall.measured.value or 0)
    assert overall.difference is None


def test_without_a_confidence_the_distance_decides(tmp_path: Path) -> None:
    path = gated(tmp_path, "min_samples: 30", "drifted <= 0.2")
    assert only(gate(path, spread(400, seed=2), spread(400))).verdict == "pass"
    assert only(gate(path, spread(400, shift=1.0, seed=2), spread(400))).verdict == "fail"
    few = only(gate(path, spread(400, seed=2), spread(20)))
    assert few.verdict == "inconclusive"
    assert "20 in the baseline" in few.reason


def test_a_few_cases_raise_no_false_alarm_and_pass_nothing(tmp_path: Path) -> None:
    path = gated(tmp_path, "confidence: 0.95", "shifted <= 0.1")
    judged = only(gate(path, spread(60, seed=3), spread(60)))
    # The index itself is far beyond the limit, by chance alone.
    assert (judged.measured.value or 0) > 0.2
    assert judged.verdict == "inconclusive"
    assert judged.needed is not None


def test_a_signal_that_becomes_unknown_has_drifted(tmp_path: Path) -> None:
    path = gated(tmp_path, "confidence: 0.95", "drifted <= 0.1", "shifted <= 0.1", "apart <= 0.1")
    now = [
        record(one["id"], cost=None, tenant=None) if at % 5 == 0 else one
        for at, one in enumerate(spread(2000, seed=2))
    ]
    result = gate(path, now, spread(2000))
    assert [one.verdict for one in result.requirements] == ["fail"] * 3
    measured = result.requirements[0].overall.measured
    assert measured.unknown == 400
    assert measured.value == pytest.approx(0.2, abs=0.03)
    assert measured.known_value is not None
    assert measured.known_value < 0.06


@pytest.mark.parametrize(
    ("now", "before", "code", "said"),
    [
        (spread(50), None, "DM814", "give --baseline"),
        (spread(50, cost=None), spread(50), "DM817", "Every value is unknown here"),
        (spread(50), spread(50, cost=None), "DM819", "Every value of the baseline is unknown"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    tmp_path: Path, now: Any, before: Any, code: str, said: str
) -> None:
    judged = only(gate(gated(tmp_path, "confidence: 0.95", "drifted <= 0.1"), now, before))
    assert (judged.verdict, judged.code) == ("error", code)
    assert said in judged.reason


def test_where_keeps_what_counts_and_its_unknown_is_unknown(tmp_path: Path) -> None:
    def rows(seed: int, wrong: float) -> list[dict[str, Any]]:
        made = spread(900, seed=seed)
        for at, one in enumerate(made):
            if at % 3 == 0:
                one["outcome"], one["answer"]["cost"] = {"correct": False}, wrong
        return made

    path = gated(tmp_path, "confidence: 0.95", "shifted_of_right <= 0.1", "shifted <= 0.1")
    of_right, of_all = gate(path, rows(2, wrong=900.0), rows(1, wrong=0.1)).requirements
    assert (of_right.verdict, of_right.overall.measured.samples) == ("pass", 600)
    assert of_all.verdict == "fail"
    unsure = rows(2, wrong=900.0)
    for one in unsure:
        if not one["outcome"]["correct"]:
            one["outcome"] = {}
    of_right, _ = gate(path, unsure, rows(1, wrong=0.1)).requirements
    assert of_right.verdict == "fail"
    assert (of_right.overall.measured.samples, of_right.overall.measured.unknown) == (900, 300)


def test_each_slice_is_held_against_the_same_slice_of_the_baseline(tmp_path: Path) -> None:
    before = [one for tenant in "ab" for one in spread(1500, seed=ord(tenant), tenant=tenant)]
    now = [
        one
        for tenant, shift in (("a", 0.0), ("b", 0.6))
        for one in spread(1500, shift, seed=ord(tenant) + 10, tenant=tenant)
    ]
    path = gated(tmp_path, "confidence: 0.95\nby: [request.tenant]", "drifted <= 0.12")
    found = slices(gate(path, now, before))
    assert found["request.tenant = a"].verdict == "pass"
    assert found["request.tenant = b"].verdict == "fail"
    gone = slices(gate(path, [one for one in now if one["request"]["tenant"] == "a"], before))
    assert gone["request.tenant = b"].code == "DM815"
    new = slices(gate(path, now, [one for one in before if one["request"]["tenant"] == "a"]))
    assert new["request.tenant = b"].code == "DM819"


def test_the_same_cases_with_the_same_values_have_not_drifted(tmp_path: Path) -> None:
    path = gated(tmp_path, "confidence: 0.95", "drifted <= 0.1", "tenants <= 0.1", "shifted <= 0.1")
    result = gate(path, spread(1000), spread(1000))
    assert [one.overall.measured.value for one in result.requirements] == [0.0] * 3
    assert result.verdict == "pass"


def test_of_many_records_a_sample_is_compared_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames.frame, "__defaults__", (1000,))
    path = gated(tmp_path, "confidence: 0.95", "drifted <= 0.2", "tenants <= 0.2")
    for one in gate(path, spread(4000, seed=2), spread(4000)).requirements:
        assert one.verdict == "pass"
        assert one.overall.measured.samples == 4000
        assert "of a sample of" in one.overall.method


def test_a_report_draws_numbers_that_drifted_beside_those_of_the_baseline(tmp_path: Path) -> None:
    path = gated(tmp_path, "confidence: 0.95", "drifted <= 0.1", "tenants <= 0.1")
    result = gate(path, spread(300, 0.8, seed=2), spread(400))
    found = {one.name: one for one in result.distributions}
    assert "request.tenant" not in found
    counts, before = found["answer.cost"].counts, found["answer.cost"].baseline_counts
    assert (sum(counts), sum(before)) == (300, 400)


def test_every_report_tells_of_drift(tmp_path: Path) -> None:
    path = gated(
        tmp_path,
        "confidence: 0.95\nby: [request.tenant]",
        "drifted <= 0.1",
        "unscored <= 0.01",
        "unique >= 2",
    )
    rows = spread(600, 0.8, seed=2)
    rows[0]["answer"].pop("score")
    result = gate(path, rows, spread(600))
    for name in FORMATS:
        text = write(name, result)
        assert "drifted" in text, name
        assert "NaN" not in text, name


@pytest.mark.parametrize(
    ("metric", "requirement", "code", "said"),
    [
        ("twice: drift(answer.cost) * 2.0", "twice <= 0.1", "DM421", "stands alone"),
        ("gap: psi(answer.cost) - mean(answer.score)", "gap <= 0.1", "DM421", "stands alone"),
        ("same: drift(answer.cost)", "same <= baseline * 2", "DM408", "`same <= 0.1`"),
        ("tagged: drift(request.tags)", "tagged <= 0.1", "DM306", "does not take"),
        ("words: kolmogorov_smirnov(request.text)", "words <= 0.1", "DM306", "does not take"),
    ],
)
def test_drift_that_means_nothing_is_found_when_it_is_compiled(
    tmp_path: Path, metric: str, requirement: str, code: str, said: str
) -> None:
    path = with_metrics(policy(tmp_path, "confidence: 0.95", requirement), metric)
    found = [one for one in lint_file(path, "policy.yaml").diagnostics if one.code == code]
    assert found, lint_file(path, "policy.yaml").diagnostics
    assert said in f"{found[0].message} {found[0].help}"


def test_the_self_test_finds_records_that_miss_each_requirement(tmp_path: Path) -> None:
    require = (
        "drifted <= 0.9",
        "tenants <= 0.9",
        "right <= 0.9",
        "shifted <= 3",
        "unscored <= 0.5",
        "unscored_of_a <= 0.5",
        "unique >= 0.5",
        "unique <= 0.5",
    )
    evaluator = Evaluator(*compile_file(gated(tmp_path, "confidence: 0.95", *require)))
    found = self_test(evaluator, gates(evaluator)["tested"], connection())
    assert {one.requirement: one.verdict for one in found} == dict.fromkeys(require, "fail")


def test_the_self_test_finds_drift_that_cannot_be(tmp_path: Path) -> None:
    evaluator = Evaluator(*compile_file(gated(tmp_path, "confidence: 0.95", "drifted <= 1")))
    (found,) = self_test(evaluator, gates(evaluator)["tested"], connection())
    assert not found.can_fail
    assert json.dumps(found.records)
