"""Evidence on the greatest difference between two distributions of numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp, kstwo

from demur.measure.results import Interval

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """The distance between the empirical distributions of `size` and of `others` records.

    It lies no further from the true distance than that between two samples of one distribution would
    be from zero, which Kolmogorov's distribution bounds; for ties it bounds from above, and for
    distributions that differ too. As a bound beside a limit this is the test of Smirnov (1939).

    Sources: F. J. Massey, The Kolmogorov-Smirnov test for goodness of fit, Journal of the American
    Statistical Association 46 (1951); R. Simard and P. L'Ecuyer, Computing the two-sided
    Kolmogorov-Smirnov distribution, Journal of Statistical Software 39 (2011), of its computation.
    """

    estimate: float
    size: int
    others: int
    times: float = 1.0

    @staticmethod
    def of(now: Numbers, before: Numbers) -> KolmogorovSmirnov:
        """The evidence of two samples, infinite numbers among them."""
        if not len(now) or not len(before):
            return KolmogorovSmirnov(nan, len(now), len(before))
        # The p-value is not used: the exact one takes long, the other divides by zero for few records.
        with np.errstate(divide="ignore"):
            found: Any = ks_2samp(now, before, method="asymp")
        return KolmogorovSmirnov(float(found.statistic), len(now), len(before))

    @property
    def method(self) -> str:
        """The method's name."""
        return "Kolmogorov-Smirnov"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return True

    def interval(self, confidence: float) -> Interval:
        """The bounds on the true distance, each at `confidence`."""
        away = float(kstwo.isf(1 - confidence, self._effective))
        return Interval(max(0.0, self.estimate - away), min(1.0, self.estimate + away))

    def above(self, limit: float) -> float:
        """The p-value against "the true distance is at most `limit`"."""
        return self._chance(self.estimate - limit)

    def below(self, limit: float) -> float:
        """The p-value against "the true distance is at least `limit`"."""
        return self._chance(limit - self.estimate)

    def repeated(self, times: float) -> KolmogorovSmirnov:
        """The same distance, from which chance takes less."""
        return replace(self, times=self.times * times)

    @property
    def samples(self) -> int:
        """The records of the current run."""
        return round(self.size * self.times)

    @property
    def _effective(self) -> int:
        """The size of one sample that is as uncertain as the two."""
        return max(1, round(self.times * self.size * self.others / (self.size + self.others)))

    def _chance(self, away: float) -> float:
        return float(kstwo.sf(max(0.0, away), self._effective))
