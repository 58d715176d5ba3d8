"""The types of the expression language, as names with parameters, and signatures written in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Type:
    """A type: `int`, `list(string)`, `map(string, dyn)`, `object(retrieval.documents)`.

    A single capital is a type parameter, in a signature; `@1`, `@2`, … are the checker's own.
    """

    name: str
    parameters: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}({', '.join(map(str, self.parameters))})"

    @property
    def is_parameter(self) -> bool:
        """Whether this stands for a type that is not known yet."""
        return self.name[0] == "@" or (len(self.name) == 1 and self.name.isupper())


NULL = Type("null")
BOOL = Type("bool")
INT = Type("int")
UINT = Type("uint")
DOUBLE = Type("double")
STRING = Type("string")
BYTES = Type("bytes")
TIMESTAMP = Type("timestamp")
DURATION = Type("duration")
DYN = Type("dyn")
TYPE = Type("type")
NUMBERS = frozenset((INT, UINT, DOUBLE))


def list_of(element: Type) -> Type:
    """`list(element)`."""
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """`map(key, value)`."""
    return Type("map", (key, value))


def optional_of(value: Type) -> Type:
    """`optional(value)`."""
    return Type("optional", (value,))


@dataclass(frozen=True, slots=True)
class Signature:
    """The types a function takes and gives; `method` when the first is a receiver."""

    parameters: tuple[Type, ...]
    result: Type
    method: bool = False


@cache
def parse_type(text: str) -> Type:
    """The type that `str()` of it wrote. Raises ValueError for text that is none."""
    parsed, rest = _read_type(text.strip())
    if rest:
        raise ValueError(f"not a type: {text!r}")
    return parsed


def _read_type(text: str) -> tuple[Type, str]:
    end = next((at for at, character in enumerate(text) if character in "(), "), len(text))
    name, rest = text[:end], text[end:]
    if not name:
        raise ValueError(f"not a type: {text!r}")
    if not rest.startswith("("):
        return Type(name), rest
    parameters: list[Type] = []
    while not rest.startswith(")"):
        parameter, rest = _read_type(rest[1:].lstrip())
        parameters.append(parameter)
        if not rest.startswith((",", ")")):
            raise ValueError(f"not a type: {text!r}")
    return Type(name, tuple(parameters)), rest[1:]


_RECEIVERS = (
    "null bool int uint double string bytes timestamp duration dyn type net.IP net.CIDR".split()
)
_RECEIVERS_WITH_PARAMETERS = ("list", "map", "optional")
"""Types that a method's signature may begin with; any other name before a dot is a namespace."""


@cache
def parse_signature(text: str) -> Signature:
    """A function's signature, as its record writes it: `string.contains(string) -> bool`."""
    call, _, result = text.rpartition(" -> ")
    receiver = _receiver(call)
    after = call[len(receiver) :]
    arguments = after[after.index("(") + 1 : -1]
    parameters = parse_type(f"arguments({arguments})").parameters if arguments else ()
    if receiver:
        return Signature((parse_type(receiver), *parameters), parse_type(result), method=True)
    return Signature(parameters, parse_type(result))


def _receiver(call: str) -> str:
    """The receiver type at the start of a method's signature, or nothing."""
    for name in _RECEIVERS:
        if call.startswith(f"{name}."):
            return name
    for name in _RECEIVERS_WITH_PARAMETERS:
        if call.startswith(f"{name}("):
            end = len(name) + _closing(call[len(name) :]) + 1
            return call[:end] if call[end : end + 1] == "." else ""
    return ""


def _closing(text: str) -> int:
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    raise ValueError(f"unbalanced parentheses: {text!r}")
