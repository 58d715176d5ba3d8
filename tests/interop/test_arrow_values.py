"""What Python cannot hold of Arrow's values is unknown, and all beside it is there."""

from __future__ import annotations

from typing import Any

import pyarrow as arrow
import pytest

from demur.functions.values import Unavailable
from demur.interop.arrow_values import plain_values

MOMENT = arrow.timestamp("us", "UTC")
OUT = 2**62
"""Microseconds that lie beyond the year 9999."""


def held(value: Any) -> Any:
    """The value, with `out` in the place of each that Python cannot hold."""
    if isinstance(value, Unavailable):
        return "out"
    if isinstance(value, dict):
        return {name: held(part) for name, part in value.items()}
    return [held(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("type", "given", "expected"),
    [
        (MOMENT, [OUT, None], ["out", None]),
        (arrow.list_(MOMENT), [[OUT, None], None], [["out", None], None]),
        (arrow.large_list(MOMENT), [[OUT], []], [["out"], []]),
        (arrow.list_(MOMENT, 1), [[OUT]], [["out"]]),
        (arrow.map_(arrow.string(), MOMENT), [[("a", OUT)], None], [{"a": "out"}, None]),
        (
            arrow.struct([("at", MOMENT), ("k", arrow.int64())]),
            [{"at": OUT, "k": 5}, None],
            [{"at": "out", "k": 5}, None],
        ),
        (
            arrow.list_(arrow.struct([("at", arrow.map_(arrow.string(), MOMENT))])),
            [[{"at": [("a", OUT)]}]],
            [[{"at": {"a": "out"}}]],
        ),
    ],
)
def test_a_part_out_of_range_is_unknown_alone(type: Any, given: Any, expected: Any) -> None:
    assert held(plain_values(arrow.array(given, type))) == expected


def test_text_that_is_not_utf8_is_unknown() -> None:
    raw = arrow.array([b"\xff", b"a"], arrow.binary())
    text = arrow.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    assert held(plain_values(text)) == ["out", "a"]


def test_of_two_fields_of_one_name_neither_holds() -> None:
    fields = [arrow.array([1]), arrow.array([2]), arrow.array([3])]
    assert held(plain_values(arrow.StructArray.from_arrays(fields, ["a", "b", "a"]))) == [
        {"a": "out", "b": 2}
    ]
