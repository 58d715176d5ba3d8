"""Random well-typed expressions with their variables, from a seed."""

from __future__ import annotations

import random
from typing import Any

VARIABLES: dict[str, str] = {
    "b": "bool",
    "i": "int",
    "j": "int",
    "u": "uint",
    "d": "double",
    "e": "double",
    "s": "string",
    "t": "string",
    "y": "bytes",
    "xs": "list(int)",
    "ws": "list(string)",
    "m": "map(string, int)",
    "any": "dyn",
}

_INTS = [
    0, 1, -1, 2, 7, -13, 59, 2**31, -(2**31) - 1, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1,
]  # fmt: skip
_UINTS = [0, 1, 2, 9, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
_DOUBLES = [
    0.0, -0.0, 0.5, 1.0, -1.5, 2.0, 2.5, 0.1, 1e10, 1e21, 1e308, 5e-324, 1e-7, 9007199254740993.0,
    2.0**63, -(2.0**63), 2.0**64, 123456789.125,
]  # fmt: skip
_STRINGS = [
    "", "a", "b", "A", "demur", "été", "\U0001f600x", "1", "-7", "9223372036854775808", "1u", "true",
    "T", "a,b,c", " x ", "2.5", "-1e3", "nan", "aXbXa", "1s", "1970-01-01T00:00:00Z",
]  # fmt: skip
_BYTES = ["b''", "b'a'", "b'\\xc3\\xa9'", "b'\\xff'", "b'a\\001b'"]
_PATTERNS = ["^a", "e+", "[a-z]+$", ".", "(x|1)", "^$", "\\\\d", "(?i)DEMUR", "a{2,}", "é"]
_DURATIONS = ["0s", "1s", "-90s", "1h30m", "1.5s", "250ms", "-1ns", "86400s", "100000h", "1us2ns"]
_TIMESTAMPS = [
    "1970-01-01T00:00:00Z", "2024-02-29T23:59:59.999999999Z", "1583-03-01T12:00:00Z",
    "9990-12-31T23:59:59Z", "2023-12-31T23:30:00-02:00", "1969-12-31T23:59:59.5Z",
]  # fmt: skip
_ZONES = ["UTC", "+05:30", "-08:00", "Europe/Berlin", "Asia/Kolkata", "02:00"]
_ODD = [
    "",
    "1",
    "1x",
    "-",
    "1h 1m",
    "2023-02-30T00:00:00Z",
    "2023-01-01",
    "10000h1",
    "1d",
    "0",
    "+1s",
]
_FORMATS = ["%s", "%d", "%.2f", "%e", "%b", "%o", "%x", "%X", "%s-%s", "%%", "%", "x"]

TEMPLATES: dict[str, list[str]] = {
    "bool": [
        "({int} {order} {int})", "({uint} {order} {uint})", "({double} {order} {double})",
        "({string} {order} {string})", "({bytes} {order} {bytes})", "({bool} {order} {bool})",
        "(dyn({int}) {order} {double})", "(dyn({uint}) {order} {int})",
        "(dyn({uint}) {order} {double})", "({dyn} {order} {dyn})",
        "({timestamp} {order} {timestamp})", "({duration} {order} {duration})",
        "({int} == {int})", "({uint} != {uint})", "({double} != {double})", "({bytes} == {bytes})",
        "(timestamp('9999-12-31T23:59:59Z') + {duration} > {timestamp})",
        "(timestamp('0001-01-01T00:00:00Z') + {duration} < {timestamp})",
        "({string} == {string})", "({list} == {list})", "({map} == {map})",
        "({bool} != {bool})",
        "({words} != {words})", "({timestamp} == {timestamp})", "({duration} != {duration})",
        "({optional} == {optional})", "(dyn({int}) == dyn({double}))",
        "(dyn({uint}) == dyn({double}))", "(dyn({int}) != dyn({uint}))", "(any == {int})",
        "(any == {string})", "({dyn} == {dyn})", "({dyn} != {dyn})", "([{dyn}] == [{dyn}])",
        "({bool} && {bool})", "({bool} || {bool})", "({bool} && {bool} && {bool})",
        "({bool} || {bool} || {bool})", "(!{bool})", "({bool} ? {bool} : {bool})",
        "(dyn({dyn}) && {bool})", "({bool} || dyn({dyn}))", "(1 / {int} > 0 || {bool})",
        "({bool} && {list}[{small}] > 0)", "({int} in {list})", "({string} in {words})",
        "({string} in {map})", "({dyn} in {dyns})", "({double} in [{double}, {double}])",
        "{list}.all(x, {int_x} > x)", "{list}.exists(x, x == {int_x})",
        "{list}.exists_one(x, x > {int_x})", "{list}.all(x, 10 / x > {int_x})",
        "{list}.exists(x, 10 / x > {int_x} && {bool})", "{list}.exists_one(x, 10 / x > {int_x})",
        "{words}.all(w, w.size() > {int})", "{words}.exists(w, w in {words})",
        "{list}.exists(x, {list}.exists(z, x == z))", "{list}.all(x, {words}.exists(x, x > 'a'))",
        "{map}.all(k, k != {string})", "{map}.exists(k, m[k] > {int_x})",
        "{dyns}.exists(x, x == {dyn})", "{dyns}.all(x, x > {int_x})", "{dyns}.exists(x, x)",
        "{string}.contains({string})", "{string}.startsWith({string})",
        "{string}.endsWith({string})", "{string}.matches('{pattern}')",
        "matches({string}, {string})", "has({map}.a)", "has(m.b)", "has(any.a)", "bool({string})",
        "{optional}.hasValue()", "{map}.?a.hasValue()", "(type({dyn}) == type({dyn}))",
        "(type({int}) == int)", "(type(any) == string)", "(type([{int}]) == list)",
        "math.isNaN({double})", "math.isInf({double})", "math.isFinite({double})",
    ],
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} / {int})",
        "({int} % {int})", "(-{int})", "({bool} ? {int} : {int})", "size({string})",
        "{list}.size()", "size({map})", "size({words})", "{list}[{small}]", "{list}[dyn({double})]",
        "{map}['a']", "{map}[{string}]", "int({uint})", "int({double})", "int({string})",
        "int({int})", "{string}.indexOf({string})", "{string}.indexOf({string}, {small})",
        "{string}.lastIndexOf({string})", "{string}.lastIndexOf({string}, {small})", "{map}.a",
        "{map}.?b.orValue({int})", "{optional}.value()", "{optional}.orValue({int})",
        "math.greatest({int}, {int})", "math.least({int}, {int}, {int})", "math.greatest([i] + {list})",
        "math.abs({int})", "math.sign({int})", "math.bitAnd({int}, {int})",
        "math.bitOr({int}, {int})", "math.bitXor({int}, {int})", "math.bitNot({int})",
        "math.bitShiftLeft({int}, {small})", "math.bitShiftRight({int}, {small})",
        "{timestamp}.getFullYear()", "{timestamp}.getMonth()", "{timestamp}.getDate('{zone}')",
        "{timestamp}.getDayOfMonth()", "{timestamp}.getDayOfWeek('{zone}')",
        "{timestamp}.getDayOfYear()", "{timestamp}.getHours('{zone}')",
        "{timestamp}.getMinutes('{zone}')", "{timestamp}.getSeconds()",
        "{timestamp}.getMilliseconds()", "{duration}.getHours()", "{duration}.getMinutes()",
        "{duration}.getSeconds()", "{duration}.getMilliseconds()", "int({timestamp})",
        "{bytes}.size()", "{list}.map(x, x + 1)[{small}]", "[{int}, {int}][{small}]",
    ],
    "uint": [
        "({uint} + {uint})", "({uint} - {uint})", "({uint} * {uint})", "({uint} / {uint})",
        "({uint} % {uint})", "uint({int})", "uint({double})", "uint({string})",
        "({bool} ? {uint} : {uint})", "math.greatest({uint}, {uint})",
        "math.bitAnd({uint}, {uint})", "math.bitNot({uint})", "math.bitShiftLeft({uint}, {small})",
        "math.bitShiftRight({uint}, {small})", "math.abs({uint})",
    ],
    "double": [
        "({double} + {double})", "({double} - {double})", "({double} * {double})",
        "({double} / {double})", "(-{double})", "double({int})", "double({uint})",
        "({bool} ? {double} : {double})", "math.ceil({double})", "math.floor({double})",
        "math.round({double})", "math.trunc({double})", "math.abs({double})",
        "math.sign({double})", "math.sqrt({double})", "double({string})",
        "math.least({double_x}, {double_x})",
    ],
    "string": [
        "({string} + {string})", "string({int})", "string({uint})", "string({bool})",
        "string(duration('{whole}'))", "string(timestamp({small}))", "string({bytes})", "string({string})",
        "({bool} ? {string} : {string})", "{string}.lowerAscii()", "{string}.upperAscii()",
        "{string}.replace({string}, {string})", "{string}.replace({string}, {string}, {small})",
        "{string}.substring({small})", "{string}.substring({small}, {small})",
        "{string}.charAt({small})", "{string}.trim()", "{words}[{small}]", "{words}.join('-')",
        "{words}.join()", "base64.encode({bytes})", "strings.quote({string})",
        "'{format}'.format([{int}])", "'{format}'.format([{int}, {string}])",
        "'{format}'.format([{uint}, {bool}])", "'%s'.format([{words}])", "'%.3f'.format([{double}])",
        "'%e'.format([{double}])", "'%s'.format([type({dyn})])", "'%x'.format([{bytes}])",
    ],
    "bytes": [
        "({bytes} + {bytes})", "bytes({string})", "({bool} ? {bytes} : {bytes})",
        "base64.decode('{encoded}')", "base64.decode(base64.encode({bytes}))",
    ],
    "timestamp": [
        "timestamp({int})", "timestamp('{moment}')", "timestamp('{odd}')",
        "({timestamp} + {duration})", "({timestamp} - {duration})", "({duration} + {timestamp})",
        "({bool} ? {timestamp} : {timestamp})",
    ],
    "duration": [
        "duration('{span}')", "duration('{odd}')", "({timestamp} - {timestamp})",
        "({duration} + {duration})", "({duration} - {duration})",
    ],
    "optional": [
        "optional.of({int})", "optional.ofNonZeroValue({int})", "{map}.?a", "{map}[?{string}]",
        "{list}[?{small}]", "{optional}.or({optional})",
        "({bool} ? {optional} : {optional})",
    ],
    "list": [
        "({list} + {list})", "{list}.map(x, x + {int_x})", "{list}.filter(x, x > {int_x})",
        "{list}.map(x, x > 0, x * 2)", "{list}.map(x, {list}.map(x, x + 1).size() + x)",
        "{list}.filter(x, {list}.all(z, x != z))", "[{int}, {int}]", "({bool} ? {list} : {list})",
        "{words}.map(w, w.size())", "[?{optional}, {int}]", "{map}.map(k, 1)",
    ],
    "words": [
        "{words}.map(w, w + {string})", "[{string}, {string}]", "{string}.split(',')",
        "{string}.split('{separator}', {small})", "{'a': {int}}.map(k, k)",
        "{words}.filter(w, w != {string})",
    ],
    "map": [
        "{{'a': {int}, 'b': {int}}}",
        "({bool} ? {map} : {map})", "{{?'a': {map}.?a}}", "{{?{string}: {optional}}}",
    ],
    "alone": [
        "optional.of({int_x}).optMap(x, x * 2).orValue(0)", "m.?a.optMap(x, x + {int_x}).hasValue()",
        "m.?a.optFlatMap(x, xs[?x]).orValue({int_x})", "cel.bind(x, {int_x} + 1, x * x)",
        "cel.bind(x, m.?a, x.orValue(1) + x.orValue(2))", "cel.bind(x, 1 / 0, b || x > 0)",
        "{{{string}: {int}, {string}: {int}}}",
    ],
    "dyns": ["[{dyn}, {dyn}]", "[dyn({int}), {double}]", "({dyns} + {dyns})", "dyn({list})"],
    "dyn": [
        "dyn({int})", "dyn({uint})", "dyn({double})", "dyn({string})", "dyn({list})", "dyn({bool})",
        "dyn({bytes})", "dyn({map})", "dyn({timestamp})", "dyn({duration})", "dyn(null)", "any",
        "[{int}, {string}][{small}]", "any.a", "any[{small}]", "dyn(any + {int})",
        "({bool} ? {dyn} : {dyn})", "dyn({dyns})", "dyn(-any)", "dyn(size(any))", "dyn(type({dyn}))",
    ],
}  # fmt: skip

