"""Results as files: JSON documents, lines of JSON, and tables, each with its place."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from json import JSONDecodeError
from pathlib import Path
from typing import Any, BinaryIO, cast

from demur.diagnostics import Diagnostic
from demur.files import open_file
from demur.interop import jsonl, parquet
from demur.interop.record import Record, UnreadableRecords
from demur.interop.records import ending
from demur.interop.results.codes import ResultsError
from demur.interop.results.values import Cell
from demur.runtime import strict_json
from demur.runtime.strict_json import (
    MAXIMUM_DEPTH,
    DuplicateKey,
    duplicate,
    first_repeated,
    read_json,
)

MAXIMUM_DOCUMENT = 512 * 1024 * 1024
"""Bytes of a JSON document beyond which it is not read."""
_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv", ".parquet")
_MARK = b"\xef\xbb\xbf"


def documents(path: Path) -> Iterator[tuple[str, Any]]:
    """Each JSON document, line or row of the file, with its place. Raises `ResultsError`, OSError.

    By its ending a file is lines of JSON, CSV, TSV or Parquet, packed as .gz or not; any other is one
    JSON document, or lines of JSON where there are several.
    """
    name = path.as_posix()
    kind = ending(path)
    try:
        if kind == ".parquet":
            yield from _records(path, name)
        elif kind in _TABLES:
            yield from _rows(path, name, "\t" if kind == ".tsv" else ",")
        elif kind in _LINES:
            yield from _lines(path, name)
        else:
            yield from _whole(path, name)
    except (EOFError, gzip.BadGzipFile) as failure:
        raise _unreadable(name, f"It is no whole .gz file: {failure}.") from None
    except UnreadableRecords as failure:
        raise ResultsError("DM731", failure.message, failure.help) from None
    except zlib.error as failure:
        raise _unreadable(name, f"It is no whole .gz file: {failure}.") from None


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    with open_file(path) as file:
        if path.suffix.lower() != ".gz":
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast(BinaryIO, unpacked)


def _unreadable(name: str, what: str, help: str = "Export the results again.") -> ResultsError:
    return ResultsError("DM731", f"{name}: {what}", help)


def _whole(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    with _opened(path) as stream:
        data = stream.read(MAXIMUM_DOCUMENT + 1)
    if len(data) > MAXIMUM_DOCUMENT:
        limit = f"{name}: the document has more than {MAXIMUM_DOCUMENT // 1024**2} MiB."
        raise ResultsError("DM737", limit, "Give the results as JSONL, or in several files.")
    text = ""
    try:
        text = data.removeprefix(_MARK).decode("utf-8")
        value = read_json(text)
    except DuplicateKey:
        key, start = duplicate(text)
        line = text.count("\n", 0, start) + 1
        what = f"The key {key} stands twice in one object."
        raise _unreadable(f"{name}:{line}", what, "Keep one of the two.") from None
    except JSONDecodeError as failure:
        if failure.msg == "Extra data":
            yield from _lines(path, name)
            return
        what = f"It is no JSON: line {failure.lineno}, column {failure.colno}: {failure.msg}."
        raise _unreadable(name, what) from None
    except UnicodeDecodeError as failure:
        raise _unreadable(name, f"Byte {failure.start:,} begins no character of UTF-8.") from None
    except ValueError:
        raise _unreadable(name, "A number has too many digits.") from None
    except RecursionError:
        raise _unreadable(name, _TOO_DEEP) from None
    if is_too_deep(value):
        raise _unreadable(name, _TOO_DEEP)
    yield name, value


_TOO_DEEP = f"It is nested more than {MAXIMUM_DEPTH} deep."


def is_too_deep(value: Any) -> bool:
    """Whether objects and lists nest deeper than in a record."""
    return strict_json.is_too_deep(value, MAXIMUM_DEPTH + 1)


def _lines(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    with _opened(path) as stream:
        yield from _places(jsonl.read(stream, name), name)


def _records(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    try:
        with _opened(path) as stream:
            yield from _places(parquet.read(stream, name), name)
    except ValueError as failure:
        # Arrow's word for a time that Python cannot hold.
        raise _unreadable(name, f"A value cannot be read: {failure}.") from None


def _places(found: Iterator[Record | Diagnostic], name: str) -> Iterator[tuple[str, Any]]:
    for one in found:
        if isinstance(one, Diagnostic):
            line = one.span.start.line if one.span else 0
            raise _unreadable(f"{name}:{line}", one.message, one.help or "Export it again.")
        yield f"{name}:{one.line}", one.value


def _rows(path: Path, name: str, delimiter: str) -> Iterator[tuple[str, Any]]:
    """Rows as pandas writes them: the index in a column without a name, an empty cell for NaN."""
    csv.field_size_limit(jsonl.MAXIMUM_LINE)
    with _opened(path) as stream, TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            header = next(rows, [])
            title = first_repeated(filter(None, header))
            if title is not None:
                raise _unreadable(name, f"It has the column `{title}` twice.", "Keep one.")
            for row in rows:
                if not row:
                    continue
                if len(row) != len(header):
                    what = f"The row has {len(row)} cells, and the header has {len(header)}."
                    raise _unreadable(f"{name}:{rows.line_num}", what)
                cells = zip(header, row, strict=True)
                yield (
                    f"{name}:{rows.line_num}",
                    {title: Cell(cell) if cell else None for title, cell in cells if title},
                )
        except UnicodeDecodeError:
            raise _unreadable(name, "It is not UTF-8.", "Save the file as UTF-8.") from None
        except csv.Error as failure:
            raise _unreadable(f"{name}:{rows.line_num}", f"The row is no CSV: {failure}.") from None


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """An object's values by their dotted names, lists and what is within them as they are."""
    found: dict[str, Any] = {}
    for key, part in value.items():
        if isinstance(part, dict) and part:
            found.update(flat(part, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = part
    return found


_MISSING = object()


def at(value: Any, path: str, default: Any = None) -> Any:
    """What stands at a dotted path; keys may hold dots themselves, and numbers count in lists."""
    found = _at(value, path.split("."))
    return default if found is _MISSING else found


def _at(value: Any, parts: list[str]) -> Any:
    if not parts:
        return value
    if isinstance(value, list):
        items = cast(list[Any], value)
        if not parts[0].isdecimal() or int(parts[0][:9]) >= len(items):
            return _MISSING
        return _at(items[int(parts[0])], parts[1:])
    if not isinstance(value, dict):
        return _MISSING
    for size in range(len(parts), 0, -1):
        key = ".".join(parts[:size])
        if key in value and (found := _at(value[key], parts[size:])) is not _MISSING:
            return found
    return _MISSING


def mapped(value: Any) -> dict[str, Any]:
    """The object in a value that should be one; an empty one for anything else."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The list in a value that should be one; an empty one for anything else."""
    return cast(list[Any], value) if isinstance(value, list) else []
