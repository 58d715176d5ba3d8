"""Functions that other packages provide: entry points of the group `demur.functions`.

An entry point is named as the function is called, and refers to a `Function`:

    [project.entry-points."demur.functions"]
    toxicity = "acme_checks:TOXICITY"

It is loaded only where a policy calls this name and demur has no function of it. What it does is its
package's own: a policy's digest says nothing of it.
"""

from __future__ import annotations

from demur.functions import Function, Overload
from demur.functions.values import EvaluationError, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint
    from typing import Any

GROUP = "demur.functions"


class ExtensionError(LookupError):
    """A function that no installed package provides, or none that can be used; `help` is what to do."""

    def __init__(self, message: str, help: str) -> None:
        self.message = message
        self.help = help
        super().__init__(message)


_functions: dict[str, Function] = {}
_entry_points: dict[str, list[EntryPoint]] = {}


def is_installed(name: str) -> bool:
    """Whether an installed package provides a function of this name; loads nothing."""
    return name in _installed()


def package(name: str) -> str:
    """The package that provides the function, and its version: `acme-checks 1.2`; empty for none."""
    found = _installed().get(name)
    distribution = found[0].dist if found else None
    return "" if distribution is None else f"{distribution.name} {distribution.version}"


def load(name: str) -> Function:
    """The function that an installed package provides. Raises `ExtensionError`."""
    if name not in _functions:
        found = _installed().get(name, [])
        if not found:
            raise ExtensionError(
                f"No installed package provides the function `{name}`.",
                f"Install the package with the entry point `{name}` of the group `{GROUP}`.",
            )
        if len(found) > 1:
            raise ExtensionError(
                f"Several installed packages provide the function `{name}`.",
                "Which one is meant cannot be told: leave one installed.",
            )
        _functions[name] = _usable(name, _loaded(found[0]))
    return _functions[name]


def overload(identifier: str) -> Overload:
    """The overload `NAME.OVERLOAD` of an installed function. Raises KeyError or `ExtensionError`."""
    name = identifier.rpartition(".")[0]
    if not name:
        raise KeyError(identifier)
    for one in load(name).overloads:
        if one.identifier == identifier:
            return one
    raise KeyError(identifier)


def _installed() -> Mapping[str, list[EntryPoint]]:
    """Every entry point of the group, by its name; asked for once."""
    if not _entry_points:
        from importlib.metadata import entry_points

        _entry_points[""] = []
        for one in entry_points(group=GROUP):
            _entry_points.setdefault(one.name, []).append(one)
    return _entry_points


def _loaded(entry_point: EntryPoint) -> Any:
    try:
        return entry_point.load()
    except Exception as failure:
        raise ExtensionError(
            f"The function `{entry_point.name}` cannot be loaded from `{entry_point.value}` "
            f"({type(failure).__name__}).",
            "Mend or update the package that provides it.",
        ) from None


def _usable(name: str, given: Any) -> Function:
    """The function with overloads that neither raise what is no CEL error nor give another type."""
    from demur.types import parse_signature

    def broken(why: str) -> ExtensionError:
        help = f"Its entry point must name a `Function` called `{name}`, with overloads `{name}.…`."
        return ExtensionError(f"The function `{name}` of another package {why}.", help)

    if not isinstance(given, Function):
        raise broken("is no `Function`")
    if given.name != name or given.scope != "anywhere" or not given.overloads:
        raise broken("has another name or scope, or no overload")
    overloads: list[Overload] = []
    for one in given.overloads:
        python = one.python
        if python is None or one.identifier.rpartition(".")[0] != name:
            raise broken(f"has an overload `{one.identifier}` of another name or without Python")
        try:
            result = str(parse_signature(one.signature).result)
        except ValueError:
            raise broken(f"has a signature that is none: `{one.signature}`") from None
        overloads.append(
            Overload(one.identifier, one.signature, _guarded(name, python, result), None)
        )
    return Function(
        name,
        given.about,
        *overloads,
        examples=given.examples,
        source=given.source,
        cost=given.cost,
    )


_CLASSES: Mapping[str, type] = {
    "bool": bool,
    "int": int,
    "double": float,
    "string": str,
    "bytes": bytes,
    "list": list,
    "map": dict,
}
"""The class that a result of a type has; results of other types are taken as they are."""


def _guarded(name: str, python: Callable[..., Any], result: str) -> Callable[..., Any]:
    outer, _, rest = result.partition("(")
    expected = _CLASSES.get(outer)
    inner = _CLASSES.get(rest.removesuffix(")")) if outer == "list" else None

    def call(*arguments: Any) -> Any:
        try:
            value = python(*arguments)
        except EvaluationError:
            raise
        except Exception as failure:
            raise error(f"{name}() failed ({type(failure).__name__})") from None
        if expected is not None and value.__class__ is not expected:
            raise error(f"{name}() gave no {result}")
        if inner is not None and any(part.__class__ is not inner for part in value):
            raise error(f"{name}() gave no {result}")
        return value

    return call
