"""Columns that have types already, Parquet's or a database's, as the table of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column, is_finite, mapped
from demur.backends.ibis.lowering import SCALARS
from demur.backends.python.reading import EXACT
from demur.functions.values import INT_MAX, INT_MIN
from demur.interop.parquet import given_twice
from demur.measure.records.relation import (
    IDENTITY,
    PRESENT,
    TIME,
    UnreadableTable,
    Wanted,
    has_column_type,
    has_flat_type,
)
from demur.policy import Shape

_MOST_DECIMALS = 19
"""Decimals beside which every int of 64 bits has its place in 38 digits."""


def select(table: Any, wanted: Wanted, engine: str) -> tuple[Any, frozenset[str]]:
    """The table with the wanted signals as typed columns, and the columns of it that hold JSON text.

    A signal is the column `stage.signal`, or the field `signal` of the column `stage`. Only a column of
    JSON holds objects on an engine without structs.
    """
    texts: set[str] = set()
    columns: dict[str, Column] = {IDENTITY: _identity(table)}
    if wanted.timed:
        columns[TIME] = _time(table, engine)
    for path, shape in wanted.shapes.items():
        raw = _find(table, path)
        if engine == "postgres" and has_column_type(shape) and not has_flat_type(shape):
            texts.add(path)
            if raw is not None and raw.type().is_json():
                columns[path] = raw.cast(dt.string)
            else:
                columns[path] = ibis.null(dt.string)
        elif raw is None:
            columns[path] = ibis.null(_type_of(shape) if has_column_type(shape) else dt.string)
        else:
            columns[path] = _typed(raw, shape, engine) if has_column_type(shape) else _held(raw)
        if path in wanted.asked:
            columns[path + PRESENT] = ibis.literal(False) if raw is None else _there(raw, engine)
    return table.select(**columns), frozenset(texts)


def union(tables: Sequence[Any], wanted: Wanted, engine: str) -> tuple[Any, frozenset[str]] | None:
    """The tables, each typed by itself, as one; None where a column of no declared type differs."""
    typed, texts = zip(*(select(table, wanted, engine) for table in tables), strict=True)
    first, *others = typed
    if any(_types(one) != _types(first) for one in others):
        return None
    return (first.union(*others) if others else first), texts[0]


def _types(table: Any) -> dict[str, dt.DataType]:
    return {name: type.copy(nullable=True) for name, type in table.schema().items()}


def _there(raw: Column, engine: str) -> Column:
    """Whether there is a value, and be it NaN, which Ibis holds to be NULL on Spark."""
    is_double = raw.type().is_floating()
    return (raw.cast(dt.string) if engine == "pyspark" and is_double else raw).notnull()


def _identity(table: Any) -> Column:
    names = [table[name] for name in (IDENTITY, "trace_id") if name in table.columns]
    texts = [
        one.cast(dt.string) for one in names if one.type().is_string() or one.type().is_integer()
    ]
    return ibis.coalesce(*texts) if texts else ibis.null(dt.string)


@ibis.udf.scalar.builtin(name="epoch_us", signature=((None,), dt.int64))
def _microseconds(moment: Any) -> Any:
    """DuckDB's own, of moments with and without a time zone."""


def _time(table: Any, engine: str) -> Column:
    if TIME not in table.columns:
        return ibis.null(dt.int64)
    raw = table[TIME]
    if raw.type().is_string():
        raw = raw.try_cast(dt.Timestamp(timezone="UTC"))
    if not raw.type().is_timestamp():
        return ibis.null(dt.int64)
    if engine == "duckdb":
        return _microseconds(raw)
    return raw.epoch_seconds().cast(dt.int64) * 1_000_000 + raw.microsecond().cast(dt.int64)


def _find(table: Any, path: str) -> Column | None:
    """The column of the signal, None where it has none. Raises `UnreadableTable` where it has two."""
    stage, _, name = path.partition(".")
    holder = table[stage] if stage in table.columns else None
    is_held = holder is not None and holder.type().is_struct() and name in holder.type().names
    if path in table.columns:
        if is_held:
            raise UnreadableTable(given_twice(path))
        return table[path]
    return holder[name] if holder is not None and is_held else None


