"""A typed tree as a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from inspect import Parameter as Argument
from inspect import Signature
from typing import Any

import ibis
from ibis.expr import datatypes as dt

from demur.backends.ibis.functions import (
    Column,
    closed,
    filtered,
    is_finite,
    is_full,
    mapped,
    negated,
    support,
)
from demur.functions.values import INT_MAX, INT_MIN, Uint
from demur.policy import ParameterValue, Shape
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    Has,
    ListLiteral,
    Parameter,
    Reference,
    Signal,
    Variable,
)


class Unsupported(Exception):
    """The engine cannot express this exactly; the message says what and why."""


SCALARS: Mapping[str, dt.DataType] = {
    "bool": dt.boolean,
    "int": dt.int64,
    "double": dt.float64,
    "string": dt.string,
}
"""The types whose values are columns of an engine."""


@dataclass(frozen=True)
class Scope:
    """What the names in an expression stand for on an engine.

    `signals` and `present` give a signal's known value, NULL where it is unknown, and whether there
    is anything in its place; `objects` the fields' shapes by their object's type. `has_member` tells
    whether a failure or rule is among the decision's, where that is a column without their list, and
    `came_to` whether the decision's stage is one of these, without its name. `depth` is how many
    macros are around.
    """

    engine: str
    signals: Callable[[str, str], Column]
    present: Callable[[str, str], Column]
    shapes: Mapping[str, Shape]
    objects: Mapping[str, Shape]
    parameters: Mapping[str, ParameterValue]
    definitions: Mapping[str, Column | Unsupported]
    has_member: Callable[[str, str], Column | None] = lambda name, value: None
    came_to: Callable[[Sequence[str]], Column | None] = lambda stages: None
    variables: Mapping[str, Column] = field(default_factory=dict[str, Column])
    depth: int = 0


def lower(node: Expression, scope: Scope) -> Column:
    """The expression as a column, NULL where it is unknown. Raises `Unsupported`."""
    match node:
        case Constant(value=value):
            return constant(value)
        case Parameter(name=name):
            return constant(scope.parameters[name].value)
        case Signal(stage=stage, name=name):
            return scope.signals(stage, name)
        case Reference(name=name):
            return _definition(name, scope)
        case Variable(name=name):
            return scope.variables[name]
        case Field():
            return _field(node, scope)
        case Has(operand=Signal(stage=stage, name=name)):
            return _has(stage, name, scope)
        case Call():
            return _call(node, scope)
        case ListLiteral(elements=elements, optional=()) if elements:
            return _list_of([lower(element, scope) for element in elements])
        case Comprehension():
            return _comprehension(node, scope)
        case Bind(variable=variable, value=value, body=body):
            return lower(body, _with(scope, variable, lower(value, scope)))
        case _:
            raise Unsupported(f"`{type(node).__name__}` of type {node.type} is evaluated in Python")


def _has(stage: str, name: str, scope: Scope) -> Column:
    """Whether the signal is there, unknown of what is malformed or absent though it must not be."""
    there = [(scope.signals(stage, name).notnull(), True)]
    if scope.shapes[f"{stage}.{name}"].optional:
        there.append((negated(scope.present(stage, name)), False))
    return ibis.cases(*there, else_=ibis.null(dt.boolean))


def constant(value: Any) -> Column:
    """A literal. Raises `Unsupported` for a value that engines do not have."""
    if isinstance(value, bool):
        return ibis.literal(value, dt.boolean)
    if isinstance(value, int) and not isinstance(value, Uint) and INT_MIN <= value <= INT_MAX:
        return ibis.literal(int(value), dt.int64)
    if isinstance(value, float):
        return ibis.literal(value, dt.float64)
    if isinstance(value, str) and "\0" not in value and not _has_surrogates(value):
        return ibis.literal(value, dt.string)
    raise Unsupported(f"engines have no such constant ({type(value).__name__})")


def known(value: Column, shape: Shape, engine: str) -> Column:
    """The typed value, NULL where it is not what its shape declares."""
    kind = shape.type
    if kind == "list":
        return _known_list(value, shape, engine)
    if kind == "object":
        return value
    if kind not in SCALARS:
        raise Unsupported(f"a value of type {kind} is read in Python")
    conditions: list[Column] = []
    low, high = shape.minimum, shape.maximum
    if kind == "double":
        conditions.append(is_finite(value, engine))
    if low is not None:
        conditions.append(value >= _bound(low, kind))
    if high is not None:
        conditions.append(value <= _bound(high, kind))
    if shape.enum is not None:
        conditions.append(value.isin([constant(one) for one in shape.enum]))
    if shape.maximum_size is not None:
        conditions.append(value.length() <= shape.maximum_size)
    if not conditions:
        return value
    fine = reduce(lambda left, right: left & right, conditions)
    return ibis.cases((fine, value), else_=ibis.null(SCALARS[kind]))


def _known_list(value: Column, shape: Shape, engine: str) -> Column:
    """The list, NULL where it is too long or an element of plain values is not as declared."""
    inner = shape.of
    if inner is None or inner.type not in (*SCALARS, "object"):
        raise Unsupported("a list of such values is read in Python")
    fine: list[Column] = []
    if shape.maximum_size is not None:
        fine.append(value.length() <= shape.maximum_size)
    elements = value
    if _is_limited(inner):
        elements = mapped(value, lambda element: known(element, inner, engine), engine)
    fine.append(is_full(elements, engine))
    return ibis.cases(
        (reduce(lambda left, right: left & right, fine), value), else_=ibis.null(value.type())
    )


def _is_limited(shape: Shape) -> bool:
    """Whether not every value of a plain type is one that the shape declares."""
    limits = (shape.minimum, shape.maximum, shape.enum, shape.maximum_size)
    return shape.type == "double" or any(one is not None for one in limits)


def _bound(number: float, kind: str) -> Column:
    """A bound as a number of the values' type, so that none is rounded on the way."""
    return ibis.literal(float(number), dt.float64) if kind == "double" else constant(int(number))


