"""Evidence: what records say of a true value, as bounds and as tests; one kind a file."""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, inf, sqrt
from typing import Protocol

from demur.measure.results import Interval


class Evidence(Protocol):
    """What records say of the true value of a metric, or of a difference.

    Bounds and tests are one: the lower bound at confidence c lies above a limit exactly when
    `above(limit) < 1 - c`, and the upper bound below it exactly when `below(limit) < 1 - c`.
    """

    @property
    def method(self) -> str:
        """The name of the method, for a reader: `bootstrap (BCa)`."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether a bound that lies on a limit clears it, where equality is allowed.

        So it is of exact bounds: one that misses the true value, by lying below it, does so at most as
        often as agreed, and so one on the limit lies below a true value beyond it at most as often.
        An approximate bound keeps no such promise where it has values of its own, as of few records.
        """
        ...

    @property
    def estimate(self) -> float:
        """The value that the records themselves have."""
        ...

    @property
    def samples(self) -> int:
        """The records, or pairs of records, that count."""
        ...

    def interval(self, confidence: float) -> Interval:
        """The one-sided lower and the one-sided upper bound, each at `confidence`."""
        ...

    def above(self, limit: float) -> float:
        """The p-value against "the true value is at most `limit`"; small where it is above."""
        ...

    def below(self, limit: float) -> float:
        """The p-value against "the true value is at least `limit`"; small where it is below."""
        ...

    def repeated(self, times: float) -> Evidence:
        """The evidence if the same records had come `times` times, for planning."""
        ...


def crossing(score: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Where the falling function `score` takes `level`, between `low` and `high`.

    An end of the range is the answer where `score` does not cross the level within it. The score
    may be infinite at the ends.
    """
    if not score(low) > level:
        return low
    if not score(high) < level:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if score(middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def standard_errors(away: float, variance: float) -> float:
    """A difference of shares in standard errors.

    Where the variance is none but for rounding, a difference is beyond all errors, and one that is
    itself only rounding is none.
    """
    if variance > 1e-12:
        return away / sqrt(variance)
    return 0.0 if abs(away) < 1e-6 else copysign(inf, away)
