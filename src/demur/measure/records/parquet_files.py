"""Parquet files as an engine reads them: those of one schema at once, each schema by its own types.

An engine that unites files of several schemas converts their values, so that a bool becomes an int.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as arrow
from pyarrow import parquet

from demur.files import open_file
from demur.measure.records import typed_columns
from demur.measure.records.connecting import engine_error, named
from demur.measure.records.relation import UnreadableTable, Wanted


def select(
    connection: Any, found: Sequence[Path], wanted: Wanted
) -> tuple[Any, frozenset[str]] | None:
    """The files as the table of records; None where only Python's reader is exact."""
    groups: dict[Any, list[Path]] = {}
    for path in found:
        schema = _schema(path)
        if schema is None or not _is_exact(schema):
            return None
        groups.setdefault(schema, []).append(path)
    return typed_columns.union(
        [table(connection, paths) for paths in groups.values()], wanted, connection.name
    )


def table(connection: Any, paths: Sequence[Path]) -> Any:
    """Files of one schema as the engine's table; names of folders say nothing of the records."""
    names = [named(connection, path) for path in paths]
    try:
        if connection.name == "duckdb":
            return connection.read_parquet(names, hive_partitioning=False)
        # Of files that are named one by one, Spark takes no folder for a column.
        frame = connection._session.read.parquet(*names)
        view = f"demur_{uuid4().hex}"
        frame.createOrReplaceTempView(view)
        return connection.table(view)
    except Exception as failure:
        raise UnreadableTable(
            f"The Parquet files cannot be read: {engine_error(failure, [str(one) for one in paths])}"
        ) from None


def _schema(path: Path) -> Any:
    """The file's schema, None where Python's reader must unpack it or say what is wrong."""
    if path.suffix.lower() == ".gz":
        return None
    try:
        with open_file(path) as file:
            return parquet.read_schema(file).remove_metadata()
    except (OSError, arrow.ArrowException):
        return None


def _is_exact(schema: Any) -> bool:
    """Whether engines find each value in its own place, and all of it.

    They take names that differ by case for one, and know one dot in a name. Of types whose meaning is
    Arrow's alone, as durations and all extensions, they see the numbers or bytes that these are stored as.
    """
    names = set(schema.names)
    for name in names:
        stage, _, signal = name.partition(".")
        if "." in signal:
            return False
        if signal and stage in names:
            holder = schema.field(stage).type
            if not arrow.types.is_struct(holder) or holder.get_field_index(signal) >= 0:
                return False
    return all(
        any(is_held(type) for is_held in _HELD)
        and len({field.name.casefold() for field in fields}) == len(fields)
        for type, fields in _parts(arrow.struct(list(schema)))
    )


_HELD = (
    arrow.types.is_boolean, arrow.types.is_integer, arrow.types.is_floating, arrow.types.is_decimal128,
    arrow.types.is_string, arrow.types.is_large_string, arrow.types.is_string_view,
    arrow.types.is_binary, arrow.types.is_large_binary, arrow.types.is_binary_view,
    arrow.types.is_timestamp, arrow.types.is_date, arrow.types.is_time,
    arrow.types.is_struct, arrow.types.is_list, arrow.types.is_large_list, arrow.types.is_map,
    arrow.types.is_fixed_size_list,
)  # fmt: skip
"""The types that engines have as well, with the same values."""


def _parts(type: Any) -> Iterator[tuple[Any, list[Any]]]:
    """The type and each one within it, with its fields; of a dictionary the type of its values."""
    if arrow.types.is_dictionary(type):
        type = type.value_type
    fields = [type.field(at) for at in range(type.num_fields)]
    yield type, fields
    for field in fields:
        yield from _parts(field.type)
