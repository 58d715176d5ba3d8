"""How likely a difference of two shares is, exactly, where the true shares are given.

The score tests of a difference take it for normal. Of rare conditions it is not: with a margin of 5 %
a nominal 5 % is up to 9 %, and far out, where corrections for many slices look, many times more. So
no p-value is less than the exact chance at the likeliest shares that keep to the limit.

Source: C. J. Lloyd, Exact p-values for discrete models obtained by estimation and maximization,
Australian and New Zealand Journal of Statistics 50 (2008).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln, xlog1py, xlogy

Numbers = NDArray[np.float64]


def of_two_samples(
    difference: float, share: float, size: int, other_share: float, other_size: int
) -> float:
    """How likely the first sample's share exceeds the second's by `difference` at least."""
    others = _likely(other_share, other_size)
    counts = size * (difference + others / other_size)
    return _total(others, other_share, other_size, _at_least(counts, share, size))


def of_pairs(difference: float, gained: float, lost: float, size: int) -> float:
    """How likely the cases gained exceed those lost by `difference` times all cases at least.

    `gained` and `lost` are the true shares of either.
    """
    losses = _likely(lost, size)
    share = min(1.0, gained / (1 - lost)) if lost < 1 else 0.0
    chances = _at_least(losses + size * difference, share, size - losses)
    return _total(losses, lost, size, chances)


def _likely(share: float, size: int) -> Numbers:
    """The counts that are not too unlikely to matter."""
    middle, reach = share * size, 10 * sqrt(share * (1 - share) * size) + 40
    return np.arange(max(0, int(middle - reach)), min(size, int(middle + reach)) + 1.0)


def _at_least(counts: Numbers, share: float, sizes: Numbers | int) -> Numbers:
    """How likely so many of `sizes` hold, or more."""
    # A count may miss the whole number that it is by rounding.
    least = np.ceil(counts - 1e-7)
    above = sizes - least + 1
    inside = (least > 0) & (above > 0)
    found = betainc(np.where(inside, least, 1.0), np.where(inside, above, 1.0), share)
    return np.where(least <= 0, 1.0, np.where(above <= 0, 0.0, found))


def _total(counts: Numbers, share: float, size: int, chances: Numbers) -> float:
    """The chances, each as likely as its count of `size`."""
    ways = gammaln(size + 1) - gammaln(counts + 1) - gammaln(size - counts + 1)
    likely = np.exp(ways + xlogy(counts, share) + xlog1py(size - counts, -share))
    return float(min(1.0, likely @ chances))
