"""Lists: size, membership, indexing, concatenation, and demur's totals over numbers."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.arithmetic import checked_int, checked_uint, known_number
from demur.functions.values import equals, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def contains(value: Any, elements: list[Any]) -> bool:
    """Whether an element equals `value` by CEL's equality."""
    return any(equals(value, element) for element in elements)


def element_at(elements: list[Any], index: Any) -> Any:
    """The element at an integer index, or at a double that is whole. Raises `EvaluationError`."""
    if isinstance(index, float) and index.is_integer():
        index = int(index)
    if not isinstance(index, int) or isinstance(index, bool):
        raise error("a list's index must be a whole number")
    if 0 <= index < len(elements):
        return elements[index]
    raise error("index out of range")


def _of_some(total: Callable[[list[Any]], Any], name: str) -> Callable[[list[Any]], Any]:
    """`total` over a list that has elements without NaN: of none there is none, and none of NaN."""

    def checked(elements: list[Any]) -> Any:
        if not elements:
            raise error(f"{name}() of an empty list")
        if any(element != element for element in elements):
            raise error(f"{name}() of a list with NaN")
        return total(elements)

    return checked


def _sum_double(elements: list[float]) -> float:
    from math import fsum

    try:
        return fsum(elements)
    except (OverflowError, ValueError):
        return sum(elements)


def _mean(elements: list[Any]) -> float:
    return known_number(_sum_double(elements) / len(elements))


_ORDERED = ("int", "uint", "double", "string", "timestamp", "duration")
_NUMBERS = ("int", "uint", "double")

FUNCTIONS = (
    Function(
        "size",
        "How many elements.",
        Overload("lists.size", "size(list(A)) -> int", len, "len({0})"),
        Overload("lists.size_method", "list(A).size() -> int", len, "len({0})"),
        examples=(("size([1, 2])", "2"), ("[].size()", "0")),
    ),
    Function(
        "_in_",
        "Whether the list has an element that equals the first operand.",
        *(
            Overload(
                f"lists.contains_{kind}",
                f"_in_({kind}, list({kind})) -> bool",
                contains,
                "({0} in {1})",
            )
            for kind in ("string", "int", "uint", "bytes")
        ),
        Overload("lists.contains", "_in_(A, list(A)) -> bool", contains),
        examples=(("1 in [1, 2]", "true"), ("'a' in []", "false")),
    ),
    Function(
        "_[_]",
        "The element at an index from 0.",
        Overload("lists.element", "_[_](list(A), int) -> A", element_at),
        examples=(("[7, 8][1]", "8"), ("[7][1]", ERROR), ("[7][-1]", ERROR)),
    ),
    Function(
        "_+_",
        "The elements of the first list, then those of the second.",
        Overload(
            "lists.add", "_+_(list(A), list(A)) -> list(A)", lambda a, b: a + b, "({0} + {1})"
        ),
        examples=(("[1] + [2]", "[1, 2]"),),
    ),
    Function(
        "max",
        "The greatest element. An empty list has none, which is an error.",
        *(
            Overload(f"lists.max_{kind}", f"list({kind}).max() -> {kind}", _of_some(max, "max"))
            for kind in _ORDERED
        ),
        examples=(("[1, 3, 2].max()", "3"), ("[1].filter(x, x > 1).max()", ERROR)),
    ),
    Function(
        "min",
        "The least element. An empty list has none, which is an error.",
        *(
            Overload(f"lists.min_{kind}", f"list({kind}).min() -> {kind}", _of_some(min, "min"))
            for kind in _ORDERED
        ),
        examples=(("['b', 'a'].min()", "'a'"), ("[1].filter(x, x > 1).min()", ERROR)),
    ),
    Function(
        "sum",
        "The sum of the elements, 0 for none; doubles are summed without loss of precision.",
        Overload("lists.sum_int", "list(int).sum() -> int", lambda e: checked_int(sum(e))),
        Overload(
            "lists.sum_uint", "list(uint).sum() -> uint", lambda e: checked_uint(sum(map(int, e)))
        ),
        Overload("lists.sum_double", "list(double).sum() -> double", _sum_double),
        examples=(
            ("[1, 2].sum()", "3"),
            ("[0.1, 0.2, 0.3].sum()", "0.6"),
            ("[9223372036854775807, 1].sum()", ERROR),
        ),
    ),
    Function(
        "mean",
        "The arithmetic mean. An empty list has none, which is an error.",
        *(
            Overload(
                f"lists.mean_{kind}", f"list({kind}).mean() -> double", _of_some(_mean, "mean")
            )
            for kind in _NUMBERS
        ),
        examples=(("[1, 2].mean()", "1.5"), ("[1].filter(x, x > 1).mean()", ERROR)),
    ),
)
