"""The functions of the expression language: one record each, found by their folder.

A record says everything there is to know of a function: its overloads with their types, what it
does, examples (which the tests run), and how each back end computes it. A module of this package
holds one family as its table `FUNCTIONS`; adding a function touches that module and its test.

Loading a compiled policy imports only the families that the policy calls, so this package and its
modules import nothing slow at the top. Functions of others come from `extensions`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

ERROR = "error"
"""The expected result of an example that must fail."""


class Overload:
    """One typed form of a function.

    `identifier` is `FAMILY.NAME`, stable, and stands in bundles. `signature` is written
    `size(string) -> int` for a function, `string.contains(string) -> bool` for a method, with
    single capitals for type parameters. `python` computes it from evaluated arguments and raises
    `EvaluationError` where CEL has an error; operators that must not evaluate all their arguments
    have none and are lowered by the back end. `inline` is the same computation as a Python
    expression over `{0}`, `{1}`, …, for operands of exactly the declared types.
    """

    __slots__ = ("identifier", "inline", "python", "signature")

    def __init__(
        self,
        identifier: str,
        signature: str,
        python: Callable[..., Any] | None = None,
        inline: str | None = None,
    ) -> None:
        self.identifier = identifier
        self.signature = signature
        self.python = python
        self.inline = inline


class Function:
    """A function: its CEL name (operators as `_+_`), what it does, its overloads, its examples.

    An example is a pair of CEL expressions that must be equal, or an expression and `ERROR`.
    `scope` says where it may be called: anywhere, or only in `metrics` for an aggregate. Where
    `gathers` is set, a call with three arguments or more is a call with their list. `source` is the
    paper or standard that it follows, `cost` how its time grows; both may be empty.
    """

    __slots__ = ("about", "cost", "examples", "gathers", "name", "overloads", "scope", "source")

    def __init__(
        self,
        name: str,
        about: str,
        *overloads: Overload,
        examples: tuple[tuple[str, str], ...] = (),
        scope: str = "anywhere",
        gathers: bool = False,
        source: str = "",
        cost: str = "",
    ) -> None:
        self.name = name
        self.about = about
        self.overloads = overloads
        self.examples = examples
        self.scope = scope
        self.gathers = gathers
        self.source = source
        self.cost = cost


_loaded: dict[str, dict[str, Overload]] = {}


def find(identifier: str) -> Overload:
    """The overload with this identifier; imports its family only. Raises KeyError where there is none."""
    family, _, _ = identifier.partition(".")
    if family not in _loaded:
        try:
            table = _family(family)
        except KeyError:
            from demur.functions import extensions

            return extensions.overload(identifier)
        _loaded[family] = {
            overload.identifier: overload for function in table for overload in function.overloads
        }
    return _loaded[family][identifier]


def families() -> Mapping[str, tuple[Function, ...]]:
    """Every family's table by the family's name, in alphabetical order."""
    import pkgutil

    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: table for name in names if (table := _family(name))}


def _family(name: str) -> tuple[Function, ...]:
    if not name.isidentifier():
        raise KeyError(name)
    try:
        module = __import__(f"{__name__}.{name}", fromlist=("FUNCTIONS",))
    except ModuleNotFoundError as missing:
        raise KeyError(name) from missing
    return getattr(module, "FUNCTIONS", ())
