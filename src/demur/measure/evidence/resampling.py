"""Evidence on any statistic: the bootstrap, which draws records anew from those that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf, isfinite, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtr, stdtr

from demur.measure.evidence.few_changes import FewChanges
from demur.measure.evidence.unvaried import ANYTHING, Unvaried
from demur.measure.results import Interval

Indices = NDArray[np.intp]
Numbers = NDArray[np.float64]
Seeds = NDArray[np.uint64]
"""A number for each record that stays with it: how often each resample draws it follows from it."""

RESAMPLES = 2_000
_GROUPS = 200
"""Parts of the records left out in turn: for the acceleration as good as leaving out each."""
_STRONGEST = 0.2
CHUNK = 2_000_000
"""Weights in the memory at once."""
BINS = 10_000
"""Groups of records that are drawn in place of single ones, where there are many records."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """How a statistic comes out over records drawn anew, each a Poisson number of times.

    That number follows from the record's id, so that the same records give the same bounds in whatever
    order they come, and one record more changes nothing of how the others are drawn.

    `deviations` are the resamples' values less the estimate, sorted; `lost` is how many resamples
    gave no finite value, each of which counts against whatever is to be shown. `size` is how many
    records were drawn from, `fewest` how many count at least where it is fewest, `times` how often
    they count, for planning. Bounds are bias corrected and accelerated (BCa), widened to Student's
    t for few records, p-values their inversion, of (r + 1) / (B + 1) for r of B resamples on the
    wrong side. `range` is what the statistic can be at all, which bounds it where the records are
    all alike, with `endless` as in `Unvaried`. No p-value is less than `likeliest` to the power of
    `fewest`: a half, or for a quantile how likely a record is to lie on one side of it; nor less than
    what `few` changed cases allow.

    Sources: B. Efron, Better bootstrap confidence intervals, Journal of the American Statistical
    Association 82 (1987); A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application
    (1997), section 4.2.3; T. C. Hesterberg, What teachers should know about the bootstrap, The
    American Statistician 69 (2015), section 3.3, of the widening; N. Chamandy, O. Muralidharan, A.
    Najmi and S. Naidu, Estimating uncertainty for massive data streams, Google (2012), of drawing a
    Poisson number of times.
    """

    estimate: float
    size: int
    fewest: int
    deviations: Numbers = field(repr=False)
    lost: int
    acceleration: float
    times: float = 1.0
    range: Interval = ANYTHING
    endless: float = 0.5
    likeliest: float = 0.5
    few: tuple[FewChanges, ...] = ()

    @property
    def method(self) -> str:
        """The method's name."""
        return "bootstrap (BCa)"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return False

    def interval(self, confidence: float) -> Interval:
        """The BCa bounds, each at `confidence`; infinite where too many resamples were lost."""
        ranks = np.arange(len(self.deviations) + self.lost + 1)
        low, high = (
            int(np.count_nonzero(self._p_values(ranks, side) < 1 - confidence)) - 1 - self.lost
            for side in (1, -1)
        )
        # Limits below the value at this rank have p-values that are small enough, others have not.
        ends = self._ends
        found = Interval(
            float(ends[low]) if low >= 0 else -inf, float(ends[-1 - high]) if high >= 0 else inf
        )
        for few in self.few:
            least = few.interval(confidence)
            found = Interval(min(found.low, least.low), max(found.high, least.high))
        if self.deviations.any():
            return found
        alike = self._unvaried.interval(confidence)
        return Interval(min(found.low, alike.low), max(found.high, alike.high))

    def above(self, limit: float) -> float:
        """The p-value against "the true value is at most `limit`"."""
        wrong = np.count_nonzero(self._ends <= limit + self._rounding(limit)) + self.lost
        found = float(self._p_values(np.array([wrong]), 1)[0])
        found = max([found, *(few.above(limit) for few in self.few)])
        return found if self.deviations.any() else max(found, self._unvaried.above(limit))

    def below(self, limit: float) -> float:
        """The p-value against "the true value is at least `limit`"."""
        wrong = np.count_nonzero(self._ends >= limit - self._rounding(limit)) + self.lost
        found = float(self._p_values(np.array([wrong]), -1)[0])
        found = max([found, *(few.below(limit) for few in self.few)])
        return found if self.deviations.any() else max(found, self._unvaried.below(limit))

    def repeated(self, times: float) -> Resampled:
        """The same deviations, narrower by the root of `times`."""
        repeated = (one.repeated(times) for one in self.few)
        few = tuple(one for one in repeated if one is not None)
        return replace(self, times=self.times * times, few=few)

    @property
    def samples(self) -> int:
        """The records of the current run."""
        return round(self.size * self.times)

    @property
    def _ends(self) -> Numbers:
        """The statistic of each resample."""
        return self.estimate + self.deviations / sqrt(self.times)

    def _rounding(self, limit: float) -> float:
        """How far from a limit what lies on it may come to lie by rounding."""
        return 1e-12 * max(abs(limit), abs(self.estimate), self._spread)

    @cached_property
    def _spread(self) -> float:
        return float(np.abs(self.deviations).max(initial=0.0))

    def _p_values(self, wrong: NDArray[np.intp], side: int) -> Numbers:
        """BCa p-values by how many resamples lie on the wrong side, `side` 1 of those below."""
        total = len(self.deviations) + self.lost
        bias = side * self._bias / sqrt(self.times)
        acceleration = side * self.acceleration / sqrt(self.times)
        away = ndtri((np.minimum(wrong, total - 1) + 1) / (total + 1)) - bias
        # Far out a strong acceleration would turn the order of the limits around.
        stretched = away / np.maximum(1 + acceleration * away, 0.1)
        count = max(2, self._count)
        widened = stdtr(count - 1, (stretched - bias) * sqrt(1 - 1 / count))
        return np.maximum(np.where(wrong >= total, 1.0, widened), self.likeliest**self._count)

    @property
    def _count(self) -> int:
        return round(self.fewest * self.times)

    @property
    def _unvaried(self) -> Unvaried:
        return Unvaried(self.estimate, self._count, self.range, self.endless)

    @property
    def _bias(self) -> float:
        """How far the estimate lies from the resamples' median, in standard errors."""
        total = len(self.deviations)
        below = np.count_nonzero(self.deviations < 0) + np.count_nonzero(self.deviations <= 0)
        return float(ndtri((below / 2 + 0.5) / (total + 1)))


