"""A metric as a statistic of records that are drawn anew, unknown contributions at the worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demur.measure.contributions import Contributions
from demur.measure.formula import Formula
from demur.measure.measuring import Run
from demur.measure.metrics import formula_of
from demur.measure.results import Interval
from demur.runtime.aggregates import Aggregate

if TYPE_CHECKING:
    from demur.measure.evidence.few_changes import FewChanges
    from demur.measure.evidence.resampling import Resampled, Seeds

Difference = Callable[[float | None, float | None], float]
"""What lies between a metric's value and its limit, by the value and the baseline's."""
Rows = NDArray[np.intp]
Members = NDArray[np.bool_]
"""Of which records of a frame it is true that they are in a slice."""


@dataclass(frozen=True)
class Statistic:
    """A metric as a function of rows of a frame, unknown contributions at the worst."""

    compute: Formula
    parts: tuple[Contributions, ...]

    @property
    def adds_up(self) -> bool:
        """Whether sums over the rows are enough."""
        return all(one.adds_up for one in self.parts)

    @property
    def share(self) -> float | None:
        """The share of the one quantile that the metric is of; None where it is of anything else."""
        one = self.parts[0]
        return one.share if len(self.parts) == 1 and one.kind == "quantile" else None

    def of_rows(self, rows: Rows) -> float | None:
        """The metric over these rows, some of them several times."""
        return self.compute([one.value(rows) for one in self.parts])

    def terms(self, rows: Rows) -> NDArray[np.float64]:
        """What each row adds to the sums, two columns an aggregate."""
        return np.concatenate([one.terms(rows) for one in self.parts], axis=1)

    def of_sums(self, sums: NDArray[np.float64]) -> float | None:
        """The metric by the sums of the terms."""
        return self.compute(
            [one.of_sums(sums[2 * at : 2 * at + 2]) for at, one in enumerate(self.parts)]
        )


def statistic_of(
    run: Run, name: str, highest: bool, rows: Rows, members: Members | None = None
) -> Statistic:
    """The metric over rows of the run's frame, of which those count that are members of the slice.

    The unknown are such that it is highest, or lowest.
    """
    metric = run.metrics.metrics[name]
    aggregates = [run.metrics.aggregates[at] for at in metric.aggregates]
    compute = formula_of(metric, run.evaluator)
    choices = [[run.frame.contributions(one, side) for side in (False, True)] for one in aggregates]
    if members is not None:
        choices = [[one.within(members) for one in pair] for pair in choices]
    sides = _worst_sides(compute, choices, rows, highest)
    return Statistic(compute, tuple(pair[side] for pair, side in zip(choices, sides, strict=True)))


def resampled(statistic: Statistic, rows: Rows, seeds: Seeds) -> Resampled:
    """The bootstrap of a metric over rows, each drawn as often as its seed says."""
    from demur.measure.evidence.resampling import resample, resample_totals

    sown = [seeds]
    if not statistic.adds_up:
        return resample(lambda at: _number(statistic.of_rows(rows[at])), len(rows), seeds=sown)
    return resample_totals(
        lambda sums: np.array([_number(statistic.of_sums(one)) for one in sums]),
        statistic.terms(rows),
        seeds=sown,
    )


def resampled_difference(
    difference: Difference,
    now: Statistic,
    before: Statistic,
    rows: Rows,
    rows_before: Rows,
    seeds: tuple[Seeds, Seeds],
    paired: bool,
) -> Resampled:
    """The bootstrap of what lies between a metric and its limit, over cases or over two samples."""
    from demur.measure.evidence.resampled_quantiles import resample_quantiles
    from demur.measure.evidence.resampling import resample, resample_totals

    share = now.share
    if share is not None and share == before.share:
        kept, kept_before = now.parts[0].kept[rows], before.parts[0].kept[rows_before]
        if not paired or bool((kept == kept_before).all()):

            def of_quantiles(
                values: NDArray[np.float64], values_before: NDArray[np.float64]
            ) -> NDArray[np.float64]:
                pairs = zip(values.tolist(), values_before.tolist(), strict=True)
                return np.array(
                    [difference(now.compute([a]), before.compute([b])) for a, b in pairs]
                )

            return resample_quantiles(
                of_quantiles,
                share,
                now.parts[0].values[rows[kept]],
                before.parts[0].values[rows_before[kept_before]],
                is_paired=paired,
            )
    sown = [seeds[0]] if paired else list(seeds)
    if not (now.adds_up and before.adds_up):

        def of_rows(at: Rows, at_before: Rows) -> float:
            return difference(now.of_rows(rows[at]), before.of_rows(rows_before[at_before]))

        if paired:
            return resample(lambda at: of_rows(at, at), len(rows), seeds=sown)
        return resample(of_rows, len(rows), len(rows_before), seeds=sown)
    terms, terms_before = now.terms(rows), before.terms(rows_before)
    width = terms.shape[1]

    def of_sums(sums: NDArray[np.float64], sums_before: NDArray[np.float64]) -> NDArray[np.float64]:
        pairs = zip(*np.broadcast_arrays(sums, sums_before), strict=True)
        return np.array([difference(now.of_sums(a), before.of_sums(b)) for a, b in pairs])

    if paired:
        return resample_totals(
            lambda sums: of_sums(sums[:, :width], sums[:, width:]),
            np.concatenate([terms, terms_before], axis=1),
            seeds=sown,
        )
    return resample_totals(of_sums, terms, terms_before, seeds=sown)


def influences(
    function: Callable[[Sequence[float]], float], parts: Sequence[tuple[Contributions, Rows]]
) -> tuple[list[NDArray[np.float64]], float]:
    """What each row, were all like it, would make of a function of aggregates, to first order.

    Of aggregates that add up, for each of them: the function's value, and what the row adds to it
    times how many rows there are; their mean is the value. And how large the numbers are that these
    come of. Source: F. R. Hampel, The influence curve and its role in robust estimation, Journal of
    the American Statistical Association 69 (1974).
    """
    values = [one.value(rows) for one, rows in parts]
    found: list[NDArray[np.float64]] = []
    scale = 0.0
    for at, (one, rows) in enumerate(parts):
        terms = one.terms(rows)
        above, below = terms[:, 0], terms[:, 1]
        total = float(below.sum())
        if one.kind in ("sum", "count"):
            moved = above * len(rows) - values[at]
        else:
            moved = (above - values[at] * below) * (len(rows) / total if total else nan)
        step = 1e-6 * max(1.0, abs(values[at]))
        ends = [
            function([*values[:at], values[at] + side, *values[at + 1 :]]) for side in (step, -step)
        ]
        moved = moved * ((ends[0] - ends[1]) / (2 * step))
        scale = max(scale, float(np.abs(moved).max(initial=0.0)))
        found.append(moved)
    return found, max(scale, abs(function(values)))


def few_changes(
    now: Contributions, before: Contributions, rows: Rows, rows_before: Rows, margin: float
) -> FewChanges | None:
    """How few of the pairs change a rate and which way; None where they are many.

    A change counts by its part in the difference of the rates, in parts of a case.
    """
    from demur.measure.evidence.few_changes import FEW, FewChanges

    kept, kept_before = now.kept[rows], before.kept[rows_before]
    values, values_before = now.values[rows], before.values[rows_before]
    sizes = int(kept.sum()), int(kept_before.sum())
    if not all(sizes):
        return None
    fewer = min(sizes)
    gains = np.where(kept, values - values[kept].mean(), 0.0) / sizes[0]
    gains -= (
        np.where(kept_before, values_before - values_before[kept_before].mean(), 0.0) / sizes[1]
    )
    changed = (kept != kept_before) | (kept & kept_before & (values != values_before))
    parts = gains[changed] * fewer
    raised, lowered = float(parts[parts > 0].sum()), float(-parts[parts < 0].sum())
    if raised + lowered >= FEW:
        return None
    return FewChanges(raised, lowered, fewer, -margin, Interval(-1.0 - margin, 1.0 - margin))


def _number(value: float | None) -> float:
    return nan if value is None else value


def known_better(
    evidence: Resampled,
    aggregates: Sequence[Aggregate],
    value: float | None,
    certain: int,
    range: Interval,
) -> Resampled:
    """The evidence with what is known better than by resampling.

    Its value, of all records where these are a sample, and with the unknown at the worst; of how
    many records it speaks; how far the unseen may reach. Of conditions nothing may be supposed, of
    a quantile no more than that a record lies on one side of it.
    """
    sides = [max(one.share, 1 - one.share) for one in aggregates if one.kind == "quantile"]
    of_conditions = any(one.kind in ("rate", "count") for one in aggregates)
    if value is None or not isfinite(evidence.estimate):
        value = evidence.estimate
    return replace(
        evidence,
        estimate=value,
        fewest=min(certain, evidence.size),
        range=range,
        endless=0.0 if of_conditions else 0.5,
        likeliest=max(0.5, *sides) if sides else 0.5,
    )


def _worst_sides(
    compute: Formula, choices: Sequence[Sequence[Contributions]], rows: Rows, highest: bool
) -> tuple[bool, ...]:
    """For each aggregate the side of its unknown contributions that makes the metric worst."""
    values = [[one.value(rows) for one in pair] for pair in choices]
    sign = 1.0 if highest else -1.0

    def badness(sides: tuple[bool, ...]) -> float:
        value = compute([pair[side] for pair, side in zip(values, sides, strict=True)])
        return -inf if value is None or value != value else sign * value

    return max(product((highest, not highest), repeat=len(choices)), key=badness)
