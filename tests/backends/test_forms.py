"""Both forms of the generated code mean the same, on expressions of every kind."""

from __future__ import annotations

import math
from typing import Any

import pytest

from demur.backends.python.expressions import MAXIMUM_NESTED, Writer
from demur.cel.check import check
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.cel.program import adapted
from demur.functions.values import EvaluationError, equals
from demur.tree import Expression
from demur.types import parse_type
from tests.cel.generation import VARIABLES, Generator

TYPES = {name: parse_type(type) for name, type in VARIABLES.items()}
ERROR = "an error"


def typed(text: str) -> Expression:
    return check(text, parse(text), Environment(TYPES))[0]


def run(tree: Expression, bindings: dict[str, Any], *, optimistic: bool) -> Any:
    """The value, or `ERROR`; the optimistic form may fail in any way that Python has."""
    writer = Writer(optimistic=optimistic, variables={name: name for name in TYPES})
    fails = Exception if optimistic else EvaluationError
    try:
        return eval(writer.write(tree), {**writer.names, **bindings})
    except fails:
        return ERROR


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    if left.__class__ is list and right.__class__ is list:
        return len(left) == len(right) and all(map(same, left, right))
    return left.__class__ is right.__class__ and equals(left, right)


@pytest.mark.parametrize("seed", range(4))
def test_the_optimistic_form_gives_the_precise_value_or_fails(seed: int) -> None:
    generator = Generator(seed)
    values = 0
    for _ in range(1500):
        text, raw = generator.expression(depth=3), generator.bindings()
        bindings = {name: adapted(value, TYPES[name]) for name, value in raw.items()}
        tree = typed(text)
        precise = run(tree, bindings, optimistic=False)
        optimistic = run(tree, bindings, optimistic=True)
        if optimistic is not ERROR:
            assert same(optimistic, precise), (text, bindings)
            values += 1
    assert values > 500


@pytest.mark.parametrize("optimistic", [False, True])
@pytest.mark.parametrize(
    ("beginning", "middle", "end"),
    [
        ("xs.all(x, ", "b", ")"),
        ("xs.exists_one(x, ", "b", ")"),
        ("xs.map(x, ", "1", ")"),
        ("xs.map(x, true, ", "1", ")"),
        ("[", "1", "]"),
        ("{1: ", "1", "}"),
        ("{'a': ", "1", "}"),
        ("!(", "b", ")"),
        ("b ? b : (", "b", ")"),
        ("(", "b", " ? b : b)"),
        ("b && (b || (", "b", "))"),
        ("i + (", "i", ")"),
        ("cel.bind(x, ", "1", ", x)"),
        ("cel.bind(x, [x], ", "1", ")"),
        ("any.transformMap(k, v, ", "1", ")"),
        ("any[", "0", "]"),
    ],
)
def test_the_deepest_nesting_that_parses_compiles(
    beginning: str, middle: str, end: str, optimistic: bool
) -> None:
    deep = beginning * 76 + middle + end * 76 if beginning != "b && (b || (" else None
    text = deep or beginning * 38 + middle + end * 38
    text = text.replace("[x]", "[i]")
    values = {"b": True, "i": 0, "xs": [1], "any": {0: 0}}
    found = run(typed(text), values, optimistic=optimistic)
    assert found is ERROR or found is not None


def test_list_comprehensions_are_never_nested_so_deeply_that_python_breaks() -> None:
    tree = typed("xs.map(x, " * 70 + "1" + ")" * 70)
    source = Writer(optimistic=True, variables={"xs": "xs"}).write(tree)
    assert source.count(" for ") == MAXIMUM_NESTED