def _list_of(elements: list[Column]) -> Column:
    """A list, unknown where an element is."""
    made = ibis.array(elements)
    every = reduce(lambda left, right: left & right, (one.notnull() for one in elements))
    return ibis.cases((every, made), else_=ibis.null(made.type()))


def _definition(name: str, scope: Scope) -> Column:
    found = scope.definitions[name]
    if isinstance(found, Unsupported):
        raise found
    return found


def _field(node: Field, scope: Scope) -> Column:
    """A field of an object, checked against its shape."""
    shape = scope.objects.get(node.operand.type.removeprefix("object(").removesuffix(")"))
    field = None if shape is None else (shape.fields or {}).get(node.name)
    if field is None:
        raise Unsupported("a map's or optional value's field is read in Python")
    return known(lower(node.operand, scope)[node.name], field, scope.engine)


def _call(node: Call, scope: Scope) -> Column:
    if node.function == "logic.conditional":
        condition, then, other = (lower(part, scope) for part in node.arguments)
        return ibis.cases((condition, then), (~condition, other), else_=ibis.null(then.type()))
    if "|" in node.function:
        raise Unsupported("the value's type is known only when it is read")
    if node.function.startswith("lists.contains"):
        match node.arguments:
            case (value, ListLiteral() as among):
                return _is_among(value, among, scope)
            case (Constant(value=str(value)), Signal(stage="decision", name=name)):
                member = scope.has_member(name, value)
                if member is not None:
                    return member
            case _:
                pass
    if node.function.startswith("regular_expressions.") and not isinstance(
        node.arguments[1], Constant
    ):
        raise Unsupported("a pattern that is computed is matched in Python")
    if node.function == "limits.sized" and node.type != "string":
        raise Unsupported("the elements of lists in lists are counted in Python")
    native = support(node.function, scope.engine)
    if isinstance(native, str):
        raise Unsupported(native)
    return native.lower(*(lower(argument, scope) for argument in node.arguments))


