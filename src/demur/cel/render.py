"""Typed tree to text: a compiled policy's expressions as CEL, for people.

Lowering folds constants and shares what is computed twice, so this is what runs, not always what
was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur import functions
from demur.cel import syntax
from demur.cel.unparse import unparse
from demur.functions.values import Duration, Timestamp
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    Has,
    ListLiteral,
    MapLiteral,
    Parameter,
    Reference,
    Signal,
    Variable,
)
from demur.types import parse_signature

NOT_SHOWN = ("arithmetic.known", "limits.sized", "limits.affordable")
"""The compiler's test that a computed double is a number; it has no form in CEL."""
_MACROS = {
    "all": "all",
    "exists": "exists",
    "exists_one": "exists_one",
    "map": "transformMap",
    "map_entry": "transformMapEntry",
    "optional_map": "optMap",
    "optional_flat_map": "optFlatMap",
}


def render(node: Expression, definitions: Mapping[str, Expression] | None = None) -> str:
    """The expression as CEL text.

    Of `definitions` those that the compiler made itself (`@1`, …) are written out where they are
    read; the others are named.
    """
    return unparse(_Converter(definitions or {}).syntax_of(node))


class _Converter:
    """Typed tree to syntax tree."""

    def __init__(self, definitions: Mapping[str, Expression]) -> None:
        self._definitions = definitions
        self._gone_over: dict[str, syntax.Node] = {}
        """What the compiler's own variables stand for, which are as many as a macro's size is asked for."""

    def syntax_of(self, node: Expression) -> syntax.Node:
        convert = self.syntax_of
        match node:
            case Constant(value=value):
                return _constant(value, node.type)
            case Variable(name=name):
                return self._gone_over.get(name) or syntax.Identifier(_local(name))
            case Reference(name=name):
                made = self._definitions.get(name) if name.startswith("@") else None
                return syntax.Identifier(name) if made is None else convert(made)
            case Signal(stage=stage, name=name):
                return syntax.Select(syntax.Identifier(stage), name)
            case Parameter(name=name):
                return syntax.Select(syntax.Identifier("params"), name)
            case Field(operand=operand, name=name):
                return syntax.Select(convert(operand), name)
            case Has(operand=operand):
                return syntax.Call("has", (convert(operand),))
            case Call():
                return self._call(node)
            case ListLiteral(elements=elements, optional=optional):
                return syntax.List(tuple(map(convert, elements)), frozenset(optional))
            case MapLiteral(entries=entries, optional=optional):
                pairs = tuple((convert(key), convert(value)) for key, value in entries)
                return syntax.Map(pairs, frozenset(optional))
            case Comprehension():
                return self._comprehension(node)
            case Bind(variable=variable, value=value, body=body) if variable.startswith(
                ("@over", "@kept")
            ):
                self._gone_over[variable] = convert(value)
                return convert(body)
            case Bind(variable=variable, value=value, body=body):
                parts = (syntax.Identifier(_local(variable)), convert(value), convert(body))
                return syntax.Call("bind", parts, syntax.Identifier("cel"))

    def _call(self, node: Call) -> syntax.Node:
        arguments = tuple(map(self.syntax_of, node.arguments))
        identifier = node.function.partition("|")[0]
        if identifier in NOT_SHOWN:
            return arguments[0]
        signature = functions.find(identifier).signature
        name, is_method = _called(signature)
        if name in ("_[_]", "_[?_]"):
            return syntax.Index(*arguments, optional=name == "_[?_]")
        if is_method:
            return syntax.Call(name, arguments[1:], arguments[0])
        return syntax.Call(name, arguments)

    def _comprehension(self, node: Comprehension) -> syntax.Node:
        variables = tuple(syntax.Identifier(_local(name)) for name in node.variables)
        source, body = self.syntax_of(node.source), self.syntax_of(node.body)
        condition = () if node.condition is None else (self.syntax_of(node.condition),)
        if node.kind != "list":
            macro = _MACROS[node.kind]
        elif len(variables) == 2:
            macro = "transformList"
        elif condition and isinstance(node.body, Variable) and body == variables[0]:
            return syntax.Call("filter", (*variables, *condition), source)
        else:
            macro = "map"
        return syntax.Call(macro, (*variables, *condition, body), source)


def _local(name: str) -> str:
    """The name of a variable; one of the compiler's own (`@index0`) as CEL can have it."""
    return name.removeprefix("@").replace(":", "_")


def _called(signature: str) -> tuple[str, bool]:
    """The name that a signature declares, and whether it is a method's."""
    parsed = parse_signature(signature)
    call = signature.rpartition(" -> ")[0]
    if parsed.method:
        call = call.removeprefix(f"{parsed.parameters[0]}.")
    return call.partition("(")[0], parsed.method


def _constant(value: Any, type: str) -> syntax.Node:
    match value:
        case None:
            return syntax.Literal("null", None)
        case list():
            return syntax.List(tuple(_constant(part, "dyn") for part in value))
        case dict():
            pairs = value.items()
            return syntax.Map(
                tuple((_constant(key, "dyn"), _constant(part, "dyn")) for key, part in pairs)
            )
        case Timestamp() | Duration():
            from demur.functions import timestamps

            if isinstance(value, Timestamp):
                return _conversion("timestamp", timestamps.format_timestamp(value))
            return _conversion("duration", timestamps.format_duration(value))
        case _ if type == "type":
            return syntax.Identifier(str(getattr(value, "name", value)))
        case _:
            return syntax.Literal(type if type in _LITERALS else _literal_kind(value), value)


def _conversion(function: str, text: str) -> syntax.Node:
    return syntax.Call(function, (syntax.Literal("string", text),))


_LITERALS = frozenset("bool int uint double string bytes".split())
_KINDS = {bool: "bool", int: "int", float: "double", str: "string", bytes: "bytes"}


def _literal_kind(value: Any) -> str:
    return _KINDS.get(value.__class__, "uint")
