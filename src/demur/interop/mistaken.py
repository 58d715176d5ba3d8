"""Files that are something else than the records they were taken for, told by how they begin."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from shlex import quote
from typing import Any, BinaryIO

from demur.interop.record import UnreadableRecords

LOOK = 64 * 1024
"""Bytes of a file's beginning that are looked at."""
_SHEET = "Save the sheet as CSV, with a column `stage.signal` for each signal."
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive", _SHEET),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", _SHEET),
    (b"PAR1", "Parquet", "Give it a name that ends in `.parquet`."),
    (b"\x1f\x8b", "compressed by gzip", "Give it a name that ends in `.gz`."),
    (b"SQLite format 3\0", "an SQLite database", "Export the table as CSV or Parquet."),
    (b"\xff\xfe", "UTF-16", "Save the file as UTF-8."),
    (b"\xfe\xff", "UTF-16", "Save the file as UTF-8."),
    (b"<", "HTML or XML", "Give the records as JSONL, CSV or Parquet."),
)
"""How a file begins that is neither JSONL nor CSV, what it is, and what to do."""
_MARK = b"\xef\xbb\xbf"
_POLICY = re.compile(r"(?m)^[\"']?demur[\"']?[ \t]*:")
_YAML = re.compile(r"(---|- |#|[\w-]+:(\s|$))")
_HOLDER = re.compile(r"\{\s*\"(\w+)\"\s*:\s*\[")


def refuse(stream: BinaryIO, path: str, is_csv: bool) -> None:
    """Looks at the beginning of a stream that can be looked at, and reads nothing of it.

    Raises `UnreadableRecords` for what is surely no file of records of this form, with what it is and
    how to make it one: one error in place of one for each of its lines.
    """
    peek: Callable[[int], bytes] | None = getattr(stream, "peek", None)
    if peek is None:
        return
    data = peek(LOOK)[:LOOK]
    for beginning, what, help in _MAGIC:
        if data.startswith(beginning):
            raise UnreadableRecords(f"{path} is {what}.", help)
    if 0 in data[:4]:
        raise UnreadableRecords(f"{path} is UTF-16.", "Save the file as UTF-8.")
    text = data.removeprefix(_MARK).decode("utf-8", "replace")
    lines = [line for line in text.splitlines()[:-1] if line.strip()]
    last = text.splitlines()[-1:]
    whole = [*lines, *last] if len(data) < LOOK else lines
    if whole:
        (_in_csv if is_csv else _in_jsonl)(whole, path)


def _in_csv(lines: list[str], path: str) -> None:
    if lines[0].lstrip().startswith("{"):
        raise UnreadableRecords(f"{path} is JSONL.", "Give it a name that ends in `.jsonl`.")
    if lines[0].lstrip().startswith("["):
        _array(path)


def _in_jsonl(lines: list[str], path: str) -> None:
    first = lines[0].lstrip()
    second = lines[1].lstrip() if len(lines) > 1 else ""
    if first.startswith("[") and not second.startswith("["):
        _array(path)
    if first.startswith("{"):
        if _ends_early(first) and second and not second.startswith("{"):
            _document("\n".join(lines[:3]), path)
        return
    if _value(first) is not None:
        return
    if _POLICY.search("\n".join(lines)):
        raise UnreadableRecords(f"{path} is a policy, and no records.", "Give the policy first.")
    if _YAML.match(lines[0]):
        help = "Give the records as JSONL: a JSON object a line."
        raise UnreadableRecords(f"{path} is YAML.", help)
    if any(sign in first for sign in ",;\t"):
        raise UnreadableRecords(f"{path} is CSV.", "Give it a name that ends in `.csv`.")


def _array(path: str) -> None:
    raise UnreadableRecords(
        f"{path} is one JSON array, and records stand one a line.",
        f"Make it JSONL: jq -c '.[]' {quote(path)} > records.jsonl",
    )


def _document(beginning: str, path: str) -> None:
    holder = _HOLDER.match(beginning)
    wanted = f"'.{holder[1]}[]'" if holder else "."
    raise UnreadableRecords(
        f"{path} is JSON over several lines, and a record stands on one.",
        f"Make it JSONL: jq -c {wanted} {quote(path)} > records.jsonl",
    )


def _ends_early(line: str) -> bool:
    """Whether a line ends before its JSON does."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line.rstrip())
    except (RecursionError, ValueError):
        return False
    return False


def _value(line: str) -> Any:
    """The line as JSON; None where it is none."""
    try:
        return json.loads(line)
    except (RecursionError, ValueError):
        return None
