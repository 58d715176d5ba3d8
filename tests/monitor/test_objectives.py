"""Objectives: burn rates over two windows each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from demur.monitor.alerts import alerts
from demur.monitor.evaluate import all_of
from demur.monitor.run import Evaluation
from demur.monitor.states import CLEAR, ERROR, HOLDS, NO_DATA
from tests.monitor.traffic import evaluations, hourly, policy, steady

SLO = "slo: {metric: low, objective: 0.99, window: 30d}\nno_data: ok"


def test_an_objective_is_the_workbooks_table(tmp_path: Path) -> None:
    """The Site Reliability Workbook, chapter 5, table 5-8, for 99 % over 30 days."""
    found = [
        (
            one.severity,
            [condition.window for condition in one.conditions],
            one.conditions[0].threshold.limit.value,  # pyright: ignore[reportAttributeAccessIssue]
        )
        for one in alerts(policy(tmp_path, SLO))
    ]
    hour = 3600
    assert found == [
        ("page", [hour, hour / 12], pytest.approx(0.144)),
        ("page", [6 * hour, hour / 2], pytest.approx(0.06)),
        ("ticket", [72 * hour, 6 * hour], pytest.approx(0.01)),
    ]


def firing(tmp_path: Path, bad: int, each: int, minutes: int, at: int) -> list[str]:
    evaluator = policy(tmp_path, SLO)
    rows = [*steady(evaluator, minutes, each=each, bad=bad)]
    (evaluation,) = evaluations(tmp_path, evaluator, rows, [at]).values()
    return [one.alert.severity for one in evaluation.statuses if one.is_firing]


def test_a_fast_burn_pages_and_a_slow_one_is_a_ticket(tmp_path: Path) -> None:
    assert firing(tmp_path, bad=3, each=10, minutes=60, at=60) == ["page", "page", "ticket"]
    assert firing(tmp_path, bad=1, each=40, minutes=60, at=60) == ["ticket"]
    assert firing(tmp_path, bad=0, each=40, minutes=60, at=60) == []


def test_the_short_window_ends_it_soon_after_the_trouble(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, SLO)
    rows = [*steady(evaluator, 60, bad=3), *steady(evaluator, 30, start=60)]
    found = evaluations(tmp_path, evaluator, rows, [60, 62, 66])
    fast = [one.statuses[0].is_firing for one in found.values()]
    assert fast == [True, True, False]


def test_one_failure_of_three_requests_does_not_page(tmp_path: Path) -> None:
    assert firing(tmp_path, bad=1, each=3, minutes=1, at=1) == []


FIRE = "slo: {metric: low, objective: 0.99, window: 30d}"


def pages(found: Mapping[int, Evaluation]) -> list[int]:
    """The minutes in which something begins to fire."""
    return [minute for minute, one in found.items() if any(each.has_begun for each in one.statuses)]


def test_little_traffic_that_is_good_pages_nobody(tmp_path: Path) -> None:
    """Ten requests an hour leave the window of five minutes empty most of the time."""
    evaluator = policy(tmp_path, FIRE)
    rows = hourly(evaluator, 11)
    assert pages(evaluations(tmp_path, evaluator, rows, range(5, 11 * 60, 3))) == []


def test_silence_pages_once_the_long_window_has_nothing_to_say(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, FIRE)
    rows = hourly(evaluator, 2)
    found = evaluations(tmp_path, evaluator, rows, range(10, 10 * 60, 10))
    # The last request comes after 117 minutes: an hour later the fast burn has no data, then the next.
    assert pages(found) == [180, 480]


def test_bad_traffic_that_falls_silent_is_not_over(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, FIRE)
    found = evaluations(tmp_path, evaluator, steady(evaluator, 60, bad=3), [60, 62, 70, 90])
    assert [one.statuses[0].found for one in found.values()] == [
        "holds",
        "holds",
        "no data",
        "no data",
    ]
    assert all(one.statuses[0].is_firing for one in found.values())


@pytest.mark.parametrize("first", [CLEAR, NO_DATA, ERROR, HOLDS])
@pytest.mark.parametrize("second", [CLEAR, NO_DATA, ERROR, HOLDS])
def test_all_conditions_hold_by_the_logic_of_three_values(first: str, second: str) -> None:
    """False settles it; else what is not known leaves it open; no data goes before an error."""
    found = {first, second}
    if CLEAR in found:
        expected = CLEAR
    elif found == {HOLDS}:
        expected = HOLDS
    else:
        expected = NO_DATA if NO_DATA in found else ERROR
    assert all_of((first, second)) == expected


def test_a_burn_rate_that_no_traffic_can_reach_is_left_out(tmp_path: Path) -> None:
    found = alerts(policy(tmp_path, "slo: {metric: low, objective: 0.9, window: 30d}"))
    assert [one.burn for one in found] == ["6x over 6h", "1x over 3d"]


def test_other_windows_scale(tmp_path: Path) -> None:
    found = alerts(policy(tmp_path, "slo: {metric: low, objective: 0.99, window: 7d}"))
    assert [one.burn for one in found] == ["14.4x over 14m", "6x over 1h24m", "1x over 16h48m"]
