"""Every function's record is complete, and its examples hold by each way of computing it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from demur.backends.python.expressions import Writer
from demur.cel.check import check
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.functions import ERROR, Function, Overload, families, find
from demur.functions.values import EvaluationError, equals
from demur.tree import Expression
from demur.types import parse_signature

RECORDS = [
    pytest.param(family, function, id=f"{family}.{function.name}")
    for family, table in families().items()
    for function in table
]
LOWERED = {
    "logic.and",
    "logic.or",
    "logic.conditional",
    "logic.is_unknown",
    "optionals.or",
    "optionals.or_value",
}
"""Overloads that the Python back end writes itself: an operand is not evaluated, or may fail."""


def is_internal(function: Function) -> bool:
    """Whether no expression can name it."""
    return function.name.startswith("@")


def same(found: Any, expected: Any) -> bool:
    """CEL's equality, and one type; NaN is the same as NaN."""
    if isinstance(found, float) and math.isnan(found):
        return isinstance(expected, float) and math.isnan(expected)
    return found.__class__ is expected.__class__ and equals(found, expected)


def typed(text: str) -> Expression:
    return check(text, parse(text), Environment())[0]


def evaluate(text: str, *, optimistic: bool, inline: bool = True) -> Any:
    writer = Writer(optimistic=optimistic)
    source = writer.write(typed(text)) if inline else _without_inline(writer, typed(text))
    try:
        return eval(source, writer.names)
    except EvaluationError:
        return ERROR


def _without_inline(writer: Writer, tree: Expression) -> str:
    """The source in which every overload is called through its `python`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("demur.backends.python.expressions.find", _called)
        return writer.write(tree)


def _called(identifier: str) -> Overload:
    overload = find(identifier)
    inline = None if overload.python is not None else overload.inline
    return Overload(identifier, overload.signature, overload.python, inline)


@pytest.mark.parametrize(("family", "function"), RECORDS)
def test_the_record_says_what_the_function_does(family: str, function: Function) -> None:
    assert function.about.endswith(".")
    assert function.about[0].isupper() or not function.about[0].isalpha()
    assert function.overloads
    if not is_internal(function) and function.scope != "metrics":
        assert function.examples


@pytest.mark.parametrize(("family", "function"), RECORDS)
def test_each_example_holds_in_every_form(family: str, function: Function) -> None:
    for text, expected_text in function.examples:
        expected = ERROR
        if expected_text != ERROR:
            expected = evaluate(expected_text, optimistic=False)
            assert expected is not ERROR
        for inline in (False, True):
            found = evaluate(text, optimistic=False, inline=inline)
            assert found is expected or same(found, expected), (text, inline)
            found = evaluate(text, optimistic=True, inline=inline)
            assert found is ERROR or same(found, expected), (text, inline)


@pytest.mark.parametrize(("family", "function"), RECORDS)
def test_identifiers_belong_to_the_family_and_signatures_to_the_function(
    family: str, function: Function
) -> None:
    for overload in function.overloads:
        assert overload.identifier.startswith(f"{family}.")
        assert find(overload.identifier) is overload
        signature = parse_signature(overload.signature)
        call = overload.signature.rpartition(" -> ")[0]
        if signature.method:
            call = call.removeprefix(f"{signature.parameters[0]}.")
        assert call.partition("(")[0] == function.name


@pytest.mark.parametrize(("family", "function"), RECORDS)
def test_the_python_back_end_computes_every_overload(family: str, function: Function) -> None:
    for overload in function.overloads:
        if function.scope == "metrics":
            assert overload.python is None
        else:
            assert (overload.python is None) == (overload.identifier in LOWERED)
        if overload.inline is not None:
            parameters = parse_signature(overload.signature).parameters
            assert overload.inline.format(*["x"] * len(parameters))


def test_identifiers_are_unique() -> None:
    identifiers = [
        overload.identifier
        for table in families().values()
        for function in table
        for overload in function.overloads
    ]
    assert len(identifiers) == len(set(identifiers))


def test_no_two_overloads_of_a_name_take_the_same_types() -> None:
    seen: dict[tuple[str, str], str] = {}
    for family, table in families().items():
        if family == "aggregates":
            continue
        for function in table:
            for overload in function.overloads:
                parsed = parse_signature(overload.signature)
                key = (function.name, f"{parsed.method}{parsed.parameters}")
                assert key not in seen, (seen.get(key), overload.identifier)
                seen[key] = overload.identifier
