"""A typed tree as CEL text: reading the text again gives the same tree."""

from __future__ import annotations

import pytest

from demur import functions
from demur.cel.problems import ExpressionError
from demur.cel.program import compile
from demur.cel.render import render
from demur.functions.values import EvaluationError
from demur.runtime.encoding import write_expression
from demur.tree import Call, Constant, Expression, Parameter, Reference, Signal

VARIABLES = {
    "a": "int",
    "b": "int",
    "x": "double",
    "flag": "bool",
    "word": "string",
    "words": "list(string)",
    "counts": "map(string, int)",
    "anything": "dyn",
}


@pytest.mark.parametrize(
    "text",
    [
        "a + 1 > b && !flag || a == b",
        "(a + b) * 2 - -a % 3 >= 1",
        "a - (b - 1) == 0",
        "flag ? a : b",
        'word in ["x", "y"] || !(word in words)',
        "words.all(w, w != word)",
        "words.filter(w, w != word)",
        "words.map(w, w + word)",
        "words.map(w, w != word, w + word)",
        "words.exists(i, w, i > 0 && w == word)",
        "words.exists_one(w, w == word)",
        'counts.transformMap(k, v, v > 0, v + 1)["k"] == 2',
        "counts.transformList(k, v, v)",
        "counts.k == counts['odd key']",
        "has(counts.k)",
        "counts[?'k'].orValue(a)",
        "counts[?'k'].optMap(v, v + 1)",
        "{'a': a, ?'b': counts[?'b']}",
        "[a, ?counts[?'b']]",
        "cel.bind(y, a + 1, y * y)",
        "anything + 1 == a",
        "size(words) + words.size()",
        "type(a) == int",
        "x / 2.0 + 1e30 < 0.1",
        r'word == "tab\t quote\" line\n"',
        "b'\\xff' == b'\\x00'",
        "null == anything",
    ],
)
def test_rendered_text_reads_back_as_the_same_tree(text: str) -> None:
    tree = compile(text, VARIABLES).tree
    again = compile(render(tree), VARIABLES).tree
    assert write_expression(again) == write_expression(tree)


def test_every_example_of_the_functions_reads_back_as_the_same_tree() -> None:
    trees = {
        text: tree
        for family in functions.families().values()
        for function in family
        for example in function.examples
        for text in example
        if text != functions.ERROR and (tree := typed(text)) is not None
    }
    assert len(trees) > 50
    for text, tree in trees.items():
        assert write_expression(compile(render(tree)).tree) == write_expression(tree), text


def typed(text: str) -> Expression | None:
    """The tree of an expression whose types are known before it runs; None for another."""
    try:
        return compile(text).tree
    except (ExpressionError, EvaluationError):
        return None


def test_signals_parameters_and_definitions_are_named() -> None:
    less = "comparison.less"
    compiled = compile("a < b", VARIABLES).tree
    assert isinstance(compiled, Call)
    assert compiled.function.startswith(less)
    tree = Call(
        compiled.function,
        (Signal("answer", "confidence", "double"), Parameter("least", "double")),
        "bool",
    )
    assert render(tree) == "answer.confidence < params.least"
    assert render(Reference("best_score", "double"), {"best_score": tree}) == "best_score"


def test_what_the_compiler_shared_is_written_out() -> None:
    assert render(Reference("@1", "int"), {"@1": Constant(1, "int")}) == "1"


def test_variables_of_the_compiler_have_names_that_cel_can_have() -> None:
    tree = compile("cel.block([a + 1, cel.index(0) * 2], cel.index(1))", VARIABLES).tree
    assert render(tree) == "cel.bind(index0, a + 1, cel.bind(index1, index0 * 2, index1))"
    assert compile(render(tree), VARIABLES)({"a": 1}) == 4


def test_the_test_for_a_number_is_not_shown() -> None:
    tree = Call("arithmetic.known", (Signal("answer", "confidence", "double"),), "double")
    assert render(tree) == "answer.confidence"