_LEAVES: dict[str, list[str]] = {
    "bool": ["b", "true", "false"],
    "int": ["i", "j"],
    "uint": ["u"],
    "double": ["d", "e"],
    "string": ["s", "t"],
    "bytes": ["y", *_BYTES],
    "timestamp": [f"timestamp('{moment}')" for moment in _TIMESTAMPS],
    "duration": [f"duration('{span}')" for span in _DURATIONS],
    "optional": ["optional.none()", "optional.of(1)", "m.?a"],
    "list": ["xs", "[]", "[1, 2, 3]"],
    "words": ["ws", "['a', 'b']"],
    "map": ["m", "{'a': 1}", "{}"],
    "alone": ["cel.bind(x, i, x + x)"],
    "dyns": ["[any, 1]", "[1, 'a', null, 2.0, 3u]"],
    "dyn": ["any"],
}
_RESULTS = [type for type in _LEAVES if type != "optional"]
"""The types of whole expressions; the oracle's Python binding cannot give an optional."""


class Generator:
    """Makes expressions and bindings; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def expression(self, type: str | None = None, depth: int = 4) -> str:
        """An expression of the type, at most so deep."""
        chosen = type or self._random.choice(_RESULTS)
        if depth == 0 or self._random.random() < 0.15:
            return self._leaf(chosen)
        template = self._random.choice(TEMPLATES[chosen])
        parts = {
            "order": self._random.choice(["<", "<=", ">", ">="]),
            "pattern": self._random.choice(_PATTERNS),
            "small": str(self._random.randint(-1, 4)),
            "zone": self._random.choice(_ZONES),
            "span": self._random.choice(_DURATIONS),
            "whole": self._random.choice(["0s", "-1s", "90s", "1h30m", "100000h"]),
            "separator": self._random.choice([",", "a", "Xb", " "]),
            "odd": self._random.choice(_ODD),
            "encoded": self._random.choice(["", "YQ==", "YQ", "Y", "%", "aGVsbG8", "w6k="]),
            "moment": self._random.choice(_TIMESTAMPS),
            "format": self._random.choice(_FORMATS),
            "double_x": self._random.choice(["d", "(-d)", "0.5", "0.0"]),
            "int_x": self._leaf("int"),
        }
        text = template
        for name, value in parts.items():
            text = text.replace(f"{{{name}}}", value)
        for name in _LEAVES:
            while f"{{{name}}}" in text:
                text = text.replace(f"{{{name}}}", self.expression(name, depth - 1), 1)
        return text.replace("{{", "{").replace("}}", "}")

    def _leaf(self, type: str) -> str:
        choices = list(_LEAVES[type])
        match type:
            case "int":
                choices += [str(self._random.choice(_INTS)), "0", "3"]
            case "uint":
                choices += [f"{self._random.choice(_UINTS)}u"]
            case "double":
                choices += [repr(self._random.choice(_DOUBLES))]
            case "string":
                text = self._random.choice(_STRINGS)
                choices += [f"'{text}'", f"'{text}'"]
        leaf = self._random.choice(choices)
        return f"({leaf})" if leaf.startswith("-") else leaf

    def bindings(self) -> dict[str, Any]:
        """A value for each variable."""
        pick = self._random.choice
        return {
            "b": pick([True, False]),
            "i": pick(_INTS),
            "j": pick(_INTS),
            "u": pick(_UINTS),
            "d": pick(_DOUBLES),
            "e": pick([*_DOUBLES, float("inf"), float("nan")]),
            "s": pick(_STRINGS),
            "t": pick(_STRINGS),
            "y": pick([b"", b"a", b"\xff\x01"]),
            "xs": [pick(_INTS) for _ in range(self._random.randint(0, 3))],
            "ws": [pick(_STRINGS) for _ in range(self._random.randint(0, 3))],
            "m": {pick("abc"): pick(_INTS) for _ in range(self._random.randint(0, 3))},
            "any": pick([1, 1.0, "a", True, None, [1], {"a": 1}]),
        }
