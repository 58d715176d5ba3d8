"""`format`: each clause takes the values of its types and refuses the others."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.functions.values import Duration, EvaluationError, Timestamp, TypeValue, Uint, map_key
from tests.functions.calling import assert_fails, call


def formatted(template: str, *values: Any) -> str:
    return call("string_format.format", template, list(values))


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("", (), ""),
        ("%%%s%%", ("a",), "%a%"),
        ("%s%s", ("%s", "b"), "%sb"),
        ("%s", (None,), "null"),
        ("%s", (True,), "true"),
        ("%s", (Uint(3),), "3"),
        ("%s", (-0.0,), "-0"),
        ("%s", (1e21,), "1" + "0" * 21),
        ("%s", (1e-7,), "0.0000001"),
        ("%s", (-math.inf,), "-Infinity"),
        ("%s", (b"abc",), "abc"),
        ("%s", ([1, [2.5, "a"], None],), "[1, [2.5, a], null]"),
        ("%s", ({map_key(True): 1, "b": 2, 10: 3, 9: 4},), "{10: 3, 9: 4, b: 2, true: 1}"),
        ("%s", (Timestamp(0),), "1970-01-01T00:00:00Z"),
        ("%s", (Duration(-1_500_000_000),), "-1.5s"),
        ("%s", (TypeValue("int"),), "int"),
        ("%d %d %d", (-1, Uint(2), 3.5), "-1 2 3.5"),
        ("%d", (math.nan,), "NaN"),
        ("%.0f %.0f", (1.5, 2.5), "2 2"),
        ("%f", (2,), "2.000000"),
        ("%.2e", (123456,), "1.23e+05"),
        ("%e", (math.inf,), "Infinity"),
        ("%b %b", (-5, True), "-101 1"),
        ("%o", (-8,), "-10"),
        ("%x %X", (-30, Uint(255)), "-1e FF"),
        ("%x %X", ("é", b"\xab"), "c3a9 AB"),
        ("no clause", (1,), "no clause"),
    ],
)
def test_a_clause_is_replaced_by_its_value(
    template: str, values: tuple[Any, ...], expected: str
) -> None:
    assert formatted(template, *values) == expected


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("%", (1,)),
        ("a%%%", (1,)),
        ("%s", ()),
        ("%s %s", (1,)),
        ("%.s", (1,)),
        ("%.2", (1.0,)),
        ("%.99999f", (1.0,)),
        ("%5d", (1,)),
        ("%E", (1.0,)),
        ("%d", ("a",)),
        ("%d", (True,)),
        ("%d", (None,)),
        ("%f", ("1",)),
        ("%e", (None,)),
        ("%b", (1.0,)),
        ("%o", (True,)),
        ("%x", (1.5,)),
        ("%X", (None,)),
        ("%s", (object(),)),
    ],
)
def test_other_clauses_and_values_are_errors(template: str, values: tuple[Any, ...]) -> None:
    assert_fails("string_format.format", template, list(values))


@given(st.text(), st.lists(st.one_of(st.integers(-9, 9), st.floats(), st.text(max_size=3))))
def test_text_without_percent_signs_stays_and_values_stay_whole(
    text: str, values: list[Any]
) -> None:
    plain = text.replace("%", "")
    assert formatted(plain, *values) == plain
    assert formatted(plain.join(["%s"] * 2), text, text) == text + plain + text


@given(st.text("%.sdfexbo1a ", max_size=12), st.lists(st.integers(0, 9), max_size=4))
def test_any_template_gives_text_or_an_error(template: str, values: list[int]) -> None:
    with contextlib.suppress(EvaluationError):
        assert isinstance(formatted(template, *values), str)
