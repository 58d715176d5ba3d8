"""How each function is expressed in Ibis, or why it is not.

The table is the back end's contract: every overload is native here, native but for some engines, or
unsupported with a reason. `support` answers for any overload and engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_
from sys import float_info
from typing import Any

import ibis
from ibis.expr import datatypes as dt

from demur.functions.values import INT_MAX, INT_MIN

Column = Any
"""An Ibis value; its kinds (string, boolean, array, …) are known from the tree's types."""


@dataclass(frozen=True, slots=True)
class Native:
    """An overload as an Ibis expression; `unless` gives reasons by engine where it is not exact."""

    lower: Callable[..., Column]
    unless: dict[str, str] = field(default_factory=dict[str, str])


_COLLATION = {"postgres": "orders text by the database's collation, CEL by code point"}
_OVERFLOW = {"postgres": "raises an error where a double overflows, CEL goes on with infinity"}
_DIVISION = {
    "pyspark": "raises an error where a double is divided by zero, CEL goes on with infinity",
    "postgres": "raises an error where a double is divided by zero, CEL goes on with infinity",
}
_PATTERNS = {
    "pyspark": "has Java's regular expressions, CEL has RE2's",
    "postgres": "has POSIX regular expressions, CEL has RE2's",
}
_NUL = {"postgres": "cannot hold the character U+0000"}


@ibis.udf.scalar.builtin(name="isfinite", signature=((dt.float64,), dt.boolean))
def _is_finite(value: Any) -> Any:
    """DuckDB's own, whatever an optimiser believes of the values."""


def is_finite(value: Column, engine: str) -> Column:
    """Whether the double is a number, and no infinite one; where it is not NULL.

    DuckDB answers `isnan` and comparisons by the statistics of a Parquet file where it has any, and
    these leave NaN out by the format's definition. Of `isfinite` it computes every value.
    """
    if engine == "duckdb":
        return _is_finite(value)
    # Other engines hold NaN to be greater than every number, and answer nothing by statistics.
    return value.between(-float_info.max, float_info.max)


def _known(value: Column) -> Column:
    """The double, unknown where it is NaN: computed of values that are none, whose statistics hold."""
    return ibis.cases((value.isnan(), ibis.null(dt.float64)), else_=value)


def _within_64_bits(combine: Callable[[Column, Column], Column]) -> Callable[..., Column]:
    """Integer arithmetic with room for its result, unknown where that overflows 64 bits."""
    wide = dt.Decimal(19, 0)

    def lower(left: Column, right: Column) -> Column:
        result = combine(left.cast(wide), right.cast(wide))
        fits = result.between(ibis.literal(INT_MIN, wide), ibis.literal(INT_MAX, wide))
        kept: Column = ibis.cases((fits, result), else_=ibis.null(result.type()))
        return kept.cast(dt.int64)

    return lower


def closed(value: Column) -> Column:
    """The value as an operand that is safe anywhere.

    Ibis sets NOT and IN bare before IS NULL, `=` and `<`, which then bind closer, or are no SQL.
    """
    return ibis.coalesce(value)


def negated(value: Column) -> Column:
    """`!value`."""
    return closed(~value)


@ibis.udf.scalar.builtin(name="list_count", signature=((None,), dt.int64))
def _count_known(values: Any) -> Any:
    """DuckDB's own, of the elements that are not NULL."""


def mapped(values: Column, each: Callable[..., Column], engine: str) -> Column:
    """Each element changed; NULL where the list is."""
    return _unless_absent(values, values.map(each), engine)


def filtered(values: Column, holds: Callable[..., Column], engine: str) -> Column:
    """The elements for which it holds; NULL where the list is."""
    return _unless_absent(values, values.filter(holds), engine)


def _unless_absent(values: Column, made: Column, engine: str) -> Column:
    """Postgres makes an empty list of one that is NULL, so that what is unknown would be known."""
    if engine != "postgres":
        return made
    return ibis.cases((values.notnull(), made), else_=ibis.null(made.type()))


def is_full(values: Column, engine: str) -> Column:
    """Whether no element of the list is NULL."""
    if engine == "duckdb":
        # Without a function over the elements, which takes several times as long.
        return _count_known(values) == values.length()
    return negated(mapped(values, lambda element: element.isnull(), engine).contains(True))


def _is_member(value: Column, among: Column) -> Column:
    """Membership, unknown where the value is: in an empty list engines find not even NULL."""
    return ibis.cases((value.notnull(), among.contains(value)), else_=ibis.null(dt.boolean))


def _same(value: Column) -> Column:
    return value


def _sized(value: Column, limit: Column) -> Column:
    return ibis.cases((value.length() <= limit, value), else_=ibis.null(value.type()))


def _affordable(value: Column, limit: Column, times: Column) -> Column:
    """In doubles, which are exact up to any limit, and beyond it do not overflow."""
    steps = value.length().cast(dt.float64) * times.cast(dt.float64)
    within = steps <= limit.cast(dt.float64)
    return ibis.cases((within, value), else_=ibis.null(value.type()))


