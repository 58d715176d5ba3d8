"""Files and tables opened as the table of records, by whichever reader is exact for them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import pyarrow as arrow
from pyarrow import parquet

from demur.diagnostics import Diagnostic, describe
from demur.files import open_file
from demur.interop.record import UnreadableRecords
from demur.interop.records import ending, read_records
from demur.interop.sources import files
from demur.measure.records import json_columns, parquet_files, plain_records, typed_columns
from demur.measure.records.connecting import named, table_names, workspace
from demur.measure.records.relation import (
    Relation,
    UnreadableTable,
    Wanted,
    has_column_type,
    has_flat_type,
    holds_text,
)
from demur.measure.records.unreadable import MAXIMUM_PROBLEMS, Skipped
from demur.policy import Shape
from demur.service.journal.folder import is_segment

Shapes = Mapping[str, Mapping[str, Shape]]
JSONL = frozenset((".jsonl", ".ndjson"))
SMALL = 64 * 1024 * 1024
"""Bytes of files whose records surely fit into the memory."""
ATTEMPTS = 3
"""How often records are read anew, more carefully each time."""
CHECKED = 16 * 1024 * 1024
"""Bytes of JSONL up to which every line is looked at as `decide` does, before the engine reads it.

An engine refuses whatever it would read otherwise than `decide`. In parts of a record that no signal of
the policy is read from, it takes some that is no JSON. Looking at it all takes longer than to measure it.
"""
_PACKED = 10
"""How many times larger the lines of a packed file are taken to be."""


def open_records(
    connection: Any,
    sources: Sequence[str],
    wanted: Wanted,
    shapes: Shapes,
    attempt: int = 0,
    skipped: Skipped | None = None,
) -> Relation:
    """The records of files, folders, globs, or the engine's own tables.

    DuckDB reads JSONL itself, at the first attempt as fast as it can; where that fails, the second
    tells lists and objects from what is none, and the last one's reader, Python's, all else. An engine
    reads Parquet itself at the first attempt, if it can exactly, and Python where that fails.
    What cannot be read is `skipped` where that is given. Raises `UnreadableTable`.
    """
    tables = _tables(connection, sources)
    if tables is not None:
        typed = typed_columns.union(tables, wanted, connection.name)
        if typed is None:
            raise UnreadableTable("The tables have columns of one name and several types.")
        return Relation(connection, *typed)
    try:
        found = files(sources)
    except UnreadableRecords as failure:
        raise UnreadableTable(str(failure)) from None
    endings = {ending(path) for path in found}
    is_small = sum(path.stat().st_size for path in found) <= SMALL
    if endings == {".parquet"} and connection.name in ("duckdb", "pyspark") and attempt == 0:
        typed = parquet_files.select(connection, found, wanted)
        if typed is not None:
            return Relation(connection, *typed, is_small, is_provisional=True)
    by_engine = endings <= JSONL and connection.name == "duckdb" and attempt + 1 < ATTEMPTS
    if by_engine and attempt == 0 and _size(found) <= CHECKED:
        by_engine = _are_all_good(found, shapes, skipped)
    if by_engine:
        names = [named(connection, path) for path in found]
        query, texts = json_columns.select(names, wanted, nested=attempt == 0)
        view = f"demur_{uuid4().hex}"
        connection.raw_sql(f"CREATE TEMP VIEW {view} AS {query}")
        return Relation(connection, connection.table(view), texts, is_small, is_provisional=True)
    return replace(_read_in_python(connection, found, wanted, shapes, skipped), is_small=is_small)


def _tables(connection: Any, sources: Sequence[str]) -> list[Any] | None:
    """The engine's tables of these names; None where one of them is a file or no table."""
    if any(Path(one).exists() or "*" in one or Path(one).suffix for one in sources):
        return None
    if not set(sources) <= table_names(connection):
        return None
    return [connection.table(one) for one in sources]


