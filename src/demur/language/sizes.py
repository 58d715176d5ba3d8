"""How large an expression's value can be, by the sizes that signals declare. Sound, and incomplete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from demur.language.guards import declared_path
from demur.policy import Shape, declared_shapes
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    ListLiteral,
    MapLiteral,
    Parameter,
    Reference,
    Signal,
    Variable,
)

Stages = Mapping[str, Mapping[str, Shape]]


@dataclass(frozen=True, slots=True)
class Size:
    """The most characters, octets, elements or entries of a value; 0 of one that has no size.

    `inner` is the size of what it holds, None of what holds nothing that has one.
    """

    most: float
    inner: Size | None = None
    holds: bool = False
    """Whether it is a list or map, whose size counts in what holds it."""

    @property
    def total(self) -> float:
        """With the elements of lists and maps in it."""
        inside = self.inner.total if self.inner is not None and self.inner.holds else 0.0
        return self.most * (1 + inside) if self.most else 0.0


NONE = Size(0)
UNBOUNDED = Size(inf)
UNBOUNDED_LIST = Size(inf, UNBOUNDED, holds=True)
_ANYTHING = Size(inf, Size(inf, holds=True), holds=True)
_SIZELESS = frozenset("bool int uint double timestamp duration null null_type type".split())
_LONGEST_NUMBER = 64
"""Characters of a number, a time or the name of something, written out."""
_OCTETS = 4
"""Octets of a character at most, and characters of an octet in quotes or base64."""


class Sizes:
    """The sizes of a policy's signals and definitions; definitions are added in their order."""

    def __init__(self, stages: Stages) -> None:
        self._definitions: dict[str, Size] = {}
        self._shapes = declared_shapes(stages)

    def define(self, name: str, tree: Expression) -> None:
        """Takes in a definition that others may read."""
        self._definitions[name] = self.of(tree, {})

    def of(self, node: Expression, variables: Mapping[str, Size]) -> Size:
        """The size of the expression's value, where these are the sizes of the variables."""
        if node.type in _SIZELESS:
            return NONE
        match node:
            case Constant(value=str() | bytes() as value):
                return Size(len(value))
            case Signal() | Field():
                shape = self._shapes.get(declared_path(node) or "")
                return _ANYTHING if shape is None else size_of(shape)
            case Reference(name=name):
                return self._definitions.get(name, _ANYTHING)
            case Variable(name=name):
                return variables.get(name, _ANYTHING)
            case Parameter():
                return UNBOUNDED
            case ListLiteral(elements=elements):
                inner = [self.of(part, variables) for part in elements]
                return Size(len(elements), _greatest(inner), holds=True)
            case MapLiteral(entries=entries):
                inner = [self.of(part, variables) for _, part in entries]
                return Size(len(entries), _greatest(inner), holds=True)
            case Comprehension(source=source, body=body):
                outer = self.of(source, variables)
                inner = self.of(body, {**variables, **self.bound(node, outer)})
                if node.kind in ("optional_map", "optional_flat_map"):
                    return inner
                return Size(outer.most, inner, holds=True)
            case Bind(variable=variable, value=value, body=body):
                return self.of(body, {**variables, variable: self.of(value, variables)})
            case Call(function=function, arguments=arguments):
                return _of_call(function, [self.of(one, variables) for one in arguments], node)
            case _:
                return _ANYTHING

    def bound(self, node: Comprehension, source: Size) -> dict[str, Size]:
        """The sizes of a macro's variables, by that of what it goes over."""
        inner = source.inner or NONE
        if not node.source.type.startswith(("list(", "map(", "optional(")):
            inner = _ANYTHING
        if node.source.type.startswith("optional("):
            inner = source
        if len(node.variables) == 2:
            return {node.variables[0]: UNBOUNDED, node.variables[1]: inner}
        is_key = node.source.type.startswith("map(")
        return {node.variables[0]: UNBOUNDED if is_key else inner}


def size_of(shape: Shape) -> Size:
    """The size of a signal's value by its declaration."""
    most = inf if shape.maximum_size is None else float(shape.maximum_size)
    match shape.type:
        case "string" | "bytes":
            if shape.enum is not None:
                most = max((len(str(one)) for one in shape.enum), default=0)
            return Size(most)
        case "list" | "map":
            inner = _ANYTHING if shape.of is None else size_of(shape.of)
            return Size(most, inner, holds=True)
        case "dyn":
            return _ANYTHING
        case _:
            return NONE


def _greatest(sizes: list[Size]) -> Size:
    found = NONE
    for one in sizes:
        inner = one.inner if found.inner is None else found.inner
        if found.inner is not None and one.inner is not None:
            inner = _greatest([found.inner, one.inner])
        found = Size(max(found.most, one.most), inner, found.holds or one.holds)
    return found


def _of_call(function: str, sizes: list[Size], node: Call) -> Size:
    names = {one.rpartition("_some")[0] or one for one in function.split("|")}
    first = sizes[0] if sizes else NONE
    most = [one.most for one in sizes]
    if function == "logic.conditional":
        return _greatest(sizes[1:])
    if names & _ADDED:
        return Size(sum(most), _greatest([one.inner or NONE for one in sizes]), first.holds)
    if names & _ELEMENTS:
        return first.inner or _ANYTHING
    if names & {"strings.replace"}:
        old, new = node.arguments[1], sizes[2].most
        shortest = len(old.value) if isinstance(old, Constant) else 0
        count = first.most / shortest if shortest else first.most + 1
        return Size(max(first.most, first.most + count * max(new - shortest, 0)))
    if names & {"strings.split"}:
        return Size(first.most + 1, Size(first.most), holds=True)
    if names & {"strings.join", "strings.join_with"}:
        part = first.inner.most if first.inner is not None else 0.0
        between = sizes[1].most if len(sizes) > 1 else 0.0
        return Size(first.most * (part + between) if first.most else 0.0)
    if names & {"string_format.format"}:
        return UNBOUNDED
    if any(one.startswith(("conversions.", "encoders.", "strings.quote")) for one in names):
        return Size(_OCTETS * max(most, default=0.0) + _LONGEST_NUMBER, first.inner, first.holds)
    greatest = _greatest(sizes)
    holds = node.type.startswith(("list(", "map(", "optional(", "dyn"))
    return Size(max(greatest.most, _LONGEST_NUMBER), greatest.inner or Size(greatest.most), holds)


_ADDED = frozenset(("strings.add", "strings.add_bytes", "lists.add"))
_ELEMENTS = frozenset(("lists.element", "maps.value"))