def resample(
    statistic: Callable[..., float],
    *sizes: int,
    seeds: Sequence[Seeds] | None = None,
    resamples: int = RESAMPLES,
) -> Resampled:
    """The evidence on a statistic of records, given as places in one or two samples.

    `statistic` takes one array of indices for each of `sizes`, from 0 to the size less 1. One
    sample serves paired cases too: both runs are read at the same indices. `seeds` are the records'.
    """
    orders = [np.argsort(one, kind="stable") for one in _seeds(sizes, seeds)]
    sown = [one[order] for one, order in zip(_seeds(sizes, seeds), orders, strict=True)]

    def drawn() -> Iterator[float]:
        for each in zip(*(_weights(one, resamples) for one in sown), strict=True):
            for at in range(each[0].shape[1]):
                places = (
                    np.repeat(order, one[:, at]) for order, one in zip(orders, each, strict=True)
                )
                drawn_places = list(places)
                # Of no records there is nothing.
                yield statistic(*drawn_places) if all(map(len, drawn_places)) else nan

    def without() -> Iterator[Numbers]:
        for at, size in enumerate(sizes):
            groups = min(size, _GROUPS)
            # Without its only record a sample has no statistic.
            if groups > 1:
                of_groups = np.arange(size) % groups
                left = (orders[at][of_groups != one] for one in range(groups))
                yield np.array([statistic(*_replaced(orders, at, kept)) for kept in left])

    if not all(sizes):
        return of_no_records(sizes)
    with np.errstate(all="ignore"):
        values = np.fromiter(drawn(), dtype=float, count=resamples)
        return of_resamples(float(statistic(*orders)), sizes, values, without())


def resample_totals(
    statistic: Callable[..., Numbers],
    *samples: NDArray[np.float64],
    seeds: Sequence[Seeds] | None = None,
    resamples: int = RESAMPLES,
) -> Resampled:
    """The evidence on a statistic of column totals, which is much faster than one of indices.

    Each of `samples` has a row for each record and a column for each number that is summed. The
    statistic takes one array of totals for each sample and gives a value for each of their rows: a
    ratio of sums is `lambda totals: totals[:, 0] / totals[:, 1]`. An array with a single row stands
    beside one with many, as in numpy's broadcasting. `seeds` are the records'.
    """
    sizes = [len(one) for one in samples]
    if not all(sizes):
        return of_no_records(sizes)
    sown = _seeds(sizes, seeds)
    orders = [np.argsort(one, kind="stable") for one in sown]
    samples = tuple(one[order] for one, order in zip(samples, orders, strict=True))
    sown = [one[order] for one, order in zip(sown, orders, strict=True)]

    def without() -> Iterator[Numbers]:
        for at, one in enumerate(samples):
            groups = min(len(one), _GROUPS)
            parts = np.stack([one[group::groups].sum(axis=0) for group in range(groups)])
            yield statistic(*_replaced(totals, at, totals[at] - parts))

    with np.errstate(all="ignore"):
        totals = [one.sum(axis=0, keepdims=True) for one in samples]
        drawn = [_drawn_totals(*one, resamples) for one in zip(samples, sown, strict=True)]
        estimate = float(statistic(*totals)[0])
        return of_resamples(estimate, sizes, np.asarray(statistic(*drawn)), without())


