"""Slices: which records a metric is taken over besides all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from demur.runtime.aggregates import NOT_REACHED, as_slice
from demur.runtime.storable_text import storable

UNKNOWN = "(unknown)"
"""The slice of records whose value is not known."""
EMPTY = "(none)"
"""The slice of records whose list has no members."""

Cut = tuple[int, ...]
"""Numbers of the dimensions that are crossed; none for all records."""
Key = tuple[str, ...]
"""A slice's value for each dimension of its cut."""


def crossed(item: str) -> tuple[str, ...]:
    """The dimensions of one entry of `by`: `request.intent`, or `request.intent * request.tenant`."""
    return tuple(part.strip() for part in item.split("*"))


def dimensions(entries: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Every dimension named in several `by`, each once."""
    names = (name for by in entries for item in by for name in crossed(item))
    return tuple(dict.fromkeys(names))


def cuts(by: Sequence[str], names: Sequence[str]) -> tuple[Cut, ...]:
    """The cuts that a `by` asks for, by the dimensions' numbers."""
    return tuple(tuple(names.index(name) for name in crossed(item)) for item in by)


def members(value: object) -> list[str]:
    """The slices that a record with this value of a dimension belongs to."""
    if value is None:
        return [UNKNOWN]
    if value in (NOT_REACHED, [NOT_REACHED]):
        return []
    if isinstance(value, list | tuple):
        return list(dict.fromkeys(text(one) for one in value)) or [EMPTY]
    return [text(value)]


def keys_of(values: Sequence[object]) -> Iterable[Key]:
    """The slices of a cut that a record belongs to, by its value of each dimension."""
    return product(*map(members, values))


def text(value: object) -> str:
    """A value as the name of its slice."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    return as_slice(storable(str(value)))
