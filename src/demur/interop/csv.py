"""CSV: one record a row; a column named `stage.signal` is that signal, `id` the record's name.

A cell is text. Under a signal that is no string it is read as JSON; text that is not such JSON stays
text, and so is unknown. An empty cell is absent.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any, BinaryIO

from demur.diagnostics import Diagnostic
from demur.interop.parquet import TOO_DEEP, given_twice
from demur.interop.record import Record, Shapes, UnreadableRecords
from demur.interop.record_codes import problem
from demur.policy import Shape
from demur.runtime.strict_json import MAXIMUM_DEPTH, first_repeated, read_json
from demur.suggestions import closest

_MEANT = 4
"""Columns of which a message says what they are called."""
MAXIMUM_CELL = 16 * 1024 * 1024
"""Characters of a cell beyond which it is not read."""


def read(stream: BinaryIO, path: str, shapes: Shapes | None) -> Iterator[Record | Diagnostic]:
    """Each row's record, or what is wrong with it. Raises `UnreadableRecords` for a header that is none."""
    csv.field_size_limit(MAXIMUM_CELL)
    text = TextIOWrapper(stream, "utf-8-sig", newline="")
    delimiter = "\t" if path.lower().endswith((".tsv", ".tsv.gz")) else ","
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        columns = [_column(name, path, shapes) for name in _checked(header, path)]
        _has_signals(columns, path, shapes)
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            if row:
                yield _record(row, columns, path, line)
    except UnicodeDecodeError as error:
        message = f"Byte 0x{error.object[error.start]:02X} begins no character of UTF-8."
        line = rows.line_num + 1
        yield problem("DM726", message, path, line, 1, "Save the file as UTF-8.")
    except csv.Error as error:
        yield problem("DM728", f"The row is no CSV: {error}.", path, rows.line_num)
    finally:
        text.detach()


def _checked(written: list[str], path: str) -> list[str]:
    header = [name.strip() for name in written]
    if not any(header):
        raise UnreadableRecords(f"{path} has no header.", "Name each column in the first line.")
    if len(header) == 1 and ";" in header[0]:
        raise UnreadableRecords(
            f"{path} has `;` between its columns.", "Save it with commas, and numbers as 0.5."
        )
    repeated = first_repeated(header)
    if repeated is not None:
        raise UnreadableRecords(
            f"{path} has the column `{repeated}` twice.", "Keep one of the two."
        )
    return header


def _has_signals(columns: list[Column], path: str, shapes: Shapes | None) -> None:
    """That not all columns are signals without their stage, which would then all be unknown."""
    known = {*(shapes or {}), "outcome", "decision", "error"}
    if not shapes or any(keys[0] in known for keys, _ in columns):
        return
    signals = [f"{stage}.{name}" for stage, found in shapes.items() for name in found]
    named = [(keys[0], closest(keys[0], signals)) for keys, _ in columns]
    meant = [f"`{wrong}` is `{right}`" for wrong, right in named if right][:_MEANT]
    if meant:
        message = f"{path} has no column of a stage: name each `stage.signal`."
        raise UnreadableRecords(message, f"Here {', '.join(meant)}.")


Column = tuple[tuple[str, ...], Shape | None]
"""Where a column's cells belong, and what they are declared to be."""


def _column(name: str, path: str, shapes: Shapes | None) -> Column:
    keys = tuple(name.strip().split("."))
    if len(keys) > MAXIMUM_DEPTH:
        raise UnreadableRecords(f"{path} has {TOO_DEEP}.", "Name it `stage.signal`.")
    if not all(keys):
        help = "Name it `stage.signal`; an index of pandas is left out by `to_csv(…, index=False)`."
        raise UnreadableRecords(f"{path} has a column without a name.", help)
    shape = None
    if shapes is not None and len(keys) > 1:
        shape = shapes.get(keys[0], {}).get(keys[1])
        for key in keys[2:]:
            shape = (shape.fields or {}).get(key) if shape is not None else None
    return keys, shape


def _record(row: list[str], columns: list[Column], path: str, line: int) -> Record | Diagnostic:
    if len(row) != len(columns):
        message = f"The row has {len(row)} cells, and the header has {len(columns)}."
        return problem("DM728", message, path, line)
    record: dict[str, Any] = {}
    for cell, (keys, shape) in zip(row, columns, strict=True):
        if cell == "":
            continue
        holder = record
        for key in keys[:-1]:
            inner = holder.setdefault(key, {})
            if not isinstance(inner, dict):
                return problem("DM723", given_twice(".".join(keys)), path, line)
            holder = inner
        if keys[-1] in holder:
            return problem("DM723", given_twice(".".join(keys)), path, line)
        holder[keys[-1]] = _value(cell, shape)
    return Record(line, record)


def _value(cell: str, shape: Shape | None) -> Any:
    """The cell as its shape reads it; text that is no such value stays text."""
    if shape is None or shape.type in ("string", "bytes", "timestamp", "duration"):
        return cell
    try:
        return read_json(cell)
    except (ValueError, RecursionError):
        return {"true": True, "false": False, "nan": float("nan")}.get(cell.strip().lower(), cell)