def _seeds(sizes: Sequence[int], seeds: Sequence[Seeds] | None) -> list[Seeds]:
    """The records' seeds, by default their places; those of a second sample are others."""
    given = [np.arange(size, dtype=np.uint64) for size in sizes] if seeds is None else seeds
    return [_mixed(one + np.uint64(at) * _ODD) for at, one in enumerate(given)]


def _drawn_totals(rows: Numbers, seeds: Seeds, resamples: int) -> Numbers:
    """The column totals of each resample, as if each had drawn as many records as there are."""
    counted = np.column_stack([rows, np.ones(len(rows))])
    if len(rows) >= 2 * BINS:
        counted, seeds = _binned(counted, seeds), np.arange(BINS, dtype=np.uint64)
    sums = np.concatenate(
        [weights.T.astype(float) @ counted for weights in _weights(seeds, resamples)]
    )
    return sums[:, :-1] * (len(rows) / sums[:, -1:])


def _weights(seeds: Seeds, resamples: int) -> Iterator[NDArray[np.uint8]]:
    """How often each record is drawn: a row a record, a column a resample, some columns at a time."""
    chunk = max(1, CHUNK // len(seeds))
    for start in range(0, resamples, chunk):
        numbers = np.arange(start, min(resamples, start + chunk), dtype=np.uint64)
        yield _DRAWN[_mixed(seeds[:, None] + (numbers + np.uint64(1)) * _ODD) >> np.uint64(48)]


def _mixed(numbers: Seeds) -> Seeds:
    """Numbers that look random of numbers that do not: the output function of SplitMix64.

    Source: G. L. Steele, D. Lea and C. H. Flood, Fast splittable pseudorandom number generators,
    OOPSLA 2014.
    """
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


_ODD = np.uint64(0x9E3779B97F4A7C15)
_DRAWN = np.searchsorted(pdtr(np.arange(12), 1.0), (np.arange(65_536) + 0.5) / 65_536).astype(
    np.uint8
)
"""How often a record is drawn, by 16 random bits: a Poisson number of mean 1."""


def _binned(rows: Numbers, seeds: Seeds) -> Numbers:
    """The sums of groups of rows, where there are many rows.

    A total's second and third cumulant are those of its groups' sums as they are those of its rows,
    so drawing groups of independent rows gives the bootstrap's distribution; the standard error is
    known to 1 / sqrt(2 * BINS), under one in a hundred.
    """
    groups = (seeds % np.uint64(BINS)).astype(np.intp)
    columns = [np.bincount(groups, weights=column, minlength=BINS) for column in rows.T]
    return np.array(columns, dtype=float).T


def _replaced(parts: Sequence[Any], at: int, part: Any) -> list[Any]:
    return [*parts[:at], part, *parts[at + 1 :]]


def of_no_records(sizes: Sequence[int]) -> Resampled:
    """The evidence of no records: none."""
    return Resampled(float("nan"), sizes[0], 0, np.empty(0), RESAMPLES, 0.0)


def of_resamples(
    estimate: float, sizes: Sequence[int], values: Numbers, without: Iterator[Numbers]
) -> Resampled:
    """The evidence by the resamples' values, and by those with each group of records left out."""
    if not isfinite(estimate):
        return replace(of_no_records(sizes), estimate=estimate)
    deviations = values[np.isfinite(values)] - estimate
    # What is only rounding is no deviation.
    deviations[np.abs(deviations) <= 1e-12 * abs(estimate)] = 0.0
    lost = len(values) - len(deviations)
    return Resampled(
        estimate, sizes[0], min(sizes), np.sort(deviations), lost, _acceleration(without)
    )


def _acceleration(without: Iterator[Numbers]) -> float:
    """How fast the statistic's standard error changes with it, by leaving out groups of records.

    A sixth of the skewness of the influences (Efron 1987, equation 6.6); 0 where it does not exist.
    """
    cubes = squares = 0.0
    for values in without:
        influences = (values.mean() - values) * (len(values) - 1) / len(values)
        cubes += float((influences**3).sum())
        squares += float((influences**2).sum())
    size = 6 * squares**1.5
    found = cubes / size if size > 0 else 0.0
    return min(_STRONGEST, max(-_STRONGEST, found)) if isfinite(found) else 0.0
