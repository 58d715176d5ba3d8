"""Recorded decisions by the time at which they were made: what windows are cut from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demur.measure import deciding
from demur.measure.frames import UNTIMED, Frame, frame
from demur.measure.grouping import Summaries, summarise
from demur.measure.measuring import Run, read_and
from demur.measure.plan import Plan, plan
from demur.measure.records.journal import finals, with_lines
from demur.measure.records.relation import TIME, Relation, UnreadableTable, Wanted
from demur.measure.records.unreadable import Skipped, Unreadable, lines_after
from demur.measure.slices import Cut, Key, keys_of
from demur.measure.summaries import Parts
from demur.policy import Policy
from demur.runtime.aggregates import Metrics, policy_of_records, read_metrics
from demur.runtime.evaluator import Evaluator

MICROSECONDS = 1_000_000
IN_MEMORY = 1_000_000
"""Records up to which windows are cut in the memory; beyond, each is a query of the engine."""


@dataclass(frozen=True)
class History:
    """Final records with what the alerts' metrics read of them.

    `untimed` are records whose time is not known, which no window has; `latest` is the time of the
    newest record, in seconds since the epoch, None where there is none. `unreadable` is what of the files
    is no record.
    """

    run: Run
    cuts: tuple[Cut, ...]
    records: int
    untimed: int
    latest: float | None
    unreadable: tuple[Unreadable, ...] = ()

    def window(self, start: float, end: float) -> Run:
        """The run over the records after `start` and up to `end`, in seconds since the epoch."""
        first, last = _micro(start), _micro(end)
        if self.records > IN_MEMORY:
            time = self.run.decided.table[TIME]
            chosen = self.run.decided.table.filter((time > first) & (time <= last))
            decided = replace(self.run.decided, table=chosen)
            return replace(
                self.run, decided=decided, summaries=summarise(decided, self.run.metrics, self.cuts)
            )
        held, times = self._by_time
        low, high = np.searchsorted(times, [first, last], side="right")
        part = held.part(np.arange(low, high))
        return replace(self.run, held=part, summaries=summarised(part, self.run.metrics, self.cuts))

    def count(self, start: float, end: float) -> int:
        """How many records there are after `start` and up to `end`; their time must be known."""
        first, last = _micro(start), _micro(end)
        if self.records > IN_MEMORY:
            time = self.run.decided.table[TIME]
            chosen = self.run.decided.table.filter((time > first) & (time <= last))
            return int(chosen.count().execute())
        _, times = self._by_time
        low, high = np.searchsorted(times, [first, last], side="right")
        return int(high - low)

    def unreadable_after(self, at: float) -> int:
        """How many lines cannot be read that may be of a time after this, in seconds since the epoch."""
        return lines_after(self.unreadable, at)

    @cached_property
    def _by_time(self) -> tuple[Frame, NDArray[np.int64]]:
        dimensions = range(len(self.run.plan.dimensions))
        whole = frame(self.run.decided, self.run.metrics, dimensions, limit=IN_MEMORY)
        assert whole.times is not None
        ordered = whole.part(np.argsort(whole.times, kind="stable"))
        assert ordered.times is not None
        return ordered, ordered.times


def _micro(at: float) -> int:
    """Seconds as microseconds; the end of time for infinity, and never as early as no known time."""
    return max(min(round(min(at, 1e12) * MICROSECONDS), 10**18), UNTIMED + 1)


def summarised(frame: Frame, metrics: Metrics, cuts: Sequence[Cut]) -> Summaries:
    """The parts of every aggregate over all the frame's records and over each slice."""
    found: dict[Cut, dict[Key, Mapping[int, Parts]]] = {}
    for cut in dict.fromkeys([(), *cuts]):
        rows: dict[Key, list[int]] = {(): []} if not cut else {}
        for row in range(frame.size):
            for key in keys_of([frame.dimensions[at][row] for at in cut]):
                rows.setdefault(key, []).append(row)
        found[cut] = {
            key: {
                at: frame.parts(one, np.asarray(places, dtype=np.intp))
                for at, one in enumerate(metrics.aggregates)
            }
            for key, places in rows.items()
        }
    return found


@dataclass(frozen=True)
class Reading:
    """What alerts read of records, and how a history is made of them."""

    plan: Plan
    cuts: tuple[Cut, ...]

    @property
    def wanted(self) -> Wanted:
        """The signals of a record, and what a journal says of its lines."""
        return with_lines(self.plan.wanted)

    @property
    def policy(self) -> Policy:
        """The policy of the records, with the decision as a stage of theirs."""
        return policy_of_records(self.plan.evaluator.policy)

    def history(self, relation: Relation, sources: Sequence[str]) -> History:
        """The history of a journal's lines, or of final records; what outcomes tell is joined."""
        decided = deciding.decided(self.plan, finals(relation, self.wanted))
        facts = decided.table.aggregate(
            records=decided.table.count(),
            untimed=decided.table.count(where=decided.table[TIME].isnull()),
            latest=decided.table[TIME].max(),
        )
        (row,) = facts.to_pyarrow().to_pylist()
        latest = row["latest"]
        return History(
            Run(self.plan, tuple(sources), decided, {}),
            self.cuts,
            int(row["records"]),
            int(row["untimed"]),
            None if latest is None or latest == UNTIMED else latest / MICROSECONDS,
        )


def reading(
    evaluator: Evaluator,
    metrics: Sequence[str],
    dimensions: Sequence[str],
    cuts: Sequence[Cut],
    key: bytes = b"",
) -> Reading:
    """What these metrics read of recorded decisions, over these slices; `key` as of `plan`."""
    made = plan(
        evaluator, read_metrics(evaluator, metrics), tuple(dimensions), recorded=True, key=key
    )
    return Reading(made, tuple(cuts))


def read_history(connection: Any, sources: Sequence[str], reading: Reading) -> History:
    """The final records of a journal or table, read as a whole.

    What cannot be read is passed over and counted. Raises `UnreadableTable` where nothing else is there.
    """
    skipped = Skipped()
    found = read_and(
        connection,
        sources,
        reading.wanted,
        reading.policy,
        lambda relation: reading.history(relation, sources),
        skipped,
    )
    if skipped.files and not found.records and not found.untimed:
        # Read as a whole, it says what it is instead of records.
        read_and(connection, sources, reading.wanted, reading.policy, lambda _: None)
        raise UnreadableTable(*(text for one in skipped.files.values() for text in one.shown))
    return replace(found, unreadable=tuple(skipped.files.values()))
