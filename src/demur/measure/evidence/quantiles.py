"""Evidence on a quantile: order statistics, which hold for every distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, inf, isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from demur.measure.results import Interval


@dataclass(frozen=True, eq=False)
class Quantile:
    """The value below which the given share of the population lies.

    `values` are sorted and may be infinite; `times` is how often they count, for planning. How many
    of n values lie at or below the true quantile is binomial(n, share), whatever the distribution:
    from it come the p-values, and as bounds two of the values themselves.

    Source: W. J. Conover, Practical Nonparametric Statistics, 3rd edition (1999), section 3.2.
    """

    values: NDArray[np.float64] = field(repr=False)
    share: float
    times: float = 1.0

    @staticmethod
    def of(values: Sequence[float] | NDArray[np.float64], share: float) -> Quantile:
        """The quantile of values in any order."""
        return Quantile(np.sort(np.asarray(values, dtype=float)), share)

    @property
    def samples(self) -> int:
        """How many values there are."""
        return round(len(self.values) * self.times)

    @property
    def estimate(self) -> float:
        """The values' own quantile, interpolated linearly; NaN of no values.

        Between a finite and an infinite value, and between two infinite ones, it is the one that is
        nearer in rank: there is nothing in between.
        """
        if not len(self.values):
            return float("nan")
        place = self.share * (len(self.values) - 1)
        low, high = (float(self.values[at]) for at in (floor(place), ceil(place)))
        part = place - floor(place)
        if isfinite(low) and isfinite(high):
            return low + (high - low) * part
        return low if part < 0.5 else high

    @property
    def method(self) -> str:
        """The method's name."""
        return "order statistics (binomial)"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return True

    def interval(self, confidence: float) -> Interval:
        """Two of the values, each a bound at `confidence` at least; infinite where none is."""
        n, alpha = self.samples, 1 - confidence
        # The lower bound is the highest r-th value with P(fewer than r at or below) < alpha.
        rank = int(binom.ppf(alpha, n, self.share)) + 1 if n else 0
        while rank > 0 and not binom.cdf(rank - 1, n, self.share) < alpha:
            rank -= 1
        low = self._value(rank) if rank > 0 else -inf
        rank = int(binom.isf(alpha, n, self.share)) if n else 1
        while rank <= n and not binom.sf(rank - 1, n, self.share) < alpha:
            rank += 1
        return Interval(low, self._value(rank) if rank <= n else inf)

    def above(self, limit: float) -> float:
        """The p-value against "at most `limit`": too few values lie at or below it."""
        count = round(int(np.searchsorted(self.values, limit, side="right")) * self.times)
        return float(binom.cdf(count, self.samples, self.share)) if self.samples else 1.0

    def below(self, limit: float) -> float:
        """The p-value against "at least `limit`": too many values lie below it."""
        count = round(int(np.searchsorted(self.values, limit, side="left")) * self.times)
        return float(binom.sf(count - 1, self.samples, self.share)) if self.samples else 1.0

    def repeated(self, times: float) -> Quantile:
        """The same values `times` times."""
        return Quantile(self.values, self.share, self.times * times)

    def _value(self, rank: int) -> float:
        """The value at a rank from 1, each value counting `times` times."""
        place = ceil(rank / self.times) - 1
        return float(self.values[min(place, len(self.values) - 1)])
