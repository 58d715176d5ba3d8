"""Logic over true, false and error, against truth tables written out; both forms of the code agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.backends.python.expressions import Writer
from demur.cel.check import check
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.functions.values import EvaluationError
from demur.types import BOOL

T, F, E = "true", "false", "error"
VALUES = (T, F, E)

AND = {
    (T, T): T, (T, F): F, (T, E): E,
    (F, T): F, (F, F): F, (F, E): F,
    (E, T): E, (E, F): F, (E, E): E,
}  # fmt: skip
OR = {
    (T, T): T, (T, F): T, (T, E): T,
    (F, T): T, (F, F): F, (F, E): E,
    (E, T): T, (E, F): E, (E, E): E,
}  # fmt: skip
NOT = {T: F, F: T, E: E}

Tree = Any
"""A truth value, or an operator's name and its operands."""


def expected(tree: Tree) -> str:
    """The tree's value by the tables."""
    if isinstance(tree, str):
        return tree
    operator, *operands = tree
    match operator:
        case "!":
            return NOT[expected(operands[0])]
        case "?:":
            condition = expected(operands[0])
            if condition == E:
                return E
            return expected(operands[1] if condition == T else operands[2])
        case _:
            table = AND if operator in ("&&", "all") else OR
            result = T if table is AND else F
            for operand in operands:
                result = table[result, expected(operand)]
            return result


def written(tree: Tree) -> str:
    """The tree as CEL. A list of 0, 1, 2 stands for the operands of a macro."""
    if isinstance(tree, str):
        return "(1 / 0 > 0)" if tree == E else tree
    operator, *operands = tree
    parts = [f"({written(operand)})" for operand in operands]
    match operator:
        case "!":
            return f"!{parts[0]}"
        case "?:":
            return f"{parts[0]} ? {parts[1]} : {parts[2]}"
        case "all" | "exists":
            numbers = [str(number) for number in range(len(parts))]
            body = parts[-1]
            for number, part in zip(numbers[-2::-1], parts[-2::-1], strict=True):
                body = f"(x == {number} ? {part} : {body})"
            return f"[{', '.join(numbers)}].{operator}(x, {body})"
        case _:
            return f" {operator} ".join(parts)


def evaluator(optimistic: bool) -> Callable[[str], str]:
    def evaluate(text: str) -> str:
        tree, _ = check(text, parse(text), Environment(), BOOL)
        writer = Writer(optimistic=optimistic)
        try:
            value = eval(writer.write(tree), writer.names)
        except EvaluationError:
            return E
        assert value is True or value is False
        return T if value else F

    return evaluate


precisely, optimistically = evaluator(False), evaluator(True)

trees = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.one_of(
        st.tuples(st.just("!"), inner),
        st.tuples(st.just("?:"), inner, inner, inner),
        st.builds(
            lambda operator, operands: (operator, *operands),
            st.sampled_from(["&&", "||", "all", "exists"]),
            st.lists(inner, min_size=2, max_size=4),
        ),
    ),
    max_leaves=16,
)


@given(trees)
@settings(max_examples=500)
def test_logic_is_as_the_truth_tables_say(tree: Tree) -> None:
    assert precisely(written(tree)) == expected(tree)


@given(trees)
@settings(max_examples=500)
def test_the_optimistic_form_has_the_same_value_or_fails(tree: Tree) -> None:
    assert optimistically(written(tree)) in (expected(tree), E)


@pytest.mark.parametrize("left", VALUES)
@pytest.mark.parametrize("right", VALUES)
def test_the_order_of_operands_does_not_matter(left: str, right: str) -> None:
    for operator in ("&&", "||", "all", "exists"):
        assert precisely(written((operator, left, right))) == precisely(
            written((operator, right, left))
        )


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ("[]", F),
        ("[1]", T),
        ("[1, 2]", F),
        ("[1, 0]", E),
        ("[0, 1, 1]", E),
    ],
)
def test_exists_one_does_not_absorb_errors(elements: str, expected: str) -> None:
    text = f"dyn({elements}).exists_one(x, 2 / x > 0)"
    assert precisely(text) == expected


def test_errors_are_merged_each_reason_once() -> None:
    text = "1 / 0 > 0 || {'a': 1}.b > 0 || 1 / 0 > 1"
    tree, _ = check(text, parse(text), Environment())
    writer = Writer(optimistic=False)
    with pytest.raises(EvaluationError) as caught:
        eval(writer.write(tree), writer.names)
    details = [reason.detail for reason in caught.value.reasons]
    assert details == ["division by zero", "no such key: b"]


@pytest.mark.parametrize("operator", ["&&", "||"])
def test_an_operand_that_is_no_bool_is_an_error_unless_the_other_decides(operator: str) -> None:
    deciding, other = (F, T) if operator == "&&" else (T, F)
    assert precisely(f"dyn(1) {operator} {deciding}") == deciding
    assert precisely(f"dyn(1) {operator} {other}") == E
    assert precisely(f"{deciding} {operator} dyn('a')") == deciding


def test_a_bound_value_is_computed_at_most_once_and_only_where_it_is_needed() -> None:
    assert precisely("cel.bind(x, 1 / 0, true || x > 0)") == T
    assert precisely("cel.bind(x, 1 / 0, x > 0 || true)") == T
    assert precisely("cel.bind(x, 1 / 0, x > 0)") == E
