"""Parquet: one record a row, structs as objects; a column named `a.b` is the field `b` of `a`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO

from demur.diagnostics import Diagnostic
from demur.interop.record import Record, Shapes, UnreadableRecords
from demur.interop.record_codes import problem

BATCH = 1024
"""Rows in memory at once."""


def read(
    stream: BinaryIO, path: str, shapes: Shapes | None = None
) -> Iterator[Record | Diagnostic]:
    """Each row's record. Raises `UnreadableRecords`."""
    del shapes
    try:
        import pyarrow  # pyright: ignore[reportMissingTypeStubs]
        from pyarrow.parquet import ParquetFile  # pyright: ignore
    except ImportError:
        raise UnreadableRecords(
            "Reading Parquet needs pyarrow.", "Install it with `pip install 'demur[parquet]'`."
        ) from None
    number = 0
    try:
        with ParquetFile(stream) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                fields = [(field.name, field.type) for field in batch.schema]
                for row in batch.to_pylist():
                    number += 1
                    yield _record(row, fields, path, number)
    except pyarrow.ArrowException as failure:
        reason = str(failure).splitlines()[0] if str(failure) else "damaged"
        raise UnreadableRecords(
            f"{path} is no readable Parquet file: {reason}.",
            "Write it again, or give the records as JSONL.",
        ) from None


def _record(
    row: Mapping[str, Any], fields: list[tuple[str, Any]], path: str, number: int
) -> Record | Diagnostic:
    record: dict[str, Any] = {}
    for name, type in fields:
        holder = record
        *parents, last = name.split(".")
        for parent in parents:
            holder = holder.setdefault(parent, {})
            if not isinstance(holder, dict):
                break
        if not isinstance(holder, dict) or last in holder:
            message = f"The column {name} and another give one place two values."
            return problem("DM723", message, path, number)
        holder[last] = plain_value(row[name], type)
    return Record(number, record)


def plain_value(value: Any, type: Any) -> Any:
    """An Arrow value as JSON data would have it: maps as objects, decimals as ints or doubles."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) else float(value)
    if isinstance(value, dict):
        return {field.name: plain_value(value.get(field.name), field.type) for field in type}
    if not isinstance(value, list):
        return value
    # Arrow gives a map as a list of pairs.
    if hasattr(type, "item_type"):
        return {str(key): plain_value(part, type.item_type) for key, part in value}
    return [plain_value(part, type.value_type) for part in value]
