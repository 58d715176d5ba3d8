"""Whether a gate can fail: it is fed the worst admissible records, and must say no.

Of many records that the policy admits, each requirement is given, many times over, the one that is
worst for it, or two that are worst together: a difference between groups takes one of each. A
threshold against the baseline also gets the best, as the baseline, and drift two different values.
Where that is no fail, a metric that counts gets fewer records, then more, and at last all different
ones. A metric of what is unknown also gets records without a signal. A requirement that fails on none
of these may not be able to fail at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, cycle, islice
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demur.gate.candidates import Record, candidates, incomplete
from demur.gate.run import Progress, Sources, run_gate
from demur.measure.metrics import metric_value
from demur.measure.records.python_columns import row_evaluator
from demur.measure.summaries import OF_SETS, all_parts
from demur.measure.thresholds import Gate, Threshold
from demur.runtime.aggregates import Aggregate, Metrics, read_metrics
from demur.runtime.evaluator import Evaluator
from demur.tree import Call

COPIES, MOST = 2_000, 100_000
"""How many records a gate is fed, which is enough for any confidence that gates ask for, and how
many at most where it takes as many to reach a count or a sum."""

INCOMPLETE = 200
"""From about how many records signals are left out, for metrics that ask for what is unknown."""

Mixture = tuple[int, ...]
"""Records by their numbers, to be fed in turn."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the gate says of a requirement when fed its worst records, and which records those are."""

    requirement: str
    verdict: str
    value: float | None
    records: tuple[Record, ...]

    @property
    def can_fail(self) -> bool:
        """Whether the gate said no."""
        return self.verdict == "fail"


