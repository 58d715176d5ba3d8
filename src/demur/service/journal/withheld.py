"""What a line of the journal does not hold as it was: masked signals, and those that JSON has no form for.

A hash, or the last characters of a text, are a good text to whoever reads them. So whoever decides such
a line again puts something unknown in their place first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

from demur.functions.values import Unavailable
from demur.policy import Shape

NOTES = ("masked", "inexact")
"""The parts of a line's `demur` that name such signals."""
WITHHELD = Unavailable("withheld", "is not in the journal as it was")
"""What stands in their place."""


def withhold(record: dict[str, Any], path: str, mark: Any) -> None:
    """Puts the mark in the place of what was masked: `request.text`, `retrieval.documents[].author`."""
    stage, _, rest = path.partition(".")
    holder = record.setdefault(stage, {})
    if isinstance(holder, dict):
        _replace(holder, rest, mark)


def without_withheld(record: dict[str, Any]) -> dict[str, Any]:
    """The record of a journal's line with what it does not hold as it was unknown; any other as it is."""
    line = record.get("demur")
    if not isinstance(line, dict) or "journal" not in line:
        return record
    made = deepcopy(record)
    for path in noted(cast(dict[str, Any], line)):
        withhold(made, path, WITHHELD)
    return made


def noted(line: Mapping[str, Any]) -> Iterator[str]:
    """The paths that a line's `demur` names."""
    for name in NOTES:
        paths = line.get(name)
        yield from (one for one in paths if isinstance(one, str)) if isinstance(paths, list) else ()


def noted_paths(shape: Shape, path: str) -> Iterator[str]:
    """The paths that a line may note of a signal of this shape: its own, and those of what is in it."""
    yield path
    fields: Mapping[str, Shape] = shape.fields or {}
    for name, part in fields.items():
        yield from noted_paths(part, f"{path}.{name}")
    if shape.of is not None:
        yield from noted_paths(shape.of, f"{path}[]" if shape.type == "list" else f"{path}{{}}")


def _replace(holder: Any, path: str, mark: Any) -> None:
    if not isinstance(holder, dict):
        return
    end = next((at for at, one in enumerate(path) if one in ".[{"), len(path))
    name, rest = path[:end], path[end:]
    value = holder.get(name)
    if not rest or not isinstance(value, dict | list):
        holder[name] = mark
    elif isinstance(value, dict) and rest.startswith("."):
        _replace(value, rest[1:], mark)
    elif isinstance(value, list) and rest.startswith("[]."):
        for element in value:
            _replace(element, rest[3:], mark)
    else:
        holder[name] = mark
