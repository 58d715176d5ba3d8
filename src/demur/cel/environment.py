"""What an expression may name: variables, object types, functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache, cached_property

from demur.functions import Function, extensions, families
from demur.tree import Expression, Variable
from demur.types import Signature, Type, parse_signature

MakeNode = Callable[[str, Type, tuple[int, int]], Expression]


def _variable(name: str, type: Type, span: tuple[int, int]) -> Expression:
    return Variable(name, str(type), span)


@dataclass(frozen=True, slots=True)
class Declared:
    """One overload of a function as the checker sees it."""

    identifier: str
    signature: Signature
    scope: str = "anywhere"
    gathers: bool = False


@dataclass(frozen=True)
class Environment:
    """The surroundings of an expression.

    `variables` are types by name, dotted names included; `make` turns a resolved name into a node.
    `objects` are the fields of the object types by the type's name. `scopes` says which functions
    may be called; `functions` are declared besides the library's. `wrong` are the variables whose own
    declaration is wrong, so that nothing can be said of what reads one. In a `dynamic` environment
    nothing is checked before evaluation, as CEL allows. Without `macros` their names are those of
    functions.
    """

    variables: Mapping[str, Type] = field(default_factory=dict[str, Type])
    make: MakeNode = _variable
    objects: Mapping[str, Mapping[str, Type]] = field(default_factory=dict[str, Mapping[str, Type]])
    scopes: frozenset[str] = frozenset(("anywhere",))
    functions: Mapping[str, tuple[Declared, ...]] = field(
        default_factory=dict[str, tuple[Declared, ...]]
    )
    wrong: Set[str] = frozenset()
    container: str = ""
    dynamic: bool = False
    macros: bool = True

    @cached_property
    def beginnings(self) -> Mapping[str, str]:
        """How the dotted names of variables begin, each with the rest of the first that does."""
        found: dict[str, str] = {}
        for name in self.variables:
            beginning, dot, rest = name.partition(".")
            if dot:
                found.setdefault(beginning, rest)
        return found

    def overloads(self, name: str) -> tuple[Declared, ...]:
        """Every overload of this function, in the order in which they are tried."""
        return library().get(name, ()) + self.functions.get(name, ()) or provided(name)

    def qualify(self, name: str, *, absolute: bool) -> tuple[str, ...]:
        """The full names that `name` may mean, innermost namespace first (cel-spec, "Name Resolution")."""
        if absolute or not self.container:
            return (name,)
        parts = self.container.split(".")
        spaces = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        return (*(f"{space}.{name}" for space in spaces), name)


@cache
def library() -> Mapping[str, tuple[Declared, ...]]:
    """The overloads of every function of the library by its CEL name."""
    found: dict[str, tuple[Declared, ...]] = {}
    for table in families().values():
        for function in table:
            found[function.name] = found.get(function.name, ()) + _declared(function)
    return found


@cache
def provided(name: str) -> tuple[Declared, ...]:
    """The overloads of a function that another installed package provides; none where it is broken."""
    try:
        return _declared(extensions.load(name))
    except extensions.ExtensionError:
        return ()


def _declared(function: Function) -> tuple[Declared, ...]:
    return tuple(
        Declared(
            overload.identifier,
            parse_signature(overload.signature),
            function.scope,
            function.gathers,
        )
        for overload in function.overloads
    )
