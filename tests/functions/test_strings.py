"""Strings: indices are code points, and searches and splits treat their ends as CEL does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.calling import assert_fails, call

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
short = st.text("ab", max_size=6)


@pytest.mark.parametrize(
    ("identifier", "arguments", "expected"),
    [
        ("size", ("😀é",), 2),
        ("char_at", ("😀é", 1), "é"),
        ("char_at", ("ab", 2), ""),
        ("index_of_from", ("abc", "", 3), 3),
        ("index_of_from", ("abc", "a", 3), -1),
        ("last_index_of", ("abc", ""), 3),
        ("last_index_of_before", ("bananananana", "nana", 7), 6),
        ("last_index_of_before", ("abc", "", 1), 1),
        ("replace", ("abc", "", "-"), "-a-b-c-"),
        ("replace_some", ("abc", "", "-", 2), "-a-bc"),
        ("replace_some", ("aaa", "a", "b", 0), "aaa"),
        ("replace_some", ("aaa", "a", "b", -5), "bbb"),
        ("split_some", ("a,b", ",", 0), []),
        ("split_some", ("a,b,c", ",", 1), ["a,b,c"]),
        ("split_some", ("abc", "", 2), ["a", "bc"]),
        ("split_some", ("ab", "", 2), ["a", "b"]),
        ("split", ("", ","), [""]),
        ("split", ("", ""), []),
        ("substring", ("abc", 3), ""),
        ("lower_ascii", ("AÉ",), "aÉ"),
        ("upper_ascii", ("aßz",), "AßZ"),
        ("trim", ("\u3000\u0085a b\u00a0",), "a b"),
        ("trim", ("\u200ba\ufeff",), "\u200ba\ufeff"),
        ("quote", ('a"\\\n\a',), '"a\\"\\\\\\n\\a"'),
        ("join", ([],), ""),
    ],
)
def test_edges_are_as_cel_has_them(
    identifier: str, arguments: tuple[Any, ...], expected: Any
) -> None:
    assert call(f"strings.{identifier}", *arguments) == expected


@pytest.mark.parametrize(
    ("identifier", "arguments"),
    [
        ("char_at", ("ab", 3)),
        ("char_at", ("ab", -1)),
        ("index_of_from", ("ab", "", 3)),
        ("index_of_from", ("ab", "", -1)),
        ("last_index_of_before", ("ab", "", -1)),
        ("last_index_of_before", ("ab", "a", 3)),
        ("substring", ("ab", 3)),
        ("substring_to", ("ab", 0, 3)),
        ("substring_to", ("ab", 2, 1)),
        ("substring_to", ("ab", -1, 1)),
    ],
)
def test_an_index_outside_the_text_is_an_error(identifier: str, arguments: tuple[Any, ...]) -> None:
    assert_fails(f"strings.{identifier}", *arguments)


@given(texts)
def test_reversing_twice_gives_the_text_back(text: str) -> None:
    assert call("strings.reverse", call("strings.reverse", text)) == text


@given(texts, st.text(min_size=1, max_size=2))
def test_joining_what_was_split_gives_the_text_back(text: str, separator: str) -> None:
    parts = call("strings.split", text, separator)
    assert call("strings.join_with", parts, separator) == text


@given(texts, st.text(max_size=2), st.integers(1, 5))
def test_a_split_has_at_most_as_many_parts_as_asked_for(
    text: str, separator: str, limit: int
) -> None:
    parts = call("strings.split_some", text, separator, limit)
    assert len(parts) <= limit
    assert separator.join(parts) == text


@given(short, short, st.data())
def test_searches_find_the_first_and_the_last_place(
    text: str, part: str, data: st.DataObject
) -> None:
    places = [at for at in range(len(text) + 1) if text[at:].startswith(part)]
    border = data.draw(st.integers(0, len(text)))
    first = call("strings.index_of_from", text, part, border)
    last = call("strings.last_index_of_before", text, part, border)
    assert first == min((at for at in places if at >= border), default=-1)
    assert last == max((at for at in places if at <= border), default=-1)


@given(texts, st.data())
def test_substrings_put_together_are_the_text(text: str, data: st.DataObject) -> None:
    middle = data.draw(st.integers(0, len(text)))
    before = call("strings.substring_to", text, 0, middle)
    assert before + call("strings.substring", text, middle) == text


@given(texts)
def test_a_quoted_text_is_the_expression_that_gives_it(text: str) -> None:
    from demur.cel import compile as compile_expression

    assert compile_expression(call("strings.quote", text), {})({}) == text
