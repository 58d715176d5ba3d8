"""Verdicts over records in the memory, without an engine: so fast that many can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from demur.measure.comparing import Comparison
from demur.measure.frames import Frame
from demur.measure.judge import judge
from demur.measure.measuring import Run
from demur.measure.plan import plan
from demur.measure.records.python_columns import row_evaluator
from demur.measure.results import Judgement, worst
from demur.measure.slices import cuts, dimensions, text
from demur.measure.thresholds import Threshold
from demur.monitor.history import summarised
from demur.runtime.aggregates import Metrics, read_metrics
from demur.runtime.evaluator import Evaluator
from demur.tree import Signal

Record = Mapping[str, Any]


def run_of(evaluator: Evaluator, threshold: Threshold, records: Sequence[Record]) -> Run:
    """The records, measured by Python."""
    names = dimensions([threshold.by])
    metrics = read_metrics(evaluator, [threshold.metric])
    made = plan(evaluator, metrics, names)
    slices = [Signal(*_place(name), "dyn") for name in names]
    action = Signal("decision", "action", "string")
    row = row_evaluator(evaluator, [], [*metrics.columns, *slices, action])
    rows = [row(one) for one in records]
    held = _frame(metrics, [one.get("id") for one in records], rows, len(names))
    asked = cuts(threshold.by, names)
    return Run(made, (), None, summarised(held, metrics, asked), held)  # pyright: ignore


def _place(name: str) -> tuple[str, str]:
    stage, _, signal = name.partition(".")
    return stage, signal


def _frame(
    metrics: Metrics, ids: Sequence[str | None], rows: Sequence[Sequence[Any]], width: int
) -> Frame:
    columns: dict[int, Any] = {}
    labels: dict[int, list[str]] = {}
    count = len(metrics.columns)
    for at, tree in enumerate(metrics.columns):
        values = [one[at] for one in rows]
        if tree.type == "string":
            labels[at] = sorted({one for one in values if one is not None})
            values = [None if one is None else labels[at].index(one) for one in values]
        columns[at] = np.array([np.nan if one is None else float(one) for one in values])
    return Frame(
        ids,
        columns,
        {at: [_dimension(one[count + at]) for one in rows] for at in range(width)},
        [one[count + width] for one in rows],
        [""] * len(rows),
        len(rows),
        labels=labels,
    )


def _dimension(value: Any) -> Any:
    if value is None or isinstance(value, list):
        return value
    return text(value)


def judged(
    evaluator: Evaluator,
    threshold: Threshold,
    records: Sequence[Record],
    baseline: Sequence[Record] | None = None,
) -> tuple[Judgement, ...]:
    """The judgement over all records and each slice."""
    run = run_of(evaluator, threshold, records)
    before = None if baseline is None else run_of(evaluator, threshold, baseline)
    paired = before is not None and bool(set(run.frame.by_id) & set(before.frame.by_id))
    rows = Comparison(run, before, paired).rows(threshold, cuts(threshold.by, run.plan.dimensions))
    return judge(rows, threshold.operator, threshold.confidence, threshold.min_samples, "holm")


def verdict(
    evaluator: Evaluator,
    threshold: Threshold,
    records: Sequence[Record],
    baseline: Sequence[Record] | None = None,
) -> str:
    """The requirement's verdict: the worst of all its slices."""
    return worst(one.verdict for one in judged(evaluator, threshold, records, baseline))
