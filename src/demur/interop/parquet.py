"""Parquet: one record a row, structs as objects; a column named `a.b` is the field `b` of `a`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any, BinaryIO

from demur.diagnostics import Diagnostic
from demur.interop.arrow_values import Declared, field_of, plain_values
from demur.interop.record import Record, Shapes, UnreadableRecords
from demur.interop.record_codes import problem
from demur.runtime.strict_json import MAXIMUM_DEPTH

BATCH = 1024
"""Rows in memory at once."""
TOO_DEEP = f"a column whose name has more than {MAXIMUM_DEPTH} parts"
"""What is wrong with a column that no record of JSON could hold."""


def read(
    stream: BinaryIO, path: str, shapes: Shapes | None = None
) -> Iterator[Record | Diagnostic]:
    """Each row's record. Raises `UnreadableRecords`."""
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
                # Each look at the schema makes all of its names anew.
                written = batch.schema.names
                # A struct comes before the columns for other fields of the same place.
                order = sorted(range(len(written)), key=lambda at: written[at].count("."))
                names = [written[at] for at in order]
                if any(name.count(".") >= MAXIMUM_DEPTH for name in names[-1:]):
                    raise UnreadableRecords(f"{path} has {TOO_DEEP}.", "Name it `stage.signal`.")
                structs = {one.name for one in batch.schema if pyarrow.types.is_struct(one.type)}
                columns = [
                    plain_values(batch.column(at), _declared(name, shapes))
                    for at, name in zip(order, names, strict=True)
                ]
                for at in range(batch.num_rows):
                    number += 1
                    row = [column[at] for column in columns]
                    yield _record(names, row, structs, path, number)
    except pyarrow.ArrowException as failure:
        reason = str(failure).splitlines()[0] if str(failure) else "damaged"
        raise UnreadableRecords(
            f"{path} is no readable Parquet file: {reason}.",
            "Write it again, or give the records as JSONL.",
        ) from None


def _record(
    names: Sequence[str], row: Sequence[Any], structs: Set[str], path: str, number: int
) -> Record | Diagnostic:
    record: dict[str, Any] = {}
    for name, value in zip(names, row, strict=True):
        holder = record
        *parents, last = name.split(".")
        for at, parent in enumerate(parents):
            # A struct that is null leaves its place to the columns for other fields.
            if holder.get(parent) is None and ".".join(parents[: at + 1]) in structs:
                holder[parent] = {}
            holder = holder.setdefault(parent, {})
            if not isinstance(holder, dict):
                break
        if not isinstance(holder, dict) or last in holder:
            return problem("DM723", given_twice(name), path, number)
        holder[last] = value
    return Record(number, record)


def _declared(name: str, shapes: Shapes | None) -> Declared:
    """What is declared of the column's values."""
    first, *others = name.split(".")
    declared: Declared = (shapes or {}).get(first)
    for one in others:
        declared = field_of(declared, one)
    return declared


def given_twice(name: str) -> str:
    """What is wrong with a column that another one contradicts."""
    return f"The column {name} and another give one place two values."
