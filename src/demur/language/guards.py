"""Whether each optional signal is read only where it is known to be there.

A read is guarded where the expression's value does not depend on it unless `has()` of it is true:
beside `has(x) &&`, beside `!has(x) ||`, or in the right branch of a conditional. The order of the
operands does not matter, as it does not to CEL.
"""

from __future__ import annotations

from demur.tree import Call, Comprehension, Expression, Field, Has, Signal, Variable, children

Facts = frozenset[str]
Unguarded = list[tuple[str, tuple[int, int]]]


def path_of(node: Expression) -> str | None:
    """The dotted path of a signal or of a field within one, or None for anything else."""
    match node:
        case Signal(stage=stage, name=name):
            return f"{stage}.{name}"
        case Variable(name=name):
            return name
        case Field(operand=operand, name=name):
            holder = path_of(operand)
            return None if holder is None else f"{holder}.{name}"
        case _:
            return None


def declared_path(node: Expression) -> str | None:
    """The path by which a signal or field is declared; through a list, `request.documents[].score`."""
    match node:
        case Signal(stage=stage, name=name):
            return f"{stage}.{name}"
        case Field(operand=operand, name=name) if operand.type.startswith("object("):
            return f"{operand.type[7:-1]}.{name}"
        case _:
            return None


def unguarded(tree: Expression, optional: Facts) -> Unguarded:
    """Each read of something optional without a guard: its path as written, and where."""
    found: Unguarded = []
    if optional:
        _visit(tree, optional, frozenset(), found)
    return found


def _visit(node: Expression, optional: Facts, known: Facts, found: Unguarded) -> None:
    match node:
        case Has(operand=operand):
            for child in children(operand):
                _visit(child, optional, known, found)
            return
        case Signal() | Field():
            path = path_of(node)
            if declared_path(node) in optional and path not in known:
                found.append((path or node.name, node.span))
        case Call(function="logic.and" | "logic.or" as function, arguments=arguments):
            facts = _when_true if function == "logic.and" else _when_false
            for at, argument in enumerate(arguments):
                others = (facts(one) for other, one in enumerate(arguments) if other != at)
                _visit(argument, optional, known.union(*others), found)
            return
        case Call(function="logic.conditional", arguments=(condition, then, otherwise)):
            _visit(condition, optional, known, found)
            _visit(then, optional, known | _when_true(condition), found)
            _visit(otherwise, optional, known | _when_false(condition), found)
            return
        case Comprehension(source=source, condition=condition, body=body):
            _visit(source, optional, known, found)
            if condition is not None:
                _visit(condition, optional, known, found)
                known = known | _when_true(condition)
            _visit(body, optional, known, found)
            return
        case _:
            pass
    for child in children(node):
        _visit(child, optional, known, found)


def _when_true(node: Expression) -> Facts:
    """What is there if the condition is true."""
    match node:
        case Has(operand=operand):
            path = path_of(operand)
            return frozenset() if path is None else frozenset((path,))
        case Call(function="logic.not", arguments=(inner,)):
            return _when_false(inner)
        case Call(function="logic.and", arguments=arguments):
            return frozenset[str]().union(*map(_when_true, arguments))
        case Call(function="logic.or", arguments=arguments):
            return frozenset.intersection(*map(_when_true, arguments))
        case _:
            return frozenset()


def _when_false(node: Expression) -> Facts:
    """What is there if the condition is false."""
    match node:
        case Call(function="logic.not", arguments=(inner,)):
            return _when_true(inner)
        case Call(function="logic.or", arguments=arguments):
            return frozenset[str]().union(*map(_when_false, arguments))
        case Call(function="logic.and", arguments=arguments):
            return frozenset.intersection(*map(_when_false, arguments))
        case _:
            return frozenset()
