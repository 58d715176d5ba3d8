"""An expression compiled to a function of its variables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from demur.backends.python.dispatch import accepts
from demur.backends.python.expressions import Writer
from demur.cel.check import check
from demur.cel.environment import Declared, Environment
from demur.cel.parse import parse
from demur.functions import timestamps
from demur.functions.arithmetic import checked_int, checked_uint
from demur.functions.values import (
    Duration,
    EvaluationError,
    Optional,
    Reason,
    Timestamp,
    TypeValue,
    Uint,
    entries,
    error,
    map_key,
    type_name,
)
from demur.tree import Expression, Variable, walk
from demur.types import Type, parse_signature, parse_type


class Program:
    """A compiled expression: call it with its variables' values.

    `type` is the type of its value, as text; `tree` the typed tree; `source` the Python that runs.
    """

    def __init__(self, text: str, tree: Expression, type: Type, names: Mapping[str, Type]) -> None:
        self.text = text
        self.tree = tree
        self.type = str(type)
        self._types = names
        self._tests = {name: accepts(type) for name, type in names.items()}
        self._run: Any = None
        self._source = ""

    @property
    def source(self) -> str:
        """The Python that runs."""
        self._compiled()
        return self._source

    def _compiled(self) -> Any:
        """The generated function, made when it is first needed: checking alone needs none."""
        run = self._run
        if run is None:
            names = {node.name for node in walk(self.tree) if isinstance(node, Variable)}
            variables = {name: f"read({name.removeprefix('.')!r})" for name in names}
            writer = Writer(optimistic=False, variables=variables)
            self._source = f"lambda read: {writer.write(self.tree)}"
            run = self._run = eval(compile_source(self._source), writer.names)
        return run

    def __call__(self, variables: Mapping[str, Any] | None = None) -> Any:
        """The expression's value with these variables. Raises `EvaluationError` where it has none."""
        run = self._compiled()
        given = variables or {}

        def read(name: str) -> Any:
            if name not in given:
                raise error(f"no such variable: {name}")
            return self._checked(name, given[name])

        try:
            return exported(run(read))
        except RecursionError:
            raise error("the values are nested too deeply") from None

    def _checked(self, name: str, given: Any) -> Any:
        """The variable's value as CEL's. Raises `EvaluationError` where it is not of its type."""
        type = self._types.get(name)
        value = adapted(given, type)
        if type is not None and not self._tests[name](value):
            detail = f"is of type {type_name(value)}, and was declared {type}"
            raise EvaluationError(Reason("wrong_type", name, detail))
        return value

    def __repr__(self) -> str:
        return f"Program({self.text!r}, type={self.type!r})"


def compile(
    expression: str,
    variables: Mapping[str, str] | None = None,
    *,
    container: str = "",
    functions: Mapping[str, tuple[str, ...]] | None = None,
    check_types: bool = True,
    macros: bool = True,
) -> Program:
    """Compiles a CEL expression.

    `variables` are types by name: `{"a": "int", "tags": "list(string)", "anything": "dyn"}`.
    `container` is the namespace in which names are resolved; `functions` declares signatures for
    checking alone. With `check_types=False` types are found out during evaluation, as CEL allows;
    with `macros=False` a macro's name is a function's, of which there may be none.
    Raises `ExpressionError`, which shows the place and the mend.
    """
    names = {name: parse_type(type) for name, type in (variables or {}).items()}
    environment = Environment(
        variables=names if check_types else dict.fromkeys(names, Type("dyn")),
        container=container,
        functions={
            name: tuple(Declared(name, parse_signature(one)) for one in signatures)
            for name, signatures in (functions or {}).items()
        },
        dynamic=not check_types,
        macros=macros,
    )
    tree, type = check(expression, parse(expression), environment)
    return Program(expression, tree, type, names)


def compile_source(source: str) -> Any:
    """Python's code object for generated source."""
    import builtins

    return builtins.compile(source, "<demur>", "eval")


def adapted(value: Any, type: Type | None = None) -> Any:
    """A Python value as CEL's: times, tuples, subclasses, an int where a double or uint is declared.

    Raises `EvaluationError` for a value that CEL has not.
    """
    match value:
        case None | bool() | Timestamp() | Duration() | TypeValue():
            return value
        case Uint():
            return checked_uint(value)
        case int():
            return _adapted_int(value, type)
        case float():
            return float(value)
        case str():
            return str.__str__(value)
        case bytes() | bytearray():
            return bytes(value)
        case list() | tuple():
            inner = _parameter(type, "list", 0)
            return [adapted(element, inner) for element in value]
        case dict():
            keys, inner = _parameter(type, "map", 0), _parameter(type, "map", 1)
            return {
                _adapted_key(key, keys): adapted(element, inner) for key, element in value.items()
            }
        case Optional():
            inner = _parameter(type, "optional", 0)
            return Optional(adapted(value.value, inner), value.present)
        case datetime():
            return timestamps.from_datetime(value)
        case timedelta():
            return timestamps.from_timedelta(value)
        case _ if hasattr(value, "cel_type_name"):
            return value
        case _:
            raise error(f"CEL has no values of Python's type {value.__class__.__name__}")


def _adapted_int(value: int, type: Type | None) -> Any:
    if type is not None and type.name == "double":
        return float(checked_int(int(value)))
    if type is not None and type.name == "uint":
        return checked_uint(int(value))
    return checked_int(int(value))


def _adapted_key(key: Any, type: Type | None) -> Any:
    if isinstance(key, float):
        raise error("a double cannot be a map's key")
    return map_key(adapted(key, type))


def _parameter(type: Type | None, name: str, position: int) -> Type | None:
    """The type's parameter, if it is of this name."""
    return type.parameters[position] if type is not None and type.name == name else None


def exported(value: Any) -> Any:
    """A CEL value as Python's: maps with plain keys."""
    if value.__class__ is list:
        return [exported(element) for element in value]
    if value.__class__ is dict:
        return {key: exported(element) for key, element in entries(value)}
    if value.__class__ is Optional:
        return Optional(exported(value.value), value.present)
    return value


__all__ = ["EvaluationError", "Program", "compile"]
