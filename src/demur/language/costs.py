"""What an expression costs at the least and at the most, in steps, by the sizes that signals declare.

An operation is a step, a macro takes those of its body once for each element, and what goes through a
text a step for every hundred characters: as cel-go estimates the cost of a checked expression. A
definition that is read is counted once, as it is computed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from demur.language.limiting import TEXT, is_cheap
from demur.language.sizes import Size, Sizes
from demur.tree import Bind, Call, Comprehension, Expression, children


@dataclass(frozen=True, slots=True)
class Cost:
    """The fewest and the most steps; the most is infinite where a size that counts is not declared."""

    low: float
    high: float


def cost(tree: Expression, sizes: Sizes, variables: Mapping[str, Size] | None = None) -> Cost:
    """The cost of an expression, without that of the definitions that it reads."""
    known: Mapping[str, Size] = {} if variables is None else variables
    match tree:
        case Comprehension(source=source, condition=condition, body=body):
            size = sizes.of(source, known)
            inner = {**known, **sizes.bound(tree, size)}
            parts = [body] if condition is None else [condition, body]
            each = sum(cost(part, sizes, inner).high for part in parts) + 1
            outer = cost(source, sizes, known)
            return Cost(outer.low + 1, outer.high + 1 + size.most * each)
        case Bind(variable=variable, value=value, body=body):
            bound = cost(value, sizes, known)
            found = cost(body, sizes, {**known, variable: sizes.of(value, known)})
            return Cost(found.low, bound.high + found.high)
        case Call(function="logic.conditional", arguments=(condition, *branches)):
            asked = cost(condition, sizes, known)
            found = [cost(branch, sizes, known) for branch in branches]
            low, high = min(one.low for one in found), max(one.high for one in found)
            return Cost(asked.low + low + 1, asked.high + high + 1)
        case Call(function="logic.and" | "logic.or", arguments=operands):
            found = [cost(operand, sizes, known) for operand in operands]
            return Cost(min(one.low for one in found) + 1, sum(one.high for one in found) + 1)
        case Call(function=function) if function.startswith("limits."):
            return cost(tree.arguments[0], sizes, known)
        case _:
            found = [cost(part, sizes, known) for part in children(tree)]
            low, high = sum(one.low for one in found) + 1, sum(one.high for one in found) + 1
            if isinstance(tree, Call) and not all(map(is_cheap, tree.function.split("|"))):
                high += sum(_gone_through(part, sizes, known) for part in tree.arguments)
            return Cost(low, high)


def _gone_through(operand: Expression, sizes: Sizes, variables: Mapping[str, Size]) -> float:
    if operand.type.startswith(("list(", "map(")):
        return sizes.of(operand, variables).most
    if operand.type in ("string", "bytes"):
        return sizes.of(operand, variables).most / TEXT
    return 0.0


def in_whole(most: float) -> int | None:
    """The steps in whole numbers; None where nothing bounds them."""
    return None if most == inf else round(most)
