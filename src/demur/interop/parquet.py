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
                # A struct comes before the columns for other fields of the same place.
                fields = sorted(
                    ((field.name, field.type) for field in batch.schema),
                    key=lambda field: field[0].count("."),
                )
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
    types = dict(fields)
    for name, type in fields:
        holder = record
        *parents, last = name.split(".")
        for at, parent in enumerate(parents):
            # A struct that is null leaves its place to the columns for other fields.
            if holder.get(parent) is None and _is_struct(types.get(".".join(parents[: at + 1]))):
                holder[parent] = {}
            holder = holder.setdefault(parent, {})
            if not isinstance(holder, dict):
                break
        if not isinstance(holder, dict) or last in holder:
            return problem("DM723", given_twice(name), path, number)
        holder[last] = plain_value(row[name], type)
    return Record(number, record)


def _is_struct(type: Any) -> bool:
    from pyarrow import types  # pyright: ignore

    return type is not None and types.is_struct(type)


def given_twice(name: str) -> str:
    """What is wrong with a column that another one contradicts."""
    return f"The column {name} and another give one place two values."


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
