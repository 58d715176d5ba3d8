"""JSONL: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from demur.diagnostics import Diagnostic
from demur.interop.record import Record, Shapes
from demur.interop.record_codes import problem
from demur.runtime.strict_json import MalformedLine, record_of

MAXIMUM_LINE = 16 * 1024 * 1024
"""Bytes of a line beyond which it is not read."""
CHUNK = 1024 * 1024
"""Bytes read from a file at once."""

_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""


def read(
    stream: BinaryIO, path: str, shapes: Shapes | None = None
) -> Iterator[Record | Diagnostic]:
    """Each line's record, or what is wrong with the line; empty lines hold none."""
    del shapes
    number = 0
    while line := stream.readline(MAXIMUM_LINE + 1):
        number += 1
        if len(line) > MAXIMUM_LINE and not line.endswith(b"\n"):
            _skip_line(stream)
            limit = MAXIMUM_LINE // 1024**2
            yield problem("DM724", f"The line has more than {limit} MiB.", path, number)
            continue
        if number == 1:
            line = line.removeprefix(_MARK)
        if not line.isspace() and line:
            yield _record(line, path, number)


def _skip_line(stream: BinaryIO) -> None:
    while (rest := stream.readline(CHUNK)) and not rest.endswith(b"\n"):
        pass


def _record(line: bytes, path: str, number: int) -> Record | Diagnostic:
    try:
        return Record(number, record_of(line))
    except MalformedLine as wrong:
        return problem(wrong.code, wrong.message, path, number, wrong.column, wrong.help)
