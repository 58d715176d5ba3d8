"""Upstream failures, played on a record: a signal that is lost, replaced or not a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any


def with_faults(record: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the record with the failures that the case asks for.

    `signals` is merged over the record; `drop` lists paths to take away, `nan` paths to make NaN,
    and `set` maps paths to values. A path is dotted, and a number in it counts list items from 0.
    A path that the record does not have raises LookupError: such a case would test nothing.
    """
    damaged = merged(record, case.get("signals", {}))
    for path in case.get("drop", ()):
        parent, key = place(damaged, path)
        del parent[key]
    for path in case.get("nan", ()):
        parent, key = place(damaged, path)
        parent[key] = math.nan
    for path, value in case.get("set", {}).items():
        parent, key = place(damaged, path)
        parent[key] = value
    return damaged


def merged(under: Any, over: Any) -> Any:
    """Two values as one: mappings key by key, anything else replaced by what lies over it."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {
            **deepcopy(dict(under)),
            **{key: merged(under.get(key), value) for key, value in over.items()},
        }
    return deepcopy(over)


def place(record: Any, path: str) -> tuple[Any, Any]:
    """The container that holds a path's last step, and that step as its key."""
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    container = record
    for step in steps:
        container = container[step]
    container[last]  # a path that names nothing must not pass in silence
    return container, last
