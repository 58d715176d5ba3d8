"""Whether a value has a type: how dynamic dispatch chooses among a function's overloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demur.functions.values import Duration, Optional, Timestamp, TypeValue, Uint, key_value
from demur.types import Type

Test = Callable[[Any], bool]

_CLASSES: dict[str, type] = {
    "null": type(None),
    "bool": bool,
    "int": int,
    "uint": Uint,
    "double": float,
    "string": str,
    "bytes": bytes,
    "timestamp": Timestamp,
    "duration": Duration,
    "type": TypeValue,
}


def accepts(type: Type) -> Test:
    """A test of whether a value is of this type; a type parameter takes any."""
    if _is_open(type):
        return lambda value: True
    if type.name == "list":
        if _is_open(type.parameters[0]):
            return lambda value: value.__class__ is list
        element = accepts(type.parameters[0])
        return lambda value: value.__class__ is list and all(map(element, value))
    if type.name == "map":
        if all(map(_is_open, type.parameters)):
            return lambda value: value.__class__ is dict
        key, inner = map(accepts, type.parameters)
        return lambda value: (
            value.__class__ is dict
            and all(map(key, map(key_value, value)))
            and all(map(inner, value.values()))
        )
    if type.name == "optional":
        content = accepts(type.parameters[0])
        return lambda value: (
            isinstance(value, Optional) and (not value.present or content(value.value))
        )
    expected = _CLASSES.get(type.name)
    if expected is not None:
        return lambda value: value.__class__ is expected
    return lambda value: getattr(value, "cel_type_name", None) == type.name


def _is_open(type: Type) -> bool:
    """Whether a value of any type will do."""
    return type.is_parameter or type.name == "dyn"
