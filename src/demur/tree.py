"""The typed tree of an expression: what the checker makes, the bundle stores and the back ends read.

Loading a compiled policy must cost a service next to nothing, so the nodes are plain classes and
this module imports nothing. Types are written as in `demur.types` (`list(string)`). `span` is where
an expression stands in its own text, for messages of the compiler; it is not stored.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Constant:
    """A value known at compile time; a type's name for a constant of type `type`."""

    __slots__ = ("span", "type", "value")
    __match_args__ = ("value", "type")

    def __init__(self, value: Any, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.value = value
        self.type = type
        self.span = span


class Variable:
    """A variable of the surroundings, or one bound by a comprehension or `Bind`."""

    __slots__ = ("name", "span", "type")
    __match_args__ = ("name", "type")

    def __init__(self, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.name = name
        self.type = type
        self.span = span


class Signal:
    """A signal of a record: `stage.name`."""

    __slots__ = ("name", "span", "stage", "type")
    __match_args__ = ("stage", "name", "type")

    def __init__(self, stage: str, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.stage = stage
        self.name = name
        self.type = type
        self.span = span


class Parameter:
    """A tunable number of the policy: `params.name`."""

    __slots__ = ("name", "span", "type")
    __match_args__ = ("name", "type")

    def __init__(self, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.name = name
        self.type = type
        self.span = span


class Reference:
    """A named expression of the policy, computed once: a definition."""

    __slots__ = ("name", "span", "type")
    __match_args__ = ("name", "type")

    def __init__(self, name: str, type: str, span: tuple[int, int] = (0, 0)) -> None:
        self.name = name
        self.type = type
        self.span = span


class Field:
    """A field of an object, or the value at a key of a map: `operand.name`."""

    __slots__ = ("name", "operand", "span", "type")
    __match_args__ = ("operand", "name", "type")

    def __init__(
        self, operand: Expression, name: str, type: str, span: tuple[int, int] = (0, 0)
    ) -> None:
        self.operand = operand
        self.name = name
        self.type = type
        self.span = span


class Has:
    """Whether a signal, field or key is there: `has(operand)`."""

    __slots__ = ("operand", "span", "type")
    __match_args__ = ("operand", "type")

    def __init__(
        self, operand: Signal | Field, type: str = "bool", span: tuple[int, int] = (0, 0)
    ) -> None:
        self.operand = operand
        self.type = type
        self.span = span


class Call:
    """A function's overload applied.

    `function` is an overload's identifier, or several joined by `|` where the types that are
    known at compile time leave a choice, which the values then make.
    """

    __slots__ = ("arguments", "function", "span", "type")
    __match_args__ = ("function", "arguments", "type")

    def __init__(
        self,
        function: str,
        arguments: tuple[Expression, ...],
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.type = type
        self.span = span


class ListLiteral:
    """A list; the elements at the indices in `optional` are optionals, left out when empty."""

    __slots__ = ("elements", "optional", "span", "type")
    __match_args__ = ("elements", "optional", "type")

    def __init__(
        self,
        elements: tuple[Expression, ...],
        optional: tuple[int, ...],
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.elements = elements
        self.optional = optional
        self.type = type
        self.span = span


class MapLiteral:
    """A map; the entries at the indices in `optional` have optional values, left out when empty."""

    __slots__ = ("entries", "optional", "span", "type")
    __match_args__ = ("entries", "optional", "type")

    def __init__(
        self,
        entries: tuple[tuple[Expression, Expression], ...],
        optional: tuple[int, ...],
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.entries = entries
        self.optional = optional
        self.type = type
        self.span = span


class Comprehension:
    """A macro over the elements of a list, the keys of a map, or the value of an optional.

    `kind` is `all`, `exists`, `exists_one`, `list`, `map`, `map_entry`, `optional_map` or
    `optional_flat_map`; `variables` are one (element or key) or two (index or key, and value);
    `condition` filters the elements first, `body` is computed for each that is left.
    """

    __slots__ = ("body", "condition", "kind", "source", "span", "type", "variables")
    __match_args__ = ("kind", "source", "variables", "condition", "body", "type")

    def __init__(
        self,
        kind: str,
        source: Expression,
        variables: tuple[str, ...],
        condition: Expression | None,
        body: Expression,
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.kind = kind
        self.source = source
        self.variables = variables
        self.condition = condition
        self.body = body
        self.type = type
        self.span = span


class Bind:
    """`body` with a variable that stands for `value`, computed at most once."""

    __slots__ = ("body", "span", "type", "value", "variable")
    __match_args__ = ("variable", "value", "body", "type")

    def __init__(
        self,
        variable: str,
        value: Expression,
        body: Expression,
        type: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:
        self.variable = variable
        self.value = value
        self.body = body
        self.type = type
        self.span = span


Expression = (
    Constant
    | Variable
    | Signal
    | Parameter
    | Reference
    | Field
    | Has
    | Call
    | ListLiteral
    | MapLiteral
    | Comprehension
    | Bind
)


def children(node: Expression) -> tuple[Expression, ...]:
    """The expression's direct parts, in source order."""
    parts = _PARTS.get(node.__class__)
    return () if parts is None else parts(node)


def _parts_of_map(node: MapLiteral) -> tuple[Expression, ...]:
    return tuple([part for entry in node.entries for part in entry])


def _parts_of_comprehension(node: Comprehension) -> tuple[Expression, ...]:
    if node.condition is None:
        return (node.source, node.body)
    return (node.source, node.condition, node.body)


_PARTS: dict[type, Callable[[Any], tuple[Expression, ...]]] = {
    Field: lambda node: (node.operand,),
    Has: lambda node: (node.operand,),
    Call: lambda node: node.arguments,
    ListLiteral: lambda node: node.elements,
    MapLiteral: _parts_of_map,
    Comprehension: _parts_of_comprehension,
    Bind: lambda node: (node.value, node.body),
}


def walk(node: Expression) -> list[Expression]:
    """The expression and everything in it, outermost first."""
    found: list[Expression] = []
    pending = [node]
    while pending:
        current = pending.pop()
        found.append(current)
        parts = children(current)
        if parts:
            pending.extend(parts[::-1])
    return found


def free_variables(node: Expression) -> frozenset[str]:
    """The variables that the expression reads and does not bind itself."""
    if isinstance(node, Variable):
        return frozenset((node.name,))
    if isinstance(node, Comprehension):
        inner = free_variables(node.body)
        if node.condition is not None:
            inner |= free_variables(node.condition)
        return free_variables(node.source) | (inner - frozenset(node.variables))
    if isinstance(node, Bind):
        return free_variables(node.value) | (free_variables(node.body) - {node.variable})
    found: frozenset[str] = frozenset()
    for child in children(node):
        found |= free_variables(child)
    return found


def rebuilt(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The node with each direct part changed; itself if none did."""
    match node:
        case Field(operand=operand, name=name):
            return Field(change(operand), name, node.type, node.span)
        case Has(operand=operand):
            changed = change(operand)
            assert isinstance(changed, Signal | Field)
            return Has(changed, node.type, node.span)
        case Call(function=function, arguments=arguments):
            return Call(function, tuple(map(change, arguments)), node.type, node.span)
        case ListLiteral(elements=elements, optional=optional):
            return ListLiteral(tuple(map(change, elements)), optional, node.type, node.span)
        case MapLiteral(entries=entries, optional=optional):
            pairs = tuple((change(key), change(value)) for key, value in entries)
            return MapLiteral(pairs, optional, node.type, node.span)
        case Comprehension(kind=kind, source=source, variables=variables, body=body):
            condition = None if node.condition is None else change(node.condition)
            return Comprehension(
                kind, change(source), variables, condition, change(body), node.type, node.span
            )
        case Bind(variable=variable, value=value, body=body):
            return Bind(variable, change(value), change(body), node.type, node.span)
        case _:
            return node
