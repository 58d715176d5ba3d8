"""Maps: size, membership of a key, the value at a key."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error, map_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def has_key(key: Any, mapping: dict[Any, Any]) -> bool:
    """Whether the map has this key; numbers are equal across types."""
    return map_key(key) in mapping


def value_at(mapping: dict[Any, Any], key: Any) -> Any:
    """The value at `key`. Raises `EvaluationError` where there is none."""
    wrapped = map_key(key)
    if wrapped in mapping:
        return mapping[wrapped]
    raise error("no such key")


FUNCTIONS = (
    Function(
        "size",
        "How many entries.",
        Overload("maps.size", "size(map(K, V)) -> int", len, "len({0})"),
        Overload("maps.size_method", "map(K, V).size() -> int", len, "len({0})"),
        examples=(("size({'a': 1})", "1"),),
    ),
    Function(
        "_in_",
        "Whether the map has the key.",
        Overload(
            "maps.contains_string", "_in_(string, map(string, V)) -> bool", has_key, "({0} in {1})"
        ),
        Overload("maps.contains", "_in_(K, map(K, V)) -> bool", has_key),
        examples=(("'a' in {'a': 1}", "true"),),
    ),
    Function(
        "_[_]",
        "The value at a key.",
        Overload("maps.value", "_[_](map(K, V), K) -> V", value_at),
        examples=(("{'a': 1}['a']", "1"), ("{'a': 1}['b']", ERROR)),
    ),
)
