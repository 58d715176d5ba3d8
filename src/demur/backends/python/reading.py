"""Reading a record: a value is known if it has its declared shape, else unknown for a reason.

Reasons never hold the value itself, which may be personal.
"""

from __future__ import annotations

from demur.functions.values import (
    INT_MAX,
    INT_MIN,
    UINT_MAX,
    EvaluationError,
    Reason,
    Uint,
    Unavailable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from demur.policy import Shape

ABSENT = object()
"""What stands for a value that is not there."""
EXACT = 2**53
"""The double from which on a whole one may stand for another int, which was rounded to it."""
MAXIMUM_DEPTH = 64
"""How deeply a `dyn` value may be nested."""


def read_signal(record: Any, stage: str, name: str, shape: Shape) -> Any:
    """The signal's value, or the `EvaluationError` that says why it is unknown (not raised)."""
    try:
        return read(_raw(record, stage, name), shape, f"{stage}.{name}")
    except EvaluationError as unknown:
        return unknown


def has_signal(record: Any, stage: str, name: str, shape: Shape) -> bool:
    """Whether an optional signal is there. Raises `EvaluationError` where that is not known.

    It is not known of what is there and malformed, nor where absence is not legitimate.
    """
    return _is_there(_raw(record, stage, name), shape, f"{stage}.{name}")


def read_field(holder: Any, name: str, shape: Shape, path: str) -> Any:
    """A checked field of an object. Raises `EvaluationError`."""
    return read(_part(holder, name), shape, path)


def has_field(holder: Any, name: str, shape: Shape, path: str) -> bool:
    """The same of an object's field."""
    return _is_there(_part(holder, name), shape, path)


def present(value: Any) -> Any:
    """The value of an optional signal that must be there by now. Raises `EvaluationError`."""
    if value is None:
        raise unknown("absent", "", "is absent")
    return value


def unknown(kind: str, path: str, detail: str) -> EvaluationError:
    """The error of a signal that is unknown, to raise."""
    return EvaluationError(Reason(kind, path, detail))


def read(value: Any, shape: Shape, path: str) -> Any:
    """`value` as a CEL value of this shape. Raises `EvaluationError` with the reason if it is not."""
    if value is ABSENT:
        raise unknown("absent", path, "is absent")
    if value is None:
        raise unknown("null", path, "is null")
    if value.__class__ is Unavailable:
        raise unknown(value.kind, path, value.detail)
    known = _READERS[shape.type](value, shape, path)
    if shape.enum is not None and known not in shape.enum:
        raise unknown("not_in_enum", path, "is none of the values that it is declared to have")
    # Of type `dyn` it may be a number, which has no size.
    most = shape.maximum_size
    if most is not None and hasattr(known, "__len__") and len(known) > most:
        raise unknown("too_large", path, f"has a size over {most}")
    return known


def _raw(record: Any, stage: str, name: str) -> Any:
    return _part(_part(record, stage), name)


def _part(holder: Any, name: str) -> Any:
    if holder.__class__ is not dict and not _is_mapping(holder):
        return ABSENT
    return holder.get(name, ABSENT)


def _is_mapping(value: Any) -> bool:
    from collections.abc import Mapping

    return isinstance(value, Mapping)


def _is_there(value: Any, shape: Shape, path: str) -> bool:
    if shape.optional and (value is ABSENT or value is None):
        return False
    read(value, shape, path)
    return True


def _wrong_type(path: str, expected: str) -> EvaluationError:
    article = "an" if expected[0] in "aeiou" else "a"
    return unknown("wrong_type", path, f"is not {article} {expected}")


def _bounded(value: Any, shape: Shape, path: str) -> Any:
    if shape.minimum is not None and value < shape.minimum:
        raise unknown("out_of_bounds", path, f"is below {shape.minimum}")
    if shape.maximum is not None and value > shape.maximum:
        raise unknown("out_of_bounds", path, f"is above {shape.maximum}")
    return value


def _bool(value: Any, shape: Shape, path: str) -> bool:
    if value is True or value is False:
        return value
    raise _wrong_type(path, "bool")


def _whole(value: Any, kind: str, path: str) -> int:
    """The value as a whole number: an int, or a double that is one, as `12.0` is 12 in JSON Schema."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, float) or value != value or value - value != 0.0 or value % 1.0:
        raise _wrong_type(path, kind)
    if not -EXACT < value < EXACT:
        raise unknown("wrong_type", path, "is a double beyond 2^53, which tells no ints apart")
    return int(value)


def _int(value: Any, shape: Shape, path: str) -> int:
    value = _whole(value, "int", path)
    if not INT_MIN <= value <= INT_MAX:
        raise unknown("out_of_bounds", path, "is beyond 64 bits")
    return _bounded(int(value), shape, path)


def _uint(value: Any, shape: Shape, path: str) -> Uint:
    value = _whole(value, "uint", path)
    if not 0 <= value <= UINT_MAX:
        raise unknown("out_of_bounds", path, "is beyond 64 bits without sign")
    return _bounded(Uint(value), shape, path)


def _double(value: Any, shape: Shape, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(path, "double")
    try:
        number = float(value)
    except OverflowError:
        raise unknown("out_of_bounds", path, "is beyond a double's range") from None
    if number != number:
        raise unknown("nan", path, "is not a number (NaN)")
    if number - number != 0.0:
        raise unknown("infinite", path, "is infinite")
    return _bounded(number, shape, path)


def _string(value: Any, shape: Shape, path: str) -> str:
    if isinstance(value, str):
        return _text(value)
    raise _wrong_type(path, "string")


def _text(value: str) -> str:
    """The text itself: of a class made from `str` not what the class shows, as an enumeration does."""
    return value if value.__class__ is str else str.__str__(value)


def _bytes(value: Any, shape: Shape, path: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        from binascii import Error, a2b_base64

        try:
            return a2b_base64(value, strict_mode=True)
        except (Error, ValueError):
            pass
    raise _wrong_type(path, "bytes value, nor base64 text")


def _timestamp(value: Any, shape: Shape, path: str) -> Any:
    from datetime import datetime

    from demur.functions import timestamps
    from demur.functions.values import Timestamp

    if isinstance(value, Timestamp):
        return value
    local = None
    try:
        if isinstance(value, datetime):
            if value.tzinfo is not None and value.utcoffset() is not None:
                return timestamps.from_datetime(value)
            local = timestamps.local_of_datetime(value)
        elif isinstance(value, str):
            local = timestamps.parse_local(value)
            if local is None:
                return timestamps.parse_timestamp(value)
    except (EvaluationError, ValueError):
        pass
    if local is None:
        raise _wrong_type(path, "timestamp (RFC 3339 text, or a datetime with a time zone)")
    if shape.zone is None:
        raise unknown("no_zone", path, "has no time zone, and `zone` declares none")
    try:
        return timestamps.in_zone(local, shape.zone)
    except EvaluationError:
        detail = f"is a time that clocks in {shape.zone} skip or show twice"
        raise unknown("clock_change", path, detail) from None


def _duration(value: Any, shape: Shape, path: str) -> Any:
    from datetime import timedelta

    from demur.functions import timestamps
    from demur.functions.values import Duration

    if isinstance(value, Duration):
        return value
    try:
        if isinstance(value, timedelta):
            return timestamps.from_timedelta(value)
        if isinstance(value, str):
            return timestamps.parse_duration(value)
    except EvaluationError:
        pass
    raise _wrong_type(path, "duration (text such as 1h30m, or a timedelta)")


def _list(value: Any, shape: Shape, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _wrong_type(path, "list")
    if shape.maximum_size is not None and len(value) > shape.maximum_size:
        raise unknown("too_large", path, f"has a size over {shape.maximum_size}")
    inner = shape.of
    if inner is None:
        return [_dyn(element, shape, path) for element in value]
    return [read(element, inner, f"{path}[{at}]") for at, element in enumerate(value)]


def _map(value: Any, shape: Shape, path: str) -> dict[str, Any]:
    if not _is_mapping(value) or not all(isinstance(key, str) for key in value):
        raise _wrong_type(path, "map with string keys")
    inner = shape.of
    if inner is None:
        return {key: _dyn(element, shape, path) for key, element in value.items()}
    # A personal map's keys are personal too, and a reason's path is logged.
    return {
        key: read(element, inner, f"{path}.{'*' if shape.pii else key}")
        for key, element in value.items()
    }


def _object(value: Any, shape: Shape, path: str) -> Any:
    if _is_mapping(value):
        return value
    raise _wrong_type(path, "object")


def _dyn(value: Any, shape: Shape, path: str, depth: int = 0) -> Any:
    """Any JSON value, with no NaN or infinity anywhere in it."""
    if depth > MAXIMUM_DEPTH:
        raise unknown("too_large", path, f"is nested more than {MAXIMUM_DEPTH} deep")
    if value is None or isinstance(value, bool | bytes):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _int(value, _ANY, path)
    if isinstance(value, float):
        return _double(value, _ANY, path)
    if isinstance(value, list | tuple):
        return [_dyn(element, shape, path, depth + 1) for element in value]
    if _is_mapping(value) and all(isinstance(key, str) for key in value):
        return {key: _dyn(element, shape, path, depth + 1) for key, element in value.items()}
    raise _wrong_type(path, "JSON value")


class _Unbounded:
    minimum = None
    maximum = None


_ANY: Any = _Unbounded()

_READERS: dict[str, Callable[[Any, Shape, str], Any]] = {
    "bool": _bool,
    "int": _int,
    "uint": _uint,
    "double": _double,
    "string": _string,
    "bytes": _bytes,
    "timestamp": _timestamp,
    "duration": _duration,
    "list": _list,
    "map": _map,
    "object": _object,
    "dyn": _dyn,
}
"""How a value of each declared type is read."""
