"""A threshold over a run's slices: values, limits, and the evidence for or against each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isinf
from typing import TYPE_CHECKING

from demur.measure.demands import Row
from demur.measure.drifting import drift_row
from demur.measure.forms import line_of
from demur.measure.measuring import Part, Run, part_of
from demur.measure.metrics import extremes
from demur.measure.results import Measured, Slice
from demur.measure.slices import Cut, Key
from demur.measure.straying import doubts, strays_of
from demur.measure.summaries import Value
from demur.measure.thresholds import Threshold
from demur.measure.weighing import Weighing, is_of_all
from demur.runtime.evaluator import Evaluator

if TYPE_CHECKING:
    from demur.measure.evidence import Evidence

SHOWN = 10
"""Cases of a judgement that are named."""


@dataclass(frozen=True)
class Comparison:
    """A run and, for thresholds that need it, the baseline; `paired` where they share case ids.

    A window of a monitor (`is_window`) is judged as it is; in a run a slice must hold with the records too of
    which it is not known whether they belong to it. A slice of which no record came to the stage that the
    metric reads is no slice of the metric.
    """

    run: Run
    baseline: Run | None = None
    paired: bool = False
    is_window: bool = False

    def rows(self, threshold: Threshold, cuts: Sequence[Cut]) -> list[Row]:
        """What is to be judged: all records first, then every slice of the cuts."""
        found = [self._row(threshold, (), [()])]
        for cut in cuts:
            keys = set(self.run.summaries[cut])
            if threshold.uses_baseline and self.baseline is not None:
                keys |= set(self.baseline.summaries[cut])
            keys = {key for key in keys if self._is_reached(threshold, cut, key)}
            small = [key for key in sorted(keys) if self._is_small(threshold, cut, key)]
            found += [self._row(threshold, cut, [key]) for key in sorted(keys) if key not in small]
            if small:
                found.append(self._row(threshold, cut, small))
        return found

    def _is_reached(self, threshold: Threshold, cut: Cut, key: Key) -> bool:
        runs = [self.run]
        if threshold.uses_baseline and self.baseline is not None:
            runs.append(self.baseline)
        return any(one.is_reached(threshold.metric, cut, key) for one in runs)

    def _is_small(self, threshold: Threshold, cut: Cut, key: Key) -> bool:
        """Whether the slice has fewer records than the floor, whatever records could belong to it.

        A slice that is gone is not small, nor is one of which no record is known to count.
        """
        if threshold.min_slice is None:
            return False
        value = self.run.value(threshold.metric, cut, [key])
        strays = strays_of(self.run.summaries[cut], [key])
        could = (self.run.value(threshold.metric, cut, [one]).samples for one in strays)
        return value.certain > 0 and value.samples + sum(could) < threshold.min_slice

    def _row(self, threshold: Threshold, cut: Cut, keys: Sequence[Key]) -> Row:
        run = self.run
        names = [run.plan.dimensions[at] for at in cut]
        slice = run.plan.naming.slice(names, keys[0])
        if len(keys) > 1:
            slice = Slice(tuple((name, "") for name in names), len(keys))
        now = part_of(run, threshold.metric, cut, keys)
        before = None
        compares = threshold.uses_baseline or run.metrics.is_drift(threshold.metric)
        if compares and self.baseline is not None:
            before = part_of(self.baseline, threshold.metric, cut, keys)
        found = self._of_parts(threshold, slice, now, before)
        if self.is_window or not cut or found.problem is not None:
            return found
        strays, could_be = doubts(
            threshold, cut, keys, now, before,
            lambda mine, theirs: self._of_parts(threshold, slice, mine, theirs),
        )  # fmt: skip
        return replace(found, strays=strays, doubts=could_be)

    def _of_parts(self, threshold: Threshold, slice: Slice, now: Part, before: Part | None) -> Row:
        if now.run.metrics.is_drift(threshold.metric):
            return drift_row(threshold, now, before, slice)
        value = now.value
        worst = value.high if threshold.is_upper else value.low
        measured = Measured(worst, value.known, value.samples, value.unknown)
        limit, baseline, problem = self._limit(threshold, value, before)
        if value.samples or problem is None:
            problem = _problem(value, worst) or problem
        evidence: Evidence | None = None
        evidence_limit: float | None = None
        cases: tuple[str, ...] = ()
        if problem is None and limit is not None:
            cases = _cases(threshold, now)
            if threshold.confidence is not None and value.certain >= threshold.min_samples:
                weighing = Weighing(threshold, now, before, self.paired, limit)
                evidence, evidence_limit = weighing.evidence()
        return Row(
            slice, measured, limit, baseline, evidence, evidence_limit, problem, cases,
            value.doubtful, None if evidence is None or is_of_all(evidence) else now.sampled,
        )  # fmt: skip

    def _limit(
        self, threshold: Threshold, value: Value, before: Part | None
    ) -> tuple[float | None, Measured | None, tuple[str, str] | None]:
        """The limit, the baseline's value, and why there is none."""
        evaluator = self.run.evaluator
        if not threshold.uses_baseline:
            limit = threshold.limit_by(evaluator)(None)
            problem = None if limit is not None else ("DM817", "The limit has no value.")
            return limit, None, problem
        if before is None:
            return (
                None,
                None,
                ("DM814", "It compares with a baseline, and there is none: give --baseline."),
            )
        theirs = before.value
        measured = Measured(theirs.known, theirs.known, theirs.samples, theirs.unknown)
        if not value.samples and not theirs.samples:
            return None, measured, _problem(value, None)
        if not theirs.certain and value.samples:
            return None, measured, ("DM819", "The baseline has no record that counts here.")
        if theirs.samples and not value.samples:
            return (
                None,
                measured,
                ("DM815", "The baseline had records here, and this run has none."),
            )
        limit, at = _strictest(threshold, theirs, evaluator)
        if limit is None or isinf(limit):
            return None, measured, ("DM819", "The baseline's value is not known.")
        return limit, replace(measured, value=at), None


