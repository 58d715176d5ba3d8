"""JSON as every reader of demur takes it: each key of an object once, and nothing besides the value.

Most readers of JSON drop the first of two equal keys in silence. Who forges a line then has two readers
see two values. So whatever reads records, results, journals, or settings reads them here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

MAXIMUM_DEPTH = 64
"""How deeply objects and lists of a record may nest."""
IDENTITIES = ("id", "trace_id")
"""What a record may call itself."""
_TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|[{}]')
_MISSING = re.compile(r"Expecting '(.)' delimiter")
_UNHELD = re.compile("[\0\ud800-\udfff]")


class DuplicateKey(ValueError):
    """An object with a key twice; the message names the key."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the key {json.dumps(key)} stands twice in one object")


class MalformedLine(Exception):
    """A line that is no record: a code of `RECORD_CODES`, what is wrong, the column, and what to do."""

    def __init__(self, code: str, message: str, column: int = 1, help: str | None = None) -> None:
        self.code = code
        self.message = message
        self.column = column
        self.help = help
        super().__init__(message)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members. Raises `DuplicateKey`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DuplicateKey(first_repeated(name for name, _ in pairs) or "")
    return found


def first_repeated(names: Iterable[str]) -> str | None:
    """The first name that stood before; None where each stands once. Each is looked at once."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


_DECODER = json.JSONDecoder(object_pairs_hook=unique)


def read_json(data: str | bytes) -> Any:
    """The value that a whole text is, bytes being UTF-8.

    Raises ValueError, which a `DuplicateKey`, a JSONDecodeError and a UnicodeDecodeError are, and
    RecursionError.
    """
    return _DECODER.decode(data if isinstance(data, str) else data.decode("utf-8"))


def record_of(line: bytes) -> dict[str, Any]:
    """The record that a line holds. Raises `MalformedLine`."""
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode("utf-8")) + 1
        message = f"Byte 0x{line[error.start]:02X} begins no character of UTF-8."
        raise MalformedLine("DM726", message, column, "Save the file as UTF-8.") from None
    try:
        value = _DECODER.decode(text)
    except DuplicateKey:
        key, start = duplicate(text)
        message = f"The key {key} stands twice in one object."
        raise MalformedLine("DM723", message, start + 1, "Keep one of the two.") from None
    except json.JSONDecodeError as error:
        what, help = _explained(error, text)
        raise MalformedLine("DM721", what, error.pos + 1, help) from None
    except ValueError:
        raise MalformedLine("DM721", "A number has too many digits.") from None
    except RecursionError:
        raise MalformedLine("DM725", _TOO_DEEP) from None
    if not isinstance(value, dict):
        found = _KINDS[value.__class__]
        help = 'Write `{"STAGE": {"SIGNAL": value}}`.'
        raise MalformedLine("DM722", f"A record is an object, not {found}.", 1, help)
    if text.count("{") + text.count("[") > MAXIMUM_DEPTH and is_too_deep(value):
        raise MalformedLine("DM725", _TOO_DEEP)
    problem = identity_problem(value)
    if problem:
        raise MalformedLine("DM822", problem, 1, ID_HELP)
    return value


_TOO_DEEP = f"The record is nested more than {MAXIMUM_DEPTH} deep."
ID_HELP = "Give it an id of characters that can be shown."


def identity_problem(record: dict[str, Any]) -> str:
    """What is wrong with the name that a record gives itself; empty where it is one."""
    for key in IDENTITIES:
        name = record.get(key)
        found = _UNHELD.search(name) if isinstance(name, str) else None
        if found:
            what = "the character U+0000" if found[0] == "\0" else "half a surrogate pair"
            return f"The `{key}` {json.dumps(name)} holds {what}."
    return ""


def is_too_deep(value: Any, most: int = MAXIMUM_DEPTH) -> bool:
    """Whether objects and lists nest deeper than `most`, by default than a record's may."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [
            part
            for holder in level
            for part in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(part, dict | list)
        ]
    return bool(level)


_KINDS: dict[type, str] = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a bool",
    type(None): "null",
}


def duplicate(text: str) -> tuple[str, int]:
    """The first key that stands twice in an object of this JSON, as written, and where it starts."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            keys.append(set())
        elif token[0] == "}":
            keys.pop()
        elif token["colon"]:
            key = json.loads(token["text"])
            if key in keys[-1]:
                return token["text"], token.start()
            keys[-1].add(key)
    raise AssertionError("no key stands twice")


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
