"""Typed tree to typed tree: the limits on the size of values and on the cost of macros are put in.

- What may be larger than its operands is `@sized`: a value over the limit is unknown.
- What a macro goes over within another macro is `@affordable`: where the sizes of both, multiplied, are
  over the limit, it is unknown. So are the operands of functions that go through them.
- Of what is part of an outer macro's element there is no more than the record holds, so that the outer
  macro does not count.

Where declared sizes show that a limit is kept nothing is put in, so that ordinary policies pay nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from math import prod

from demur.functions import families
from demur.functions.limits import EXPECTED
from demur.language.sizes import Size, Sizes, Stages
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    ListLiteral,
    MapLiteral,
    Reference,
    Signal,
    Variable,
    free_variables,
    rebuilt,
)

VALUE = 1_000_000
"""The most characters, octets or elements of a computed value, where a policy sets no other limit."""
STEPS = 1_000_000
"""The most steps of macros within each other, where a policy sets no other limit."""
TEXT = 100
"""Characters or octets that are gone through in one step."""
_GROWING = frozenset(
    (*EXPECTED, "strings.quote", "conversions.bytes_of_string", "encoders.base64_encode")
)
_CHEAP = frozenset(
    "arithmetic comparison conversions limits logic math optionals stages timestamps".split()
)
"""Families whose functions do not go through long operands, or only as fast as they are copied."""
_CHEAP_ALONE = ("lists.size", "lists.element", "maps.", "strings.size", "strings.starts_with",
                "strings.ends_with", "strings.char_at")  # fmt: skip
_ITERATIONS = frozenset(("all", "exists", "exists_one", "list", "map", "map_entry"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A limit that was put in: where, and what it may come to, infinite where no size is declared."""

    node: Expression
    most: float
    limit: int
    is_size: bool
    depth: int = 0
    """How many macros are around that count."""


