"""Which signals are unknown in how many records, and why: by the code that reads them for `decide`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import reduce
from operator import or_
from typing import Any

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column, is_full
from demur.backends.ibis.lowering import Unsupported, known
from demur.backends.python.decisions import reachable
from demur.backends.python.reading import ABSENT, read
from demur.backends.python.verification import fields_read
from demur.functions.values import EvaluationError
from demur.measure.deciding import BATCH
from demur.measure.plan import LACKED, Builder, Decided, Plan, must_be_brought
from demur.measure.records.connecting import batches
from demur.measure.records.python_columns import decision_of, records
from demur.measure.records.relation import PRESENT
from demur.policy import Shape
from demur.runtime.aggregates import FURTHER

Found = Mapping[str, Mapping[str, int]]
"""How many records have a signal unknown for each kind of reason, by the signal's path."""
_ABSENT = "absent"
_PLACE = re.compile(r"\[\d+\]")
_SIGNAL = re.compile(r"\w+\.\w+")


def unknown_signals(plan: Plan, decided: Decided) -> Found:
    """The signals that are read of the records and unknown, in the policy's order.

    A path names all elements of a list by `[]` and all values of a map by `{}`. A record counts once
    for a path, with the first reason that its value has there; what it did not reach is not unknown.
    What a table holds as NULL, and null, is absent. The engine counts what is absent; Python reads only
    records with something else wrong.
    """
    builder = Builder(plan, decided.relation, decided.computed)
    builder.know_signals()
    paths = [path for path in plan.wanted.shapes if path.partition(".")[0] != "decision"]
    counts: dict[str, Counter[str]] = {path: Counter() for path in paths}
    absent = [path for path in paths if must_be_brought(plan, path)]
    table = decided.table
    if absent:
        sums = {path: _rows(table[f"{LACKED}{path}"]) for path in absent}
        (totals,) = table.aggregate(**sums).to_pyarrow().to_pylist()
        for path in absent:
            counts[path][_ABSENT] = int(totals[path] or 0)
    malformed = reduce(or_, (_is_malformed(builder, path) for path in paths), ibis.literal(False))
    (row,) = builder.table.aggregate(rows=_rows(malformed)).to_pyarrow().to_pylist()
    if row["rows"]:
        table = builder.table.filter(malformed).select(*decided.relation.table.columns)
        wrong = reasons(plan)
        relation = decided.relation
        for batch in batches(relation.of(table), BATCH):
            for record in records(batch, plan.wanted, relation.texts):
                for path, kind in wrong(record).items():
                    counts.setdefault(path, Counter())[kind] += 1
    order = {path: at for at, path in enumerate(paths)}
    found = sorted(counts.items(), key=lambda one: order[_signal_of(one[0])])
    return {path: dict(+kinds) for path, kinds in found if +kinds}


def reasons(plan: Plan) -> Callable[[Mapping[str, Any]], Mapping[str, str]]:
    """What finds in a record the paths that are unknown, with their kinds.

    What the record does not bring at all is left out: that is absent, if it must be there.
    """
    policy = plan.evaluator.policy
    trees = [*plan.conditions.values(), *plan.values.values()]
    fields = fields_read([*trees, *reachable(policy, trees).values()])
    derive = plan.evaluator.derivation(trees)

    def wrong(record: Mapping[str, Any]) -> Mapping[str, str]:
        whole = record if derive is None else derive(record)
        found: dict[str, str] = {}
        missed = _missed(plan, record)
        for path, shape in plan.wanted.shapes.items():
            stage, _, name = path.partition(".")
            holder = whole.get(stage, {})
            if stage != "decision" and stage not in missed and name in holder:
                for one, kind in _unknown(holder[name], shape, path, fields):
                    found.setdefault(one, kind)
        return found

    return wrong


def _missed(plan: Plan, record: Mapping[str, Any]) -> Collection[str]:
    """The stages that the record did not come to."""
    decision = record.get("decision") if plan.recorded else decision_of(plan.evaluator, record)
    stages = plan.evaluator.stages
    if not isinstance(decision, Mapping) or decision.get("stage") not in stages:
        return ()
    if decision.get(FURTHER):
        return ()
    return stages[stages.index(decision["stage"]) + 1 :]


def _unknown(
    value: Any, shape: Shape, path: str, fields: Mapping[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """Each unknown path in a value, that of the value first, with the reason's kind."""
    if shape.optional and (value is None or value is ABSENT):
        return
    try:
        read(value, shape, path)
    except EvaluationError as failure:
        reason = failure.reasons[0]
        yield _place(reason.signal, shape, path), _kind(reason.kind)
        return
    inner = shape.of
    if shape.type == "object":
        for name in sorted(fields.get(path, ())):
            part = (shape.fields or {})[name]
            yield from _unknown(value.get(name, ABSENT), part, f"{path}.{name}", fields)
    elif inner is not None:
        end, parts = ("{}", value.values()) if shape.type == "map" else ("[]", value)
        for one in parts:
            yield from _unknown(one, inner, f"{path}{end}", fields)


def _place(signal: str, shape: Shape, path: str) -> str:
    """A reason's path with what is one of many named as such."""
    if shape.type == "map" and signal.startswith(f"{path}."):
        return f"{path}{{}}"
    return path + _PLACE.sub("[]", signal.removeprefix(path))


def _kind(kind: str) -> str:
    return _ABSENT if kind == "null" else kind


def _signal_of(path: str) -> str:
    """The signal that a path is in."""
    found = _SIGNAL.match(path)
    assert found is not None
    return found[0]


def _is_malformed(builder: Builder, path: str) -> Column:
    """Whether Python must look at the signal: it is there and not known to be as declared."""
    stage, _, name = path.partition(".")
    policy, shape = builder.plan.evaluator.policy, builder.plan.wanted.shapes[path]
    found = builder.signals[path]
    if (stage, name) in policy.derived:
        return (
            ibis.literal(True) if isinstance(found, Unsupported) else builder.table[found].isnull()
        )
    there = builder.table[path + PRESENT]
    if isinstance(found, Unsupported):
        return there
    value = builder.table[found]
    return there & (value.isnull() | ~_has_known_fields(builder, value, shape)).fill_null(True)


def _has_known_fields(builder: Builder, value: Column, shape: Shape) -> Column:
    """Whether every field of an object, or of a list's objects, is known."""
    engine = builder.relation.connection.name
    held = shape.of if shape.type == "list" else shape
    fields = {} if held is None or held.type != "object" else held.fields or {}
    fine: Column = ibis.literal(True)
    for name, part in fields.items():
        if shape.type == "list":
            each = value.map(
                lambda element, name=name, part=part: known(element[name], part, engine)
            )
            fine &= is_full(each, engine)
        else:
            fine &= known(value[name], part, engine).notnull()
    return fine


def _rows(condition: Column) -> Column:
    return condition.cast(dt.int32).sum()
