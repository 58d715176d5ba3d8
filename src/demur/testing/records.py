"""The record of a case: what is given, what the case changes, less what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` put over it: mappings merge deeply, anything else takes the place."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merged(cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", value))
        else:
            result[key] = value
    return result


def without(record: Any, path: str) -> Any:
    """The record less what stands at a path: `answer.confidence`, `retrieval.documents[0].score`.

    Raises KeyError where nothing stands there.
    """
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    if not steps:
        raise KeyError(path)
    return _without(record, steps)


def _without(value: Any, steps: list[str | int]) -> Any:
    first, *rest = steps
    match value, first:
        case dict(), str() if first in value:
            copied: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
            if rest:
                copied[first] = _without(copied[first], rest)
            else:
                del copied[first]
            return copied
        case list(), int() if first < len(value):  # pyright: ignore[reportUnknownArgumentType]
            elements: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
            elements[first : first + 1] = [_without(elements[first], rest)] if rest else []
            return elements
        case _:
            raise KeyError(first)