@dataclass(slots=True)
class _Loop:
    """A macro around: what it goes over, and which macros further out that is part of an element of."""

    source: Expression
    most: float
    number: int
    known: frozenset[str]
    """The variables that are known outside of it."""
    kept: list[tuple[str, Expression]] = field(default_factory=list[tuple[str, Expression]])
    """What is the same for each element, and is computed outside of it."""
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is around an expression: the sizes of variables, what they are part of, and the macros."""

    sizes: Mapping[str, Size] = field(default_factory=dict[str, Size])
    parts_of: Mapping[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])
    loops: tuple[_Loop, ...] = ()


class Limits:
    """Puts a policy's limits into its expressions."""

    def __init__(self, stages: Stages, value: int = VALUE, steps: int = STEPS) -> None:
        self.value = value
        self.steps = steps
        self._sizes = Sizes(stages)
        self._held: set[str] = set()
        self.asked: list[Asked] = []
        """The limits that were put in so far."""
        self._known = frozenset(families())

    def limited(self, tree: Expression) -> Expression:
        """The expression with limits where they may be needed."""
        return self._change(tree, _Scope())

    def define(self, name: str, tree: Expression) -> None:
        """Takes in a definition that others may read."""
        self._sizes.define(name, tree)
        if self._is_held(tree, _Scope()):
            self._held.add(name)

    def _change(self, node: Expression, scope: _Scope) -> Expression:
        match node:
            case Comprehension():
                return self._comprehension(node, scope)
            case Bind(variable=variable, value=value, body=body):
                size = self._sizes.of(value, scope.sizes)
                inner = replace(
                    scope,
                    sizes={**scope.sizes, variable: size},
                    parts_of={**scope.parts_of, variable: _part_of(value, scope)},
                )
                changed = self._change(value, scope), self._change(body, inner)
                return Bind(variable, *changed, node.type, node.span)
            case Call():
                changed = rebuilt(node, lambda part: self._change(part, scope))
                return self._call(node, changed, scope)
            case ListLiteral() | MapLiteral():
                changed = rebuilt(node, lambda part: self._change(part, scope))
                return self._sized(node, changed, scope)
            case _:
                return rebuilt(node, lambda part: self._change(part, scope))

    def _comprehension(self, node: Comprehension, scope: _Scope) -> Expression:
        size = self._sizes.of(node.source, scope.sizes)
        part_of = _part_of(node.source, scope)
        source = self._change(node.source, scope)
        goes_over = node.kind in _ITERATIONS
        if goes_over:
            source = self._affordable(node.source, source, size.most, self.steps, scope)
        number = len(scope.loops) + 1
        name = f"@over{number}"
        is_plain = isinstance(source, Signal | Reference | Variable)
        loop = _Loop(
            source if is_plain else Variable(name, source.type, source.span),
            size.most,
            number,
            frozenset((*scope.parts_of, name)),
        )
        within = part_of
        if goes_over:
            within = part_of | {number} if self._is_held(node.source, scope) else frozenset[int]()
        inner = _Scope(
            {**scope.sizes, **self._sizes.bound(node, size)},
            {**scope.parts_of, **dict.fromkeys(node.variables, within)},
            (*scope.loops, loop) if goes_over else scope.loops,
        )
        condition = None if node.condition is None else self._change(node.condition, inner)
        body = self._change(node.body, inner)
        bound = loop.is_asked and not is_plain
        made: Expression = Comprehension(
            node.kind,
            loop.source if bound else source,
            node.variables,
            condition,
            body,
            node.type,
            node.span,
        )
        for kept, value in reversed(loop.kept):
            made = Bind(kept, value, made, node.type, node.span)
        if bound:
            made = Bind(name, source, made, node.type, node.span)
        return self._sized(node, made, scope) if goes_over else made

    def _call(self, node: Call, changed: Expression, scope: _Scope) -> Expression:
        assert isinstance(changed, Call)
        names = node.function.split("|")
        grows = any(map(self._grows, names))
        if scope.loops and (grows or not all(map(is_cheap, names))):
            arguments = [
                self._operand(part, made, grows, scope)
                for part, made in zip(node.arguments, changed.arguments, strict=True)
            ]
            changed = Call(node.function, tuple(arguments), node.type, node.span)
        return self._sized(node, changed, scope) if grows else changed

    def _grows(self, identifier: str) -> bool:
        return identifier in _GROWING or identifier.partition(".")[0] not in self._known

    def _operand(
        self, node: Expression, changed: Expression, grows: bool, scope: _Scope
    ) -> Expression:
        size = self._sizes.of(node, scope.sizes)
        if node.type in ("string", "bytes"):
            # What is built is kept, so that it counts in full.
            weight = 1 if grows else TEXT
            return self._affordable(node, changed, size.most, self.steps * weight, scope)
        if node.type.startswith(("list(", "map(")):
            return self._affordable(node, changed, size.most, self.steps, scope)
        return changed

    def _affordable(
        self, node: Expression, changed: Expression, most: float, limit: int, scope: _Scope
    ) -> Expression:
        """The operand, which is gone through once for each element of the macros around."""
        if _is_short(node):
            return changed
        part_of = _part_of(node, scope)
        around = [loop for loop in scope.loops if loop.number not in part_of]
        steps = most * prod(loop.most for loop in around) if around else 0.0
        if steps <= limit:
            return changed
        self.asked.append(Asked(node, steps * self.steps / limit, self.steps, False, len(around)))
        times: list[Expression] = []
        for loop in around:
            loop.is_asked = True
            times.append(Call(_size_function(loop.source.type), (loop.source,), "int", node.span))
        product = reduce(
            lambda a, b: Call("arithmetic.multiply_int", (a, b), "int", node.span), times
        )
        arguments = (changed, Constant(limit, "int", node.span), product)
        made = Call("limits.affordable", arguments, node.type, node.span)
        own = {name for name in free_variables(made) if name in scope.parts_of or name[0] == "@"}
        outside = next((loop for loop in scope.loops if own <= loop.known), None)
        if outside is None:
            return made
        # What is the same for each element is asked once; it is unknown only where it is read.
        kept = f"@kept{outside.number}_{len(outside.kept)}"
        outside.kept.append((kept, made))
        return Variable(kept, node.type, node.span)

    def _is_held(self, node: Expression, scope: _Scope) -> bool:
        """Whether the value is a part of the record, which holds each of its parts once."""
        match node:
            case Signal():
                return True
            case Reference(name=name):
                return name in self._held
            case Variable(name=name):
                return bool(scope.parts_of.get(name))
            case Field(operand=operand):
                return self._is_held(operand, scope)
            case Comprehension(
                kind="list", source=source, body=Variable(name=name), variables=(one,)
            ):
                return name == one and self._is_held(source, scope)
            case Call(function=function, arguments=(first, *_)) if function.startswith(_KEEPING):
                return self._is_held(first, scope)
            case _:
                return False

    def _sized(self, node: Expression, changed: Expression, scope: _Scope) -> Expression:
        """The value, which is no larger than the limit."""
        size = self._sizes.of(node, scope.sizes)
        is_nested = size.inner is not None and size.inner.holds
        # A flat list has no more elements than are written, or than what it is made from.
        if size.total <= self.value or not (is_nested or isinstance(node, Call)):
            return changed
        self.asked.append(Asked(node, size.total, self.value, True))
        limit = Constant(self.value, "int", node.span)
        if isinstance(changed, Call) and changed.function == "limits.sized":
            return changed
        return Call("limits.sized", (_without_inner(node, changed), limit), node.type, node.span)


