"""The math extension: extremes, rounding, tests of doubles, bits of integers, square roots."""

from __future__ import annotations

from math import ceil, copysign, floor, trunc
from math import sqrt as _sqrt

from demur.functions import ERROR, Function, Overload
from demur.functions.arithmetic import checked_int
from demur.functions.values import INT_MAX, UINT_MAX, Uint, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NUMBERS = ("int", "uint", "double")
_CLASSES = (int, float, Uint)
_BITS = 64


def _extreme(word: str, about: str, choose: Callable[..., Any], example: str) -> Function:
    """`math.greatest` or `math.least`: of one number, of two of any types, or of a list."""
    name = f"math.{word}"

    def of_list(numbers: list[Any]) -> Any:
        if not numbers:
            raise error(f"{name}() of an empty list")
        if any(number.__class__ not in _CLASSES for number in numbers):
            raise error(f"no such overload: {name}() takes numbers")
        if len(numbers) > 1 and any(number != number for number in numbers):
            raise error(f"{name}() of NaN, which has no order")
        return choose(numbers)

    def of_two(left: Any, right: Any) -> Any:
        return of_list([left, right])

    pairs = [(left, right) for left in _NUMBERS for right in _NUMBERS]
    return Function(
        name,
        f"The {about} of one number, of several of any types, or of a list; equal numbers give the "
        "first. NaN among several is an error, and so is an empty list.",
        *(
            Overload(f"{name}_{kind}", f"{name}({kind}) -> {kind}", lambda one: one, "{0}")
            for kind in _NUMBERS
        ),
        *(
            Overload(
                f"{name}_{left}_{right}",
                f"{name}({left}, {right}) -> {left if left == right else 'dyn'}",
                of_two,
                f"{choose.__name__}({{0}}, {{1}})" if "double" not in (left, right) else None,
            )
            for left, right in pairs
        ),
        *(
            Overload(f"{name}_list_{kind}", f"{name}(list({kind})) -> {kind}", of_list)
            for kind in _NUMBERS
        ),
        Overload(f"{name}_list", f"{name}(list(dyn)) -> dyn", of_list),
        examples=(
            (f"{name}(1, 2.5, 3u)", example),
            (f"{name}([4, 4])", "4"),
            (f"{name}(0.0 / 0.0, 1.0)", ERROR),
        ),
        gathers=True,
    )


def _rounded(convert: Callable[[float], float]) -> Callable[[float], float]:
    """Rounds by `convert`; keeps infinities, NaN and the sign of zero."""

    def round_double(value: float) -> float:
        return value if value - value != 0.0 else copysign(convert(value), value)

    return round_double


def _half_away(value: float) -> float:
    magnitude = abs(value)
    whole = trunc(magnitude)
    return whole + 1 if magnitude - whole >= 0.5 else whole


def _rounding(
    word: str, about: str, convert: Callable[[float], float], *examples: tuple[str, str]
) -> Function:
    return Function(
        f"math.{word}",
        f"{about}, as a double; infinities and NaN stay what they are.",
        Overload(f"math.{word}", f"math.{word}(double) -> double", _rounded(convert)),
        examples=examples,
    )


def _sign_of_double(value: float) -> float:
    return value if value != value else float((value > 0.0) - (value < 0.0))


def _square_root(value: float) -> float:
    return _sqrt(value) if not value < 0 else float("nan")


def _signed(bits: int) -> int:
    """The int64 that these 64 bits stand for."""
    return bits if bits <= INT_MAX else bits - (1 << _BITS)


def _shifted_left(value: int, offset: int) -> int:
    _check_offset(offset)
    return (int(value) << offset) & UINT_MAX if offset < _BITS else 0


def _shifted_right(value: int, offset: int) -> int:
    _check_offset(offset)
    return (int(value) & UINT_MAX) >> offset


def _check_offset(offset: int) -> None:
    if offset < 0:
        raise error("a shift by a negative number of bits")


def _bitwise(
    word: str, about: str, combine: Callable[[int, int], int], symbol: str, example: str
) -> Function:
    """An operation on the bits of two integers of one type."""
    name = f"math.{word}"
    return Function(
        name,
        f"The bits that are set in {about}; an int counts as 64 bits in two's complement.",
        Overload(f"{name}_int", f"{name}(int, int) -> int", combine, f"({{0}} {symbol} {{1}})"),
        Overload(
            f"{name}_uint", f"{name}(uint, uint) -> uint", lambda a, b: Uint(combine(int(a), int(b)))
        ),
        examples=((f"{name}(6, 3)", example),),
    )


