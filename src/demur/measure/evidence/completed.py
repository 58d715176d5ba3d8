"""Evidence where records are unknown: as sure as the least sure of what they could be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from demur.measure.evidence import Evidence
from demur.measure.results import Interval


@dataclass(frozen=True)
class Completed:
    """The evidence with the unknown records at the `worst`, and with each of `others` they could be.

    A requirement (of a value `is_upper` is to stay below its limit) is shown to hold only where each
    of them shows it: a worse record may well make a sample more even, or take the place of one that
    made it uneven, and so its mean surer. Against the requirement the worst speaks alone. The others
    are not computed before they are asked for.
    """

    worst: Evidence
    others: tuple[Callable[[], Evidence], ...]
    is_upper: bool
    times: float = 1.0

    @property
    def method(self) -> str:
        """The method of the evidence with the unknown at the worst."""
        return self.worst.method

    @property
    def is_closed(self) -> bool:
        """Whether a bound on the limit clears it for each of them."""
        return all(one.is_closed for one in self._all)

    @property
    def estimate(self) -> float:
        """The value with the unknown at the worst."""
        return self.worst.estimate

    @property
    def samples(self) -> int:
        """The records that count."""
        return self.worst.samples

    def interval(self, confidence: float) -> Interval:
        """The bounds: against the requirement the worst's, for it the widest of all."""
        found = [one.interval(confidence) for one in self._all]
        if self.is_upper:
            return Interval(found[0].low, max(one.high for one in found))
        return Interval(min(one.low for one in found), found[0].high)

    def above(self, limit: float) -> float:
        """The p-value against "the true value is at most `limit`"."""
        if self.is_upper:
            return self.worst.above(limit)
        return max(one.above(limit) for one in self._all)

    def below(self, limit: float) -> float:
        """The p-value against "the true value is at least `limit`"."""
        if not self.is_upper:
            return self.worst.below(limit)
        return max(one.below(limit) for one in self._all)

    def repeated(self, times: float) -> Completed:
        """The same of `times` as many records, the unknown ones among them."""
        return replace(self, worst=self.worst.repeated(times), times=self.times * times)

    @cached_property
    def _all(self) -> list[Evidence]:
        """Made anew for each number of times; what is costly is kept by those who make it."""
        others = [one() for one in self.others]
        if self.times != 1.0:
            others = [one.repeated(self.times) for one in others]
        return [self.worst, *others]
