"""Evidence on a rate: the exact binomial test and Clopper and Pearson's bounds, which invert it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betainc, betaincc, betaincinv

from demur.measure.results import Interval


@dataclass(frozen=True, slots=True)
class Rate:
    """Of `samples` records `successes` hold.

    Exact, since rates that gates watch are often near 0 or 1. There the score test, whose inversion
    are Wilson's bounds, rejects what just meets its limit in up to 14 % of runs at a nominal 5 %,
    and of twenty small slices one in over a quarter of runs, even after Holm's correction.

    Source: C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in
    the case of the binomial, Biometrika 26 (1934).
    """

    successes: float
    samples: int

    @property
    def estimate(self) -> float:
        """The share that holds; NaN of no records."""
        return self.successes / self.samples if self.samples else float("nan")

    @property
    def method(self) -> str:
        """The method's name."""
        return "exact binomial (Clopper-Pearson)"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return True

    def interval(self, confidence: float) -> Interval:
        """Clopper and Pearson's bounds, each at `confidence`; from 0 to 1 of no records."""
        holds, fails = self.successes, self.samples - self.successes
        low = float(betaincinv(holds, fails + 1, 1 - confidence)) if holds > 0 else 0.0
        high = float(betaincinv(holds + 1, fails, confidence)) if fails > 0 else 1.0
        return Interval(low, high)

    def above(self, limit: float) -> float:
        """The p-value against "the true rate is at most `limit`": so many holding, or more."""
        if limit < 0.0:
            return 0.0 if self.samples else 1.0
        if self.successes <= 0 or limit >= 1.0:
            return 1.0
        return float(betainc(self.successes, self.samples - self.successes + 1, limit))

    def below(self, limit: float) -> float:
        """The p-value against "the true rate is at least `limit`": so many holding, or fewer."""
        if limit > 1.0:
            return 0.0 if self.samples else 1.0
        if self.successes >= self.samples or limit <= 0.0:
            return 1.0
        return float(betaincc(self.successes + 1, self.samples - self.successes, limit))

    def repeated(self, times: float) -> Rate:
        """The same rate of `times` as many records."""
        samples = round(self.samples * times)
        return Rate(self.estimate * samples if samples else 0.0, samples)
