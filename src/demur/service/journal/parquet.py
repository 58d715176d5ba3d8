"""Closed segments as Parquet: a column `stage.signal` for each signal, as gates and monitors read.

A column has one type and no room for what is not of it, and a NULL could be taken for legitimate
absence. So a line with a value that its column cannot hold exactly stays JSONL, in a segment of its own
beside (`….rest.jsonl`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demur.files import open_file
from demur.functions.values import INT_MAX, INT_MIN
from demur.policy import Policy, Shape
from demur.runtime.strict_json import read_json
from demur.service.journal.fields import FIELDS
from demur.service.journal.folder import REST, replacing, stem
from demur.service.journal.line import timestamp
from demur.service.journal.writer import JournalError

ROWS = 8192
"""Rows in a row group."""
_FIXED = {field.path: field.kind for field in FIELDS}
"""The columns that every segment has, and what they hold."""
_TEXTUAL = frozenset(("string", "bytes", "timestamp", "duration"))


class _Misfit(Exception):
    """A value that its column cannot hold."""


def need_arrow() -> None:
    """Raises `JournalError` where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # pyright: ignore  # noqa: F401
    except ImportError:
        raise JournalError(
            "DM946: a journal in Parquet needs pyarrow: pip install 'demur[parquet]'"
        ) from None


def convert(path: Path, policies: Mapping[str, Policy]) -> bool:
    """Writes a closed segment as Parquet, by the policies by their digests.

    False, and nothing done, where it has lines of a policy that is not known. The JSONL is left for
    the caller to remove. Raises OSError.
    """
    from pyarrow import RecordBatch, parquet  # pyright: ignore

    shapes = _shapes(path, policies)
    if shapes is None:
        return False
    form = _schema(shapes)
    beside = path.with_name(stem(path) + REST)
    columnar = path.with_name(f"{stem(path)}.parquet")
    with (
        # Left in the other order: the rest is there before the segment is taken for finished.
        replacing(columnar) as file,
        replacing(beside) as rest,
        parquet.ParquetWriter(file, form, compression="zstd") as writer,
    ):
        rows: list[dict[str, Any]] = []
        for line in _lines(path):
            try:
                rows.append(_row(read_json(line), shapes))
            except (_Misfit, ValueError, RecursionError):
                rest.write(line)
            if len(rows) == ROWS:
                writer.write_batch(RecordBatch.from_pylist(rows, schema=form))
                rows = []
        if rows:
            writer.write_batch(RecordBatch.from_pylist(rows, schema=form))
    if not beside.stat().st_size:
        beside.unlink()
    return True


def read(path: Path, inside: Path | None = None) -> Iterator[dict[str, Any]]:
    """The lines of a Parquet segment, as its JSONL had them but for nulls. Raises as `open_file` does."""
    need_arrow()
    import pyarrow  # pyright: ignore
    from pyarrow.parquet import ParquetFile  # pyright: ignore

    try:
        with open_file(path, inside=inside, hidden=True) as stream, ParquetFile(stream) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    yield _line(row)
    except pyarrow.ArrowException as failure:
        raise OSError(str(failure).splitlines()[0]) from None


def _lines(path: Path) -> Iterator[bytes]:
    with open_file(path) as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def _shapes(path: Path, policies: Mapping[str, Policy]) -> dict[str, Shape] | None:
    """The shape of each signal's column, None where a policy is not known.

    Where policies differ over a signal, the first has the column.
    """
    found: dict[str, Shape] = {}
    seen: set[str] = set()
    for line in _lines(path):
        try:
            digest = read_json(line)["demur"].get("digest")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if digest is None or digest in seen:
            continue
        seen.add(digest)
        policy = policies.get(digest)
        if policy is None:
            return None
        for stage, signals in (*policy.stages.items(), ("outcome", policy.outcome)):
            for name, shape in signals.items():
                found.setdefault(f"{stage}.{name}", shape)
    return {path: shape for path, shape in found.items() if has_column(shape)}


def has_column(shape: Shape) -> bool:
    """Whether values of this shape have a column type; maps, `dyn` and their holders have none."""
    if shape.type == "list":
        return shape.of is not None and has_column(shape.of)
    if shape.type == "object":
        fields = (shape.fields or {}).values()
        return bool(fields) and all(map(has_column, fields))
    return shape.type not in ("map", "dyn")


def _schema(shapes: Mapping[str, Shape]) -> Any:
    import pyarrow as arrow  # pyright: ignore

    text = arrow.string()
    kinds = {
        "string": text,
        "time": arrow.timestamp("us", "UTC"),
        "int": arrow.int64(),
        "bool": arrow.bool_(),
        "double": arrow.float64(),
        "strings": arrow.list_(text),
        "shadow": arrow.struct([("action", text), ("rule", text), ("digest", text)]),
        "reasons": arrow.list_(
            arrow.struct(
                [("signal", text), ("kind", text), ("detail", text), ("rules", arrow.list_(text))]
            )
        ),
    }
    columns = {name: kinds[kind] for name, kind in _FIXED.items()}
    return arrow.schema([*columns.items(), *((p, _type(s)) for p, s in shapes.items())])


def _type(shape: Shape) -> Any:
    import pyarrow as arrow  # pyright: ignore

    match shape.type:
        case "bool":
            return arrow.bool_()
        case "int":
            return arrow.int64()
        case "uint":
            return arrow.uint64()
        case "double":
            return arrow.float64()
        case "list":
            assert shape.of is not None
            return arrow.list_(_type(shape.of))
        case "object":
            return arrow.struct([(n, _type(one)) for n, one in (shape.fields or {}).items()])
        case _:
            return arrow.string()


def _row(line: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """The line as a row. Raises `_Misfit`."""
    row: dict[str, Any] = {}
    for name, value in line.items():
        if not isinstance(value, dict):
            row[name] = value
            continue
        for key, part in value.items():
            row[f"{name}.{key}"] = part
    for path, value in row.items():
        if value is None:
            continue
        if path in shapes:
            row[path] = _fitting(value, shapes[path])
        elif path == "time":
            row[path] = datetime.fromisoformat(value).astimezone(UTC)
        elif path not in _FIXED:
            raise _Misfit
        else:
            _storable(value)
    return row


def _storable(value: Any) -> None:
    """Raises `_Misfit` for text that UTF-8 has not: with half a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _Misfit from None


def _fitting(value: Any, shape: Shape) -> Any:
    """The value as its column has it. Raises `_Misfit`."""
    kind = value.__class__
    match shape.type:
        case "list" if kind is list and shape.of is not None:
            return [_fitting(one, shape.of) for one in value]
        case "object" if kind is dict:
            fields = shape.fields or {}
            return {name: _fitting(part, fields[name]) for name, part in value.items()}
        case "bool" if kind is bool:
            return value
        case "int" if kind is int and INT_MIN <= value <= INT_MAX:
            return value
        case "uint" if kind is int and value >= 0:
            return value
        case "double" if kind is float or (kind is int and int(float(value)) == value):
            return float(value)
        case type if type in _TEXTUAL and kind is str:
            _storable(value)
            return value
        case _:
            raise _Misfit


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for path, cell in row.items():
        if cell is None:
            continue
        value = timestamp(cell.timestamp()) if isinstance(cell, datetime) else cell
        name, dot, key = path.partition(".")
        if dot:
            line.setdefault(name, {})[key] = value
        else:
            line[name] = value
    return line
