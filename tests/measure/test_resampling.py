"""Resampling: how often its bounds hold, its fast ways against its plain one, and what it cannot say."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import exp, inf, isnan, nan

import numpy as np
import pytest

from demur.measure.evidence.resampled_quantiles import resample_quantiles
from demur.measure.evidence.resampling import Resampled, resample, resample_totals


def test_the_same_records_give_the_same_resamples() -> None:
    some = np.random.default_rng(1).normal(size=80)
    first, second = (resample(lambda at: float(some[at].mean()), 80) for _ in range(2))
    assert first.interval(0.95) == second.interval(0.95)


def test_totals_and_indices_and_few_different_rows_agree() -> None:
    source = np.random.default_rng(2)
    holds, counts_here = source.random(400) < 0.2, source.random(400) < 0.7
    rows = np.column_stack([holds & counts_here, counts_here]).astype(float)
    by_index = resample(lambda at: float(rows[at, 0].sum() / rows[at, 1].sum()), 400)
    jittered = rows + source.random(rows.shape) * 1e-9
    by_totals, by_weights = (
        resample_totals(lambda totals: totals[:, 0] / totals[:, 1], some)
        for some in (rows, jittered)
    )
    ends = [(one.interval(0.95).low, one.interval(0.95).high) for one in (by_index, by_totals)]
    assert ends[0] == pytest.approx(ends[1], abs=0.006)
    weighted = by_weights.interval(0.95)
    assert (weighted.low, weighted.high) == pytest.approx(ends[1], abs=0.006)


def test_many_records_drawn_in_groups_spread_as_single_ones_do() -> None:
    source = np.random.default_rng(7)
    rows = np.column_stack([source.lognormal(0, 1, 40_000), np.ones(40_000)])
    found = resample_totals(lambda totals: totals[:, 0] / totals[:, 1], rows)
    error = float(rows[:, 0].std()) / 200
    # Of 10,000 groups and 2,000 resamples the standard error is known to under 2 in a hundred.
    assert float(found.deviations.std()) == pytest.approx(error, rel=0.06)
    assert found.estimate == pytest.approx(float(rows[:, 0].mean()))
    assert found.samples == 40_000


@pytest.mark.parametrize("is_paired", [True, False])
def test_quantiles_resample_fast_as_they_do_slowly(is_paired: bool) -> None:
    source = np.random.default_rng(3)
    before = source.lognormal(0, 1, 600)
    now = before * source.lognormal(0.1, 0.1, 600)
    fast = resample_quantiles(operator.sub, 0.9, now, before, is_paired=is_paired)

    def slow(at: np.ndarray, at_before: np.ndarray) -> float:
        return float(np.quantile(now[at], 0.9) - np.quantile(before[at_before], 0.9))

    one = resample(lambda at: slow(at, at), 600) if is_paired else resample(slow, 600, 600)
    assert fast.estimate == pytest.approx(one.estimate)
    assert np.quantile(fast.deviations, [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(one.deviations, [0.1, 0.5, 0.9]),
        abs=0.05 * float(np.std(one.deviations)) + 0.03,
    )


def test_a_p_value_is_never_less_than_the_resamples_can_show() -> None:
    some = np.random.default_rng(4).normal(size=200)
    far = resample(lambda at: float(some[at].mean()), 200, resamples=999)
    assert 0 < far.above(-100.0) < 0.01
    assert far.below(-100.0) == 1.0


def test_resamples_without_a_value_count_on_the_worst_side() -> None:
    # One record in eight divides: a third of the resamples have none of it.
    rows = np.column_stack([np.ones(8), [1.0, *[0.0] * 7]])
    found = resample_totals(lambda totals: totals[:, 0] / totals[:, 1], rows)
    assert 0.3 < found.lost / 2000 < 0.4
    interval = found.interval(0.95)
    assert (interval.low, interval.high) == (-inf, inf)
    assert found.above(-1e9) > 0.05
    assert found.below(1e9) > 0.05


def test_a_sample_of_one_record_leaves_everything_open() -> None:
    both = np.array([5.0]), np.arange(100.0)
    found = resample(lambda at, other: float(both[0][at].mean() - both[1][other].mean()), 1, 100)
    assert found.estimate == pytest.approx(-44.5)
    assert found.below(0.0) == 0.5
    assert found.interval(0.95).high == inf


def test_records_without_variation_decide_once_they_are_enough() -> None:
    few, many = (resample(lambda at: -0.02, size) for size in (4, 100))
    assert few.below(0.0) > 0.05
    assert many.below(0.0) < 0.005
    assert many.below(-0.02) == 1.0
    assert many.above(-0.02) == 1.0


def _ratio(source: np.random.Generator) -> Resampled:
    tokens = source.lognormal(0, 0.5, 400)
    rows = np.column_stack([tokens * source.lognormal(0, 0.5, 400), tokens])
    return resample_totals(lambda totals: totals[:, 0] / totals[:, 1], rows, resamples=599)


def _conditional_rate(source: np.random.Generator) -> Resampled:
    kept = source.random(300) < 0.5
    rows = np.column_stack([kept & (source.random(300) < 0.3), kept]).astype(float)
    return resample_totals(lambda totals: totals[:, 0] / totals[:, 1], rows, resamples=599)


def _paired_means(source: np.random.Generator) -> Resampled:
    before = source.lognormal(0, 1, 150)
    rows = (before + source.normal(0.2, 0.5, 150) - before)[:, None]
    return resample_totals(lambda totals: totals[:, 0] / 150, rows, resamples=599)


def _two_means(source: np.random.Generator) -> Resampled:
    samples = source.exponential(1.2, (150, 1)), source.exponential(1.0, (200, 1))
    return resample_totals(
        lambda now, before: now[:, 0] / 150 - before[:, 0] / 200, *samples, resamples=599
    )


def _paired_quantiles(source: np.random.Generator) -> Resampled:
    before = source.normal(0, 1, 200)
    now = before + source.normal(0.5, 0.5, 200)
    return resample_quantiles(operator.sub, 0.5, now, before, is_paired=True, resamples=599)


@pytest.mark.parametrize(
    ("draw", "true"),
    [
        (_ratio, exp(0.125)),
        (_conditional_rate, 0.3),
        (_paired_means, 0.2),
        (_two_means, 0.2),
        (_paired_quantiles, 0.5),
    ],
)
def test_the_bounds_of_a_resampled_statistic_cover_it_on_either_side(
    draw: Callable[[np.random.Generator], Resampled], true: float
) -> None:
    source = np.random.default_rng(11)
    found = [draw(source).interval(0.95) for _ in range(300)]
    # Three standard errors of 300 draws at 95 % are 3.8 points.
    assert 0.912 <= np.mean([one.low <= true for one in found]) <= 0.988
    assert 0.912 <= np.mean([one.high >= true for one in found]) <= 0.988


def test_an_unknown_estimate_stays_unknown() -> None:
    assert isnan(resample(lambda at: nan, 20).estimate)
    assert resample(lambda at: inf, 20).estimate == inf
