"""Evidence on the difference of two rates over different records."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, copysign, cos, inf, pi, sqrt

from scipy.special import ndtr, ndtri

from demur.measure.evidence import crossing, standard_errors
from demur.measure.evidence.chances import of_two_samples
from demur.measure.results import Interval


@dataclass(frozen=True, slots=True)
class TwoRates:
    """`successes` of `size` records now, `baseline_successes` of `baseline_size` in the baseline.

    The value is the current rate less the baseline's, from -1 to 1. Bounds and tests are the score
    test of Miettinen and Nurminen, with the likeliest rates that differ by the margin. No p-value is
    less than the exact chance at these rates (`chances`): where the condition is rare a bound may
    clear a margin and the test not, and a verdict goes by the test.

    Source: O. Miettinen and M. Nurminen, Comparative analysis of two rates, Statistics in Medicine 4
    (1985), equations 8, 9 and 27.
    """

    successes: float
    size: float
    baseline_successes: float
    baseline_size: float

    @property
    def samples(self) -> int:
        """The records of the current run."""
        return round(self.size)

    @property
    def estimate(self) -> float:
        """The current rate less the baseline's; NaN where one of them has no records."""
        if not self._is_measured:
            return float("nan")
        return self.successes / self.size - self.baseline_successes / self.baseline_size

    @property
    def method(self) -> str:
        """The method's name."""
        return "Miettinen-Nurminen score, exact where rare"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return False

    def interval(self, confidence: float) -> Interval:
        """The score test's bounds, each at `confidence`."""
        if not self._is_measured:
            return Interval(-1.0, 1.0)
        z = float(ndtri(confidence))
        return Interval(
            crossing(self._score, z, -1.0, self.estimate),
            crossing(self._score, -z, self.estimate, 1.0),
        )

    def above(self, limit: float) -> float:
        """The p-value against "the true difference is at most `limit`"."""
        if not self._is_measured:
            return 1.0
        return max(float(ndtr(-self._score(limit))), self._chance(limit))

    def below(self, limit: float) -> float:
        """The p-value against "the true difference is at least `limit`"."""
        if not self._is_measured:
            return 1.0
        mirrored = TwoRates(self.baseline_successes, self.baseline_size, self.successes, self.size)
        return max(float(ndtr(self._score(limit))), mirrored._chance(-limit))

    def repeated(self, times: float) -> TwoRates:
        """Each count of both runs `times` times."""
        return TwoRates(
            self.successes * times,
            self.size * times,
            self.baseline_successes * times,
            self.baseline_size * times,
        )

    @property
    def _is_measured(self) -> bool:
        return self.size > 0 and self.baseline_size > 0

    def _chance(self, margin: float) -> float:
        """How likely such a difference, or a greater one, is where the true one is the margin."""
        if abs(margin) >= 1:
            return 0.0
        now, before = self._likeliest(margin)
        sizes = max(1, round(self.size)), max(1, round(self.baseline_size))
        return of_two_samples(self.estimate, now, sizes[0], before, sizes[1])

    def _score(self, margin: float) -> float:
        """The difference less the margin, in standard errors at the margin."""
        away = self.estimate - margin
        if abs(margin) >= 1:
            return inf if away > 0 else -inf if away < 0 else 0.0
        now, before = self._likeliest(margin)
        variance = now * (1 - now) / self.size + before * (1 - before) / self.baseline_size
        total = self.size + self.baseline_size
        variance *= total / (total - 1)
        return standard_errors(away, variance)

    def _likeliest(self, margin: float) -> tuple[float, float]:
        """The rates now and before that are likeliest among those which differ by the margin.

        The baseline's is a root of the cubic equation that the derivative of the likelihood gives.
        """
        total, holding = self.size + self.baseline_size, self.successes + self.baseline_successes
        square = (self.size + 2 * self.baseline_size) * margin - total - holding
        linear = (
            self.baseline_size * margin - total - 2 * self.baseline_successes
        ) * margin + holding
        constant = self.baseline_successes * margin * (1 - margin)
        third = square / (3 * total)
        offset = third**3 - linear * square / (6 * total**2) + constant / (2 * total)
        radius = copysign(sqrt(max(0.0, third**2 - linear / (3 * total))), offset)
        turn = offset / radius**3 if radius else 0.0
        angle = (pi + acos(min(1.0, max(-1.0, turn)))) / 3
        before = 2 * radius * cos(angle) - third
        return _share(before + margin), _share(before)


def _share(value: float) -> float:
    """A rate that rounding may have put outside 0 to 1."""
    return min(1.0, max(0.0, value))
