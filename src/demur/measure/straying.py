"""Records of which it is not known to what slice they belong: what a slice could be with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from demur.measure.demands import Row
from demur.measure.measuring import Part, part_of_rows
from demur.measure.slices import UNKNOWN, Cut, Key
from demur.measure.statistics import Rows, Statistic, statistic_of
from demur.measure.thresholds import Threshold


def strays_of(found: Iterable[Key], keys: Sequence[Key]) -> list[Key]:
    """Which of the slices found hold records that could belong to one of these.

    A part of theirs is not known, and what is known is the same.
    """
    return [
        stray
        for stray in found
        if UNKNOWN in stray and stray not in keys and any(_could_be(stray, key) for key in keys)
    ]


def _could_be(stray: Key, key: Key) -> bool:
    return all(one in (UNKNOWN, other) for one, other in zip(stray, key, strict=True))


def doubts(
    threshold: Threshold,
    cut: Cut,
    keys: Sequence[Key],
    now: Part,
    before: Part | None,
    row: Callable[[Part, Part | None], Row],
) -> tuple[int, tuple[Callable[[], Row], ...]]:
    """How many records could belong to the slice, and what it could be with them.

    With those that speak against the requirement, or strengthen the baseline; and with all. What is
    itself the slice of unknown values could hold a slice that has no other records: of those that speak
    against the requirement, and of as many as a slice must have at least.
    """
    sides = [
        None if part is None else _Side.of(part, threshold, cut, keys, is_baseline)
        for part, is_baseline in ((now, False), (before, True))
    ]
    mine, theirs = sides
    assert mine is not None
    chosen: list[tuple[Choice, Choice]] = []
    count = mine.count + (0 if theirs is None else theirs.count)
    if count:
        chosen = [(_Side.worst, _Side.worst), (_Side.whole, _Side.whole)]
        if len(keys) > 1:
            chosen.append((_Side.sure, _Side.sure))
    own = len(keys) == 1 and UNKNOWN in keys[0]
    if own and now.value.samples > 1:
        chosen.append((_Side.least, _Side.unchanged))
        count = count or now.value.samples

    def made(choice: tuple[Choice, Choice]) -> Row:
        return row(choice[0](mine), None if theirs is None else choice[1](theirs))

    return count, tuple(partial(made, one) for one in chosen)


@dataclass(frozen=True)
class _Side:
    """A slice's part of a run, and the rows that could belong to it."""

    part: Part
    threshold: Threshold
    core: Rows
    strays: Rows
    is_highest: bool

    @staticmethod
    def of(
        part: Part, threshold: Threshold, cut: Cut, keys: Sequence[Key], is_baseline: bool
    ) -> _Side:
        highest = threshold.is_upper != is_baseline
        # Small slices are judged together with the small one of what is unknown, which may be no part.
        core = [key for key in keys if UNKNOWN not in key] or list(keys)
        strays = strays_of(part.run.summaries[cut], core)
        if not strays:
            return _Side(part, threshold, part.rows, np.array([], dtype=np.intp), highest)
        frame = part.run.frame
        rows = part.rows if len(core) == len(keys) else frame.rows(cut, core)
        others = np.setdiff1d(frame.rows(cut, strays), rows)
        return _Side(part, threshold, rows, others, highest)

    @property
    def count(self) -> int:
        return len(self.strays)

    def unchanged(self) -> Part:
        """The slice as it is."""
        return self.part

    def sure(self) -> Part:
        """The slice of those that are known to belong to it."""
        return self._of(self.core)

    def worst(self) -> Part:
        """The slice with those that make its value worse."""
        rows = self.core
        effects = self._effects(rows, self.strays)
        return self._of(np.concatenate([rows, self.strays[effects > 0]]))

    def whole(self) -> Part:
        """The slice with all that could belong to it."""
        return self._of(np.concatenate([self.core, self.strays]))

    def least(self) -> Part:
        """Those of the slice that are worst, as many as a slice must have at least."""
        rows = self.part.rows
        effects = self._effects(np.array([], dtype=np.intp), rows)
        order = np.argsort(-effects, kind="stable")
        size = max(1, self.threshold.min_slice or 1)
        return self._of(rows[order[:size]])

    def _of(self, rows: Rows) -> Part:
        if np.array_equal(np.sort(rows), self.part.rows):
            return self.part
        return part_of_rows(self.part.run, self.threshold.metric, np.sort(rows))

    def _effects(self, rows: Rows, added: Rows) -> NDArray[np.float64]:
        """How much worse each of the records would make the value; without a value there, all do."""
        if self.part.run.metrics.is_drift(self.threshold.metric):
            return np.ones(len(added))
        statistic = statistic_of(
            self.part.run, self.threshold.metric, self.is_highest,
            rows if len(rows) else added,
        )  # fmt: skip
        value = statistic.of_rows(rows) if len(rows) else None
        sign = 1.0 if self.is_highest else -1.0
        found = _with_each(statistic, rows, added)
        if value is None or value != value:
            return np.where(np.isnan(found), 0.0, sign * found)
        return np.where(np.isnan(found), 1.0, sign * (found - value))


Choice = Callable[[_Side], Part]


def _with_each(statistic: Statistic, rows: Rows, added: Rows) -> NDArray[np.float64]:
    """The metric over the rows and one of those added, for each of them."""
    if statistic.adds_up:
        terms = statistic.terms(added)
        sums = statistic.terms(rows).sum(axis=0) + terms
        values = [statistic.of_sums(one) for one in sums]
    else:
        values = [statistic.of_rows(np.append(rows, one)) for one in added]
    return np.array([np.nan if one is None else one for one in values], dtype=float)
