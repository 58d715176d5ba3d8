"""Arrow's values as JSON data would have them: maps as objects, decimals as ints or doubles."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from demur.functions.values import Unavailable
from demur.policy import Shape

Declared = Shape | Mapping[str, Shape] | None
"""What is declared of a value, of a stage's signals, or of nothing."""
_UNHELD = Unavailable("wrong_type", "is a value that Python cannot hold")


def plain_values(column: Any, declared: Declared = None) -> list[Any]:
    """The column's values; `Unavailable` in place of what Python cannot hold, as a time in the year 10000.

    A decimal that is not whole is the nearest double, which may be whole. So it stays a decimal, which
    is no known value, where an int is declared.
    """
    try:
        values = column.to_pylist()
    except (OverflowError, ValueError):
        values = [_held(one) for one in column]
    return [_plain(one, column.type, declared) for one in values]


def field_of(declared: Declared, name: str) -> Declared:
    """What is declared of a field."""
    fields = declared.fields if isinstance(declared, Shape) else declared
    return (fields or {}).get(name)


def _plain(value: Any, type: Any, declared: Declared) -> Any:
    if isinstance(value, Decimal):
        if value.is_finite() and value == int(value):
            return int(value)
        is_whole = isinstance(declared, Shape) and declared.type in ("int", "uint")
        return value if is_whole else float(value)
    if isinstance(value, dict):
        return {
            field.name: _plain(value.get(field.name), field.type, field_of(declared, field.name))
            for field in type
        }
    if not isinstance(value, list):
        return value
    inner = declared.of if isinstance(declared, Shape) else None
    # Arrow gives a map as a list of pairs.
    if hasattr(type, "item_type"):
        return {str(key): _plain(part, type.item_type, inner) for key, part in value}
    return [_plain(part, type.value_type, inner) for part in value]


def _held(scalar: Any) -> Any:
    """What Arrow would give for the scalar, `Unavailable` only for the parts that Python cannot hold."""
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        type = scalar.type
        if not type.num_fields:
            return _UNHELD
        if hasattr(type, "item_type"):
            return [(_held(pair[0]), _held(pair[1])) for pair in scalar.values]
        if hasattr(type, "value_type"):
            return [_held(one) for one in scalar.values]
        held: dict[str, Any] = {}
        for at, field in enumerate(type):
            # Of two fields of one name neither holds.
            held[field.name] = _UNHELD if field.name in held else _held(scalar[at])
        return held
