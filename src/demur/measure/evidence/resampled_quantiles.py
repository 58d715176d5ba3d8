"""Evidence on a comparison of two quantiles: the bootstrap, without drawing every record."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from demur.measure.evidence.resampling import (
    CHUNK,
    RESAMPLES,
    Numbers,
    Resampled,
    of_no_records,
    of_resamples,
)


def resample_quantiles(
    statistic: Callable[[Numbers, Numbers], Numbers],
    share: float,
    current: Numbers,
    baseline: Numbers,
    *,
    is_paired: bool,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """The evidence on a statistic of the current run's and the baseline's quantile.

    `statistic` takes both quantiles of each resample and gives its values: for a difference it is
    `operator.sub`. With `is_paired` both runs' values are of the same cases, in the same order.
    """
    sizes = (len(current), len(baseline))
    if not all(sizes):
        return of_no_records(sizes)
    generator = np.random.default_rng(seed)
    everything = [np.ones((1, size), dtype=np.int64) for size in sizes]
    with np.errstate(all="ignore"):
        now, before = (
            _quantiles(np.sort(values), np.arange(len(values)), weights, share)
            for values, weights in zip((current, baseline), everything, strict=True)
        )
        estimate = float(statistic(now, before)[0])
        if is_paired:
            drawn = _drawn(np.column_stack([current, baseline]), share, resamples, generator)
        else:
            drawn = [
                _drawn(values[:, None], share, resamples, generator)[0]
                for values in (current, baseline)
            ]
        # Left-out groups say little of a quantile's acceleration, so the bounds go without.
        return of_resamples(estimate, sizes, np.asarray(statistic(*drawn)), iter(()))


def _drawn(
    rows: Numbers, share: float, resamples: int, generator: np.random.Generator
) -> list[Numbers]:
    """The quantile of each column in each resample.

    Values so far from the quantile that none of them can become it need not be told apart: how many
    of each such kind of rows are drawn is multinomial.
    """
    size = len(rows)
    ordered = np.sort(rows, axis=0)
    place = share * (size - 1)
    # Seven standard errors, in ranks.
    reach = 7 * sqrt(size * share * (1 - share)) + 2
    ends = max(0, floor(place - reach)), min(size - 1, ceil(place + reach))
    ranks = np.argsort(np.argsort(rows, axis=0, kind="stable"), axis=0)
    kinds, counts = np.unique(np.clip(ranks, *ends), axis=0, return_counts=True)
    chunk = max(1, CHUNK // len(kinds))
    found: list[list[Numbers]] = [[] for _ in range(rows.shape[1])]
    for start in range(0, resamples, chunk):
        weights = generator.multinomial(size, counts / size, min(chunk, resamples - start))
        for column, kept in enumerate(found):
            kept.append(_quantiles(ordered[:, column], kinds[:, column], weights, share))
    return [np.concatenate(kept) for kept in found]


def _quantiles(
    ordered: Numbers, ranks: NDArray[np.intp], weights: NDArray[np.int64], share: float
) -> Numbers:
    """The quantile, interpolated linearly, for each row of weights of the values at the ranks."""
    order = np.argsort(ranks, kind="stable")
    up_to = np.cumsum(weights[:, order], axis=1)
    place = share * (int(up_to[0, -1]) - 1)
    low, high = (
        ordered[ranks[order[np.count_nonzero(up_to <= at, axis=1)]]]
        for at in (floor(place), ceil(place))
    )
    # Two equal infinite values have no difference to interpolate.
    return np.where(low == high, low, low + (high - low) * (place - floor(place)))
