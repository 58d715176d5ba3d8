"""Slices by their names, which go into reports, kept runs and alerts: a personal value is in none."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from secrets import token_bytes

from demur.measure.results import Slice
from demur.measure.slices import EMPTY, UNKNOWN
from demur.policy import Policy

KEY_SIZE = 16
"""Bytes of a key."""
_DIGITS = 12


def new_key() -> bytes:
    """A key that nobody knows."""
    return token_bytes(KEY_SIZE)


@dataclass(frozen=True)
class Naming:
    """How the slices of a run are called.

    A value of a `personal` dimension is called by a keyed hash of it, `<pii 3f2a…>`: the slices stay
    apart, and who reads the names of two runs, which have two keys, cannot join them.
    """

    personal: frozenset[str] = frozenset()
    key: bytes = field(default_factory=new_key, repr=False)

    def slice(self, dimensions: Iterable[str], values: Sequence[str]) -> Slice:
        """The slice that has these values of these dimensions."""
        return Slice(tuple(zip(dimensions, self.values(dimensions, values), strict=True)))

    def values(self, dimensions: Iterable[str], values: Sequence[str]) -> list[str]:
        """The values as they may be shown."""
        pairs = zip(dimensions, values, strict=True)
        return [self._name(value) if name in self.personal else value for name, value in pairs]

    def _name(self, value: str) -> str:
        if value in (UNKNOWN, EMPTY):
            return value
        text = value.encode("utf-8", "surrogatepass")
        return f"<pii {hmac.digest(self.key, text, 'sha256').hex()[:_DIGITS]}>"


def personal_dimensions(policy: Policy, dimensions: Iterable[str]) -> frozenset[str]:
    """Those of the dimensions that are personal, or have a personal part."""
    shapes = {**policy.stages, "outcome": policy.outcome}
    found: set[str] = set()
    for name in dimensions:
        stage, _, signal = name.partition(".")
        shape = shapes.get(stage, {}).get(signal)
        if shape is not None and shape.has_personal:
            found.add(name)
    return frozenset(found)
