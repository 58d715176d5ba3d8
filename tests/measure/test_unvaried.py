"""Records that are all alike: they say no more than chance allows, whatever the statistic."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
import pytest

from demur.measure.evidence import Evidence
from demur.measure.evidence.means import Mean
from demur.measure.evidence.rates import Rate
from demur.measure.evidence.resampling import Resampled, resample, resample_totals
from demur.measure.evidence.unvaried import Unvaried
from demur.measure.results import Interval

SHARE = Interval(0.0, 1.0)


@pytest.mark.parametrize("samples", [1, 10, 59, 149, 400])
def test_no_event_at_all_is_the_exact_test_of_a_rate(samples: int) -> None:
    alike, exact = Unvaried(0.0, samples, SHARE), Rate(0, samples)
    assert alike.interval(0.95).high == pytest.approx(exact.interval(0.95).high)
    assert alike.interval(0.95).low == 0.0
    for limit in (0.01, 0.05, 0.5, 1.0):
        assert alike.below(limit) == pytest.approx(exact.below(limit))
        assert alike.above(limit) == 1.0


def test_the_nearer_the_end_of_the_range_the_less_the_unseen_can_do() -> None:
    grades = Unvaried(5.0, 20, Interval(1.0, 5.0))
    assert grades.interval(0.95).high == 5.0
    assert grades.interval(0.95).low == pytest.approx(5 - 4 * (1 - 0.05 ** (1 / 20)))
    assert grades.above(4.6) == pytest.approx(0.9**20)
    assert grades.above(0.5) == 0.0


def test_without_an_end_it_is_the_sign_test_or_nothing() -> None:
    assert Unvaried(0.1, 10).below(0.2) == 0.5**10
    assert Unvaried(0.1, 10).interval(0.95) == Interval(0.1, 0.1)
    assert Unvaried(0.1, 4).interval(0.95) == Interval(-inf, inf)
    assert Unvaried(0.1, 500, endless=0.0).below(0.2) == 1.0
    assert Unvaried(0.1, 500, endless=0.0).interval(0.95) == Interval(-inf, inf)


def _grade(source: np.random.Generator) -> Evidence:
    return Mean.of(np.where(source.random(12) < 0.1, 1.0, 5.0), Interval(1.0, 5.0))


def _share(source: np.random.Generator) -> Resampled:
    rows = np.column_stack([source.random(40) < 0.97, np.ones(40)]).astype(float)
    found = resample_totals(lambda totals: totals[:, 0] / totals[:, 1], rows, resamples=199)
    return Resampled(
        found.estimate, 40, 40, found.deviations, found.lost, found.acceleration, range=SHARE
    )


@pytest.mark.parametrize(("draw", "true"), [(_grade, 4.6), (_share, 0.97)])
def test_a_rare_failure_that_was_not_drawn_is_no_pass(
    draw: Callable[[np.random.Generator], Evidence], true: float
) -> None:
    # In about a third of the draws none fails: those must not count as proof that none does.
    source = np.random.default_rng(3)
    found = [draw(source).above(true) < 0.05 for _ in range(1000)]
    assert np.mean(found) <= 0.065


@pytest.mark.parametrize("size", [5, 8, 20])
def test_a_bootstrap_of_few_records_is_wrong_about_as_rarely_as_agreed(size: int) -> None:
    source = np.random.default_rng(size)

    def sampled() -> Resampled:
        values = source.normal(0, 1, (size, 1))
        return resample_totals(lambda sums: sums[:, 0] / size, values, resamples=399)

    found = [sampled() for _ in range(1000)]
    assert np.mean([one.above(0.0) < 0.05 for one in found]) <= 0.075
    assert np.mean([one.below(0.0) < 0.05 for one in found]) <= 0.075


def test_a_high_quantile_of_few_records_is_bounded_by_none_of_them() -> None:
    source = np.random.default_rng(5)
    values = source.lognormal(0, 0.5, 30)
    found = resample(lambda at: float(np.quantile(values[at], 0.95)), 30, resamples=199)
    assert found.below(1e6) < 0.05
    bounded = Resampled(
        found.estimate, 30, 30, found.deviations, 0, found.acceleration, likeliest=0.95
    )
    assert bounded.below(1e6) == pytest.approx(0.95**30)
    assert bounded.interval(0.95).high == inf
