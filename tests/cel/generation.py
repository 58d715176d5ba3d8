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

_INTS = [0, 1, -1, 2, 7, -13, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
_UINTS = [0, 1, 2, 9, 2**32, 2**64 - 1]
_DOUBLES = [0.0, -0.0, 1.0, -1.5, 0.1, 1e10, 1e308, 5e-324, 9007199254740993.0]
_STRINGS = ["", "a", "demur", "été", "\U0001f600x", "1", "-7", "true", "a,b,c", " x ", "2.5"]
_PATTERNS = ["^a", "e+", "[a-z]+$", ".", "(x|1)"]

TEMPLATES: dict[str, list[str]] = {
    "bool": [
        "({int} {order} {int})", "({uint} {order} {uint})", "({double} {order} {double})",
        "({string} {order} {string})", "({bytes} {order} {bytes})", "(dyn({int}) {order} {double})",
        "(dyn({uint}) {order} {int})", "({int} == {int})", "({double} != {double})",
        "({string} == {string})", "({list} == {list})", "({map} == {map})", "({bool} && {bool})",
        "({bool} || {bool})", "({bool} && {bool} && {bool})", "(!{bool})",
        "({bool} ? {bool} : {bool})", "({int} in {list})", "({string} in {words})",
        "({string} in {map})", "{list}.all(x, {int_x} > x)", "{list}.exists(x, x == {int_x})",
        "{list}.exists_one(x, x > {int_x})", "{words}.all(w, w.size() > {int})",
        "{list}.exists(x, {list}.exists(z, x == z))", "{string}.contains({string})",
        "{string}.startsWith({string})", "{string}.endsWith({string})",
        "{string}.matches('{pattern}')", "has({map}.a)", "(dyn({int}) == dyn({double}))",
        "(any == {int})", "(any == {string})", "bool({string})", "({dyn} == {dyn})",
        "optional.of({int}).hasValue()", "{map}.?a.hasValue()", "(type({int}) == int)",
        "(timestamp({small}) {order} timestamp({small}))", "math.isNaN({double})",
        "math.isInf({double})", "(duration('{seconds}s') {order} duration('{seconds}s'))",
    ],
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} / {int})",
        "({int} % {int})", "(-{int})", "({bool} ? {int} : {int})", "size({string})",
        "{list}.size()", "size({map})", "{list}[{small}]", "{map}['a']", "{map}[{string}]",
        "int({uint})", "int({double})", "int({string})", "{string}.indexOf({string})",
        "{string}.lastIndexOf({string})", "{map}.a", "{map}.?b.orValue({int})",
        "optional.of({int}).value()", "optional.none().orValue({int})", "math.greatest({int}, {int})",
        "math.least({int}, {int}, {int})", "math.abs({int})", "math.sign({int})",
        "math.bitAnd({int}, {int})", "math.bitOr({int}, {int})", "math.bitXor({int}, {int})",
        "math.bitNot({int})", "math.bitShiftLeft({int}, {small})",
        "timestamp({small}).getFullYear()", "timestamp({small}).getDayOfWeek()",
        "timestamp({small}).getHours('+05:30')", "duration('{seconds}s').getMinutes()",
        "int(timestamp({small}))", "{bytes}.size()",
    ],
    "uint": [
        "({uint} + {uint})", "({uint} - {uint})", "({uint} * {uint})", "({uint} / {uint})",
        "({uint} % {uint})", "uint({int})", "uint({double})", "({bool} ? {uint} : {uint})",
    ],
    "double": [
        "({double} + {double})", "({double} - {double})", "({double} * {double})",
        "({double} / {double})", "(-{double})", "double({int})", "double({uint})",
        "({bool} ? {double} : {double})", "math.ceil({double})", "math.floor({double})",
        "math.round({double})", "math.trunc({double})", "math.abs({double})", "double({string})",
    ],
    "string": [
        "({string} + {string})", "string({int})", "string({uint})", "string({bool})",
        "({bool} ? {string} : {string})", "{string}.lowerAscii()", "{string}.upperAscii()",
        "{string}.replace({string}, {string})", "{string}.substring({small})",
        "{string}.charAt({small})", "{string}.trim()", "{words}[{small}]", "{words}.join('-')",
        "string(timestamp({small}))", "string({bytes})", "base64.encode({bytes})",
    ],
    "bytes": ["({bytes} + {bytes})", "bytes({string})", "({bool} ? {bytes} : {bytes})"],
    "list": [
        "({list} + {list})", "{list}.map(x, x + {int_x})", "{list}.filter(x, x > {int_x})",
        "{list}.map(x, x > 0, x * 2)", "[{int}, {int}]", "({bool} ? {list} : {list})",
        "{words}.map(w, w.size())", "[?{map}.?a, {int}]",
    ],
    "words": ["{words}.map(w, w + {string})", "[{string}, {string}]", "{string}.split(',')"],
    "map": ["{{'a': {int}, 'b': {int}}}", "({bool} ? {map} : {map})", "{{?'a': {map}.?a}}"],
    "dyn": ["dyn({int})", "dyn({string})", "dyn({list})", "any", "[{int}, {string}][{small}]"],
}  # fmt: skip

_LEAVES: dict[str, list[str]] = {
    "bool": ["b", "true", "false"],
    "int": ["i", "j"],
    "uint": ["u"],
    "double": ["d", "e"],
    "string": ["s", "t"],
    "bytes": ["y", "b'\\x00\\xff'", "b''"],
    "list": ["xs", "[]", "[1, 2, 3]"],
    "words": ["ws", "['a', 'b']"],
    "map": ["m", "{'a': 1}"],
    "dyn": ["any"],
}


class Generator:
    """Makes expressions and bindings; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def expression(self, type: str | None = None, depth: int = 4) -> str:
        """An expression of the type, at most so deep."""
        chosen = type or self._random.choice(list(_LEAVES))
        if depth == 0 or self._random.random() < 0.15:
            return self._leaf(chosen)
        template = self._random.choice(TEMPLATES[chosen])
        parts = {
            "order": self._random.choice(["<", "<=", ">", ">="]),
            "pattern": self._random.choice(_PATTERNS),
            "small": str(self._random.randint(-1, 4)),
            "seconds": str(self._random.randint(-90, 4000)),
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
