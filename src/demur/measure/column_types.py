"""What type a computed column has, and how a dimension's values read."""

from __future__ import annotations

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import Column
from demur.backends.ibis.lowering import SCALARS
from demur.runtime.aggregates import MARKS


def text_of(column: Column) -> Column:
    """The values as names of slices, text as `as_slice` has it."""
    if column.type().is_boolean():
        return ibis.cases((column, "true"), (~column, "false"), else_=ibis.null(dt.string))
    if column.type().is_string():
        quoted = ibis.literal('"') + column + '"'
        return ibis.cases((column.replace('"', "").isin(MARKS), quoted), else_=column)
    return column.cast(dt.string)


def column_type(type: str) -> dt.DataType:
    """The column type of a unit's values; text where an engine has none for them."""
    if type.startswith("list("):
        return dt.Array(value_type=column_type(type[5:-1]))
    return dt.uint64 if type == "uint" else SCALARS.get(type, dt.string)
