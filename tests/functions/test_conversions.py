"""Conversions: exact, or an error; texts as CEL's Go implementation reads and writes them."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.conversions import MAXIMUM_LENGTH, format_double
from demur.functions.values import INT_MAX, INT_MIN, UINT_MAX, EvaluationError, TypeValue, Uint
from tests.functions.calling import assert_fails, call

ints = st.integers(INT_MIN, INT_MAX)
uints = st.integers(0, UINT_MAX).map(Uint)
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("identifier", "argument", "expected"),
    [
        ("int_of_string", "+5", 5),
        ("int_of_string", str(INT_MIN), INT_MIN),
        ("int_of_double", -1.9, -1),
        ("int_of_double", 9223372036854774784.0, 9223372036854774784),
        ("uint_of_double", 18446744073709549568.0, Uint(18446744073709549568)),
        ("double_of_string", ".5", 0.5),
        ("double_of_string", "5.", 5.0),
        ("double_of_string", "-Infinity", -math.inf),
        ("double_of_uint", Uint(UINT_MAX), 2.0**64),
        ("string_of_uint", Uint(7), "7"),
        ("string_of_bool", True, "true"),
        ("bytes_of_string", "é", b"\xc3\xa9"),
        ("bool_of_string", "t", True),
        ("bool_of_string", "FALSE", False),
        ("type", Uint(1), TypeValue("uint")),
        ("type", None, TypeValue("null_type")),
    ],
)
def test_values_that_fit_are_converted(identifier: str, argument: Any, expected: Any) -> None:
    result = call(f"conversions.{identifier}", argument)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("identifier", "argument"),
    [
        ("int_of_string", ""),
        ("int_of_string", " 5"),
        ("int_of_string", "1_0"),
        ("int_of_string", "+-5"),
        ("int_of_string", "٥"),
        ("int_of_string", "0x10"),
        ("int_of_string", str(INT_MAX + 1)),
        ("int_of_string", "9" * (MAXIMUM_LENGTH + 1)),
        ("int_of_uint", Uint(INT_MAX + 1)),
        ("int_of_double", math.nan),
        ("int_of_double", math.inf),
        ("int_of_double", 2.0**63),
        ("int_of_double", -(2.0**63)),
        ("uint_of_string", "+5"),
        ("uint_of_int", -1),
        ("uint_of_double", -0.5),
        ("uint_of_double", 2.0**64),
        ("uint_of_double", math.nan),
        ("double_of_string", "1e400"),
        ("double_of_string", "1_0"),
        ("double_of_string", " 1"),
        ("double_of_string", "-nan"),
        ("double_of_string", "."),
        ("double_of_string", "1" * (MAXIMUM_LENGTH + 1)),
        ("string_of_bytes", b"\xff"),
        ("string_of_bytes", b"\xed\xa0\x80"),
        ("bytes_of_string", "\ud800"),
        ("bool_of_string", "tRUE"),
        ("bool_of_string", "yes"),
    ],
)
def test_values_that_do_not_fit_are_errors(identifier: str, argument: Any) -> None:
    assert_fails(f"conversions.{identifier}", argument)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "-0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-4.5e-3, "-0.0045"),
        (1e-4, "0.0001"),
        (1.25e-5, "1.25e-05"),
        (2.0**-24, "5.960464477539063e-08"),
        (-1234000.5, "-1.2340005e+06"),
        (999999.0, "999999"),
        (1e6, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (1e100, "1e+100"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_doubles_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert call("conversions.string_of_double", value) == text


def test_doubles_can_be_written_without_an_exponent() -> None:
    assert format_double(1e21) == "1" + "0" * 21
    assert format_double(-1.25e-7) == "-0.000000125"


@given(ints)
def test_an_int_survives_its_text(value: int) -> None:
    assert call("conversions.int_of_string", call("conversions.string_of_int", value)) == value


@given(uints)
def test_a_uint_survives_its_text(value: Uint) -> None:
    text = call("conversions.string_of_uint", value)
    assert call("conversions.uint_of_string", text) == value


@given(finite)
def test_a_double_survives_its_texts(value: float) -> None:
    for text in (call("conversions.string_of_double", value), format_double(value)):
        read = call("conversions.double_of_string", text)
        assert read == value
        assert math.copysign(1.0, read) == math.copysign(1.0, value)


@given(finite)
def test_a_double_without_exponent_has_only_digits(value: float) -> None:
    assert set(format_double(value)) <= set("-.0123456789")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_survives_its_bytes(text: str) -> None:
    encoded = call("conversions.bytes_of_string", text)
    assert call("conversions.string_of_bytes", encoded) == text


@given(finite)
def test_an_int_of_a_double_is_cut_towards_zero_or_an_error(value: float) -> None:
    try:
        assert call("conversions.int_of_double", value) == math.trunc(value)
    except EvaluationError:
        assert abs(value) >= 2.0**63


@given(st.text())
def test_any_text_gives_a_number_or_an_error(text: str) -> None:
    for kind in ("int", "uint", "double"):
        with contextlib.suppress(EvaluationError):
            call(f"conversions.{kind}_of_string", text)
