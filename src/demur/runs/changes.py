"""Change points: from when on a series of measurements has another level than before.

The statistic of a split is the weighted sum of squares between what lies before and after it, the
weights being the numbers of records: for a rate the score statistic of two binomial samples, for a
mean the likelihood ratio of two normal ones. The greatest over all splits is compared with the
greatest of series whose runs are put into random order. So nothing is assumed of how runs scatter: a
golden set whose cases are the same each week varies less than the binomial distribution says, one of
fresh traffic more, and both are tested at the level that was asked for. Where a split is found, the
two parts are searched again, each at half the level (binary segmentation).

Sources: A. J. Scott and M. Knott, A cluster analysis method for grouping means in the analysis of
variance, Biometrics 30 (1974), for the segmentation; J. Antoch and M. Hušková, Permutation tests in
change point analysis, Statistics & Probability Letters 53 (2001); J. Besag and P. Clifford, Sequential
Monte Carlo p-values, Biometrika 78 (1991), for stopping early.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from demur.measure.corrections import holm

LEVEL = 0.02
"""The chance that anything is marked in a trend of which no series has changed. A trend is looked at
again and again, so it is less than a gate's."""
SHORTEST = 2
"""Runs that lie on either side of a change at least: one run that is otherwise is no change yet."""
FEWEST = 8
"""Runs that a series must have to be searched: of fewer too few orders differ."""
_EXCEEDING = 10
"""Random orders as extreme as the series itself after which its p-value is clear enough."""
_LEAST = 2_000
"""Orders that are drawn at least, so that it matters little which they are."""
_FIRST, _BATCH = 60, 500
"""Orders that are drawn at once: few first, which mostly suffice where nothing changed."""


@dataclass(frozen=True, slots=True)
class Split:
    """A change between the measurements `at - 1` and `at`; `p_value` is of it alone."""

    at: int
    p_value: float


Observed = tuple[Sequence[float], Sequence[float]]
"""The values of a series in order of time, and how many records each is of."""


def searched(series: Observed) -> bool:
    """Whether the series is long enough to be searched, and not all alike."""
    values = series[0]
    return len(values) >= FEWEST and min(values) < max(values)


def changes(all_series: Sequence[Observed], level: float = LEVEL) -> list[list[Split]]:
    """The changes of each series, in order of time.

    `level` is the chance of any false mark in all the series together: they share it by Holm's method.
    """
    wanted = [at for at, one in enumerate(all_series) if searched(one)]
    arrays = [_arrays(all_series[at]) for at in wanted]
    share = level / max(len(wanted), 1)
    p_values = [_p_value(values, weights, share) for values, weights in arrays]
    found: list[list[Split]] = [[] for _ in all_series]
    for at, (values, weights), p_value, adjusted in zip(
        wanted, arrays, p_values, holm(p_values), strict=True
    ):
        if adjusted <= level:
            split = Split(_best(values, weights)[0], p_value)
            found[at] = _kept(values, weights, _parts(values, weights, 0, split, share), share)
    return found


def _arrays(series: Observed) -> tuple[Any, Any]:
    return np.asarray(series[0], float), np.asarray(series[1], float)


def _parts(values: Any, weights: Any, start: int, split: Split, level: float) -> list[Split]:
    """The split, which is after `start`, and those that each of its sides has."""
    sides = (values[: split.at], weights[: split.at]), (values[split.at :], weights[split.at :])
    before, after = (_search(*side, level / 2) for side in sides)
    found = [Split(start + split.at, split.p_value)]
    if before is not None:
        found = [*_parts(*sides[0], start, before, level / 2), *found]
    if after is not None:
        found += _parts(*sides[1], start + split.at, after, level / 2)
    return found


def _kept(values: Any, weights: Any, splits: Sequence[Split], level: float) -> list[Split]:
    """The splits put where they are best between their neighbours, as far as they hold there.

    One that was found first stands where the whole series is cut best, not where it changed.
    """
    if len(splits) == 1:
        return list(splits)
    ends = [0, *(one.at for one in splits), len(values)]
    found: list[Split] = []
    for at in range(1, len(ends) - 1):
        first = found[-1].at if found else 0
        one = _search(values[first : ends[at + 1]], weights[first : ends[at + 1]], level)
        if one is not None:
            found.append(Split(first + one.at, one.p_value))
    return found


def _search(values: Any, weights: Any, level: float) -> Split | None:
    """The best split of the values, if it is one at this level."""
    if not searched((values, weights)):
        return None
    p_value = _p_value(values, weights, level)
    return Split(_best(values, weights)[0], p_value) if p_value <= level else None


def _best(values: Any, weights: Any) -> tuple[int, float]:
    """The split whose sides differ most, and by how much."""
    between = _between(values[None, :], weights[None, :])[0]
    at = int(between.argmax())
    return at + SHORTEST, float(between[at])


def _between(values: Any, weights: Any) -> Any:
    """The sum of squares between the sides of each split, a row for each order of the series."""
    total = weights[0].sum()
    centred = weights * (values - (weights[0] * values[0]).sum() / total)
    sums = np.cumsum(centred, axis=1)[:, SHORTEST - 1 : -SHORTEST]
    before = np.cumsum(weights, axis=1)[:, SHORTEST - 1 : -SHORTEST]
    return sums**2 * total / (before * (total - before))


def _p_value(values: Any, weights: Any, level: float) -> float:
    """How likely a random order of the runs has so great a difference between its sides.

    So many orders are drawn as can show the level; fewer where it is soon clear that they will not.
    """
    observed = _best(values, weights)[1] * (1 - 1e-9)
    needed = max(_LEAST, math.ceil(2 / level))
    drawn = exceeding = batch = 0
    while drawn < needed:
        orders = _orders(len(values), batch)[: needed - drawn]
        hits = (_between(values[orders], weights[orders]).max(axis=1) >= observed).cumsum()
        if exceeding + hits[-1] >= _EXCEEDING:
            last = int(np.searchsorted(hits, _EXCEEDING - exceeding)) + 1
            return _EXCEEDING / (drawn + last)
        drawn, exceeding, batch = drawn + len(orders), exceeding + int(hits[-1]), batch + 1
    return (exceeding + 1) / (needed + 1)


@lru_cache(maxsize=64)
def _orders(length: int, batch: int) -> Any:
    """Random orders of so many runs, the same ones each time, a row each."""
    random = np.random.default_rng((length, batch))
    rows = _BATCH if batch else _FIRST
    return random.permuted(np.tile(np.arange(length), (rows, 1)), axis=1)
