"""Equality and order."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import equals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PLAIN = ("string", "int", "bool", "double", "bytes", "uint", "timestamp", "duration")
_NUMBERS = ("int", "uint", "double")
_ORDERED = ("bool", "string", "bytes")


def _differs(left: Any, right: Any) -> bool:
    return not equals(left, right)


def _less(left: Any, right: Any) -> bool:
    return left < right


def _less_or_equal(left: Any, right: Any) -> bool:
    return left <= right


def _greater(left: Any, right: Any) -> bool:
    return left > right


def _greater_or_equal(left: Any, right: Any) -> bool:
    return left >= right


def _equality(name: str, symbol: str, general: Callable[[Any, Any], bool]) -> tuple[Overload, ...]:
    """Overloads on plain types, whose Python equality is CEL's, before the general one."""
    return (
        *(
            Overload(
                f"comparison.{name}_{kind}",
                f"_{symbol}_({kind}, {kind}) -> bool",
                general,
                f"({{0}} {symbol} {{1}})",
            )
            for kind in _PLAIN
        ),
        Overload(f"comparison.{name}", f"_{symbol}_(A, A) -> bool", general),
    )


def _order(name: str, symbol: str, compare: Callable[[Any, Any], bool]) -> tuple[Overload, ...]:
    """Order within a type, and between any two numbers: with a double, as doubles."""
    same = [(kind, kind) for kind in _ORDERED]
    numbers = [(left, right) for left in _NUMBERS for right in _NUMBERS]
    return tuple(
        Overload(
            f"comparison.{name}_{left}" if left == right else f"comparison.{name}_{left}_{right}",
            f"_{symbol}_({left}, {right}) -> bool",
            _as_doubles(compare) if "double" in (left, right) and left != right else compare,
            f"({_operand(0, left, right)} {symbol} {_operand(1, right, left)})",
        )
        for left, right in same + numbers
    )


def _as_doubles(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: compare(float(left), float(right))


def _operand(position: int, kind: str, other: str) -> str:
    """The operand's place in the inline form, as a double where the other is one."""
    return f"float({{{position}}})" if other == "double" != kind else f"{{{position}}}"


FUNCTIONS = (
    Function(
        "_==_",
        "Whether two values are equal: numbers by value across types, NaN never, lists and maps "
        "element by element.",
        *_equality("equals", "==", equals),
        examples=(("1 == 1", "true"), ("dyn(1) == 1.0", "true"), ("[1, 2] == [2, 1]", "false")),
    ),
    Function(
        "_!=_",
        "Whether two values are not equal.",
        *_equality("differs", "!=", _differs),
        examples=(("'a' != 'b'", "true"), ("0.0 / 0.0 != 0.0 / 0.0", "true")),
    ),
    Function(
        "_<_",
        "Whether the first is less; strings and bytes by code point and octet, false before true.",
        *_order("less", "<", _less),
        examples=(("1 < 1.5", "true"), ("'a' < 'B'", "false"), ("dyn('a') < 1", ERROR)),
    ),
    Function(
        "_<=_",
        "Whether the first is less or equal.",
        *_order("less_or_equal", "<=", _less_or_equal),
        examples=(("2 <= 2u", "true"),),
    ),
    Function(
        "_>_",
        "Whether the first is greater.",
        *_order("greater", ">", _greater),
        examples=(("b'b' > b'a'", "true"),),
    ),
    Function(
        "_>=_",
        "Whether the first is greater or equal.",
        *_order("greater_or_equal", ">=", _greater_or_equal),
        examples=(("0.0 / 0.0 >= 0.0", "false"),),
    ),
)
