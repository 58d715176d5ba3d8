"""Evidence on a value that is another one, times a factor and moved: 1 - rate(x), 100 * rate(x)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demur.measure.evidence import Evidence
from demur.measure.results import Interval


@dataclass(frozen=True, slots=True)
class Rescaled:
    """The evidence on `factor` times the value of `of`, and `added`; the factor is not 0."""

    of: Evidence
    factor: float
    added: float = 0.0

    @property
    def method(self) -> str:
        """The method of the evidence on the value itself."""
        return self.of.method

    @property
    def is_closed(self) -> bool:
        """As of the value itself."""
        return self.of.is_closed

    @property
    def estimate(self) -> float:
        """The value as it is written."""
        return self._written(self.of.estimate)

    @property
    def samples(self) -> int:
        """The records that count."""
        return self.of.samples

    def interval(self, confidence: float) -> Interval:
        """The bounds, each at `confidence`."""
        found = self.of.interval(confidence)
        ends = self._written(found.low), self._written(found.high)
        return Interval(min(ends), max(ends))

    def above(self, limit: float) -> float:
        """The p-value against "the true value is at most `limit`"."""
        return (self.of.above if self.factor > 0 else self.of.below)(self._itself(limit))

    def below(self, limit: float) -> float:
        """The p-value against "the true value is at least `limit`"."""
        return (self.of.below if self.factor > 0 else self.of.above)(self._itself(limit))

    def repeated(self, times: float) -> Rescaled:
        """The same of `times` as many records."""
        return replace(self, of=self.of.repeated(times))

    def _written(self, value: float) -> float:
        return self.factor * value + self.added

    def _itself(self, limit: float) -> float:
        # What only rounding tells from a value is that value: 1 - 0.98 is 0.02.
        return float(f"{(limit - self.added) / self.factor:.12g}")