def self_test(
    evaluator: Evaluator, gate: Gate, connection: Any, progress: Progress = lambda step: None
) -> tuple[Proof, ...]:
    """A proof for each requirement of the gate."""
    metrics = read_metrics(evaluator, dict.fromkeys(one.metric for one in gate.thresholds))
    records = sorted(candidates(evaluator), key=lambda one: len(json.dumps(one)))
    complete = len(records)
    for record in records[:: 1 + complete // INCOMPLETE]:
        records += incomplete(record)
    row = row_evaluator(evaluator, [], metrics.columns)
    columns = [row(record) for record in records]
    proofs: list[Proof] = []
    with TemporaryDirectory(prefix="demur-") as folder:
        for threshold in gate.thresholds:
            progress(threshold.text)
            alone = replace(gate, thresholds=(threshold,))
            proof = Proof(threshold.text, "error", None, ())
            tried = slice(None if _asks_for_unknown(metrics, threshold.metric) else complete)
            for results, baseline in _trials(
                threshold, evaluator, metrics, records[tried], columns[tried]
            ):
                # Of two sizes they are two samples: a case that is lost would be no fail but an error.
                first = 0 if len(results) == len(baseline) else len(results)
                sources = Sources(
                    (_written(Path(folder) / "results.jsonl", results),),
                    (_written(Path(folder) / "baseline.jsonl", baseline, first),)
                    if baseline
                    else (),
                )
                judged = run_gate(evaluator, alone, sources, connection).requirements[0].overall
                shown = tuple({id(one): one for one in results}.values())
                proof = Proof(threshold.text, judged.verdict, judged.measured.value, shown)
                if proof.can_fail:
                    break
            proofs.append(proof)
    return tuple(proofs)


def _asks_for_unknown(metrics: Metrics, name: str) -> bool:
    """Whether the metric tells unknown values from others, so that incomplete records are its worst."""
    read = [metrics.aggregates[at].value for at in metrics.metrics[name].aggregates]
    trees = [metrics.columns[at] for at in read if at is not None]
    return any(isinstance(one, Call) and one.function == "logic.is_unknown" for one in trees)


def _written(path: Path, records: Sequence[Record], first: int = 0) -> str:
    with path.open("w", encoding="utf-8") as file:
        for at, record in enumerate(records, first):
            file.write(json.dumps({**record, "id": str(at)}) + "\n")
    return str(path)


def _trials(
    threshold: Threshold,
    evaluator: Evaluator,
    metrics: Metrics,
    records: Sequence[Record],
    columns: Sequence[Sequence[Any]],
) -> Iterator[tuple[Sequence[Record], Sequence[Record]]]:
    """Results that should fail, the likeliest first, each with its baseline."""
    metric = metrics.metrics[threshold.metric]
    aggregates = [metrics.aggregates[at] for at in metric.aggregates]
    enough = max(COPIES, threshold.min_samples)
    if metrics.is_drift(threshold.metric):
        yield from _drifted(records, aggregates[0], columns, enough)
        return
    sign = 1.0 if threshold.is_upper else -1.0
    badness = {
        mixture: sign * value
        for mixture in _mixtures(aggregates, columns)
        if (value := _over(mixture, threshold, evaluator, metrics, columns)) is not None
    }
    if not badness:
        return
    worst, best = max(badness, key=badness.__getitem__), min(badness, key=badness.__getitem__)

    def fed(size: int) -> tuple[Sequence[Record], Sequence[Record]]:
        baseline = _repeated(records, best, size) if threshold.uses_baseline else ()
        return _repeated(records, worst, size), baseline

    yield fed(enough)
    if any(one.kind in ("count", "sum") for one in aggregates):
        for size in (max(1, threshold.min_samples), max(MOST, enough)):
            yield fed(size)
            if threshold.uses_baseline:
                yield fed(size)[0], fed(enough)[1]
    if any(one.kind in OF_SETS for one in aggregates):
        for found in (records, _unlike(records, aggregates[0], columns)):
            yield found, _repeated(records, best, len(found)) if threshold.uses_baseline else ()


def _drifted(
    records: Sequence[Record], aggregate: Aggregate, columns: Sequence[Sequence[Any]], size: int
) -> Iterator[tuple[Sequence[Record], Sequence[Record]]]:
    """Results all of one value, and a baseline all of another; the least and the greatest, of numbers."""
    unlike = _by_value(aggregate, columns)
    if len(unlike) > 1:
        first, *_, last = sorted(unlike, key=_size)
        yield _repeated(records, (unlike[last],), size), _repeated(records, (unlike[first],), size)


def _unlike(
    records: Sequence[Record], aggregate: Aggregate, columns: Sequence[Sequence[Any]]
) -> Sequence[Record]:
    """Records of which no two have the same value."""
    return [records[number] for number in _by_value(aggregate, columns).values()]


def _by_value(aggregate: Aggregate, columns: Sequence[Sequence[Any]]) -> dict[Any, int]:
    """The first record with each value of those that count."""
    found: dict[Any, int] = {}
    for number, values in enumerate(columns):
        value, _, counts = _triple(aggregate, values)
        if counts is True and value is not None:
            found.setdefault(value if value.__hash__ else repr(value), number)
    return found


def _repeated(records: Sequence[Record], mixture: Mixture, size: int) -> Sequence[Record]:
    return list(islice(cycle([records[at] for at in mixture]), size))


def _mixtures(
    aggregates: Sequence[Aggregate], columns: Sequence[Sequence[Any]]
) -> Iterator[Mixture]:
    """Each record by itself, of those alike to the metric the first; and pairs of its extremes."""
    read = sorted(
        {
            column
            for one in aggregates
            for column in (one.value, one.second, one.where)
            if column is not None
        }
    )
    unlike: dict[str, int] = {}
    for number, values in enumerate(columns):
        unlike.setdefault(repr([values[at] for at in read]), number)
    yield from ((number,) for number in unlike.values())
    extremes: dict[int, None] = {}
    for one in aggregates:
        counted = [at for at in unlike.values() if _triple(one, columns[at])[2] is True]
        ordered = sorted(counted, key=lambda at: _size(_triple(one, columns[at])[0]))
        extremes.update(dict.fromkeys([*ordered[:2], *ordered[-2:]]))
    yield from combinations(extremes, 2)


def _size(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _triple(aggregate: Aggregate, values: Sequence[Any]) -> tuple[Any, Any, Any]:
    """What a record gives an aggregate: its value, a ratio's divisor, and whether it counts."""
    value, second, where = (
        None if at is None else values[at]
        for at in (aggregate.value, aggregate.second, aggregate.where)
    )
    return value, second, True if aggregate.where is None else where


def _over(
    mixture: Mixture,
    threshold: Threshold,
    evaluator: Evaluator,
    metrics: Metrics,
    columns: Sequence[Sequence[Any]],
) -> float | None:
    """The metric over two records of the mixture."""
    metric = metrics.metrics[threshold.metric]
    parts = {}
    for at in metric.aggregates:
        one = metrics.aggregates[at]
        parts[at] = all_parts(
            one, [_triple(one, columns[row]) for row in islice(cycle(mixture), 2)]
        )
    found = metric_value(metric, metrics, parts, evaluator)
    value = found.high if threshold.is_upper else found.low
    return value if found.samples and value is not None and isfinite(value) else None
