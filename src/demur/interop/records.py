"""Records from files and streams, one at a time, so that a file may be larger than the memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from demur.diagnostics import Diagnostic
from demur.files import open_file
from demur.interop import csv, jsonl, mistaken, parquet
from demur.interop.record import Record, Shapes, UnreadableRecords
from demur.interop.record_codes import problem
from demur.runtime.strict_json import ID_HELP, identity_problem

_GZIP = b"\x1f\x8b"
Reader = Callable[[BinaryIO, str, Shapes | None], Iterator[Record | Diagnostic]]

READERS: Mapping[str, Reader] = {
    ".csv": csv.read,
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".parquet": parquet.read,
    ".tsv": csv.read,
}
"""The reader of each file ending; any other file, and a stream, is read as JSONL."""


def read_records(
    source: Path | BinaryIO,
    name: str = "",
    shapes: Shapes | None = None,
    *,
    inside: Path | str | None = None,
    pipes: bool = False,
    refuses_others: bool = True,
) -> Iterator[Record | Diagnostic]:
    """Each record in order, or what is wrong with it; nothing is left out but empty lines.

    `name` is what diagnostics call the source, by default its path; `shapes` tell a format without
    types what its text is. A file that ends in `.gz` is unpacked. `inside` and `pipes` are those of
    `files.open_file`. One that begins as something else than records is refused as a whole, or without
    `refuses_others` line by line. Raises OSError for a file that cannot be read, `UnreadableRecords`
    for one that holds no records at all.
    """
    if not isinstance(source, Path):
        mistaken.refuse(source, name or "<stdin>", is_csv=False)
        yield from jsonl.read(source, name or "<stdin>", shapes)
        return
    with open_file(source, inside=inside, pipes=pipes, buffering=jsonl.CHUNK) as file:
        stream, reader, name = _unpacked(file, source), _reader(source), name or source.as_posix()
        if refuses_others and reader is not parquet.read:
            mistaken.refuse(stream, name, is_csv=reader is csv.read)
        try:
            for one in reader(stream, name, shapes):
                yield _named(one, name) if reader is not jsonl.read else one
        except (EOFError, zlib.error):
            raise UnreadableRecords(
                f"{name} is cut off: what gzip compressed is not whole.", "Copy it again."
            ) from None


def _named(one: Record | Diagnostic, path: str) -> Record | Diagnostic:
    """The record, or what is wrong with its name, which JSONL looks at by itself."""
    if isinstance(one, Record) and (found := identity_problem(one.value)):
        return problem("DM822", found, path, one.line, help=ID_HELP)
    return one


def ending(path: Path) -> str:
    """What the file's name ends in, apart from `.gz`, in lower case."""
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return inner.suffix.lower()


def _reader(path: Path) -> Reader:
    return READERS.get(ending(path), jsonl.read)


def _unpacked(file: BinaryIO, path: Path) -> BinaryIO:
    if path.suffix.lower() != ".gz":
        return file
    if not cast(BufferedReader, file).peek(len(_GZIP)).startswith(_GZIP):
        raise UnreadableRecords(
            f"{path.as_posix()} is not compressed by gzip.", "Give it a name without `.gz`."
        )
    return cast(BinaryIO, gzip.GzipFile(fileobj=file))
