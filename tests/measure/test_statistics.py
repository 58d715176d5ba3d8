"""What lies between a metric and its limit, resampled: the fast way for one quantile, the plain one else."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from demur.measure.contributions import Contributions
from demur.measure.statistics import Statistic, resampled_difference

SIZE = 400
SEEDS = np.arange(SIZE, dtype=np.uint64)


def latency(values: np.ndarray, kept: np.ndarray) -> Contributions:
    return Contributions("quantile", 0.9, values, kept)


def metric(*parts: Contributions) -> Statistic:
    return Statistic(lambda values: None if values[0] is None else values[0] / 1000, parts)


def difference(value: float | None, before: float | None) -> float:
    return nan if value is None or before is None else value - 1.1 * before


@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("some_do_not_count", [True, False])
def test_a_quantile_is_resampled_fast_as_it_is_plainly(
    is_paired: bool, some_do_not_count: bool
) -> None:
    source = np.random.default_rng(11)
    before = source.lognormal(0, 1, SIZE) * 1000
    now = before * source.lognormal(0.1, 0.1, SIZE)
    kept = source.random(SIZE) < 0.8 if some_do_not_count else np.ones(SIZE, dtype=bool)
    rows = np.arange(SIZE)
    pair = metric(latency(now, kept)), metric(latency(before, kept))
    fast = resampled_difference(difference, *pair, rows, rows, (SEEDS, SEEDS), is_paired)
    # A second aggregate that the metric does not use keeps the fast way off.
    slow = resampled_difference(
        difference,
        *(metric(one.parts[0], latency(now, kept)) for one in pair),
        rows,
        rows,
        (SEEDS, SEEDS),
        is_paired,
    )
    assert fast.estimate == pytest.approx(slow.estimate)
    assert fast.size == int(kept.sum())
    assert np.quantile(fast.deviations, [0.05, 0.5, 0.95]) == pytest.approx(
        np.quantile(slow.deviations, [0.05, 0.5, 0.95]), abs=0.25 * float(np.std(slow.deviations))
    )


def test_cases_that_count_in_one_run_alone_are_resampled_plainly() -> None:
    source = np.random.default_rng(12)
    values = source.lognormal(0, 1, SIZE)
    kept, kept_before = source.random(SIZE) < 0.8, source.random(SIZE) < 0.8
    rows = np.arange(SIZE)
    found = resampled_difference(
        difference,
        metric(latency(values, kept)),
        metric(latency(values, kept_before)),
        rows,
        rows,
        (SEEDS, SEEDS),
        True,
    )
    assert found.size == SIZE
