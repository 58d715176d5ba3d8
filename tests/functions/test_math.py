"""Mathematics: exact in 64 bits, and doubles keep infinities, NaN and the sign of zero."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.values import INT_MAX, INT_MIN, UINT_MAX, Uint
from tests.functions.calling import assert_fails, call

ints = st.integers(INT_MIN, INT_MAX)
uints = st.integers(0, UINT_MAX).map(Uint)
numbers = st.one_of(ints, uints, st.floats(allow_nan=False))


def same(left: Any, right: Any) -> bool:
    """Equal, of one type, and with the same sign of zero; NaN is the same as NaN."""
    return repr(left) == repr(right)


@pytest.mark.parametrize(
    ("identifier", "arguments", "expected"),
    [
        ("ceil", (1.2,), 2.0),
        ("ceil", (-0.5,), -0.0),
        ("floor", (-1.2,), -2.0),
        ("floor", (1e300,), 1e300),
        ("trunc", (-1.9,), -1.0),
        ("round", (0.49999999999999994,), 0.0),
        ("round", (2.5,), 3.0),
        ("round", (-2.5,), -3.0),
        ("round", (-0.3,), -0.0),
        ("round", (4503599627370497.5,), 4503599627370498.0),
        ("sign_int", (-7,), -1),
        ("sign_uint", (Uint(7),), Uint(1)),
        ("sign_double", (-0.0,), 0.0),
        ("sign_double", (math.nan,), math.nan),
        ("abs_int", (INT_MIN + 1,), INT_MAX),
        ("abs_double", (-math.inf,), math.inf),
        ("isNaN", (math.nan,), True),
        ("isInf", (-math.inf,), True),
        ("isInf", (math.nan,), False),
        ("isFinite", (math.nan,), False),
        ("isFinite", (1e308,), True),
        ("sqrt_int", (9,), 3.0),
        ("sqrt_uint", (Uint(9),), 3.0),
        ("sqrt_double", (-1.0,), math.nan),
        ("sqrt_double", (math.nan,), math.nan),
        ("bitAnd_uint", (Uint(6), Uint(3)), Uint(2)),
        ("bitXor_int", (-1, 1), -2),
        ("bitNot_uint", (Uint(0),), Uint(UINT_MAX)),
        ("bitShiftLeft_int", (1, 63), INT_MIN),
        ("bitShiftLeft_int", (-1, 64), 0),
        ("bitShiftLeft_uint", (Uint(3), 63), Uint(2**63)),
        ("bitShiftRight_int", (-1024, 3), 2305843009213693824),
        ("bitShiftRight_int", (-1, 0), -1),
        ("bitShiftRight_int", (-1, INT_MAX), 0),
        ("bitShiftRight_uint", (Uint(UINT_MAX), 63), Uint(1)),
    ],
)
def test_edges_are_as_cel_has_them(
    identifier: str, arguments: tuple[Any, ...], expected: Any
) -> None:
    assert same(call(f"math.{identifier}", *arguments), expected)


@pytest.mark.parametrize("rounding", ["ceil", "floor", "trunc", "round"])
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.0])
def test_rounding_keeps_what_is_no_other_number(rounding: str, value: float) -> None:
    assert same(call(f"math.{rounding}", value), value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounded_numbers_are_whole_and_near(value: float) -> None:
    for rounding, distance in (("ceil", 1), ("floor", 1), ("trunc", 1), ("round", 0.5)):
        rounded = call(f"math.{rounding}", value)
        assert rounded.is_integer()
        assert abs(rounded - value) <= distance


@pytest.mark.parametrize(
    ("identifier", "arguments"),
    [
        ("abs_int", (INT_MIN,)),
        ("bitShiftLeft_int", (1, -1)),
        ("bitShiftRight_uint", (Uint(1), -1)),
        ("greatest_list", ([],)),
        ("least_list_int", ([],)),
        ("greatest_list", ([1, "a"],)),
        ("least_list", ([True, 1],)),
    ],
)
def test_what_has_no_result_is_an_error(identifier: str, arguments: tuple[Any, ...]) -> None:
    assert_fails(f"math.{identifier}", *arguments)


@given(st.lists(numbers, min_size=1))
def test_extremes_are_elements_that_bound_all_others(elements: list[Any]) -> None:
    greatest = call("math.greatest_list", elements)
    least = call("math.least_list", elements)
    assert all(least <= element <= greatest for element in elements)
    assert any(element is greatest for element in elements)


def test_numbers_compare_by_their_exact_values_and_the_first_of_equal_ones_stays() -> None:
    assert call("math.greatest_int_double", 2**53 + 1, 2.0**53) == 2**53 + 1
    assert same(call("math.greatest_int_uint", 1, Uint(1)), 1)
    assert same(call("math.least_uint_double", Uint(1), 1.0), Uint(1))


@given(ints, ints)
def test_bits_keep_to_64_in_twos_complement(left: int, right: int) -> None:
    both = call("math.bitAnd_int", left, right)
    either = call("math.bitOr_int", left, right)
    one = call("math.bitXor_int", left, right)
    assert both + either == left + right
    assert one == either - both
    assert call("math.bitNot_int", left) == -left - 1


@given(ints, uints, st.integers(0, 70))
def test_shifts_keep_the_type_and_its_range(value: int, unsigned: Uint, offset: int) -> None:
    for name in ("bitShiftLeft", "bitShiftRight"):
        assert INT_MIN <= call(f"math.{name}_int", value, offset) <= INT_MAX
        shifted = call(f"math.{name}_uint", unsigned, offset)
        assert type(shifted) is Uint
        assert shifted <= UINT_MAX
