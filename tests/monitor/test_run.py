"""Alerts over journals: windows, baselines, slices, evidence, silence, lateness."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from demur.monitor.alerts import alerts
from demur.monitor.memory import Memory
from demur.monitor.run import evaluate_once, history_for, verdict
from tests.monitor.traffic import (
    MINUTE,
    START,
    connection,
    evaluations,
    firing,
    line,
    moment,
    only,
    policy,
    states,
    steady,
    with_metric,
    write,
)


def test_an_alert_fires_while_its_metric_is_beyond_the_limit_and_ends_after(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m\nno_data: ok")
    rows = [
        *steady(evaluator, 20),
        *steady(evaluator, 5, bad=8, start=20),
        *steady(evaluator, 20, start=25),
    ]
    found = evaluations(tmp_path, evaluator, rows, range(5, 46))
    # 8 of 50 after one minute are under a fifth, 16 after two are not; the last bad minute leaves at 30.
    assert firing(found) == list(range(22, 29))
    assert found[28].statuses[0].finding.judgements[0].measured.value == pytest.approx(16 / 50)
    assert [minute for minute, one in found.items() if only(one).has_ended] == [29]
    assert only(found[24]).finding.judgements[0].cases[0].startswith("t0002")


def test_the_window_holds_its_end_and_not_its_start(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.5\nwindow: 1m\nno_data: ok")
    rows = [line(evaluator, "one", START, score=0.1)]
    found = evaluations(tmp_path, evaluator, rows, (0, 1))
    assert firing(found) == [0]
    assert only(found[1]).found == "no data"


def test_the_recorded_decision_counts_not_a_new_one(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: declined > 0.5\nwindow: 5m")
    rows = steady(evaluator, 5)
    for row in rows:
        row["decision"] |= {"declined": True, "answered": False, "action": "abstain"}
    assert firing(evaluations(tmp_path, evaluator, rows, [5])) == [5]


def test_a_bypassed_or_missing_decision_is_the_worst_for_the_alert(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: declined > 0.5\nwindow: 5m")
    bypassed, missing = steady(evaluator, 5), steady(evaluator, 5)
    for row in bypassed:
        row["decision"] |= {"declined": None, "answered": None, "action": "bypass"}
    for row in missing:
        del row["decision"]
    for rows in (bypassed, missing):
        found = evaluations(tmp_path, evaluator, rows, [5])
        assert firing(found) == [5]
        assert only(found[5]).finding.judgements[0].measured.unknown == 50


def test_the_baseline_is_the_window_before(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > baseline * 2\nwindow: 5m\nagainst: 20m\nno_data: ok")
    rows = [*steady(evaluator, 30, bad=1), *steady(evaluator, 10, bad=4, start=30)]
    found = evaluations(tmp_path, evaluator, rows, range(26, 41))
    assert firing(found)[0] == 32
    judged = only(found[35]).finding.judgements[0]
    assert judged.baseline.value == pytest.approx(0.1)
    assert judged.limit == pytest.approx(0.2)


def test_without_a_baseline_yet_it_is_an_error_and_not_well(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > baseline * 2\nwindow: 5m\nagainst: 20m")
    found = evaluations(tmp_path, evaluator, steady(evaluator, 5), [5])
    assert only(found[5]).found == "error"
    assert verdict(found[5]) == "error"


def test_slices_alert_each_by_themselves(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m\nby: [request.tenant]")
    rows = [*steady(evaluator, 10, each=50), *steady(evaluator, 10, bad=5, tenant="b")]
    found = evaluations(tmp_path, evaluator, rows, [10])
    assert firing(found) == []
    assert firing(found, "request.tenant = b") == [10]
    assert firing(found, "request.tenant = a") == []


def test_with_a_confidence_chance_alone_does_not_fire(tmp_path: Path) -> None:
    by_value = policy(tmp_path, "when: low > 0.2\nwindow: 1m")
    rows = steady(by_value, 1, each=10, bad=3)
    assert firing(evaluations(tmp_path, by_value, rows, [1])) == [1]
    sure = policy(tmp_path, "when: low > 0.2\nwindow: 1m\nconfidence: 0.99")
    assert firing(evaluations(tmp_path, sure, rows, [1])) == []
    many = steady(sure, 1, each=500, bad=150)
    assert firing(evaluations(tmp_path, sure, many, [1])) == [1]


def test_too_few_samples_do_not_fire(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 1m\nmin_samples: 20")
    assert firing(evaluations(tmp_path, evaluator, steady(evaluator, 1, bad=10), [1])) == []
    assert firing(evaluations(tmp_path, evaluator, steady(evaluator, 1, each=20, bad=10), [1])) == [
        1
    ]


@pytest.mark.parametrize(("no_data", "expected"), [("fire", [4, 5, 6]), ("ok", []), ("keep", [])])
def test_silence_fires_unless_the_policy_says_otherwise(
    tmp_path: Path, no_data: str, expected: list[int]
) -> None:
    evaluator = policy(tmp_path, f"when: low > 0.2\nwindow: 2m\nno_data: {no_data}")
    found = evaluations(tmp_path, evaluator, steady(evaluator, 2), range(2, 7))
    assert firing(found) == expected
    assert only(found[5]).found == "no data"


def test_a_journal_without_a_record_is_silence_and_not_well(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 2m\nby: [request.tenant]")
    found = evaluations(tmp_path, evaluator, [], [2])
    assert firing(found) == [2]


def test_a_slice_that_falls_silent_is_noticed_and_a_rare_one_is_not(tmp_path: Path) -> None:
    evaluator = policy(
        tmp_path,
        "when: low > baseline + 0.5\nwindow: 5m\nagainst: 30m\nby: [request.tenant]",
    )
    rows = [
        *steady(evaluator, 40),
        *steady(evaluator, 34, tenant="gone"),
        *steady(evaluator, 1, each=1, tenant="rare", start=10),
    ]
    found = evaluations(tmp_path, evaluator, rows, [34, 40])
    assert firing(found, "request.tenant = gone") == [40]
    assert firing(found, "request.tenant = rare") == []


def test_a_firing_slice_that_vanishes_has_no_data(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.5\nwindow: 2m\nby: [request.tenant]\nno_data: keep")
    rows = [*steady(evaluator, 9), *steady(evaluator, 2, bad=9, tenant="b")]
    found = evaluations(tmp_path, evaluator, rows, [2, 3, 8])
    assert firing(found, "request.tenant = b") == [2, 3, 8]
    (status,) = [one for one in found[8].statuses if one.slice == "request.tenant = b"]
    assert (status.found, dict(status.labels)) == ("no data", {"request.tenant": "b"})


def test_late_records_count_by_their_own_time_and_are_counted_as_late(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m\nno_data: ok")
    found = alerts(evaluator)
    on_time = steady(evaluator, 6)
    late = [line(evaluator, f"late{at}", START + 4 * MINUTE, score=0.1) for at in range(30)]
    source = write(tmp_path / "journal.jsonl", on_time)
    history = history_for(connection(), [source], evaluator, found)
    first = evaluate_once(found, history, START + 5 * MINUTE, Memory())
    write(tmp_path / "journal.jsonl", [*late, *on_time])
    history = history_for(connection(), [source], evaluator, found)
    memory = Memory(first.at, first.records, first.states)
    second = evaluate_once(found, history, START + 6 * MINUTE, memory)
    assert (first.late, second.late) == (0, 30)
    assert not only(first).is_firing
    assert only(second).is_firing


def test_the_order_of_the_lines_changes_nothing(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m\nfor: 2m\nno_data: ok")
    rows = [*steady(evaluator, 10), *steady(evaluator, 10, bad=5, start=10)]
    ordered = states(evaluations(tmp_path, evaluator, rows, range(1, 20)))
    assert states(evaluations(tmp_path, evaluator, rows[::-1], range(1, 20))) == ordered
    assert set(ordered.values()) == {"inactive", "pending", "firing"}


@pytest.mark.parametrize("time", [None, "yesterday", 12, "2026-13-45T00:00:00Z", "2026-11-26"])
def test_records_whose_time_is_not_known_are_counted_and_in_no_window(
    tmp_path: Path, time: Any
) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m")
    bad = [
        line(evaluator, f"x{at}", None, score=0.1) | ({} if time is None else {"time": time})
        for at in range(30)
    ]
    found = evaluations(tmp_path, evaluator, [*steady(evaluator, 5), *bad], [5])
    assert found[5].untimed == 30
    assert firing(found) == []


def test_records_of_later_times_wait_and_are_counted(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m")
    found = evaluations(tmp_path, evaluator, steady(evaluator, 10, bad=5), [5])
    assert found[5].ahead == 50


def test_times_in_other_zones_are_the_same_times(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.2\nwindow: 5m\nno_data: ok")
    rows = steady(evaluator, 5, bad=5)
    moved = [
        row | {"time": moment(START + 7200 + at * 6 + 3).replace("Z", "+02:00")}
        for at, row in enumerate(rows)
    ]
    assert firing(evaluations(tmp_path, evaluator, moved, [5])) == [5]


def test_only_final_lines_count_and_outcomes_are_joined_to_them(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: wrong > 0.2\nwindow: 5m")
    rows = steady(evaluator, 5)
    stages = [row | {"demur": {"final": False}} for row in rows]
    outcomes = [
        {
            "trace_id": row["trace_id"],
            "time": moment(START + 1e5),
            "demur": {"journal": 1, "kind": "outcome"},
            "outcome": {"correct": at % 2 == 0},
        }
        for at, row in enumerate(rows)
    ]
    lost = {"time": moment(START), "demur": {"kind": "lost", "lost": 7}}
    unknown = evaluations(tmp_path, evaluator, [*rows, *stages], [5])
    assert only(unknown[5]).finding.judgements[0].measured.value == 1.0
    told = evaluations(tmp_path, evaluator, [*rows, *stages, *outcomes, lost], [5])
    measured = only(told[5]).finding.judgements[0].measured
    assert (measured.value, measured.samples, measured.unknown) == (0.5, 50, 0)


def test_the_last_outcome_told_counts(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: wrong > 0.2\nwindow: 5m")
    rows = steady(evaluator, 1, each=1)
    told = [
        {
            "trace_id": rows[0]["trace_id"],
            "time": moment(START + 100 * at),
            "demur": {"kind": "outcome"},
            "outcome": {} if correct is None else {"correct": correct},
        }
        for at, correct in ((3, None), (2, False), (1, True))
    ]
    found = evaluations(tmp_path, evaluator, [*rows, *told], [1])
    assert only(found[1]).finding.judgements[0].measured.value == 1.0


def test_means_and_quantiles_alert_too(tmp_path: Path) -> None:
    for metric in ("latency", "latency_p90"):
        evaluator = policy(
            tmp_path, f"when: {metric} > 500\nwindow: 5m\nconfidence: 0.95\nno_data: ok"
        )
        rows = [*steady(evaluator, 10), *steady(evaluator, 10, start=10, latency_ms=900.0)]
        found = firing(evaluations(tmp_path, evaluator, rows, range(5, 21)))
        assert found
        assert 11 <= found[0] <= 14
        assert found[-1] == 20


def test_that_there_were_no_records_at_all_is_over_once_a_slice_has_some(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "when: low > 0.5\nwindow: 5m\nby: [request.tenant]\nno_data: fire")
    found = evaluations(tmp_path, evaluator, steady(evaluator, 5, start=3), range(8))
    assert firing(found) == [0, 1, 2, 3]


def test_an_alert_on_drift_is_of_the_window_against_the_one_before(tmp_path: Path) -> None:
    evaluator = with_metric(
        tmp_path,
        "moved: drift(answer.latency_ms)",
        "when: moved > 0.2\nwindow: 10m\nagainst: 20m\nconfidence: 0.99\nno_data: ok",
    )
    pick = Random(4)

    def traffic(start: int, minutes: int, typical: float) -> list[dict[str, Any]]:
        return [
            line(
                evaluator,
                f"d{start + minute}-{at}",
                START + (start + minute) * MINUTE + at,
                latency_ms=typical * pick.lognormvariate(0, 0.4),
            )
            for minute in range(minutes)
            for at in range(30)
        ]

    rows = [*traffic(0, 60, 400.0), *traffic(60, 20, 600.0)]
    found = evaluations(tmp_path, evaluator, rows, range(30, 81, 2))
    assert firing(found)[0] in range(62, 70)
    assert all(minute > 60 for minute in firing(found))
    judged = only(found[70]).finding.judgements[0]
    assert judged.method == "Kolmogorov-Smirnov"
    assert (judged.measured.value or 0) > 0.3


def test_an_alert_counts_different_texts_and_unknown_values(tmp_path: Path) -> None:
    for metric, when in (
        ("seen: unique_rate(request.tenant)", "seen < 0.5"),
        ("tenants: drift(request.tenant)", "tenants > 0.5\nagainst: 5m"),
        ("missing: unknown_rate(request.tenant)", "missing < 0.1"),
    ):
        evaluator = with_metric(tmp_path, metric, f"when: {when}\nwindow: 5m\nno_data: ok")
        rows = [*steady(evaluator, 5, tenant="b"), *steady(evaluator, 5, start=5, tenant="c")]
        assert firing(evaluations(tmp_path, evaluator, rows, [10])) == [10], metric
