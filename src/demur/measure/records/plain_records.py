"""Records that Python read, as batches of the table of records."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pyarrow as arrow

from demur.backends.python.reading import EXACT
from demur.functions.timestamps import format_duration, from_timedelta
from demur.functions.values import INT_MAX, INT_MIN
from demur.measure.records.relation import (
    IDENTITY,
    PRESENT,
    TIME,
    TIME_FORM,
    Wanted,
)
from demur.policy import Shape
from demur.runtime.storable_text import storable

BATCH = 8192
"""Records in a batch."""
_SCALARS = {
    "bool": arrow.bool_(),
    "int": arrow.int64(),
    "double": arrow.float64(),
    "string": arrow.string(),
}


class UnstorableText(Exception):
    """Text that engines cannot hold: with half a surrogate pair, or the character U+0000."""


Typed = Callable[[Shape], bool]
"""Whether signals of a shape are typed columns; the others are JSON text."""


def schema(wanted: Wanted, is_typed: Typed) -> tuple[Any, frozenset[str]]:
    """The batches' schema, and the columns that hold JSON text."""
    fields = [(IDENTITY, arrow.string())]
    if wanted.timed:
        fields.append((TIME, arrow.int64()))
    texts: set[str] = set()
    for path, shape in wanted.shapes.items():
        if is_typed(shape):
            fields.append((path, _type_of(shape)))
        else:
            fields.append((path, arrow.string()))
            texts.add(path)
        if path in wanted.asked:
            fields.append((path + PRESENT, arrow.bool_()))
    return arrow.schema(fields), frozenset(texts)


def batches(records: Iterable[Mapping[str, Any]], wanted: Wanted, is_typed: Typed) -> Iterator[Any]:
    """The records as batches, in order. Raises `UnstorableText`, for a typed column alone."""
    form, _ = schema(wanted, is_typed)
    rows = iter(records)
    while part := list(islice(rows, BATCH)):
        columns: dict[str, list[Any]] = {IDENTITY: [_identity(row) for row in part]}
        if wanted.timed:
            columns[TIME] = [_time(row.get(TIME)) for row in part]
        for path, shape in wanted.shapes.items():
            raw = [_raw(row, path) for row in part]
            convert = _typed if is_typed(shape) else _text
            columns[path] = [convert(value, shape) for value in raw]
            if path in wanted.asked:
                columns[path + PRESENT] = [value is not None for value in raw]
        yield arrow.RecordBatch.from_pydict(columns, schema=form)


def _identity(row: Mapping[str, Any]) -> str | None:
    for key in (IDENTITY, "trace_id"):
        name = row.get(key)
        if isinstance(name, str):
            return storable(name)
        if isinstance(name, int) and not isinstance(name, bool):
            return str(name)
    return None


def _time(value: Any) -> int | None:
    """Microseconds since the epoch of a time or its text, in UTC where it names no zone."""
    if isinstance(value, str) and re.fullmatch(TIME_FORM, value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    since = (value if value.tzinfo else value.replace(tzinfo=UTC)) - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _raw(row: Mapping[str, Any], path: str) -> Any:
    stage, _, name = path.partition(".")
    holder = row.get(stage)
    return holder.get(name) if isinstance(holder, dict) else None


def _type_of(shape: Shape) -> Any:
    if shape.type == "list":
        assert shape.of is not None
        return arrow.list_(_type_of(shape.of))
    if shape.type == "object":
        return arrow.struct([(name, _type_of(one)) for name, one in (shape.fields or {}).items()])
    return _SCALARS[shape.type]


def _typed(value: Any, shape: Shape) -> Any:
    """The value if its type is the declared one, or an int where a double is declared; else None."""
    match shape.type:
        case "bool":
            return value if isinstance(value, bool) else None
        case "string":
            return _held(value) if isinstance(value, str) else None
        case "int":
            return _int(value)
        case "double":
            return _double(value)
        case "list":
            inner = shape.of
            assert inner is not None
            return [_typed(one, inner) for one in value] if isinstance(value, list) else None
        case _:
            if not isinstance(value, dict):
                return None
            fields = (shape.fields or {}).items()
            return {name: _typed(value.get(name), part) for name, part in fields}


def _int(value: Any) -> int | None:
    """An int of 64 bits, or the one that a whole double is."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < EXACT else None
    fits = isinstance(value, int) and not isinstance(value, bool)
    return value if fits and INT_MIN <= value <= INT_MAX else None


def _double(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _text(value: Any, shape: Shape) -> str | None:
    if value is None:
        return None
    try:
        return json.dumps(value)
    except TypeError:
        return json.dumps(_as_json(value, shape))


def _as_json(value: Any, shape: Shape | None) -> Any:
    """What a typed file holds, as JSON that reads as the same value: text only where it is read so."""
    if isinstance(value, dict):
        fields = (shape.fields if shape else None) or {}
        inner = shape.of if shape else None
        return {key: _as_json(part, fields.get(key, inner)) for key, part in value.items()}
    if isinstance(value, list):
        return [_as_json(part, shape.of if shape else None) for part in value]
    if value is None or isinstance(value, str | int | float):
        return value
    kind = None if shape is None else shape.type
    if isinstance(value, bytes) and kind == "bytes":
        return b64encode(value).decode()
    if isinstance(value, timedelta) and kind == "duration":
        return format_duration(from_timedelta(value))
    if isinstance(value, datetime) and kind == "timestamp":
        # One without a time zone stays without one.
        return value.isoformat()
    # What is of no type, whichever is declared.
    return math.nan


def _held(text: str) -> str:
    if storable(text) != text:
        raise UnstorableText
    return text
