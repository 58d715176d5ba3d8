"""JSONL: one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from demur.diagnostics import Diagnostic
from demur.interop.record import Record, Shapes
from demur.interop.record_codes import problem

MAXIMUM_LINE = 16 * 1024 * 1024
"""Bytes of a line beyond which it is not read."""
MAXIMUM_DEPTH = 64
"""How deeply objects and lists may nest."""
CHUNK = 1024 * 1024
"""Bytes read from a file at once."""

_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""
_TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|[{}]')
_MISSING = re.compile(r"Expecting '(.)' delimiter")


class _DuplicateKeyError(Exception):
    """An object with a key twice."""


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
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode("utf-8")) + 1
        message = f"Byte 0x{line[error.start]:02X} begins no character of UTF-8."
        return problem("DM726", message, path, number, column, "Save the file as UTF-8.")
    try:
        value = _DECODER.decode(text)
    except _DuplicateKeyError:
        key, column = _duplicate(text)
        return problem(
            "DM723",
            f"The key {key} stands twice in one object.",
            path,
            number,
            column,
            "Keep one of the two.",
        )
    except json.JSONDecodeError as error:
        what, help = _explained(error, text)
        return problem("DM721", what, path, number, error.pos + 1, help)
    except ValueError:
        return problem("DM721", "A number has too many digits.", path, number)
    except RecursionError:
        return _too_deep(path, number)
    if not isinstance(value, dict):
        found = _KINDS[value.__class__]
        help = 'Write `{"STAGE": {"SIGNAL": value}}`.'
        return problem("DM722", f"A record is an object, not {found}.", path, number, 1, help)
    if text.count("{") + text.count("[") > MAXIMUM_DEPTH and _is_too_deep(value):
        return _too_deep(path, number)
    return Record(number, value)


def _too_deep(path: str, number: int) -> Diagnostic:
    return problem("DM725", f"The record is nested more than {MAXIMUM_DEPTH} deep.", path, number)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DuplicateKeyError
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
_KINDS: dict[type, str] = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a bool",
    type(None): "null",
}


def _duplicate(text: str) -> tuple[str, int]:
    """The first key that stands twice in an object of this JSON, as written, and its column."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            keys.append(set())
        elif token[0] == "}":
            keys.pop()
        elif token["colon"]:
            key = json.loads(token["text"])
            if key in keys[-1]:
                return token["text"], token.start() + 1
            keys[-1].add(key)
    raise AssertionError("no key stands twice")


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAXIMUM_DEPTH):
        level = [
            part
            for holder in level
            for part in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(part, dict | list)
        ]
    return bool(level)


def _explained(error: json.JSONDecodeError, text: str) -> tuple[str, str | None]:
    """What is wrong at this place, in our words, and what to write instead."""
    found = text[error.pos : error.pos + 1]
    if error.pos >= len(text.rstrip()):
        return "The line ends before its JSON does.", "A record stands on one line alone."
    if error.msg == "Extra data":
        comma = text[error.pos :].strip() == ","
        help = "Take the comma away." if comma else "Write one record a line."
        return "Something follows the record on its line.", help
    if error.msg.startswith("Expecting property name"):
        if found == "'":
            return "A key stands in single quotes.", "Write it in double quotes."
        return f"A key in double quotes is missing before `{found}`.", None
    if error.msg.startswith("Unterminated string"):
        return "A string is not closed.", None
    if error.msg.startswith("Invalid control character"):
        return "A string holds a control character.", "Write an escape, such as `\\n` or `\\t`."
    if error.msg.startswith("Invalid \\"):
        return "A string holds an escape that JSON has not.", "Write `\\\\` for a backslash."
    if error.msg == "Expecting value" and found == "'":
        return "A string stands in single quotes.", "Write it in double quotes."
    if error.msg == "Expecting value":
        return f"No JSON value begins with `{found}`.", None
    missing = _MISSING.match(error.msg)
    if missing:
        return f"`{missing[1]}` is missing before `{found}`.", None
    return f"This is not JSON: {error.msg}.", None
