"""What records say of which only a few differ from the rest: too few to be drawn anew from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isinf

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betaincinv

from demur.measure.evidence.unvaried import ANYTHING
from demur.measure.results import Interval

FEW = 10
"""Changed cases below which the bootstrap has too little to draw from."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class FewChanges:
    """Of `cases` records, or pairs, nearly all say `usual`; few lie above it, and few below.

    `raised` and `lowered` are how far these lie away, all together, and `largest` how far one of them
    does at most; `range` is what a record could say at all. They are counted in whole changes, as far
    as a record can lie away, so that a case that merely no longer counts is a part of one. For the
    true value to be d below the usual one, the share of records at the end of the range must be d of
    the way there, and for it to be the usual one or less, a change must be as likely either way
    (`likely` at most the one seen): no p-value is less than the binomial chance of that. Where the
    range has no end, a change counts as much as the largest seen, and `endless` is as in `Unvaried`.
    """

    raised: float
    lowered: float
    cases: int
    usual: float = 0.0
    range: Interval = ANYTHING
    largest: float = 1.0
    likely: float = 0.5
    endless: float = 0.5

    def above(self, limit: float) -> float:
        """The least p-value against "the true value is at most `limit`"."""
        return self._side(self.usual - self.range.low).least(limit - self.usual)

    def below(self, limit: float) -> float:
        """The least p-value against "the true value is at least `limit`"."""
        return self._mirrored._side(self.range.high - self.usual).least(self.usual - limit)

    def interval(self, confidence: float) -> Interval:
        """What the bounds, each at `confidence`, must reach to at least."""
        low = self._side(self.usual - self.range.low).reach(confidence)
        high = self._mirrored._side(self.range.high - self.usual).reach(confidence)
        return Interval(self.usual - low, self.usual + high)

    def repeated(self, times: float) -> FewChanges | None:
        """The same changes `times` times; None where they are no longer few."""
        more = replace(
            self,
            raised=self.raised * times,
            lowered=self.lowered * times,
            cases=round(self.cases * times),
        )
        return more if more.are_few else None

    def rescaled(self, factor: float) -> FewChanges:
        """The changes of a value that is `factor` times this one."""
        found = self if factor > 0 else self._mirrored
        ends = factor * self.range.low, factor * self.range.high
        size = abs(factor)
        return replace(
            found,
            raised=size * found.raised,
            lowered=size * found.lowered,
            usual=factor * self.usual,
            range=Interval(min(ends), max(ends)),
            largest=size * self.largest,
        )

    @property
    def are_few(self) -> bool:
        """Whether the records lie away from the usual no more than few of the farthest would."""
        return self.raised + self.lowered < FEW * self.largest

    @property
    def _mirrored(self) -> FewChanges:
        return replace(self, raised=self.lowered, lowered=self.raised)

    def _side(self, fall: float) -> _Side:
        unit = self.largest if isinf(fall) else fall
        if unit <= 0:
            return _Side(0.0, 0.0, self.cases, 0.0, self.likely, self.endless)
        most = float(self.cases)
        raised, lowered = (min(most, one / unit) for one in (self.raised, self.lowered))
        return _Side(raised, lowered, self.cases, fall, self.likely, self.endless)


def few_that_differ(
    values: NDArray[np.float64],
    range: Interval = ANYTHING,
    endless: float = 0.5,
    scale: float = 0.0,
) -> FewChanges | None:
    """What the values say where few of them differ from the middle one; None where many do.

    `scale` is how large the numbers are of which the values are made: less than its rounding is no
    difference.
    """
    return few_of_samples([values], range, endless, scale)


def few_of_samples(
    samples: list[NDArray[np.float64]], range: Interval, endless: float, scale: float
) -> FewChanges | None:
    """The same of values from several samples, of which each lies around its own middle one.

    All are of one statistic: a sample's middle value is that of the statistic as far as it goes by it.
    """
    sizes = [len(one) for one in samples]
    if not all(sizes) or not all(bool(np.isfinite(one).all()) for one in samples):
        return None
    mean = float(samples[0].mean())
    middles = [float(np.median(one)) for one in samples]
    away = np.concatenate([one - middle for one, middle in zip(samples, middles, strict=True)])
    largest = float(np.abs(away).max())
    rounding = _ROUNDING * max(scale, *map(abs, middles))
    if largest <= rounding:
        away, largest = np.zeros(len(away)), 1.0
    usual = int((np.abs(away) <= rounding).sum())
    if isinf(range.low) and isinf(range.high) and 2 * usual <= len(away):
        # Where neither a bound nor a value that most have says what a record could be, it is the
        # spread of the values that does.
        return None
    found = FewChanges(
        float(away[away > 0].sum()),
        float(-away[away < 0].sum()),
        min(sizes),
        middles[0] if len(samples) == 1 else mean + sum(one - mean for one in middles),
        range,
        largest,
        0.5 if len(samples) == 1 else max(sizes) / sum(sizes),
        endless,
    )
    return found if found.are_few else None


@dataclass(frozen=True, slots=True)
class _Side:
    """The changes in whole ones, and how far a record could fall below the usual value."""

    raised: float
    lowered: float
    cases: int
    fall: float
    likely: float
    endless: float

    def least(self, difference: float) -> float:
        either_way = self._either_way()
        if difference >= 0:
            return either_way
        share = self.endless if isinf(self.fall) else 1.0
        if not isinf(self.fall) and -difference < self.fall:
            share = -difference / self.fall
        return min(either_way, self._none_seen(share))

    def reach(self, confidence: float) -> float:
        """How far below the usual the bound must lie; minus infinity where that is no matter."""
        if self._either_way() < 1 - confidence:
            return -inf
        if isinf(self.fall):
            return 0.0 if self._none_seen(self.endless) < 1 - confidence else inf
        rest = max(self.cases - self.lowered, 1e-9)
        return self.fall * float(betaincinv(self.lowered + 1, rest, confidence))

    def _either_way(self) -> float:
        """How likely so many changes or more are raises."""
        if self.raised <= 0:
            return 1.0
        return float(betainc(self.raised, self.lowered + 1, self.likely))

    def _none_seen(self, share: float) -> float:
        """How likely no more than `lowered` records are among this share of all."""
        if share >= 1:
            return 0.0
        return float(betaincc(self.lowered + 1, max(self.cases - self.lowered, 1e-9), share))
