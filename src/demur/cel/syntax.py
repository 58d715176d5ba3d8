"""The syntax tree of an expression: what was written, with macros still as calls.

Each node's `span` is the start and end offset of its text in characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[int, int]
LiteralValue = bool | int | float | str | bytes | None


def _span() -> Span:
    return field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal; `kind` is `null`, `bool`, `int`, `uint`, `double`, `string` or `bytes`."""

    kind: str
    value: LiteralValue
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name; `absolute` when written with a leading dot, which no local variable can shadow."""

    name: str
    absolute: bool = False
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or `operand.?field` when `optional`."""

    operand: Node
    field: str
    optional: bool = False
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[index]`, or `operand[?index]` when `optional`."""

    operand: Node
    index: Node
    optional: bool = False
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`, or `target.function(arguments)`; operators by their CEL names (`_+_`).

    `&&` and `||` take all their operands at once. `name_span` is the function's name alone.
    """

    function: str
    arguments: tuple[Node, ...]
    target: Node | None = None
    absolute: bool = False
    span: Span = _span()
    name_span: Span = _span()


@dataclass(frozen=True, slots=True)
class List:
    """A list literal; `optional` holds the indices of elements written `?e`."""

    elements: tuple[Node, ...]
    optional: frozenset[int] = frozenset()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Map:
    """A map literal; `optional` holds the indices of entries written `?k: v`."""

    entries: tuple[tuple[Node, Node], ...]
    optional: frozenset[int] = frozenset()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Message:
    """A message literal `Type{field: value}`: parsed and printed, but of no type that demur has."""

    type_name: Node
    fields: tuple[tuple[str, Node], ...]
    optional: frozenset[int] = frozenset()
    span: Span = _span()


Node = Literal | Identifier | Select | Index | Call | List | Map | Message

OPERATORS: dict[str, tuple[str, int]] = {
    "_?_:_": ("?:", 1),
    "_||_": ("||", 2),
    "_&&_": ("&&", 3),
    "_<_": ("<", 4),
    "_<=_": ("<=", 4),
    "_>_": (">", 4),
    "_>=_": (">=", 4),
    "_==_": ("==", 4),
    "_!=_": ("!=", 4),
    "_in_": ("in", 4),
    "_+_": ("+", 5),
    "_-_": ("-", 5),
    "_*_": ("*", 6),
    "_/_": ("/", 6),
    "_%_": ("%", 6),
    "!_": ("!", 7),
    "-_": ("-", 7),
}
"""Each operator's CEL name: how it is written, and how tightly it binds (cel-spec, "Syntax")."""

RESERVED = frozenset(
    "as break const continue else for function if import let loop package namespace return var "
    "void while".split()
)
"""Words that may not be names of variables or functions, though they may be fields."""
KEYWORDS = frozenset(("in", "true", "false", "null"))


def children(node: Node) -> tuple[Node, ...]:
    """The node's direct children, in source order."""
    match node:
        case Select(operand=operand):
            return (operand,)
        case Index(operand=operand, index=index):
            return (operand, index)
        case Call(target=target, arguments=arguments):
            return arguments if target is None else (target, *arguments)
        case List(elements=elements):
            return elements
        case Map(entries=entries):
            return tuple(part for entry in entries for part in entry)
        case Message(type_name=type_name, fields=fields):
            return (type_name, *(value for _, value in fields))
        case _:
            return ()
