"""The YAML reader leads each character of a scalar back to its exact place in the file."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from demur.diagnostics import Position
from demur.language.source import (
    ScalarNode,
    parse_source,
)
from tests.language.reading import index_of, only_scalars, scalar


@pytest.mark.parametrize(
    ("text", "content", "places"),
    [
        ("a: one\n   two\n\n   x", "one two\nx", [(1, 4), (1, 5), (1, 6), (1, 7), (2, 4)]),
        ("a: 'it''s'", "it's", [(1, 5), (1, 6), (1, 7), (1, 9), (1, 10)]),
        (r'a: "\x41\n\u00e9b"', "A\néb", [(1, 5), (1, 9), (1, 11), (1, 17), (1, 18)]),
        ('a: "x\\\n    y  \n  z"', "xy z", [(1, 5), (2, 5), (2, 6), (3, 3), (3, 4)]),
        ("a: |\n  x\n   y\n", "x\n y\n", [(2, 3), (2, 4), (3, 3), (3, 4), (3, 5), (4, 1)]),
        ("a: >-\n  x\n  y\n\n  z\n", "x y\nz", [(2, 3), (2, 4), (3, 3), (4, 1), (5, 3), (5, 4)]),
        ("a: |2-\n    x\r\n  y", "  x\ny", [(2, 3), (2, 4), (2, 5), (2, 6), (3, 3), (3, 4)]),
        ("a: ''", "", [(1, 5)]),
        ("a:", "", [(1, 3)]),
    ],
)
def test_a_character_of_the_content_leads_to_its_place_in_the_file(
    text: str, content: str, places: list[tuple[int, int]]
) -> None:
    node = scalar(parse_source(text, "p.yaml"), "a")
    assert node.text == content
    positions = [node.position(offset) for offset in range(len(content) + 1)]
    assert [(item.line, item.column) for item in positions][: len(places)] == places


def test_a_stretch_of_the_content_ends_right_behind_its_last_character() -> None:
    node = scalar(parse_source('a: "one\\\n    two \\u00e9"', "p.yaml"), "a")
    assert node.text == "onetwo é"
    assert node.span_of(0, 3).end == Position(1, 8)
    assert node.span_of(3, 6).start == Position(2, 5)
    assert node.span_of(7, 8).end == Position(2, 15)
    assert node.span_of(2, 2).start == node.span_of(2, 2).end == Position(1, 7)


@pytest.mark.parametrize("offset", [-1, 4])
def test_an_offset_outside_of_the_content_is_refused(offset: int) -> None:
    node = scalar(parse_source("a: one", "p.yaml"), "a")
    with pytest.raises(ValueError, match="outside"):
        node.position(offset)


LITERAL = [chr(code) for code in (*range(0x4E00, 0x4E40), *range(0x1F600, 0x1F620))]
ESCAPES = {
    "\\n": "\n",
    "\\x41": "A",
    "\\u00e9": "é",
    "\\U0001F4A9": "\U0001f4a9",
    '\\"': '"',
    "\\\\": "\\",
    "\\/": "/",
    "\\t": "\t",
    "\\ ": " ",
    "\\e": "\x1b",
}


PLACES = (
    ("{i}key: {s}", 0),
    ("{i}key: &anchor {s}", 0),
    ("{i}- {s}", 0),
    ("{i}key:\n{i} - {s}", 1),
    ("# comment\n{i}first: 1 # é\n{i}key: {s}", 0),
    ("{i}outer:\n{i}- key: {s}", 2),
)
"""Where a scalar may stand, and how much deeper than `{i}` the collection around it is."""


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, int]:
    """A file with a scalar of any style that has no literal twice; how many scalars follow it."""
    place, deeper = draw(st.sampled_from(PLACES))
    indent = " " * draw(st.integers(0, 5))
    written = draw(scalars(len(indent) + deeper))
    text = place.format(i=indent, s=written)
    more = draw(st.integers(0, 1))
    if more:
        text += f"\n{indent}- last\n" if place == "{i}- {s}" else f"\n{indent}last: 1\n"
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), more


@st.composite
def scalars(draw: st.DrawFn, parent: int) -> str:
    pool = iter(draw(st.permutations(LITERAL)))
    style = draw(st.sampled_from(["plain", "single", "double", "|", ">"]))
    step = draw(st.integers(1, 4))
    inner = " " * (parent + step)

    def word() -> str:
        return "".join(next(pool) for _ in range(draw(st.integers(1, 3))))

    if style in "|>":
        chomping = draw(st.sampled_from(["", "+", "-"]))
        digit = draw(st.sampled_from(["", str(step)]))
        header = style + draw(st.sampled_from([digit + chomping, chomping + digit]))
        header += draw(st.sampled_from(["", " ", "  # note"]))
        first = " " * draw(st.integers(0, 2)) if digit else ""
        body = [""] * draw(st.integers(0, 2)) + [inner + first + word()]
        kinds = {
            "text": inner + "{}",
            "deeper": inner + "  {}",
            "blank": "",
            "spaces": inner + " ",
            "more spaces": inner + "   ",
            "tab": inner + "\t{}",
            "trailing": inner + "{} # {}  ",
        }
        for kind in draw(st.lists(st.sampled_from(sorted(kinds)), max_size=6)):
            body.append(kinds[kind].format(word(), word()))
        return "\n".join([header, *body]) + draw(st.sampled_from(["", "\n", "\n\n"]))
    quote = {"plain": "", "single": "'", "double": '"'}[style]
    trailing = st.sampled_from(["", " "] if style == "plain" else ["", " ", "\t "])
    pieces = [word()]
    for kind in draw(st.lists(st.sampled_from(["word", "space", "fold", "special"]), max_size=8)):
        if kind == "space":
            pieces.append(" " * draw(st.integers(1, 3)) + word())
        elif kind == "fold":
            blanks = "\n" * draw(st.integers(0, 2))
            pieces.append(draw(trailing) + "\n" + blanks + inner + word())
        elif kind == "special" and style == "single":
            pieces.append("''")
        elif kind == "special" and style == "double":
            joined = " \\\n" + "\n" * draw(st.integers(0, 1)) + inner
            pieces.append(draw(st.sampled_from([*ESCAPES, joined])))
        else:
            pieces.append(word())
    return quote + "".join(pieces) + quote


def raw_data(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [item for inner in value.values() for item in raw_data(inner)]
    if isinstance(value, list):
        return [item for inner in value for item in raw_data(inner)]
    return [value]


@settings(max_examples=1500, deadline=None)
@given(documents())
def test_every_character_of_every_style_is_placed_exactly(document: tuple[str, int]) -> None:
    text, more = document
    expected = raw_data(YAML(typ="safe", pure=True).load(text))
    source = parse_source(text, "p.yaml")
    assert source.diagnostics == ()
    nodes = only_scalars(source.root)
    assert [node.value for node in nodes] == expected
    check_positions(text, nodes[-1 - more])


def check_positions(text: str, node: ScalarNode) -> None:
    spelled = {character: escape for escape, character in ESCAPES.items()}
    indices = [index_of(text, node.position(offset)) for offset in range(len(node.text) + 1)]
    assert all(before < after for before, after in pairwise(indices))
    for character, index in zip(node.text, indices, strict=False):
        if character in LITERAL:
            assert index == text.index(character)
        elif text[index] == "\\" and node.style == "double":
            assert text.startswith(spelled[character], index)
        elif character == "'" and node.style == "single":
            assert text.startswith("''", index)
        elif character == "\n":
            assert re.compile(r"\r?\n").match(text, index)
        elif character == " ":
            assert text[index] == " " or re.compile(r"[ \t]*\r?\n").match(text, index)
        else:
            assert text[index] == character
    if node.text and node.text[-1] in LITERAL:
        assert indices[-1] == indices[-2] + 1
