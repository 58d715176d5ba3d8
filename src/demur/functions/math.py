"""Mathematics: extremes, rounding, signs, and bits (CEL's math extension)."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.arithmetic import checked_int
from demur.functions.values import UINT_MAX, Uint, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NUMBERS = ("int", "uint", "double")


def _first(pick: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    """The extreme of a list; of equal numbers the first. Of none there is none, and none of NaN."""

    def extreme(elements: list[Any]) -> Any:
        if not elements:
            raise error("an empty list has no extreme")
        if any(type(one) not in (int, Uint, float) for one in elements):
            raise error("no such overload: extremes are of numbers")
        if len(elements) > 1 and any(one != one for one in elements):
            raise error("NaN has no order")
        return pick(elements)

    return extreme


def _extreme(name: str, word: str, pick: Callable[..., Any], examples: tuple[Any, ...]) -> Function:
    family = f"math.{name}"
    extreme = _first(pick)
    pairs = [(left, right) for left in _NUMBERS for right in _NUMBERS]
    return Function(
        family,
        f"The {word} of the numbers given, or of those in a list.",
        *(
            Overload(f"{family}_{kind}", f"{family}({kind}) -> {kind}", lambda value: value, "{0}")
            for kind in _NUMBERS
        ),
        *(
            Overload(
                f"{family}_{left}_{right}",
                f"{family}({left}, {right}) -> {left if left == right else 'dyn'}",
                lambda a, b: extreme([a, b]),
            )
            for left, right in pairs
        ),
        *(
            Overload(f"{family}_list_{kind}", f"{family}(list({kind})) -> {kind}", extreme)
            for kind in _NUMBERS
        ),
        Overload(f"{family}_list", f"{family}(list(dyn)) -> dyn", extreme),
        examples=examples,
        gathers=True,
    )


def _round(value: float) -> float:
    """To the nearest whole number, halves away from zero."""
    from math import copysign, floor

    if value - value != 0.0 or abs(value) >= 2.0**52:
        return value
    whole = floor(abs(value))
    return copysign(float(whole + (abs(value) - whole >= 0.5)), value)


def _whole(name: str) -> Callable[[float], float]:
    def rounded(value: float) -> float:
        import math

        if value - value != 0.0:
            return value
        return math.copysign(float(getattr(math, name)(value)), value)

    return rounded


def _sign(value: Any) -> Any:
    if value != value:
        return value
    sign = (value > 0) - (value < 0)
    return type(value)(sign)


def _shift(value: int, offset: int, *, left: bool, bits: Callable[[int], Any]) -> Any:
    if offset < 0:
        raise error("a negative shift")
    if offset > 63:
        return bits(0)
    unsigned = int(value) & UINT_MAX
    return bits((unsigned << offset if left else unsigned >> offset) & UINT_MAX)


def _signed(bits: int) -> int:
    return bits - 2**64 if bits >= 2**63 else bits


def _bits(
    name: str, about: str, operate: Callable[[int, int], int], example: tuple[str, str]
) -> Function:
    return Function(
        f"math.{name}",
        about,
        Overload(f"math.{name}_int", f"math.{name}(int, int) -> int", operate),
        Overload(
            f"math.{name}_uint",
            f"math.{name}(uint, uint) -> uint",
            lambda a, b: Uint(operate(int(a), int(b))),
        ),
        examples=(example,),
    )


def _shifts(name: str, about: str, left: bool, example: tuple[str, str]) -> Function:
    return Function(
        f"math.{name}",
        about,
        Overload(
            f"math.{name}_int",
            f"math.{name}(int, int) -> int",
            lambda value, offset: _shift(value, offset, left=left, bits=_signed),
        ),
        Overload(
            f"math.{name}_uint",
            f"math.{name}(uint, int) -> uint",
            lambda value, offset: _shift(value, offset, left=left, bits=Uint),
        ),
        examples=(example, (f"math.{name}(1, -1)", ERROR)),
    )


def _of_double(
    name: str, about: str, python: Any, result: str, example: tuple[str, str]
) -> Function:
    overload = Overload(f"math.{name}", f"math.{name}(double) -> {result}", python)
    return Function(f"math.{name}", about, overload, examples=(example,))


def _square_root(value: Any) -> float:
    from math import sqrt

    return sqrt(value) if value >= 0 else float("nan")


FUNCTIONS = (
    _extreme("greatest", "greatest", max, (("math.greatest(1, 3, 2)", "3"),)),
    _extreme("least", "least", min, (("math.least([1.5, 0.5])", "0.5"),)),
    _of_double(
        "ceil", "The next whole number above.", _whole("ceil"), "double", ("math.ceil(1.2)", "2.0")
    ),
    _of_double(
        "floor",
        "The next whole number below.",
        _whole("floor"),
        "double",
        ("math.floor(1.8)", "1.0"),
    ),
    _of_double(
        "trunc",
        "The whole number towards zero.",
        _whole("trunc"),
        "double",
        ("math.trunc(-1.8)", "-1.0"),
    ),
    _of_double(
        "round",
        "The nearest whole number, halves away from zero.",
        _round,
        "double",
        ("math.round(-1.5)", "-2.0"),
    ),
    _of_double(
        "isNaN",
        "Whether it is not a number.",
        lambda v: v != v,
        "bool",
        ("math.isNaN(0.0 / 0.0)", "true"),
    ),
    _of_double(
        "isInf",
        "Whether it is infinite.",
        lambda v: v in (float("inf"), float("-inf")),
        "bool",
        ("math.isInf(1.0 / 0.0)", "true"),
    ),
    _of_double(
        "isFinite",
        "Whether it is neither infinite nor NaN.",
        lambda v: v - v == 0.0,
        "bool",
        ("math.isFinite(1.0)", "true"),
    ),
    Function(
        "math.abs",
        "The number without its sign; of the least int an error.",
        Overload("math.abs_int", "math.abs(int) -> int", lambda v: checked_int(abs(v))),
        Overload("math.abs_uint", "math.abs(uint) -> uint", lambda v: v, "{0}"),
        Overload("math.abs_double", "math.abs(double) -> double", abs, "abs({0})"),
        examples=(("math.abs(-3)", "3"), ("math.abs(-9223372036854775808)", ERROR)),
    ),
    Function(
        "math.sign",
        "-1, 0 or 1, in the number's own type.",
        *(
            Overload(f"math.sign_{kind}", f"math.sign({kind}) -> {kind}", _sign)
            for kind in _NUMBERS
        ),
        examples=(("math.sign(-2.5)", "-1.0"),),
    ),
    Function(
        "math.sqrt",
        "The square root; of a negative number NaN.",
        *(
            Overload(f"math.sqrt_{kind}", f"math.sqrt({kind}) -> double", _square_root)
            for kind in _NUMBERS
        ),
        examples=(("math.sqrt(9)", "3.0"),),
    ),
    _bits("bitAnd", "The bits that both have.", lambda a, b: a & b, ("math.bitAnd(6, 3)", "2")),
    _bits("bitOr", "The bits that either has.", lambda a, b: a | b, ("math.bitOr(6, 3)", "7")),
    _bits(
        "bitXor", "The bits that one of them has.", lambda a, b: a ^ b, ("math.bitXor(6, 3)", "5")
    ),
    Function(
        "math.bitNot",
        "The bits that it has not.",
        Overload("math.bitNot_int", "math.bitNot(int) -> int", lambda v: ~v, "(~{0})"),
        Overload(
            "math.bitNot_uint", "math.bitNot(uint) -> uint", lambda v: Uint(~int(v) & UINT_MAX)
        ),
        examples=(("math.bitNot(0)", "-1"),),
    ),
    _shifts(
        "bitShiftLeft",
        "The bits moved up; those past 64 are lost.",
        True,
        ("math.bitShiftLeft(1, 3)", "8"),
    ),
    _shifts(
        "bitShiftRight",
        "The bits moved down, with zeros from above.",
        False,
        ("math.bitShiftRight(8, 3)", "1"),
    ),
)
