"""Lines that readers of JSON take for different things, and whether each is a record."""

from __future__ import annotations

GOOD = (
    '{"id": "%s", "time": "2026-11-26T18:00:00Z", "demur": {"journal": 1, "final": true}, '
    '"answer": {"score": 0.9, "tags": {"a": 1}, "text": "t"}, '
    '"decision": {"action": "answer", "answered": true, "failures": []}}'
)
_LINE = GOOD % "hostile"


def _score(text: str) -> bytes:
    """The line with another score."""
    return _LINE.replace("0.9", text).encode()


def _after(text: str) -> bytes:
    return _LINE.encode() + text.encode()


def _more(text: str) -> bytes:
    """The line with another member, of which no policy knows."""
    return f"{_LINE[:-1]}, {text}}}".encode()


def _text(text: bytes) -> bytes:
    return _LINE.encode().replace(b'"t"', b'"' + text + b'"')


RECORDS: dict[str, bytes] = {
    "NaN": _score("NaN"),
    "an infinity": _score("-Infinity"),
    "a number beyond doubles": _score("1e999"),
    "a large int": _score("1" + "0" * 400),
    "a carriage return at the end": _after("\r"),
    "a carriage return between tokens": _LINE.replace(", ", ",\r").encode(),
    "as deep as may be": _more('"d": ' + "[" * 63 + "]" * 63),
    "U+0000 in a value": _text(b"\\u0000"),
    "half a surrogate pair in a value": _text(b"\\ud800"),
    "half a surrogate pair in a key": _LINE.encode().replace(b'"a"', b'"\\ud800"'),
    "half a surrogate pair that no signal is": _more('"more": "\\ud800"'),
    "a stage that is no object": _LINE.replace(
        '"answer": {', '"retrieval": 5, "answer": {'
    ).encode(),
    "a colon that is written as an escape": _text(b"\\u003a"),
}
"""Lines that are records, whatever they hold."""

NO_RECORDS: dict[str, bytes] = {
    "a comma before a brace": _LINE[:-1].encode() + b",}",
    "a comma before a bracket": _more('"l": [1,]'),
    "a comment": _after(" // no"),
    "a comment within": _LINE.replace(",", ",/* no */", 1).encode(),
    "single quotes": _LINE.replace('"', "'").encode(),
    "a key without quotes": _LINE.replace('"id"', "id").encode(),
    "nan": _score("nan"),
    "inf": _score("inf"),
    "True": _LINE.replace("true", "True").encode(),
    "a plus": _score("+1"),
    "a dot first": _score(".5"),
    "a dot last": _score("5."),
    "a zero first": _score("01"),
    "hexadecimal": _score("0x1"),
    "too many digits": _score("1" + "0" * 5000),
    "a form feed": _LINE.replace(", ", ",\f", 1).encode(),
    "a byte order mark": b"\xef\xbb\xbf" + _LINE.encode(),
    "no UTF-8": _text(b"\xff"),
    "no UTF-8 in what no signal is": _more('"more": "~"').replace(b"~", b"\xff"),
    "an overlong zero": _text(b"\xc0\x80"),
    "half a surrogate pair in UTF-8": _text(b"\xed\xa0\x80"),
    "UTF-16": _LINE.encode("utf-16-le"),
    "a key twice": _LINE.replace('"id"', '"id": "other", "id"').encode(),
    "a stage twice": _more('"answer": {"score": 0.1}'),
    "a signal twice": _score('0.9, "score": 0.1'),
    "a key twice in a map": _LINE.replace('"a": 1', '"a": 1, "a": 2').encode(),
    "a key twice in a map, once as an escape": _LINE.replace(
        '"a": 1', '"a": 1, "\\u0061": 2'
    ).encode(),
    "a key twice in what no signal is": _more('"more": {"k": 1, "k": 1}'),
    "a key twice in a list": _more('"more": [{"k": 1, "k": 2}]'),
    "a key of the decision twice": _LINE.replace(
        '"failures"', '"action": "refuse", "failures"'
    ).encode(),
    "two objects": _after(_LINE),
    "two objects and a blank": _after(f" {_LINE}"),
    "two objects and a carriage return": _after(f"\r{_LINE}"),
    "a comma at the end": _after(","),
    "something at the end": _after(" x"),
    "a zero byte at the end": _after("\0"),
    "a zero byte": _text(b"\0"),
    "a tab in a text": _text(b"\t"),
    "an unknown escape": _text(b"\\x41"),
    "too deep": _more('"d": ' + "[" * 64 + "]" * 64),
    "far too deep": _more('"d": ' + "[" * 30_000 + "]" * 30_000),
    "a list": f"[{_LINE}]".encode(),
    "an empty list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "an end too soon": _LINE[:-1].encode(),
    "HTML": b"<html>",
    "U+0000 in the id": _LINE.replace("hostile", "h\\u0000").encode(),
    "half a surrogate pair in the id": _LINE.replace("hostile", "h\\ud800").encode(),
    "half a surrogate pair in the trace's id": _more('"trace_id": "\\udfff"'),
}
"""Lines that are no records, for any reader."""

LINES = RECORDS | NO_RECORDS


def file_of(line: bytes) -> bytes:
    """A file with a good line, this one, and another good one."""
    return b"\n".join([(GOOD % "first").encode(), line, (GOOD % "last").encode(), b""])