def _shift(
    word: str, about: str, shifted: Callable[[int, int], int], *examples: tuple[str, str]
) -> Function:
    name = f"math.{word}"
    return Function(
        name,
        f"The 64 bits of an integer shifted {about}, filled up with zeros; what is shifted out is "
        "lost. A negative number of bits is an error.",
        Overload(f"{name}_int", f"{name}(int, int) -> int", lambda a, b: _signed(shifted(a, b))),
        Overload(f"{name}_uint", f"{name}(uint, int) -> uint", lambda a, b: Uint(shifted(a, b))),
        examples=examples,
    )


FUNCTIONS = (
    _extreme("greatest", "greatest", max, "3u"),
    _extreme("least", "least", min, "1"),
    _rounding("ceil", "The least whole number not below", ceil, ("math.ceil(1.2)", "2.0")),
    _rounding("floor", "The greatest whole number not above", floor, ("math.floor(-1.2)", "-2.0")),
    _rounding(
        "round",
        "The nearest whole number, halves away from zero",
        _half_away,
        ("math.round(2.5)", "3.0"),
        ("math.round(-2.5)", "-3.0"),
    ),
    _rounding(
        "trunc", "The number without its fraction", trunc, ("math.trunc(-1.9)", "-1.0")
    ),
    Function(
        "math.abs",
        "The number without its sign; of the least int, which has no counterpart, an error.",
        Overload("math.abs_int", "math.abs(int) -> int", lambda value: checked_int(abs(value))),
        Overload("math.abs_uint", "math.abs(uint) -> uint", lambda value: value, "{0}"),
        Overload("math.abs_double", "math.abs(double) -> double", abs, "abs({0})"),
        examples=(("math.abs(-1.5)", "1.5"), ("math.abs(-9223372036854775808)", ERROR)),
    ),
    Function(
        "math.sign",
        "-1, 0 or 1 as the number is negative, zero or positive, in the number's type; NaN for NaN.",
        Overload(
            "math.sign_int", "math.sign(int) -> int", lambda value: (value > 0) - (value < 0)
        ),
        Overload("math.sign_uint", "math.sign(uint) -> uint", lambda value: Uint(value > 0)),
        Overload("math.sign_double", "math.sign(double) -> double", _sign_of_double),
        examples=(("math.sign(-3)", "-1"), ("math.sign(0.5)", "1.0")),
    ),
    Function(
        "math.isNaN",
        "Whether the double is NaN, which is not even equal to itself.",
        Overload("math.isNaN", "math.isNaN(double) -> bool", lambda value: value != value),
        examples=(("math.isNaN(0.0 / 0.0)", "true"), ("math.isNaN(1.0)", "false")),
    ),
    Function(
        "math.isInf",
        "Whether the double is infinite, of either sign.",
        Overload(
            "math.isInf",
            "math.isInf(double) -> bool",
            lambda value: value in (float("inf"), float("-inf")),
        ),
        examples=(("math.isInf(-1.0 / 0.0)", "true"), ("math.isInf(0.0 / 0.0)", "false")),
    ),
    Function(
        "math.isFinite",
        "Whether the double is neither infinite nor NaN.",
        Overload(
            "math.isFinite", "math.isFinite(double) -> bool", lambda value: value - value == 0.0
        ),
        examples=(("math.isFinite(1.0)", "true"), ("math.isFinite(0.0 / 0.0)", "false")),
    ),
    _bitwise("bitAnd", "both integers", lambda a, b: a & b, "&", "2"),
    _bitwise("bitOr", "either integer", lambda a, b: a | b, "|", "7"),
    _bitwise("bitXor", "exactly one of two integers", lambda a, b: a ^ b, "^", "5"),
    Function(
        "math.bitNot",
        "The bits that are not set in the integer, of 64.",
        Overload("math.bitNot_int", "math.bitNot(int) -> int", lambda value: ~value, "(~{0})"),
        Overload(
            "math.bitNot_uint",
            "math.bitNot(uint) -> uint",
            lambda value: Uint(UINT_MAX - int(value)),
        ),
        examples=(("math.bitNot(1)", "-2"), ("math.bitNot(0u)", "18446744073709551615u")),
    ),
    _shift(
        "bitShiftLeft",
        "left",
        _shifted_left,
        ("math.bitShiftLeft(1, 4)", "16"),
        ("math.bitShiftLeft(1, 64)", "0"),
        ("math.bitShiftLeft(1, -1)", ERROR),
    ),
    _shift(
        "bitShiftRight",
        "right",
        _shifted_right,
        ("math.bitShiftRight(16, 4)", "1"),
        ("math.bitShiftRight(-1, 63)", "1"),
    ),
    Function(
        "math.sqrt",
        "The square root as a double; of a negative number it is NaN.",
        *(
            Overload(f"math.sqrt_{kind}", f"math.sqrt({kind}) -> double", _square_root)
            for kind in _NUMBERS
        ),
        examples=(("math.sqrt(2.25)", "1.5"), ("math.isNaN(math.sqrt(-1))", "true")),
    ),
)