NATIVE: dict[str, Native] = {
    "limits.sized": Native(_sized),
    "limits.affordable": Native(_affordable),
    "arithmetic.known": Native(_known),
    "arithmetic.add_double": Native(lambda a, b: a + b, _OVERFLOW),
    "arithmetic.subtract_double": Native(lambda a, b: a - b, _OVERFLOW),
    "arithmetic.multiply_double": Native(lambda a, b: a * b, _OVERFLOW),
    "arithmetic.divide_double": Native(lambda a, b: a / b, _DIVISION),
    "arithmetic.negate_double": Native(lambda a: -a),
    "arithmetic.add_int": Native(_within_64_bits(lambda a, b: a + b)),
    "arithmetic.subtract_int": Native(_within_64_bits(lambda a, b: a - b)),
    "arithmetic.multiply_int": Native(_within_64_bits(lambda a, b: a * b)),
    "logic.not": Native(negated),
    "logic.and": Native(lambda *parts: reduce(and_, parts)),
    "logic.or": Native(lambda *parts: reduce(or_, parts)),
    "logic.is_unknown": Native(lambda a: closed(a.isnull())),
    "conversions.bool_of_bool": Native(_same),
    "conversions.int_of_int": Native(_same),
    "conversions.double_of_double": Native(_same),
    "conversions.double_of_int": Native(lambda a: a.cast(dt.float64)),
    "conversions.string_of_string": Native(_same),
    "conversions.string_of_int": Native(lambda a: a.cast(dt.string)),
    "math.abs_double": Native(lambda a: a.abs()),
    "strings.size": Native(lambda a: a.length().cast(dt.int64)),
    "strings.size_method": Native(lambda a: a.length().cast(dt.int64)),
    "strings.add": Native(lambda a, b: a + b),
    "strings.contains": Native(lambda a, b: a.contains(b), _NUL),
    "strings.starts_with": Native(lambda a, b: a.startswith(b), _NUL),
    "strings.ends_with": Native(lambda a, b: a.endswith(b), _NUL),
    "regular_expressions.matches": Native(lambda a, b: a.re_search(b), _PATTERNS),
    "regular_expressions.matches_method": Native(lambda a, b: a.re_search(b), _PATTERNS),
    "lists.size": Native(lambda a: a.length().cast(dt.int64)),
    "lists.size_method": Native(lambda a: a.length().cast(dt.int64)),
    "lists.contains_string": Native(_is_member),
    "lists.contains_int": Native(_is_member),
    "lists.max_int": Native(lambda a: a.maxs()),
    "lists.max_double": Native(lambda a: _known(a.maxs())),
    "lists.min_int": Native(lambda a: a.mins()),
    "lists.max_string": Native(lambda a: a.maxs(), _COLLATION),
    "lists.min_string": Native(lambda a: a.mins(), _COLLATION),
}
"""The overloads that engines compute as CEL does."""

_COMPARISONS: dict[str, Callable[[Column, Column], Column]] = {
    "equals": lambda a, b: a == b,
    "differs": lambda a, b: a != b,
    "less": lambda a, b: a < b,
    "less_or_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_or_equal": lambda a, b: a >= b,
}
for _name, _compare in _COMPARISONS.items():
    _orders = _name not in ("equals", "differs")
    for _type in ("bool", "int", "double", "string"):
        _unless = _COLLATION if _orders and _type == "string" else {}
        NATIVE[f"comparison.{_name}_{_type}"] = Native(_compare, _unless)

REASONS = {
    "aggregates": "an aggregate is no value of one record",
    "arithmetic": "engines differ in overflow, division by zero and unsigned numbers",
    "comparison": "engines compare values of mixed, unsigned, nested or nanosecond types otherwise",
    "conversions": "engines convert and write numbers and text otherwise",
    "encoders": "engines have no strict base64",
    "grounding": "engines do not compare texts so",
    "limits": "what is not counted in characters or elements alone is counted in Python",
    "lists": "engines count, join and add up lists otherwise",
    "logic": "it is an error by design",
    "maps": "maps are read in Python",
    "math": "engines round and overflow otherwise",
    "network": "engines have no IP addresses as CEL has them",
    "optionals": "engines have no optional values",
    "personal_data": "engines know no check digits and phone numbers",
    "stages": "how far a record came is asked of its decision",
    "regular_expressions": "engines have other regular expressions",
    "string_format": "engines have no such format",
    "strings": "engines count and convert characters otherwise",
    "texts": "engines do not measure texts so",
    "timestamps": "CEL's times have nanoseconds over 10,000 years, engines' do not",
}
"""Why the other overloads of a family are not expressed."""


def support(identifier: str, engine: str) -> Native | str:
    """How the overload is expressed on this engine, or the reason why it is not."""
    native = NATIVE.get(identifier)
    family, _, name = identifier.partition(".")
    if native is None:
        return f"{family}.{name}: {REASONS.get(family, 'another package computes it')}"
    reason = native.unless.get(engine)
    return native if reason is None else f"{family}.{name}: the engine {reason}"
