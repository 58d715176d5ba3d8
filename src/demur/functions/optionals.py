"""Optional values: one that may be missing, and what to do then."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.lists import element_at
from demur.functions.values import (
    NONE,
    Duration,
    EvaluationError,
    Optional,
    Timestamp,
    Uint,
    error,
    map_key,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ZEROS = (False, 0, 0.0, "", b"", [], {}, Uint(0), Duration(0), Timestamp(0))


def _of_non_zero(value: Any) -> Optional:
    is_zero = value is None or any(
        value.__class__ is zero.__class__ and value == zero for zero in _ZEROS
    )
    return NONE if is_zero else Optional(value)


def _value(optional: Optional) -> Any:
    if optional.present:
        return optional.value
    raise error("optional.none() has no value")


def select_optional(operand: Any, name: Any) -> Optional:
    """The value at a key or index as an optional, `NONE` where there is none; optionals chain."""
    if isinstance(operand, Optional):
        return select_optional(operand.value, name) if operand.present else NONE
    if isinstance(operand, dict):
        key = map_key(name)
        return Optional(operand[key]) if key in operand else NONE
    if isinstance(operand, list):
        try:
            return Optional(element_at(operand, name))
        except EvaluationError:
            return NONE
    raise error("only maps, lists and optionals have parts")


FUNCTIONS = (
    Function(
        "optional.of",
        "An optional that has this value.",
        Overload("optionals.of", "optional.of(A) -> optional(A)", Optional),
        examples=(("optional.of(1).value()", "1"),),
    ),
    Function(
        "optional.none",
        "An optional without a value.",
        Overload("optionals.none", "optional.none() -> optional(A)", lambda: NONE),
        examples=(("optional.none().hasValue()", "false"),),
    ),
    Function(
        "optional.ofNonZeroValue",
        "An optional that has this value, unless it is empty, zero, false or null.",
        Overload(
            "optionals.of_non_zero", "optional.ofNonZeroValue(A) -> optional(A)", _of_non_zero
        ),
        examples=(("optional.ofNonZeroValue('').hasValue()", "false"),),
    ),
    Function(
        "hasValue",
        "Whether the optional has a value.",
        Overload("optionals.has_value", "optional(A).hasValue() -> bool", lambda o: o.present),
        examples=(("{'a': 1}[?'a'].hasValue()", "true"),),
    ),
    Function(
        "value",
        "The optional's value; of none, an error.",
        Overload("optionals.value", "optional(A).value() -> A", _value),
        examples=(("optional.of(2).value()", "2"), ("optional.none().value()", ERROR)),
    ),
    Function(
        "or",
        "The first optional where it has a value, else the second.",
        Overload("optionals.or", "optional(A).or(optional(A)) -> optional(A)"),
        examples=(("optional.none().or(optional.of(1)).value()", "1"),),
    ),
    Function(
        "orValue",
        "The optional's value, or else the argument.",
        Overload("optionals.or_value", "optional(A).orValue(A) -> A"),
        examples=(("{'a': 1}.?b.orValue(0)", "0"),),
    ),
    Function(
        "_[?_]",
        "The part at a key, field or index as an optional.",
        Overload("optionals.select", "_[?_](map(K, V), K) -> optional(V)", select_optional),
        Overload("optionals.element", "_[?_](list(A), int) -> optional(A)", select_optional),
        Overload(
            "optionals.select_inner",
            "_[?_](optional(map(K, V)), K) -> optional(V)",
            select_optional,
        ),
        Overload(
            "optionals.element_inner",
            "_[?_](optional(list(A)), int) -> optional(A)",
            select_optional,
        ),
        examples=(("[1][?5].hasValue()", "false"),),
    ),
    Function(
        "_[_]",
        "The part of an optional's value as an optional.",
        Overload("optionals.index", "_[_](optional(map(K, V)), K) -> optional(V)", select_optional),
        Overload(
            "optionals.index_element",
            "_[_](optional(list(A)), int) -> optional(A)",
            select_optional,
        ),
        examples=(("optional.of([1])[0].value()", "1"),),
    ),
)