def _read_in_python(
    connection: Any,
    found: Sequence[Path],
    wanted: Wanted,
    shapes: Shapes,
    skipped: Skipped | None,
) -> Relation:
    """The records through Python's readers into a local file, which the engine then reads."""
    path = workspace(connection) / f"{uuid4().hex}.parquet"
    is_typed = has_flat_type if connection.name == "postgres" else has_column_type
    try:
        texts = _write(path, _records(found, shapes, skipped), wanted, is_typed)
    except plain_records.UnstorableText:
        # JSON can write what engines cannot hold, and Python reads it.
        texts = _write(
            path,
            _records(found, shapes, skipped),
            wanted,
            lambda one: is_typed(one) and not holds_text(one),
        )
    if connection.name in ("duckdb", "pyspark"):
        return Relation(connection, parquet_files.table(connection, [path]), texts)
    return Relation(connection, _copied(connection, path), texts)


def _copied(connection: Any, path: Path) -> Any:
    """The Parquet file as a temporary table of an engine that cannot read it, a batch at a time."""
    name = f"demur_{uuid4().hex}"
    with parquet.ParquetFile(path) as file:
        form = ibis.Schema.from_pyarrow(file.schema_arrow)
        table = connection.create_table(name, schema=form, temp=True)
        for batch in file.iter_batches(plain_records.BATCH):
            connection.insert(name, arrow.Table.from_batches([batch]))
    return table


def _write(
    path: Path,
    records: Iterator[Mapping[str, Any]],
    wanted: Wanted,
    is_typed: plain_records.Typed,
) -> frozenset[str]:
    """Writes the records as Parquet; the columns of it that hold JSON text."""
    form, texts = plain_records.schema(wanted, is_typed)
    with parquet.ParquetWriter(path, form, write_statistics=False) as writer:
        for batch in plain_records.batches(records, wanted, is_typed):
            writer.write_batch(batch)
    return texts


def _size(found: Sequence[Path]) -> int:
    """How many bytes the files' lines have, as far as that can be told before they are read."""
    return sum(
        path.stat().st_size * (_PACKED if path.suffix.lower() == ".gz" else 1) for path in found
    )


def _are_all_good(found: Sequence[Path], shapes: Shapes, skipped: Skipped | None) -> bool:
    """Whether every line is a record. Raises `UnreadableTable` where one is none and is not skipped."""
    for _ in _records(found, shapes, skipped):
        pass
    return skipped is None or not skipped.files


def _records(
    found: Sequence[Path], shapes: Shapes, skipped: Skipped | None
) -> Iterator[Mapping[str, Any]]:
    """The files' records. Raises `UnreadableTable` with the places of what is none and not skipped."""
    if skipped is not None:
        skipped.files.clear()
        for path in found:
            yield from _readable(path, shapes, skipped)
        return
    problems: list[str] = []
    for path in found:
        try:
            for one in read_records(path, shapes=shapes):
                if isinstance(one, Diagnostic):
                    problems.append(describe(one))
                    if len(problems) == MAXIMUM_PROBLEMS:
                        raise UnreadableTable(*problems)
                elif not problems:
                    yield one.value
        except UnreadableRecords as failure:
            raise UnreadableTable(str(failure)) from None
        except OSError as failure:
            raise UnreadableTable(f"{path.as_posix()}: {failure.strerror or failure}") from None
    if problems:
        raise UnreadableTable(*problems)


def _readable(path: Path, shapes: Shapes, skipped: Skipped) -> Iterator[Mapping[str, Any]]:
    """The file's records that can be read.

    A journal's segment that ends within a line is being written, or was when its service was killed: that
    line was never told to be there.
    """
    last: Diagnostic | None = None
    try:
        for one in read_records(path, shapes=shapes, refuses_others=False):
            if last is not None:
                skipped.add(path, last)
                last = None
            if isinstance(one, Diagnostic):
                last = one
            else:
                yield one.value
    except UnreadableRecords as failure:
        skipped.add(path, str(failure))
    except OSError as failure:
        skipped.add(path, f"{path.as_posix()}: {failure.strerror or failure}")
    if last is not None and not (is_segment(path) and _ends_within_a_line(path)):
        skipped.add(path, last)


def _ends_within_a_line(path: Path) -> bool:
    with open_file(path) as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
