"""The table of records and what must be known to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from demur.backends.ibis.lowering import SCALARS
from demur.policy import Policy, Shape
from demur.tree import Expression, Has, Signal, walk

IDENTITY = "id"
"""The column with a record's own name, NULL where it has none."""
PRESENT = "?"
"""What ends the name of a column that says whether anything is in a signal's place."""
TIME = "time"
"""The column with when a record was made, in microseconds since the epoch, NULL where unknown."""
ASKED = "demur.stage"
"""A journal's column with the stage that a request was decided at."""
BROKE_OFF = "demur.incomplete"
"""A journal's column that says whether the request ended there without having come to its last stage."""
TIME_FORM = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?"
"""How a time that is text must be written, to mean the same to every reader (RFC 3339)."""


@dataclass(frozen=True)
class Wanted:
    """The signals that are read of a record: shapes by path, and the paths asked with `has()`.

    `timed` says whether the record's `time` is read too.
    """

    shapes: Mapping[str, Shape]
    asked: frozenset[str]
    timed: bool = False


@dataclass(frozen=True)
class Relation:
    """Records as an Ibis table; `texts` are the columns that hold JSON text.

    `is_small` is whether all of it surely fits into the memory, `is_provisional` whether its reader
    may refuse records that a more careful one reads.
    """

    connection: Any
    table: Any
    texts: frozenset[str]
    is_small: bool = False
    is_provisional: bool = False

    def of(self, table: Any) -> Relation:
        """Some of the records, or the same otherwise."""
        return replace(self, table=table)


class UnreadableTable(Exception):
    """Records that cannot be read; `problems` say where and why, in lines for people."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class MalformedValue(UnreadableTable):
    """A value that a reader took and that is none; a more careful one says where it stands."""


def wanted(policy: Policy, trees: list[Expression]) -> Wanted:
    """What the expressions read of a record."""
    every = {
        f"{stage}.{name}": shape
        for stage, signals in {"outcome": policy.outcome, **policy.stages}.items()
        for name, shape in signals.items()
    }
    nodes = [node for tree in trees for node in walk(tree)]
    read = {f"{one.stage}.{one.name}" for one in nodes if isinstance(one, Signal)}
    asked = {
        f"{one.operand.stage}.{one.operand.name}"
        for one in nodes
        if isinstance(one, Has) and isinstance(one.operand, Signal)
    }
    return Wanted({path: shape for path, shape in every.items() if path in read}, frozenset(asked))


def has_column_type(shape: Shape) -> bool:
    """Whether an engine has a type for these values, and loses nothing of them."""
    if shape.type in SCALARS:
        return True
    if shape.type == "list":
        return shape.of is not None and shape.of.type != "list" and has_column_type(shape.of)
    if shape.type == "object":
        fields = (shape.fields or {}).values()
        return bool(fields) and all(one.type in SCALARS and not one.optional for one in fields)
    return False


def has_flat_type(shape: Shape) -> bool:
    """The same for an engine without structs."""
    inner = shape.of if shape.type == "list" and shape.of is not None else shape
    return inner.type != "object" and has_column_type(shape)


def holds_text(shape: Shape) -> bool:
    """Whether there is text among the values."""
    parts = [*(shape.fields or {}).values(), *([] if shape.of is None else [shape.of])]
    return shape.type == "string" or any(holds_text(part) for part in parts)
