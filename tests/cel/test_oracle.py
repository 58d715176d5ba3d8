"""demur against Google's own C++ implementation: the same value, or an error in both.

Where they differ on purpose, the generator makes nothing that shows it:

- The order of a map's keys: demur keeps the order of the literal, CEL promises none.
- Text of fractions of seconds: `1.5s` as CEL's Go implementation writes it, not `1.500s`.
- `%d` and `%s` of doubles without a precision: the conformance vectors have demur's form.
- Base64 and timestamps are read as their RFCs demand; C++ allows spaces and years of three digits.
- `''.split('')` is `[]` as in Go, not `['']`.
- A part of a moment that a time zone moves out of the years 1 to 9999 is an error.
- A key twice in a map is an error like any other, which `&&` absorbs; C++ then gives up altogether.
- `math.least` with NaN is an error as in Go, where C++ takes the first argument.
- Over `dyn`, `x[?k]` is an optional as `x.?a` is; to C++ it is `dyn`, so that it compiles
  `x[?k].all(…)`, which always fails.
- `math.greatest([])` is refused by the C++ compiler, and fails in demur when it is evaluated.

Left out, because the oracle itself errs: `cel.bind` and `optMap` beside another macro, where version
0.1.3 computes `cel.bind(v, 3, v + v)` as 2; bytes with a zero, which its Python binding cuts short; and
comparisons across number types without `dyn`, which its checker does not know yet.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from demur.cel import (
    Duration,
    EvaluationError,
    ExpressionError,
    Optional,
    Program,
    Timestamp,
    TypeValue,
    compile,
)
from demur.functions import timestamps
from tests.cel import chains
from tests.cel.chains import Chains
from tests.cel.generation import VARIABLES, Generator
from tests.conftest import skip_unless_ci

CHUNKS = 16
CASES = int(os.environ.get("ORACLE_CASES", "24000")) // CHUNKS


def _environment(variables: Mapping[str, str]) -> Any:
    try:
        from cel_expr_python import cel
        from cel_expr_python.ext import (
            ext_bindings,
            ext_encoders,
            ext_math,
            ext_optional,
            ext_strings,
        )
    except ImportError:
        if sys.platform == "linux":
            skip_unless_ci("cel-expr-python is not installed")
        pytest.skip("cel-expr-python has no build for this platform")
    types = {
        "bool": cel.Type.BOOL,
        "int": cel.Type.INT,
        "uint": cel.Type.UINT,
        "double": cel.Type.DOUBLE,
        "string": cel.Type.STRING,
        "bytes": cel.Type.BYTES,
        "list(int)": cel.Type.List(cel.Type.INT),
        "list(string)": cel.Type.List(cel.Type.STRING),
        "map(string, int)": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
        "dyn": cel.Type.DYN,
    }
    return cel.NewEnv(
        variables={name: types[type] for name, type in variables.items()},
        extensions=[
            ext_math.ExtMath(),
            ext_strings.ExtStrings(),
            ext_optional.ExtOptional(),
            ext_encoders.ExtEncoders(),
            ext_bindings.ExtBindings(),
        ],
    )


ERROR = "an error"
MOST_NULLS = 20
"""In a value. The oracle's binding gives None without counting the reference, until Python aborts."""


def theirs(program: Any, bindings: dict[str, Any]) -> Any:
    """The oracle's value, or `ERROR`."""
    try:
        value = program.eval(data=bindings)
    except RuntimeError:
        return ERROR
    if "ERROR" in str(value.type()):
        return ERROR
    for _ in range(MOST_NULLS):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
    return value.plain_value()


def their_type(program: Any) -> str:
    """The type that the oracle deduces, in demur's words."""
    written = str(program.return_type()).replace("optional_type", "optional")
    return written.replace("<", "(").replace(">", ")").lower()


def ours(program: Program, bindings: dict[str, Any]) -> Any:
    try:
        return program(bindings)
    except EvaluationError:
        return ERROR


def same(mine: Any, other: Any) -> bool:
    if isinstance(mine, Timestamp | Duration):
        return isinstance(other, datetime | timedelta) and _microseconds(mine) == _microseconds(
            timestamps.from_datetime(other)
            if isinstance(other, datetime)
            else timestamps.from_timedelta(other)
        )
    if isinstance(mine, TypeValue):
        name = mine.name.removeprefix("google.protobuf.").removesuffix("_type")
        return name.lower() == str(other).partition("<")[0].lower()
    if isinstance(mine, Optional):
        mine = mine.value if mine.present else None
    if isinstance(other, bytearray):
        other = bytes(other)
    if isinstance(mine, float) and isinstance(other, float):
        return mine == other or (math.isnan(mine) and math.isnan(other))
    if isinstance(mine, list) and isinstance(other, list):
        return len(mine) == len(other) and all(map(same, mine, other))
    if isinstance(mine, dict) and isinstance(other, dict):
        return mine.keys() == other.keys() and all(same(mine[k], other[k]) for k in mine)
    if isinstance(mine, bool) or isinstance(other, bool):
        return mine is other
    return mine == other and isinstance(mine, float) == isinstance(other, float)


