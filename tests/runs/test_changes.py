"""Change points: found where there is one, rarely where there is none, whatever the runs scatter like."""

from __future__ import annotations

import numpy as np
import pytest

from demur.runs.changes import FEWEST, LEVEL, Observed, Split, changes, searched
from tests.runs.history import rates

COUNT = 500


def series(values: list[float], count: float = COUNT) -> Observed:
    return values, [count] * len(values)


def found(values: list[float], count: float = COUNT) -> list[Split]:
    return changes([series(values, count)])[0]


def test_a_drop_of_three_points_is_marked_where_it_was() -> None:
    drawn = [rates(COUNT, worse=0.03, since=20 + seed, seed=seed) for seed in range(64)]
    hits = sum(
        any(abs(one.at - (20 + seed)) <= 4 for one in found(values))
        for seed, values in enumerate(drawn)
    )
    assert hits >= 0.9 * len(drawn)


def test_without_a_change_few_series_are_marked() -> None:
    marked = sum(bool(found(rates(COUNT, seed=seed))) for seed in range(200))
    assert marked <= 0.05 * 200


def test_fifty_slices_together_are_marked_no_more_often_than_one() -> None:
    trends = [[series(rates(100, seed=1000 * at + one)) for one in range(50)] for at in range(40)]
    assert sum(any(changes(one)) for one in trends) <= 0.1 * 40


def test_a_slice_that_changed_is_found_among_fifty() -> None:
    drawn = [series(rates(COUNT, worse=0.03 if at == 7 else 0.0, seed=at)) for at in range(50)]
    marked = [at for at, one in enumerate(changes(drawn)) if one]
    assert marked == [7]


@pytest.mark.parametrize("spread", [0.001, 0.05])
def test_runs_that_scatter_less_or_more_than_chance_has_it_are_not_taken_for_changed(
    spread: float,
) -> None:
    random = np.random.default_rng(3)
    drawn = [random.normal(0.1, spread, 104).tolist() for _ in range(200)]
    assert sum(bool(found(one)) for one in drawn) <= 0.05 * 200


def test_the_same_cases_each_week_show_what_binomial_samples_would_not() -> None:
    random = np.random.default_rng(4)
    values = [
        0.1 + (0.005 if at >= 60 else 0.0) + float(random.normal(0, 0.002)) for at in range(104)
    ]
    (one,) = found(values)
    assert abs(one.at - 60) <= 1


def test_each_of_several_changes_is_found() -> None:
    values = [*rates(COUNT, 30), *rates(COUNT, 30, 0.2, seed=1), *rates(COUNT, 44, 0.1, seed=2)]
    assert [one.at for one in found(values)] == [30, 60]


def test_one_run_that_is_otherwise_is_no_change() -> None:
    values = rates(COUNT)
    values[50] = 0.9
    assert found(values) == []


def test_few_records_weigh_little() -> None:
    values = [0.1, 0.11] * 20 + [0.5] * 4
    heavy, light = ([1000.0] * len(values) for _ in range(2))
    light[40:] = [0.1] * 4
    assert changes([(values, heavy)])[0] != []
    assert changes([(values, light)])[0] == []


@pytest.mark.parametrize("values", [[], [0.1], [0.1] * 104, [0.0, 1.0] * 3])
def test_what_is_too_short_or_all_alike_is_not_searched(values: list[float]) -> None:
    assert not searched(series(values))
    assert found(values) == []


def test_the_shortest_series_that_is_searched_can_change() -> None:
    assert FEWEST == 8
    (one,) = changes([series([0.1, 0.11, 0.09, 0.1, 0.9, 0.91, 0.89, 0.9])], level=0.1)[0]
    assert one.at == 4


def test_the_same_series_has_the_same_changes_each_time() -> None:
    values = rates(COUNT, worse=0.03, seed=9)
    assert found(values) == found(values)
    assert all(one.p_value <= LEVEL for one in found(values))
