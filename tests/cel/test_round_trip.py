"""parse ∘ unparse is the identity, on real expressions and on generated trees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.cel import syntax
from demur.cel.parse import parse
from demur.cel.problems import ExpressionError
from demur.cel.unparse import unparse
from tests.conftest import SHARED_DATA, skip_unless_ci


def _expressions(name: str) -> list[str]:
    file = SHARED_DATA / "cel" / name
    if not file.exists():
        skip_unless_ci(f"{name} in ../shared/data is absent")
    return [json.loads(line)["expr"] for line in file.read_text("utf-8").splitlines()]


def test_real_expressions_parse_and_survive_the_round_trip() -> None:
    expressions = _expressions("in_the_wild.jsonl")
    assert len(expressions) == 62
    for expression in expressions:
        tree = parse(expression)
        assert parse(unparse(tree)) == tree, expression


def test_conformance_expressions_survive_the_round_trip() -> None:
    parsed = 0
    for expression in _expressions("conformance.jsonl"):
        try:
            tree = parse(expression)
        except ExpressionError:
            continue
        parsed += 1
        assert parse(unparse(tree)) == tree, expression
    assert parsed > 1380


names = st.sampled_from(["a", "b", "request", "x1", "_y"])
fields = st.one_of(names, st.sampled_from(["for", "b-c", "content type", "as", "in", "true", "0a"]))
literals = st.one_of(
    st.builds(syntax.Literal, st.just("int"), st.integers(-(2**63), 2**63 - 1)),
    st.builds(syntax.Literal, st.just("uint"), st.integers(0, 2**64 - 1)),
    st.builds(syntax.Literal, st.just("double"), st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(
        syntax.Literal,
        st.just("string"),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    st.builds(syntax.Literal, st.just("bytes"), st.binary(max_size=8)),
    st.builds(syntax.Literal, st.just("bool"), st.booleans()),
    st.just(syntax.Literal("null", None)),
)


def _larger(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    binary = [name for name, (_, tightness) in syntax.OPERATORS.items() if 4 <= tightness <= 6]
    return st.one_of(
        st.builds(syntax.Select, children, fields, st.booleans()),
        st.builds(syntax.Index, children, children, st.booleans()),
        st.builds(syntax.Call, st.sampled_from(binary), st.tuples(children, children)),
        st.builds(syntax.Call, st.just("_?_:_"), st.tuples(children, children, children)),
        st.builds(
            syntax.Call,
            st.sampled_from(["_&&_", "_||_"]),
            st.lists(children, min_size=2, max_size=4).map(tuple),
        ),
        st.builds(syntax.Call, st.just("!_"), st.tuples(children)),
        st.builds(syntax.Call, st.just("-_"), st.tuples(children)),
        st.builds(
            syntax.Message,
            st.builds(syntax.Identifier, names, st.booleans()),
            st.lists(st.tuples(fields, children), min_size=1, max_size=2).map(tuple),
            st.sampled_from([frozenset(), frozenset((0,))]),
        ),
        st.builds(
            syntax.Call, names, st.lists(children, max_size=3).map(tuple), absolute=st.booleans()
        ),
        st.builds(syntax.Call, names, st.lists(children, max_size=2).map(tuple), target=children),
        st.builds(
            syntax.List,
            st.lists(children, min_size=1, max_size=3).map(tuple),
            st.sampled_from([frozenset(), frozenset((0,))]),
        ),
        st.builds(
            syntax.Map,
            st.lists(st.tuples(children, children), min_size=1, max_size=2).map(tuple),
            st.sampled_from([frozenset(), frozenset((0,))]),
        ),
    )


trees = st.recursive(
    st.one_of(literals, st.builds(syntax.Identifier, names, st.booleans())),
    _larger,
    max_leaves=12,
)


@given(trees)
def test_a_generated_tree_reads_back_as_itself(tree: syntax.Node) -> None:
    text = unparse(tree)
    assert parse(text) == tree
    assert unparse(parse(text)) == text


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a-(b-c)", "a - (b - c)"),
        ("!(a&&b)", "!(a && b)"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("(a?b:c)?d:e", "(a ? b : c) ? d : e"),
        ("-(1)", "-(1)"),
        ("- 1", "-1"),
        ("--1", "-(-1)"),
        ("a . b [ 'c' ] . d ( )", 'a.b["c"].d()'),
        ("'it\\'s'", '"it\'s"'),
        ("a.`b-c`", "a.`b-c`"),
        ("[1,2,]", "[1, 2]"),
    ],
)
def test_an_expression_has_one_spelling(written: str, tidy: str) -> None:
    assert unparse(parse(written)) == tidy
