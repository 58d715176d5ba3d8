"""A run: records decided on an engine, with what its metrics and slices come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from demur.measure import deciding
from demur.measure.frames import Frame, frame, small_slices
from demur.measure.grouping import Summaries, pooled, summarise
from demur.measure.metrics import metric_value
from demur.measure.plan import Decided, Plan
from demur.measure.records import journal
from demur.measure.records.connecting import engine_error
from demur.measure.records.opening import ATTEMPTS, open_records
from demur.measure.records.relation import MalformedValue, Relation, UnreadableTable, Wanted
from demur.measure.records.unreadable import Skipped
from demur.measure.slices import Cut, Key
from demur.measure.summaries import Parts, Value
from demur.policy import Policy, Shape
from demur.runtime.aggregates import DECISION, Metrics
from demur.runtime.evaluator import Evaluator

Result = TypeVar("Result")


@dataclass(frozen=True)
class Run:
    """A run of a system, measured: `summaries` are exact over all its records.

    `held` are its records where they are in the memory already, as a part of those `decided`;
    `sample` is a sample of them, where one was taken that another run has too.
    """

    plan: Plan
    sources: tuple[str, ...]
    decided: Decided
    summaries: Summaries
    held: Frame | None = None
    sample: Frame | None = None

    @property
    def evaluator(self) -> Evaluator:
        """The policy that decided the run."""
        return self.plan.evaluator

    @property
    def metrics(self) -> Metrics:
        """The metrics that were asked for."""
        return self.plan.metrics

    @cached_property
    def frame(self) -> Frame:
        """What single records contribute."""
        if self.held is not None:
            return self.held
        if self.sample is not None:
            return self.sample
        return self.frame_with(self.small_slices, ())

    @cached_property
    def small_slices(self) -> Mapping[Cut, frozenset[Key]]:
        """The slices that stay whole where the frame is a sample, so far as there is one."""
        return small_slices(self.decided, tuple(self.summaries))

    def frame_with(self, whole: Mapping[Cut, frozenset[Key]], also: Sequence[str]) -> Frame:
        """The frame; where it is a sample, with all of these slices, and with these records."""
        dimensions = range(len(self.plan.dimensions))
        return frame(self.decided, self.metrics, dimensions, whole, also)

    def value(self, metric: str, cut: Cut, keys: Sequence[Key]) -> Value:
        """A metric over a slice, or several together; over no records where there are none such."""
        found = self.parts(metric, cut, keys)
        return metric_value(self.metrics.metrics[metric], self.metrics, found, self.evaluator)

    def is_reached(self, metric: str, cut: Cut, key: Key) -> bool:
        """Whether a record of the slice may have come to the last stage that the metric reads."""
        came = self.metrics.metrics[metric].came
        if came is None:
            return True
        parts = self.summaries[cut].get(key, {}).get(came, {})
        return parts.get("true", 0) + parts.get("unknown", 0) > 0

    def parts(self, metric: str, cut: Cut, keys: Sequence[Key]) -> Mapping[int, Parts]:
        """The parts of the metric's aggregates, by the aggregate's number."""
        if len(keys) == 1:
            return self.summaries[cut].get(keys[0], {})
        if self.held is None:
            place = cut, tuple(keys)
            if place not in self._pools:
                self._pools[place] = pooled(self.decided, self.metrics, cut, keys)
            return self._pools[place]
        rows = self.held.rows(cut, keys)
        used = self.metrics.metrics[metric].aggregates
        return {at: self.held.parts(self.metrics.aggregates[at], rows) for at in used}

    @cached_property
    def _pools(self) -> dict[tuple[Cut, tuple[Key, ...]], Mapping[int, Parts]]:
        """Slices pooled before, so that each metric need not ask the engine anew."""
        return {}


@dataclass(frozen=True)
class Part:
    """A slice's part of a run, for one metric: its value, what it is made of, and the records' rows.

    The rows are those of the run's frame; they are not read before they are asked for.
    """

    run: Run
    value: Value
    parts: Mapping[int, Parts]
    find_rows: Callable[[], NDArray[np.intp]]
    find_sampled: Callable[[], int | None]

    @property
    def sampled(self) -> int | None:
        """How many records were drawn at random, where the rows are of a sample; None where of all."""
        return self.find_sampled()

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The records of the slice in the run's frame."""
        return self.find_rows()


def sampled_together(run: Run, baseline: Run) -> tuple[Run, Run]:
    """Both runs, with the same slices whole and the same cases in the memory, where they are samples.

    A slice that is small in one of them may have its cases elsewhere in the other.
    """
    pair = run, baseline
    whole = {
        cut: frozenset().union(*(one.small_slices.get(cut, frozenset()) for one in pair))
        for cut in run.summaries
        if cut
    }
    frames = [one.frame_with(whole, ()) for one in pair]
    if all(one.drawn is None for one in frames):
        return replace(run, sample=frames[0]), replace(baseline, sample=frames[1])
    extra = [
        [
            name
            for name, drawn in zip(
                one.ids, one.drawn if one.drawn is not None else (), strict=False
            )
            if name is not None and not drawn
        ]
        for one in frames
    ]
    frames = [
        one if one.drawn is None or not more else of.frame_with(whole, more)
        for of, one, more in zip(pair, frames, extra[::-1], strict=True)
    ]
    return replace(run, sample=frames[0]), replace(baseline, sample=frames[1])