def _without_inner(node: Expression, changed: Expression) -> Expression:
    """`a + b + c` is asked once: where the whole is within the limit, each part is."""
    if not isinstance(node, Call) or node.function not in _CHAINED:
        return changed
    assert isinstance(changed, Call)
    parts = [
        part.arguments[0]
        if isinstance(part, Call)
        and part.function == "limits.sized"
        and isinstance(part.arguments[0], Call)
        and part.arguments[0].function == node.function
        else part
        for part in changed.arguments
    ]
    return Call(changed.function, tuple(parts), changed.type, changed.span)


_CHAINED = frozenset(("strings.add",))


def is_cheap(identifier: str) -> bool:
    """Whether the function does not go through long operands, but for copying or comparing them."""
    return identifier.partition(".")[0] in _CHEAP or identifier.startswith(_CHEAP_ALONE)


def _is_short(node: Expression) -> bool:
    """Whether it is written out and so no longer than the policy: a pattern, a list of constants."""
    if isinstance(node, ListLiteral):
        return all(isinstance(part, Constant) for part in node.elements)
    return isinstance(node, Constant)


def _size_function(type: str) -> str:
    if type.startswith("list("):
        return "lists.size"
    return "maps.size" if type.startswith("map(") else "lists.size|maps.size"


def _part_of(node: Expression, scope: _Scope) -> frozenset[int]:
    """The macros around of whose element the value is a part, and no more than that."""
    match node:
        case Variable(name=name):
            return scope.parts_of.get(name, frozenset())
        case Field(operand=operand):
            return _part_of(operand, scope)
        case Comprehension(kind="list", source=source, body=Variable(name=name), variables=(one,)):
            return _part_of(source, scope) if name == one else frozenset()
        case Call(function=function, arguments=(first, *_)) if function.startswith(_KEEPING):
            return _part_of(first, scope)
        case Call(function="limits.affordable" | "limits.sized", arguments=(first, *_)):
            return _part_of(first, scope)
        case _:
            return frozenset()


_KEEPING = (
    "strings.split", "strings.trim", "strings.lower", "strings.upper", "strings.substring",
    "strings.reverse", "lists.element", "maps.value", "optionals.value", "optionals.select",
    "optionals.element", "optionals.index",
)  # fmt: skip
"""Functions whose value is a part of their first operand, or as large."""
