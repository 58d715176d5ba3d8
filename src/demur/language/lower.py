"""Typed tree to compiled tree: passes tree → tree, in order.

- constants are folded: what does not depend on a record is computed now;
- a definition that is a constant is put in where it is read;
- a computed double that is compared must be a number: within a policy NaN is unknown;
- what several rules compute alike becomes a definition of its own, computed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from demur.backends.python.expressions import Writer
from demur.functions.values import Duration, EvaluationError, Timestamp, Uint
from demur.language.limiting import Limits
from demur.runtime.encoding import write_expression
from demur.tree import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    ListLiteral,
    Parameter,
    Reference,
    Signal,
    free_variables,
    rebuilt,
    walk,
)

Pass = Callable[[Expression], Expression]


def lowered(tree: Expression, constants: Mapping[str, Expression], limits: Limits) -> Expression:
    """The tree after every pass that needs only itself; `constants` are definitions to put in."""
    for change in (_put_in(constants), _fold, _require_numbers, limits.limited):
        tree = change(tree)
    return tree


def lowered_definition(
    tree: Expression, constants: Mapping[str, Expression], limits: Limits
) -> Expression:
    """As `lowered`, and a double is a number, so that who reads the definition need not ask."""
    return _number(lowered(tree, constants, limits))


def is_constant(node: Expression) -> bool:
    """Whether the expression is a constant, or a list of constants."""
    if isinstance(node, ListLiteral):
        return not node.optional and all(isinstance(part, Constant) for part in node.elements)
    return isinstance(node, Constant)


def _put_in(constants: Mapping[str, Expression]) -> Pass:
    def change(node: Expression) -> Expression:
        if isinstance(node, Reference) and node.name in constants:
            return constants[node.name]
        return rebuilt(node, change)

    return change


_FOLDED: dict[type, str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    Timestamp: "timestamp",
    Duration: "duration",
}
MAXIMUM_FOLDED = 4096
"""Characters or octets of a folded value; a longer one is computed when it is needed."""


def _fold(node: Expression) -> Expression:
    node = rebuilt(node, _fold)
    if (
        not isinstance(node, Call)
        or not node.arguments
        or not all(map(is_constant, node.arguments))
    ):
        return node
    value = _value_of(node)
    type = _FOLDED.get(value.__class__)
    if type is None or type != node.type or _is_unstorable(value):
        return node
    return Constant(value, type, node.span)


def _value_of(node: Expression) -> Any:
    """The value of an expression without variables; None where it has none."""
    if node.type in ("string", "bytes"):
        node = Call("limits.sized", (node, Constant(MAXIMUM_FOLDED, "int")), node.type)
    writer = Writer(optimistic=False)
    try:
        return eval(compile(writer.write(node), "<demur constant>", "eval"), writer.names)
    except (EvaluationError, ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _is_unstorable(value: Any) -> bool:
    if isinstance(value, float):
        return value - value != 0.0
    return isinstance(value, str | bytes) and len(value) > MAXIMUM_FOLDED


def _require_numbers(node: Expression) -> Expression:
    node = rebuilt(node, _require_numbers)
    if not isinstance(node, Call) or not node.function.startswith("comparison."):
        return node
    operands = tuple(map(_number, node.arguments))
    return Call(node.function, operands, node.type, node.span)


def _number(node: Expression) -> Expression:
    """The operand, tested for NaN unless it is read from a record, which is never NaN."""
    if node.type != "double":
        return node
    if _is_number(node):
        return node
    return Call("arithmetic.known", (node,), "double", node.span)


def _is_number(node: Expression) -> bool:
    """Whether the double cannot be NaN: it is read from a record, or its function refuses NaN."""
    if isinstance(node, Call):
        return node.function.startswith(
            ("lists.max", "lists.min", "lists.mean", "arithmetic.known")
        )
    return isinstance(node, Constant | Signal | Field | Parameter | Reference)


def shared(
    definitions: Mapping[str, Expression], trees: Mapping[str, Expression]
) -> tuple[dict[str, Expression], dict[str, Expression]]:
    """The definitions with one more for each computation that stands in several places, and the trees.

    Only what goes over a list or map is worth it; what depends on a variable stays in its place.
    """
    keys: dict[int, str] = {}
    counts: Counter[str] = Counter()
    everything = [*definitions.values(), *trees.values()]
    for tree in everything:
        for node in walk(tree):
            if _is_worth_sharing(node):
                keys[id(node)] = str(write_expression(node))
                counts[keys[id(node)]] += 1
    repeated = {key for key, count in counts.items() if count > 1}
    if not repeated:
        return dict(definitions), dict(trees)
    compiled: dict[str, Expression] = {}
    names: dict[str, str] = {}

    def change(node: Expression) -> Expression:
        key = keys.get(id(node))
        if key not in repeated:
            return rebuilt(node, change)
        if key not in names:
            tree = rebuilt(node, change)
            names[key] = f"@{len(names) + 1}"
            compiled[names[key]] = tree
        return Reference(names[key], node.type, node.span)

    for name, tree in definitions.items():
        key = keys.get(id(tree))
        if key in repeated and key not in names:
            compiled[name] = rebuilt(tree, change)
            names[key] = name
        else:
            compiled[name] = change(tree)
    changed = {name: change(tree) for name, tree in trees.items()}
    return compiled, changed


def _is_worth_sharing(node: Expression) -> bool:
    if not isinstance(node, Bind | Comprehension | Call):
        return False
    goes_over = any(isinstance(part, Comprehension) for part in walk(node))
    return goes_over and not free_variables(node)
