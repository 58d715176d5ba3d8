"""One generated policy over one form, held against `decide` and the plain reference."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from demur.measure.measuring import Run, measure
from demur.measure.plan import plan
from demur.measure.unknown import unknown_signals
from demur.runtime.aggregates import read_metrics
from tests.paths import reference
from tests.paths.forms import Form
from tests.paths.generation import SLICES, Record, policy_text, records
from tests.runtime.test_forms_agree import evaluator as evaluator_of

RECORDS = 60
"""Records of each policy: enough for every kind of hole in some signal."""


def disagreements(
    seed: int, form: Form, connection: Any, folder: Path, *, recorded: bool = False
) -> list[str]:
    """Everything in which the engine's run is not what `decide` and the reference say."""
    pick = random.Random(seed)
    text, metrics = policy_text(pick)
    rows = records(pick, RECORDS)
    while not form.suits(rows):
        rows = records(pick, RECORDS)
    evaluator = evaluator_of(text)
    held = [form.held(row) for row in rows]
    decisions = [evaluator.decide(row) for row in held]
    if recorded:
        rows = [
            {**row, "decision": one.signals()} for row, one in zip(rows, decisions, strict=True)
        ]
    dimension = pick.choice(SLICES)
    made = plan(evaluator, read_metrics(evaluator, metrics), (dimension,), recorded=recorded)
    run = measure(connection, [form.write(folder, rows, connection)], made, [(0,)])
    found = [*_decided(run, held, decisions)]
    found += _measured(run, metrics, dimension, held, decisions, served=recorded)
    if not recorded:
        found += _unknown(run, text, dimension, held, decisions)
    return [f"seed {seed}, {form.name}{', recorded' * recorded}: {one}" for one in found]


def _decided(run: Run, held: Sequence[Record], decisions: Sequence[Any]) -> Iterator[str]:
    failures = [f"failure:{name}" for name in run.evaluator.policy.failures]
    table = run.decided.table.select("id", "action", "rule", "failure", *failures)
    rows = {row["id"]: row for row in table.to_pyarrow().to_pylist()}
    if sorted(rows) != sorted(one["id"] for one in held):
        yield f"the records {sorted(rows)}"
        return
    for record, decision in zip(held, decisions, strict=True):
        row = rows[record["id"]]
        mine = (row["action"], row["rule"], row["failure"])
        theirs = (decision.action, decision.rule or "", decision.failure or "")
        if mine != theirs:
            yield f"{mine}, decide says {theirs} of {record}"
        named = {name for name in run.evaluator.policy.failures if row[f"failure:{name}"]}
        if named != set(decision.failures):
            yield f"failures {sorted(named)}, decide says {decision.failures} of {record}"


def _measured(
    run: Run,
    metrics: Sequence[str],
    dimension: str,
    held: Sequence[Record],
    decisions: Sequence[Any],
    *,
    served: bool,
) -> Iterator[str]:
    groups: dict[tuple[str, ...], list[int]] = {(): list(range(len(held)))}
    for at, record in enumerate(held):
        for name in reference.slices(record, dimension):
            groups.setdefault((name,), []).append(at)
    keys = {*run.summaries[(0,)], ()}
    if keys != set(groups):
        yield f"slices {sorted(keys)}, not {sorted(groups)}"
    for key, places in groups.items():
        for metric in metrics:
            value = run.value(metric, (0,) if key else (), [key])
            mine = (value.known, value.low, value.high, value.samples, value.unknown)
            theirs = reference.measured(
                metric,
                [held[at] for at in places],
                [decisions[at] for at in places],
                served=served,
            )
            if not all(map(_same, mine, theirs)):
                yield f"{metric} of {key or 'all'} is {mine}, not {theirs}"


def _unknown(
    run: Run, text: str, dimension: str, held: Sequence[Record], decisions: Sequence[Any]
) -> Iterator[str]:
    expected: Counter[tuple[str, str]] = Counter()
    for record, decision in zip(held, decisions, strict=True):
        read = f"{text}\n{dimension}".partition("rules:")[2]
        paths = {
            path: kind
            for path, kind in reference.unknown(record, read)
            if reference.may_come_to(decision, path)
        }
        expected.update(paths.items())
        for one in decision.unknown:
            place = reference.place_of(one.signal)
            kind = "absent" if one.kind == "null" else one.kind
            if one.signal and paths.get(place) != kind:
                yield f"decide says {one.signal} is {kind}, the reference {paths.get(place)}"
    reported = unknown_signals(run.plan, run.decided)
    mine: Counter[tuple[str, str]] = Counter()
    for path, kinds in reported.items():
        for kind, number in kinds.items():
            mine[_settled(path, kind)] += number
    wanted: Counter[tuple[str, str]] = Counter()
    for (path, kind), number in expected.items():
        wanted[_settled(path, kind)] += number
    expected = wanted
    if mine != expected:
        more, less = set(mine.items()), set(expected.items())
        yield f"unknown {sorted(more - less)}, not {sorted(less - more)}"


def _settled(path: str, kind: str) -> tuple[str, str]:
    """What a reader with types cannot tell apart, as one.

    To it a list of objects with an element that is none is no list of them, and an element of another
    type is as one that is missing.
    """
    if path == "retrieval.sources[]":
        return "retrieval.sources", "wrong_type"
    if "[]" in path and kind == "absent":
        return path, "wrong_type"
    return path, kind


def _same(one: float | None, other: float | None) -> bool:
    """Equal but for the last digits of a sum in another order."""
    if one is None or other is None:
        return one is other
    return one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
