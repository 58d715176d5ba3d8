"""How often drift is a false alarm, and how often a true shift is found.

    python -m benchmarks.drift [--runs 400]

Each run draws the records of two runs anew, and a requirement at 95 % holds the distance against its
limit. Without a shift nothing has drifted, and where a shift puts the true distance just on the limit
nothing is beyond it: then at most 5 % of runs may be blocked. Numbers are log-normal and shifted by so
many standard deviations of their logarithm; of ten or two hundred categories, with shares as in Zipf's
law, so large a share is moved to the first.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from demur.measure.drifting import Samples, evidence_on
from demur.measure.evidence import Evidence

CONFIDENCE = 0.95
SIZES = (100, 1_000, 10_000)
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Signal:
    """What is drawn: `draw` takes how many and the shift, `distance` gives the true one of a shift."""

    name: str
    kind: str
    limit: float
    draw: Callable[[int, float, np.random.Generator], Numbers]
    distance: Callable[[float], float]
    categories: bool = False


def _numbers(size: int, shift: float, random: np.random.Generator) -> Numbers:
    return random.lognormal(shift, 1.0, size)


def _shares(count: int, moved: float) -> Numbers:
    shares = 1 / np.arange(1, count + 1)
    shares = shares / shares.sum() * (1 - moved)
    shares[0] += moved
    return shares


def _categories(count: int) -> Callable[[int, float, np.random.Generator], Numbers]:
    def draw(size: int, shift: float, random: np.random.Generator) -> Numbers:
        return random.choice(count, size, p=_shares(count, shift)).astype(float)

    return draw


def _psi(shift: float) -> float:
    """Of the deciles of a normal distribution."""
    edges = norm.ppf(np.linspace(0, 1, 11))
    p, q = np.diff(norm.cdf(edges - shift)), np.full(10, 0.1)
    return float(((p - q) * np.log(p / q)).sum())


def _jensen_shannon(count: int) -> Callable[[float], float]:
    def distance(shift: float) -> float:
        p, q = _shares(count, shift), _shares(count, 0.0)
        m = (p + q) / 2
        return float(np.sqrt((p * np.log2(p / m) + q * np.log2(q / m)).sum() / 2))

    return distance


def _smirnov(shift: float) -> float:
    return float(2 * norm.cdf(shift / 2) - 1)


SIGNALS = (
    Signal("`kolmogorov_smirnov` of numbers", "kolmogorov_smirnov", 0.1, _numbers, _smirnov),
    Signal("`psi` of numbers", "psi", 0.1, _numbers, _psi),
    Signal(
        "`jensen_shannon` of 10 values",
        "jensen_shannon",
        0.1,
        _categories(10),
        _jensen_shannon(10),
        categories=True,
    ),
    Signal(
        "`jensen_shannon` of 200 values",
        "jensen_shannon",
        0.1,
        _categories(200),
        _jensen_shannon(200),
        categories=True,
    ),
)
TIMES = (0.0, 1.0, 2.0)
"""The true distance in limits: none, just on the limit, and twice as far."""


def simulated(
    signal: Signal, size: int, times: float, runs: int, seed: int = 0
) -> tuple[Counter[str], float]:
    """The verdicts of so many runs, and the mean of the distances that they find."""
    shift = 0.0
    if times:
        root: Any = brentq(lambda at: signal.distance(at) - times * signal.limit, 1e-6, 0.9)
        shift = float(root)
    random, verdicts, found = np.random.default_rng(seed), Counter[str](), 0.0
    for _ in range(runs):
        samples = Samples(
            signal.draw(size, shift, random), signal.draw(size, 0.0, random), signal.categories
        )
        evidence = evidence_on(signal.kind, samples)
        value = evidence.estimate
        verdicts[_verdict(evidence, signal.limit)] += 1
        found += value
    return verdicts, found / runs


def _verdict(evidence: Evidence, limit: float) -> str:
    """As a gate judges one requirement without slices; its search for `needed` takes far longer."""
    if evidence.above(limit) < 1 - CONFIDENCE:
        return "fail"
    shown = evidence.estimate <= limit and evidence.below(limit) < 1 - CONFIDENCE
    return "pass" if shown else "inconclusive"


def lines(runs: int) -> Iterator[str]:
    """The table of docs/benchmarks.md."""
    yield (
        "| drift | limit | true distance | records each | found on average "
        "| blocked | inconclusive | passed |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for signal in SIGNALS:
        for times in TIMES:
            for size in SIZES:
                verdicts, mean = simulated(signal, size, times, runs)
                shares = (verdicts[one] / runs for one in ("fail", "inconclusive", "pass"))
                texts = " | ".join(f"{one:.1%}" for one in shares)
                yield (
                    f"| {signal.name} | {signal.limit:g} | {times * signal.limit:g} | {size:,} "
                    f"| {mean:.3f} | {texts} |"
                )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    for line in lines(parser.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
