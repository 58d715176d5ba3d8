"""Personal values masked before anything leaves the process: the one place that does it.

What is personal says the policy (`pii: true`), for a signal, an object's field, or the elements of a
list or map. What a policy does not declare is not let out either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from demur.functions.values import Unavailable
from demur.policy import Shape
from demur.runtime.decision import plain

Mode = Literal["drop", "hash", "partial"]
MODES: tuple[Mode, ...] = ("drop", "hash", "partial")
MINIMUM_KEY = 16
"""Bytes that a key must have: with fewer, the hashes of short values can be guessed."""
SHORTEST = 4
"""A partial mask keeps at most a fourth of a text, so that most of it stays hidden."""
DROPPED = object()
"""What stands for a value of which nothing is let out."""
MASKED = Unavailable("masked", "is personal, and was masked")
"""What stands for it where nothing at all would say that it was not there."""


@dataclass(frozen=True, slots=True)
class Masking:
    """How personal values are masked.

    `drop` leaves them out. `hash` writes a keyed hash (HMAC-SHA-256, its first 128 bits), the same for
    the same value, so that records can be joined; it needs a `key` of at least 16 bytes. `partial`
    writes the last `keep` characters of a text that is at least four times as long, and nothing of
    anything else. Raises ValueError for a mode that there is not, or a key that is too short.
    """

    mode: Mode = "drop"
    key: bytes = field(default=b"", repr=False)
    keep: int = 2

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"DM940: no masking is called {self.mode!r}: it is {_CHOICES}")
        if self.mode == "hash" and len(self.key) < MINIMUM_KEY:
            raise ValueError(f"DM940: masking by hash needs a key of at least {MINIMUM_KEY} bytes")
        if self.keep < 1:
            raise ValueError("DM940: a partial mask keeps at least one character")

    def mask(self, value: Any) -> Any:
        """What is let out of a personal value: a text, or `DROPPED`."""
        return _MASKS[self.mode](self, value)


_CHOICES = ", ".join(repr(mode) for mode in MODES)


def _hashed(masking: Masking, value: Any) -> Any:
    from hmac import digest

    return f"hmac-sha256:{digest(masking.key, _canonical(value), 'sha256')[:16].hex()}"


def _canonical(value: Any) -> bytes:
    """The bytes that stand for a value: a text's own, and for all else its JSON, keys sorted."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    from json import dumps

    try:
        text = dumps(plain(value), sort_keys=True, separators=(",", ":"))
    except (RecursionError, ValueError):
        text = type(value).__name__
    return text.encode()


def _shortened(masking: Masking, value: Any) -> Any:
    if isinstance(value, str) and len(value) >= SHORTEST * masking.keep:
        return f"…{value[-masking.keep :]}"
    return DROPPED


_MASKS: dict[Mode, Callable[[Masking, Any], Any]] = {
    "drop": lambda masking, value: DROPPED,
    "hash": _hashed,
    "partial": _shortened,
}


def has_personal(shape: Shape) -> bool:
    """Whether anything in a signal of this shape is personal."""
    return (
        shape.pii
        or any(map(has_personal, (shape.fields or {}).values()))
        or (shape.of is not None and has_personal(shape.of))
    )


def masked(value: Any, shape: Shape, path: str, masking: Masking, paths: dict[str, None]) -> Any:
    """The value without what is personal in it, or `DROPPED`; of an optional signal `MASKED`.

    An optional signal that is left out would be rightly absent to a reader, and `has()` false of it.
    Adds to `paths` where something was masked: `request.text`, `retrieval.documents[].author`. A map
    with personal values is masked as a whole: whose they are is personal too. Null is not personal,
    nor is the note that a value could not be had. Of a value that is not as declared, and so might
    hold anything, nothing is let out.
    """
    found = _masked(value, shape, path, masking, paths)
    return MASKED if found is DROPPED and shape.optional else found


def _masked(value: Any, shape: Shape, path: str, masking: Masking, paths: dict[str, None]) -> Any:
    if value is None or value.__class__ is Unavailable:
        return value
    if not has_personal(shape):
        return value
    if shape.pii or shape.type == "map":
        paths[path] = None
        return masking.mask(value)
    if shape.type == "object" and isinstance(value, Mapping):
        parts = {
            name: masked(value[name], part, f"{path}.{name}", masking, paths)
            for name, part in (shape.fields or {}).items()
            if name in value
        }
        return {name: part for name, part in parts.items() if part is not DROPPED}
    inner = shape.of
    if shape.type == "list" and inner is not None and isinstance(value, list | tuple):
        elements = [masked(one, inner, f"{path}[]", masking, paths) for one in value]
        return [None if one is DROPPED else one for one in elements]
    paths[path] = None
    return DROPPED


def without_personal_keys(path: str, shapes: Mapping[str, Mapping[str, Shape]]) -> str:
    """The path of something unknown, cut where it would name a key of a map with personal values."""
    stage, _, rest = path.partition(".")
    name, end = _name(rest)
    shape = shapes.get(stage, {}).get(name)
    written = f"{stage}.{name}"
    while shape is not None and end:
        if shape.type == "map" and has_personal(shape):
            return written
        if shape.type == "object":
            name, end = _name(end.removeprefix("."))
            shape = (shape.fields or {}).get(name)
            written = f"{written}.{name}"
        elif shape.type == "list" and end.startswith("["):
            index, _, end = end.partition("]")
            shape, written = shape.of, f"{written}{index}]"
        else:
            break
    return f"{written}{end}"


def _name(path: str) -> tuple[str, str]:
    """The name that a path begins with, and the rest."""
    end = next((at for at, one in enumerate(path) if one in ".[{"), len(path))
    return path[:end], path[end:]
