"""Signals as JSON data that reads back as what it was: the same value, or unknown as before.

JSON has no NaN, bytes, times or objects, and a reader must not take what stands for them for good. So
a value that is known is written as text that is read as the same value, and one that is unknown as
something that its declared type never is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur.backends.python.reading import read
from demur.functions.values import (
    INT_MIN,
    UINT_MAX,
    Duration,
    EvaluationError,
    Timestamp,
    Unavailable,
)
from demur.policy import Shape
from demur.runtime.decision import UNAVAILABLE

_TEXTUAL = frozenset(("string", "bytes", "timestamp", "duration"))
"""The types that some text is a good value of."""
_COMPOSED = frozenset(("map", "object"))
"""The types that no text is a good value of, and some JSON object is."""
_PREFIX = f"{UNAVAILABLE}: "
_DETAIL = "could not be had"
_NOT_AN_INT = 10**30
"""What `dyn` takes for out of bounds; any text or object would be a good value of it."""


def written(value: Any, shape: Shape, path: str, inexact: dict[str, None]) -> Any:
    """The value as JSON data.

    Adds to `inexact` the path of a value that is known and that JSON has no form for: bytes within
    `dyn`. What stands there is unknown, for its text would be another value.
    """
    kind = value.__class__
    if kind is str:
        return value if _fits(value, shape) else unknown("too_large", shape)
    if kind is bool or value is None:
        return value
    if kind is Unavailable:
        return _unavailable(value, shape)
    if kind is int:
        return value if INT_MIN <= value <= UINT_MAX else _large(value, shape)
    if kind is float:
        return value if value - value == 0.0 else unknown(_NAMES.get(value, "NaN"), shape)
    return _composed(value, shape, path, inexact)


def _fits(text: str, shape: Shape) -> bool:
    """Whether a text is not longer than may be; a mask in its place is no matter of size."""
    size = shape.maximum_size
    return size is None or shape.pii or shape.type != "string" or len(text) <= size


_NAMES = {float("inf"): "Infinity", float("-inf"): "-Infinity"}


def restored(value: Any, shape: Shape | None) -> Any:
    """JSON data with what could not be had as that again: `has()` is unknown of it, and not true."""
    kind = None if shape is None else shape.type
    if kind in _COMPOSED and isinstance(value, str) and value.startswith(_PREFIX):
        return Unavailable(value.removeprefix(_PREFIX), _DETAIL)
    if isinstance(value, dict):
        if UNAVAILABLE in value and kind not in _COMPOSED:
            return Unavailable(str(value[UNAVAILABLE]), _DETAIL)
        fields = (shape.fields if shape else None) or {}
        inner = shape.of if shape else None
        return {key: restored(part, fields.get(key, inner)) for key, part in value.items()}
    if isinstance(value, list):
        return [restored(part, shape.of if shape else None) for part in value]
    return value


def unknown(reason: str, shape: Shape) -> Any:
    """JSON data that a signal of this shape never is, with why in it as far as there is room."""
    if shape.type == "dyn":
        return _NOT_AN_INT
    return {"demur_unknown": reason} if shape.type in _TEXTUAL else f"<{reason}>"


def _unavailable(value: Unavailable, shape: Shape) -> Any:
    """The same for what could not be had; `restored` knows it again."""
    if shape.type in _COMPOSED:
        return f"{_PREFIX}{value.kind}"
    if shape.type == "dyn":
        return {UNAVAILABLE: value.kind, "": _NOT_AN_INT}
    return {UNAVAILABLE: value.kind}


def _large(value: int, shape: Shape) -> Any:
    """A whole number beyond 64 bits, which only a double can be, as the double that it is."""
    if shape.type == "double":
        try:
            return float(value)
        except OverflowError:
            pass
    return unknown("out_of_bounds", shape)


def _composed(value: Any, shape: Shape, path: str, inexact: dict[str, None]) -> Any:
    """Lists, maps, objects, and whatever Python has that JSON has not."""
    # Asking whether it is a mapping takes ten times as long as knowing that it is a dict.
    if shape.type == "object" and (value.__class__ is dict or isinstance(value, Mapping)):
        return {
            name: written(value[name], part, f"{path}.{name}", inexact)
            for name, part in (shape.fields or {}).items()
            if name in value
        }
    size = shape.maximum_size
    inner = shape.of
    if shape.type == "list" and inner is not None and isinstance(value, list | tuple):
        if size is not None and len(value) > size:
            return unknown("too_large", shape)
        return [written(one, inner, f"{path}[]", inexact) for one in value]
    if shape.type == "map" and inner is not None and isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value) and (size is None or len(value) <= size):
            return {
                str(key): written(one, inner, f"{path}{{}}", inexact) for key, one in value.items()
            }
        return unknown("wrong_type", shape)
    try:
        known = read(value, shape, path)
    except (EvaluationError, RecursionError, TypeError, ValueError) as failure:
        reasons = failure.reasons if isinstance(failure, EvaluationError) else ()
        return unknown(reasons[0].kind if reasons else "wrong_type", shape)
    if shape.type == "dyn":
        return _dynamic(known, path, inexact)
    return _json(known, path, inexact)


def _json(known: Any, path: str, inexact: dict[str, None]) -> Any:
    """A value that was read, as JSON data that reads the same."""
    if isinstance(known, str):
        return str(known)
    if isinstance(known, bytes):
        from base64 import b64encode

        return b64encode(known).decode()
    if isinstance(known, Timestamp | Duration):
        from demur.functions import timestamps

        if isinstance(known, Timestamp):
            return timestamps.format_timestamp(known)
        return timestamps.format_duration(known)
    if isinstance(known, bool) or known is None:
        return known
    if isinstance(known, int):
        return int(known)
    if isinstance(known, float):
        return float(known)
    return _dynamic(known, path, inexact)


def _dynamic(known: Any, path: str, inexact: dict[str, None]) -> Any:
    if isinstance(known, bytes):
        inexact[path] = None
        return _NOT_AN_INT
    if isinstance(known, list):
        return [_dynamic(one, path, inexact) for one in known]
    if isinstance(known, dict):
        return {str(key): _dynamic(one, path, inexact) for key, one in known.items()}
    return _json(known, path, inexact)