def _type_of(shape: Shape) -> dt.DataType:
    """The column type of a shape that has one."""
    if shape.type == "list":
        assert shape.of is not None
        return dt.Array(value_type=_type_of(shape.of))
    if shape.type == "object":
        fields = (shape.fields or {}).items()
        return dt.Struct.from_tuples([(name, _type_of(one)) for name, one in fields])
    return SCALARS[shape.type]


def _held(raw: Column) -> Column:
    """The value as Python takes it, NULL where neither Arrow's files nor Python have such a type."""
    return ibis.null(dt.string) if _is_unheld(raw.type()) else raw


def _is_unheld(found: Any) -> bool:
    """Whether there is an interval, whose months have no length, or a union in it."""
    match found:
        case dt.Interval():
            return True
        case dt.Unknown():
            return "UNION" in str(found)
        case dt.Array(value_type=inner) | dt.Map(value_type=inner):
            return _is_unheld(inner)
        case dt.Struct():
            fields: Any = found.fields
            return any(map(_is_unheld, fields.values()))
        case _:
            return False


_EMPTY_LISTS = '="NULL"[])'
"""How Ibis calls DuckDB's type of lists of which none has an element that is not NULL."""


def _typed(raw: Column, shape: Shape, engine: str) -> Column:
    """The value if its type is the declared one, or another number that is one of it; else NULL."""
    found, needed = raw.type(), _type_of(shape)
    if found.copy(nullable=True) == needed:
        return raw
    if shape.type == "list" and isinstance(found, dt.Unknown) and _EMPTY_LISTS in str(found):
        return raw.cast(needed)
    match shape.type:
        case "double" if found.is_numeric():
            return raw.cast(dt.float64)
        case "int" if found == dt.uint64:
            within: Column = ibis.cases((raw <= 2**63 - 1, raw), else_=ibis.null(found))
            return within.cast(dt.int64)
        case "int" if found.is_integer():
            return raw.cast(dt.int64)
        case "int" if found.is_numeric():
            return _whole(raw, engine)
        case "list" if found.is_array():
            inner = shape.of
            assert inner is not None
            return mapped(raw, lambda element: _typed(element, inner, engine), engine)
        case "object" if found.is_struct():
            return ibis.cases((raw.notnull(), _object(raw, shape, engine)), else_=ibis.null(needed))
        case _:
            return ibis.null(needed)


def _whole(raw: Column, engine: str) -> Column:
    """The int that a double or decimal is; NULL where it is none, or may be one that was rounded."""
    found = raw.type()
    if found.is_decimal() and (engine == "postgres" or (found.scale or 0) <= _MOST_DECIMALS):
        # Postgres compares decimals of any size.
        exact = dt.Decimal(38, 0 if engine == "postgres" else found.scale)
        fits = raw.between(INT_MIN, INT_MAX)
    elif found.is_decimal():
        # There are ints of 64 bits that it has no place for, and every number that it holds is smaller.
        rounded = raw.cast(dt.int64)
        return ibis.cases((rounded.try_cast(found) == raw, rounded), else_=ibis.null(dt.int64))
    else:
        raw, exact = raw.cast(dt.float64), dt.float64
        fits = is_finite(raw, engine) & raw.between(1.0 - EXACT, EXACT - 1.0)
    # Cast only where it fits, since engines raise errors elsewhere.
    fitting: Column = ibis.cases((fits, raw), else_=ibis.null(raw.type()))
    rounded = fitting.cast(dt.int64)
    return ibis.cases((rounded.cast(exact) == raw, rounded), else_=ibis.null(dt.int64))


def _object(raw: Column, shape: Shape, engine: str) -> Column:
    names: Mapping[str, Any] = raw.type().fields
    fields = {
        name: _typed(raw[name], part, engine) if name in names else ibis.null(_type_of(part))
        for name, part in (shape.fields or {}).items()
    }
    return ibis.struct(fields)
