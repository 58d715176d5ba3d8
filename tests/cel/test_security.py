"""Expressions that try to reach Python, and inputs made to hurt: an error or a value, and soon.

There is no limit on what evaluating may cost: an author can double a string forty times. What a
policy's author may write is bounded in length and depth only; records are not code.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import keyword
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.cel import EvaluationError, ExpressionError, compile
from demur.cel.parse import parse
from demur.cel.problems import Problem
from tests.cel.generation import VARIABLES, Generator
from tests.steps import growth

PYTHON_NAMES = sorted({*keyword.kwlist, *keyword.softkwlist, *dir(builtins)} - {"in"})
CEL_NAMES = {"bool", "bytes", "int", "list", "map", "type"}
FUNCTIONS = {"bool", "bytes", "int", "max", "min", "sum", "type"}


def problems(text: str, variables: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ExpressionError) as caught:
        compile(text, variables)
    return caught.value.problems


@pytest.mark.parametrize("name", [name for name in PYTHON_NAMES if name not in CEL_NAMES])
def test_what_python_names_is_unknown_until_it_is_declared(name: str) -> None:
    assert problems(name)[0].code in ("DM301", "DM304")
    if name not in FUNCTIONS:
        assert problems(f"{name}(1)")[0].code in ("DM301", "DM305", "DM306", "DM308")


@pytest.mark.parametrize("name", PYTHON_NAMES)
def test_a_variable_may_have_a_name_of_python(name: str) -> None:
    try:
        parse(name)
    except ExpressionError:
        return
    program = compile(f"[1].all(x, {name} + x == 8)", {name: "int"})
    assert program({name: 7}) is True
    assert compile(f"[7].map({name}, {name} + 1)")() == [8]


@pytest.mark.parametrize(
    "text",
    [
        "x.__class__",
        "x.__class__.__mro__",
        "x.__class__()",
        "x.format.__globals__",
        "''.__class__",
        "[].__class__",
        "1.0.real",
        "b'a'.hex()",
        "x.upper()",
        "__import__('os')",
        "eval('1')",
        "x.join.__self__",
        "type(x).name",
        "optional.of(1).present",
        "timestamp(0).nanoseconds",
    ],
)
def test_attributes_of_python_cannot_be_reached(text: str) -> None:
    assert problems(text, {"x": "string"})
    try:
        unchecked = compile(text, {"x": "string"}, check_types=False)
    except ExpressionError:
        return
    with pytest.raises(EvaluationError):
        unchecked({"x": "a"})


def test_a_field_of_a_map_is_a_key_and_nothing_else() -> None:
    program = compile("m.__class__", {"m": "dyn"})
    assert program({"m": {"__class__": 1}}) == 1
    for value in ({}, "a", 1, [1], None, b"a"):
        with pytest.raises(EvaluationError):
            program({"m": value})


@pytest.mark.parametrize("text", ["{0}", "{x.__class__}", "%(x)s", "{{}}", "%n", "\\N{DIGIT ONE}"])
def test_formats_of_python_are_plain_text(text: str) -> None:
    assert compile("s + t", {"s": "string", "t": "string"})({"s": text, "t": ""}) == text
    assert compile(f"r'{text}'.size()")() == len(text)
    for form in ("s.contains({})", "s.startsWith({})", "s == {}", "s in [{}]"):
        program = compile(form.format(f"r'{text}'"), {"s": "string"})
        assert program({"s": text}) is True


AWKWARD = st.text(st.sampled_from("'\"\\\n\r\0{}%#`;:$é\u2028\U0001f600ab"), max_size=12)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


@given(AWKWARD)
def test_text_in_constants_keys_and_bytes_stays_text(text: str) -> None:
    assert compile(quoted(text))() == text
    assert compile(f"{{{quoted(text)}: 1}}")() == {text: 1}
    assert compile(f"bytes({quoted(text)})")() == text.encode()
    assert compile(f"{quoted(text)} in [{quoted(text)}]")() is True
    assert compile(f"{{{quoted(text)}: {quoted(text)}}}[{quoted(text)}]")() == text


def test_a_quoted_field_is_a_constant() -> None:
    assert compile("m.`a-b c/d.e`", {"m": "map(string, int)"})({"m": {"a-b c/d.e": 1}}) == 1


KNOWN_SYNTAX = (
    ast.Expression, ast.Lambda, ast.arguments, ast.arg, ast.Call, ast.Name, ast.Load, ast.Store,
    ast.Constant, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Invert,
    ast.BinOp, ast.operator, ast.Compare, ast.cmpop, ast.IfExp, ast.List, ast.Tuple, ast.Dict,
    ast.Subscript, ast.Attribute,
)  # fmt: skip
"""What generated code is made of."""
METHODS = {"startswith", "endswith"}
"""The only attributes of values that generated code reads."""


@pytest.mark.parametrize("seed", range(4))
def test_generated_code_has_nothing_of_the_author_but_constants(seed: int) -> None:
    generator = Generator(seed)
    for _ in range(300):
        text = generator.expression(depth=3)
        try:
            source = compile(text, VARIABLES).source
        except ExpressionError:
            continue
        assert source.isascii()
        assert "\n" not in source
        for node in ast.walk(ast.parse(source, mode="eval")):
            assert isinstance(node, KNOWN_SYNTAX), text
            if isinstance(node, ast.Attribute):
                assert node.attr in METHODS, text
            if isinstance(node, ast.Name):
                assert "__" not in node.id


def test_variables_are_not_names_of_the_generated_code() -> None:
    names = {"exec": "int", "k0": "int", "conjunction": "int", "read": "int", "v1": "int"}
    program = compile("exec + k0 > 1u && [v1].all(read, read + conjunction > 0)", names)
    assert program({"exec": 1, "k0": 1, "conjunction": 1, "v1": 1}) is True
    assert not re.search(r"\bexec\b(?!')", program.source)


LONG = 99_990
MOST_GROWTH = 2.5
"""How many times as many steps twice the text may take; with the square of it that were 4."""


@pytest.mark.parametrize(
    "text_of",
    [
        lambda n: "(" * n,
        lambda n: ")" * n,
        lambda n: "[" * n,
        lambda n: "{" * n,
        lambda n: "-" * n,
        lambda n: "!" * n + "a",
        lambda n: "'" + "a" * n,
        lambda n: '"' + "\\" * (n // 2 * 2),
        lambda n: '"' + '\\"' * (n // 2),
        lambda n: "'''" + "a" * n,
        lambda n: "'''" + "'" * n,
        lambda n: "'''" + "\\'''" * (n // 4),
        lambda n: "r'''" + "'a" * (n // 2),
        lambda n: "b'" + "a" * n,
        lambda n: "rb'''" + "''a" * (n // 3),
        lambda n: "`" + "a" * n,
        lambda n: "1" * n,
        lambda n: "1." + "0" * n + "x",
        lambda n: "0x" + "f" * n,
        lambda n: "1e" + "9" * n + "x",
        lambda n: "a" + ".a" * (n // 2),
        lambda n: "a" + "[a" * (n // 2),
        lambda n: "a?" * (n // 2),
        lambda n: "a ? b : " * (n // 8),
        lambda n: "a" + " && a" * (n // 5) + " &&",
        lambda n: "a" + " + a" * (n // 4),
        lambda n: "a" + "\n" * n + "=",
        lambda n: " " * n + "=",
        lambda n: "//" + "a" * n,
        lambda n: "a//" * (n // 3) + "\n=",
        lambda n: "[" + "1," * (n // 2),
        lambda n: "f(" * (n // 2),
    ],
    ids=lambda text_of: text_of(24)[:12],
)
def test_a_hundred_thousand_characters_are_refused_by_steps_that_grow_with_them(
    text_of: Callable[[int], str],
) -> None:
    def refused(size: int) -> None:
        with pytest.raises(ExpressionError) as caught:
            compile(text_of(size), {"a": "bool", "b": "bool"})
        assert caught.value.problems[0].message.isprintable()

    refused(LONG)
    assert growth(refused, LONG // 32) < MOST_GROWTH


@pytest.mark.parametrize(
    ("text_of", "size_of"),
    [
        (lambda n: "'" + "a" * n + "'", lambda n: n),
        (lambda n: "'''" + "a'" * (n // 2 - 5) + " '''", lambda n: 2 * (n // 2 - 5) + 1),
        (lambda n: "'" + "\\n" * (n // 2) + "'", lambda n: n // 2),
        (lambda n: "[" + "1," * (n // 2) + "]", lambda n: n // 2),
    ],
    ids=["plain", "triple", "escapes", "list"],
)
def test_long_literals_are_read_by_steps_that_grow_with_them(
    text_of: Callable[[int], str], size_of: Callable[[int], int]
) -> None:
    def read(size: int) -> None:
        assert compile(f"size({text_of(size)})")() == size_of(size)

    read(LONG)
    assert growth(read, LONG // 32) < MOST_GROWTH


def test_many_operands_of_one_operator_are_no_nesting() -> None:
    program = compile(" || ".join(["a"] * 10_000), {"a": "bool"})
    assert program({"a": False}) is False


def test_nested_macros_cost_what_their_lists_multiply_to() -> None:
    text = "xs.map(a, " * 4 + "1" + ")" * 4
    assert str(compile(text, {"xs": "list(int)"})({"xs": list(range(6))})).count("1") == 6**4


def test_nested_optional_fields_do_not_multiply_the_code() -> None:
    from demur.backends.python.expressions import Writer
    from demur.cel.check import check
    from demur.cel.environment import Environment
    from demur.types import INT, Type, list_of

    thing = Type("object", (Type("thing"),))
    environment = Environment({"xs": list_of(thing)}, objects={"thing": {"n": INT}})
    sizes: list[int] = []
    for depth in (2, 4, 8):
        text = "xs[" * depth + "0" + "].?n.orValue(0)" * depth
        tree, _ = check(text, parse(text), environment)
        writer = Writer(
            optimistic=False,
            variables={"xs": "xs"},
            read_field=lambda writer, node: f"{writer.write(node.operand)}.n",
            has_part=lambda writer, node: f"there({writer.write(node)})",
        )
        sizes.append(len(writer.write(tree)))
    assert sizes[2] < 5 * sizes[0]


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_a_located_problem(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as refused:
        for problem in refused.problems:
            assert 0 <= problem.start <= problem.end <= max(1, len(text))


@given(
    st.lists(
        st.sampled_from(
            "( ) [ ] { } . , : ? ! - + * / % < <= == != && || in a b has all map 1 2u 0.5 'x' b'y' "
            "true null .? [? cel.bind optional r''' \\ // \n".split(" ")
        ),
        max_size=12,
    )
)
def test_any_words_are_compiled_or_refused(words: list[str]) -> None:
    with contextlib.suppress(ExpressionError, EvaluationError):
        compile(" ".join(words), {"a": "int", "b": "list(int)"})({"a": 1, "b": [1, 2]})


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("int", "x"),
        ("int", 1.5),
        ("int", True),
        ("int", 2**63),
        ("uint", -1),
        ("double", 10**400),
        ("string", 1),
        ("list(int)", ["a"]),
        ("list(int)", 1),
        ("map(string, int)", {"a": "b"}),
        ("map(string, int)", {1: 1}),
        ("dyn", object()),
        ("dyn", {1.5: 1}),
        ("dyn", [{None: 1}]),
        ("dyn", 2**64),
        ("timestamp", "2024-01-01T00:00:00Z"),
    ],
)
def test_a_value_of_another_type_than_declared_is_an_error(type: str, value: object) -> None:
    with pytest.raises(EvaluationError):
        compile("v", {"v": type})({"v": value})


def test_values_too_deep_for_python_are_an_error() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EvaluationError):
        compile("v == v", {"v": "dyn"})({"v": value})


def test_a_pattern_that_re2_refuses_fails_only_where_it_is_used() -> None:
    program = compile("s == 'a' || s.matches('(')", {"s": "string"})
    assert program({"s": "a"}) is True
    with pytest.raises(EvaluationError):
        program({"s": "b"})


def test_text_that_is_no_unicode_is_an_error_not_a_crash() -> None:
    for text in ("s.matches('a')", "bytes(s).size() > 0", "base64.encode(bytes(s)) == ''"):
        with pytest.raises(EvaluationError):
            compile(text, {"s": "string"})({"s": "\ud800"})
