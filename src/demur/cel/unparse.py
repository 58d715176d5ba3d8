"""Syntax tree to text: one spacing, only the parentheses that are needed, parse ∘ unparse = identity."""

from __future__ import annotations

import math

from demur.cel import syntax
from demur.cel.syntax import OPERATORS

_ATOM = 9
_MEMBER = 8


def unparse(node: syntax.Node) -> str:
    """The expression as CEL text."""
    return _write(node, 0)


def _write(node: syntax.Node, tightness: int) -> str:
    text, own = _render(node)
    return text if own >= tightness else f"({text})"


def _render(node: syntax.Node) -> tuple[str, int]:
    """The text of a node, and how tightly its outermost operator binds."""
    match node:
        case syntax.Literal():
            text = _literal(node)
            return text, OPERATORS["-_"][1] if text.startswith("-") else _ATOM
        case syntax.Identifier(name=name, absolute=absolute):
            return f".{name}" if absolute else name, _ATOM
        case syntax.Select(operand=operand, field=field, optional=optional):
            dot = ".?" if optional else "."
            return f"{_write(operand, _MEMBER)}{dot}{_field(field)}", _MEMBER
        case syntax.Index(operand=operand, index=index, optional=optional):
            mark = "?" if optional else ""
            return f"{_write(operand, _MEMBER)}[{mark}{_write(index, 0)}]", _MEMBER
        case syntax.Call():
            return _call(node)
        case syntax.List(elements=elements, optional=optional):
            inner = [_mark(i, optional) + _write(e, 0) for i, e in enumerate(elements)]
            return f"[{', '.join(inner)}]", _ATOM
        case syntax.Map(entries=entries, optional=optional):
            inner = [
                f"{_mark(i, optional)}{_write(key, 0)}: {_write(value, 0)}"
                for i, (key, value) in enumerate(entries)
            ]
            return f"{{{', '.join(inner)}}}", _ATOM
        case syntax.Message(type_name=type_name, fields=fields, optional=optional):
            inner = [
                f"{_mark(i, optional)}{_field(name)}: {_write(value, 0)}"
                for i, (name, value) in enumerate(fields)
            ]
            return f"{_write(type_name, _MEMBER)}{{{', '.join(inner)}}}", _MEMBER


def _call(node: syntax.Call) -> tuple[str, int]:
    arguments = node.arguments
    if node.function not in OPERATORS or node.target is not None:
        inner = ", ".join(_write(argument, 0) for argument in arguments)
        if node.target is not None:
            return f"{_write(node.target, _MEMBER)}.{node.function}({inner})", _MEMBER
        return f"{'.' if node.absolute else ''}{node.function}({inner})", _MEMBER
    symbol, own = OPERATORS[node.function]
    match node.function:
        case "_?_:_":
            condition, then, otherwise = arguments
            return (
                f"{_write(condition, own + 1)} ? {_write(then, own + 1)} : {_write(otherwise, own)}"
            ), own
        case "_||_" | "_&&_":
            return f" {symbol} ".join(_write(argument, own + 1) for argument in arguments), own
        case "!_" | "-_":
            operand = arguments[0]
            text = _write(operand, own)
            if isinstance(operand, syntax.Call) and operand.function in ("!_", "-_"):
                same = operand.function == node.function
                return f"{symbol}{text}" if same else f"{symbol}({text})", own
            if isinstance(operand, syntax.Literal) and node.function == "-_":
                return f"{symbol}({text})", own
            if text.startswith("-"):
                return f"{symbol}({text})", own
            return f"{symbol}{text}", own
        case _:
            left, right = arguments
            return f"{_write(left, own)} {symbol} {_write(right, own + 1)}", own


def _mark(position: int, optional: frozenset[int]) -> str:
    return "?" if position in optional else ""


def _field(name: str) -> str:
    plain = name.isidentifier() and name.isascii() and name not in syntax.KEYWORDS
    return name if plain else f"`{name}`"


def _literal(node: syntax.Literal) -> str:
    match node.kind, node.value:
        case "null", _:
            return "null"
        case "bool", value:
            return "true" if value else "false"
        case "uint", value:
            return f"{value}u"
        case "double", float(value):
            return _double(value)
        case "string", str(value):
            return f'"{"".join(map(_escape, value))}"'
        case "bytes", bytes(value):
            return f'b"{"".join(map(_octet, value))}"'
        case _, value:
            return str(value)


def _double(value: float) -> str:
    """The shortest form that reads back as this double; a literal beyond the range is infinity."""
    if math.isinf(value):
        return "-1e999" if value < 0 else "1e999"
    text = repr(value)
    return text if any(mark in text for mark in ".e") else f"{text}.0"


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _octet(octet: int) -> str:
    character = chr(octet)
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if 32 <= octet < 127 else f"\\x{octet:02x}"
