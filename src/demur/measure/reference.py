"""The same summaries by Python alone: what every engine is held to, and the engine where none is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from demur.measure.grouping import Summaries
from demur.measure.records.python_columns import row_evaluator
from demur.measure.slices import Cut, Key, members
from demur.measure.summaries import all_parts
from demur.runtime.aggregates import Aggregate, Metrics, reached
from demur.runtime.evaluator import Evaluator
from demur.tree import Constant, Signal


def summarise_records(
    evaluator: Evaluator,
    metrics: Metrics,
    dimensions: Sequence[str],
    cuts: Iterable[Cut],
    records: Iterable[Mapping[str, Any]],
) -> Summaries:
    """The parts of every aggregate over all records and over every slice of the cuts."""
    policy = evaluator.policy
    slices = [Signal(*_split(name), "dyn") for name in dimensions]
    came = [
        reached(policy, one.stage) if one.stage in policy.stages else Constant(True, "bool")
        for one in slices
    ]
    row = row_evaluator(evaluator, [], [*metrics.columns, *slices, *came])
    width, many = len(metrics.columns), len(slices)
    groups: dict[Cut, dict[Key, list[list[Any]]]] = {cut: {} for cut in [(), *cuts]}
    groups[()][()] = []
    for record in records:
        values = row(record)
        belongs = [
            [] if came_to is False else members(value if came_to else None)
            for value, came_to in zip(
                values[width : width + many], values[width + many :], strict=True
            )
        ]
        for cut, found in groups.items():
            for key in product(*(belongs[at] for at in cut)):
                found.setdefault(key, []).append(values[:width])
    return {
        cut: {
            key: {at: _parts(one, rows) for at, one in enumerate(metrics.aggregates)}
            for key, rows in found.items()
        }
        for cut, found in groups.items()
    }


def _split(name: str) -> tuple[str, str]:
    stage, _, signal = name.partition(".")
    return stage, signal


def _parts(aggregate: Aggregate, rows: Sequence[Sequence[Any]]) -> dict[str, float]:
    def of(at: int | None, row: Sequence[Any], otherwise: Any) -> Any:
        return otherwise if at is None else row[at]

    triples = [
        (
            of(aggregate.value, row, None),
            of(aggregate.second, row, None),
            of(aggregate.where, row, True),
        )
        for row in rows
    ]
    return all_parts(aggregate, triples)
