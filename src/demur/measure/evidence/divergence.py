"""Evidence on how far two distributions lie apart, by counts of records in bins or categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import chndtr

from demur.measure.evidence import crossing
from demur.measure.results import Interval

Counts = NDArray[np.int64]
"""Records by bin, in the last axis."""
PERMUTATIONS = 500
"""Enough for a mean and a variance, which is all that is taken of them."""


def jensen_shannon(now: Counts, before: Counts) -> NDArray[np.float64]:
    """The Jensen-Shannon distance to base 2, from 0 to 1: the root of the divergence.

    Source: J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on
    Information Theory 37 (1991); the root: D. M. Endres and J. E. Schindelin, A new metric for
    probability distributions, IEEE Transactions on Information Theory 49 (2003).
    """
    distance: Any = jensenshannon
    return np.nan_to_num(distance(now, before, base=2, axis=-1))


def psi(now: Counts, before: Counts) -> NDArray[np.float64]:
    """The population stability index: the sum of (p - q) ln(p / q) over the bins.

    Half a record is added to every bin of both, so that an empty one is no infinity. Source: B.
    Yurdakul, Statistical properties of population stability index, Western Michigan University (2018).
    """
    p, q = ((one + 0.5) / (one + 0.5).sum(axis=-1, keepdims=True) for one in (now, before))
    return ((p - q) * np.log(p / q)).sum(axis=-1)


@dataclass(frozen=True, slots=True)
class Method:
    """A measure of counts, and how much of it chance adds: `unit` for each degree of freedom.

    `power` makes of the measure what adds up like a squared distance; `unit` is for one record in
    either run. `most` is what it can be at most.
    """

    measure: Callable[[Counts, Counts], NDArray[np.float64]]
    power: int
    unit: float
    most: float


METHODS: Mapping[str, Method] = {
    "jensen_shannon": Method(jensen_shannon, 2, 1 / (8 * np.log(2)), 1.0),
    "psi": Method(psi, 1, 1.0, inf),
}


@dataclass(frozen=True, slots=True)
class Divergence:
    """How far apart the counts of two runs lie, and how far chance alone sets them.

    Of n records from the same distribution the divergence is not zero, but follows, for many
    records, a multiple of chi-square. The multiple `scale` and the degrees of `freedom` are those
    that give the mean and the variance of random permutations of the records over the two runs, so
    that few records and rare values are counted in (F. E. Satterthwaite, Biometrics Bulletin 2,
    1946). Of distributions that do differ, by d, it follows the noncentral chi-square with the
    noncentrality d / scale, whose inversion gives bounds that chance does not bias. A divergence less
    than chance gives on average is taken for that average, so that luck proves nothing.

    Sources: S. Kullback, Information Theory and Statistics (1959), chapter 6; R. A. Fisher, The Design
    of Experiments (1935), of permutations.
    """

    estimate: float
    size: int
    scale: float
    freedom: float
    power: int
    most: float
    times: float = 1.0

    @property
    def method(self) -> str:
        """The method's name."""
        return "noncentral chi-square, by permutations"

    @property
    def is_closed(self) -> bool:
        """Whether a bound on a limit clears it where equality is allowed."""
        return False

    def interval(self, confidence: float) -> Interval:
        """The bounds on the true divergence, each at `confidence`."""
        low = self._bound(self._found, confidence)
        high = self._bound(self._no_luck, 1 - confidence)
        return Interval(self._unsquared(low), self._unsquared(high))

    def above(self, limit: float) -> float:
        """The p-value against "the true divergence is at most `limit`"."""
        return 1.0 - self._chance(self._found, self._squared(limit))

    def below(self, limit: float) -> float:
        """The p-value against "the true divergence is at least `limit`"."""
        return self._chance(self._no_luck, self._squared(limit))

    def repeated(self, times: float) -> Divergence:
        """The same divergence, from which chance takes less."""
        return replace(self, scale=self.scale / times, times=self.times * times)

    @property
    def samples(self) -> int:
        """The records of the current run."""
        return round(self.size * self.times)

    @property
    def _found(self) -> float:
        return self._squared(self.estimate)

    @property
    def _no_luck(self) -> float:
        return max(self._found, self.scale * self.freedom)

    def _squared(self, value: float) -> float:
        return max(value, 0.0) ** self.power

    def _unsquared(self, value: float) -> float:
        return min(float(value ** (1 / self.power)), self.most)

    def _chance(self, found: float, true: float) -> float:
        """How likely no more than `found` is where `true` is the divergence."""
        return float(_noncentral(found / self.scale, self.freedom, true / self.scale))

    def _bound(self, found: float, level: float) -> float:
        most = found + self.scale * (100.0 + 20.0 * sqrt(found / self.scale + self.freedom))
        return crossing(lambda true: self._chance(found, true), level, 0.0, most)


def _noncentral(value: float, freedom: float, noncentrality: float) -> float:
    """The distribution function; for great values, where its series is slow, Sankaran's normal.

    Source: M. Sankaran, On the non-central chi-square distribution, Biometrika 46 (1959).
    """
    if noncentrality + freedom < 10_000:
        return float(chndtr(value, freedom, noncentrality))
    from scipy.special import ndtr

    total, twice = freedom + noncentrality, freedom + 2 * noncentrality
    h = 1 - 2 * total * (freedom + 3 * noncentrality) / (3 * twice**2)
    p = twice / total**2
    m = (h - 1) * (1 - 3 * h)
    away = (value / total) ** h - (1 + h * p * (h - 1 - 0.5 * (2 - h) * m * p))
    return float(ndtr(away / (h * sqrt(2 * p) * (1 + 0.5 * m * p))))


def divergence(kind: str, now: Counts, before: Counts) -> Divergence:
    """The evidence on a divergence of this kind of `METHODS` between two runs' counts by bin."""
    method = METHODS[kind]
    pooled = now + before
    now, before, pooled = now[pooled > 0], before[pooled > 0], pooled[pooled > 0]
    size, others = int(now.sum()), int(before.sum())
    least = method.unit * (1 / size + 1 / others) if size and others else inf
    estimate = float(method.measure(now, before)) if size and others else float("nan")
    drawn = np.random.default_rng(0).multivariate_hypergeometric(pooled, size, PERMUTATIONS)
    chance = method.measure(drawn, pooled - drawn) ** method.power
    mean, variance = float(chance.mean()), float(chance.var())
    # Of records that are all alike no permutation differs, and yet one more might.
    scale = max(variance / (2 * mean) if mean > 0 else 0.0, least)
    return Divergence(estimate, size, scale, max(1.0, mean / scale), method.power, method.most)
