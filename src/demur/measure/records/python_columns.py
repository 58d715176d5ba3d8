"""Columns that Python computes: what an engine cannot express, over Arrow batches.

The one meaning is the evaluator's: a batch becomes records again, and these are decided and
evaluated as a service would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as arrow

from demur.functions.values import EvaluationError
from demur.interop.arrow_values import plain_values
from demur.measure.records.relation import ASKED, BROKE_OFF, PRESENT, MalformedValue, Wanted
from demur.runtime.aggregates import FURTHER, policy_of_records
from demur.runtime.decision import display
from demur.runtime.evaluator import Evaluator
from demur.runtime.storable_text import storable
from demur.runtime.strict_json import DuplicateKey, read_json
from demur.service.journal.withheld import NOTES, withhold
from demur.tree import Expression, Signal, walk

ARROW = {
    "bool": arrow.bool_(),
    "int": arrow.int64(),
    "uint": arrow.uint64(),
    "double": arrow.float64(),
    "string": arrow.string(),
    "list(string)": arrow.list_(arrow.string()),
    "list(int)": arrow.list_(arrow.int64()),
    "list(bool)": arrow.list_(arrow.bool_()),
}
"""The types that a computed column can have; values of others become text."""
_LINE = "demur"
"""Where a line of a journal says what is its own."""
_MALFORMED = object()
"""What stands for a value that is there and not of its type."""

Row = Callable[[Mapping[str, Any]], list[Any]]


def row_evaluator(
    evaluator: Evaluator,
    conditions: Sequence[Expression],
    values: Sequence[Expression],
    *,
    recorded: bool = False,
) -> Row:
    """What computes, for a record, the rules' conditions and then the values; None for unknown.

    The record is decided only if a value reads the decision, and never where that was `recorded`.
    """
    rules = evaluator.prepare(conditions)
    whole = Evaluator(policy_of_records(evaluator.policy), evaluator.digest)
    extended = whole.prepare(values)
    derive = whole.derivation([*conditions, *values])
    decides = not recorded and any(
        isinstance(node, Signal) and node.stage == "decision"
        for tree in values
        for node in walk(tree)
    )

    def row(record: Mapping[str, Any]) -> list[Any]:
        if derive is not None:
            record = derive(record)
        found = rules(record) if conditions else []
        if decides:
            record = {**record, "decision": decision_of(evaluator, record)}
        elif recorded:
            record = {**record, "decision": {**record.get("decision", {}), FURTHER: False}}
        found += extended(record) if values else []
        return [None if isinstance(one, EvaluationError) else one for one in found]

    return row


def decision_of(evaluator: Evaluator, record: Mapping[str, Any]) -> dict[str, Any]:
    """What metrics read of the decision made anew; a line of a journal is decided at its own stage."""
    asked, is_incomplete, is_served = None, False, False
    line = record.get(_LINE)
    if isinstance(line, Mapping):
        is_served = True
        stage = line.get(ASKED.removeprefix(f"{_LINE}."))
        asked = stage if stage in evaluator.stages else None
        is_incomplete = line.get(BROKE_OFF.removeprefix(f"{_LINE}.")) is True
    decision = evaluator.decide(record, asked)
    further = not (is_served or decision.is_settled)
    return {**decision.signals(is_incomplete=is_incomplete), FURTHER: further}


def records(
    batch: Any, wanted: Wanted, texts: frozenset[str]
) -> Iterator[dict[str, dict[str, Any]]]:
    """The rows of the table of records as records again."""
    lines = [path for path in (ASKED, BROKE_OFF) if path in batch.schema.names]
    columns = {
        path: plain_values(batch.column(path), wanted.shapes.get(path))
        for path in (*wanted.shapes, *lines)
    }
    notes = [f"{_LINE}.{name}" for name in NOTES]
    noted = [batch.column(path).to_pylist() for path in notes if path in batch.schema.names]
    present = {path: batch.column(path + PRESENT).to_pylist() for path in wanted.asked}
    for at in range(batch.num_rows):
        record: dict[str, dict[str, Any]] = {}
        for path, values in columns.items():
            value = values[at]
            if value is None:
                if path not in present or not present[path][at]:
                    continue
                value = _MALFORMED
            elif path in texts:
                value = _parsed(value, path)
            stage, _, name = path.partition(".")
            record.setdefault(stage, {})[name] = value
        for paths in noted:
            for path in paths[at] or ():
                if path.partition(".")[0] in record:
                    withhold(record, path, _MALFORMED)
        yield record


def _parsed(text: str, path: str) -> Any:
    try:
        return read_json(text)
    except DuplicateKey as twice:
        raise MalformedValue(f"A value of `{path}` is no JSON: {twice}.") from None
    except (ValueError, RecursionError):
        raise MalformedValue(f"A value of `{path}` is no JSON that can be read.") from None


def with_columns(
    batch: Any,
    wanted: Wanted,
    texts: frozenset[str],
    row: Row,
    columns: Mapping[str, Any],
) -> Any:
    """The batch with one more column for each value that `row` gives, by name and type."""
    rows = [row(record) for record in records(batch, wanted, texts)]
    for at, (name, type) in enumerate(columns.items()):
        values = [one[at] for one in rows]
        if type == arrow.string():
            values = [one if one is None else _text(one) for one in values]
        elif arrow.types.is_decimal(type):
            values = [one if one is None else int(one) for one in values]
        elif type == ARROW["list(string)"]:
            values = [one if one is None else [_text(part) for part in one] for one in values]
        batch = batch.append_column(name, arrow.array(values, type))
    return batch


def _text(value: Any) -> str:
    return storable(value if isinstance(value, str) else display(value))