def part_of(run: Run, metric: str, cut: Cut, keys: Sequence[Key]) -> Part:
    """A metric over a slice, or several together."""
    return Part(
        run,
        run.value(metric, cut, keys),
        run.parts(metric, cut, keys),
        lambda: run.frame.rows(cut, keys),
        lambda: run.frame.sampled(cut, keys),
    )


def part_of_rows(run: Run, metric: str, rows: NDArray[np.intp]) -> Part:
    """A metric over these records of the run's frame."""
    made = run.metrics.metrics[metric]
    parts = {at: run.frame.parts(run.metrics.aggregates[at], rows) for at in made.aggregates}
    value = metric_value(made, run.metrics, parts, run.evaluator)
    drawn = run.frame.drawn
    size = None if drawn is None else int(drawn.sum())
    return Part(run, value, parts, lambda: rows, lambda: size)


def shapes_of(policy: Policy) -> dict[str, Mapping[str, Shape]]:
    """The shapes of all that a record may hold, by stage and name."""
    return {"outcome": policy.outcome, **policy.stages}


def read_and(
    connection: Any,
    sources: Sequence[str],
    wanted: Wanted,
    policy: Policy,
    compute: Callable[[Relation], Result],
    skipped: Skipped | None = None,
) -> Result:
    """What `compute` finds of the records, of which what cannot be read is `skipped` if that is given.

    DuckDB's JSON reader refuses whatever is not one object a line with an object a stage. Python's
    reader then tells what is wrong from what is merely unknown. Raises `UnreadableTable`.
    """
    problem: Exception | None = None
    # A format without types must be told those of a recorded decision and of a journal's lines too.
    shapes = {**shapes_of(policy), "decision": DECISION, "demur": journal.OWN}
    for attempt in range(ATTEMPTS):
        relation: Relation | None = None
        try:
            relation = open_records(connection, sources, wanted, shapes, attempt, skipped)
            return compute(relation)
        except UnreadableTable as failure:
            if not isinstance(failure, MalformedValue) or not (
                relation and relation.is_provisional
            ):
                raise
            problem = failure
        except Exception as failure:
            # What DuckDB says while Arrow takes its batches arrives as an OSError.
            in_a_batch = isinstance(failure, OSError) and relation and relation.is_provisional
            if not in_a_batch and not _is_of_the_engine(failure):
                raise
            problem = failure
        if relation is not None and not relation.is_provisional:
            break
    assert problem is not None
    if isinstance(problem, UnreadableTable):
        raise problem
    why = engine_error(problem, [*sources, *wanted.shapes])
    raise UnreadableTable(f"The engine {connection.name} failed: {why}")


def read_run_and(
    connection: Any,
    sources: Sequence[str],
    wanted: Wanted,
    policy: Policy,
    compute: Callable[[Relation], Result],
) -> Result:
    """As `read_and`; of a journal `compute` gets each request once, as it ended, with its outcome."""
    if not journal.is_journal(connection, sources):
        return read_and(connection, sources, wanted, policy, compute)
    lines = journal.with_lines(wanted)
    return read_and(
        connection,
        sources,
        lines,
        policy,
        lambda relation: compute(journal.finals(relation, lines)),
    )


def measure(connection: Any, sources: Sequence[str], plan: Plan, cuts: Sequence[Cut]) -> Run:
    """The records' run. Raises `UnreadableTable`."""

    def compute(relation: Relation) -> Run:
        decided = deciding.decided(plan, relation)
        return Run(plan, tuple(sources), decided, summarise(decided, plan.metrics, cuts))

    return read_run_and(connection, sources, plan.wanted, plan.evaluator.policy, compute)


def restricted(run: Run, names: Any, cuts: Sequence[Cut]) -> Run:
    """The run over those records alone whose ids are in a table with the column `id`."""
    relation = run.decided.relation
    decided = replace(
        run.decided,
        table=run.decided.table.semi_join(names, "id"),
        relation=relation.of(relation.table.semi_join(names, "id")),
    )
    return Run(run.plan, run.sources, decided, summarise(decided, run.metrics, cuts))


_ENGINES = (
    "duckdb",
    "_duckdb",
    "pyspark",
    "py4j",
    "psycopg",
    "ibis",
    "sqlalchemy",
    "sqlglot",
    "google",
)


def _is_of_the_engine(failure: Exception) -> bool:
    """Whether an engine or its driver raised this, and not a fault of ours."""
    return any(one.__module__.split(".")[0] in _ENGINES for one in type(failure).__mro__)
