"""What records say that are all alike: as much as the chance lets them say that none differed."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf

from demur.measure.results import Interval

ANYTHING = Interval(-inf, inf)


@dataclass(frozen=True, slots=True)
class Unvaried:
    """Records that all give `value`, which could be anything in `range`.

    Were a share q of all records at an end of the range, `samples` records would show none of them
    with probability (1 - q)^samples, and the true value would lie q of the way to that end. For a
    rate this is the exact binomial test of none, or all: the rule of three. Where the range has no
    end q is `endless`: a half, as in the sign test, which supposes that values are as likely to lie
    above the true one as below it; 0 where even that cannot be supposed.
    """

    value: float
    samples: int
    range: Interval = ANYTHING
    endless: float = 0.5

    def interval(self, confidence: float) -> Interval:
        """Both bounds, each at `confidence`."""
        return Interval(
            self._bound(self.range.low, confidence), self._bound(self.range.high, confidence)
        )

    def above(self, limit: float) -> float:
        """The p-value against "the true value is at most `limit`"."""
        return self._p_value(limit, self.range.low) if limit < self.value else 1.0

    def below(self, limit: float) -> float:
        """The p-value against "the true value is at least `limit`"."""
        return self._p_value(limit, self.range.high) if limit > self.value else 1.0

    def _p_value(self, limit: float, end: float) -> float:
        share = self.endless if isinf(end) else 1.0
        if not isinf(end) and abs(limit - self.value) < abs(end - self.value):
            share = (limit - self.value) / (end - self.value)
        return (1 - share) ** self.samples

    def _bound(self, end: float, confidence: float) -> float:
        if isinf(end):
            is_enough = (1 - self.endless) ** self.samples < 1 - confidence
            return self.value if is_enough else end
        share = 1 - (1 - confidence) ** (1 / self.samples) if self.samples else 1.0
        return self.value + share * (end - self.value)
