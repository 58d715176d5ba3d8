"""Names: what `a`, `a.b` and `a.b.f()` stand for (cel-spec, "Name Resolution")."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from demur.cel import syntax
from demur.cel.environment import library
from demur.suggestions import MOST_COMPARED, did_you_mean, listed
from demur.tree import Constant, Expression, Variable
from demur.types import DYN, TYPE

if TYPE_CHECKING:
    from demur.cel.check import Checker

TYPE_NAMES = frozenset(
    "int uint double bool string bytes list map null_type type optional_type "
    "google.protobuf.Timestamp google.protobuf.Duration net.IP net.CIDR".split()
)
"""The names that denote types as values."""

_OTHER_LANGUAGES = {
    "True": "true",
    "False": "false",
    "None": "null",
    "TRUE": "true",
    "FALSE": "false",
    "NULL": "null",
    "nil": "null",
    "undefined": "null",
    "nan": "0.0 / 0.0",
    "NaN": "0.0 / 0.0",
    "inf": "1.0 / 0.0",
    "Infinity": "1.0 / 0.0",
}
"""Constants that people write from habit, in CEL."""
_MOST_QUALIFIED = 3
"""Names that end in what was written, and that an advice tells apart."""
CLOCKS = frozenset("now today utcnow current_time time".split())
"""What other languages call the time of day."""
NO_CLOCK = "A decision reads no clock, so that it can be replayed: bring the time as a signal."


def segments(node: syntax.Node) -> tuple[str, ...] | None:
    """The names of `a.b.c`, or None for anything else."""
    found: list[str] = []
    while isinstance(node, syntax.Select) and not node.optional:
        found.append(node.field)
        node = node.operand
    if not isinstance(node, syntax.Identifier):
        return None
    return (node.name, *reversed(found))


def _is_absolute(node: syntax.Node) -> bool:
    while isinstance(node, syntax.Select):
        node = node.operand
    return isinstance(node, syntax.Identifier) and node.absolute


def resolve(checker: Checker, node: syntax.Node) -> Expression | None:
    """The local variable, or the longest declared name, that `a.b.c` begins with, and its fields."""
    parts = segments(node)
    if parts is None:
        return None
    absolute = _is_absolute(node)
    local = None if absolute else checker.local(parts[0])
    if local is not None:
        variable = Variable(parts[0], "", (node.span[0], node.span[0] + len(parts[0])))
        return _fields(checker, checker.typed(variable, local), parts[1:], node)
    environment = checker.environment
    for length in range(len(parts), 0, -1):
        for full in environment.qualify(".".join(parts[:length]), absolute=absolute):
            type = environment.variables.get(full)
            if type is not None:
                span = node.span if length == len(parts) else (node.span[0], node.span[0])
                name = full if checker.local(full) is None else f".{full}"
                base = checker.typed(environment.make(name, type, span), type)
                return _fields(checker, base, parts[length:], node)
    return None


def _fields(
    checker: Checker, base: Expression, fields: tuple[str, ...], node: syntax.Node
) -> Expression:
    for field in fields:
        base = checker.field(base, field, node.span)
    return base


def unresolved(checker: Checker, node: syntax.Identifier | syntax.Select) -> Expression:
    """What no declared name begins: a type's name, or a problem."""
    name = ".".join(segments(node) or ())
    if name in TYPE_NAMES:
        return checker.typed(Constant(name, "type", node.span), TYPE)
    if checker.environment.dynamic:
        return checker.typed(Variable(name, "dyn", node.span), DYN)
    checker.report("DM304", f"There is no `{name}`.", node.span, _advice(checker, name))
    return checker.failed(node.span)


def _advice(checker: Checker, name: str) -> str | None:
    if name in _OTHER_LANGUAGES:
        ours = _OTHER_LANGUAGES[name]
        absent = "; `has(…)` asks whether a signal is there" if ours == "null" else ""
        return f"CEL writes `{ours}`{absent}."
    known = [*islice(checker.environment.variables, MOST_COMPARED), *checker.locals()]
    qualified = [f"`{full}`" for full in known if full.endswith(f".{name}")]
    if 1 <= len(qualified) <= _MOST_QUALIFIED:
        return f"Write {' or '.join(qualified)}."
    if name in CLOCKS:
        return NO_CLOCK
    stage, dot, _ = name.partition(".")
    parts = [full.removeprefix(f"{stage}.") for full in known if full.startswith(f"{stage}.")]
    if parts and not dot:
        return f"Read a part of it: `{stage}.{parts[0]}`."
    beginnings = list(dict.fromkeys(full.partition(".")[0] for full in known))
    guess = did_you_mean(name, known if dot else [*known, *beginnings])
    return guess or (
        listed(parts, f"names in `{stage}`") if parts else listed(beginnings, "names here")
    )


def is_namespaced(checker: Checker, node: syntax.Select) -> bool:
    """Whether `a.b` is one name: a type's, or one that begins as declared names do."""
    parts = segments(node)
    if parts is None:
        return False
    if ".".join(parts) in TYPE_NAMES:
        return True
    environment = checker.environment
    return parts[0] in environment.beginnings and not environment.dynamic


def namespaced_function(checker: Checker, node: syntax.Call) -> str | None:
    """The name of the function that `a.b.f()` calls, or None where `f` is a method.

    Of a namespace that functions have and of no variable, it is a function's also where there is
    none of this name.
    """
    assert node.target is not None
    parts = segments(node.target)
    if parts is None or checker.local(parts[0]) is not None:
        return None
    environment = checker.environment
    name = ".".join((*parts, node.function))
    absolute = _is_absolute(node.target)
    if any(
        not declared.signature.method
        for full in environment.qualify(name, absolute=absolute)
        for declared in environment.overloads(full)
    ):
        return name
    namespace = f"{'.'.join(parts)}."
    unknown = not environment.dynamic and resolve(checker, node.target) is None
    return name if unknown and any(one.startswith(namespace) for one in library()) else None