def _strictest(
    threshold: Threshold, before: Value, evaluator: Evaluator
) -> tuple[float | None, float | None]:
    """The strictest limit that the baseline's unknown records allow, and the baseline's value there."""
    if before.low is None or before.high is None:
        return None, None
    limit_at = threshold.limit_by(evaluator)
    ends = [(limit_at(end), end) for end in (before.low, before.high)]
    found = [(limit, at) for limit, at in ends if limit is not None]
    if len(found) < 2:
        return None, None
    strictest = min(found) if threshold.is_upper else max(found)
    if before.low == before.high or line_of(limit_at) is not None:
        return strictest
    # Of what is no line the strictest may lie anywhere between.
    bounds = extremes(threshold.limit, {"baseline": (before.low, before.high)}, evaluator)
    if bounds is None:
        return None, None
    return bounds[0] if threshold.is_upper else bounds[1], strictest[1]


def _cases(threshold: Threshold, now: Part) -> tuple[str, ...]:
    """The first records that speak against a rate's threshold."""
    metric = now.run.metrics.metrics[threshold.metric]
    aggregate = now.run.metrics.aggregates[metric.aggregates[0]]
    if not metric.is_plain or aggregate.kind != "rate":
        return ()
    frame = now.run.frame
    found = frame.contributions(aggregate, threshold.is_upper)
    bad = found.kept & (found.values == (1.0 if threshold.is_upper else 0.0))
    names = (frame.ids[at] for at in now.rows[bad[now.rows]])
    return tuple(islice((name for name in names if name is not None), SHOWN))


def _problem(value: Value, worst: float | None) -> tuple[str, str] | None:
    """Why a value cannot be judged."""
    if not value.samples:
        return "DM810", "No record counts for this metric."
    if not value.certain:
        return "DM810", (
            f"Of {value.samples:,} records none is known to count for this metric: its `where` is "
            "unknown."
        )
    if value.known is None and (worst is None or value.unknown < value.samples):
        return "DM817", "The metric has no value over these records."
    if worst is None or isinf(worst):
        if value.unknown:
            return "DM816", (
                f"{value.unknown:,} of {value.samples:,} records are unknown, and nothing bounds what "
                "they could be: declare `min` and `max` of the signal, or leave them out with `has()`."
            )
        return "DM817", "The metric is infinite over these records."
    return None
