"""Columns that have types already, Parquet's or a database's, as the table of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column
from demur.backends.ibis.lowering import SCALARS
from demur.measure.records.relation import IDENTITY, PRESENT, TIME, Wanted, has_column_type
from demur.policy import Shape


def select(table: Any, wanted: Wanted) -> Any:
    """The table with the wanted signals as typed columns.

    A signal is the column `stage.signal`, or the field `signal` of the column `stage`.
    """
    columns: dict[str, Column] = {IDENTITY: _identity(table)}
    if wanted.timed:
        columns[TIME] = _time(table)
    for path, shape in wanted.shapes.items():
        raw = _find(table, path)
        if raw is None:
            columns[path] = ibis.null(_type_of(shape) if has_column_type(shape) else dt.string)
        else:
            columns[path] = _typed(raw, shape) if has_column_type(shape) else raw
        if path in wanted.asked:
            columns[path + PRESENT] = ibis.literal(False) if raw is None else raw.notnull()
    return table.select(**columns)


def _identity(table: Any) -> Column:
    names = [table[name] for name in (IDENTITY, "trace_id") if name in table.columns]
    texts = [
        one.cast(dt.string) for one in names if one.type().is_string() or one.type().is_integer()
    ]
    return ibis.coalesce(*texts) if texts else ibis.null(dt.string)


def _time(table: Any) -> Column:
    if TIME not in table.columns:
        return ibis.null(dt.int64)
    raw = table[TIME]
    if raw.type().is_string():
        raw = raw.try_cast(dt.Timestamp(timezone="UTC"))
    if not raw.type().is_timestamp():
        return ibis.null(dt.int64)
    return raw.epoch_seconds().cast(dt.int64) * 1_000_000 + raw.microsecond().cast(dt.int64)


def _find(table: Any, path: str) -> Column | None:
    if path in table.columns:
        return table[path]
    stage, _, name = path.partition(".")
    if stage not in table.columns:
        return None
    holder = table[stage]
    if holder.type().is_struct() and name in holder.type().names:
        return holder[name]
    return None


def _type_of(shape: Shape) -> dt.DataType:
    """The column type of a shape that has one."""
    if shape.type == "list":
        assert shape.of is not None
        return dt.Array(value_type=_type_of(shape.of))
    if shape.type == "object":
        fields = (shape.fields or {}).items()
        return dt.Struct.from_tuples([(name, _type_of(one)) for name, one in fields])
    return SCALARS[shape.type]


def _typed(raw: Column, shape: Shape) -> Column:
    """The value if its type is the declared one, or an int where a double is declared; else NULL."""
    found, needed = raw.type(), _type_of(shape)
    if found.copy(nullable=True) == needed:
        return raw
    match shape.type:
        case "double" if found.is_numeric():
            return raw.cast(dt.float64)
        case "int" if found == dt.uint64:
            within: Column = ibis.cases((raw <= 2**63 - 1, raw), else_=ibis.null(found))
            return within.cast(dt.int64)
        case "int" if found.is_integer():
            return raw.cast(dt.int64)
        case "list" if found.is_array():
            inner = shape.of
            assert inner is not None
            return raw.map(lambda element: _typed(element, inner))
        case "object" if found.is_struct():
            return ibis.cases((raw.notnull(), _object(raw, shape)), else_=ibis.null(needed))
        case _:
            return ibis.null(needed)


def _object(raw: Column, shape: Shape) -> Column:
    names: Mapping[str, Any] = raw.type().fields
    fields = {
        name: _typed(raw[name], part) if name in names else ibis.null(_type_of(part))
        for name, part in (shape.fields or {}).items()
    }
    return ibis.struct(fields)
