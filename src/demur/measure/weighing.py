"""The evidence on a threshold over the records of a slice, whatever its unknown records could be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from demur.measure.contributions import Contributions
from demur.measure.forms import Form, Line, form_of, line_of
from demur.measure.frames import Frame
from demur.measure.measuring import Part
from demur.measure.metrics import admissible, extremes
from demur.measure.results import Interval
from demur.measure.statistics import (
    Difference,
    Members,
    Rows,
    Statistic,
    few_changes,
    influences,
    known_better,
    resampled,
    resampled_difference,
    statistic_of,
)
from demur.measure.summaries import OF_SETS, worst_rate
from demur.measure.thresholds import Threshold
from demur.runtime.aggregates import Aggregate

if TYPE_CHECKING:
    from demur.measure.evidence import Evidence
    from demur.measure.evidence.few_changes import FewChanges
    from demur.measure.evidence.resampling import Resampled


@dataclass(frozen=True, slots=True)
class Fill:
    """What unknown records are taken for: those that make the metric highest or lowest, or none.

    So in this run and in the baseline; with `known_only` the unknown ones of both are left out.
    """

    is_highest: bool
    is_highest_before: bool
    known_only: bool = False


@dataclass(frozen=True)
class Weighing:
    """A threshold, the slice's part of the run, and of the baseline where it compares with that.

    `limit` is the strictest that the baseline's unknown records allow; `paired` says that both runs
    share their cases.
    """

    threshold: Threshold
    now: Part
    before: Part | None
    paired: bool
    limit: float

    def evidence(self) -> tuple[Evidence | None, float | None]:
        """The evidence and what it is held against; none of facts of the run.

        It is as sure as the least sure of what the unknown records could be, and of the known alone.
        """
        if self._is_fact:
            return None, None
        first = Fill(self._is_upper, self._is_strictest_highest)
        worst, against = self._under(first)
        others = self._others(first)
        if not others:
            return worst, against
        from demur.measure.evidence.completed import Completed

        made = tuple(partial(self._evidence_under, one) for one in others)
        return Completed(worst, made, self._is_upper), against

    @property
    def _is_upper(self) -> bool:
        return self.threshold.is_upper

    @cached_property
    def _aggregates(self) -> Sequence[Aggregate]:
        run = self.now.run
        return [
            run.metrics.aggregates[at]
            for at in run.metrics.metrics[self.threshold.metric].aggregates
        ]

    @cached_property
    def _form(self) -> Form | None:
        run = self.now.run
        return form_of(run.metrics.metrics[self.threshold.metric], run.metrics, run.evaluator)

    @cached_property
    def _limit_line(self) -> Line | None:
        """The limit as a line of the baseline's value."""
        return line_of(self.threshold.limit_by(self.now.run.evaluator))

    @property
    def _is_fact(self) -> bool:
        kinds = {one.kind for one in self._aggregates}
        if kinds & {"min", "max", *OF_SETS}:
            return True
        is_alone = self._form is not None and self._form.aggregate.kind in ("count", "sum")
        if self.before is None:
            return is_alone or (len(self._aggregates) == 1 and kinds <= {"count", "sum"})
        return is_alone and kinds == {"count"} and not self.paired

    @property
    def _is_strictest_highest(self) -> bool:
        """Whether it is the highest of what the baseline could be that makes the limit strictest."""
        if self.before is None:
            return not self._is_upper
        line = self._limit_line
        if line is not None:
            return self._is_upper == (line.factor < 0)
        limit_at = self.threshold.limit_by(self.now.run.evaluator)
        low, high = (limit_at(end) for end in (self.before.value.low, self.before.value.high))
        if low is None or high is None:
            return not self._is_upper
        return self._is_upper == (high < low)

    def _others(self, first: Fill) -> list[Fill]:
        """What else the unknown records could be, where it can make the evidence weaker."""
        is_rate = self._form is not None and self._form.aggregate.kind == "rate"
        if is_rate and self.before is None:
            # The exact test of a rate is never less sure of a better one.
            return []
        mine, theirs = [first.is_highest], [first.is_highest_before]
        if self.now.value.unknown:
            mine.append(not first.is_highest)
        if self.before is not None and self.before.value.unknown:
            theirs.append(not first.is_highest_before)
        found = [Fill(*one) for one in product(mine, theirs)][1:]
        return [*found, replace(first, known_only=True)] if found else []

    def _evidence_under(self, fill: Fill) -> Evidence:
        return self._under(fill)[0]

    def _under(self, fill: Fill) -> tuple[Evidence, float]:
        if fill not in self._made:
            self._made[fill] = self._alone(fill) if self.before is None else self._compared(fill)
        return self._made[fill]

    @cached_property
    def _made(self) -> dict[Fill, tuple[Evidence, float]]:
        """What was made before: planning asks for the same again and again."""
        return {}

    def _alone(self, fill: Fill) -> tuple[Evidence, float]:
        from demur.measure.evidence.means import Mean
        from demur.measure.evidence.quantiles import Quantile
        from demur.measure.evidence.rates import Rate

        form, run = self._form, self.now.run
        if form is not None and form.aggregate.kind in ("rate", "mean", "quantile"):
            aggregate = form.aggregate
            is_highest = fill.is_highest == (form.line.factor > 0)
            if aggregate.kind == "rate":
                parts = self.now.parts.get(form.number, {})
                return _written(Rate(*worst_rate(parts, is_highest)), form.line), self.limit
            rows = self._rows(fill)
            found = run.frame.contributions(aggregate, is_highest)
            values = found.values[rows[found.kept[rows]]]
            bounds = Interval(aggregate.range.low, aggregate.range.high)
            made = (
                Mean.of(values, bounds)
                if aggregate.kind == "mean"
                else Quantile.of(values, aggregate.share)
            )
            return _written(made, form.line), self.limit
        rows = self._rows(fill)
        statistic = statistic_of(run, self.threshold.metric, fill.is_highest, rows)
        found = resampled(statistic, rows, run.frame.seeds[rows])
        value = self.now.value
        range = admissible(
            run.metrics.metrics[self.threshold.metric], run.metrics, value.samples, run.evaluator
        )
        found = known_better(found, self._aggregates, self._value(fill), self._certain(fill), range)
        few = self._few_that_differ(found, [(statistic, rows)])
        return replace(found, few=few), self.limit

    def _compared(self, fill: Fill) -> tuple[Evidence, float]:
        before = self.before
        assert before is not None
        run, earlier = self.now.run, before.run
        rows, rows_before = self._rows(fill), before.rows
        if fill.known_only:
            rows_before = rows_before[earlier.frame.known(self._aggregates)[rows_before]]
        here, here_before = _members(run.frame, rows), _members(earlier.frame, rows_before)
        if self.paired:
            rows, rows_before = self._pairs(rows, rows_before)
            if fill.known_only:
                # A case is left out where either run does not know it.
                both = run.frame.known(self._aggregates)[rows]
                both &= earlier.frame.known(self._aggregates)[rows_before]
                rows, rows_before = rows[both], rows_before[both]
        few: list[FewChanges] = []
        form, limit = self._form, self._limit_line
        if form is not None and form.aggregate.kind == "rate" and limit is not None:
            factor = form.line.factor
            sides = (fill.is_highest == (factor > 0), fill.is_highest_before == (factor > 0))
            mine = run.frame.contributions(form.aggregate, sides[0]).within(here)
            theirs = earlier.frame.contributions(form.aggregate, sides[1]).within(here_before)
            if abs(limit.factor - 1.0) <= 1e-12:
                exact = self._of_rates(mine, theirs, rows, rows_before)
                if exact is not None:
                    return _written(exact, Line(factor, 0.0)), limit.added
                changed = few_changes(mine, theirs, rows, rows_before, limit.added / factor)
                if changed is not None:
                    few.append(changed.rescaled(factor))
        return self._resampled_difference(fill, (rows, rows_before), (here, here_before), few), 0.0

    def _of_rates(
        self, mine: Contributions, theirs: Contributions, rows: Rows, rows_before: Rows
    ) -> Evidence | None:
        """The evidence on a difference of rates; None of pairs that do not count in both runs."""
        from demur.measure.evidence.paired_rates import PairedRates
        from demur.measure.evidence.two_rates import TwoRates

        if not self.paired:
            return TwoRates(*_count(mine, rows), *_count(theirs, rows_before))
        kept = mine.kept[rows]
        if not bool((kept == theirs.kept[rows_before]).all()):
            return None
        a = mine.values[rows[kept]] == 1.0
        b = theirs.values[rows_before[kept]] == 1.0
        counts = ((a & b), (a & ~b), (~a & b), (~a & ~b))
        return PairedRates(*(int(one.sum()) for one in counts))

    def _resampled_difference(
        self,
        fill: Fill,
        rows: tuple[Rows, Rows],
        members: tuple[Members, Members],
        few: list[FewChanges],
    ) -> Evidence:
        before, threshold = self.before, self.threshold
        assert before is not None
        run, earlier = self.now.run, before.run
        evaluator = run.evaluator
        current = statistic_of(run, threshold.metric, fill.is_highest, rows[0], members[0])
        past = statistic_of(earlier, threshold.metric, fill.is_highest_before, rows[1], members[1])
        limit_at = threshold.limit_by(evaluator)

        def difference(value: float | None, value_before: float | None) -> float:
            limit = limit_at(value_before)
            return nan if limit is None or value is None else value - limit

        seeds = run.frame.seeds[rows[0]], earlier.frame.seeds[rows[1]]
        found = resampled_difference(difference, current, past, *rows, seeds, self.paired)
        metric = run.metrics.metrics[threshold.metric]
        range = admissible(metric, run.metrics, self.now.value.samples, evaluator)
        theirs = admissible(metric, run.metrics, before.value.samples, evaluator)
        limits = extremes(threshold.limit, {"baseline": (theirs.low, theirs.high)}, evaluator)
        low, high = (-inf, inf) if limits is None else limits
        value = self._value(fill)
        found = known_better(
            found,
            self._aggregates,
            None if value is None else value - self.limit,
            min(self._certain(fill), before.value.certain),
            Interval(range.low - high, range.high - low),
        )
        sides = [(current, rows[0]), (past, rows[1])]
        changed = self._few_that_differ(found, sides, difference)
        return replace(found, few=(*few, *changed))

    def _few_that_differ(
        self,
        found: Resampled,
        sides: Sequence[tuple[Statistic, Rows]],
        difference: Difference | None = None,
    ) -> tuple[FewChanges, ...]:
        """What few records allow that differ from the others."""
        from demur.measure.evidence.few_changes import few_of_samples

        split = len(sides[0][0].parts)

        def function(values: Sequence[float]) -> float:
            first = sides[0][0].compute(values[:split])
            if difference is None:
                return nan if first is None else first
            return difference(first, sides[1][0].compute(values[split:]))

        if not all(one.adds_up for one, _ in sides):
            return self._few_pairs(found, sides)
        parts = [(part, rows) for one, rows in sides for part in one.parts]
        if not all(len(rows) for _, rows in parts):
            return ()
        with np.errstate(all="ignore"):
            moved, scale = influences(function, parts)
            value = function([part.value(rows) for part, rows in parts])
            samples = [np.sum(moved[:split], axis=0)]
            if difference is not None:
                rest = np.sum(moved[split:], axis=0)
                samples = [samples[0] + rest] if self.paired else [*samples, rest]
            few = few_of_samples(
                [one + value for one in samples], found.range, found.endless, scale
            )
        return () if few is None else (few,)

    def _few_pairs(
        self, found: Resampled, sides: Sequence[tuple[Statistic, Rows]]
    ) -> tuple[FewChanges, ...]:
        """The same of a quantile over pairs, of which only the changed ones are counted."""
        from demur.measure.evidence.few_changes import FewChanges

        if not self.paired or len(sides) < 2 or sides[0][0].share is None:
            return ()
        (now, rows), (before, rows_before) = sides
        mine, theirs = now.parts[0].values[rows], before.parts[0].values[rows_before]
        limit_at = self.threshold.limit_by(self.now.run.evaluator)
        value = before.of_rows(rows_before)
        limit = limit_at(value)
        if value is None or limit is None:
            return ()
        few = FewChanges(
            float((mine > theirs).sum()),
            float((mine < theirs).sum()),
            len(rows),
            value - limit,
            endless=1.0 - found.likeliest,
        )
        return (few,) if few.are_few else ()

    def _rows(self, fill: Fill) -> Rows:
        rows = self.now.rows
        return rows[self.now.run.frame.known(self._aggregates)[rows]] if fill.known_only else rows

    def _value(self, fill: Fill) -> float | None:
        """The value over all records, where the evidence may be of a sample of them."""
        if fill.known_only or fill.is_highest != self._is_upper:
            return None
        return self.now.value.high if fill.is_highest else self.now.value.low

    def _certain(self, fill: Fill) -> int:
        value = self.now.value
        return value.samples - value.unknown if fill.known_only else value.certain

    def _pairs(self, rows: Rows, rows_before: Rows) -> tuple[Rows, Rows]:
        """The rows, side by side, of the cases that either run has in the slice.

        A case may be in the slice in one run only, as of a slice by the decision: it counts in that
        run.
        """
        before = self.before
        assert before is not None
        frame, earlier = self.now.run.frame, before.run.frame
        partners, partners_before = frame.partners(earlier), earlier.partners(frame)
        paired = rows[partners[rows] >= 0]
        others = partners_before[rows_before]
        others = others[(others >= 0) & ~_members(frame, paired)[others]]
        first = np.concatenate([paired, others])
        return first, partners[first]


def _written(evidence: Evidence, line: Line) -> Evidence:
    """The evidence on the metric as it is written."""
    from demur.measure.evidence.rescaled import Rescaled

    if line == Line(1.0, 0.0):
        return evidence
    return Rescaled(evidence, line.factor, line.added)


def _members(frame: Frame, rows: Rows) -> Members:
    found = np.zeros(frame.size, dtype=bool)
    found[rows] = True
    return found


def _count(found: Contributions, rows: Rows) -> tuple[int, int]:
    kept = rows[found.kept[rows]]
    return int(found.values[kept].sum()), len(kept)


def is_of_all(evidence: Evidence) -> bool:
    """Whether the evidence is of all records, where the frame is a sample of them: a rate's."""
    from demur.measure.evidence.rates import Rate
    from demur.measure.evidence.rescaled import Rescaled

    return isinstance(evidence.of if isinstance(evidence, Rescaled) else evidence, Rate)
