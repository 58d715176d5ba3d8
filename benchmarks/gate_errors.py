"""How often a gate is wrong: false alarms with no true change, and power against a true one.

    python -m benchmarks.gate_errors [--runs 1000]

Each run draws cases anew, over one or eight slices of equal size, and a gate at 95 % judges all of
them and every slice, corrected by Holm. Nothing is truly worse than the limit where the change is 0:
then at most 5 % of runs may be blocked. A blocked run's verdict is fail; an inconclusive one does
not pass either, and says how many more cases would settle it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demur.measure.demands import Row
from demur.measure.evidence import Evidence
from demur.measure.evidence.means import Mean
from demur.measure.evidence.paired_rates import PairedRates
from demur.measure.evidence.quantiles import Quantile
from demur.measure.evidence.rates import Rate
from demur.measure.judge import judge
from demur.measure.results import Interval, Measured, Slice, worst

CONFIDENCE = 0.95
SLICES = 8
RATE = 0.85
"""The baseline's share of correct answers, or the limit."""
CHURN = 0.04
"""The share of cases that come out otherwise in each direction though nothing changed."""
LOCATION, SCALE = 6.5, 0.5
"""Of the logarithm of latencies in milliseconds."""
MEAN = float(np.exp(LOCATION + SCALE**2 / 2))
P95 = float(np.exp(LOCATION + SCALE * 1.6448536269514722))
MARGIN = 0.02

Sample = NDArray[np.int64] | NDArray[np.float64]
Draw = Callable[[int, float, np.random.Generator], Sample]
"""Draws the cases of a slice, given their number and how much worse they truly are."""


@dataclass(frozen=True)
class Gate:
    """What is required. `join` puts the samples of slices together, `row` is what is judged."""

    requirement: str
    operator: str
    draw: Draw
    join: Callable[[Sequence[Sample]], Sample]
    row: Callable[[Sample, Slice], Row]


@dataclass(frozen=True)
class Setting:
    """One line of the table: how many cases, in how many slices, and how much worse they truly are."""

    gate: Gate
    cases: int
    slices: int
    change: float


def _pairs(size: int, change: float, random: np.random.Generator) -> Sample:
    """Pairs: both right, only the new version, only the baseline, neither."""
    lost, won = CHURN + change, CHURN
    return random.multinomial(size, (RATE - lost, won, lost, 1 - RATE - won))


def _paired_row(margin: float) -> Callable[[Sample, Slice], Row]:
    def row(sample: Sample, slice: Slice) -> Row:
        both, won, lost, neither = map(int, sample)
        size = both + won + lost + neither
        before = (both + lost) / size
        evidence = PairedRates(both, won, lost, neither)
        baseline = Measured(before, before, size, 0)
        return _row(slice, (both + won) / size, before - margin, evidence, -margin, baseline)

    return row


def _answers(size: int, change: float, random: np.random.Generator) -> Sample:
    """How many are right, and how many there are."""
    return np.array([random.binomial(size, RATE - change), size])


def _rate_row(sample: Sample, slice: Slice) -> Row:
    right, size = map(int, sample)
    return _row(slice, right / size, RATE, Rate(right, size), RATE)


def _latencies(size: int, change: float, random: np.random.Generator) -> Sample:
    return random.lognormal(LOCATION, SCALE, size) * (1 + change)


def _mean_row(sample: Sample, slice: Slice) -> Row:
    evidence = Mean.of(np.asarray(sample, dtype=float), Interval(0.0, float("inf")))
    return _row(slice, float(sample.mean()), MEAN, evidence, MEAN)


def _tail_row(sample: Sample, slice: Slice) -> Row:
    evidence = Quantile.of(np.asarray(sample, dtype=float), 0.95)
    return _row(slice, float(np.quantile(sample, 0.95)), P95, evidence, P95)


def _row(
    slice: Slice,
    value: float,
    limit: float,
    evidence: Evidence,
    against: float,
    baseline: Measured | None = None,
) -> Row:
    size = int(evidence.samples)
    return Row(
        slice=slice,
        measured=Measured(value, value, size, 0),
        limit=limit,
        baseline=baseline,
        evidence=evidence,
        evidence_limit=against,
        # As of a sample: then nobody searches for how many more cases would settle the verdict.
        sampled=size,
    )


def _summed(samples: Sequence[Sample]) -> Sample:
    return np.sum(np.stack(samples), axis=0)


PAIRED = Gate("rate >= baseline", ">=", _pairs, _summed, _paired_row(0.0))
WITH_MARGIN = Gate("rate >= baseline - 0.02", ">=", _pairs, _summed, _paired_row(MARGIN))
PLAIN = Gate("rate >= 0.85", ">=", _answers, _summed, _rate_row)
MEANS = Gate("mean <= its true value", "<=", _latencies, np.concatenate, _mean_row)
TAILS = Gate("quantile(0.95) <= its true value", "<=", _latencies, np.concatenate, _tail_row)
GATES = (PAIRED, WITH_MARGIN, PLAIN, MEANS, TAILS)

SETTINGS = [
    Setting(gate, cases, slices, change)
    for change in (0.0, 0.05)
    for gate in GATES
    for slices in (1, SLICES)
    for cases in (200, 500, 1000)
]


def verdict(setting: Setting, random: np.random.Generator) -> str:
    """The gate's verdict on one simulated run."""
    gate, size = setting.gate, setting.cases // setting.slices
    samples = [gate.draw(size, setting.change, random) for _ in range(setting.slices)]
    rows = [gate.row(gate.join(samples), Slice())]
    if setting.slices > 1:
        named = enumerate(samples)
        rows += [gate.row(sample, Slice((("slice", str(at)),))) for at, sample in named]
    judged = judge(rows, gate.operator, CONFIDENCE, 1, "holm")
    return worst(one.verdict for one in judged)


def simulate(setting: Setting, runs: int) -> Mapping[str, int]:
    """How often each verdict came out."""
    random = np.random.default_rng(20261123)
    return Counter(verdict(setting, random) for _ in range(runs))


def table(runs: int) -> Iterator[str]:
    """The lines of the table in Markdown."""
    yield "| truly worse by | requirement | slices | cases | blocked | inconclusive | passed |"
    yield "|---:|---|---:|---:|---:|---:|---:|"
    for one in SETTINGS:
        found = simulate(one, runs)
        shares = [f"{found.get(name, 0) / runs:.1%}" for name in ("fail", "inconclusive", "pass")]
        head = [f"{one.change:.0%}", f"`{one.gate.requirement}`", str(one.slices), f"{one.cases:,}"]
        yield f"| {' | '.join([*head, *shares])} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_errors", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    for line in table(parser.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
