"""The exact binomial test of a rate, nearly: Prometheus has no incomplete beta function.

Of n records k hold. The test rejects "the rate is at most p" where k or more would hold with a
probability below 1 - c. The normal deviate of that probability is nearly Peizer and Pratt's z.

Sources: D. B. Peizer and J. W. Pratt, A normal approximation for binomial, F, beta, and other common,
related tail probabilities, Journal of the American Statistical Association 63 (1968), with Molenaar's
constants as in N. L. Johnson, A. W. Kemp and S. Kotz, Univariate discrete distributions (2005), section
3.6; M. J. Wichura, Algorithm AS 241, Applied Statistics 37 (1988).
"""

from __future__ import annotations

NEARLY = "chance is reckoned by Peizer and Pratt's approximation of the binomial distribution"
NEARLY_SLICES = "slices share the error rate by Bonferroni's correction, not by Holm's"
LARGEST_TAIL = 0.075
"""The greatest probability that `quantile` takes."""


def deviate(holding: str, size: str, limit: float) -> str:
    """The normal deviate of that many holding or more, by a rate of `limit`; only above that rate."""
    k, n, p, q = holding, size, f"{limit!r}", f"{1 - limit!r}"
    above = f"({k} - 0.5 - {p} * {n})"
    skew = f"0.02 * ({q} / {k} - {p} / ({n} - {k} + 1) + ({q} - 0.5) / ({n} + 1))"
    moved = f"({k} - 1 / 3 - ({n} + 1 / 3) * {p} + {skew})"
    holds = f"({k} - 0.5) * ln(({k} - 0.5) / ({p} * {n}))"
    fails = f"({n} - {k} + 0.5) * ln(({n} - {k} + 0.5) / ({q} * {n}))"
    spread = f"sqrt(2 / (1 + 1 / (6 * {n})) * ({holds} + {fails}))"
    return f"{moved} / ({above} > 0) * {spread}"


def root(share: float, tests: str) -> str:
    """What `quantile` takes, of an error rate of `share` that so many tests share alike."""
    return f"sqrt(-ln({share!r} / {tests})) - 1.6"


def quantile(recorded_root: str) -> str:
    """The normal deviate that is exceeded with the root's probability, which is 0.075 at most."""
    r = recorded_root
    top = f"((0.17023821103 * {r} + 1.3067284816) * {r} + 2.75681539) * {r} + 1.4234372777"
    return f"({top}) / ((0.12021132975 * {r} + 0.7370016425) * {r} + 1)"
