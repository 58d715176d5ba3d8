"""Evidence on a mean: Student's t, corrected for the skewness of costs and latencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cbrt, inf, isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from demur.measure.evidence.few_changes import FewChanges, few_that_differ
from demur.measure.evidence.unvaried import ANYTHING, Unvaried
from demur.measure.results import Interval


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of `samples` values with their standard deviation (of n - 1) and their skewness.

    `range` is what values there can be, which bounds the mean where all that were seen are equal; and
    no p-value is less than what `few` values that differ from the others allow.

    The studentised mean T of a skewed population is itself skewed, so that its plain t bounds miss
    on one side. Hall's transformation, monotone and invertible, takes that away: with g the
    skewness, T + g (T² / 3 + 1 / 6) / √n + g² T³ / (27 n) is held against Student's t. Without
    skewness the bounds are those of the t-test.

    Sources: P. Hall, On the removal of skewness by transformation, Journal of the Royal Statistical
    Society B 54 (1992); X.-H. Zhou and S. Gao, One-sided confidence intervals for means of
    positively skewed distributions, The American Statistician 54 (2000).
    """

    mean: float
    deviation: float
    skewness: float
    samples: int
    range: Interval = ANYTHING
    few: FewChanges | None = None

    @staticmethod
    def of(values: Sequence[float] | NDArray[np.float64], range: Interval = ANYTHING) -> Mean:
        """The mean of values. An infinite one makes it infinite, and nothing bounds it then."""
        # In one order, so that the sums are the same whatever order the records came in.
        numbers = np.sort(np.asarray(values, dtype=float))
        count = len(numbers)
        if not count:
            return Mean(nan, inf, 0.0, 0)
        # Equal values may differ from their rounded mean; they have no deviation for all that.
        if isfinite(numbers[0]) and bool((numbers == numbers[0]).all()):
            return Mean(float(numbers[0]), 0.0, 0.0, count, range)
        with np.errstate(all="ignore"):
            mean = float(numbers.mean())
            away = numbers - mean
            spread = float(np.sqrt(np.mean(away**2)))
            skewness = float(np.mean((away / spread) ** 3))
        if not (isfinite(spread) and isfinite(skewness)):
            return Mean(mean, inf, 0.0, count)
        deviation = spread * sqrt(count / (count - 1))
        return Mean(mean, deviation, skewness, count, range, few_that_differ(numbers, range))

    @property
    def estimate(self) -> float:
        """The mean of the values."""
        return self.mean

    @property
    def method(self) -> str:
        """The method's name."""
        return "Student's t with Hall's skewness correction"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return False

    def interval(self, confidence: float) -> Interval:
        """Hall's bounds, each at `confidence`.

        Infinite where fewer than two values, or an infinite one, say nothing of the spread. Values
        that are all equal have the bounds of `Unvaried`.
        """
        if not self._is_bounded:
            return Interval(-inf, inf)
        if self.deviation == 0:
            return self._unvaried.interval(confidence)
        quantile = float(stdtrit(self.samples - 1, confidence))
        error = self.deviation / sqrt(self.samples)
        low, high = (self.mean - error * self._skewed(one) for one in (quantile, -quantile))
        if self.few is None:
            return Interval(low, high)
        least = self.few.interval(confidence)
        return Interval(min(low, least.low), max(high, least.high))

    def above(self, limit: float) -> float:
        """The p-value against "the true mean is at most `limit`"."""
        return self._p_value(limit, 1)

    def below(self, limit: float) -> float:
        """The p-value against "the true mean is at least `limit`"."""
        return self._p_value(limit, -1)

    def repeated(self, times: float) -> Mean:
        """The same mean, deviation and skewness of `times` as many values."""
        few = None if self.few is None else self.few.repeated(times)
        return replace(self, samples=round(self.samples * times), few=few)

    @property
    def _is_bounded(self) -> bool:
        return self.samples > 1 and isfinite(self.mean) and isfinite(self.deviation)

    def _p_value(self, limit: float, side: int) -> float:
        if not self._is_bounded:
            return 1.0
        if self.deviation == 0:
            return self._unvaried.above(limit) if side > 0 else self._unvaried.below(limit)
        studentised = self._plain((self.mean - limit) / self.deviation * sqrt(self.samples))
        found = float(stdtr(self.samples - 1, -side * studentised))
        if self.few is None:
            return found
        return max(found, self.few.above(limit) if side > 0 else self.few.below(limit))

    def _plain(self, studentised: float) -> float:
        """Hall's transformation: a studentised mean with its skewness taken away."""
        tilted = self._tilt * studentised
        return studentised * (1 + tilted * (1 + tilted / 3)) + self._tilt / 2

    def _skewed(self, plain: float) -> float:
        """The inverse of `_plain`."""
        tilt = self._tilt
        if abs(tilt) < 1e-9:
            return plain
        return (cbrt(1 + 3 * tilt * (plain - tilt / 2)) - 1) / tilt

    @property
    def _unvaried(self) -> Unvaried:
        return Unvaried(self.mean, self.samples, self.range)

    @property
    def _tilt(self) -> float:
        return self.skewness / (3 * sqrt(self.samples))