def _microseconds(value: Timestamp | Duration) -> int:
    """The oracle's times have no more: moments are cut to the one before, spans towards zero."""
    if isinstance(value, Timestamp):
        return value.nanoseconds // 1000
    return abs(value.nanoseconds) // 1000 * (1 if value.nanoseconds >= 0 else -1)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_generated_expressions_have_the_same_type_and_value(chunk: int) -> None:
    environment = _environment(VARIABLES)
    generator = Generator(chunk)
    compared = 0
    differing: list[str] = []
    while compared < CASES:
        text, bindings = generator.expression(depth=2 + compared % 3), generator.bindings()
        try:
            oracle = environment.compile(text)
        except RuntimeError:
            with pytest.raises((ExpressionError, EvaluationError)):
                compile(text, VARIABLES)(bindings)
            continue
        program = compile(text, VARIABLES)
        expected, found = theirs(oracle, bindings), ours(program, bindings)
        compared += 1
        agrees = found is expected if found is ERROR or expected is ERROR else same(found, expected)
        if not agrees or program.type != their_type(oracle):
            differing.append(
                f"{text}\n  {bindings}\n  ours {found!r}: {program.type}, "
                f"theirs {expected!r}: {their_type(oracle)}"
            )
    assert not differing, f"{len(differing)} of {compared}:\n" + "\n".join(differing[:5])


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("x.?a.?b.orValue([]).all(s, s == '' || has(s.name))", {"a": {"b": [{"name": "k"}]}}, True),
        ("x.?a.?b.orValue([]).all(s, s == '' || has(s.name))", {"a": {"b": ["", {}]}}, False),
        ("x.?a.?b.orValue([]).exists(s, s == 1 || s == 'a')", {"a": {"b": [2, "a"]}}, True),
        ("x.?a.?b.optMap(v, v == 1 || v == 'a').orValue(false)", {"a": {"b": "a"}}, True),
        ("x.?a.?b.optFlatMap(v, v.?c).orValue(1) == 'c'", {"a": {"b": {"c": "c"}}}, True),
        ("x[?'a'].?b.?c.orValue(1) == 'c'", {"a": {"b": {"c": "c"}}}, True),
        (
            "x.?a[?1].?b.orValue([]).all(s, s == '' || s.c)",
            {"a": [1, {"b": ["", {"c": True}]}]},
            True,
        ),
        ("x.?a.?b.or(x.?c).orValue([]).all(s, s == 1 || s.d)", {"c": [1]}, True),
        ("[x][?0].?b.orValue([]).all(s, s == '' || s.c)", {"b": [""]}, True),
        ("(x.a + []).exists(s, s == '' || s.c)", {"a": [{"c": True}]}, True),
        ("optional.none().optMap(v, v.?a.orValue('')).orValue([1]) == [1]", {}, True),
        ("[].all(s, s == '' || has(s.name))", {}, True),
    ],
)
def test_what_comes_of_dyn_is_dyn_through_optionals_and_macros(
    text: str, x: dict[str, Any], expected: bool
) -> None:
    assert compile(text, {"x": "dyn"})({"x": x}) is expected
    oracle = _environment({"x": "dyn"}).compile(text)
    assert theirs(oracle, {"x": x}) is expected


@pytest.mark.parametrize(
    "text",
    ["x.?a == 'a'", "[1][0].a", "[1][?0].?a", "[[], [1]][0].all(s, s.a)", "x.?a.?b.all(s, true)"],
)
def test_what_is_known_of_a_value_beside_dyn_is_still_checked(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile(text, {"x": "dyn"})
    with pytest.raises(RuntimeError):
        _environment({"x": "dyn"}).compile(text)


@pytest.mark.parametrize("chunk", range(4))
def test_chains_over_dyn_compile_where_they_do_elsewhere_and_have_the_same_value(
    chunk: int,
) -> None:
    environment = _environment(chains.VARIABLES)
    generator = Chains(chunk)
    values = 0
    differing: list[str] = []
    for _ in range(CASES):
        text, bindings = generator.expression(), generator.bindings()
        try:
            oracle = environment.compile(text)
        except RuntimeError:
            continue
        try:
            program = compile(text, chains.VARIABLES)
        except ExpressionError as refused:
            differing.append(f"{text}\n  ours {refused.problems[0].message}")
            continue
        expected, found = theirs(oracle, bindings), ours(program, bindings)
        values += expected is not ERROR
        agrees = found is expected if found is ERROR or expected is ERROR else same(found, expected)
        if not agrees:
            differing.append(f"{text}\n  {bindings}\n  ours {found!r}, theirs {expected!r}")
    assert not differing, f"{len(differing)}:\n" + "\n".join(differing[:5])
    assert values > CASES / 8
