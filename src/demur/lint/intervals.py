"""What a condition can be, by the types and bounds of what it reads: true, false, or either.

Sound and incomplete: what is said here holds for every record; much that holds is not found.
Unknown signals are left aside: a condition that is false whenever it is known is called false.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from demur.language.checked import CheckedPolicy
from demur.language.guards import declared_path
from demur.policy import Shape, declared_shapes
from demur.tree import (
    Call,
    Constant,
    Expression,
    Field,
    Has,
    ListLiteral,
    Parameter,
    Reference,
    Signal,
)


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`, both included."""

    low: float = -inf
    high: float = inf


ANY = Interval()


class Ranges:
    """What the signals, parameters and definitions of a policy can be."""

    def __init__(self, policy: CheckedPolicy) -> None:
        self._definitions = {name: one.tree for name, one in policy.definitions.items()}
        self._parameters = policy.document.params
        self._truths: dict[str, bool | None] = {}
        self._intervals: dict[str, Interval] = {}
        self._shapes = declared_shapes(policy.surroundings.stages)

    def shape(self, node: Expression) -> Shape | None:
        """The declared shape of a signal or field."""
        path = declared_path(node)
        return None if path is None else self._shapes.get(path)

    def truth(self, node: Expression) -> bool | None:
        """What the condition always is when it is known, or None."""
        match node:
            case Constant(value=bool(value)):
                return value
            case Reference(name=name) if name in self._definitions:
                if name not in self._truths:
                    self._truths[name] = self.truth(self._definitions[name])
                return self._truths[name]
            case Call(function="logic.not", arguments=(inner,)):
                truth = self.truth(inner)
                return None if truth is None else not truth
            case Call(function="logic.and", arguments=arguments):
                return self._settled(arguments, deciding=False)
            case Call(function="logic.or", arguments=arguments):
                return self._settled(arguments, deciding=True)
            case Call(function=function) if function.startswith("lists.contains"):
                return self._membership(node)
            case Call(function=function) if function.startswith("comparison."):
                return self._comparison(node)
            case Has(operand=operand):
                shape = self.shape(operand)
                return True if shape is not None and not shape.optional else None
            case _:
                return None

    def _settled(self, arguments: tuple[Expression, ...], *, deciding: bool) -> bool | None:
        truths = [self.truth(argument) for argument in arguments]
        if deciding in truths:
            return deciding
        return None if None in truths else not deciding

    def _comparison(self, node: Call) -> bool | None:
        left, right = node.arguments
        kind = _KINDS.get(node.function.removeprefix("comparison.").split("_")[0])
        if kind in ("equals", "differs"):
            equal = self._equal(left, right)
            return None if equal is None else equal == (kind == "equals")
        a, b = self.interval(left), self.interval(right)
        strict = "or_equal" not in node.function
        if kind == "greater":
            a, b = b, a
        if a.high < b.low or (not strict and a.high <= b.low):
            return True
        if a.low > b.high or (strict and a.low >= b.high):
            return False
        return None

    def _equal(self, left: Expression, right: Expression) -> bool | None:
        values, others = self.values(left), self.values(right)
        if values is not None and others is not None:
            if len(values) == len(others) == 1:
                return values == others
            return False if not values & others else None
        a, b = self.interval(left), self.interval(right)
        return False if a.high < b.low or a.low > b.high else None

    def _membership(self, node: Call) -> bool | None:
        value, elements = node.arguments
        if isinstance(elements, Reference):
            elements = self._definitions.get(elements.name, elements)
        possible = self.values(value)
        if not isinstance(elements, ListLiteral) or elements.optional:
            return None
        constants = {one.value for one in elements.elements if isinstance(one, Constant)}
        if not elements.elements:
            return False
        if possible is None or not all(isinstance(one, Constant) for one in elements.elements):
            return None
        if possible <= constants:
            return True
        return False if not possible & constants else None

    def values(self, node: Expression) -> frozenset[object] | None:
        """All values that it can have, where they are few."""
        if isinstance(node, Constant):
            return frozenset((node.value,)) if isinstance(node.value, str | int) else None
        shape = self.shape(node)
        if shape is not None and shape.enum is not None:
            return frozenset(shape.enum)
        return None

    def interval(self, node: Expression) -> Interval:
        """The numbers that it can be."""
        match node:
            case Constant(value=bool()):
                return ANY
            case Constant(value=int() | float() as value):
                return Interval(value, value)
            case Parameter(name=name) if name in self._parameters:
                one = self._parameters[name]
                return _between(one.min, one.max)
            case Reference(name=name) if name in self._definitions:
                if name not in self._intervals:
                    self._intervals[name] = self.interval(self._definitions[name])
                return self._intervals[name]
            case Signal() | Field():
                shape = self.shape(node)
                if shape is None or shape.type not in ("int", "uint", "double"):
                    return ANY
                if shape.enum is not None:
                    numbers = [one for one in shape.enum if isinstance(one, int)]
                    return Interval(min(numbers), max(numbers))
                low = 0 if shape.type == "uint" and shape.minimum is None else shape.minimum
                return _between(low, shape.maximum)
            case Call(function=function, arguments=arguments):
                return self._computed(function, arguments)
            case _:
                return ANY

    def _computed(self, function: str, arguments: tuple[Expression, ...]) -> Interval:
        operation = function.partition(".")[2].rpartition("_")[0]
        if function.startswith(("lists.size", "maps.size", "strings.size")):
            shape = self.shape(arguments[0])
            maximum = None if shape is None else shape.maximum_size
            return _between(0, maximum)
        if function.startswith("conversions.double_of"):
            return self.interval(arguments[0])
        if not function.startswith("arithmetic.") or len(arguments) != 2:
            return ANY
        a, b = map(self.interval, arguments)
        if operation == "add":
            return Interval(a.low + b.low, a.high + b.high)
        if operation == "subtract":
            return Interval(a.low - b.high, a.high - b.low)
        return ANY


_KINDS = {
    "equals": "equals",
    "differs": "differs",
    "less": "less",
    "greater": "greater",
}


def _between(low: float | None, high: float | None) -> Interval:
    return Interval(-inf if low is None else low, inf if high is None else high)
