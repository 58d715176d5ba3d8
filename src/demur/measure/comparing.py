"""A threshold over a run's slices: values, limits, and the evidence for or against each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import inf, isinf, nan
from typing import TYPE_CHECKING

import numpy as np

from demur.measure.drifting import drift_row
from demur.measure.frames import Contributions, Frame
from demur.measure.judge import Row
from demur.measure.measuring import Run
from demur.measure.metrics import admissible, extremes
from demur.measure.results import Interval, Measured, Slice
from demur.measure.slices import Cut, Key
from demur.measure.statistics import (
    Members,
    Rows,
    few_changes,
    known_better,
    resampled,
    resampled_difference,
    statistic_of,
)
from demur.measure.summaries import OF_SETS, Value, worst_rate
from demur.measure.thresholds import Threshold

if TYPE_CHECKING:
    from demur.measure.evidence import Evidence
    from demur.measure.evidence.few_changes import FewChanges

SHOWN = 10
"""Cases of a judgement that are named."""


@dataclass(frozen=True)
class Comparison:
    """A run and, for thresholds that need it, the baseline; `paired` where they share case ids."""

    run: Run
    baseline: Run | None = None
    paired: bool = False

    def rows(self, threshold: Threshold, cuts: Sequence[Cut]) -> list[Row]:
        """What is to be judged: all records first, then every slice of the cuts."""
        found = [self._row(threshold, (), [()])]
        for cut in cuts:
            keys = set(self.run.summaries[cut])
            if threshold.uses_baseline and self.baseline is not None:
                keys |= set(self.baseline.summaries[cut])
            small = [key for key in sorted(keys) if self._is_small(threshold, cut, key)]
            found += [self._row(threshold, cut, [key]) for key in sorted(keys) if key not in small]
            if small:
                found.append(self._row(threshold, cut, small))
        return found

    def _is_small(self, threshold: Threshold, cut: Cut, key: Key) -> bool:
        """Whether the slice has fewer records than the floor; a slice that is gone is not small."""
        if threshold.min_slice is None:
            return False
        samples = self.run.value(threshold.metric, cut, [key]).samples
        return 0 < samples < threshold.min_slice

    def _row(self, threshold: Threshold, cut: Cut, keys: Sequence[Key]) -> Row:
        run = self.run
        names = [run.plan.dimensions[at] for at in cut]
        slice = Slice(tuple(zip(names, keys[0], strict=True)))
        if len(keys) > 1:
            slice = Slice(tuple((name, "") for name in names), len(keys))
        if run.metrics.is_drift(threshold.metric):
            return drift_row(threshold, run, self.baseline, cut, keys, slice)
        value = run.value(threshold.metric, cut, keys)
        worst = value.high if threshold.is_upper else value.low
        measured = Measured(worst, value.known, value.samples, value.unknown)
        limit, baseline, problem = self._limit(threshold, cut, keys, value)
        if value.samples or problem is None:
            problem = _problem(value, worst) or problem
        evidence: Evidence | None = None
        evidence_limit: float | None = None
        cases: tuple[str, ...] = ()
        if problem is None and limit is not None:
            cases = self._cases(threshold, cut, keys)
            if threshold.confidence is not None and value.certain >= threshold.min_samples:
                evidence, evidence_limit = self._evidence(threshold, cut, keys, limit, value)
        return Row(
            slice, measured, limit, baseline, evidence, evidence_limit, problem, cases,
            value.doubtful, self._sampled(evidence),
        )  # fmt: skip

    def _sampled(self, evidence: Evidence | None) -> int | None:
        """How many records the evidence is of, where it is of a sample; a rate's is of all."""
        from demur.measure.evidence.rates import Rate

        if evidence is None or isinstance(evidence, Rate):
            return None
        frame = self.run.frame
        return frame.size if frame.size < frame.total else None

    def _limit(
        self, threshold: Threshold, cut: Cut, keys: Sequence[Key], value: Value
    ) -> tuple[float | None, Measured | None, tuple[str, str] | None]:
        """The limit, the baseline's value, and why there is none."""
        evaluator = self.run.evaluator
        if not threshold.uses_baseline:
            limit = threshold.limit_by(evaluator)(None)
            problem = None if limit is not None else ("DM817", "The limit has no value.")
            return limit, None, problem
        if self.baseline is None:
            return (
                None,
                None,
                ("DM814", "It compares with a baseline, and there is none: give --baseline."),
            )
        before = self.baseline.value(threshold.metric, cut, keys)
        measured = Measured(before.known, before.known, before.samples, before.unknown)
        if not value.samples and not before.samples:
            return None, measured, _problem(value, None)
        if not before.certain and value.samples:
            return None, measured, ("DM819", "The baseline has no record that counts here.")
        if before.samples and not value.samples:
            return (
                None,
                measured,
                ("DM815", "The baseline had records here, and this run has none."),
            )
        ends = [one for one in (before.low, before.high) if one is not None]
        limit_at = threshold.limit_by(evaluator)
        limits = [limit_at(end) for end in ends]
        strict = [one for one in limits if one is not None]
        if not strict or len(strict) < 2 or any(map(isinf, strict)):
            return None, measured, ("DM819", "The baseline's value is not known.")
        limit = min(strict) if threshold.is_upper else max(strict)
        measured = replace(measured, value=ends[strict.index(limit)])
        return limit, measured, None

    def _evidence(
        self, threshold: Threshold, cut: Cut, keys: Sequence[Key], limit: float, value: Value
    ) -> tuple[Evidence | None, float | None]:
        """The evidence and what it is held against; none of facts of the run."""
        from demur.measure.evidence.means import Mean
        from demur.measure.evidence.quantiles import Quantile
        from demur.measure.evidence.rates import Rate

        metrics = self.run.metrics
        metric = metrics.metrics[threshold.metric]
        aggregates = [metrics.aggregates[at] for at in metric.aggregates]
        only = aggregates[0] if metric.is_plain else None
        kinds = {one.kind for one in aggregates}
        if kinds & {"min", "max", *OF_SETS} or (kinds == {"count"} and not self.paired and only):
            return None, None
        if threshold.uses_baseline:
            return self._against_baseline(threshold, cut, keys, limit, value)
        if len(aggregates) == 1 and kinds <= {"count", "sum"}:
            return None, None
        highest = threshold.is_upper
        if only is not None and only.kind == "rate":
            parts = self.run.parts(threshold.metric, cut, keys).get(metric.aggregates[0], {})
            return Rate(*worst_rate(parts, highest)), limit
        frame = self.run.frame
        rows = frame.rows(cut, keys)
        if only is not None and only.kind in ("mean", "quantile"):
            found = frame.contributions(only, highest)
            values = found.values[rows[found.kept[rows]]]
            if only.kind == "mean":
                return Mean.of(values, Interval(only.range.low, only.range.high)), limit
            return Quantile.of(values, only.share), limit
        evidence = resampled(statistic_of(self.run, threshold.metric, highest, rows), rows)
        range = admissible(metric, metrics, value.samples, self.run.evaluator)
        worst = value.high if highest else value.low
        return known_better(evidence, aggregates, worst, value.certain, range), limit

    def _against_baseline(
        self, threshold: Threshold, cut: Cut, keys: Sequence[Key], limit: float, value: Value
    ) -> tuple[Evidence | None, float | None]:
        from demur.measure.evidence.paired_rates import PairedRates
        from demur.measure.evidence.two_rates import TwoRates

        assert self.baseline is not None
        metrics, evaluator = self.run.metrics, self.run.evaluator
        metric = metrics.metrics[threshold.metric]
        upper = threshold.is_upper
        margin = threshold.margin(evaluator)
        now, before = self.run.frame, self.baseline.frame
        rows_now, rows_before = now.rows(cut, keys), before.rows(cut, keys)
        here, here_before = _members(now, rows_now), _members(before, rows_before)
        if self.paired:
            rows_now, rows_before = self._pairs(rows_now, rows_before)
        aggregate = metrics.aggregates[metric.aggregates[0]]
        few: FewChanges | None = None
        if metric.is_plain and aggregate.kind == "rate" and margin is not None:
            mine = now.contributions(aggregate, upper).within(here)
            theirs = before.contributions(aggregate, not upper).within(here_before)
            if not self.paired:
                k1, n1 = _count(mine, rows_now)
                k0, n0 = _count(theirs, rows_before)
                return TwoRates(k1, n1, k0, n0), margin
            kept = mine.kept[rows_now]
            if bool((kept == theirs.kept[rows_before]).all()):
                a = mine.values[rows_now[kept]] == 1.0
                b = theirs.values[rows_before[kept]] == 1.0
                table = (
                    int((a & b).sum()),
                    int((a & ~b).sum()),
                    int((~a & b).sum()),
                    int((~a & ~b).sum()),
                )
                return PairedRates(*table), margin
            few = few_changes(mine, theirs, rows_now, rows_before, margin)
        current = statistic_of(self.run, threshold.metric, upper, rows_now, here)
        earlier = statistic_of(self.baseline, threshold.metric, not upper, rows_before, here_before)
        limit_at = threshold.limit_by(evaluator)

        def difference(value: float | None, value_before: float | None) -> float:
            limit = limit_at(value_before)
            return nan if limit is None or value is None else value - limit

        evidence = resampled_difference(
            difference, current, earlier, rows_now, rows_before, self.paired
        )
        evidence = replace(evidence, few=few)
        theirs = self.baseline.value(threshold.metric, cut, keys)
        fewest = min(value.certain, theirs.certain)
        range = admissible(metric, metrics, value.samples, evaluator)
        range_before = admissible(metric, metrics, theirs.samples, evaluator)
        limits = extremes(
            threshold.limit, {"baseline": (range_before.low, range_before.high)}, evaluator
        )
        low, high = (-inf, inf) if limits is None else limits
        worst = value.high if upper else value.low
        assert worst is not None
        aggregates = [metrics.aggregates[at] for at in metric.aggregates]
        range = Interval(range.low - high, range.high - low)
        return known_better(evidence, aggregates, worst - limit, fewest, range), 0.0

    def _pairs(self, rows: Rows, rows_before: Rows) -> tuple[Rows, Rows]:
        """The rows, side by side, of the cases that either run has in the slice.

        A case may be in the slice in one run only, as of a slice by the decision: it counts in that
        run.
        """
        partners, partners_before = self._partners
        paired = rows[partners[rows] >= 0]
        others = partners_before[rows_before]
        others = others[(others >= 0) & ~_members(self.run.frame, paired)[others]]
        first = np.concatenate([paired, others])
        return first, partners[first]

    @cached_property
    def _partners(self) -> tuple[Rows, Rows]:
        assert self.baseline is not None
        now, before = self.run.frame, self.baseline.frame
        return now.partners(before), before.partners(now)

    def _cases(self, threshold: Threshold, cut: Cut, keys: Sequence[Key]) -> tuple[str, ...]:
        """The first records that speak against a rate's threshold."""
        metric = self.run.metrics.metrics[threshold.metric]
        aggregate = self.run.metrics.aggregates[metric.aggregates[0]]
        if not metric.is_plain or aggregate.kind != "rate":
            return ()
        frame = self.run.frame
        found = frame.contributions(aggregate, threshold.is_upper)
        bad = found.kept & (found.values == (1.0 if threshold.is_upper else 0.0))
        rows = frame.rows(cut, keys)
        names = (frame.ids[at] for at in rows[bad[rows]])
        return tuple(islice((name for name in names if name is not None), SHOWN))


def _members(frame: Frame, rows: Rows) -> Members:
    found = np.zeros(frame.size, dtype=bool)
    found[rows] = True
    return found


def _count(found: Contributions, rows: Rows) -> tuple[int, int]:
    kept = rows[found.kept[rows]]
    return int(found.values[kept].sum()), len(kept)


def _problem(value: Value, worst: float | None) -> tuple[str, str] | None:
    """Why a value cannot be judged."""
    if not value.samples:
        return "DM810", "No record counts for this metric."
    if not value.certain:
        return "DM810", (
            f"Of {value.samples:,} records none is known to count for this metric: its `where` is "
            "unknown."
        )
    if worst is None and value.known is None:
        return "DM817", "The metric has no value over these records."
    if worst is None or isinf(worst):
        if value.unknown:
            return "DM816", (
                f"{value.unknown:,} of {value.samples:,} records are unknown, and nothing bounds what "
                "they could be: declare `min` and `max` of the signal, or leave them out with `has()`."
            )
        return "DM817", "The metric is infinite over these records."
    return None