def _is_among(value: Expression, among: ListLiteral, scope: Scope) -> Column:
    """Membership in a list of constants."""
    constants = [part for part in among.elements if isinstance(part, Constant)]
    if len(constants) < len(among.elements) or not constants or value.type not in SCALARS:
        raise Unsupported("membership in a computed or empty list is tested in Python")
    if any(part.type != value.type for part in constants):
        raise Unsupported("membership in a list of mixed types is tested in Python")
    if isinstance(value, Signal) and (value.stage, value.name) == ("decision", "stage"):
        found = scope.came_to([part.value for part in constants])
        if found is not None:
            return found
    return closed(lower(value, scope).isin([constant(part.value) for part in constants]))


Each = Callable[..., Column]
"""What is computed of each element, as Ibis takes it: by the name of its argument."""
_FALSE, _OPEN, _TRUE = 0, 1, 2
"""The outcomes of a condition over elements, so that the greatest one decides."""


def _comprehension(node: Comprehension, scope: Scope) -> Column:
    if len(node.variables) != 1 or not node.source.type.startswith("list("):
        raise Unsupported("a macro over a map, or with two variables, runs in Python")
    source = lower(node.source, scope)
    variable = node.variables[0]

    def over(body: Expression, then: Callable[[Column], Column] = lambda value: value) -> Each:
        inner = replace(scope, depth=scope.depth + 1)
        return _each(
            scope.depth, lambda element: then(lower(body, _with(inner, variable, element)))
        )

    if node.kind in ("exists", "all") and node.condition is None:
        decides = node.kind == "exists"
        outcomes = mapped(
            source,
            over(node.body, lambda value: _outcome(value if decides else negated(value))),
            scope.engine,
        )
        held = _decided(source, outcomes)
        return held if decides else negated(held)
    if node.kind == "exists_one" and node.condition is None:
        outcomes = mapped(source, over(node.body), scope.engine)
        one = filtered(outcomes, lambda outcome: outcome, scope.engine).length() == 1
        return _unless_open(outcomes, one, scope)
    if node.kind == "list":
        return _list(node, source, over, scope)
    raise Unsupported(f"the macro `{node.kind}` runs in Python")


def _each(depth: int, body: Callable[[Column], Column]) -> Each:
    """The body as a function whose argument has a name that none of the functions around it has.

    Engines know arguments by name: with the same one, an inner function's would hide an outer's.
    """

    def each(**arguments: Column) -> Column:
        (element,) = arguments.values()
        return body(element)

    only = Argument(f"element_{depth}", Argument.POSITIONAL_OR_KEYWORD)
    each.__signature__ = Signature([only])  # pyright: ignore[reportFunctionMemberAccess]
    return each


def _outcome(holds: Column) -> Column:
    """Computed, in the smallest numbers, rather than told apart by cases: that takes engines longer."""
    # Postgres has no way from a truth value to a small number but by an int.
    return ibis.coalesce(holds.cast(dt.int32).cast(dt.int8) * _small(_TRUE), _small(_OPEN))


def _decided(source: Column, outcomes: Column) -> Column:
    """Whether it holds for an element: by one that decides, else open by one that is, else not."""
    nothing = ibis.cases((source.length() == 0, _small(_FALSE)), else_=ibis.null(dt.int8))
    found: Column = ibis.coalesce(outcomes.maxs(), nothing)
    return found.nullif(_small(_OPEN)) == _small(_TRUE)


def _small(outcome: int) -> Column:
    return ibis.literal(outcome, dt.int8)


def _list(
    node: Comprehension, source: Column, over: Callable[[Expression], Each], scope: Scope
) -> Column:
    """`map` and `filter`: unknown where the condition or the value is for some element."""
    kept = source
    if node.condition is not None:
        condition = over(node.condition)
        kept = filtered(source, condition, scope.engine)
        kept = _unless_open(mapped(source, condition, scope.engine), kept, scope)
    if isinstance(node.body, Variable) and node.body.name == node.variables[0]:
        return kept
    made = mapped(kept, over(node.body), scope.engine)
    return _unless_open(made, made, scope)


def _unless_open(outcomes: Column, value: Column, scope: Scope) -> Column:
    return ibis.cases((is_full(outcomes, scope.engine), value), else_=ibis.null(value.type()))


def _with(scope: Scope, variable: str, column: Column) -> Scope:
    return replace(scope, variables={**scope.variables, variable: column})


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
