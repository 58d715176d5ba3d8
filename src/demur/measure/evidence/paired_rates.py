"""Evidence on the difference of two rates over the same cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

from scipy.special import betainc, ndtr, ndtri

from demur.measure.evidence import crossing, standard_errors
from demur.measure.evidence.chances import of_pairs
from demur.measure.results import Interval


@dataclass(frozen=True, slots=True)
class PairedRates:
    """Cases by where the condition holds: in both runs, in one only, or in neither.

    The value is the current rate less the baseline's, from -1 to 1. Bounds and tests are Tango's
    score test for a margin and its inversion. At a margin of exactly 0 the p-values are McNemar's
    exact ones; at others none is less than the exact chance at the likeliest rates (`chances`).
    Both hold for few cases too and are the larger: a bound may clear the margin while the test does
    not reject, and a verdict goes by the test.

    Sources: T. Tango, Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design, Statistics in Medicine 17 (1998); Q. McNemar, Note on the sampling
    error of the difference between correlated proportions, Psychometrika 12 (1947).
    """

    both: float
    only_current: float
    only_baseline: float
    neither: float

    @property
    def samples(self) -> int:
        """How many cases there are."""
        return round(self._cases)

    @property
    def estimate(self) -> float:
        """The current rate less the baseline's; NaN of no cases."""
        cases = self._cases
        return (self.only_current - self.only_baseline) / cases if cases else float("nan")

    @property
    def method(self) -> str:
        """The method's name."""
        return "Tango score; exact McNemar where the margin is 0"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return False

    def interval(self, confidence: float) -> Interval:
        """Tango's bounds, each at `confidence`."""
        if not self._cases:
            return Interval(-1.0, 1.0)
        z = float(ndtri(confidence))
        return Interval(
            crossing(self._score, z, -1.0, self.estimate),
            crossing(self._score, -z, self.estimate, 1.0),
        )

    def above(self, limit: float) -> float:
        """The p-value against "the true difference is at most `limit`"."""
        if limit == 0:
            return _at_least(self.only_current, self.only_baseline)
        if not self._cases:
            return 1.0
        return max(float(ndtr(-self._score(limit))), self._chance(limit))

    def below(self, limit: float) -> float:
        """The p-value against "the true difference is at least `limit`"."""
        if limit == 0:
            return _at_least(self.only_baseline, self.only_current)
        if not self._cases:
            return 1.0
        mirrored = replace(self, only_current=self.only_baseline, only_baseline=self.only_current)
        return max(float(ndtr(self._score(limit))), mirrored._chance(-limit))

    def repeated(self, times: float) -> PairedRates:
        """Each count `times` times."""
        counts = (self.both, self.only_current, self.only_baseline, self.neither)
        return PairedRates(*(count * times for count in counts))

    @property
    def _cases(self) -> float:
        return self.both + self.only_current + self.only_baseline + self.neither

    def _score(self, margin: float) -> float:
        """Tango's statistic: the difference less the margin, in standard errors at the margin."""
        n = self._cases
        gained, lost = self.only_current, self.only_baseline
        away = (gained - lost) / n - margin
        if abs(margin) >= 1:
            return inf if away > 0 else -inf if away < 0 else 0.0
        return standard_errors(away, (2 * self._lost(margin) + margin * (1 - margin)) / n)

    def _chance(self, margin: float) -> float:
        """How likely such a difference, or a greater one, is where the true one is the margin."""
        if abs(margin) >= 1:
            return 0.0
        lost = min(1.0, max(0.0, -margin, self._lost(margin)))
        return of_pairs(self.estimate, min(1.0, lost + margin), lost, max(1, self.samples))

    def _lost(self, margin: float) -> float:
        """The likeliest share of cases lost, given that the true difference is the margin."""
        n, gained, lost = self._cases, self.only_current, self.only_baseline
        linear = (2 * n - gained + lost) * margin - gained - lost
        constant = -lost * margin * (1 - margin)
        return (sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)


def _at_least(count: float, other: float) -> float:
    """How likely `count` or more of both together are when each case falls to either side alike.

    The binomial tail, as the incomplete beta function, which takes planned counts that are no ints.
    """
    return float(betainc(count, other + 1, 0.5)) if count > 0 else 1.0
