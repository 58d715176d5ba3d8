"""Arithmetic: 64-bit integers that fail rather than wrap, and IEEE 754 doubles."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import INT_MAX, INT_MIN, UINT_MAX, Uint, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def checked_int(value: int) -> int:
    """`value`, if an int64 can hold it. Raises `EvaluationError`."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise error("integer overflow")


def checked_uint(value: int) -> Uint:
    """`value` as a uint, if a uint64 can hold it. Raises `EvaluationError`."""
    if 0 <= value <= UINT_MAX:
        return Uint(value)
    raise error("unsigned integer overflow")


def _divide_int(left: int, right: int) -> int:
    if right == 0:
        raise error("division by zero")
    quotient = abs(left) // abs(right)
    return checked_int(quotient if (left < 0) == (right < 0) else -quotient)


def _remainder_int(left: int, right: int) -> int:
    """The remainder of truncated division: it has the sign of the dividend, as in C and Go.

    An error where the quotient overflows.
    """
    if right == 0:
        raise error("modulus by zero")
    if left == INT_MIN and right == -1:
        raise error("integer overflow")
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


def _divide_uint(left: int, right: int) -> Uint:
    if right == 0:
        raise error("division by zero")
    return Uint(int(left) // int(right))


def _remainder_uint(left: int, right: int) -> Uint:
    if right == 0:
        raise error("modulus by zero")
    return Uint(int(left) % int(right))


def _divide_double(left: float, right: float) -> float:
    if right != 0.0:
        return left / right
    if left == 0.0 or left != left:
        return float("nan")
    from math import copysign

    return copysign(float("inf"), left) * copysign(1.0, right)


def known_number(value: float) -> float:
    """`value`, unless it is NaN: within a policy a computed NaN is unknown. Raises `EvaluationError`."""
    return value if value == value else not_a_number()


def not_a_number() -> NoReturn:
    """Raises the `EvaluationError` of a computation that came to NaN."""
    raise error("the computation has no value (NaN)")


FUNCTIONS = (
    Function(
        "_+_",
        "The sum; an integer that overflows is an error.",
        Overload("arithmetic.add_int", "_+_(int, int) -> int", lambda a, b: checked_int(a + b)),
        Overload(
            "arithmetic.add_uint",
            "_+_(uint, uint) -> uint",
            lambda a, b: checked_uint(int(a) + int(b)),
        ),
        Overload(
            "arithmetic.add_double",
            "_+_(double, double) -> double",
            lambda a, b: a + b,
            "({0} + {1})",
        ),
        examples=(("1 + 2", "3"), ("9223372036854775807 + 1", ERROR)),
    ),
    Function(
        "_-_",
        "The difference; an integer that overflows is an error, and so is a uint below zero.",
        Overload(
            "arithmetic.subtract_int", "_-_(int, int) -> int", lambda a, b: checked_int(a - b)
        ),
        Overload(
            "arithmetic.subtract_uint",
            "_-_(uint, uint) -> uint",
            lambda a, b: checked_uint(int(a) - int(b)),
        ),
        Overload(
            "arithmetic.subtract_double",
            "_-_(double, double) -> double",
            lambda a, b: a - b,
            "({0} - {1})",
        ),
        examples=(("1 - 2", "-1"), ("1u - 2u", ERROR)),
    ),
    Function(
        "_*_",
        "The product; an integer that overflows is an error.",
        Overload(
            "arithmetic.multiply_int", "_*_(int, int) -> int", lambda a, b: checked_int(a * b)
        ),
        Overload(
            "arithmetic.multiply_uint",
            "_*_(uint, uint) -> uint",
            lambda a, b: checked_uint(int(a) * int(b)),
        ),
        Overload(
            "arithmetic.multiply_double",
            "_*_(double, double) -> double",
            lambda a, b: a * b,
            "({0} * {1})",
        ),
        examples=(("6 * 7", "42"), ("4611686018427387904 * 2", ERROR)),
    ),
    Function(
        "_/_",
        "The quotient, of integers truncated towards zero; an integer divided by zero is an error, "
        "a double is infinite or NaN.",
        Overload("arithmetic.divide_int", "_/_(int, int) -> int", _divide_int),
        Overload("arithmetic.divide_uint", "_/_(uint, uint) -> uint", _divide_uint),
        Overload("arithmetic.divide_double", "_/_(double, double) -> double", _divide_double),
        examples=(("-7 / 2", "-3"), ("1 / 0", ERROR), ("math.isInf(1.0 / 0.0)", "true")),
    ),
    Function(
        "_%_",
        "The remainder of an integer division, with the sign of the dividend.",
        Overload("arithmetic.remainder_int", "_%_(int, int) -> int", _remainder_int),
        Overload("arithmetic.remainder_uint", "_%_(uint, uint) -> uint", _remainder_uint),
        examples=(
            ("-7 % 2", "-1"),
            ("1 % 0", ERROR),
            ("-9223372036854775808 % -1", ERROR),
        ),
    ),
    Function(
        "-_",
        "The number with its sign turned.",
        Overload("arithmetic.negate_int", "-_(int) -> int", lambda value: checked_int(-value)),
        Overload(
            "arithmetic.negate_double", "-_(double) -> double", lambda value: -value, "(-{0})"
        ),
        examples=(("-(-5)", "5"), ("-(-9223372036854775807 - 1)", ERROR)),
    ),
    Function(
        "@known",
        "Within a policy: the double, unless the computation came to NaN, which is then unknown.",
        Overload("arithmetic.known", "@known(double) -> double", known_number),
    ),
)
