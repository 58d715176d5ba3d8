"""What a few changed cases say of a difference of rates, exactly: too few to be drawn anew from."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from scipy.special import betainc, betaincc, betaincinv

from demur.measure.results import Interval

FEW = 10
"""Changed cases below which the bootstrap has too little to draw from."""


@dataclass(frozen=True, slots=True)
class FewChanges:
    """Of `cases` pairs, `raised` came out so that the rate is higher than in the baseline, `lowered` lower.

    They are counted in whole changes, so that a case that merely no longer counts is a part of one.
    `offset` is what the statistic lacks to the difference of the rates. For the difference to be d the
    share of cases raised must be d at least, and for it to be none or less a change must be as likely
    either way: no p-value is less than the binomial chance of that.
    """

    raised: float
    lowered: float
    cases: int
    offset: float

    def above(self, limit: float) -> float:
        """The least p-value against "the statistic's true value is at most `limit`"."""
        return _least(limit + self.offset, self.raised, self.lowered, self.cases)

    def below(self, limit: float) -> float:
        """The least p-value against "the statistic's true value is at least `limit`"."""
        return _least(-limit - self.offset, self.lowered, self.raised, self.cases)

    def interval(self, confidence: float) -> Interval:
        """What the bounds, each at `confidence`, must reach to at least."""
        low = _reach(self.raised, self.lowered, self.cases, confidence)
        high = _reach(self.lowered, self.raised, self.cases, confidence)
        return Interval(-low - self.offset, high - self.offset)

    def repeated(self, times: float) -> FewChanges | None:
        """The same changes `times` times; None where they are no longer few."""
        raised, lowered = self.raised * times, self.lowered * times
        if raised + lowered >= FEW:
            return None
        return FewChanges(raised, lowered, round(self.cases * times), self.offset)


def _least(difference: float, raised: float, lowered: float, cases: int) -> float:
    either_way = _by_chance(raised, lowered)
    if difference >= 0:
        return either_way
    if difference <= -1:
        return 0.0
    return min(either_way, float(betaincc(lowered + 1, max(cases - lowered, 1e-9), -difference)))


def _reach(raised: float, lowered: float, cases: int, confidence: float) -> float:
    """How far below 0 the difference's lower bound must lie at least; minus infinity for no matter."""
    if _by_chance(raised, lowered) < 1 - confidence:
        return -inf
    return float(betaincinv(lowered + 1, max(cases - lowered, 1e-9), confidence))


def _by_chance(raised: float, lowered: float) -> float:
    """How likely so many changes or more are raises, when each is as likely a raise as not."""
    return float(betainc(raised, lowered + 1, 0.5)) if raised > 0 else 1.0
