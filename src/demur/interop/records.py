"""Records from files and streams, one at a time, so that a file may be larger than the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from demur.diagnostics import Diagnostic
from demur.interop import jsonl, parquet
from demur.interop.record import Record

Reader = Callable[[BinaryIO, str], Iterator[Record | Diagnostic]]

READERS: Mapping[str, Reader] = {
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".parquet": parquet.read,
}
"""The reader of each file ending; any other file, and a stream, is read as JSONL."""


def read_records(source: Path | BinaryIO, name: str = "") -> Iterator[Record | Diagnostic]:
    """Each record in order, or what is wrong with it; nothing is left out but empty lines.

    `name` is what diagnostics call the source, by default its path. Raises OSError for a file that
    cannot be read, `UnreadableRecords` for one that holds no records at all.
    """
    if not isinstance(source, Path):
        yield from jsonl.read(source, name or "<stdin>")
        return
    reader = READERS.get(source.suffix.lower(), jsonl.read)
    with source.open("rb", buffering=jsonl.CHUNK) as file:
        yield from reader(file, name or source.as_posix())
