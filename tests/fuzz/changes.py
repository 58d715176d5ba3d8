"""Changes to bytes: parts cut, doubled, moved or replaced by trouble; and to the JSON that they are."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

SNIPPETS = [
    b"&a ", b"*a", b"!tag ", b"{{", b"}}", b"[", b"]", b": ", b"- ", b"\t", b"\n", b"\r\n", b'"', b"'",
    b"#", b"|", b">", b"null", b".nan", b"~", b"0x", b"1e999", b"9" * 30, b"&&", b"||", b"!", b"?", b"\\",
    b"__class__", b"{0.__class__}", b"%s", b"\x00", b"\xff", b"\xef\xbb\xbf", b"<<: *a", b"has(", b"()",
    b".all(x, x)", b"(" * 100, b"[" * 100, b"a." * 100, "é\u2028\U0001f600".encode(), b"outcome.", b"params.",
    b"{", b"}", b",", b"\\ud800", b"NaN", b"-Infinity", b"1e309", b"\x1b[2J", b"size(", b".map(x, [x, x])",
    b"matches('(a{1000}){1000}')", b"-0.0", b"true", b"\x0c", b"2026-13-99T25:61:61Z", b"9223372036854775808",
]  # fmt: skip
ODD: list[Any] = [
    None, True, 0, -1, 10**40, 0.5, -0.0, 1e308, "", "x", "x" * 10_000, "\ud800", "\x00", [], [[]],
    [None] * 50, {}, {"a": 1}, {"a": {"b": [{}]}}, "{0.__class__}", "null", "[[", "not-", "NaN",
    {"key": 1, "value": {"stringValue": 3}}, [[{"trace_id": "t"}]], [1, None], float("nan"), float("inf"),
]  # fmt: skip


def changed(data: bytes, pick: Random) -> bytes:
    """The bytes with a few changes; half of the time, where they are JSON, with changes to what it says."""
    if pick.random() < 0.5:
        lines = data.split(b"\n")
        at = pick.randrange(len(lines))
        try:
            value = json.loads(lines[at])
        except (ValueError, RecursionError):
            pass
        else:
            for _ in range(pick.choice([1, 1, 2, 5])):
                value = _spoiled(value, pick)
            lines[at] = json.dumps(value).encode()
            return b"\n".join(lines)
    for _ in range(pick.choice([1, 1, 2, 3, 10])):
        data = cut(data, pick)
    return data


def cut(data: bytes, pick: Random) -> bytes:
    """The bytes with one change."""
    at = pick.randrange(len(data) + 1)
    end = min(len(data), at + pick.choice([0, 1, 1, 2, 5, 20, 200]))
    choice = pick.random()
    if choice < 0.25:
        return data[:at] + data[end:]
    if choice < 0.7:
        return data[:at] + pick.choice(SNIPPETS) + data[end:]
    if choice < 0.85:
        return data[:end] + data[at:]
    other = pick.randrange(len(data) + 1)
    return data[:other] + data[at:end] + data[other:]


def _spoiled(value: Any, pick: Random) -> Any:
    """The value with one thing in it taken away, renamed, doubled, moved, or replaced by another."""
    if not isinstance(value, dict | list) or not value or pick.random() < 0.1:
        return deepcopy(pick.choice(ODD))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    at, other = pick.choice(keys), pick.choice(keys)
    change = pick.random()
    if change < 0.1:
        del value[at]
    elif change < 0.2:
        value[at] = deepcopy(value[other])
    elif change < 0.25 and isinstance(value, dict):
        value[f"{at}{pick.choice(['X', '.y', ''])}"] = value.pop(at)
    else:
        value[at] = _spoiled(value[at], pick)
    return value
